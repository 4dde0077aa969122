"""A Fountain text as rows: title page off, notes and boneyards cut, tags taken from the ends. Pure.

Source: fountain.io/syntax; screenplay-tools:python/src/screenplay_tools/fountain/parser.py;
nyousefi/Fountain:Fountain/FastFountainParser.m.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# What was cut from a row leaves this mark, so that a row of nothing else is not taken for an empty one.
_CUT = "\0"
_BONEYARD = re.compile(r"/\*(?P<text>.*?)\*/", re.DOTALL)
# A note may go over rows, but not over an empty one; a row of blanks in it is none.
_NOTE = re.compile(r"\[\[(?P<text>(?:(?!\]\]|\n\n).)*)\]\]", re.DOTALL)
_TITLE_KEY = re.compile(r"[^\W_][\w '’.-]*:")
# Tags at the end of a row; one of them has the form `key:value`, else `#1` is text.
# A number is none: screenplays call people COP #1 and COP #2.
TAG = r"\s+#(?!\d+(?:\s|$))[^\s#]+"
_TAGS = re.compile(rf"(?P<tags>(?:{TAG})+)\s*$")
_KEYED = re.compile(r"#\w+:\S")
_HEADING = re.compile(r"(?:INT|EXT|EST|INT\./EXT|INT/EXT|I/E)[.\s]", re.IGNORECASE)
_FORCED_HEADING = re.compile(r"\.[^\W_]")
_TRANSITION = re.compile(r"[A-Z\s]+TO:|FADE IN:")
_SCENE_NUMBER = re.compile(r"\s*#[a-zA-Z0-9\-.]+#")


class Row(NamedTuple):
    """One row of the body.

    Attributes:
        number: from 1.
        text: without notes and boneyards, stripped.
        empty: nothing at all stands there, and it keeps no dialogue open.
        gone: only a note or a boneyard stood there: it neither opens nor closes anything.
        open: two blanks, which keep a dialogue open.
        notes: texts of the notes that begin in it.
        below: texts of notes that stand alone on the rows under it.
    """

    number: int
    text: str
    empty: bool = False
    gone: bool = False
    open: bool = False
    notes: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Its own notes and those below."""
        return (*self.notes, *self.below)

    @property
    def is_heading(self) -> bool:
        """Whether it starts a scene."""
        return bool(_HEADING.match(self.text) or _FORCED_HEADING.match(self.text))

    @property
    def heading(self) -> str:
        """A scene's name, without what forces it and without its number."""
        return _SCENE_NUMBER.sub("", self.text.removeprefix(".")).strip()

    @property
    def is_transition(self) -> bool:
        """Whether it has the form of a cut to another scene."""
        return bool(_TRANSITION.fullmatch(self.text))

    @property
    def is_forced(self) -> bool:
        """Whether a sign at its start makes it something else than speech."""
        return self.text[:1] in {"!", ">", "#", "=", "@"} or bool(_FORCED_HEADING.match(self.text))


def rows_of(text: str) -> list[Row]:
    """The rows after the title page; `text` has `\\n` for line ends and no BOM."""
    notes: dict[int, list[str]] = {}

    def keep(found: re.Match[str]) -> str:
        row = found.string.count("\n", 0, found.start()) + 1
        notes.setdefault(row, []).append(" ".join(found["text"].replace(_CUT, " ").split()))
        return _cut(found)

    def drop(found: re.Match[str]) -> str:
        # A boneyard is no note, but it may hold a word to lint.
        return keep(found) if "fullcast:" in found[0] else _cut(found)

    text = text.replace(_CUT, "")
    text = _BONEYARD.sub(drop, text) if "/*" in text else text
    text = _NOTE.sub(keep, text) if "[[" in text else text
    rows = text.split("\n")
    start = title_rows(rows)
    return [_row(number, row, notes) for number, row in enumerate(rows[start:], start=start + 1)]


def _cut(found: re.Match[str]) -> str:
    return _CUT + ("\n" + _CUT) * found[0].count("\n")


def _row(number: int, raw: str, notes: dict[int, list[str]]) -> Row:
    stripped = raw.replace(_CUT, "").strip()
    blank = not stripped and _CUT not in raw
    return Row(
        number,
        stripped,
        empty=blank and raw != "  ",
        gone=not stripped and not blank,
        open=raw == "  ",
        notes=tuple(notes.get(number, ())),
    )


def title_rows(rows: list[str]) -> int:
    """How many rows the title page takes: a block of `Key: value` at the very top, to the first empty row."""
    first = next((number for number, row in enumerate(rows) if row.strip()), None)
    if first is None or not _TITLE_KEY.match(rows[first]):
        return 0
    top = rows[first].strip()
    if _HEADING.match(top) or _TRANSITION.fullmatch(top) or top[0] in "!.>~=#@[(":
        return 0
    return next((number for number in range(first, len(rows)) if not rows[number].strip()), len(rows))


def cut_tags(text: str) -> tuple[str, tuple[str, ...]]:
    """A row without the tags at its end, and the tags.

    Source: screenplay-tools (Parser._extract_tags); there the author switches tags on.
    """
    found = _TAGS.search(text) if "#" in text else None
    if found is None or not _KEYED.search(found["tags"]):
        return text, ()
    return text[: found.start()].rstrip(), tuple(tag.lstrip("#") for tag in found["tags"].split())
