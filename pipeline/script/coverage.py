"""Proof that no word of a script is lost: each character is spoken once, or silent by a named rule."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import FullcastError
from pipeline.script.model import Script, Span


@dataclass(frozen=True)
class Coverage:
    """Characters of all files of a script: `characters` = `spoken` + the sum of `silent_by_rule`.

    The files are those that hold chapters; a cast or lexicon kept in a file of its own is not text.
    """

    characters: int
    spoken: int
    silent_by_rule: dict[str, int]


def coverage(script: Script) -> Coverage:
    """How many characters are spoken, and how many are silent by which rule.

    Raises:
        FullcastError: a character belongs to two or to none; that is a bug of the reader.
    """
    spans: dict[str, list[Span]] = {file: [] for file in script.sources}
    spoken = 0
    for line in script.lines():
        for span in line.spans:
            spoken += span.end - span.start
            spans[span.file].append(span)
    silent: dict[str, int] = {}
    for each in script.silent:
        silent[each.rule] = silent.get(each.rule, 0) + each.span.end - each.span.start
        spans[each.span.file].append(each.span)
    for file, length in script.sources.items():
        _check(file, length, spans[file])
    return Coverage(sum(script.sources.values()), spoken, dict(sorted(silent.items())))


def _check(file: str, length: int, spans: list[Span]) -> None:
    """Raises unless the spans follow one another from 0 to `length`."""
    place, row = 0, 1
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        if span.start != place:
            what = "no line and no rule has" if span.start > place else "two lines or rules have"
            raise FullcastError(
                f"{what} characters {min(place, span.start)} to {max(place, span.start)}",
                where=f"{file}:{span.line if span.start > place else row}",
                hint="this is a bug of fullcast: please report it with the script",
            )
        place, row = span.end, span.line
    if place != length:
        raise FullcastError(
            f"no line and no rule has characters {place} to {length}",
            where=f"{file}:{row}",
            hint="this is a bug of fullcast: please report it with the script",
        )
