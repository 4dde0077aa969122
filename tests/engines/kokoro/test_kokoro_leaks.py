"""The fourteen places where a batched Kokoro may hear its padding, one by one, with the real weights.

Each test puts rubbish behind a line's end, or other lines beside it, and asks for what the line gives alone.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pipeline.engines.kokoro.engine import Piece, _noise
from pipeline.engines.kokoro.layers import AdaIN, BiLSTM, Lengths
from pipeline.engines.kokoro.model import KokoroModel, TextFeatures
from pipeline.engines.kokoro.passages import Passage
from pipeline.engines.kokoro.prosody import PLAIN
from pipeline.engines.kokoro.source import excitation, spectrum, waveform
from pipeline.engines.kokoro.tiles import Moments

CPU = torch.device("cpu")
SHORT, LONG = 7, 11
RUBBISH = 50.0
TOKENS = Lengths([SHORT, LONG], CPU)


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def spoiled(x: Tensor, lengths: Lengths = TOKENS) -> Tensor:
    """x with rubbish behind each line's end."""
    assert lengths.mask is not None
    return x.masked_fill(~lengths.mask.view(*lengths.mask.shape[:2], *[1] * (x.ndim - 2)), RUBBISH)


def alone(length: int) -> Lengths:
    return Lengths([length], CPU)


def assert_same(found: Tensor, expected: Tensor) -> None:
    """Equal within the rounding of float32 through some layers."""
    scale = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * max(scale, 1e-3))


@pytest.fixture(scope="module")
def styles() -> Tensor:
    return drawn(2, 128, seed=9) * 0.1


def test_1_the_phoneme_language_model_attends_to_no_padding(model: KokoroModel) -> None:
    ids = torch.randint(1, 178, (2, LONG), generator=torch.Generator().manual_seed(3))
    other = ids.clone()
    other[0, SHORT:] = 43
    assert_same(model.bert(ids, TOKENS)[0, :SHORT], model.bert(ids[:1, :SHORT], alone(SHORT))[0])
    assert_same(model.bert(ids, TOKENS)[0, :SHORT], model.bert(other, TOKENS)[0, :SHORT])


@pytest.mark.parametrize(
    "name",
    [
        "text_encoder.lstm", "predictor.lstm", "predictor.shared",
        *(f"predictor.text_encoder.lstms.{n}" for n in (0, 2, 4)),
    ],
)  # fmt: skip
def test_2_no_lstm_reads_backwards_from_the_padding(name: str, model: KokoroModel) -> None:
    lstm = model.get_submodule(name)
    assert isinstance(lstm, BiLSTM)
    x = spoiled(drawn(2, LONG, lstm.input_size))
    found = lstm.over(x, TOKENS)
    assert_same(found[0, :SHORT], lstm.over(x[:1, :SHORT], alone(SHORT))[0])
    assert not found[0, SHORT:].any()


def test_3_the_duration_encoder_is_zero_behind_the_end_and_tells_the_same_durations(
    model: KokoroModel, styles: Tensor
) -> None:
    x = spoiled(drawn(2, LONG, 512))
    encode, durations = model.predictor.text_encoder, model.predictor.durations
    together, single = encode(x, styles, TOKENS), encode(x[:1, :SHORT], styles[:1], alone(SHORT))
    assert not together[0, SHORT:].any()
    assert_same(together[0, :SHORT], single[0])
    assert_same(durations(together, TOKENS)[0, :SHORT], durations(single, alone(SHORT))[0])


def test_4_the_alignment_gives_each_frame_its_own_lines_token(model: KokoroModel, styles: Tensor) -> None:
    prosodic, phonetic = spoiled(drawn(2, LONG, 640)), spoiled(drawn(2, LONG, 512, seed=2))
    text = TextFeatures(TOKENS, torch.ones(2, LONG), prosodic, phonetic)
    durations = [[1, 2, 1, 3, 1, 1, 2], [2] * LONG]
    contours = model.intone(text, durations, torch.cat((styles, styles), dim=1))
    expected = torch.repeat_interleave(phonetic[0, :SHORT], torch.tensor(durations[0]), dim=0)
    assert torch.equal(contours.phonetic[0, :11], expected)
    assert not contours.phonetic[0, 11:].any()


def test_5_the_text_encoders_convolutions_see_zeros_behind_the_end(model: KokoroModel) -> None:
    ids = torch.randint(1, 178, (2, LONG), generator=torch.Generator().manual_seed(3))
    found = model.text_encoder(ids, TOKENS)
    assert_same(found[0, :SHORT], model.text_encoder(ids[:1, :SHORT], alone(SHORT))[0])
    assert not found[0, SHORT:].any()


def test_6_the_statistics_of_a_styled_norm_are_the_lines_own(model: KokoroModel, styles: Tensor) -> None:
    norm = model.decoder.generator.resblocks[0].get_submodule("adain1.0")
    assert isinstance(norm, AdaIN)
    x = drawn(2, LONG, 256) * 3 + 5
    together = norm.affine(spoiled(x), styles, TOKENS)
    single = norm.affine(x[:1, :SHORT], styles[:1], alone(SHORT))
    moments = Moments()
    for part in x[0, :SHORT].split(4):
        moments.add(part)
    line = norm.of_line(moments, styles[0])
    for found, expected, own in zip(together, single, line, strict=True):
        assert_same(found[0], expected[0])
        assert_same(own, expected[0, 0])


def test_7_f0_and_energy_are_zero_behind_the_end_where_the_decoder_strides_over_it(
    model: KokoroModel, styles: Tensor
) -> None:
    x = spoiled(drawn(2, LONG, 640))
    curves = model.predictor.contours(x, styles, TOKENS)
    single = model.predictor.contours(x[:1, :SHORT], styles[:1], alone(SHORT))
    convs = (model.decoder.F0_conv, model.decoder.N_conv)
    for conv, together, own in zip(convs, curves, single, strict=True):
        assert not together[0, 2 * SHORT :].any()
        assert_same(together[0, : 2 * SHORT], own[0])
        assert_same(conv(together.unsqueeze(-1))[0, :SHORT], conv(own.unsqueeze(-1))[0])


@pytest.mark.parametrize("name", ["predictor.F0.1", "predictor.N.1", "decoder.decode.3"])
def test_8_doubling_the_length_lets_nothing_in_from_behind(
    name: str, model: KokoroModel, styles: Tensor
) -> None:
    block = model.get_submodule(name)
    size = block.get_submodule("conv1").get_parameter("weight").shape[2]
    x = spoiled(drawn(2, LONG, size))
    found = block(x, styles, TOKENS)
    assert_same(found[0, : 2 * SHORT], block(x[:1, :SHORT], styles[:1], alone(SHORT))[0])


FRAMES = Lengths([2, 3], CPU)


def generated(model: KokoroModel, x: Tensor, f0: Tensor, styles: Tensor, lengths: Lengths) -> Tensor:
    noise = torch.zeros(len(x), lengths.longest * 600)
    return model.decoder.generator(x, styles, f0, noise, lengths)


def test_9_upsampling_hears_nothing_from_behind_the_end(model: KokoroModel, styles: Tensor) -> None:
    x = drawn(2, 6, 512)
    f0 = torch.full((2, 6), 150.0)
    f0[0, 4:] = 0
    together = generated(model, spoiled(x, FRAMES.scaled(2)), f0, styles, FRAMES)
    single = generated(model, x[:1, :4], f0[:1, :4], styles[:1], alone(2))
    assert_same(together[0, :1200], single[0])


def test_10_the_phase_of_the_source_stands_still_behind_the_end() -> None:
    f0 = torch.full((2, 10), 123.4)
    f0[0, 6:] = 0
    weight, bias = torch.ones(1, 9) / 9, torch.zeros(1)
    together = excitation(f0, torch.zeros(2, 3000), weight, bias)
    single = excitation(f0[:1, :6], torch.zeros(1, 1800), weight, bias)
    torch.testing.assert_close(together[0, :1800], single[0], rtol=0, atol=1e-6)


def test_11_noise_comes_from_the_lines_own_seed() -> None:
    first, second = (Piece(Passage("a"), torch.zeros(256), PLAIN, seed) for seed in (5, 6))
    together = _noise([first, second], [[1, 2], [4]])
    other_way = _noise([second, first], [[4], [1, 2]])
    single = _noise([first], [[1, 2]])
    assert torch.equal(together[0, :1800], single[0])
    assert torch.equal(together[0], other_way[1])
    assert not torch.equal(together[0, :1800], together[1, :1800])
    assert not together[0, 1800:].any()


def test_12_the_sources_spectrum_is_mirrored_at_the_lines_own_end() -> None:
    samples, spectra = FRAMES.scaled(600), FRAMES.scaled(120, more=1)
    signal = drawn(2, 1800)
    together = spectrum(spoiled(signal, samples), samples, spectra)
    single = spectrum(signal[:1, :1200], alone(1200), alone(241))
    assert_same(together[0, :241], single[0])
    assert not together[0, 241:].any()


def test_13_the_last_convolution_sees_zeros_behind_the_end_and_the_mirrored_row_before_it(
    model: KokoroModel, styles: Tensor
) -> None:
    seen: list[Tensor] = []
    conv: nn.Module = model.decoder.generator.conv_post
    hook = conv.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x, f0 = drawn(2, 6, 512), torch.zeros(2, 6)
    generated(model, spoiled(x, FRAMES.scaled(2)), f0, styles, FRAMES)
    generated(model, x[:1, :4], f0[:1, :4], styles[:1], alone(2))
    hook.remove()
    together, single = seen
    assert not together[0, 241:].any()
    assert_same(together[0, :241], single[0])


def test_14_the_inverse_transform_divides_by_the_lines_own_windows() -> None:
    logits = drawn(2, 361, 22) * 0.3
    spectra = FRAMES.scaled(120, more=1)
    together = waveform(spoiled(logits, spectra), spectra)
    single = waveform(logits[:1, :241], alone(241))
    torch.testing.assert_close(together[0, :1200], single[0], rtol=1e-4, atol=1e-6)
