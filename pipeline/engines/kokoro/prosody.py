"""From a direction to the numbers inside the network: durations, F0, level.

Kokoro was not trained for emotions, but its durations and its F0 curve are plain tensors on the way to the
decoder. Arousal carries rate, F0 level and range, and loudness; valence and dominance tilt them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.direction import Direction, Emotion, Realisation
from pipeline.engines.kokoro.source import VOICED_HZ

# Bounds within which the voice stays clean: beyond, recognisers make more errors (rate 1.4: 12 % of words
# instead of 5 %) or the audio follows F0 less closely. Measured on af_heart and am_michael.
RATE_BOUNDS = (0.7, 1.25)
PITCH_BOUND_SEMITONES = 4.0
RANGE_BOUNDS = (0.5, 1.6)
PAUSE_BOUNDS = (0.6, 1.6)
GAIN_BOUND_DB = 3.0

# What one unit of valence, arousal, dominance does. Directions: Juslin & Laukka 2003, "Communication of
# emotions in vocal expression and music performance", table 7; Banse & Scherer 1996. Sizes: ours, so that
# the base emotions stand apart and stay inside the bounds.
RATE_LOG = (0.04, 0.20, 0.0)
LEVEL_SEMITONES = (1.8, 4.5, -1.0)
RANGE_FACTOR = (0.15, 0.70, 0.50)
SLOPE_SEMITONES = (0.8, 2.0, -1.2)
PAUSE_LOG = (-0.15, -0.35, 0.0)
GAIN_DB = (0.3, 3.0, 2.5)

# Deviations up to this are intonation; beyond lie the edges of voicing, which are moved but not stretched.
INTONATION_SEMITONES = 8.0
WEAK_VALENCE = "valence is only weakly carried by prosody"
NO_STYLE_TEXT = "kokoro follows no style text"


@dataclass(frozen=True)
class Delivery:
    """What is done to one line inside the network; the default changes nothing.

    Attributes:
        rate: factor on speed.
        f0_level: semitones up.
        f0_range: factor on the distance to the line's median, in semitones.
        f0_slope: semitones that the melody rises from start to end, its middle unchanged.
        pause: factor on the durations of punctuation.
        gain_db: applied to the sound.
    """

    rate: float = 1.0
    f0_level: float = 0.0
    f0_range: float = 1.0
    f0_slope: float = 0.0
    pause: float = 1.0
    gain_db: float = 0.0


PLAIN = Delivery()


def deliver(direction: Direction) -> tuple[Delivery, Realisation, tuple[str, ...]]:
    """The direction as numbers, how its emotion is realised, and warnings where it was bounded."""
    feeling = emotional(direction.felt)
    warnings: list[str] = []
    rate = _bounded("rate", feeling.rate * direction.rate, *RATE_BOUNDS, "", warnings)
    limit = PITCH_BOUND_SEMITONES
    level = _bounded(
        "pitch", feeling.f0_level + direction.pitch_semitones, -limit, limit, " semitones", warnings
    )
    delivery = Delivery(rate, level, feeling.f0_range, feeling.f0_slope, feeling.pause, feeling.gain_db)
    return delivery, _realisation(direction.felt, feeling), tuple(warnings)


def emotional(felt: Emotion) -> Delivery:
    """What a point in valence-arousal-dominance does to a voice."""
    point = (felt.valence, felt.arousal, felt.dominance)

    def along(weights: tuple[float, float, float]) -> float:
        return sum(coordinate * weight for coordinate, weight in zip(point, weights, strict=True))

    return Delivery(
        rate=_within(math.exp(along(RATE_LOG)), *RATE_BOUNDS),
        f0_level=_within(along(LEVEL_SEMITONES), -PITCH_BOUND_SEMITONES, PITCH_BOUND_SEMITONES),
        f0_range=_within(1 + along(RANGE_FACTOR), *RANGE_BOUNDS),
        f0_slope=along(SLOPE_SEMITONES),
        pause=_within(math.exp(along(PAUSE_LOG)), *PAUSE_BOUNDS),
        gain_db=_within(along(GAIN_DB), -GAIN_BOUND_DB, GAIN_BOUND_DB),
    )


def _realisation(felt: Emotion, feeling: Delivery) -> Realisation:
    style = NO_STYLE_TEXT if felt.style else None
    if feeling == PLAIN:
        return Realisation("none", note=style)
    weak = WEAK_VALENCE if abs(felt.valence) > abs(felt.arousal) else None
    values = {
        "f0_level": feeling.f0_level,
        "f0_range": feeling.f0_range,
        "f0_slope": feeling.f0_slope,
        "gain_db": feeling.gain_db,
        "pause": feeling.pause,
        "rate": feeling.rate,
    }
    parameters = tuple((name, round(value, 3)) for name, value in values.items())
    return Realisation("prosody", parameters, "; ".join(filter(None, (style, weak))) or None)


def timed(frames: list[float], pauses: list[bool], delivery: Delivery) -> list[int]:
    """Whole frames of each token, at least 1, from the network's fractional ones.

    Rounding errors are carried on to the next token, so that a line at rate 1.1 is 1.1 times as fast and
    not what rounding makes of it.

    Args:
        frames: what the network predicts for each token.
        pauses: which tokens are punctuation or the space behind it.
        delivery: rate and pause count.
    """
    plain = [max(1, round(value)) for value in frames]
    if delivery.rate == 1.0 and delivery.pause == 1.0:
        return plain
    wanted, given, result = 0.0, 0, []
    for count, is_pause in zip(plain, pauses, strict=True):
        wanted += count * (delivery.pause if is_pause else 1.0) / delivery.rate
        result.append(max(1, round(wanted - given)))
        given += result[-1]
    return result


def melody(f0: Tensor, delivery: Delivery) -> Tensor:
    """One line's F0 (values,) in Hz with level, range and slope applied where it is voiced."""
    voiced = f0 > VOICED_HZ
    if (delivery.f0_level, delivery.f0_range, delivery.f0_slope) == (0.0, 1.0, 0.0) or not bool(voiced.any()):
        return f0
    where = torch.nonzero(voiced).squeeze(1)
    hertz = f0[where]
    center = hertz.median()
    away = 12 * torch.log2(hertz / center)
    intonation = away.clamp(-INTONATION_SEMITONES, INTONATION_SEMITONES)
    along = (where - where[0]) / max(1, int(where[-1] - where[0])) - 0.5  # -0.5 .. 0.5
    away = away + intonation * (delivery.f0_range - 1) + along * delivery.f0_slope + delivery.f0_level
    result = f0.clone()
    result[where] = center * torch.exp2(away / 12)
    return result


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _bounded(name: str, value: float, low: float, high: float, unit: str, warnings: list[str]) -> float:
    held = _within(value, low, high)
    if not math.isclose(held, value, abs_tol=1e-9):
        warnings.append(f"{name} {value:.2f}{unit} is out of kokoro's bounds, held at {held:.2f}{unit}")
    return held
