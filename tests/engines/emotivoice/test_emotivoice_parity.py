"""Our layers against numbers of the published implementation, run on weights that both can make alike.

Tolerances: the published numbers have five or six digits; sums of float32 in another order move the last.
"""

import math

import pytest
import torch
from emotivoice_shapes import FULL, SMALL, Size, filled, joint_shapes, style_shapes

from pipeline.engines.emotivoice.acoustic import AcousticModel, Sizes
from pipeline.engines.emotivoice.checkpoint import without_weight_norm
from pipeline.engines.emotivoice.style import StyleEncoder
from pipeline.engines.emotivoice.vocoder import Vocoder

NUMBERS = {
    "small": (
        (SMALL, 0.1),
        [3, 3, 3, 3, 3, 4, 4],
        [0.16699, 0.1318, 0.10826, 0.09215, 0.07408, 0.04527, 0.04747],
        [0.13016, 0.15497, 0.15344, 0.16891, 0.18854, 0.2333, 0.29295],
        [0.02938, 0.00031, -0.02905, -0.05468],
        [-0.331207, -0.317041, -0.282834, -0.27466],
        (0.31641, 5888),
    ),
    "full": (
        (FULL, 0.02),
        [1, 2, 2, 2, 2, 2, 2],
        [0.25877, 0.17762, 0.16532, 0.17284, 0.23351, 0.1479, 0.27084],
        [-0.05971, 0.00155, -0.03414, 0.04193, -0.02281, 0.0055, -0.0273],
        [0.08339, -0.36937, 0.51077, -0.39689],
        [-0.0155, -0.015518, -0.015516, -0.015541],
        (0.015499, 3328),
    ),
}


def parts_of(size: Size, scale: float) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The acoustic model's and the vocoder's weights of the parity check."""
    state = without_weight_norm(filled(joint_shapes(size), scale))
    split = {
        part: {key.removeprefix(part): value for key, value in state.items() if key.startswith(part)}
        for part in ("am.", "generator.")
    }
    spoken = {key: value for key, value in split["am."].items() if not key.startswith("alignment_module")}
    return spoken, split["generator."]


@pytest.mark.parametrize("name", ["small", pytest.param("full", marks=pytest.mark.slow)])
@torch.inference_mode()
def test_the_layers_give_the_published_implementations_numbers(name):
    (size, scale), durations, pitch, energy, mel_start, wave_part, (mean, samples) = NUMBERS[name]
    spoken, voiced = parts_of(size, scale)
    acoustic = AcousticModel(Sizes.of(spoken, size.heads, size.heads), spoken)
    acoustic.load_state_dict(spoken)
    vocoder = Vocoder(voiced)
    vocoder.load_state_dict(voiced)
    style = torch.linspace(-1, 1, size.text_width)
    reading = acoustic.read([1, 10, 20, 30, 40, 50, 1], acoustic.voice([(3, 1.0)]), style, -style)
    mel = acoustic.draw(acoustic.spread(reading).unsqueeze(0), None)
    wave = vocoder(mel.transpose(1, 2), [mel.shape[1]])[0]
    assert reading.durations.tolist() == durations
    assert reading.pitch.tolist() == pytest.approx(pitch, abs=1.5e-5)
    assert reading.energy.tolist() == pytest.approx(energy, abs=1.5e-5)
    assert mel[0, 0, :4].tolist() == pytest.approx(mel_start, abs=1.5e-5)
    assert wave[1000:1004].tolist() == pytest.approx(wave_part, abs=2e-6)
    assert float(wave.abs().mean()) == pytest.approx(mean, abs=1e-5)
    assert len(wave) == samples


def test_the_keys_are_as_many_and_as_large_as_the_released_checkpoints():
    def count(shapes: dict[str, tuple[int, ...]]) -> tuple[int, int]:
        return len(shapes), sum(math.prod(shape) for shape in shapes.values())

    assert count(joint_shapes(SMALL)) == (182, 104_495)
    assert count(joint_shapes(FULL)) == (422, 53_277_015)
    assert count(style_shapes()) == (209, 96_662_160)


@pytest.mark.parametrize(
    ("sizes", "heads", "scale", "start", "mean"),
    [
        (
            (16, 1, 32, 60),
            2,
            0.1,
            [-0.757085, -0.646535, -0.420860, -0.069481, 0.308121, 0.581459],
            0.536952,
        ),
        pytest.param(
            (768, 12, 3072, 13685),
            12,
            0.02,
            [0.999506, 0.999972, -0.985235, -0.999994, 0.474201, 0.999996],
            0.931971,
            marks=pytest.mark.slow,
        ),
    ],
)
@torch.inference_mode()
def test_the_style_encoder_is_a_bert_to_the_last_digit(sizes, heads, scale, start, mean):
    """Pinned from `BertModel` of the package transformers 4.57.1 on the same weights: bit for bit equal."""
    state = {
        key.removeprefix("bert."): value
        for key, value in filled(style_shapes(*sizes), scale).items()
        if key.startswith("bert.")
    }
    encoder = StyleEncoder(state, heads, 1e-12)
    encoder.load_state_dict(state)
    vector = encoder([2, 10, 20, 30, 5, 7, 3])
    assert vector[:6].tolist() == pytest.approx(start, abs=2e-6)
    assert float(vector.abs().mean()) == pytest.approx(mean, abs=2e-6)
