"""The pronunciation lexicon: what an entry means, and where it applies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.script.model import LexiconEntry, Span
from pipeline.text.normalize import speak
from pipeline.text.pronunciation import check_entry, parse_entry

SPAN = Span("book.md", 1, 0, 1)


def _lexicon(**values: str) -> tuple[LexiconEntry, ...]:
    return tuple(_entry(word.replace("_", " "), value) for word, value in values.items())


def _entry(word: str, value: str) -> LexiconEntry:
    return LexiconEntry(word, *parse_entry(word, value), SPAN)


@pytest.mark.parametrize(
    ("value", "phonemes", "respelling"),
    [
        ("dˈɪlɪŋəm", "dˈɪlɪŋəm", None),
        ("/red/", "red", None),
        ("kæt", "kæt", None),
        ("oh bry-en", None, "oh bry-en"),
        ("chóng qìng", None, "chóng qìng"),
        ("重庆", None, "重庆"),
    ],
)
def test_a_value_is_phonemes_or_a_respelling(
    value: str, phonemes: str | None, respelling: str | None
) -> None:
    assert parse_entry("word", value) == (phonemes, respelling)
    assert check_entry("word", value) is None


@pytest.mark.parametrize(
    ("word", "value", "part"),
    [
        ("x", "", "says nothing for 'x'"),
        ("..", "dots", "'..' has no letter"),
        ("x", "/ab", "slash at one end only"),
        ("x", "ˈst", "no vowel"),
        ("x", "dˈɪ5", "'5' in the phonemes"),
        ("x", "dˈɪж", "'ж' in the phonemes"),
        ("x", "?!", "no letter or digit"),
    ],
)
def test_an_implausible_entry_is_told_in_one_line(word: str, value: str, part: str) -> None:
    message = check_entry(word, value)
    assert message is not None and part in message and "\n" not in message


def test_a_respelling_takes_the_place_of_the_whole_word() -> None:
    spoken = speak("Siobhan, not Siobhanne or unSiobhan.", "en-us", _lexicon(Siobhan="shiv-awn"))
    assert spoken.text == "shiv-awn, not Siobhanne or unSiobhan."
    assert spoken.pieces[0].rule == "lexicon"
    assert spoken.phonemes == ()


def test_phonemes_leave_the_word_and_are_handed_on_with_it() -> None:
    spoken = speak("Mr. Dillingham came.", "en-us", _lexicon(Dillingham="dˈɪlɪŋəm"))
    assert spoken.text == "Mister Dillingham came."
    assert spoken.phonemes == (("Dillingham", "dˈɪlɪŋəm"),)


@pytest.mark.parametrize(
    ("phonemes", "ending", "heard"),
    [
        ("dˈɪlɪŋəm", "’s", "dˈɪlɪŋəmz"),
        ("kˈæt", "s", "kˈæts"),
        ("ʤˈɔɹʤ", "'s", "ʤˈɔɹʤɪz"),
        ("bˈi", "s'", "bˈiz"),
    ],
)
def test_a_possessive_or_plural_keeps_its_ending(phonemes: str, ending: str, heard: str) -> None:
    spoken = speak(f"the Quux{ending} hat", "en-us", _lexicon(Quux=phonemes))
    assert spoken.text == f"the Quux{ending} hat".replace("’", "'")
    assert spoken.phonemes == ((f"Quux{ending}".replace("’", "'"), heard),)
    assert speak(f"the Quux{ending} hat", "en-us", _lexicon(Quux="kwooks")).text == (
        f"the kwooks{ending} hat".replace("’", "'")
    )


def test_the_longest_entry_wins() -> None:
    lexicon = _lexicon(New_York="noo yawk", New="gnu", York="yark")
    assert speak("New York, new York, New", "en-us", lexicon).text == "noo yawk, new yark, gnu"


def test_an_entry_with_a_capital_minds_case_and_one_without_does_not() -> None:
    lexicon = _lexicon(SQL="sequel", gaol="jail")
    assert speak("SQL sql Gaol GAOL gaol", "en-us", lexicon).text == "sequel sql jail jail jail"


def test_an_entry_is_found_through_curly_apostrophes_soft_hyphens_and_accents() -> None:
    lexicon = (_entry("O'Brien", "oh bry-en"), _entry("café", "kaff"))
    assert speak("O’Br\u00adien's cafe\u0301", "en-us", lexicon).text == "oh bry-en's kaff"
    assert speak("cafe", "en-us", lexicon).text == "cafe"


def test_chinese_entries_match_inside_a_run_of_characters() -> None:
    assert speak("我在重庆市", "zh", (_entry("重庆", "崇庆"),)).text == "我在崇庆市"


def test_the_lexicon_wins_over_every_rule() -> None:
    lexicon = (_entry("1984", "orwell"), _entry("Dr. No", "doctor know"))
    assert speak("Dr. No read 1984 in 1985.", "en-us", lexicon).text == (
        "doctor know read orwell in nineteen eighty-five."
    )


@given(st.text(max_size=30), st.text(alphabet="qxz", min_size=4, max_size=8))
def test_an_entry_that_does_not_occur_changes_nothing(text: str, word: str) -> None:
    if word not in text.lower():
        assert speak(text, "en-us", (_entry(word, "ˈɑ"),)) == speak(text, "en-us")


def test_every_one_of_five_thousand_entries_is_found() -> None:
    lexicon = tuple(_entry(f"Word{number}x", f"say{number}y") for number in range(5000))
    assert speak("Word0x and Word4999x, Word5000x", "fr", lexicon).text.startswith("say")
    for number in (0, 17, 2500, 4999):
        piece = speak(f"a Word{number}x b", "en-us", lexicon).pieces[1]
        assert (piece.spoken, piece.rule) == (f"say{number}y", "lexicon")


def test_a_list_that_grew_is_read_anew() -> None:
    lexicon = [_entry("one", "wun")]
    assert speak("one two", "en-us", lexicon).text == "wun two"
    lexicon.append(_entry("two", "too"))
    assert speak("one two", "en-us", lexicon).text == "wun too"
