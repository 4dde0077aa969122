"""Loudness, peaks and edges of sound in memory: each defined once, for takes, mastering and reports."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.audio import Audio


@dataclass(frozen=True)
class TakeLevels:
    """What stitching needs to know of a take without opening it.

    Attributes:
        loudness_lufs: integrated, dual mono (mono + 3.01 LU); None if shorter than one 400 ms block.
        peak_dbfs: highest sample; -inf is given as -120.
        speech_start_samples, speech_end_samples: first and one past the last sample to keep: edges below
            max(-50 dBFS, peak - 45 dB) over 10 ms are off, 30 ms before and 80 ms after speech stay.
        longest_silence_s: the longest inner gap under that threshold (reported, never cut).
    """

    loudness_lufs: float | None
    peak_dbfs: float
    speech_start_samples: int
    speech_end_samples: int
    longest_silence_s: float


def measure_take(audio: Audio) -> TakeLevels:
    """Levels of one take. Filled in by the stitch room's author."""
    raise NotImplementedError
