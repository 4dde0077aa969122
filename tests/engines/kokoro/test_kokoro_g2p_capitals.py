"""Kokoro's front end says emphasized capitals as words, and spells what the spoken text spells."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines.kokoro.g2p import Phonemizer, with_s
from pipeline.text.normalize import speak
from pipeline.text.sentences import split_sentences

CORPUS = Path(os.environ.get("FULLCAST_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
ALICE = CORPUS / "books" / "alice-gutenberg-11.txt"
NAMES = "A bi si di i ɛf ʤi Aʧ I ʤA kA ɛl ɛm ɛn O pi kju ɑɹ ɛs ti ju vi dʌbᵊlju ɛks wI zi"
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", NAMES.split(), strict=True))
# Each word as the tagger once took it for a name, and so spelt it.
EMPHASIZED = (
    "Let HIM go, not ME! And SHE was NEAR.",
    "Look AT that, said the QUEEN of HEARTS.",
    "How DOTH the little busy BEE, wrote the SLUGGARD?",
    "’TIS I, and it IS HER turn; DON’T tell THEM, it’s ALICE’S.",
    "Is THIS the RABBIT-HOLE, or was THAT it?",
)


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    """One for all tests: its front ends take seconds to start."""
    return Phonemizer()


def said(phonemizer: Phonemizer, written: str) -> str:
    """Phonemes of a written text, without stress and length: how letters are named is told by the rest."""
    phonemes = phonemizer.phonemize(speak(written, "en-us").text, "en-us").phonemes
    return re.sub("[ˈˌː]", "", phonemes)


def spelt_words(phonemes: str, written: str) -> list[str]:
    """The words of two or more capitals that are said as the names of their letters."""
    words = [word.replace("’", "") for word in re.findall(r"[A-Z][A-Z’]+[A-Z]|[A-Z]{2}", written)]
    return [
        word for word in words if "".join(LETTERS[letter] for letter in word) in phonemes.replace(" ", "")
    ]


@pytest.mark.parametrize("written", EMPHASIZED)
def test_emphasized_words_are_said_and_not_spelt(phonemizer: Phonemizer, written: str) -> None:
    assert spelt_words(said(phonemizer, written), written) == []


def test_the_letters_of_an_initialism_are_spelt(phonemizer: Phonemizer) -> None:
    written = "The FBI and BBC met the CIA in the USA on TV."
    assert spelt_words(said(phonemizer, written), written) == ["FBI", "BBC", "CIA", "USA", "TV"]


def test_an_acronym_that_is_a_word_is_said_as_one(phonemizer: Phonemizer) -> None:
    assert said(phonemizer, "At NASA.") == "æt næsə."


def test_emphasis_gives_a_small_word_its_stress(phonemizer: Phonemizer) -> None:
    plain = phonemizer.phonemize("I saw him.", "en-us").phonemes
    emphasized = phonemizer.phonemize("I saw HIM.", "en-us").phonemes
    assert "hˈɪm" in emphasized and "hˈɪm" not in plain


def test_a_line_all_in_capitals_sounds_as_in_small_letters(phonemizer: Phonemizer) -> None:
    loud = phonemizer.phonemize("THE QUEEN OF HEARTS", "en-gb")
    assert loud == phonemizer.phonemize("the queen of hearts", "en-gb")


def test_spelt_letters_are_one_word_with_one_main_stress(phonemizer: Phonemizer) -> None:
    assert phonemizer.phonemize("At five A M.", "en-us").phonemes.endswith("ˌAˈɛm.")


def test_a_pronoun_and_an_article_are_no_initialism(phonemizer: Phonemizer) -> None:
    assert "ˌIˈA" not in phonemizer.phonemize("Am I A king?", "en-us").phonemes


def test_a_lexicon_word_in_capitals_keeps_its_phonemes(phonemizer: Phonemizer) -> None:
    phonemes = phonemizer.phonemize("ask HIM or FBI", "en-us", (("HIM", "zɑ"), ("FBI", "zi"))).phonemes
    assert phonemes.endswith("zɑ ɔɹ zi")


@pytest.mark.parametrize(("letters", "plural"), [("ˌbˌisˈi", "z"), ("ˌIɑɹˈɛs", "ɪz"), ("ˈɛf", "s")])
def test_an_s_behind_letters_sounds_as_english_has_it(letters: str, plural: str) -> None:
    assert with_s(letters) == letters + plural


def sentences(text: str) -> Iterator[str]:
    """The sentences of the novel that have a word in capitals."""
    start, end = text.index("*** START"), text.index("*** END")
    for paragraph in re.split(r"\n\s*\n", text[text.index("\n", start) : end].replace("_", "")):
        joined = " ".join(paragraph.split())
        spans = split_sentences(joined, "en-us")
        yield from (joined[a:b] for a, b in spans if re.search(r"[A-Z]{2}", joined[a:b]))


@pytest.mark.slow
@pytest.mark.skipif(
    not ALICE.is_file(), reason=f"no corpus at {CORPUS}; FULLCAST_CORPUS names another folder"
)
def test_no_word_of_a_novel_is_spelt(phonemizer: Phonemizer) -> None:
    found = list(sentences(ALICE.read_text(encoding="utf-8-sig")))
    assert len(found) > 200
    spelt = {
        sentence: words for sentence in found if (words := spelt_words(said(phonemizer, sentence), sentence))
    }
    assert spelt == {}
