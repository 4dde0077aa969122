"""Properties of spoken text: nothing is lost, nothing raises, what is silent says why."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.normalize import is_silent, speak

LANGUAGES = ["en-us", "en-gb", "zh", "fr", "es", "de", "ja", "hi", "pt", "it", "qaa"]
# Rules that may silence a character that counts as a letter or digit.
SILENCING_RULES = {"footnote-mark", "emoji", "invisible", "private-use", "stray-mark"}
_TRICKY = (
    " .,!?'\"’‘“”-–—…:;/$£%°½²¹0123456789IVXLCabzMrStNo\u0301\u200d\u00ad\u200b🙂👩\ue000"
    "年月日元2点$#@&()[]*\n\t"
)
_FRAGMENTS = (
    "Mr. |$5|1999|–|-|IV|Chapter |p. |5'|6\"|a.m.|12/5/1999|May |st|10:30|%|km|²|Henry |1,000|0|.5|e\u0301|"
    "ﬁ|Ⅳ|٣|www.a.com|年|第|２|£|¥|’90s| |. |F.B.I.|½|C#|🙂|1️⃣"
)
texts = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=_TRICKY, max_size=40),
    st.lists(st.sampled_from(_FRAGMENTS.split("|")), max_size=8).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(texts, st.sampled_from(LANGUAGES), st.booleans())
@example("‘\u0300", "en-us", False)
@example("\ud800a", "en-us", False)
def test_pieces_cover_any_text_once_and_in_order(text: str, language: str, title: bool) -> None:
    position = 0
    for piece in speak(text, language, title=title).pieces:
        assert piece.start == position < piece.end
        position = piece.end
    assert position == len(text)


@settings(max_examples=400, deadline=None)
@given(texts, st.sampled_from(LANGUAGES))
def test_every_letter_and_digit_is_spoken_unless_a_named_rule_silences_it(text: str, language: str) -> None:
    for piece in speak(text, language).pieces:
        if any(character.isalnum() for character in text[piece.start : piece.end]):
            assert piece.spoken.strip() or piece.rule in SILENCING_RULES


@settings(max_examples=200, deadline=None)
@given(texts, st.sampled_from(LANGUAGES))
def test_spoken_text_is_composed_and_has_single_spaces(text: str, language: str) -> None:
    said = speak(text, language).text
    assert said == unicodedata.normalize("NFC", said)
    assert said == " ".join(said.split())


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ,;", max_size=60), st.sampled_from(["en-us", "zh", "fr"]))
def test_plain_words_are_one_piece_as_written(text: str, language: str) -> None:
    spoken = speak(text, language)
    assert [piece.rule for piece in spoken.pieces] == ["as-written"] * bool(text)
    assert spoken.text == " ".join(text.split())


def test_what_is_not_as_written_names_its_rule() -> None:
    spoken = speak("On 12 May 1999 Dr. Who paid $3.50 😀.", "en-us")
    said = {piece.rule: piece.spoken for piece in spoken.pieces if piece.rule != "as-written"}
    assert said == {
        "date": "the twelfth of May, nineteen ninety-nine",
        "abbreviation": "Doctor",
        "currency": "three dollars and fifty cents",
        "emoji": "",
    }


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("", "white-space"),
        (" \n", "white-space"),
        ("…", "punctuation"),
        ("“—”", "punctuation"),
        ("?!", "punctuation"),
        ("* * *", "symbol"),
        ("😀", "emoji"),
        ("\u00ad", "soft-hyphen"),
        ("\u200b", "invisible"),
        ("\ue000", "private-use"),
    ],
)
def test_a_text_without_words_says_which_rule_silences_it(written: str, rule: str) -> None:
    assert is_silent(speak(written, "en-us")) == rule


@pytest.mark.parametrize("written", ["I", "5", "&", "…no", "好", "½", "$5"])
def test_a_text_with_something_to_say_is_not_silent(written: str) -> None:
    assert is_silent(speak(written, "en-us")) is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("co\u00adoperate", "cooperate"),
        ("cafe\u0301", "caf\u00e9"),
        ("ﬂoor ｏｎｅ", "floor one"),
        ("a\u00a0b\u2003c", "a b c"),
        ("zero\u200bwidth", "zerowidth"),
        ("क्\u200dष", "क्\u200dष"),
        ("keycap 1️⃣", "keycap one"),
        ("𝐁old", "Bold"),
    ],
)
def test_look_alike_and_invisible_characters_are_cleaned(written: str, said: str) -> None:
    assert speak(written, "en-us").text == said


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "A.",
        " ",
        ". ",
        "12-",
        "'a",
        "s' ",
        "www.",
        "1,000,",
        "IV ",
        "\n ",
        "a-",
        "100 ",
        "e\u0301",
        "年1",
    ],
)
def test_long_monotonous_text_is_covered_too(unit: str) -> None:
    text = unit * 1500
    spoken = speak(text, "en-us")
    assert sum(piece.end - piece.start for piece in spoken.pieces) == len(text)


def test_importing_the_room_loads_nothing_slow() -> None:
    script = (
        "import sys, pipeline.text.normalize, pipeline.text.sentences, pipeline.text.lexicon\n"
        "import pipeline.text.utterances\n"
        "slow = {'numpy', 'num2words', 'cn2an', 'torch', 'spacy', 'pydantic', 'pipeline.text.english'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
