"""From a YAML scalar to glyphs: each character of its value with the place that it was written at."""

from __future__ import annotations

import re

from pipeline.script.glyphs import Glyphs
from pipeline.script.nodes import Scalar
from pipeline.script.source import Source

_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r\n|.)", re.DOTALL)
_BLANK_ROW = re.compile(r"\n[ \t]*\n|\r\n[ \t]*\r\n|\r[ \t]*\r")


def scalar_glyphs(scalar: Scalar, source: Source) -> list[Glyphs]:
    """The paragraphs of a text scalar; blank rows part them in the block styles (| and >).

    White space of the value stands where the file has any, so only its amount can differ. If value and
    file cannot be matched otherwise, the scalar's whole place belongs to its first character.
    """
    matched = _match(scalar, source)
    if matched is None:
        matched = Glyphs()
        for number, char in enumerate(scalar.text):
            matched.add(char, scalar.start if number == 0 else scalar.end, scalar.end)
    if scalar.style not in ("|", ">"):
        return [matched]
    paragraphs: list[Glyphs] = [Glyphs()]
    for number, char in enumerate(matched.chars):
        paragraphs[-1].add(char, matched.starts[number], matched.ends[number])
        gap = source.text[matched.starts[number] : matched.ends[number]]
        if char.isspace() and _BLANK_ROW.search(gap):
            paragraphs.append(Glyphs())
    return [each for each in paragraphs if each.text.strip()]


def _match(scalar: Scalar, source: Source) -> Glyphs | None:
    """Glyphs whose characters other than white space are those of the value; None if they are not."""
    start, end = scalar.start, scalar.end
    if scalar.style in ("'", '"'):
        start, end = start + 1, end - 1
    elif scalar.style in ("|", ">"):
        start = source.text.index("\n" if "\n" in source.text[start:end] else "\r", start) + 1
    glyphs = Glyphs()
    place = start
    while place < end:
        char, width = _next(source.text, place, end, scalar.style)
        for number, each in enumerate(char):
            glyphs.add(each, place if number == 0 else place + width, place + width)
        place += width
    written = [char for char in glyphs.text if not char.isspace()]
    return glyphs if written == [char for char in scalar.text if not char.isspace()] else None


def _next(text: str, place: int, end: int, style: str | None) -> tuple[str, int]:
    """The value's next character (or none, or a space for a run of them) and its width in the file."""
    if text[place].isspace():
        stop = place
        while stop < end and text[stop].isspace():
            stop += 1
        return text[place], stop - place
    if style == "'" and text.startswith("''", place):
        return "'", 2
    if style == '"' and text[place] == "\\":
        escape = _ESCAPE.match(text, place, end)
        assert escape is not None, "YAML has checked that an escape is complete"
        return _unescape(escape[0]), len(escape[0])
    return text[place], 1


def _unescape(escape: str) -> str:
    """What a double-quoted escape stands for. Source: YAML 1.1, section 5.6 (escape sequences)."""
    kind = escape[1]
    if kind in "xuU":
        return chr(int(escape[2:], 16))
    if kind in "\r\n":
        return ""
    named = {"n": "\n", "t": "\t", "r": "\r", "N": "\u0085", "_": "\u00a0", "L": "\u2028", "P": "\u2029"}
    controls = {"0": "\0", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "e": "\x1b"}
    return named.get(kind) or controls.get(kind) or kind
