"""Mouth shapes from phonemes' times: the schema's rules hold for whatever an engine says."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pack_games import table

from pipeline.audio import Audio
from pipeline.engines.base import PhonemeTime, Speech
from pipeline.engines.kokoro.passages import vocabulary
from pipeline.game.visemes import mouth_cues, rhubarb_json, unknown_symbols
from pipeline.render.join import join_utterances
from pipeline.render.timing import joined_timing

SYMBOLS = sorted(vocabulary())


@st.composite
def timings(draw):
    """Symbols one after the other, with gaps, and a sound's length that need not fit them."""
    place, found = draw(st.floats(0, 0.5)), []
    for symbol in draw(st.lists(st.sampled_from(SYMBOLS), max_size=30)):
        length = draw(st.floats(0, 0.3))
        found.append((symbol, place, place + length))
        place += length + draw(st.sampled_from([0.0, 0.0, 0.05]))
    return found, draw(st.floats(0.001, 5.0)), draw(st.floats(0, 1.0))


@given(timings(), st.sets(st.sampled_from("GHX")))
def test_cues_adjoin_from_0_to_the_end_and_none_is_empty(timing, extended):
    symbols, duration_s, start_s = timing
    cues = mouth_cues(symbols, duration_s, start_s, extended)
    assert cues[0][0] == 0
    assert cues[-1][1] == max(1, round(duration_s * 100)) / 100
    for (_, end, shape), (begin, _, following) in zip(cues, cues[1:], strict=False):
        assert end == begin and shape != following
    for begin, end, shape in cues:
        assert end > begin and round(begin, 2) == begin and shape in set("ABCDEF") | extended
    value = rhubarb_json("a.wav", duration_s, cues)
    assert value["metadata"]["duration"] == value["mouthCues"][-1]["end"]


def test_every_symbol_that_kokoro_knows_has_a_shape():
    assert unknown_symbols(SYMBOLS) == set()


@pytest.mark.parametrize(
    ("symbol", "shapes"),
    [
        ("m", "A"),
        ("s", "B"),
        ("ɛ", "C"),
        ("ɑ", "D"),
        ("ɔ", "E"),
        ("u", "F"),
        ("f", "G"),
        ("l", "H"),
        ("O", "EF"),
        ("I", "DB"),
    ],
)
def test_sounds_have_rhubarb_s_shapes(symbol, shapes):
    cues = mouth_cues([(symbol, 0.0, 0.5)], 0.5)
    assert "".join(shape for _, _, shape in cues) == shapes


def test_shapes_that_a_game_lacks_become_their_basic_ones():
    timing = [("f", 0.1, 0.2), ("l", 0.2, 0.3), (".", 0.3, 0.5)]
    assert [shape for _, _, shape in mouth_cues(timing, 0.5, 0.0, ())] == ["A", "C", "A"]


def test_marks_and_short_spaces_keep_the_mouth_as_it_is_and_pauses_rest_it():
    timing = [("ɑ", 0.0, 0.1), (" ", 0.1, 0.13), ("ː", 0.13, 0.2), (",", 0.2, 0.4), ("m", 0.4, 0.5)]
    assert mouth_cues(timing, 0.5) == [(0.0, 0.2, "D"), (0.2, 0.4, "X"), (0.4, 0.5, "A")]


def speech(seconds, rate=24_000):
    """A tone between silences, with one phoneme where it sounds."""
    tone = np.sin(np.arange(round(seconds * rate)) * 0.05).astype(np.float32) * 0.3
    edge = np.zeros(round(0.2 * rate), dtype=np.float32)
    return Speech(
        Audio.mono(np.concatenate([edge, tone, edge]), rate), timing=(PhonemeTime("a", 0.2, 0.2 + seconds),)
    )


@pytest.mark.parametrize("ends", [(".", ".", "."), (",", ".", ","), (",", ",", ",")])
def test_phonemes_of_a_line_of_several_utterances_stay_with_their_sound(ends):
    speeches = [speech(0.5), speech(0.3), speech(0.7)]
    texts = [f"words{end}" for end in ends]
    joined = join_utterances(texts, [one.audio for one in speeches])
    loud = np.flatnonzero(np.abs(joined.samples[:, 0]) > 0.01) / joined.sample_rate
    timing = joined_timing(texts, speeches)
    assert timing is not None and len(timing) == 3
    assert timing[0][1] == pytest.approx(loud[0], abs=0.002)
    assert timing[2][2] == pytest.approx(loud[-1], abs=0.002)
    for (_, _, end), (_, begin, _) in zip(timing, timing[1:], strict=False):
        assert end <= begin + 0.001


def test_times_of_one_utterance_that_are_not_known_make_the_line_s_unknown():
    known = speech(0.3)
    assert joined_timing(["a."], [Speech(known.audio)]) is None
    assert joined_timing(["a.", "b."], [known, Speech(known.audio)]) is None


def test_an_engine_without_times_is_told_and_the_pack_is_made_all_the_same(tmp_path, capsys):
    game = table(tmp_path, "id,text\na,Hello there.\n", "visemes = true\n")
    assert game.render() == 0
    assert "tone does not tell when phonemes sound: 1 lines have no visemes" in capsys.readouterr().err
    assert game.row("a")["viseme"] is None
    assert game.report("render", "--local")["counts"]["render"]["cached"] == 1
    assert json.loads((game.pack / "en/index.json").read_text("utf-8"))["locale"] == "en"
