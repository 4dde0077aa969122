"""One content row of a Yarn script: text, placeholders, tags, comment; and who speaks. Pure.

Source: YarnSpinner:YarnSpinner.Compiler/Grammars/YarnSpinnerLexer.g4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_SPEAKER_CHARACTERS = 40
MOST_SPEAKER_WORDS = 3

_STOP = re.compile(r"[\\{#]|<<|//")
# `\[`, `\]` and `\:` are left to the markup's own reader, with their backslash.
_ESCAPABLE = frozenset("\\<>{}#/")
_STRING = r'"(?:[^"\\]|\\.)*"'
_EXPRESSION_END = re.compile(rf"{_STRING}|(?P<end>\}})")
_KEYWORD = re.compile(r"<<[ \t]*(?:if|elseif|set|call|declare|case|once|enum)(?=[\s>])")
_KEYWORD_END = re.compile(rf"{_STRING}|(?P<end>>>)")
_COMMAND_END = re.compile(rf"\{{(?:{_STRING}|[^\"}}])*\}}|(?P<end>>>)")
_TAG = re.compile(r"#[ \t]*([^ \t#$<]+)")
# Source: YarnSpinner:YarnSpinner/YarnSpinner.Markup/LineParser.cs (implicitCharacterRegex, unrolled).
_SPEAKER = re.compile(r"(?P<name>[^:\\]*(?:\\.[^:\\]*)*):\s*", re.DOTALL)
_CHARACTER = re.compile(
    r"\[\s*character\b[^\]]*?\bname\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s\]/]+))"
)
_STARTS_WITH_CHARACTER = re.compile(r"\s*\[character")
_MARKER = re.compile(r"(?<!\\)\[[^\[\]]*\]")
_ESCAPED = re.compile(r"\\([\[\]:\\])")


@dataclass(frozen=True, slots=True)
class Content:
    """What one row says. `text` has `{0}`, `{1}`, ... where the game puts a value in; `values` says which.

    `has_text` is also true of a text that trimming left empty: to the compiler a no-break space is a line.
    """

    text: str
    values: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    comment: str | None = None
    has_text: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, and where the words begin after the name.

    `implausible` is what stands before the first colon when that can hardly be a name; nobody is named then.
    """

    name: str | None = None
    words_at: int = 0
    implausible: str | None = None


def read_content(row: str, at: int = 0) -> Content:
    """The text of a row from `at` on, and what follows it.

    An expression that is not closed, and a backslash before what cannot be escaped, are no Yarn: they are
    kept as they stand.

    Source: YarnSpinner.Compiler/Visitors/StringTableGeneratorVisitor.cs (GenerateFormattedText).
    """
    parts: list[str] = []
    values: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    comment = None
    while stop := _STOP.search(row, at):
        parts.append(row[at : stop.start()])
        mark, at = stop[0], stop.end()
        if mark == "\\":
            escaped = row[at : at + 1]
            parts.append(escaped if escaped in _ESCAPABLE else mark)
            at += 1 if escaped in _ESCAPABLE else 0
        elif mark == "{":
            end = _end(_EXPRESSION_END, row, at)
            if end is None:
                parts.append(mark)
                continue
            place = f"{{{len(values)}}}"
            values[place] = row[at : end - 1].strip()
            parts.append(place)
            at = end
        else:
            tags, comment = read_tail(row, stop.start())
            break
    else:
        parts.append(row[at:])
    text = "".join(parts)
    return Content(text.strip(), values, tags, comment, has_text=bool(text.strip(" \t")))


def read_tail(row: str, at: int) -> tuple[tuple[str, ...], str | None]:
    """Tags and comment after a text or a command; conditions between them are skipped."""
    tags: list[str] = []
    while at < len(row):
        if row.startswith("//", at):
            return tuple(tags), row[at:].lstrip("/").strip() or None
        if row.startswith("<<", at):
            at = command_end(row, at)
        elif found := _TAG.match(row, at):
            tags.append(found[1])
            at = found.end()
        else:
            at += 1
    return tuple(tags), None


def command_end(row: str, at: int) -> int:
    """Where the command that begins at `at` ends, after its `>>`; the row's end if it has none.

    Strings in the language's own commands, and expressions in the game's, may hold a `>>`.
    """
    rule = _KEYWORD_END if _KEYWORD.match(row, at) else _COMMAND_END
    end = _end(rule, row, at + 2)
    return len(row) if end is None else end


def _end(rule: re.Pattern[str], row: str, at: int) -> int | None:
    while found := rule.search(row, at):
        at = found.end()
        if found["end"]:
            return at
    return None


def read_speaker(text: str) -> Speaker:
    """Who says a text: what stands before its first colon, or a `[character]` marker."""
    explicit = _CHARACTER.search(text) if "[" in text else None
    if _STARTS_WITH_CHARACTER.match(text):
        return Speaker(_name_in(explicit) if explicit else None)
    found = _SPEAKER.match(text) if ":" in text else None
    if not found:
        return Speaker(_name_in(explicit)) if explicit else Speaker()
    name = _clean(found["name"])
    if not is_plausible(name):
        return Speaker(implausible=name)
    return Speaker(name, found.end()) if name else Speaker()


def is_plausible(name: str) -> bool:
    """Whether this can be a speaker's name, and is not half a sentence before a colon."""
    words = len(name.split())
    if len(name) > MOST_SPEAKER_CHARACTERS or words > MOST_SPEAKER_WORDS or "{" in name:
        return False
    return words < MOST_SPEAKER_WORDS or not any(mark in name for mark in ".?!")


def _name_in(marker: re.Match[str]) -> str | None:
    quoted = marker["quoted"]
    return _clean(quoted.replace('\\"', '"') if quoted is not None else marker["bare"]) or None


def _clean(name: str) -> str:
    return _ESCAPED.sub(r"\1", _MARKER.sub("", name)).strip()
