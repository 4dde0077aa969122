"""What a feeling does to a voice: from a point in valence-arousal-dominance to moves of prosody.

A linear map carries what arousal, valence and dominance do to every voice. It cannot part anger from joy or
fear from surprise, which lie close in arousal, so seven labels have moves of their own, and the difference
to the linear map is spread around each by inverse-distance weights. Nothing here knows tensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from functools import lru_cache

from pipeline.direction import LABEL_POINTS, Emotion

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Moves:
    """How far a voice moves from its own way of speaking; all zero changes nothing.

    Every field can be scaled: half of each is half the feeling. Factors are natural logarithms.

    Attributes:
        rate: logarithm of the factor on speed.
        f0_level: semitones up.
        f0_range: logarithm of the factor on the distance to the line's median F0.
        f0_slope: semitones that the melody of a phrase rises from its start to its end.
        f0_final: semitones that a phrase's last voiced stretch rises at its very end.
        pause: logarithm of the factor on pauses.
        stress: logarithm of the factor on the length of stressed vowels.
        ending: logarithm of the factor on the length of a sentence's last syllable.
        tremor: semitones of a tremble of the melody, 0 or more.
        gain: decibels.
        tension: of the voice, -1 soft to 1 pressed.
    """

    rate: float = 0.0
    f0_level: float = 0.0
    f0_range: float = 0.0
    f0_slope: float = 0.0
    f0_final: float = 0.0
    pause: float = 0.0
    stress: float = 0.0
    ending: float = 0.0
    tremor: float = 0.0
    gain: float = 0.0
    tension: float = 0.0


STILL = Moves()
NAMES = tuple(field.name for field in fields(Moves))

# What one unit of valence, arousal, dominance moves. Directions: Juslin & Laukka 2003, "Communication of
# emotions in vocal expression and music performance", Psychological Bulletin 129; Banse & Scherer 1996,
# "Acoustic profiles in vocal emotion expression". Sizes: ours, measured in docs/kokoro-emotions.md.
LINEAR: Mapping[str, Point] = {
    "rate": (0.04, 0.20, 0.0),
    "f0_level": (1.5, 4.0, -1.0),
    "f0_range": (0.15, 0.50, 0.35),
    "f0_slope": (0.8, 1.5, -1.0),
    "f0_final": (1.5, 0.5, -0.5),
    "pause": (-0.15, -0.35, 0.0),
    "ending": (0.05, -0.12, 0.0),
    "gain": (0.3, 3.0, 2.5),
    "tension": (0.2, 0.8, 0.5),
}

# What a label moves at full intensity, where the linear map would say the same for two that are not alike.
# Anger: fast, loud, wide, pressed, its ends fall. Joy: high, wide, rising. Fear: fast and high like
# surprise, but narrow, soft and trembling. Surprise: the widest, with a strong rise at the end; final
# syllables are where it is heard. Disgust: the literature agrees least on it.
# Source: the two papers above; Rigoulot, Wassiliwizky & Pell 2013, "Feeling backwards?", for final syllables.
ANCHORS: Mapping[str, Moves] = {
    "happy": Moves(0.08, 3.2, 0.52, 1.9, 2.8, -0.20, 0.04, 0.05, 0.0, 1.5, 0.4),
    "sad": Moves(-0.18, -2.4, -0.69, -2.6, -1.5, 0.35, 0.05, 0.15, 0.0, -3.0, -1.0),
    "angry": Moves(0.12, 1.4, 0.40, -1.0, -3.0, -0.30, 0.10, -0.10, 0.0, 3.0, 1.0),
    "afraid": Moves(0.16, 2.8, -0.45, 1.2, 1.5, -0.15, -0.05, -0.10, 0.35, -1.5, -0.4),
    "disgusted": Moves(-0.10, -1.2, -0.25, -2.2, -2.0, 0.15, 0.15, 0.10, 0.0, -0.5, 0.3),
    "surprised": Moves(0.08, 3.6, 0.58, 1.0, 7.0, 0.0, 0.05, 0.15, 0.0, 1.0, 0.2),
    "tender": Moves(-0.13, -1.4, -0.47, -1.6, -1.0, 0.15, 0.04, 0.08, 0.0, -2.5, -0.8),
}
# The angle (radians) at which a label's own moves count as much as the linear map. Disgust lies 20 degrees
# from anger and is weak: beyond its near neighborhood, anger has the say.
REACH_RADIANS = 0.35
REACHES = {"disgusted": 0.10}
# Nearer than this is the label itself, where its weight would be infinite.
SAME_RADIANS = 1e-9


def moves_of(felt: Emotion) -> Moves:
    """What the point moves: the linear map, and near a label of `ANCHORS` what that label adds.

    Along a line from neutral outward every move grows in proportion, so that intensity is continuous and
    never turns back; at a label's own point it is the label's own, whatever the others are.

    Source: Shepard 1968, "A two-dimensional interpolation function for irregularly-spaced data", with
    angles for distances and the linear map as background of weight 1.
    """
    point = (felt.valence, felt.arousal, felt.dominance)
    size = math.hypot(*point)
    if size == 0:
        return STILL
    angles = {label: _angle(point, LABEL_POINTS[label]) for label in ANCHORS}
    sizes = {label: size / math.hypot(*LABEL_POINTS[label]) for label in ANCHORS}
    nearest = min(angles, key=lambda label: angles[label])
    if angles[nearest] < SAME_RADIANS:
        return Moves(*(sizes[nearest] * value for value in astuple(ANCHORS[nearest])))
    weights = {label: (REACHES.get(label, REACH_RADIANS) / angle) ** 2 for label, angle in angles.items()}
    total = 1 + sum(weights.values())
    own = _residuals()
    values = list(_linear(point))
    for label, weight in weights.items():
        share = weight / total * sizes[label]
        values = [value + share * extra for value, extra in zip(values, own[label], strict=True)]
    return Moves(*values)


def kindred(felt: Emotion) -> str | None:
    """The label of `ANCHORS` whose direction from neutral is nearest; None for neutral itself."""
    point = (felt.valence, felt.arousal, felt.dominance)
    if not any(point):
        return None
    return min(ANCHORS, key=lambda label: _angle(point, LABEL_POINTS[label]))


def _angle(one: Point, other: Point) -> float:
    """Radians between two directions from neutral; by the chord, which is exact for small angles."""
    here, there = (tuple(value / math.hypot(*point) for value in point) for point in (one, other))
    return 2 * math.asin(min(1.0, math.dist(here, there) / 2))


@lru_cache(maxsize=1)
def _residuals() -> Mapping[str, tuple[float, ...]]:
    """What each label adds to the linear map at its own point, in the order of `NAMES`."""
    return {
        label: tuple(
            value - line for value, line in zip(astuple(moves), _linear(LABEL_POINTS[label]), strict=True)
        )
        for label, moves in ANCHORS.items()
    }


def _linear(point: Point) -> tuple[float, ...]:
    return tuple(
        sum(coordinate * weight for coordinate, weight in zip(point, LINEAR[name], strict=True))
        if name in LINEAR
        else 0.0
        for name in NAMES
    )
