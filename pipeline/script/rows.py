"""Markdown's rows: comments taken out, each row with its kind. Characters keep their places in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.script.source import Findings, Source

# Stands for a character of a comment, so that all others keep their places; no text file holds it.
MASK = "\0"
_BLANK = " \t\f\ufeff" + MASK
Kind = Literal[
    "blank",
    "comment",
    "fence",
    "heading",
    "break",
    "cue",
    "footnote",
    "definition",
    "table",
    "rule",
    "list",
    "text",
]

_COMMENT = re.compile(r"(?<!\\)<!--")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_QUOTE_MARKS = re.compile(rf"(?:[{_BLANK}]*>)+")
_FENCE = re.compile(r"(`{3,}|~{3,})[^`]*$")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_HEADING_END = re.compile(r"[ \t]+#+[ \t]*$|^#+$")
_BREAK = re.compile(r"(?:\*[ \t]*){3,}$|(?:-[ \t]*){3,}$|(?:_[ \t]*){3,}$|⁂$")
_CUE = re.compile(r"\{\s*(?:pause|sound)\b[^{}]*\}$")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")
_DEFINITION = re.compile(
    r"\[([^\]^][^\]]*)\]:[ \t]*(?:<[^<>]*>|\S*[/#]\S*)(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?$"
)
_TABLE = re.compile(r"\|.*\|$")
_SETEXT = re.compile(r"={3,}$")
# Four digits and a point start sentences ("1914. The war began."), three hardly ever.
_LIST = re.compile(r"(?:[-*+]|(?P<number>\d{1,3})[.)])[ \t]+(?=\S)")


# A row that starts with none of these is text.
_MARKS = frozenset("`~#[*-_⁂{|=+0123456789")


@dataclass(frozen=True)
class Row:
    """One row without its newline; the piece [start, end) is what may hold text.

    `mark` is what stands before the text by the row's kind, its length in characters; `label` is a link
    definition's name or a fence's mark.
    """

    kind: Kind
    row_start: int
    start: int
    end: int
    newline_end: int
    text: str
    mark: int = 0
    label: str = ""


def mask_comments(source: Source, start: int, findings: Findings) -> str:
    """The file's text with every comment's characters as MASK; they get the rule `comment`."""
    text = source.text
    pieces: list[str] = []
    place = start
    for opened in _COMMENT.finditer(text, start):
        if opened.start() < place:
            continue  # within the comment before
        end = text.find("-->", opened.end()) + len("-->")
        if end < len("-->"):
            row = source.row(opened.start())
            findings.error(source.name, row, "the comment '<!--' has no end", "close it, or write '\\<!--'")
            end = len(text)
        source.silence(opened.start(), end, "comment")
        pieces += [text[place : opened.start()], MASK * (end - opened.start())]
        place = end
    return text[:start] + "".join(pieces) + text[place:]


def read_rows(masked: str, start: int, source: Source) -> Iterator[Row]:
    """Each row from `start` on, block quote marks already given to the rule `markup`."""
    while start < len(masked):
        found = _NEWLINE.search(masked, start)
        end, newline_end = (found.start(), found.end()) if found else (len(masked), len(masked))
        yield _row(masked, start, end, newline_end, source)
        start = newline_end


def _row(masked: str, row_start: int, end: int, newline_end: int, source: Source) -> Row:
    if row_start == end:
        return Row("blank", row_start, end, end, newline_end, "")
    start = row_start
    quote = _QUOTE_MARKS.match(masked, start, end)
    if quote:
        for place in range(start, quote.end()):
            if masked[place] == ">":
                source.silence(place, place + 1, "markup")
        start = quote.end()
    body = masked[start:end]
    start += len(body) - len(body.lstrip(_BLANK))
    stop = max(start, start + len(body.strip(_BLANK)))
    text = masked[start:stop]
    kind, mark, label = _classify(text, MASK in body)
    return Row(kind, row_start, start, stop, newline_end, text, mark, label)


def _classify(text: str, has_comment: bool) -> tuple[Kind, int, str]:
    """Kind, length of the mark before the text, and label of a trimmed row."""
    if not text:
        return ("comment" if has_comment else "blank"), 0, ""
    if text[0] not in _MARKS:
        return "text", 0, ""
    if fence := _FENCE.match(text):
        return "fence", len(text), fence[1]
    if heading := _HEADING.match(text):
        return "heading", heading.end(), heading[1]
    if definition := _DEFINITION.match(text):
        return "definition", len(text), definition[1]
    if item := _LIST.match(text):
        return ("break", len(text), "") if _BREAK.match(text) else ("list", item.end(), item["number"] or "")
    for kind, pattern in _WHOLE_ROWS:
        if pattern.match(text):
            return kind, 0, ""
    return "text", 0, ""


_WHOLE_ROWS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("break", _BREAK),
    ("cue", _CUE),
    ("footnote", _FOOTNOTE),
    ("table", _TABLE),
    ("rule", _SETEXT),
)


def heading_text_end(row: Row) -> int:
    """Where a heading's text ends: before closing marks, as in `## Two ##`."""
    closing = _HEADING_END.search(row.text, row.mark)
    return row.start + closing.start() if closing else row.end
