"""What speaking a text comes to: pieces that cover the written text once, each with what is said for it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

AS_WRITTEN = "as-written"

_WHITE_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Piece:
    """Characters [start, end) of the written text and what is said for them.

    `spoken` is "" where nothing is said; `rule` names why it reads as it does (`as-written` is verbatim).
    """

    start: int
    end: int
    spoken: str
    rule: str


@dataclass(frozen=True)
class SpokenText:
    """A written text as it will be said.

    Attributes:
        written: the text as it was given.
        pieces: cover `written` exactly once, in order; they prove that no character was lost.
        phonemes: words as they stand in `text` with the IPA that the lexicon asks for, longest first.
    """

    written: str
    pieces: tuple[Piece, ...]
    phonemes: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The spoken text: NFC, every run of white space one space, none at the ends."""
        joined = "".join(piece.spoken for piece in self.pieces)
        return _WHITE_SPACE.sub(" ", unicodedata.normalize("NFC", joined)).strip()


@dataclass(frozen=True)
class Tongue:
    """How to read: language (BCP 47, lower case) and whether the text is a chapter's title."""

    language: str
    title: bool = False

    @property
    def base(self) -> str:
        """The language without its region: `en` of `en-gb`."""
        return self.language.replace("_", "-").split("-")[0]

    @property
    def british(self) -> bool:
        """Whether English is read with "and" in numbers and the day before the month."""
        return self.base == "en" and self.language not in ("en", "en-us", "en-ca", "en-ph")
