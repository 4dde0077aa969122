"""Spoken text cut to what an engine takes in one call."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.text.cjk import is_cjk
from pipeline.text.normalize import is_silent, speak
from pipeline.text.utterances import split_utterances


def _cut(text: str, max_characters: int, language: str = "en-us") -> list[str]:
    return split_utterances(speak(text, language), language, max_characters)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=120), st.text(alphabet="ab ,.;:—!?”e\u0301年。，", max_size=120)),
    st.integers(1, 60),
    st.sampled_from(["en-us", "zh", "fr"]),
)
def test_no_character_is_lost_and_none_is_too_many(text: str, max_characters: int, language: str) -> None:
    spoken = speak(text, language)
    utterances = split_utterances(spoken, language, max_characters)
    if is_silent(spoken):
        assert utterances == []
    else:
        assert all(0 < len(utterance) <= max_characters for utterance in utterances)
        assert "".join("".join(utterances).split()) == "".join(spoken.text.split())


def test_text_that_fits_is_one_utterance_with_all_its_sentences() -> None:
    assert _cut("One. Two. Three.", 100) == ["One. Two. Three."]


def test_it_is_cut_at_a_sentence_end_first() -> None:
    text = "He came, he saw, and he left again. She stayed; nobody knew why she did."
    assert _cut(text, 45) == ["He came, he saw, and he left again.", "She stayed; nobody knew why she did."]


def test_then_at_a_semicolon_then_at_a_comma_then_before_a_conjunction() -> None:
    assert _cut("She stayed, for once, here; nobody knew, then, why", 30) == [
        "She stayed, for once, here;",
        "nobody knew, then, why",
    ]
    assert _cut("when the long day had ended, they went home again", 30) == [
        "when the long day had ended,",
        "they went home again",
    ]
    assert _cut("the old man went home and the young man stayed", 30) == [
        "the old man went home",
        "and the young man stayed",
    ]


def test_a_word_is_cut_only_if_it_alone_is_too_long() -> None:
    assert _cut("an incomprehensibility", 21) == ["an", "incomprehensibility"]
    assert "".join(_cut("x" * 25, 10)) == "x" * 25


def test_a_word_of_twice_the_length_takes_about_twice_the_looks_at_its_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []

    def look(character: str) -> bool:
        looked.append(character)
        return is_cjk(character)

    monkeypatch.setattr("pipeline.text.utterances.is_cjk", look)

    def looks(length: int) -> int:
        looked.clear()
        assert "".join(_cut("x" * length, 50)) == "x" * length
        return len(looked)

    once = looks(1_000)
    # A cut halves the word, so each doubling adds one look a letter; quadratic work would be four times.
    assert 0 < looks(2_000) < 3 * once


def test_a_long_word_of_two_scripts_is_cut_behind_a_chinese_character() -> None:
    assert _cut("abcdefgh我ijklmnop", 10, "zh") == ["abcdefgh我", "ijklmnop"]


def test_chinese_is_cut_at_its_own_stops() -> None:
    assert _cut("我昨天去了北京。他今天才回来。", 10, "zh") == ["我昨天去了北京。", "他今天才回来。"]


def test_a_letter_keeps_its_accents() -> None:
    letter = "x\u0301"  # no composed form exists
    for utterance in _cut(letter * 20, 7):
        assert unicodedata.combining(utterance[0]) == 0


def test_no_utterance_of_a_long_text_is_only_punctuation() -> None:
    utterances = _cut("It went on and on … and then it stopped for good . . . !", 20)
    assert all(any(character.isalnum() for character in utterance) for utterance in utterances)


@pytest.mark.parametrize("written", ["", "…", "* * *", "😀"])
def test_silent_text_has_no_utterances(written: str) -> None:
    assert _cut(written, 10) == []


def test_no_room_at_all_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="0 characters"):
        _cut("Hello", 0)
