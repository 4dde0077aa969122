"""With real weights: a line alone equals the line among others, stage by stage and as it is heard."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pipeline.audio import Samples
from pipeline.direction import Direction, Emotion
from pipeline.engines.base import Speech, Utterance
from pipeline.engines.kokoro.engine import KokoroEngine, Piece, _passes, speak
from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import Contours, KokoroModel
from pipeline.engines.kokoro.passages import Passage
from pipeline.engines.kokoro.prosody import Delivery
from pipeline.engines.kokoro.source import excitation, spectrum
from pipeline.engines.kokoro.voices import VoiceTables

CPU = torch.device("cpu")
PHONEMES = ("nˈO!", "hˌW ˈɑɹ ju?", "wˈʌn, tˈu.")
# Sound of a line alone over its difference to the line in a batch. float32 rounding lies at 60 dB and more;
# a statistic or a convolution that sees padding lies under 20 dB.
ENOUGH_DB = 45


def ratio_db(sound: Samples, other: Samples) -> float:
    difference = np.square(sound - other).sum()
    return float(10 * np.log10(np.square(sound).sum() / max(difference, 1e-20)))


class Stages:
    """The network run over some lines, every stage's result kept."""

    def __init__(self, model: KokoroModel, lines: Sequence[str], styles: Tensor, noises: Sequence[Tensor]):
        ids = [Passage(line).ids for line in lines]
        self.tokens = Lengths([len(line) for line in ids], CPU)
        padded = torch.tensor([line + [0] * (self.tokens.longest - len(line)) for line in ids])
        with torch.inference_mode():
            self.bert = model.bert(padded, self.tokens)
            self.text = model.read(padded, self.tokens, styles)
            rounded = self.text.durations.round().clamp(min=1).int().tolist()
            self.frames = [line[: len(own)] for line, own in zip(rounded, ids, strict=True)]
            self.contours = model.intone(self.text, self.frames, styles)
            samples = self.contours.frames.scaled(600)
            self.styles = styles
            noise = self.noise = torch.nn.utils.rnn.pad_sequence(
                [one[:count] for one, count in zip(noises, samples.lengths, strict=True)], batch_first=True
            )
            self.source = _source(model, self.contours, noise)
            self.spectrum = spectrum(self.source, samples, self.contours.frames.scaled(120, more=1))
            self.sound = model.sound(self.contours, styles, noise)

    def stage(self, name: str, line: int) -> Tensor:
        """One stage's result for one line, cut at the line's own end."""
        frames = self.contours.frames.lengths[line]
        tokens = self.tokens.lengths[line]
        rows = {
            "phoneme language model": (self.bert, tokens),
            "duration encoder": (self.text.prosodic, tokens),
            "durations": (self.text.durations, tokens),
            "text encoder": (self.text.phonetic, tokens),
            "alignment": (self.contours.phonetic, frames),
            "F0": (self.contours.f0, 2 * frames),
            "energy": (self.contours.energy, 2 * frames),
            "excitation": (self.source, 600 * frames),
            "magnitudes": (self.spectrum[..., :11], 120 * frames + 1),
        }
        values, length = rows[name]
        return values[line, :length]


def _source(model: KokoroModel, contours: Contours, noise: Tensor) -> Tensor:
    mixer = model.decoder.generator.m_source
    return excitation(
        contours.f0, noise, mixer.get_parameter("l_linear.weight"), mixer.get_parameter("l_linear.bias")
    )


@pytest.fixture(scope="module")
def runs(model: KokoroModel, voice: Callable[..., tuple]) -> tuple[Stages, list[Stages]]:
    """The lines in one batch, and each alone."""
    tables = VoiceTables()
    names = ("af_heart", "am_michael", "af_heart")
    styles = torch.stack(
        [tables.row(voice(name), len(line)) for name, line in zip(names, PHONEMES, strict=True)]
    )
    noises = [torch.randn(600 * 200, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    together = Stages(model, PHONEMES, styles, noises)
    alone = [Stages(model, [PHONEMES[n]], styles[n : n + 1], [noises[n]]) for n in range(3)]
    return together, alone


STAGES = (
    "phoneme language model", "duration encoder", "durations", "text encoder", "alignment", "F0", "energy",
    "excitation", "magnitudes",
)  # fmt: skip


@pytest.mark.parametrize("name", STAGES)
def test_each_stage_of_a_line_is_the_same_alone_and_in_a_batch(
    name: str, runs: tuple[Stages, list[Stages]]
) -> None:
    together, alone = runs
    for line, own in enumerate(alone):
        expected = own.stage(name, 0)
        assert ratio_db(expected.numpy(), together.stage(name, line).numpy()) > ENOUGH_DB


def test_the_sound_of_a_line_is_the_same_alone_and_in_a_batch(runs: tuple[Stages, list[Stages]]) -> None:
    together, alone = runs
    assert together.frames == [own.frames[0] for own in alone]
    for line, own in enumerate(alone):
        length = own.sound.shape[1]
        assert ratio_db(own.sound[0].numpy(), together.sound[line, :length].numpy()) > ENOUGH_DB


def test_a_decoder_in_bfloat16_keeps_the_lengths_and_says_the_same(
    model: KokoroModel, runs: tuple[Stages, list[Stages]]
) -> None:
    alone = runs[1][0]
    rounded = copy.deepcopy(model.decoder).to(torch.bfloat16)
    rounded.generator.m_source.float()
    contours = alone.contours
    with torch.inference_mode():
        sound = rounded(contours, alone.styles[:, :128], alone.noise)
    assert sound.shape == alone.sound.shape
    assert sound.dtype == torch.float32
    # Another seed of the noise alone gives 19 dB.
    assert ratio_db(alone.sound[0].numpy(), sound[0].numpy()) > 19


def test_nothing_of_a_batch_is_heard_behind_a_lines_end(runs: tuple[Stages, list[Stages]]) -> None:
    together, _ = runs
    contours = together.contours
    for line, frames in enumerate(contours.frames.lengths):
        assert not contours.f0[line, 2 * frames :].any()
        assert not contours.energy[line, 2 * frames :].any()
        assert not contours.phonetic[line, frames:].any()
        assert not together.text.phonetic[line, together.tokens.lengths[line] :].any()


def test_a_line_sounds_the_same_in_any_order_of_a_batch(
    batching_engine: KokoroEngine, say: Callable[..., Utterance]
) -> None:
    happy = Direction(emotion=Emotion.from_label("happy"))
    lines = [say("Yes."), say("Who is there?", "am_michael", seed=8), say("No!", direction=happy, seed=9)]
    alone = [_sound(batching_engine.synthesize([line])[0]) for line in lines]
    for order in ((0, 1, 2), (2, 0, 1)):
        batch = batching_engine.synthesize([lines[number] for number in order])
        for number, speech in zip(order, batch, strict=True):
            found = _sound(speech)
            assert len(found) == len(alone[number])
            assert ratio_db(alone[number], found) > ENOUGH_DB


def _sound(speech: object) -> Samples:
    assert isinstance(speech, Speech)
    return speech.audio.samples[:, 0]


SYMBOLS = "abdefhijklmnopstuvwzæðŋɑɔəɛɡɪɹʃʊʌʒˈ ,.!?"


@pytest.fixture(scope="module")
def piece(voice: Callable[..., tuple]) -> Callable[[str, int], Piece]:
    """Makes a short line; its number says in which voice, how fast and with what noise."""
    tables = VoiceTables()

    def make(phonemes: str, number: int) -> Piece:
        style = tables.row(voice(("af_heart", "am_michael", "bf_emma")[number % 3]), len(phonemes))
        return Piece(Passage(phonemes), style, Delivery(rate=(1.0, 1.2)[number % 2]), number)

    return make


@given(st.lists(st.text(SYMBOLS, min_size=1, max_size=8), min_size=2, max_size=3), st.integers(0, 99))
@settings(max_examples=3, deadline=None, derandomize=True, database=None)
def test_any_lines_are_as_long_and_sound_the_same_alone_and_together(
    tiled_model: KokoroModel, piece: Callable[[str, int], Piece], lines: list[str], number: int
) -> None:
    pieces = [piece(line, number + place) for place, line in enumerate(lines)]
    for one, found in zip(pieces, speak(tiled_model, pieces, CPU), strict=True):
        (alone,) = speak(tiled_model, [one], CPU)
        assert found.frames == alone.frames
        assert ratio_db(alone.sound, found.sound) > ENOUGH_DB


def test_tiles_change_no_length_and_nothing_that_is_heard(
    model: KokoroModel, tiled_model: KokoroModel, piece: Callable[[str, int], Piece]
) -> None:
    one = piece("jˈɛs.", 2)
    (direct,), (tiled,) = (speak(network, [one], CPU) for network in (model, tiled_model))
    assert direct.frames == tiled.frames
    # Rounding turns the phase of a silent bin by half a turn now and then; else it would be 60 dB and more.
    assert ratio_db(direct.sound, tiled.sound) > ENOUGH_DB


def test_passes_hold_each_piece_once_and_keep_to_the_budget() -> None:
    class Sized:
        def __init__(self, length: int) -> None:
            self.passage = Passage("a" * length)

    pieces = [Sized(length) for length in (3, 90, 40, 40, 200, 7)]
    for budget in (0, 1, 100, 300, 5000):
        passes = list(_passes(pieces, budget))  # type: ignore[arg-type]
        assert sorted(itertools.chain(*passes)) == list(range(6))
        for group in passes:
            longest = max(len(pieces[number].passage.phonemes) for number in group) + 2
            assert len(group) == 1 or len(group) * longest <= budget
