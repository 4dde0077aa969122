"""Characters of a line's text, each with the place in the file that it was written at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pipeline.script.model import Span
from pipeline.script.source import Source

SpeechT = TypeVar("SpeechT")

# Shown by no font: joiners, soft hyphens, marks of byte order. They would part words that a lexicon knows.
INVISIBLE = "\u00ad\u200b\u2060\ufeff"


@dataclass
class Glyphs:
    """Text whose character i was written at characters [starts[i], ends[i]) of the file."""

    chars: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, char: str, start: int, end: int) -> None:
        """Puts one character at the end."""
        self.chars.append(char)
        self.starts.append(start)
        self.ends.append(end)

    def cut(self, start: int, end: int) -> Glyphs:
        """Characters [start, end) of the text."""
        return Glyphs(self.chars[start:end], self.starts[start:end], self.ends[start:end])

    def extend(self, other: Glyphs) -> None:
        """Puts another text at the end."""
        self.chars += other.chars
        self.starts += other.starts
        self.ends += other.ends

    @property
    def text(self) -> str:
        """The characters in one piece."""
        return "".join(self.chars)

    def trimmed(self) -> Glyphs:
        """Without white space at either end."""
        text = self.text
        start = len(text) - len(text.lstrip())
        return self.cut(start, max(start, len(text.rstrip())))

    def spans(self, source: Source) -> tuple[Span, ...]:
        """The places in the file, neighbours joined, in order."""
        joined: list[list[int]] = []
        for start, end in zip(self.starts, self.ends, strict=True):
            if joined and joined[-1][1] == start:
                joined[-1][1] = end
            elif end > start:
                joined.append([start, end])
        return tuple(source.span(start, end) for start, end in joined)


def has_words(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit of any script."""
    return any(char.isalnum() for char in text)


def joined(pieces: Iterable[Glyphs]) -> Glyphs:
    """All pieces in one."""
    whole = Glyphs()
    for piece in pieces:
        whole.extend(piece)
    return whole


def collapse(
    glyphs: Iterable[tuple[str, int, int, SpeechT]],
) -> list[tuple[str, int, int, SpeechT]]:
    """The glyphs with each run of white space made one space, and none where East Asian text is wrapped."""
    kept: list[tuple[str, int, int, SpeechT]] = []
    gap: list[tuple[str, int, int, SpeechT]] = []
    for glyph in glyphs:
        char = glyph[0]
        if not char or char in INVISIBLE:
            continue
        if char.isspace():
            gap.append(glyph)
            continue
        if gap:
            wrapped = any(each[0] in "\r\n" for each in gap)
            if not (wrapped and kept and _is_east_asian(kept[-1][0]) and _is_east_asian(char)):
                kept.append(_space(gap))
            gap = []
        kept.append(glyph)
    return kept


def _space(gap: list[tuple[str, int, int, SpeechT]]) -> tuple[str, int, int, SpeechT]:
    """One space for a run of white space, as wide in the file as the run reaches without interruption."""
    _, start, end, speech = gap[0]
    for _, next_start, next_end, _ in gap[1:]:
        if next_start != end:
            break
        end = next_end
    return " ", start, end, speech


def _is_east_asian(char: str) -> bool:
    """Scripts and punctuation written without spaces: CJK, kana, full-width forms; curly quotes too."""
    point = ord(char)
    return (
        0x2E80 <= point <= 0xA4CF
        or 0xF900 <= point <= 0xFAFF
        or 0xFE30 <= point <= 0xFFEF
        or 0x20000 <= point <= 0x3FFFF
    )
