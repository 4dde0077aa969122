"""From a direction to espeak's own four parameters: rate, pitch, range, volume. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.direction import Direction, Emotion, Realisation

# espeak's scale. 175 words a minute and 50 are its defaults; outside 80..450 it speaks at the bound.
DEFAULT_WPM = 175
WPM_RANGE = (80, 450)
DEFAULT_PITCH = 50
DEFAULT_RANGE = 50
# espeak's own default, 100, peaks at -2.6 dBFS (measured); an angry line would clip there.
DEFAULT_VOLUME = 70
MAX_VOLUME = 130
# Measured over a voiced sentence: 10 steps are 1.93 to 1.97 semitones from 40 to 100, so that the scale
# reaches 9.8 semitones up.
PITCH_PER_SEMITONE = 5.1

# Emotion to prosody: directions from the table of Juslin & Laukka 2003 (Psychological Bulletin 129,
# table 7); sizes are ours, small enough to stay intelligible. Displeasure has its own weight because it
# slows, lowers and narrows (sad, disgusted), which arousal alone would not show.
RATE_BY_AROUSAL, RATE_BY_DISPLEASURE = 0.18, -0.10
SEMITONES_BY_AROUSAL, SEMITONES_BY_DISPLEASURE = 3.0, -1.5
SEMITONES_BY_PLEASURE, SEMITONES_BY_DOMINANCE = 0.3, -0.8
RANGE_BY_AROUSAL, RANGE_BY_DISPLEASURE = 0.6, -0.5
RANGE_BY_PLEASURE, RANGE_BY_DOMINANCE = 0.25, 1.0
RANGE_FACTORS = (0.6, 1.8)
DB_BY_AROUSAL, DB_BY_DOMINANCE = 2.0, 3.0


@dataclass(frozen=True)
class Parameters:
    """What espeak is set to, on its own scales, and what of the direction that does not cover."""

    rate_wpm: int
    pitch: int
    pitch_range: int
    volume: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prosody:
    """What an emotion does to a voice: factors, semitones and decibels relative to how it speaks anyway."""

    rate: float
    semitones: float
    pitch_range: float
    level_db: float


def prosody_of(felt: Emotion) -> Prosody:
    """Rate, pitch, pitch range and level for a point of valence, arousal and dominance."""
    pleasure, displeasure = max(felt.valence, 0.0), max(-felt.valence, 0.0)
    arousal, dominance = felt.arousal, felt.dominance
    widening = (
        RANGE_BY_AROUSAL * arousal
        + RANGE_BY_DISPLEASURE * displeasure
        + RANGE_BY_PLEASURE * pleasure
        + RANGE_BY_DOMINANCE * dominance
    )
    semitones = (
        SEMITONES_BY_AROUSAL * arousal
        + SEMITONES_BY_DISPLEASURE * displeasure
        + SEMITONES_BY_PLEASURE * pleasure
        + SEMITONES_BY_DOMINANCE * dominance
    )
    return Prosody(
        rate=math.exp(RATE_BY_AROUSAL * arousal + RATE_BY_DISPLEASURE * displeasure),
        semitones=semitones,
        pitch_range=min(max(math.exp(widening), RANGE_FACTORS[0]), RANGE_FACTORS[1]),
        level_db=DB_BY_AROUSAL * arousal + DB_BY_DOMINANCE * dominance,
    )


def parameters_of(direction: Direction) -> Parameters:
    """espeak's settings for a direction; what is out of its bounds is spoken at the bound, with a warning."""
    prosody = prosody_of(direction.felt)
    warnings: list[str] = []
    wpm = DEFAULT_WPM * direction.rate * prosody.rate
    semitones = direction.pitch_semitones + prosody.semitones
    pitch = DEFAULT_PITCH + PITCH_PER_SEMITONE * semitones
    # espeak's range is in Hz: it moves with the pitch, to be as wide to the ear as before.
    pitch_range = DEFAULT_RANGE * prosody.pitch_range * 2 ** (semitones / 12)
    return Parameters(
        rate_wpm=_bounded("rate", wpm, WPM_RANGE, warnings),
        pitch=_bounded("pitch", pitch, (0, 100), warnings),
        pitch_range=min(round(pitch_range), 100),
        volume=min(round(DEFAULT_VOLUME * 10 ** (prosody.level_db / 20)), MAX_VOLUME),
        warnings=tuple(warnings),
    )


def realisation_of(direction: Direction) -> Realisation:
    """What espeak makes of the emotion: prosody, or nothing where nothing but a style text is asked."""
    felt = direction.felt
    note = None if felt.style is None else "espeak follows no style text"
    if felt.valence == felt.arousal == felt.dominance == 0.0:
        return Realisation(note=note)
    prosody = prosody_of(felt)
    parameters = (
        ("level_db", round(prosody.level_db, 4)),
        ("pitch_range", round(prosody.pitch_range, 4)),
        ("pitch_semitones", round(prosody.semitones, 4)),
        ("rate", round(prosody.rate, 4)),
    )
    return Realisation("prosody", parameters, note)


def _bounded(what: str, value: float, bounds: tuple[int, int], warnings: list[str]) -> int:
    bounded = min(max(round(value), bounds[0]), bounds[1])
    if bounded != round(value):
        warnings.append(f"espeak speaks at {what} {bounded} instead of {round(value)} (its own scale)")
    return bounded
