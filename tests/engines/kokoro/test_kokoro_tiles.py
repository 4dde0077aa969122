"""Convolving by tiles is convolving: exactly in exact arithmetic, nearly so in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from pipeline.engines.kokoro.tiles import POINTS, TILES_AT_ONCE, Recipe, TileConv, fourier, recipe, toom_cook


def by_recipe(plan: Recipe, tile: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return plan.synthesis @ ((plan.filters @ kernel) * (plan.analysis @ tile))


def random(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(st.sampled_from([8, 15, 16, 32]), st.integers(1, 7), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_fourier_recipe_is_a_convolution_without_flipping(rows: int, width: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    tile, kernel = generator.standard_normal(rows), generator.standard_normal(width)
    found = by_recipe(fourier(rows, width), tile, kernel)
    np.testing.assert_allclose(found, np.correlate(tile, kernel, "valid"), atol=1e-12)


@given(st.integers(1, 5), st.integers(4, 7), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_recipe_of_points_is_a_convolution_without_flipping(width: int, points: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    tile, kernel = generator.standard_normal(points + 1), generator.standard_normal(width)
    found = by_recipe(toom_cook(POINTS[:points], width), tile, kernel)
    np.testing.assert_allclose(found, np.correlate(tile, kernel, "valid"), atol=1e-10)


@pytest.mark.parametrize("width", [3, 7, 11])
def test_the_networks_kernels_take_less_than_half_of_the_multiplications(width: int) -> None:
    points, rows = recipe(width).analysis.shape
    assert points / (rows - width + 1) < width / 2


@given(st.sampled_from([3, 7, 11]), st.sampled_from([1, 3, 5]), st.integers(1, 700))
@settings(max_examples=40, deadline=None)
def test_tiles_of_any_length_and_dilation_are_torchs_convolution(
    width: int, dilation: int, length: int
) -> None:
    x, weight = random(length, 3), random(4, width, 3, seed=2)
    conv = TileConv(weight, dilation)
    padded, inside = conv.space(length)
    inside.copy_(x)
    expected = functional.conv1d(
        x.T.unsqueeze(0), weight.permute(0, 2, 1), padding="same", dilation=dilation
    )[0].T
    assert conv(padded, length).shape == (length, 4)
    torch.testing.assert_close(conv(padded, length), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("width", [3, 7, 11])
def test_float32_keeps_100_db_at_the_networks_size(width: int) -> None:
    length = recipe(width).synthesis.shape[0] * (TILES_AT_ONCE + 3)  # more than one round of tiles
    x, weight = random(length, 128), random(128, width, 128, seed=2)
    conv = TileConv(weight, 1)
    padded, inside = conv.space(length)
    inside.copy_(x)
    exact = functional.conv1d(
        x.double().T.unsqueeze(0), weight.double().permute(0, 2, 1), padding=width // 2
    )[0].T
    error = conv(padded, length) - exact
    assert 10 * torch.log10(exact.square().sum() / error.square().sum()) > 100
