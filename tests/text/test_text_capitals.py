"""Words in capitals: letters are spelt, words are said, and the neighbours tell where both could be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.capitals import is_spelt
from pipeline.text.normalize import speak


@pytest.mark.parametrize(
    "word",
    str.split(
        "ME HIM SHE AT NEAR HEARTS DOTH STOP NO WHY MY NASA NATO AIDS YACHT LYNX TSAR GNOME KNIGHT "
        "PSALM WELSH SHH HMM BRRR GRR PSST NOOOO AARGH MCCOY SKERRAVOE ACHTUNG OK DEPTHS BEHALF SCHWA "
        "WALTZ ISTHMUS"
    ),
)
def test_a_word_in_capitals_is_said(word: str) -> None:
    assert speak(f"They cried {word} again.", "en-us").text == f"They cried {word} again."


@pytest.mark.parametrize(
    "word", str.split("USA BBC FBI TV DVD CIA UFO EU UK HTML XKCD DJ HIV IBM NYPD UNHCR WBNX SUV AI")
)
def test_an_initialism_is_spelt_even_among_capitals(word: str) -> None:
    letters = " ".join(word)
    assert speak(f"The {word} came.", "en-us").text == f"The {letters} came."
    assert speak(f"THE {word} FILES", "en-gb").text == f"THE {letters} FILES"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("I said IT was mine.", "I said IT was mine."),
        ("the IT department", "the I T department"),
        ("She works in IT.", "She works in I T."),
        ("They told US to go.", "They told US to go."),
        ("He left the US.", "He left the U S."),
        ("US troops", "U S troops"),
        ("THE LAST OF US", "THE LAST OF US"),
        ("BACK TO THE US OF OLD", "BACK TO THE US OF OLD"),
        ("WHO said so?", "WHO said so?"),
        ("the WHO said so", "the W H O said so"),
        ("I AM here.", "I AM here."),
        ("AM radio", "A M radio"),
        ("OR else", "OR else"),
        ("two LEDs", "two L E D's"),
        ("an LED lamp", "an L E D lamp"),
        ("She LED them.", "She LED them."),
        ("the BBC's TVs", "the B B C's T V's"),
        ("MP3", "M P three"),
        ("DON'T! ISN'T IT?", "DON'T! ISN'T IT?"),
        ("McDONALD", "McDONALD"),
        ("FBI-led", "F B I-led"),
        ("MR. DARCY AND MRS BENNET, ESQ.", "MISTER DARCY AND MISSUS BENNET, ESQUIRE."),
        ("before WWII began", "before World War Two began"),
    ],
)
def test_the_neighbours_tell_whether_letters_are_meant(written: str, said: str) -> None:
    assert speak(written, "en-us").text == said


def test_other_languages_keep_their_capitals() -> None:
    assert speak("La FBI y la ONU", "es").text == "La FBI y la ONU"
    assert speak("我看BBC", "zh").text == "我看BBC"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=8))
def test_whatever_the_letters_none_is_lost(word: str) -> None:
    spoken = speak(f"The {word} came.", "en-us")
    assert "".join(spoken.written[piece.start : piece.end] for piece in spoken.pieces) == spoken.written
    if is_spelt(word):
        assert f" {' '.join(word)} " in spoken.text or any(
            piece.rule in ("roman", "abbreviation") for piece in spoken.pieces
        )
