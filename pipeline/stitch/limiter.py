"""Peaks held down, and samples brought to another rate, by FFmpeg's filters.

Only the stretches around a peak go through the limiter; the rest stays as it is to the bit, and speech, of
which little stands over the limit, takes half the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from pipeline.audio import Samples
from pipeline.levels import amplitude_of, packed_frame
from pipeline.stitch.true_peak import ROW_SAMPLES, rows_over

if TYPE_CHECKING:
    from av import AudioFrame

# Peaks between samples are only seen, and held, at several times the rate.
OVERSAMPLING = 4
# `level` would bring the result back up to full scale; `latency` keeps every sample in its place.
# Source: measured with FFmpeg 8: no shift, true peak within 0.01 dB of the limit.
LIMITER = "level=disabled:latency=1:attack=5:release=50:limit={limit:.8f}"
CELL_S = 0.010
# The limiter acts from 5 ms before a peak until 50 ms after it; a little more, and as much run-up again.
BEFORE_CELLS = 2
AFTER_CELLS = 7
RUN_UP_CELLS = 4
# What `hold_peaks` must know on each side of what is kept of its result.
CONTEXT_S = 2 * (AFTER_CELLS + RUN_UP_CELLS) * CELL_S

Cells = npt.NDArray[np.bool_]


def hold_peaks(samples: Samples, sample_rate: int, limit_dbtp: float) -> Samples:
    """The same one-dimensional samples with no peak over `limit_dbtp`, in place and as many.

    The first and last `CONTEXT_S` of the result are only right where the chapter itself begins or ends.
    """
    cell = round(CELL_S * sample_rate)
    hot = _hot_cells(samples, cell, amplitude_of(limit_dbtp))
    if not hot.any():
        return samples
    changed = _widened(hot, BEFORE_CELLS, AFTER_CELLS)
    worked = _runs(_widened(changed, RUN_UP_CELLS, RUN_UP_CELLS), cell, samples.size)
    chain = _Chain(sample_rate, sample_rate, limit_dbtp)
    stretches = np.concatenate([samples[start:end] for start, end in worked])
    parts = [*chain.push(stretches), *chain.finish()]
    limited = np.concatenate([*parts, np.zeros(stretches.size, dtype=np.float32)])[: stretches.size]
    wet = np.zeros_like(samples)
    done = 0
    for start, end in worked:
        wet[start:end] = limited[done : done + end - start]
        done += end - start
    held = samples.copy()
    for start, end in _runs(changed, cell, samples.size):
        share = _crossfade(end - start, cell)
        held[start:end] += share * (wet[start:end] - samples[start:end])
    return held


def convert_blocks(blocks: Iterable[Samples], from_hz: int, to_hz: int) -> Iterator[Samples]:
    """The one-dimensional blocks at another rate; as many samples in all but for a few at the end."""
    if from_hz == to_hz:
        yield from blocks
        return
    chain = _Chain(from_hz, to_hz)
    for block in blocks:
        yield from chain.push(block)
    yield from chain.finish()


def _hot_cells(samples: Samples, cell: int, limit: float) -> Cells:
    """In which cells the wave goes over `limit`, an amplitude, between the samples too."""
    hot = np.zeros(-(-samples.size // cell), dtype=np.bool_)
    rows = rows_over(samples, limit)
    hot[rows * ROW_SAMPLES // cell] = True
    hot[np.minimum((rows + 1) * ROW_SAMPLES // cell, hot.size - 1)] = True
    return hot


def _widened(cells: Cells, before: int, after: int) -> Cells:
    """The cells, and so many more before and after every run."""
    return np.convolve(cells, np.ones(before + after + 1, dtype=np.int64))[before : before + cells.size] > 0


def _runs(cells: Cells, cell: int, length: int) -> list[tuple[int, int]]:
    """[start, end) in samples of each run of marked cells."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(np.int8)))
    return [(int(start) * cell, min(int(end) * cell, length)) for start, end in edges.reshape(-1, 2)]


def _crossfade(length: int, ramp: int) -> Samples:
    """1 in the middle, straight to 0 at both ends over `ramp` samples."""
    places = [-1, min(ramp, length // 2), max(length - 1 - ramp, length // 2), length]
    return np.interp(np.arange(length), places, [0.0, 1.0, 1.0, 0.0]).astype(np.float32)


class _Chain:
    """One filter graph in use. It must be held as long as its ends are: FFmpeg does not."""

    def __init__(self, from_hz: int, to_hz: int, limit_dbtp: float | None = None) -> None:
        from av.filter import Graph

        self._rate = from_hz
        self._pushed = 0
        self._graph = Graph()
        self._source = self._graph.add_abuffer(
            format="flt", sample_rate=from_hz, layout="mono", time_base=Fraction(1, from_hz)
        )
        filters: list[Any] = [self._source]
        if limit_dbtp is not None:
            filters.append(self._graph.add("aresample", str(from_hz * OVERSAMPLING)))
            filters.append(self._graph.add("alimiter", LIMITER.format(limit=amplitude_of(limit_dbtp))))
        filters.append(self._graph.add("aresample", str(to_hz)))
        filters.append(self._graph.add("aformat", "sample_fmts=flt:channel_layouts=mono"))
        self._sink = self._graph.add("abuffersink")
        filters.append(self._sink)
        for earlier, later in pairwise(filters):
            earlier.link_to(later)
        self._graph.configure()

    def push(self, block: Samples) -> Iterator[Samples]:
        frame = packed_frame(block.reshape(-1, 1), self._rate, "mono")
        frame.pts = self._pushed
        self._pushed += block.size
        self._source.push(frame)
        return self._ready()

    def finish(self) -> Iterator[Samples]:
        self._source.push(None)
        return self._ready()

    def _ready(self) -> Iterator[Samples]:
        import av

        while True:
            try:
                frame = cast("AudioFrame", self._sink.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1)
