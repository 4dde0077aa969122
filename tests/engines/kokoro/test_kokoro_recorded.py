"""Recorded passes say what the model says, for any lines that fit, in any order."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import Contours, KokoroModel
from pipeline.engines.kokoro.recorded import SMALLEST_FRAMES, Recorder, rounded_frames, rounded_lines

CPU = torch.device("cpu")


def lines(frames: list[int], seed: int) -> tuple[Contours, Tensor, Tensor]:
    """Contours, styles and noise of lines that nobody said."""
    generator = torch.Generator().manual_seed(seed)
    lengths = Lengths(frames, CPU)
    values = lengths.scaled(2)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    f0 = values.zero_behind(150 + 20 * drawn(len(frames), values.longest, 1)).squeeze(-1)
    energy = values.zero_behind(drawn(len(frames), values.longest, 1)).squeeze(-1)
    text = lengths.zero_behind(drawn(len(frames), lengths.longest, 512)) * 0.3
    contours = Contours(lengths, f0, energy, text)
    return contours, drawn(len(frames), 256) * 0.1, drawn(len(frames), lengths.longest * 600)


def ratio_db(expected: Tensor, found: Tensor) -> float:
    error = (expected - found).square().sum().clamp(min=1e-20)
    return float(10 * torch.log10(expected.square().sum() / error))


@torch.inference_mode()
def test_a_recording_says_what_the_model_says_whatever_it_said_before(model: KokoroModel) -> None:
    recorder = Recorder(model)
    for frames, seed in (([9, 5], 1), ([3, 12], 2)):  # the same recording, longer and shorter lines
        contours, style, noise = lines(frames, seed)
        found = recorder.sound(contours, style, noise)
        expected = model.sound(contours, style, noise)
        assert found.shape == expected.shape
        for line, count in enumerate(frames):
            assert ratio_db(expected[line, : 600 * count], found[line, : 600 * count]) > 45


@torch.inference_mode()
def test_what_a_recording_gave_is_not_overwritten_by_the_next(model: KokoroModel) -> None:
    recorder = Recorder(model)
    first = recorder.sound(*lines([4], 1))
    kept = np.array(first)
    recorder.sound(*lines([4], 2))
    assert np.array_equal(first.numpy(), kept)


@given(st.integers(1, 5000))
def test_a_recording_is_at_most_an_eighth_longer_than_the_line(frames: int) -> None:
    rounded = rounded_frames(frames)
    assert frames <= rounded <= max(SMALLEST_FRAMES, frames * 1.125 + 1)


def test_few_recordings_serve_all_lines_of_a_book() -> None:
    assert len({rounded_frames(frames) for frames in range(20, 1300)}) <= 48
    assert [rounded_lines(count) for count in (1, 2, 3, 5, 64, 65)] == [1, 2, 4, 8, 64, 128]
