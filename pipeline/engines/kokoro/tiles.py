"""Convolutions with a third of the multiplications, for lines on a CPU in float32.

A convolution along time is cut into overlapping tiles; three small matrices carry a tile of the input, the
weights and the products into a domain where convolving is multiplying, and back. What is left of the
convolution is one matrix product for each point of that domain, which BLAS does at the machine's peak.

Source: Winograd 1980, "Arithmetic complexity of computations", chapter IV (bilinear algorithms, overlapping
tiles); Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Matrix = npt.NDArray[np.float64]
# Rows of the input in one tile. Measured on AVX2 at 128 and 256 channels: with 32 the wide kernels run 1.5 to
# 3.2 times as fast as directly, with 24 or 16 less; a kernel of 3 pays only with the few real points of 8.
LONG_TILE = 32
SHORT_TILE = 8
SHORT_WIDTH = 3
# Small whole numbers and their inverses lose the fewest digits: 120 dB against exact arithmetic in float32.
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
# Tiles handled together: their three forms stay in the second-level cache or near it.
TILES_AT_ONCE = 64


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


class TileConv:
    """One convolution of the network, ready to run on tiles; input and output have the same length.

    Owns its transformed weights and nothing else. Adds no bias. Rows behind the input must be zero.
    """

    def __init__(self, weight: Tensor, dilation: int) -> None:
        width = weight.shape[1]  # weight: (out, width, in)
        plan = recipe(width)
        self.points, self.rows = plan.analysis.shape
        self.step = plan.synthesis.shape[0]
        self.dilation = dilation
        self.before = (width - 1) * dilation // 2
        filters = torch.from_numpy(plan.filters).to(weight.dtype)
        self.weight = torch.einsum("pk,oki->pio", filters, weight).contiguous()  # (points, in, out)
        self.analysis = torch.from_numpy(plan.analysis).to(weight.dtype)
        self.synthesis = torch.from_numpy(plan.synthesis).to(weight.dtype)

    def space(self, length: int) -> tuple[Tensor, Tensor]:
        """Memory for an input of that length, zero where it is padding, and the part to put the input in."""
        channels = self.weight.shape[1]
        span = self.step * self.dilation
        tiles = -(-length // span)
        padded = self.weight.new_empty(tiles * span + (self.rows - self.step) * self.dilation, channels)
        padded[: self.before] = 0
        padded[self.before + length :] = 0
        return padded, padded[self.before : self.before + length]

    def __call__(self, padded: Tensor, length: int) -> Tensor:
        """The memory that `space` gave, filled -> (length, out)."""
        inputs, outputs = self.weight.shape[1:]
        span, dilation = self.step * self.dilation, self.dilation
        tiles = -(-length // span)
        result = padded.new_empty(tiles, self.step, dilation, outputs)
        at_once = max(1, TILES_AT_ONCE // dilation)
        points = padded.new_empty(min(tiles, at_once) * dilation, self.points, inputs)
        for first in range(0, tiles, at_once):
            count = min(at_once, tiles - first)
            own = points[: count * dilation]
            for phase in range(dilation):
                tile = self._tiles(padded, first, count, phase)
                part = own[phase * count : (phase + 1) * count]
                torch.bmm(self.analysis.expand(count, -1, -1), tile, out=part)
            products = torch.bmm(own.transpose(0, 1), self.weight).transpose(0, 1)
            rows = result[first : first + count]  # (count, step, dilation, out)
            if dilation == 1:
                torch.bmm(self.synthesis.expand(count, -1, -1), products, out=rows.squeeze(2))
            else:
                phases = torch.bmm(self.synthesis.expand(count * dilation, -1, -1), products)
                rows.copy_(phases.view(dilation, count, self.step, outputs).permute(1, 2, 0, 3))
        return result.view(-1, outputs)[:length]

    def _tiles(self, padded: Tensor, first: int, count: int, phase: int) -> Tensor:
        """(count, rows, in) of the memory from tile `first` on, every `dilation`th row; a view."""
        channels = padded.shape[1]
        span = self.step * self.dilation
        strides = (span * channels, self.dilation * channels, 1)
        return padded.as_strided((count, self.rows, channels), strides, (first * span + phase) * channels)
