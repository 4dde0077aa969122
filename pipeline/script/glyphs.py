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

    def pick(self, places: list[int]) -> Glyphs:
        """The characters at these places of the text."""
        return Glyphs(
            [self.chars[place] for place in places],
            [self.starts[place] for place in places],
            [self.ends[place] for place in places],
        )

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
        starts, ends = self.starts, self.ends
        if starts and starts[1:] == ends[:-1] and starts[0] < ends[0]:
            return (source.span(starts[0], ends[-1]),)
        joined: list[list[int]] = []
        for start, end in zip(starts, ends, strict=True):
            if joined and joined[-1][1] == start:
                joined[-1][1] = end
            elif end > start:
                joined.append([start, end])
        return tuple(source.span(start, end) for start, end in joined)


def has_words(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit of any script."""
    return any(map(str.isalnum, text))


def joined(pieces: Iterable[Glyphs]) -> Glyphs:
    """All pieces in one."""
    whole = Glyphs()
    for piece in pieces:
        whole.extend(piece)
    return whole


def collapse(glyphs: Glyphs, speech: list[SpeechT]) -> tuple[Glyphs, list[SpeechT]]:
    """The glyphs with each run of white space made one space, and none where East Asian text is wrapped.

    Args:
        speech: what belongs to each glyph; what is left of it comes back, too.
    """
    if "" in glyphs.chars:
        heard = [place for place, char in enumerate(glyphs.chars) if char]
        speech = [speech[place] for place in heard]
        glyphs = glyphs.pick(heard)
    text = glyphs.text
    # Most texts have single spaces alone; a label leaves one in front.
    body = text[1:] if text.startswith(" ") else text
    if body == " ".join(body.split()) and body and not _has_invisible(text):
        return glyphs, speech
    kept = Glyphs()
    kept_speech: list[SpeechT] = []
    gap: list[int] = []
    for place, char in enumerate(glyphs.chars):
        if char in INVISIBLE:
            continue
        if char.isspace():
            gap.append(place)
            continue
        if gap:
            wrapped = any(glyphs.chars[each] in "\r\n" for each in gap)
            if not (wrapped and kept.chars and _is_east_asian(kept.chars[-1]) and _is_east_asian(char)):
                kept.add(" ", glyphs.starts[gap[0]], _gap_end(glyphs, gap))
                kept_speech.append(speech[gap[0]])
            gap = []
        kept.add(char, glyphs.starts[place], glyphs.ends[place])
        kept_speech.append(speech[place])
    return kept, kept_speech


def _has_invisible(text: str) -> bool:
    return not text.isascii() and any(char in text for char in INVISIBLE)


def _gap_end(glyphs: Glyphs, gap: list[int]) -> int:
    """Where a run of white space ends in the file, as far as it reaches without interruption."""
    end = glyphs.ends[gap[0]]
    for place in gap[1:]:
        if glyphs.starts[place] != end:
            break
        end = glyphs.ends[place]
    return end


def _is_east_asian(char: str) -> bool:
    """Scripts and punctuation written without spaces: CJK, kana, full-width forms; curly quotes too."""
    point = ord(char)
    return (
        0x2E80 <= point <= 0xA4CF
        or 0xF900 <= point <= 0xFAFF
        or 0xFE30 <= point <= 0xFFEF
        or 0x20000 <= point <= 0x3FFFF
    )
