"""The engine behind the narrow door: what it says, what it refuses, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.direction import Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import create_engine, load_catalogue
from pipeline.engines.kokoro.engine import (
    KokoroEngine,
    chosen_precision,
    create,
    speak,
)
from pipeline.engines.kokoro.g2p import LANGUAGES
from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import KokoroModel, TextFeatures
from pipeline.engines.kokoro.passages import MAX_TOKENS, vocabulary
from pipeline.engines.kokoro.voices import TABLE_BYTES, TABLES_KEPT, VoiceTables
from pipeline.errors import EngineError, LineError

CPU = torch.device("cpu")
Say = Callable[..., Utterance]


def only(engine: KokoroEngine, utterance: Utterance) -> Speech:
    """The speech of one utterance."""
    (speech,) = engine.synthesize([utterance])
    assert isinstance(speech, Speech), speech
    return speech


@pytest.fixture(scope="module")
def yes(engine: KokoroEngine, say: Say) -> Speech:
    """af_heart says yes, neutrally."""
    return only(engine, say("Yes."))


def test_speech_is_mono_at_24_khz_and_audible(yes: Speech) -> None:
    assert (yes.audio.sample_rate, yes.audio.channels) == (24_000, 1)
    assert yes.audio.length_samples % 600 == 0
    assert 0.05 < np.abs(yes.audio.samples).max() < 1
    assert yes.phonemes == "jˈɛs."
    assert (yes.realisation.level, yes.warnings) == ("none", ())


def test_the_same_seed_gives_the_same_samples_and_another_seed_others(
    engine: KokoroEngine, say: Say, yes: Speech
) -> None:
    assert np.array_equal(only(engine, say("Yes.")).audio.samples, yes.audio.samples)
    other = only(engine, say("Yes.", seed=8)).audio.samples
    assert other.shape == yes.audio.samples.shape
    assert not np.array_equal(other, yes.audio.samples)


def test_punctuation_alone_is_a_short_silence(engine: KokoroEngine, say: Say) -> None:
    speech = only(engine, say("…!?"))
    assert speech.audio.duration_s == pytest.approx(0.2)
    assert not speech.audio.samples.any()
    assert speech.warnings == ("nothing to say: silence",)


def test_a_line_that_cannot_be_spoken_stands_in_its_place_and_the_others_go_on(
    engine: KokoroEngine, say: Say, yes: Speech, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"no voice")
    batch = [
        say("Yes.", language="xx"),
        say("Yes."),
        say("Yes.", voice=(VoicePart("nobody"),)),
        say("Yes.", voice=(VoicePart("broken", 1.0, broken),)),
    ]
    unspoken, spoken, nobody, damaged = engine.synthesize(batch)
    assert isinstance(unspoken, LineError)
    assert "does not speak 'xx'" in str(unspoken)
    assert isinstance(spoken, Speech)
    assert np.array_equal(spoken.audio.samples, yes.audio.samples)
    assert isinstance(nobody, LineError)
    assert "'nobody' has no file" in str(nobody)
    assert isinstance(damaged, LineError)
    assert "8 bytes, not 522240" in str(damaged)


def test_two_thousand_characters_are_planned_to_the_last_phoneme(engine: KokoroEngine, say: Say) -> None:
    text = ", ".join(["seven silver swans swam silently seaward"] * 48) + "."
    planned = engine._planned(say(text))
    assert not isinstance(planned, LineError)
    assert len(text) > 1900
    assert len(planned.pieces) >= 4
    assert all(len(piece.passage.phonemes) <= MAX_TOKENS for piece in planned.pieces)
    assert len({piece.seed for piece in planned.pieces}) == len(planned.pieces)
    spoken = "".join(piece.passage.phonemes for piece in planned.pieces)
    assert spoken.replace(" ", "") == planned.phonemes.replace(" ", "")


@pytest.mark.slow
def test_a_text_over_the_networks_limit_is_spoken_without_a_gap(engine: KokoroEngine, say: Say) -> None:
    text = ", ".join(["seven silver swans swam silently seaward"] * 13) + "."
    utterance = say(text, direction=Direction(rate=1.25))
    planned = engine._planned(utterance)
    assert not isinstance(planned, LineError)
    assert len(planned.pieces) == 2
    sound = only(engine, utterance).audio
    assert sound.duration_s > 20
    level = np.abs(sound.samples[: sound.length_samples // 240 * 240, 0]).reshape(-1, 240).max(axis=1)
    loud = np.flatnonzero(level > 0.01)
    # 10 ms steps: inside the line no pause is longer than a comma's.
    assert np.diff(loud).max() < 60


def test_a_blend_lies_between_its_voices(voice: Callable[..., tuple[VoicePart, ...]]) -> None:
    tables = VoiceTables()
    first, second = tables.row(voice("af_heart"), 20), tables.row(voice("am_michael"), 20)
    blend = tables.row(voice(af_heart=0.25, am_michael=0.75), 20)
    np.testing.assert_allclose(blend, 0.25 * first + 0.75 * second, atol=1e-6)


def test_a_voices_row_is_that_of_the_lines_length(voice: Callable[..., tuple[VoicePart, ...]]) -> None:
    (part,) = voice("af_heart")
    assert part.state is not None
    table = np.fromfile(part.state, dtype="<f4").reshape(510, 256)
    tables = VoiceTables()
    for tokens, row in ((1, 0), (20, 19), (510, 509)):
        assert np.array_equal(tables.row((part,), tokens), table[row])


def test_the_least_used_voice_table_makes_room(tmp_path: Path) -> None:
    tables = VoiceTables()
    for number in range(TABLES_KEPT + 3):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bytes(TABLE_BYTES))
        tables.row((VoicePart(str(number), 1.0, path),), 5)
    assert tables.bytes_held() == TABLES_KEPT * TABLE_BYTES


def test_a_louder_emotion_is_louder_but_never_over_full_scale(
    engine: KokoroEngine, say: Say, yes: Speech
) -> None:
    happy = only(engine, say("Yes.", direction=Direction(emotion=Emotion.from_label("happy"))))
    assert happy.realisation.level == "prosody"
    peak = np.abs(happy.audio.samples).max()
    assert np.abs(yes.audio.samples).max() < peak <= 0.98 + 1e-6


def test_a_bounded_rate_is_told_with_the_speech(engine: KokoroEngine, say: Say, yes: Speech) -> None:
    fast = only(engine, say("Yes.", direction=Direction(rate=2.0)))
    assert fast.warnings == ("rate 2.00 is out of kokoro's bounds, held at 1.25",)
    assert fast.audio.length_samples < yes.audio.length_samples


def test_what_is_held_is_weights_voices_and_working_memory_and_all_of_it_is_given_back(
    request_for: Callable[..., LoadRequest], say: Say
) -> None:
    engine = create()
    assert engine.bytes_held() == 0
    engine.load(request_for())
    before = engine.bytes_held()
    # The weights, and those of the tiles that a CPU convolves by.
    assert before > 81_140_664 * 4 + 300_000_000
    engine.synthesize([say("…"), replace(say("Hm."), voice=say("Hm.").voice * 1)])
    assert engine.bytes_held() == before + TABLE_BYTES
    engine.unload()
    engine.unload()
    assert engine.bytes_held() == 0
    with pytest.raises(EngineError, match="not loaded"):
        engine.synthesize([say("Yes.")])


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "mps"])
def test_a_device_that_is_not_there_is_refused_by_name(
    device: str, request_for: Callable[..., LoadRequest]
) -> None:
    with pytest.raises(EngineError, match=device):
        create().load(replace(request_for(), device=device))


def test_a_cpu_computes_in_bfloat16_where_it_has_it_unless_told_otherwise() -> None:
    has_it = torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16")
    assert chosen_precision(CPU, "auto") == ("bfloat16" if has_it else "float32")
    assert chosen_precision(CPU, "float32") == "float32"


def test_rounded_products_change_no_length_and_keep_30_db(
    weights: dict[str, torch.Tensor], request_for: Callable[..., LoadRequest], say: Callable[..., Utterance]
) -> None:
    """On any processor: one without bfloat16 computes the same, only slower."""
    exact, rounded = KokoroModel.from_weights(weights), KokoroModel.from_weights(weights)
    exact.prepare_for_cpu()
    rounded.prepare_for_cpu(torch.bfloat16)
    engine = create()
    assert isinstance(engine, KokoroEngine)
    engine.load(request_for(precision="float32"))
    lines = [say("Ten past four, and still nobody came."), say("No!", "am_michael")]
    pieces = [piece for line in lines for piece in engine.pieces_of(line)]
    for piece in pieces:
        (expected,), (found,) = speak(exact, [piece], CPU), speak(rounded, [piece], CPU)
        assert expected.frames == found.frames
        error = np.square(expected.sound - found.sound).sum()
        # Another seed of the noise leaves 19 dB.
        assert 10 * np.log10(np.square(expected.sound).sum() / error) > 30


def test_a_line_is_the_same_to_the_last_bit_alone_and_among_others_on_a_cpu(
    engine: KokoroEngine, say: Callable[..., Utterance]
) -> None:
    lines = [say("Yes."), say("Who is there?", "am_michael", seed=8)]
    alone = [engine.synthesize([line])[0] for line in lines]
    for first, second in zip(alone, reversed(engine.synthesize(lines[::-1])), strict=True):
        assert isinstance(first, Speech) and isinstance(second, Speech)
        np.testing.assert_array_equal(first.audio.samples, second.audio.samples)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"precision": "float17"}, "no precision 'float17'.*bfloat16"),
        ({"precision": "tensorfloat32"}, "'cpu' does not compute in tensorfloat32"),
        ({"graphs": True}, "no graphs on 'cpu'"),
    ],
)
def test_what_a_device_cannot_do_is_refused_before_anything_is_loaded(
    parameters: dict[str, object], words: str, request_for: Callable[..., LoadRequest]
) -> None:
    engine = create()
    with pytest.raises(EngineError, match=words):
        engine.load(request_for(**parameters))
    assert engine.bytes_held() == 0


class Watched(KokoroModel):
    """The real network; notes whether CUDA's libraries may round while it reads."""

    may_round: bool | None = None

    def read(self, ids: torch.Tensor, tokens: Lengths, style: torch.Tensor) -> TextFeatures:
        self.may_round = torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32
        return super().read(ids, tokens, style)


def test_what_decides_lengths_and_melody_is_never_rounded(
    weights: dict[str, torch.Tensor], engine: KokoroEngine, say: Callable[..., Utterance], monkeypatch
) -> None:
    watched = Watched.from_weights(weights)
    monkeypatch.setattr(engine, "_model", watched)
    assert torch.backends.cudnn.allow_tf32  # torch's default
    engine.synthesize([say("Yes.")])
    assert watched.may_round is False
    assert torch.backends.cudnn.allow_tf32


class SmallMachine(KokoroModel):
    """The real network on a machine that has memory for so many lines at once."""

    room = 1

    def read(self, ids: torch.Tensor, tokens: Lengths, style: torch.Tensor) -> TextFeatures:
        if len(ids) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().read(ids, tokens, style)


def test_a_batch_that_does_not_fit_is_halved_and_the_next_is_small_at_once(
    batching_engine: KokoroEngine, weights: dict[str, torch.Tensor], yes: Speech, say: Say,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    model = SmallMachine.from_weights(weights)
    monkeypatch.setattr(batching_engine, "_model", model)
    monkeypatch.setattr(batching_engine, "_tokens_at_once", 4096)
    lines = [say("Yes."), say("No.", seed=8)]
    first, second = batching_engine.synthesize(lines)
    assert isinstance(first, Speech)
    assert isinstance(second, Speech)
    assert first.audio.length_samples == yes.audio.length_samples
    assert "no memory for 2 lines at once" in caplog.text
    assert batching_engine._tokens_at_once < 4096
    caplog.clear()
    batching_engine.synthesize([say("…"), *lines[:1]])
    assert not caplog.records


def test_a_single_line_that_does_not_fit_is_a_memory_error(
    batching_engine: KokoroEngine, weights: dict[str, torch.Tensor], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SmallMachine.from_weights(weights)
    assert isinstance(model, SmallMachine)
    model.room = 0
    monkeypatch.setattr(batching_engine, "_model", model)
    with pytest.raises(MemoryError, match="out of memory"):
        batching_engine.synthesize([say("Yes.")])


def test_the_catalogue_says_what_the_engine_does(yes: Speech) -> None:
    entry = load_catalogue().engine("kokoro")
    assert set(entry.capabilities.languages) == set(LANGUAGES)
    assert entry.capabilities.sample_rate == yes.audio.sample_rate
    assert len(entry.voices) == 49
    assert {voice.language for voice in entry.voices} == set(LANGUAGES)
    assert all(voice.file is not None and voice.file.bytes == TABLE_BYTES for voice in entry.voices)
    assert isinstance(create_engine("kokoro"), KokoroEngine)
    assert set(yes.phonemes or "") <= set(vocabulary())
