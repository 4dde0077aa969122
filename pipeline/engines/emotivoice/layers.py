"""Layers of the acoustic model: convolution, self-attention block, place marks. Activations are (batch,
length, channels); `inside` (batch, length, 1) is True inside each line, None where all are as long.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON = 1e-12
# Source: Vaswani et al. 2017, "Attention is all you need", section 3.5.
WAVELENGTH_BASE = 10_000.0


def inside_of(lengths: list[int], device: torch.device) -> Tensor | None:
    """Where the lines of a batch are (batch, longest, 1), True inside; None if none is padded."""
    longest = max(lengths)
    if min(lengths) == longest:
        return None
    ends = torch.tensor(lengths, device=device).view(-1, 1, 1)
    return torch.arange(longest, device=device).view(1, -1, 1) < ends


def zero_behind(x: Tensor, inside: Tensor | None) -> Tensor:
    """`x` with zeros behind each line: what a convolution that pads with zeros sees of a line alone."""
    return x if inside is None else x.masked_fill(~inside, 0.0)


def place_marks(length: int, width: int, device: torch.device) -> Tensor:
    """Sines at even and cosines at odd channels (length, width) that tell places apart.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.5.
    """
    places = torch.arange(length, dtype=torch.float32, device=device).unsqueeze(1)
    even = torch.arange(0, width, 2, dtype=torch.float32, device=device)
    angles = places * torch.exp(even * -(math.log(WAVELENGTH_BASE) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)[:, :width]


class Conv(nn.Conv1d):
    """A convolution over (batch, length, channels) that keeps the length."""

    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__(inputs, outputs, width, padding=width // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, inputs) -> (batch, length, outputs)."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class SelfAttention(nn.Module):
    """Each place looks at all places of its own line."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.linear_q = nn.Linear(width, width)
        self.linear_k = nn.Linear(width, width)
        self.linear_v = nn.Linear(width, width)
        self.linear_out = nn.Linear(width, width)

    def forward(self, x: Tensor, inside: Tensor | None) -> Tensor:
        """(batch, length, width) -> the same shape."""
        query, key, value = (
            linear(x).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (batch, heads, length, width / heads)
            for linear in (self.linear_q, self.linear_k, self.linear_v)
        )
        seen = None if inside is None else inside.view(len(x), 1, 1, -1)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return self.linear_out(mixed.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """Two convolutions of width 3 with a GELU between them."""

    def __init__(self, width: int, inner: int, taps: int) -> None:
        super().__init__()
        self.w_1 = Conv(width, inner, taps)
        self.w_2 = Conv(inner, width, taps)

    def forward(self, x: Tensor, inside: Tensor | None) -> Tensor:
        """(batch, length, width) -> the same shape."""
        hidden = functional.gelu(self.w_1(zero_behind(x, inside)))
        return self.w_2(zero_behind(hidden, inside))


class Block(nn.Module):
    """Attention and convolutions, each behind a layer norm and beside a shortcut."""

    def __init__(self, width: int, heads: int, inner: int, taps: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(width, heads)
        self.feed_forward = FeedForward(width, inner, taps)
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPSILON)

    def forward(self, x: Tensor, inside: Tensor | None) -> Tensor:
        """(batch, length, width) -> the same shape."""
        x = x + self.self_attn(self.norm1(x), inside)
        return x + self.feed_forward(self.norm2(x), inside)


class Places(nn.Module):
    """Adds place marks, scaled by a trained number."""

    def __init__(self) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.empty(()))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, width) -> the same shape."""
        return x + self.alpha * place_marks(x.shape[1], x.shape[2], x.device).to(x.dtype)


class Encoder(nn.Module):
    """A stack of blocks over marked places; once over tokens, once over frames.

    Source: Lim, Jung & Kim 2022, "JETS: Jointly training FastSpeech2 and HiFi-GAN for end to end text to
    speech", section 2 (feed-forward transformer).
    """

    def __init__(self, layers: int, width: int, heads: int, inner: int, taps: int) -> None:
        super().__init__()
        self.embed = nn.ModuleList([Places()])
        self.encoders = nn.ModuleList(Block(width, heads, inner, taps) for _ in range(layers))
        self.after_norm = nn.LayerNorm(width, eps=NORM_EPSILON)

    def forward(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        """(batch, length, width) -> the same shape."""
        x = self.embed[0](x)
        for block in self.encoders:
            x = block(x, inside)
        return self.after_norm(x)
