"""The vocoder that was trained with the acoustic model: a mel spectrogram in, the wave out.

One serves all voices. Another HiFi-GAN would not do: this one has learnt this model's spectrograms.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.engines.emotivoice.layers import zero_behind

SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = 256
LEAK = 0.1
LAST_LEAK = 0.01
# Source: Kong, Kim & Bae 2020, "HiFi-GAN", appendix A, V1: dilations of the three steps of a residual block.
DILATIONS = (1, 3, 5)


class _Conv(nn.Conv1d):
    """A convolution over (batch, channels, 1, samples) that keeps the length and sees nothing behind a line.

    Computed in two dimensions: channels may then lie innermost, which is 1.4 times as fast on a CPU.
    """

    def __init__(self, inputs: int, outputs: int, taps: int, dilation: int = 1) -> None:
        super().__init__(inputs, outputs, taps, dilation=dilation, padding=dilation * (taps - 1) // 2)

    def forward(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        """(batch, inputs, 1, samples) -> (batch, outputs, 1, samples)."""
        return functional.conv2d(
            zero_behind(x, inside),
            self.weight.unsqueeze(2),
            self.bias,
            padding=(0, int(self.padding[0])),
            dilation=(1, self.dilation[0]),
        )


class _Rise(nn.ConvTranspose1d):
    """An upsampling by half its taps; what it gives is exactly as many times as long."""

    def __init__(self, inputs: int, outputs: int, taps: int) -> None:
        factor = taps // 2
        super().__init__(inputs, outputs, taps, stride=factor, padding=(taps - factor) // 2)

    def forward(self, x: Tensor, inside: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """(batch, inputs, 1, samples) -> (batch, outputs, 1, factor * samples)."""
        return functional.conv_transpose2d(
            zero_behind(x, inside),
            self.weight.unsqueeze(2),
            self.bias,
            stride=(1, self.stride[0]),
            padding=(0, int(self.padding[0])),
        )


class ResidualBlock(nn.Module):
    """Three steps of a wide and a plain convolution beside a shortcut."""

    def __init__(self, channels: int, taps: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_Conv(channels, channels, taps, dilation) for dilation in DILATIONS)
        self.convs2 = nn.ModuleList(_Conv(channels, channels, taps) for _ in DILATIONS)

    def forward(self, x: Tensor, inside: Tensor | None) -> Tensor:
        """(batch, channels, 1, samples) -> the same shape."""
        for wide, plain in zip(self.convs1, self.convs2, strict=True):
            # In place where nothing else looks: a long line's activations are most of the memory in use.
            hidden = functional.leaky_relu_(wide(functional.leaky_relu(x, LEAK), inside), LEAK)
            x = plain(hidden, inside).add_(x)
        return x


class Vocoder(nn.Module):
    """HiFi-GAN's generator; sizes are those of the tensors of `state`.

    Source: Kong, Kim & Bae 2020, "HiFi-GAN: Generative adversarial networks for efficient and high fidelity
    speech synthesis", section 2.2. The last leak is 0.01, as in the released checkpoint's own code.
    """

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        channels, bands, taps = state["conv_pre.weight"].shape
        self.conv_pre = _Conv(bands, channels, taps)
        self.ups = nn.ModuleList(
            _Rise(*state[f"ups.{stage}.weight"].shape) for stage in range(_count(state, "ups."))
        )
        self.resblocks = nn.ModuleList(
            ResidualBlock(weight.shape[0], weight.shape[2])
            for weight in (
                state[f"resblocks.{number}.convs1.0.weight"] for number in range(_count(state, "resblocks."))
            )
        )
        _, channels, taps = state["conv_post.weight"].shape
        self.conv_post = _Conv(channels, 1, taps)

    def forward(self, mel: Tensor, lengths: list[int]) -> Tensor:
        """The sound (batch, samples) of spectrograms (batch, bands, frames); 256 samples for each frame.

        Args:
            lengths: frames of each line; what comes out behind a line's end is to be cut off.
        """
        ends = torch.tensor(lengths, device=mel.device) if min(lengths) < mel.shape[2] else None
        x = self.conv_pre(_laid_out(mel.unsqueeze(2)), _inside(ends, mel.shape[2]))
        each = len(self.resblocks) // len(self.ups)
        for stage, rise in enumerate(self.ups):
            before = x.shape[3]
            x = _laid_out(rise(functional.leaky_relu(x, LEAK), _inside(ends, before)))
            ends = None if ends is None else ends * (x.shape[3] // before)
            inside = _inside(ends, x.shape[3])
            total = self.resblocks[stage * each](x, inside)
            for number in range(1, each):
                total += self.resblocks[stage * each + number](x, inside)
            x = total.div_(each)
        x = self.conv_post(functional.leaky_relu(x, LAST_LEAK), _inside(ends, x.shape[3]))
        return torch.tanh(x)[:, 0, 0]


def _laid_out(x: Tensor) -> Tensor:
    """The same with channels innermost in memory where that is faster."""
    return x.contiguous(memory_format=torch.channels_last) if x.device.type == "cpu" else x


def _inside(ends: Tensor | None, longest: int) -> Tensor | None:
    """(batch, 1, 1, longest), True inside each line."""
    if ends is None:
        return None
    return torch.arange(longest, device=ends.device).view(1, 1, 1, -1) < ends.view(-1, 1, 1, 1)


def _count(state: Mapping[str, Tensor], start: str) -> int:
    return 1 + max(int(name.removeprefix(start).split(".")[0]) for name in state if name.startswith(start))
