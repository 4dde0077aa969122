"""Layers of Kokoro that keep every line of a batch as if it were alone.

All activations are (batch, length, channels). A line shorter than the batch's longest is followed by
padding; two rules make the padding unheard: statistics run over the line's own length, and what lies behind
the length is zero before every convolution wider than 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.engines.kokoro.products import NarrowProduct
from pipeline.engines.kokoro.tiles import Activate, LineConv, Moments

STYLE_SIZE = 128
NORM_EPSILON = 1e-5
LEAK = 0.2
# Inputs times outputs from which a product for each tap beats oneDNN's convolution on a CPU, which lays out
# large weights anew on each call: 512 x 512 and more, twice as fast.
WIDE = 256 * 512
# Computes `snake_rows`; compiled, perhaps.
SnakeRows = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor | None, Tensor], Tensor]
# Rows that are worked on while they stay in the second-level cache: half a megabyte at 128 channels.
ROWS_AT_ONCE = 1024


class Lengths:
    """How long each line of a batch is; knows the mask, or that none is needed because all are as long.

    Made from a list, or `on_device` from a tensor: then nothing of it is known to Python, so that a pass
    recorded with some lengths can be replayed with others.
    """

    def __init__(self, lengths: list[int], device: torch.device) -> None:
        self.lengths = lengths
        self.longest = max(lengths)
        self.ends = torch.tensor(lengths, device=device)  # (batch,)
        # (batch, longest, 1), True inside the line
        self.mask: Tensor | None = _inside(self.ends, self.longest) if min(lengths) < self.longest else None

    @classmethod
    def on_device(cls, ends: Tensor, longest: int) -> Lengths:
        """Lengths (batch,) int64 that only the device knows, none above `longest`."""
        made = cls.__new__(cls)
        made.lengths, made.longest, made.ends = [], longest, ends
        made.mask = _inside(ends, longest)
        return made

    def scaled(self, factor: int, more: int = 0) -> Lengths:
        """The same lines with `factor` rows for each row, and `more` behind the last."""
        if not self.lengths:
            return Lengths.on_device(self.ends * factor + more, self.longest * factor + more)
        return Lengths([length * factor + more for length in self.lengths], self.ends.device)

    def zero_behind(self, x: Tensor) -> Tensor:
        """x (batch, longest, channels) with zeros behind each line's end."""
        return x if self.mask is None else x.masked_fill(~self.mask, 0)

    def counts(self) -> Tensor:
        """The lengths as float32 (batch, 1, 1)."""
        return self.ends.float().view(-1, 1, 1)


def _inside(ends: Tensor, longest: int) -> Tensor:
    return torch.arange(longest, device=ends.device).view(1, -1, 1) < ends.view(-1, 1, 1)


class Conv(nn.Module):
    """A one-dimensional convolution over (batch, length, channels), computed as a channels-last 2-D one.

    The weight is kept (out, width, in), which is what channels-last kernels read: 1.1 to 2.8 times as
    fast as conv1d on (batch, channels, length) on an AVX2 machine.
    """

    def __init__(
        self, inputs: int, outputs: int, width: int, stride: int = 1, dilation: int = 1, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, width, inputs))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        self.stride = stride
        self.dilation = dilation
        self.narrow: NarrowProduct | None = None
        # "same" for stride 1; the network's strided ones pad by half the width they move over.
        self.padding = (width - 1) * dilation // 2 if stride == 1 else stride // 2

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, in) -> (batch, length / stride, out)."""
        outputs, width, inputs = self.weight.shape
        if self.narrow is not None:
            return self.narrow(x, self.bias)
        if width == 1:
            return functional.linear(x, self.weight.squeeze(1), self.bias)
        wide = inputs * outputs >= WIDE and self.stride == self.dilation == 1
        if wide and x.device.type == "cpu" and x.dtype is torch.float32:
            return self._by_products(x)
        y = functional.conv2d(
            x.transpose(1, 2).unsqueeze(2),  # (batch, in, 1, length), a view
            self.weight.permute(0, 2, 1).unsqueeze(2),  # (out, in, 1, width), a view
            self.bias,
            stride=(1, self.stride),
            padding=(0, self.padding),
            dilation=(1, self.dilation),
        )
        return y.squeeze(2).transpose(1, 2)  # (batch, length, out), a view of channels-last memory

    def use_products(self, dtype: torch.dtype) -> None:
        """From now on is one product in that type; for a CPU, stride 1 and no dilation."""
        self.narrow = NarrowProduct(self.weight, dtype)

    def _by_products(self, x: Tensor) -> Tensor:
        """The same as one matrix product for each tap, all lines in one: their paddings keep them apart."""
        batch, length, inputs = x.shape
        outputs, width, _ = self.weight.shape
        rows = functional.pad(x, (0, 0, self.padding, self.padding)).view(-1, inputs)
        y = x.new_empty(len(rows), outputs)
        sums = y[: len(rows) - width + 1]
        for tap in range(width):
            part, weight = rows[tap : tap + len(sums)], self.weight[:, tap].T
            if tap > 0:
                sums.addmm_(part, weight)
            elif self.bias is None:
                torch.mm(part, weight, out=sums)
            else:
                torch.addmm(self.bias, part, weight, out=sums)
        return y.view(batch, -1, outputs)[:, :length]


class BiLSTM(nn.LSTM):
    """A two-way LSTM of one layer; packed where lines differ in length, else padding would leak backwards."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs // 2, batch_first=True, bidirectional=True)

    def over(self, x: Tensor, lengths: Lengths) -> Tensor:
        """(batch, length, in) -> (batch, length, out), zero behind each line."""
        if lengths.mask is None:
            return self(x)[0]
        packed = nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor(lengths.lengths), batch_first=True, enforce_sorted=False
        )
        y, _ = nn.utils.rnn.pad_packed_sequence(
            self(packed)[0], batch_first=True, total_length=lengths.longest
        )
        return y


class AdaIN(nn.Module):
    """Instance norm whose scale and shift come from the style.

    Source: Huang & Belongie 2017, "Arbitrary style transfer in real-time with adaptive instance
    normalization", eq. 8; statistics over the line's own length.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(STYLE_SIZE, channels * 2)

    def affine(self, x: Tensor, style: Tensor, lengths: Lengths) -> tuple[Tensor, Tensor]:
        """Scale and shift (batch, 1, channels) so that `x * scale + shift` is the normalized, styled x."""
        styled = self.fc(style.to(self.fc.weight.dtype)).unsqueeze(1)
        gain, shift = styled.chunk(2, dim=-1)  # (batch, 1, channels) each
        mean, variance = masked_statistics(x, lengths.mask, lengths.counts())
        scale = (1 + gain.float()) * torch.rsqrt(variance + NORM_EPSILON)
        shift = shift.float() - mean * scale
        return scale.to(x.dtype), shift.to(x.dtype)

    def of_line(self, moments: Moments, style: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift (channels,) for one line with these moments and this style (128,)."""
        gain, shift = self.fc(style).chunk(2)
        mean, variance = moments.mean_and_variance()
        scale = (1 + gain) * torch.rsqrt(variance + NORM_EPSILON)
        return scale, shift - mean * scale


def masked_statistics(x: Tensor, mask: Tensor | None, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over each line's own rows, float32 (batch, 1, channels).

    Two sums: 5 times as fast as torch.var_mean along this axis, and as exact, since the mean is taken off
    before squaring.
    """
    inside = x if mask is None else x.masked_fill(~mask, 0)
    mean = inside.sum(dim=1, keepdim=True, dtype=torch.float32) / counts
    away = x - mean if mask is None else (x - mean).masked_fill(~mask, 0)
    return mean, away.square().sum(dim=1, keepdim=True) / counts


class StyledBlock(nn.Module):
    """Two styled convolutions beside a shortcut, of the predictors and the decoder; may double the length.

    Source: Li et al. 2023, "StyleTTS 2", appendix on model architecture (AdaIN residual block).
    """

    def __init__(self, inputs: int, outputs: int, doubles: bool = False) -> None:
        super().__init__()
        self.norm1 = AdaIN(inputs)
        self.norm2 = AdaIN(outputs)
        self.conv1 = Conv(inputs, outputs, 3)
        self.conv2 = Conv(outputs, outputs, 3)
        self.conv1x1 = Conv(inputs, outputs, 1, bias=False) if inputs != outputs else None
        self.pool = DepthwiseDouble(inputs) if doubles else None

    def forward(self, x: Tensor, style: Tensor, lengths: Lengths) -> Tensor:
        """(batch, length, in) -> (batch, length or 2 length, out); anything may stand behind the end."""
        # A pointwise convolution and a repetition may change places: half the work.
        shortcut = x if self.conv1x1 is None else self.conv1x1(x)
        y = _styled_leak(self.norm1, x, style, lengths)
        if self.pool is not None:
            shortcut = shortcut.repeat_interleave(2, dim=1)
            lengths = lengths.scaled(2)
            y = lengths.zero_behind(self.pool(y))
        y = self.conv1(y)
        y = self.conv2(_styled_leak(self.norm2, y, style, lengths))
        return y.add_(shortcut).mul_(0.5**0.5)


def _styled_leak(norm: AdaIN, x: Tensor, style: Tensor, lengths: Lengths) -> Tensor:
    scale, shift = norm.affine(x, style, lengths)
    return lengths.zero_behind(functional.leaky_relu_(torch.addcmul(shift, x, scale), LEAK))


class DepthwiseDouble(nn.Module):
    """A depthwise transposed convolution, width 3, stride 2: length -> 2 length."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(3, channels))
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """out[2i] = x[i] w1, out[2i+1] = x[i] w2 + x[i+1] w0, each + bias."""
        following = functional.pad(x[:, 1:], (0, 0, 0, 1))
        even = x * self.weight[1]
        odd = x * self.weight[2] + following * self.weight[0]
        return torch.stack((even, odd), dim=2).flatten(1, 2) + self.bias  # (batch, 2 length, channels)


class Upsample(nn.Module):
    """A transposed convolution of width 2 stride: one matrix product, then halves added where they overlap.

    The weight is kept (2 stride * out, in).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2 * stride * outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.stride = stride
        self.narrow: NarrowProduct | None = None

    def use_products(self, dtype: torch.dtype) -> None:
        """From now on multiplies in that type; for a CPU."""
        self.narrow = NarrowProduct(self.weight.unsqueeze(1), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, in), zero behind each line -> (batch, length * stride, out)."""
        batch, length, _ = x.shape
        products = functional.linear(x, self.weight) if self.narrow is None else self.narrow(x, None)
        halves = products.view(batch, length, 2, -1)  # (batch, length, 2, stride * out)
        sums = functional.pad(halves[:, :, 0], (0, 0, 0, 1))
        sums[:, 1:] += halves[:, :, 1]
        rows = sums.view(batch, (length + 1) * self.stride, -1)
        crop = self.stride // 2
        return rows[:, crop : crop + length * self.stride] + self.bias


class SnakeBlock(nn.Module):
    """Three pairs of styled, dilated convolutions with the snake activation, each added to what came in.

    Source: Kong et al. 2020, "HiFi-GAN", appendix A (residual block); Ziyin et al. 2020, "Neural networks
    fail to learn periodic functions", eq. 3 (snake).
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        dilations = (1, 3, 5)
        self.convs1 = nn.ModuleList(Conv(channels, channels, width, dilation=step) for step in dilations)
        self.convs2 = nn.ModuleList(Conv(channels, channels, width) for _ in dilations)
        self.adain1 = nn.ModuleList(AdaIN(channels) for _ in dilations)
        self.adain2 = nn.ModuleList(AdaIN(channels) for _ in dilations)
        self.alpha1 = nn.ParameterList(nn.Parameter(torch.empty(channels)) for _ in dilations)
        self.alpha2 = nn.ParameterList(nn.Parameter(torch.empty(channels)) for _ in dilations)
        self.tiles: list[tuple[LineConv, LineConv]] | None = None
        self.rows: SnakeRows = snake_rows

    def use_tiles(self, dtype: torch.dtype) -> None:
        """From now on convolves by tiles in that type, line by line: for a CPU."""
        pairs = zip(self.convs1, self.convs2, strict=True)
        self.tiles = [(_tiled(first, dtype), _tiled(second, dtype)) for first, second in pairs]

    def forward(self, x: Tensor, style: Tensor, lengths: Lengths) -> Tensor:
        """(batch, length, channels) -> the same shape; anything may stand behind the end."""
        if self.tiles is not None:
            return self._by_tiles(x, style, lengths)
        for i in range(len(self.convs1)):
            y = styled_snake(self.adain1[i], self.alpha1[i], x, style, lengths, self.rows)
            y = self.convs1[i](y)
            y = styled_snake(self.adain2[i], self.alpha2[i], y, style, lengths, self.rows)
            x = self.convs2[i](y).add_(x)
        return x

    def _by_tiles(self, x: Tensor, style: Tensor, lengths: Lengths) -> Tensor:
        if lengths.mask is None and len(x) == 1:
            return self._line(x[0], style[0]).unsqueeze(0)
        result = torch.zeros_like(x)
        for line, length in enumerate(lengths.lengths):
            result[line, :length] = self._line(x[line, :length], style[line])
        return result

    def _line(self, x: Tensor, style: Tensor) -> Tensor:
        """One line (length, channels), all of it its own -> the same shape."""
        assert self.tiles is not None
        moments = Moments()
        for rows in x.split(ROWS_AT_ONCE):
            moments.add(rows)
        for i, (first, second) in enumerate(self.tiles):
            # No bias here: the norm that follows takes the mean off again.
            y, between = first(x, self._activation(self.adain1[i], self.alpha1[i], moments, style))
            x, moments = second(y, self._activation(self.adain2[i], self.alpha2[i], between, style), x)
        return x.add_(sum(conv.get_parameter("bias") for conv in self.convs2))

    def _activation(self, norm: nn.Module, alpha: Tensor, moments: Moments, style: Tensor) -> Activate:
        """The styled norm of a line with these moments, and the snake, for rows of it."""
        assert isinstance(norm, AdaIN)
        return snake_of(*norm.of_line(moments, style), alpha)


def _tiled(conv: nn.Module, dtype: torch.dtype) -> LineConv:
    assert isinstance(conv, Conv)
    return LineConv(conv.weight, conv.dilation, dtype)


def styled_snake(
    norm: nn.Module, alpha: Tensor, x: Tensor, style: Tensor, lengths: Lengths, rows: SnakeRows
) -> Tensor:
    """AdaIN, then snake(y) = y + sin(alpha y)^2 / alpha, then zero behind each line, computed by `rows`."""
    assert isinstance(norm, AdaIN)
    gain, shift = norm.fc(style.to(norm.fc.weight.dtype)).unsqueeze(1).chunk(2, dim=-1)
    return rows(x, gain, shift, alpha, lengths.mask, lengths.counts())


def snake_rows(
    x: Tensor, gain: Tensor, shift: Tensor, alpha: Tensor, mask: Tensor | None, counts: Tensor
) -> Tensor:
    """What `styled_snake` computes, of nothing but tensors, so that it can be compiled.

    As y + (1 - cos(2 alpha y)) / (2 alpha), with AdaIN's scale and shift folded into both terms. In float32
    whatever x is: small alphas make large terms that cancel, of which bfloat16 would leave nothing.

    Args:
        x: (batch, length, channels); anything may stand behind the end of a line.
        gain, shift: of the style, (batch, 1, channels).
        mask: (batch, length, 1), True inside the lines; None if all are as long.
        counts: how long each line is, (batch, 1, 1) float32.
    """
    wide = x.float()
    mean, variance = masked_statistics(wide, mask, counts)
    scale = (1 + gain.float()) * torch.rsqrt(variance + NORM_EPSILON)
    offset = shift.float() - mean * scale
    half = 0.5 / alpha.float()
    wave = torch.cos(torch.addcmul(offset / half, wide, scale / half))
    result = torch.addcmul(torch.addcmul(offset + half, wide, scale), wave, -half)
    return (result if mask is None else result.masked_fill(~mask, 0)).to(x.dtype)


def snake_of(scale: Tensor, shift: Tensor, alpha: Tensor) -> Activate:
    """What writes snake(rows * scale + shift) of one line's rows (n, channels); CPU and float32 only."""
    half = 0.5 / alpha
    wave_shift, wave_scale, lift = shift / half, scale / half, shift + half

    def activate(rows: Tensor, out: Tensor) -> None:
        wave = torch.addcmul(wave_shift, rows, wave_scale)
        # NumPy's cosine is three times as fast as torch's (0.38 against 1.12 ns a value), and as exact.
        np.cos(wave.numpy(), out=wave.numpy())
        torch.addcmul(lift, rows, scale, out=out).addcmul_(wave, -half)

    return activate
