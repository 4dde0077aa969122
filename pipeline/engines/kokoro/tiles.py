"""Convolutions with a third of the multiplications, for lines on a CPU in float32.

A convolution along time is cut into overlapping tiles; three small matrices carry a tile of the input, the
weights and the products into a domain where convolving is multiplying, and back. What is left of the
convolution is one matrix product for each point of that domain, which BLAS does at the machine's peak.

Source: Winograd 1980, "Arithmetic complexity of computations", chapter IV (bilinear algorithms, overlapping
tiles); Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

Matrix = npt.NDArray[np.float64]
# Writes what becomes of rows (n, channels) to memory of the same shape.
Activate = Callable[[Tensor, Tensor], None]
# Rows of the input in one tile. Measured on AVX2 at 128 and 256 channels: with 32 the wide kernels run 1.5 to
# 3.2 times as fast as directly, with 24 or 16 less; a kernel of 3 pays only with the few real points of 8.
LONG_TILE = 32
SHORT_TILE = 8
SHORT_WIDTH = 3
# Small whole numbers and their inverses lose the fewest digits: 120 dB against exact arithmetic in float32.
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
# Columns (tiles times dilation) handled together: their three forms stay in or near the second-level cache.
COLUMNS_AT_ONCE = 64
# The last columns of a line are rounded up to a multiple of this: oneDNN makes each new shape's code anew,
# 0.3 to 1 ms, and lines of all lengths would ask for hundreds.
COLUMN_STEP = 8
# Rows of a part that is convolved directly: a multiple of the one, at most so many of them.
DIRECT_ROWS = 128
DIRECT_AT_ONCE = 8


@dataclass(frozen=True)
class Recipe:
    """A way to convolve: `synthesis @ ((filters @ weights) * (analysis @ tile))` is a tile of the result."""

    analysis: Matrix  # (points, rows in)
    filters: Matrix  # (points, width)
    synthesis: Matrix  # (rows out, points)


@lru_cache(maxsize=8)
def recipe(width: int) -> Recipe:
    """The recipe for a kernel of that width that measured fastest."""
    return toom_cook(POINTS, width) if width <= SHORT_WIDTH else fourier(LONG_TILE, width)


def fourier(rows: int, width: int) -> Recipe:
    """By the discrete Fourier transform; each pair of complex numbers is multiplied with three products.

    With z = a + ib of the input and w = c + id of the weights, the products (a + b)c, a(d - c), b(c + d) give
    the real part as first less third and the imaginary part as first plus second (Gauss).
    """
    turns = 2 * np.pi / rows
    analysis, filters, synthesis = [], [], []
    for frequency in range(rows // 2 + 1):
        into, kernel, out = (turns * frequency * np.arange(n) for n in (rows, width, rows - width + 1))
        # The kernel's transform is conjugated: the network's convolutions do not flip their kernels.
        a, b = np.cos(into), -np.sin(into)
        c, d = np.cos(kernel), np.sin(kernel)
        real, imaginary = np.cos(out) / rows, -np.sin(out) / rows
        if frequency in (0, rows / 2):
            analysis.append(a)
            filters.append(c)
            synthesis.append(real)
        else:
            analysis += [a + b, a, b]
            filters += [c, d - c, c + d]
            synthesis += [2 * (real + imaginary), 2 * imaginary, -2 * real]
    return Recipe(np.stack(analysis), np.stack(filters), np.stack(synthesis, axis=1))


def toom_cook(points: tuple[float, ...], width: int) -> Recipe:
    """By values of polynomials at these points and at infinity; one product a point."""
    rows = len(points) + 1

    def values(terms: int) -> Matrix:
        last = np.eye(1, terms, terms - 1)
        return np.concatenate((np.vander(points, terms, increasing=True), last))

    analysis = np.linalg.inv(values(rows)).T
    # Each point's row and its weights are brought to like size, so that neither loses digits.
    size = np.abs(analysis).max(axis=1, keepdims=True)
    return Recipe(analysis / size, values(width) * size, values(rows - width + 1).T)


class Moments:
    """Mean and biased variance of rows (length, channels) that come in parts, each part read once.

    The mean of the first part is taken off before squaring: it is near enough to lose no digits.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._origin = self._total = self._squares = torch.empty(0)

    def add(self, rows: Tensor) -> None:
        """Counts these rows in."""
        if not len(rows):
            return
        if not self._rows:
            self._origin = rows.mean(dim=0)
            self._total, self._squares = torch.zeros_like(self._origin), torch.zeros_like(self._origin)
        away = rows - self._origin
        self._total += away.sum(dim=0)
        self._squares += away.square_().sum(dim=0)
        self._rows += len(rows)

    def mean_and_variance(self) -> tuple[Tensor, Tensor]:
        """Both (channels,), of all rows so far."""
        mean = self._total / self._rows
        return self._origin + mean, self._squares / self._rows - mean.square()


class Tiles:
    """A convolution on tiles: owns its transformed weights.

    Args:
        weight: (out, width, in).
        dtype: in what it computes.
    """

    def __init__(self, weight: Tensor, dilation: int, dtype: torch.dtype) -> None:
        plan = recipe(weight.shape[1])
        self.points, self.rows = plan.analysis.shape
        self.step = plan.synthesis.shape[0]
        self.dilation = dilation
        self.span = self.step * dilation
        self.most = max(1, COLUMNS_AT_ONCE // dilation)
        self.multiple = max(1, COLUMN_STEP // dilation)
        filters = torch.from_numpy(plan.filters).to(weight.dtype)
        self.weight = torch.einsum("pk,oki->pio", filters, weight).to(dtype).contiguous()  # (points, in, out)
        self.analysis = torch.from_numpy(plan.analysis).to(dtype)
        self.synthesis = torch.from_numpy(plan.synthesis).to(dtype)

    def convolve(self, space: Tensor, count: int, result: Tensor) -> None:
        """`count` tiles from the beginning of `space` (rows, in) -> result (count * span, out)."""
        channels = space.shape[1]
        sizes = (self.rows, count, self.dilation, channels)
        strides = (self.dilation * channels, self.span * channels, channels, 1)
        columns = self.analysis.new_empty(sizes).copy_(space.as_strided(sizes, strides))  # row r of each tile
        points = (self.analysis @ columns.view(self.rows, -1)).view(self.points, -1, channels)
        rows = self.synthesis @ torch.bmm(points, self.weight).view(self.points, -1)
        # (rows out, count, dilation, out) -> (count, rows out, dilation, out)
        ordered = rows.view(self.step, count, self.dilation, -1).transpose(0, 1)
        result.view(count, self.step, self.dilation, -1).copy_(ordered)


class Direct:
    """A convolution as torch does it, in parts of few lengths: owns its weights; arguments as of `Tiles`."""

    def __init__(self, weight: Tensor, dilation: int, dtype: torch.dtype) -> None:
        self.dilation = dilation
        self.span, self.most, self.multiple = DIRECT_ROWS, DIRECT_AT_ONCE, 1
        self.weight = weight.to(dtype).contiguous()

    def convolve(self, space: Tensor, count: int, result: Tensor) -> None:
        """`count` times `span` rows from the beginning of `space` (rows, in) -> result (rows, out)."""
        rows = count * self.span + (self.weight.shape[1] - 1) * self.dilation
        y = functional.conv2d(
            space[:rows].to(self.weight.dtype).T.unsqueeze(1).unsqueeze(0),  # (1, in, 1, rows), channels last
            self.weight.permute(0, 2, 1).unsqueeze(2),  # (out, in, 1, width), a view
            dilation=(1, self.dilation),
        )
        result.copy_(y[0, :, 0].T)


class LineConv:
    """An activation and a convolution of one line; what comes out is as long as what goes in. Adds no bias.

    Goes through the line once, in parts that stay in the processor's cache from the activation to the
    statistics of what comes out.

    Args:
        weight: (out, width, in).
        dtype: in what the convolution computes; activations and sums are float32 always.
    """

    def __init__(self, weight: Tensor, dilation: int, dtype: torch.dtype = torch.float32) -> None:
        # In bfloat16 eight points lose too many digits, and a kernel of 3 is faster without them.
        direct = dtype is torch.bfloat16 and weight.shape[1] <= SHORT_WIDTH
        self.way = (Direct if direct else Tiles)(weight, dilation, dtype)
        self.overlap = (weight.shape[1] - 1) * dilation
        self.outputs = len(weight)

    @property
    def nbytes(self) -> int:
        """Memory of its weights."""
        return self.way.weight.nbytes

    def __call__(
        self, x: Tensor, activate: Activate, residual: Tensor | None = None
    ) -> tuple[Tensor, Moments]:
        """The convolution of `activate(x)`, plus `residual`, and its moments.

        `x` is (length, in), what comes out (length, out).
        """
        length, span = len(x), self.way.span
        tiles = self._tiles(length)
        at_once = min(tiles, self.way.most)
        result = x.new_empty(tiles * span, self.outputs)
        space = x.new_empty(self._rows_in(at_once), x.shape[1])
        moments = Moments()
        for first in range(0, tiles, at_once):
            start, count = first * span, min(at_once, tiles - first)
            part = result[start : start + count * span]
            _fill(space[: self._rows_in(count)], x, start - self.overlap // 2, activate)
            self.way.convolve(space, count, part)
            own = part[: max(0, length - start)]
            if residual is not None:
                own += residual[start : start + len(own)]
            moments.add(own)
        return result[:length], moments

    def _tiles(self, length: int) -> int:
        """Tiles that hold the length; a line's last round is rounded up, so that shapes repeat."""
        tiles = -(-length // self.way.span)
        return -(-tiles // self.way.multiple) * self.way.multiple

    def _rows_in(self, tiles: int) -> int:
        """Rows of the input that so many tiles read: a tile reads `overlap` rows more than it writes."""
        return tiles * self.way.span + self.overlap


def _fill(space: Tensor, x: Tensor, start: int, activate: Activate) -> None:
    """Writes rows of activate(x) from `start` on to `space`, zeros where there are none."""
    first, last = max(start, 0), min(start + len(space), len(x))
    if last <= first:
        space.zero_()
        return
    space[: first - start].zero_()
    space[last - start :].zero_()
    activate(x[first:last], space[first - start : last - start])
