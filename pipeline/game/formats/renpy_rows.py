"""Ren'Py's own cutting of a file into logical rows and nested blocks. Pure; knows no statement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipeline.errors import UsageError

_BARE = r"[^\"'`#()\[\]{}\\\n]"
# Most rows by far: words and strings in double quotes that end where they began.
_PLAIN_ROW = re.compile(rf'{_BARE}*+(?:"(?!"")(?:[^"\\\n]|\\[^\n])*+"{_BARE}*+)*+\n')
_BLANK_ROWS = re.compile(r"(?:[ \t\f]*+(?:\#[^\n]*+)?\\?\n)*+")
STRING = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*+'''"
    r"|```(?:[^`\\]|\\.|`(?!``))*+```"
    r'|"(?:[^"\\]|\\.)*+"'
    r"|'(?:[^'\\]|\\.)*+'"
    r"|`(?:[^`\\]|\\.)*+`"
)
_TOKEN = re.compile(
    rf"(?P<bare>{_BARE}++)|(?P<string>{STRING})|(?P<comment>\#[^\n]*+)|(?P<newline>\n)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<joined>\\\n)|(?P<other>.)",
    re.DOTALL,
)
_LETTER = r"[a-zA-Z0-9\u0080-\U0010FFFF]"
_PRIVATE = re.compile(rf"(?P<string>{STRING})|\b__(?P<name>{_LETTER}+(?:_{_LETTER}+)*_?)\b", re.DOTALL)
_PRIVATE_IN_STRING = re.compile(r"(\.|\[+)__(\w+)")


@dataclass(slots=True)
class Row:
    """One logical row: its first row in the file (from 1), indent, text without comment, what is under it."""

    number: int
    indent: int
    text: str
    comment: str | None = None
    block: list[Row] = field(default_factory=list)


def rows_of(text: str, file: str) -> list[Row]:
    """The nested rows of a script; `text` has `\\n` for line ends and no BOM.

    Brackets and strings carry a row over line ends. Source: renpy:renpy/lexer.py (list_logical_lines,
    group_logical_lines).

    Raises:
        UsageError: a string or bracket that never ends, or an indent that matches no block; with the row.
    """
    top: list[Row] = []
    stack: list[tuple[int, list[Row]]] = [(0, top)]
    for row in _logical_rows(text, file):
        indent, block = stack[-1]
        if row.indent > indent and block:
            block = block[-1].block
            stack.append((row.indent, block))
        elif row.indent < indent:
            while stack and row.indent < stack[-1][0]:
                stack.pop()
            if not stack or stack[-1][0] != row.indent:
                raise UsageError("indent matches no block above", f"{file}:{row.number}")
            block = stack[-1][1]
        block.append(row)
    return top


def _logical_rows(text: str, file: str) -> list[Row]:
    data = text + "\n"
    prefix = private_prefix(file) if "__" in text else None
    rows: list[Row] = []
    position, number = 0, 1
    while position < len(data):
        blank = _BLANK_ROWS.match(data, position)
        if blank and blank.end() > position:
            number += data.count("\n", position, blank.end())
            position = blank.end()
            continue
        plain = _PLAIN_ROW.match(data, position)
        if plain:
            line, comment, end, last = plain[0][:-1], None, plain.end(), number + 1
        else:
            line, comment, end, last = _joined_row(data, position, number, file)
        if prefix and "__" in line:
            line = with_private_names(line, prefix)
        bare = line.lstrip(" \t")
        rows.append(Row(number, len(line) - len(bare), bare, comment))
        position, number = end, last
    return rows


def _joined_row(data: str, position: int, number: int, file: str) -> tuple[str, str | None, int, int]:
    """A row that may go over line ends: its text, its last comment, where it ends, the next row's number."""
    parts: list[str] = []
    opened: list[tuple[str, int]] = []
    comment: str | None = None
    row = number
    while position < len(data):
        token = _TOKEN.match(data, position)
        assert token is not None  # the last alternative takes anything
        kind, piece = token.lastgroup, token[0]
        position = token.end()
        if kind == "comment":
            comment = piece[1:].strip()
            continue
        if kind == "newline" and not opened:
            return "".join(parts), comment, position, row + 1
        if kind == "open":
            opened.append((piece, row))
        elif kind == "close" and opened:
            opened.pop()
        elif kind == "other" and piece in "\"'`":
            raise UsageError("string is never closed", f"{file}:{row}", f"close it with {piece}")
        row += piece.count("\n")
        parts.append(piece)
    bracket, at = opened[-1]
    raise UsageError(f"'{bracket}' is never closed", f"{file}:{at}")


def private_prefix(file: str) -> str:
    """What stands in a file before the name of `__name`, so that no other file has it.

    Source: renpy:renpy/lexer.py (munge_filename).
    """
    stem = PurePosixPath(file).stem.replace(" ", "_")
    return "_m1_" + re.sub(r"[^a-zA-Z0-9_]", lambda found: hex(ord(found[0])), stem) + "__"


def with_private_names(text: str, prefix: str) -> str:
    """A row with each `__name` as the engine names it, in strings only where one is interpolated.

    Source: renpy:renpy/lexer.py (list_logical_lines, get_string_munger).
    """

    def in_string(found: re.Match[str]) -> str:
        odd = len(found[1]) % 2 == 1
        return found[1] + prefix + found[2] if odd and "__" not in found[2] else found[0]

    def change(found: re.Match[str]) -> str:
        if found["name"] is not None:
            return prefix + found["name"]
        return _PRIVATE_IN_STRING.sub(in_string, found["string"])

    return _PRIVATE.sub(change, text)
