"""Faults that a listener hears without knowing the text: clicks, clipping, dropouts, dead air."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float32]

# Source of the limits: docs/quality.md.
STEP_DBFS = -40.0
CLIP_LEVEL = 0.999
CLIP_RUN = 3
ZERO_RUN_S = 0.010
QUIET_DBFS = -55.0
DEAD_AIR_S = 3.0
WINDOW_S = 0.010
EDGE_S = 0.002
# Around speech this much is kept by trimming (pipeline/levels.py); the cut lies at its far end.
KEEP_BEFORE_S = 0.030
KEEP_AFTER_S = 0.080


@dataclass(frozen=True)
class Fault:
    """One thing wrong: which check, where in which file, what was found and what is allowed."""

    check: str
    file: str
    at_s: float
    value: float | str
    limit: float | str

    def __str__(self) -> str:
        return f"{self.file} at {self.at_s:.2f} s: {self.check}: {self.value}, allowed {self.limit}"

    def as_json(self) -> dict[str, Any]:
        """The fault as plain JSON values."""
        return {"check": self.check, "file": self.file, "at_s": round(self.at_s, 3), "value": self.value,
                "limit": self.limit}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """[start_s, end_s) of a chapter that is taken: a line, or a sound of the author's."""

    name: str
    start_s: float
    end_s: float


def dbfs(amplitude: float) -> float:
    """dB re full scale, never under -120."""
    return max(-120.0, 20.0 * math.log10(amplitude)) if amplitude > 0.0 else -120.0


def window_rms(wave: Wave, rate_hz: int) -> npt.NDArray[np.float64]:
    """RMS of each 10 ms of one-dimensional `wave`; what does not fill a window at the end is left out."""
    width = round(WINDOW_S * rate_hz)
    count = wave.size // width
    squares = np.square(wave[: count * width].astype(np.float64)).reshape(count, width)
    rms: npt.NDArray[np.float64] = np.sqrt(squares.mean(axis=1))
    return rms


def runs(holds: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of every run in which `holds` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def joins(
    file: str, wave: Wave, rate_hz: int, lines: Sequence[Stretch], sounds: Sequence[Stretch]
) -> list[Fault]:
    """Clicks where a take was cut: a step over -40 dBFS between neighbouring samples.

    A cut that lies within another line (they overlap in their kept edges) or a sound is not judged: there
    steps are part of what is heard.
    """
    found = []
    for line in lines:
        for at_s in (line.start_s - KEEP_BEFORE_S, line.end_s + KEEP_AFTER_S):
            taken = [*sounds, *(other for other in lines if other is not line)]
            if any(one.start_s - 0.05 < at_s < one.end_s + 0.05 for one in taken):
                continue
            first = max(0, round((at_s - EDGE_S) * rate_hz))
            steps = np.abs(np.diff(wave[first : round((at_s + EDGE_S) * rate_hz)]))
            value = dbfs(float(steps.max(initial=0.0)))
            if value > STEP_DBFS:
                found.append(Fault("click at a join", file, at_s, round(value, 1), STEP_DBFS))
    return found


def clipping(file: str, wave: Wave, rate_hz: int) -> list[Fault]:
    """Runs of samples at full scale."""
    return [
        Fault("clipping", file, start / rate_hz, end - start, CLIP_RUN - 1)
        for start, end in runs(np.abs(wave) >= CLIP_LEVEL)
        if end - start >= CLIP_RUN
    ]


def dropouts(file: str, wave: Wave, rate_hz: int) -> list[Fault]:
    """Runs of exact zeros, which a listener takes for a broken file."""
    return [
        Fault("digital silence", file, start / rate_hz, round((end - start) / rate_hz, 3), ZERO_RUN_S)
        for start, end in runs(wave == 0.0)
        if end - start > ZERO_RUN_S * rate_hz
    ]


def heard_edges(wave: Wave, rate_hz: int) -> tuple[float, float]:
    """From when to when anything is heard, in seconds; (0, 0) if nothing ever is."""
    loud = np.flatnonzero(window_rms(wave, rate_hz) > 10 ** (QUIET_DBFS / 20))
    return (0.0, 0.0) if loud.size == 0 else (int(loud[0]) * WINDOW_S, (int(loud[-1]) + 1) * WINDOW_S)


def dead_air(file: str, wave: Wave, rate_hz: int, asked: Sequence[Stretch], limit_s: float) -> list[Fault]:
    """Silences between the first and the last sound that are longer than `limit_s`.

    `asked` are the stretches in which the author wrote a pause.
    """
    start_s, end_s = heard_edges(wave, rate_hz)
    quiet = window_rms(wave, rate_hz) <= 10 ** (QUIET_DBFS / 20)
    return [
        Fault("dead air", file, first * WINDOW_S, round((last - first) * WINDOW_S, 2), limit_s)
        for first, last in runs(quiet)
        if (last - first) * WINDOW_S > limit_s and start_s < first * WINDOW_S < end_s - WINDOW_S
        and not any(one.start_s <= first * WINDOW_S <= one.end_s for one in asked)
    ]  # fmt: skip


def speech_in_gaps(
    file: str, wave: Wave, rate_hz: int, lines: Sequence[Stretch], sounds: Sequence[Stretch]
) -> list[Fault]:
    """Gaps in which something is heard though the timeline says that nobody speaks."""
    found = []
    for line, following in pairwise(lines):
        start_s, end_s = line.end_s + KEEP_AFTER_S + WINDOW_S, following.start_s - KEEP_BEFORE_S - WINDOW_S
        if end_s - start_s < 2 * WINDOW_S or any(s.start_s < end_s and s.end_s > start_s for s in sounds):
            continue
        rms = window_rms(wave[round(start_s * rate_hz) : round(end_s * rate_hz)], rate_hz)
        value = dbfs(float(rms.max(initial=0.0)))
        if value > QUIET_DBFS:
            found.append(Fault("sound in a gap", file, start_s, round(value, 1), QUIET_DBFS))
    return found


def silent_lines(file: str, wave: Wave, rate_hz: int, lines: Sequence[Stretch]) -> list[Fault]:
    """Lines in whose first or last 100 ms nothing is heard: the timeline and the sound do not agree."""
    found = []
    for line in lines:
        for at_s in (line.start_s, line.end_s - 0.1):
            first = max(0, round(at_s * rate_hz))
            rms = window_rms(wave[first : first + round(0.1 * rate_hz)], rate_hz)
            value = dbfs(float(rms.max(initial=0.0)))
            if value < QUIET_DBFS:
                found.append(Fault(f"nothing heard at an edge of {line.name}", file, at_s, round(value, 1),
                                   QUIET_DBFS))  # fmt: skip
    return found
