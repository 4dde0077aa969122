"""Each layer against torch's own, and each against itself with padding behind the line."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from pipeline.engines.kokoro.fused import compile_snake
from pipeline.engines.kokoro.layers import (
    AdaIN,
    BiLSTM,
    Conv,
    DepthwiseDouble,
    Lengths,
    SnakeBlock,
    StyledBlock,
    Upsample,
    snake_rows,
    styled_snake,
)
from pipeline.engines.kokoro.source import excitation, spectrum, waveform

CPU = torch.device("cpu")
CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
some_lengths = st.lists(st.integers(1, 40), min_size=2, max_size=4)


def filled(module: nn.Module, seed: int = 1) -> nn.Module:
    """The layer with small random weights and snake's alphas about 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
        if "alpha" in name:
            parameter.data = 1 + parameter.data.abs()
    return module.requires_grad_(False)


def noise(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def whole(length: int, lines: int = 1) -> Lengths:
    return Lengths([length] * lines, CPU)


@given(st.sampled_from([(3, 1, 1), (7, 1, 5), (12, 6, 1), (3, 2, 1), (1, 1, 1)]), st.integers(24, 60))
@settings(max_examples=20, deadline=None)
def test_a_convolution_is_torchs(form: tuple[int, int, int], length: int) -> None:
    width, stride, dilation = form
    conv = filled(Conv(6, 5, width, stride=stride, dilation=dilation))
    x = noise(2, length, 6)
    weight = conv.get_parameter("weight").permute(0, 2, 1)
    expected = functional.conv1d(
        x.transpose(1, 2),
        weight,
        conv.get_parameter("bias"),
        stride=stride,
        dilation=dilation,
        padding=(width - 1) * dilation // 2 if stride == 1 else stride // 2,
    )
    torch.testing.assert_close(conv(x), expected.transpose(1, 2), **CLOSE)


@given(st.sampled_from([10, 6, 2]), st.integers(2, 20))
@settings(max_examples=12, deadline=None)
def test_upsampling_is_torchs_transposed_convolution(stride: int, length: int) -> None:
    up = filled(Upsample(4, 3, stride))
    x = noise(2, length, 4)
    weight = up.get_parameter("weight").view(2 * stride, 3, 4).permute(2, 1, 0)
    expected = functional.conv_transpose1d(
        x.transpose(1, 2), weight, up.get_parameter("bias"), stride=stride, padding=stride // 2
    )
    torch.testing.assert_close(up(x), expected.transpose(1, 2), **CLOSE)


def test_depthwise_doubling_is_torchs_transposed_convolution() -> None:
    double = filled(DepthwiseDouble(4))
    x = noise(2, 9, 4)
    expected = functional.conv_transpose1d(
        x.transpose(1, 2),
        double.get_parameter("weight").T.unsqueeze(1),
        double.get_parameter("bias"),
        stride=2,
        padding=1,
        output_padding=1,
        groups=4,
    )
    torch.testing.assert_close(double(x), expected.transpose(1, 2), **CLOSE)


def test_styled_snake_is_instance_norm_then_snake() -> None:
    norm, alpha = filled(AdaIN(5)), torch.rand(5) + 0.5
    x, style = noise(1, 50, 5) * 3 + 4, noise(1, 128)
    gain, shift = norm.get_submodule("fc")(style).view(1, 10, 1).chunk(2, dim=1)
    y = (1 + gain) * functional.instance_norm(x.transpose(1, 2)) + shift
    y = y + torch.sin(alpha.view(1, 5, 1) * y) ** 2 / alpha.view(1, 5, 1)
    found = styled_snake(norm, alpha, x, style, whole(50), snake_rows)
    torch.testing.assert_close(found, y.transpose(1, 2), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_snake_compiles_as_one_graph_for_any_length_and_says_the_same(dtype: torch.dtype) -> None:
    """Captured as for a GPU; what runs the graph here is torch itself, which needs no compiler."""
    compiled = compile_snake("aot_eager")
    norm, alpha = filled(AdaIN(5)), torch.rand(5) + 0.5
    with torch.inference_mode():
        for lengths in ([50], [7, 30], [12, 12, 12], [3, 90]):
            x = noise(len(lengths), max(lengths), 5).to(dtype)
            args = norm, alpha, x, noise(len(lengths), 128), Lengths(lengths, CPU)
            torch.testing.assert_close(styled_snake(*args, compiled), styled_snake(*args, snake_rows))


@given(some_lengths, st.sampled_from(["styled", "doubling", "snake", "lstm"]))
@settings(max_examples=25, deadline=None)
def test_what_stands_behind_a_line_does_not_change_it(lengths: list[int], kind: str) -> None:
    layers = {
        "styled": StyledBlock(6, 4),
        "doubling": StyledBlock(6, 4, doubles=True),
        "snake": SnakeBlock(6, 3),
        "lstm": BiLSTM(6, 4),
    }
    layer = filled(layers[kind])
    x, styles = noise(len(lengths), max(lengths), 6) * 5, noise(len(lengths), 128, seed=3)

    def run(rows: Tensor, style: Tensor, own: Lengths) -> Tensor:
        return layer.over(rows, own) if isinstance(layer, BiLSTM) else layer(rows, style, own)

    together = run(x, styles, Lengths(lengths, CPU))
    for line, length in enumerate(lengths):
        alone = run(x[line : line + 1, :length], styles[line : line + 1], whole(length))
        torch.testing.assert_close(together[line, : alone.shape[1]], alone[0], rtol=1e-3, atol=1e-4)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_spectra_and_waveforms_are_torchs_of_each_line_alone(frames: list[int]) -> None:
    lengths = Lengths(frames, CPU)
    samples, spectra = lengths.scaled(600), lengths.scaled(120, more=1)
    signal = noise(len(frames), samples.longest)
    found = spectrum(signal, samples, spectra)
    logits = noise(len(frames), spectra.longest, 22, seed=5)
    sound = waveform(logits, spectra)
    window = torch.hann_window(20)
    for line, count in enumerate(frames):
        own = torch.stft(signal[line, : 600 * count], 20, 5, window=window, return_complex=True).T
        part = found[line, : 120 * count + 1]
        torch.testing.assert_close(torch.polar(part[:, :11], part[:, 11:]), own, rtol=1e-3, atol=1e-3)
        own_logits = logits[line, : 120 * count + 1]
        bins = torch.polar(own_logits[:, :11].exp(), own_logits[:, 11:].sin()).T
        expected = torch.istft(bins, 20, 5, window=window)
        torch.testing.assert_close(sound[line, : 600 * count], expected, rtol=1e-3, atol=1e-4)


def test_the_source_of_a_steady_voice_has_its_pitch_to_the_end() -> None:
    f0 = torch.full((1, 800), 200.0)  # ten seconds
    weight = torch.tensor([[1.0, *[0.0] * 8]])
    source = excitation(f0, torch.zeros(1, 800 * 300), weight, torch.zeros(1))[0]
    # 200 Hz at 24 kHz repeats every 120 samples; a phase kept in float32 would drift by now.
    # (The last half value stands still, as in the network that the weights were trained with.)
    torch.testing.assert_close(source[-2550:-150], source[2250:4650], rtol=0, atol=1e-5)
    assert int(torch.fft.rfft(source).abs().argmax()) == 2000  # bins of 0.1 Hz


def test_the_source_of_a_silent_throat_is_noise_only() -> None:
    hiss = noise(1, 300 * 80)
    source = excitation(torch.zeros(1, 80), hiss, torch.ones(1, 9) / 3, torch.zeros(1))
    torch.testing.assert_close(source, torch.tanh(hiss * 0.1 / 3), rtol=1e-4, atol=1e-6)
