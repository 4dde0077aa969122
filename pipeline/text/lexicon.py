"""A book's pronunciation lexicon: how its entries are found in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.text.cjk import is_cjk
from pipeline.text.rules import Claim
from pipeline.text.view import View, clean_view

if TYPE_CHECKING:
    from pipeline.script.model import LexiconEntry

_MIN_PLURAL_CHARACTERS = 4
_SIBILANTS = ("s", "z", "ʃ", "ʒ", "ʧ", "ʤ")
_VOICELESS = ("p", "t", "k", "f", "θ")
_TOKEN = re.compile(r"\w+|\S")
_POSSESSIVE = re.compile(r"'s(?!\w)")


def fold(text: str) -> str:
    """`text` without case and with one apostrophe, character for character (same length)."""
    if text.isascii():
        return text.lower()
    return "".join(_fold_character(character) for character in text)


def _fold_character(character: str) -> str:
    if character in "’ʼ‘":
        return "'"
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _same_apostrophe(text: str) -> str:
    return text.replace("’", "'").replace("ʼ", "'").replace("‘", "'")


@dataclass(frozen=True)
class _Word:
    """An entry's word ready to be compared; `exact` keeps case because the author wrote a capital."""

    form: str
    exact: bool
    phonemes: str | None
    respelling: str | None


@dataclass(frozen=True)
class Found:
    """An entry found in a view: characters [start, end), what is said, and the phonemes if it has them."""

    start: int
    end: int
    spoken: str
    phonemes: str | None


@dataclass(frozen=True)
class Lexicon:
    """A book's lexicon, indexed by the first word of each entry, so that its size costs nothing per line.

    Make it with `compile_lexicon`. It finds whole words, longest first; it changes nothing itself.
    """

    index: dict[str, tuple[_Word, ...]] = field(default_factory=dict)

    def find(self, view: View, base_language: str) -> list[Found]:
        """Every entry that occurs in the text, in order, none overlapping; endings stay on the word."""
        exact, folded = _same_apostrophe(view.text), fold(view.text)
        found: list[Found] = []
        free_from = 0
        for start, token in _tokens(folded):
            if start >= free_from:
                hit = self._longest(exact, folded, start, token, base_language == "en")
                if hit is not None:
                    found.append(hit)
                    free_from = hit.end
        return found

    def _longest(self, exact: str, folded: str, start: int, token: str, english: bool) -> Found | None:
        """The longest entry that begins here; one that stands there whole before the plural of another."""
        singular = token[:-1] if english and token.endswith("s") else ""
        for key, plural in ((token, False), (singular, True)):
            for word in self.index.get(key, ()):
                if not (exact if word.exact else folded).startswith(word.form, start):
                    continue
                end = start + len(word.form)
                ending = _ending(folded, end, word, plural) if english else ""
                if ending is not None and _is_boundary(folded, end + len(ending)):
                    return _found(exact, start, end + len(ending), word, ending)
        return None


def _found(exact: str, start: int, end: int, word: _Word, ending: str) -> Found:
    if word.respelling is not None:
        return Found(start, end, word.respelling + ending, None)
    phonemes = (word.phonemes or "") + _ending_phoneme(word.phonemes or "", ending)
    return Found(start, end, " ".join(exact[start:end].split()), phonemes)


def _ending(folded: str, end: int, word: _Word, plural: bool) -> str | None:
    """The ending behind an English word: `'s` or none, or if `plural` `s` or `s'`, None if it has neither."""
    if not plural:
        return "'s" if _POSSESSIVE.match(folded, end) else ""
    if len(word.form) < _MIN_PLURAL_CHARACTERS or not word.form[-1].isalpha() or folded[end : end + 1] != "s":
        return None
    return "s'" if folded[end + 1 : end + 2] == "'" and not folded[end + 2 : end + 3].isalnum() else "s"


def _ending_phoneme(phonemes: str, ending: str) -> str:
    """How -s sounds behind these phonemes: /ɪz/ after a sibilant, /s/ after a voiceless stop, else /z/."""
    if not ending:
        return ""
    last = phonemes.rstrip("ː ")
    if last.endswith(_SIBILANTS):
        return "ɪz"
    return "s" if last.endswith(_VOICELESS) else "z"


def _is_boundary(text: str, place: int) -> bool:
    """Whether a word may end before `place`; between CJK characters it always may."""
    if place >= len(text) or place == 0:
        return True
    before, after = text[place - 1], text[place]
    if is_cjk(before) or is_cjk(after):
        return True
    return not (_is_word(before) and _is_word(after))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """(place, token) of each word of `text`; CJK characters and marks are tokens of their own."""
    for match in _TOKEN.finditer(text):
        run, place = match[0], match.start()
        if run.isascii() or not any(is_cjk(character) for character in run):
            yield place, run
            continue
        word_start: int | None = None
        for offset, character in enumerate(run):
            if is_cjk(character):
                if word_start is not None:
                    yield place + word_start, run[word_start:offset]
                    word_start = None
                yield place + offset, character
            elif word_start is None:
                word_start = offset
        if word_start is not None:
            yield place + word_start, run[word_start:]


class _SameTuple:
    """A tuple told from others by identity: hashing 5,000 entries for each line would cost 7 ms a line."""

    def __init__(self, entries: tuple[LexiconEntry, ...]) -> None:
        self.entries = entries

    def __hash__(self) -> int:
        return id(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameTuple) and other.entries is self.entries


@lru_cache(maxsize=8)
def _compile_same(entries: _SameTuple, base_language: str) -> Lexicon:
    return compile_lexicon(entries.entries, base_language)


@lru_cache(maxsize=8)
def compile_lexicon(entries: tuple[LexiconEntry, ...], base_language: str) -> Lexicon:
    """The entries ready to be found; kept for the last few lexicons, as a book asks once per line."""
    index: dict[str, list[_Word]] = {}
    for entry in entries:
        form = _same_apostrophe(clean_view(entry.word.strip(), base_language).text)
        exact = any(character.isupper() for character in form)
        form = form if exact else fold(form)
        first = next(iter(_tokens(fold(form))), None)
        if first is not None:
            index.setdefault(first[1], []).append(_Word(form, exact, entry.phonemes, entry.respelling))
    return Lexicon({
        token: tuple(sorted(words, key=lambda word: (-len(word.form), not word.exact)))
        for token, words in index.items()
    })  # fmt: skip


def lexicon_claims(
    view: View, entries: Sequence[LexiconEntry], base_language: str
) -> tuple[list[Claim], tuple[tuple[str, str], ...]]:
    """Claims of the entries that occur, and (word as spoken, phonemes)"
    " of those with phonemes, longest first."""
    if not entries:
        return [], ()
    if isinstance(entries, tuple):
        lexicon = _compile_same(_SameTuple(entries), base_language)
    else:  # a list may have changed since
        lexicon = compile_lexicon(tuple(entries), base_language)
    found = lexicon.find(view, base_language)
    claims = [Claim(hit.start, hit.end, hit.spoken, "lexicon") for hit in found]
    phonemes = {hit.spoken: hit.phonemes for hit in found if hit.phonemes is not None}
    return claims, tuple(sorted(phonemes.items(), key=lambda item: (-len(item[0]), item[0])))
