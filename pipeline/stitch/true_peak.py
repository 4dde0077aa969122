"""The highest point of the wave between the samples, which a converter or an encoder will reach."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.audio import Samples

# Three points between each two samples: BS.1770 asks for four times oversampling at 48 kHz.
POINTS_BETWEEN = 3
# Samples on each side of a point that take part in it. The standard's own filter has six; twelve keep
# the error under 0.02 dB up to 0.4 of the sample rate.
REACH_SAMPLES = 12
KAISER_BETA = 6.0
ROW_SAMPLES = 64
# How far a wave can rise over its samples, as a share of how sharply it bends there (its second
# difference). A tone at a quarter of the rate needs 0.21, noise up to the whole band less than 0.5: what
# could not reach the peak found so far is not computed.
LARGEST_RISE = 0.75
# Rows in one matrix product: BLAS keeps to one thread up to 2**18 multiplications. Its other threads would
# wait in a loop that takes more time than all the products.
PRODUCT_ROWS = 15


class TruePeak:
    """True peak and sample peak of one channel in blocks of any size: `push` all, then `finish` once.

    FFmpeg's `ebur128` gives the same to 0.05 dB, but takes twice as long as all other measurements
    together, and three decimals of an amplitude are too coarse below -40 dB.
    Source: ITU-R BS.1770-4, annex 2; rows become one matrix product.
    """

    def __init__(self) -> None:
        self._waiting: Samples = np.zeros(REACH_SAMPLES - 1, dtype=np.float32)
        self.sample_peak = 0.0
        self.true_peak = 0.0

    def push(self, samples: Samples) -> None:
        """Takes the next one-dimensional float32 samples."""
        joined = np.concatenate([self._waiting, samples])
        rows = (joined.size - (2 * REACH_SAMPLES - 1)) // ROW_SAMPLES
        if rows > 0:
            self._rows(joined, rows)
            joined = joined[rows * ROW_SAMPLES :]
        self._waiting = joined.copy()

    def finish(self) -> float:
        """The true peak as an amplitude, never below the highest sample."""
        self.push(np.zeros(ROW_SAMPLES + 2 * REACH_SAMPLES, dtype=np.float32))
        return self.true_peak

    def _rows(self, joined: Samples, rows: int) -> None:
        body = joined[REACH_SAMPLES - 1 :][: rows * ROW_SAMPLES]
        self.sample_peak = max(self.sample_peak, float(_peak(body)))
        self.true_peak = max(self.true_peak, self.sample_peak)
        _, peaks = _rows_over(joined, rows, self.true_peak)
        self.true_peak = float(np.max(peaks, initial=self.true_peak))


def rows_over(samples: Samples, limit: float) -> npt.NDArray[np.intp]:
    """Which rows of `ROW_SAMPLES` of one-dimensional samples have a true peak over `limit`, an amplitude.

    A row ends before the next one's first sample; quiet is taken to lie around `samples`.
    """
    rows = -(-samples.size // ROW_SAMPLES)
    joined = np.zeros((rows + 1) * ROW_SAMPLES + 2 * REACH_SAMPLES, dtype=np.float32)
    joined[REACH_SAMPLES - 1 :][: samples.size] = samples
    chosen, peaks = _rows_over(joined, rows, limit)
    return chosen[peaks > limit]


def _rows_over(joined: Samples, rows: int, limit: float) -> tuple[npt.NDArray[np.intp], Samples]:
    """Rows that may go over `limit`, and how high each does; its first sample is `REACH_SAMPLES - 1`."""
    matrix = _interpolation_matrix()
    first, last = REACH_SAMPLES - 1, REACH_SAMPLES - 1 + rows * ROW_SAMPLES
    body = _peak(joined[first:last].reshape(rows, ROW_SAMPLES))
    peaks = np.concatenate([[_peak(joined[:first])], body, [_peak(joined[last:])]])
    around = np.maximum(np.maximum(peaks[:-2], peaks[2:]), body)
    chosen = np.flatnonzero(_largest_factor() * around > limit)
    windows = np.lib.stride_tricks.sliding_window_view(joined, matrix.shape[0])[::ROW_SAMPLES]
    sharp = windows[chosen]  # (chosen rows, samples of a row and around it)
    may = _row_reach(sharp) > limit
    chosen, sharp = chosen[may], sharp[may]
    found = body[chosen]
    for start in range(0, chosen.size, PRODUCT_ROWS):
        part = slice(start, start + PRODUCT_ROWS)
        between = sharp[part] @ matrix  # (rows, points between their samples)
        found[part] = np.maximum(found[part], _peak(between))
    return chosen, found


def _peak(samples: Samples) -> npt.NDArray[np.float32]:
    """How far the last axis goes from zero; quicker than `abs`, which writes all samples once more."""
    return np.asarray(np.maximum(samples.max(axis=-1), -samples.min(axis=-1)), dtype=np.float32)


def _row_reach(windows: Samples) -> Samples:
    """How high the wave in each row can go at most: (rows, samples of a row and around it) -> (rows,).

    Bends around the row count too: what rings from a click beside it has no bend in samples of its own.
    """
    here = windows[:, REACH_SAMPLES - 1 : REACH_SAMPLES + ROW_SAMPLES]  # with the next row's first sample
    bends = windows[:, :-2] - 2 * windows[:, 1:-1] + windows[:, 2:]
    return np.asarray(_peak(here) + LARGEST_RISE * _peak(bends), dtype=np.float32)


@cache
def _largest_factor() -> float:
    """No point between samples is further from zero than so many times the highest sample around it."""
    return float(np.abs(_interpolation_matrix()).sum(axis=0).max()) + 1e-6


@cache
def _interpolation_matrix() -> npt.NDArray[np.float32]:
    """(samples of a row and around it, points between the row's samples): a windowed sinc in each column."""
    offsets = np.arange(1, POINTS_BETWEEN + 1) / (POINTS_BETWEEN + 1)
    taps = np.arange(2 * REACH_SAMPLES) - (REACH_SAMPLES - 1)
    distance = taps[:, None] - offsets[None, :]  # (taps, points)
    window = np.i0(KAISER_BETA * np.sqrt(1.0 - (distance / REACH_SAMPLES) ** 2)) / np.i0(KAISER_BETA)
    kernel = np.sinc(distance) * window
    kernel /= kernel.sum(axis=0)
    matrix = np.zeros((ROW_SAMPLES + 2 * REACH_SAMPLES - 1, ROW_SAMPLES, POINTS_BETWEEN), dtype=np.float32)
    for sample in range(ROW_SAMPLES):
        matrix[sample : sample + 2 * REACH_SAMPLES, sample, :] = kernel
    matrix.setflags(write=False)
    return matrix.reshape(matrix.shape[0], -1)
