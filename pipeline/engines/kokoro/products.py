"""Matrix products on a CPU: by which library, in which layout, in which type. Values stay float32 outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# What float32 products keep against float64 is 128 dB and more; one rounded to bfloat16 keeps 55.
EXACT_DB = 110.0
# What oneDNN chooses its layout for: tokens of a line of dialogue. Any number of rows may be multiplied.
PACKED_ROWS = 64


@contextmanager
def fast_products() -> Iterator[None]:
    """Lets oneDNN multiply float32 matrices where torch would choose a library that is slow there.

    The setting says that products may be rounded to bfloat16; oneDNN takes them then, and on a processor
    without matrix units multiplies in float32 all the same, which `onednn_is_exact` has checked.
    """
    if not onednn_pays():
        yield
        return
    matmul = _onednn_matmul()
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        matmul.fp32_precision = before


@lru_cache(maxsize=1)
def onednn_pays() -> bool:
    """Whether oneDNN multiplies float32 matrices faster here than MKL, torch's choice, and as exactly.

    By kind of processor, not by a clock, so that a line is the same to the last bit each time: MKL uses
    AVX-512 on Intel's only. Measured on Zen 5: 235 against 95 GFLOP/s for 47 products of 64 x 128 x 128.
    """
    here = torch.cpu.get_capabilities()
    return (
        "AMD" in str(here.get("cpu_name", ""))
        and bool(here.get("avx512_f"))
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.backends.mkldnn, "matmul")
        and onednn_is_exact()
    )


def onednn_is_exact() -> bool:
    """Whether products that may be rounded to bfloat16 are not, on this processor."""
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(96, 96, generator=generator) for _ in range(2))
    matmul = _onednn_matmul()
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        found = (a @ b).double()
    finally:
        matmul.fp32_precision = before
    exact = a.double() @ b.double()
    return bool(10 * torch.log10(exact.square().sum() / (found - exact).square().sum()) > EXACT_DB)


def packed(weight: Tensor) -> Tensor | None:
    """A weight (out, in) in oneDNN's own layout, for `packed_linear`; None where this torch has none.

    The layout and the product are those of torch's compiler, whose operators are not public.
    """
    operators = torch.ops.mkldnn
    if not hasattr(operators, "_reorder_linear_weight") or not hasattr(operators, "_linear_pointwise"):
        return None
    made: Tensor = operators._reorder_linear_weight(weight.detach(), PACKED_ROWS)
    return made


def packed_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(..., in) -> (..., out) with a packed weight of the type of `x`."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return y


def _onednn_matmul() -> Any:
    return torch.backends.mkldnn.matmul  # type: ignore[attr-defined]


class PackedLinear(nn.Linear):
    """A linear layer that may keep its weights packed: 1.2 to 2.5 times as fast on a CPU."""

    packed: Tensor | None = None

    def pack(self) -> None:
        """From now on uses packed weights; for a CPU and float32."""
        self.packed = packed(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        return super().forward(x) if self.packed is None else packed_linear(x, self.packed, self.bias)


class NarrowProduct:
    """A convolution of stride 1 as one product in a narrower type: owns its weights. Sums are float32 inside.

    Args:
        weight: (out, width, in).
    """

    def __init__(self, weight: Tensor, dtype: torch.dtype) -> None:
        self.width, self.dtype = weight.shape[1], dtype
        plain = weight.flatten(1).to(dtype)  # (out, width * in)
        packed_one = packed(plain)
        self.is_packed = packed_one is not None
        self.weight = plain if packed_one is None else packed_one
        self.nbytes = plain.nbytes

    def __call__(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """(batch, length, in) -> (batch, length, out), padded with zeros at both ends, float32."""
        batch, length, channels = x.shape
        reach = self.width // 2
        padded = functional.pad(x.to(self.dtype), (0, 0, reach, reach))
        rows = padded.unfold(1, self.width, 1).transpose(2, 3)  # (batch, length, width, in), a view
        rows = rows.reshape(batch, length, self.width * channels)
        product = packed_linear(rows, self.weight, None) if self.is_packed else rows @ self.weight.T
        y = product.float()
        return y if bias is None else y.add_(bias)
