"""Convolving by tiles is convolving: exactly in exact arithmetic, nearly so in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from pipeline.engines.kokoro.products import NarrowProduct, PackedLinear, fast_products
from pipeline.engines.kokoro.tiles import (
    COLUMNS_AT_ONCE,
    POINTS,
    LineConv,
    Recipe,
    fourier,
    recipe,
    toom_cook,
)


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


def plainly(rows: torch.Tensor, out: torch.Tensor) -> None:
    """No activation."""
    out.copy_(rows)


def directly(x: torch.Tensor, weight: torch.Tensor, dilation: int = 1) -> torch.Tensor:
    """torch's own convolution: (length, in) -> (length, out)."""
    y = functional.conv1d(x.T.unsqueeze(0), weight.permute(0, 2, 1), padding="same", dilation=dilation)
    return y[0].T


def decibels(exact: torch.Tensor, found: torch.Tensor) -> float:
    """How far below the signal the error is."""
    error = (found.double() - exact).square().sum()
    return float(10 * torch.log10(exact.square().sum() / error))


LENGTHS = st.one_of(st.integers(1, 700), st.integers(2_000, 2_200))


@given(st.sampled_from([3, 7, 11]), st.sampled_from([1, 3, 5]), LENGTHS)
@settings(max_examples=40, deadline=None)
def test_tiles_of_any_length_and_dilation_are_torchs_convolution(
    width: int, dilation: int, length: int
) -> None:
    x, weight = random(length, 3), random(4, width, 3, seed=2)
    found, _ = LineConv(weight, dilation)(x, plainly)
    assert found.shape == (length, 4)
    torch.testing.assert_close(found, directly(x, weight, dilation), rtol=1e-3, atol=1e-4)


@given(st.sampled_from([3, 7, 11]), st.sampled_from([1, 3, 5]), LENGTHS)
@settings(max_examples=40, deadline=None)
def test_bfloat16_of_any_length_and_dilation_keeps_35_db(width: int, dilation: int, length: int) -> None:
    x, weight = random(length, 16), random(16, width, 16, seed=2)
    found, _ = LineConv(weight, dilation, torch.bfloat16)(x, plainly)
    # Each factor is rounded to 8 bits, the result once more: 43 dB and more on long lines.
    assert decibels(directly(x.double(), weight.double(), dilation), found) > 35


@given(st.sampled_from([torch.float32, torch.bfloat16]), LENGTHS)
@settings(max_examples=20, deadline=None)
def test_what_is_added_and_the_moments_are_those_of_the_whole_line(dtype: torch.dtype, length: int) -> None:
    x, added, weight = random(length, 8), random(length, 8, seed=3), random(8, 7, 8, seed=2)
    conv = LineConv(weight, 3, dtype)
    without, _ = conv(x, plainly)
    found, moments = conv(x, plainly, added)
    torch.testing.assert_close(found, without + added)
    mean, variance = moments.mean_and_variance()
    torch.testing.assert_close(mean, found.mean(dim=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(variance, found.var(dim=0, unbiased=False), rtol=1e-3, atol=1e-3)


def test_lines_of_all_lengths_ask_for_few_shapes() -> None:
    conv = LineConv(random(4, 11, 4), 1)
    shapes = {conv._tiles(length) % conv.way.most for length in range(1, 30_000)}
    assert len(shapes) <= 8


@pytest.mark.parametrize("width", [3, 7, 11])
def test_float32_keeps_100_db_at_the_networks_size(width: int) -> None:
    length = recipe(width).synthesis.shape[0] * (COLUMNS_AT_ONCE + 3)  # more than one round of tiles
    x, weight = random(length, 128), random(128, width, 128, seed=2)
    found, _ = LineConv(weight, 1)(x, plainly)
    assert decibels(directly(x.double(), weight.double()), found) > 100


@pytest.mark.parametrize("width", [3, 7, 11])
def test_bfloat16_keeps_42_db_at_the_networks_size(width: int) -> None:
    x, weight = random(3_000, 128), random(128, width, 128, seed=2)
    found, _ = LineConv(weight, 1, torch.bfloat16)(x, plainly)
    assert decibels(directly(x.double(), weight.double()), found) > 42


def test_float32_products_stay_exact_where_onednn_makes_them() -> None:
    a, b = random(47, 64, 128), random(47, 128, 128, seed=2)
    with fast_products():
        found = torch.bmm(a, b)
    assert decibels(torch.bmm(a.double(), b.double()), found) > 120
    assert torch.backends.mkldnn.matmul.fp32_precision == "none"


@pytest.mark.parametrize("rows", [1, 20, 64, 300])
def test_packed_and_plain_linear_layers_are_the_same(rows: int) -> None:
    plain, packed = PackedLinear(64, 48), PackedLinear(64, 48)
    packed.load_state_dict(plain.state_dict())
    packed.requires_grad_(False).pack()
    x = random(rows, 64)
    torch.testing.assert_close(packed(x), plain(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("width", [1, 3])
def test_a_narrow_product_is_the_convolution_to_the_digits_of_its_type(width: int) -> None:
    x, weight, bias = random(2, 50, 32), random(24, width, 32, seed=2), random(24, seed=3)
    found = NarrowProduct(weight, torch.bfloat16)(x, bias)
    for line in range(2):
        assert decibels(directly(x[line].double(), weight.double()) + bias, found[line]) > 42
