"""From a direction to what EmotiVoice is told: style prompts, and moves of its rate, pitch and energy.

The model was trained with style prompts, but its users hear little of them; rate, pitch and energy are
numbers inside it that always act. So both are used. Pure: nothing here knows tensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.direction import BASE_POINTS, Direction, Emotion, Realisation

NEUTRAL_PROMPT = "普通"
# The words that the style encoder was trained to tell apart, one for each base label.
# Source: netease-youdao/EmotiVoice:data/youdao/text/emotion.
PROMPTS: Mapping[str, str] = {
    "happy": "开心",
    "sad": "悲伤",
    "angry": "生气",
    "afraid": "恐惧",
    "disgusted": "厌恶",
    "surprised": "惊讶",
}
# What one unit of valence, arousal, dominance moves. Directions: Juslin & Laukka 2003, "Communication of
# emotions in vocal expression and music performance", Psychological Bulletin 129, table 7; Banse & Scherer
# 1996, "Acoustic profiles in vocal emotion expression". Sizes: ours, about half of what a voice without a
# style prompt gets from our other engines.
LOG_RATE = (0.03, 0.14, 0.0)
SEMITONES = (0.8, 2.2, -0.8)
ENERGY_DB = (0.3, 2.5, 1.8)

# Beyond these the predictors are asked for what they never saw: training pitch was sought from 80 to 400 Hz
# about a mean of 225 Hz, which six semitones either way stay within for most tokens.
RATE_BOUNDS = (0.6, 1.6)
PITCH_BOUND_SEMITONES = 6.0
ENERGY_BOUND_DB = 6.0
# A share of a prompt below this is not heard and not worth a vector.
LEAST_SHARE = 0.02
# Nearer than this is the label itself: the rounding of a point to four digits turns it by less.
SAME_RADIANS = 1e-3

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Delivery:
    """How one line is spoken; the default is the voice's own way.

    Attributes:
        prompts: style prompts and how far each draws the style away from neutral, 0..1.
        rate: factor on speed.
        pitch_semitones: up from what the model would do.
        energy_db: of the model's own loudness feature, not of the sound.
    """

    prompts: tuple[tuple[str, float], ...] = ()
    rate: float = 1.0
    pitch_semitones: float = 0.0
    energy_db: float = 0.0


def deliver(direction: Direction) -> tuple[Delivery, Realisation, tuple[str, ...]]:
    """The direction as numbers and prompts, how its emotion is realised, and what was bounded or is weak."""
    felt = direction.felt
    point = (felt.valence, felt.arousal, felt.dominance)
    warnings: list[str] = []
    shares = prompt_shares(felt)
    prompts = tuple((PROMPTS[label], share) for label, share in shares)
    if felt.style:
        prompts = ((felt.style, direction.intensity),)
        shares = (("text", direction.intensity),)
    felt_rate = _bounded(math.exp(_along(LOG_RATE, point)), RATE_BOUNDS)
    felt_pitch = _held(_along(SEMITONES, point), PITCH_BOUND_SEMITONES)
    energy = _held(_along(ENERGY_DB, point), ENERGY_BOUND_DB)
    rate = _told("rate", felt_rate * direction.rate, RATE_BOUNDS, "", warnings)
    bounds = (-PITCH_BOUND_SEMITONES, PITCH_BOUND_SEMITONES)
    pitch = _told("pitch", felt_pitch + direction.pitch_semitones, bounds, " semitones", warnings)
    if felt.is_neutral:
        return Delivery((), rate, pitch, 0.0), Realisation(), tuple(warnings)
    moved = {"energy_db": energy, "pitch_semitones": felt_pitch, "rate": felt_rate}
    moved |= {f"style_{label}": share for label, share in shares}
    parameters = tuple(sorted((name, round(value, 3)) for name, value in moved.items()))
    realisation = Realisation("native" if prompts else "prosody", parameters, _note(felt))
    return Delivery(prompts, rate, pitch, energy), realisation, tuple(warnings)


def prompt_shares(felt: Emotion) -> tuple[tuple[str, float], ...]:
    """How much of each label's prompt a point asks for, the most first; () for neutral.

    At a label's own point it is that label, wholly; half way to neutral it is half of it; between labels
    they share by the nearness of their directions, and what points away from all of them gets none.

    Source: Shepard 1968, "A two-dimensional interpolation function for irregularly-spaced data", with
    angles for distances.
    """
    point = (felt.valence, felt.arousal, felt.dominance)
    size = math.hypot(*point)
    if size == 0:
        return ()
    cosines = {label: _cosine(point, BASE_POINTS[label]) for label in PROMPTS}
    near = {label: cosine for label, cosine in cosines.items() if cosine > 0}
    weights = {label: max(SAME_RADIANS, math.acos(cosine)) ** -2 for label, cosine in near.items()}
    total = sum(weights.values())
    shares = {
        label: weights[label] / total * cosine * min(1.0, size / math.hypot(*BASE_POINTS[label]))
        for label, cosine in near.items()
    }
    kept = [(label, round(share, 4)) for label, share in shares.items() if share >= LEAST_SHARE]
    return tuple(sorted(kept, key=lambda each: (-each[1], each[0])))


def _note(felt: Emotion) -> str | None:
    if felt.style and felt.style.isascii():
        return "EmotiVoice's style prompts act best in Chinese; an English one may hardly be heard"
    return None


def _cosine(one: Point, other: Point) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return min(1.0, product / (math.hypot(*one) * math.hypot(*other)))


def _along(weights: Point, point: Point) -> float:
    return sum(weight * value for weight, value in zip(weights, point, strict=True))


def _bounded(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _held(value: float, bound: float) -> float:
    return _bounded(value, (-bound, bound))


def _told(name: str, value: float, bounds: tuple[float, float], unit: str, warnings: list[str]) -> float:
    held = _bounded(value, bounds)
    if not math.isclose(held, value, abs_tol=1e-9):
        warnings.append(f"{name} {value:.2f}{unit} is out of emotivoice's bounds, held at {held:.2f}{unit}")
    return held
