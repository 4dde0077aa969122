"""`dialogue.tab`, what `renpy PROJECT dialogue LANGUAGE` writes: tab-separated without quoting. Pure.

Source: renpy:renpy/translation/dialogue.py (DialogueFile, dialogue_command); renpy/translation/__init__.py
(quote_unicode).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import UsageError
from pipeline.game.formats.renpy_say import Say, parse_say
from pipeline.game.line import Finding, Place

_HEADER = ("Identifier", "Character", "Dialogue", "Filename", "Line Number")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_TAG = re.compile(r"\{\{|\[\[|\[[^\[\]]*\]|(?P<tag>\{[^{}]*\})")
_NUMBER = re.compile(r"[0-9]{1,9}")
_CAPTION = "<menu caption>"
_IDENTIFIER = re.compile(r"(?P<label>.*)_[0-9a-f]{8}(?:_\d+)?$")


@dataclass(frozen=True, slots=True)
class TabRow:
    """One say of the export; `row` is its place in the export, `file` and `line` where the export saw it."""

    identifier: str
    character: str
    text: str
    file: str
    line: int
    row: int
    say: Say | None

    @property
    def label(self) -> str | None:
        """The label with `_` for dots, where the identifier is a computed one."""
        found = _IDENTIFIER.match(self.identifier)
        return found["label"] if found else None


def escaped(text: str, *, every: bool = False) -> str:
    """Text as the export writes it; `every` is its `--escape`, else only what would break the table."""
    text = text.replace("\\", "\\\\")
    letters = _ESCAPES if every else {"n": "\n", "t": "\t"}
    for letter, meant in letters.items():
        text = text.replace(meant, "\\" + letter)
    return text.replace('"', '\\"') if every else text


def unescaped(cell: str) -> str:
    """The text that was written as this cell, whichever way of escaping it was."""
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), cell) if "\\" in cell else cell


def doubles_collapsed(text: str) -> str:
    """Text as the export has it: `{{` is `{` and `%%` is `%`, again and again. Source: combine_filter."""
    for double in ("{{", "%%"):
        while double in text:
            text = text.replace(double, double[0])
    return text


def exported(text: str, *, tags: bool = True) -> str:
    """A say's text as the export has it; without `tags` it is that of `--notags`. Source: notags_filter."""
    if not tags:
        text = _TAG.sub(lambda found: "" if found["tag"] else found[0], text)
    return doubles_collapsed(text)


def read_tab(text: str, file: str) -> tuple[list[TabRow], list[Finding]]:
    """The says of an export, without menu captions and strings, and what is wrong with its rows.

    A row that somebody damaged is told (D018, D022) and left out.

    Raises:
        UsageError: the header is not that of an export.
    """
    lines = text.split("\n")
    if tuple(lines[0].split("\t")[: len(_HEADER)]) != _HEADER:
        hint = "export it again: renpy PROJECT dialogue LANGUAGE"
        raise UsageError(f"no dialogue export: its header is not {', '.join(_HEADER)}", f"{file}:1", hint)
    rows: list[TabRow] = []
    findings: list[Finding] = []
    width = len(lines[0].split("\t"))
    for number, cells in _joined(lines[1:]):
        if cells[0] in {"", _CAPTION}:
            continue
        place = Place(file, number)
        if not len(_HEADER) <= len(cells) <= width:
            message = f"row has {len(cells)} cells, header has {width}: export again"
            findings.append(Finding("D018", place, message, cells[0]))
        elif not _NUMBER.fullmatch(cells[4]):
            message = f"`{cells[4]}` in dialogue.tab is no line number: export again"
            findings.append(Finding("D022", place, message, cells[0]))
        else:
            rows.append(_row(cells, number))
    return rows, findings


def _row(cells: list[str], number: int) -> TabRow:
    says = parse_say(cells[5]) if len(cells) > len(_HEADER) else None
    say = says[0] if says else None
    return TabRow(cells[0], cells[1], unescaped(cells[2]), cells[3], int(cells[4]), number, say)


def _joined(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Rows as cells. Arguments of a say may go over line ends, which the exporter leaves in the last cell."""
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) == 1 and found and len(found[-1][1]) > len(_HEADER):
            found[-1][1][-1] += "\n" + line
        elif line:
            found.append((number, cells))
    return found
