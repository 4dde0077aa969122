"""From a direction to what Piper can do: tempo in the network, pitch and level of what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.audio import Samples
from pipeline.direction import Direction, Realisation

# Outside of these words begin to blur or to stretch.
RATE_RANGE = (0.5, 2.0)
# Pitch is moved as on a tape, and the voice's formants with it: more than this is another person.
PITCH_RANGE_SEMITONES = (-3.0, 3.0)
PEAK = 0.98
# Directions: Juslin & Laukka 2003, Psychological Bulletin 129, table 7; sizes are ours. Pitch moves half as
# much as in an engine that keeps the formants.
RATE_BY_AROUSAL, RATE_BY_DISPLEASURE = 0.18, -0.10
SEMITONES_BY_AROUSAL, SEMITONES_BY_DISPLEASURE = 1.5, -0.75
DB_BY_AROUSAL, DB_BY_DOMINANCE = 2.0, 3.0


@dataclass(frozen=True)
class Prosody:
    """What is done to the voice: factor on its speed, semitones, decibels; and what of the wish is not."""

    rate: float
    semitones: float
    level_db: float
    realisation: Realisation
    warnings: tuple[str, ...]

    @property
    def spoken_rate(self) -> float:
        """Factor on the speed at which the network speaks, before pitch and speed are moved together."""
        return self.rate / 2 ** (self.semitones / 12)


def prosody_of(direction: Direction) -> Prosody:
    """Tempo, pitch and level of a direction, within Piper's bounds; what is beyond them is a warning."""
    felt = direction.felt
    displeasure = max(-felt.valence, 0.0)
    factor = math.exp(RATE_BY_AROUSAL * felt.arousal + RATE_BY_DISPLEASURE * displeasure)
    moved = SEMITONES_BY_AROUSAL * felt.arousal + SEMITONES_BY_DISPLEASURE * displeasure
    level_db = DB_BY_AROUSAL * felt.arousal + DB_BY_DOMINANCE * felt.dominance
    warnings: list[str] = []
    rate = _bounded("rate", direction.rate * factor, RATE_RANGE, warnings)
    semitones = _bounded("pitch", direction.pitch_semitones + moved, PITCH_RANGE_SEMITONES, warnings)
    note = None if felt.style is None else "piper follows no style text"
    realisation = Realisation(note=note)
    if not felt.valence == felt.arousal == felt.dominance == 0.0:
        parameters = (
            ("level_db", round(level_db, 4)),
            ("pitch_semitones", round(moved, 4)),
            ("rate", round(factor, 4)),
        )
        realisation = Realisation("prosody", parameters, note)
    return Prosody(rate, semitones, level_db, realisation, tuple(warnings))


def moved_in_pitch(samples: Samples, semitones: float) -> Samples:
    """The sound higher or lower by so many semitones, and as much shorter or longer: a tape at another speed.

    Band-limited: its spectrum is cut or filled up with zeros. The edges of speech are quiet, so that it does
    no harm that a discrete spectrum takes the end for the neighbor of the beginning.

    Args:
        samples: float32 (samples,).
    """
    length = round(len(samples) / 2 ** (semitones / 12))
    if length == len(samples) or length < 2:
        return samples
    spectrum = np.fft.rfft(samples.astype(np.float64))
    kept = np.zeros(length // 2 + 1, dtype=np.complex128)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    return (np.fft.irfft(kept, length) * (length / len(samples))).astype(np.float32)


def at_level(samples: Samples, level_db: float) -> Samples:
    """The sound louder by so many decibels, or less if it would clip."""
    peak = float(np.abs(samples).max()) if samples.size else 0.0
    gain = 10 ** (level_db / 20)
    if gain > 1 and peak > 0:
        gain = min(gain, max(1.0, PEAK / peak))
    return (samples * np.float32(gain)).astype(np.float32)


def _bounded(what: str, value: float, bounds: tuple[float, float], warnings: list[str]) -> float:
    bounded = min(max(value, bounds[0]), bounds[1])
    if abs(bounded - value) > 0.005:
        warnings.append(f"piper speaks at {what} {bounded:g} instead of {value:.2f}")
    return bounded
