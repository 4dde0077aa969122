"""A whole Yarn script: nodes, and their content rows with speaker, emotion and what lint is to ignore. Pure.

Source: YarnSpinner:YarnSpinner.Compiler/Grammars/YarnSpinnerParser.g4 and YarnSpinnerLexer.g4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.game.formats.reading import ignored_codes
from pipeline.game.formats.yarn_text import (
    Content,
    Speaker,
    command_end,
    read_content,
    read_speaker,
    read_tail,
)

_HEADER = re.compile(r"(?P<key>[^\s:/#][^:]*?)[ \t]*:[ \t]*(?P<value>.*)")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
# What silences lint, with what parts it from other words in the comment.
_IGNORE = re.compile(r"[\s#;,.(\[]*fullcast:\s*ignore\b[\s,]*(?:D\d{3}\b[\s,;]*)*[)\]]*", re.IGNORECASE)

EmotionCommands = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Face:
    """An emotion that a command gave a character, and the row of the command."""

    emotion: str
    row: int


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One line, option or line-group item."""

    row: int
    node: str | None
    is_option: bool
    content: Content
    speaker: Speaker
    face: Face | None = None


@dataclass(slots=True)
class YarnScript:
    """What a script holds, in order. `ignored` has the codes that comments silence, by row."""

    rows: list[ContentRow] = field(default_factory=list)
    nodes: int = 0
    ignored: dict[int, frozenset[str]] = field(default_factory=dict)


def parse_script(text: str, emotion_commands: EmotionCommands | None = None) -> YarnScript:
    """The content of a script.

    Args:
        text: with `\\n` as line end and no BOM.
        emotion_commands: command -> (which argument is the character, which the emotion), from 1.
    """
    reader = _Reader(emotion_commands or {})
    for number, row in enumerate(text.split("\n"), 1):
        reader.take(row, number)
    return reader.script


class _Reader:
    """Takes a script row by row; knows whether it is between headers or in a body."""

    def __init__(self, emotion_commands: EmotionCommands) -> None:
        self.script = YarnScript()
        self._emotion_commands = emotion_commands
        self._in_body = False
        self._node: str | None = None
        self._faces: dict[str, Face] = {}
        self._ignored_next: frozenset[str] = frozenset()
        self._arrow_before = ""  # an arrow in a row of its own belongs to the text below

    def take(self, row: str, number: int) -> None:
        """Reads one more row. A marker of a node may have more behind it, as in `===title: Next`."""
        rest = row.strip(" \t")
        while rest:
            mark = "===" if self._in_body else "---"
            if not rest.startswith(mark):
                self._statement(rest, number) if self._in_body else self._header(rest, number)
                return
            self._in_body = not self._in_body
            if self._in_body:
                self.script.nodes += 1
                self._faces = {}
            else:
                self._node = None
            rest = rest[len(mark) :].lstrip(" \t")

    def _header(self, row: str, number: int) -> None:
        if row.startswith("//"):
            self._remark(row, number)
            return
        found = _HEADER.match(row)
        if found and found["key"] == "title":
            self._node = found["value"].partition("//")[0].strip() or None

    def _statement(self, row: str, number: int) -> None:
        """A row of a body. Commands may stand before a text; then the text is content all the same."""
        at = 0
        while row.startswith("<<", at):
            end = command_end(row, at)
            self._command(row[at + 2 : end].removesuffix(">>"), number)
            at = end
            while row[at : at + 1] in (" ", "\t"):
                at += 1
        if at and row.startswith("#", at):  # tags of a command
            self._remark(read_tail(row, at)[1], number)
        elif row.startswith("//", at):
            self._remark(row[at:], number)
        elif at < len(row):
            arrow = row[at : at + 2]
            is_arrow = arrow in ("->", "=>")
            content = read_content(row, at + 2 if is_arrow else at)
            is_option = arrow == "->" or self._arrow_before == "->"
            alone = is_arrow and not (content.has_text or content.tags)
            self._arrow_before = arrow if alone else ""
            self._content(content, is_option, number)

    def _content(self, content: Content, is_option: bool, number: int) -> None:
        codes = self._ignored_next | ignored_codes(content.comment or "")
        self._ignored_next = frozenset()
        if codes:
            self.script.ignored[number] = codes
            left = _IGNORE.sub(" ", content.comment).strip() if content.comment else None
            content = replace(content, comment=left or None)
        if not (content.has_text or content.tags):
            return
        speaker = read_speaker(content.text)
        face = self._faces.get(speaker.name.casefold()) if speaker.name and self._faces else None
        self.script.rows.append(ContentRow(number, self._node, is_option, content, speaker, face))

    def _command(self, command: str, number: int) -> None:
        if not self._emotion_commands:
            return
        words = [quoted or bare for quoted, bare in _WORD.findall(command)]
        places = self._emotion_commands.get(words[0]) if words else None
        if places and max(places) < len(words):
            character, emotion = (words[place] for place in places)
            self._faces[character.casefold()] = Face(emotion, number)

    def _remark(self, comment: str | None, number: int) -> None:
        """A comment of its own: what it silences holds for the next content row."""
        codes = ignored_codes(comment or "")
        if codes:
            self._ignored_next |= codes
            self.script.ignored[number] = codes
