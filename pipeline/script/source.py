"""One file of a script in memory: its text, its rows, and which of its characters are spoken or silent."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import Problem
from pipeline.script.model import SilentSpan, Span

YAML_SUFFIXES = (".yaml", ".yml")
MARKDOWN_SUFFIXES = (".md", ".markdown")
SPOKEN = "spoken"
# White space that a text file may hold below U+0020; anything else there means that it is no text.
_CONTROL = re.compile(r"[^\t\n\r\f -\U0010ffff]")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_NOBODY, _LINE = b"\0", b"\1"
_UNOWNED = re.compile(rb"\0+")
_SAME_OWNER = re.compile(rb"(.)\1*", re.DOTALL)
BYTE_ORDER_MARK = "\ufeff"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Findings:
    """Collects problems while files are read, so that all are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def error(self, file: str, line: int, message: str, hint: str | None = None) -> None:
        """Notes something that stops a render."""
        self.problems.append(Problem(file, line, message, hint))

    def warn(self, file: str, line: int, message: str, hint: str | None = None) -> None:
        """Notes something that the author should know."""
        self.problems.append(Problem(file, line, message, hint, warning=True))

    @property
    def failed(self) -> bool:
        """Whether there is any error."""
        return any(not problem.warning for problem in self.problems)


class Source:
    """The text of one file and the owner of each character: a silent rule, a line, or nobody yet.

    Owns the bookkeeping that no word is lost or spoken twice; knows nothing of Markdown or YAML.
    `name` is how messages call the file.
    """

    def __init__(self, path: Path, name: str, text: str) -> None:
        self.path = path
        self.name = name
        self.text = text
        # One byte for each character: 0 for nobody, 1 for a line, more for the rules in `_rules`.
        self._owners = bytearray(len(text))
        self._rules = ["", SPOKEN]
        self._codes: dict[str, int] = {}
        self._row_starts = [0, *(found.end() for found in _NEWLINE.finditer(text))]

    def row(self, offset: int) -> int:
        """The row, counted from 1, in which the character at `offset` stands."""
        return bisect_right(self._row_starts, offset)

    def span(self, start: int, end: int) -> Span:
        """Characters [start, end) as a place."""
        return Span(self.name, self.row(start), start, end)

    def silence(self, start: int, end: int, rule: str) -> None:
        """Gives the characters of [start, end) that nobody has yet to a silent rule."""
        code = self._codes.get(rule)
        if code is None:
            code = self._codes[rule] = len(self._rules)
            self._rules.append(rule)
        if end - start != 1:
            self._owners[start:end] = self._owners[start:end].replace(_NOBODY, bytes((code,)))
        elif not self._owners[start]:
            self._owners[start] = code

    def speak(self, start: int, end: int) -> bool:
        """Gives [start, end) to a line; False if some of it has an owner already."""
        free = self._owners.count(_NOBODY, start, end) == end - start
        self._owners[start:end] = _LINE * (end - start)
        return free

    def is_spoken(self, start: int, end: int) -> bool:
        """Whether some character of [start, end) belongs to a line already."""
        return self._owners.find(_LINE, start, end) >= 0

    def unowned(self, start: int, end: int) -> list[int]:
        """The offsets in [start, end) that nobody has yet."""
        if self._owners.find(_NOBODY, start, end) < 0:
            return []
        return [offset for offset in range(start, end) if not self._owners[offset]]

    def silence_rest(self, rule: str | None = None) -> None:
        """Gives what is left to `rule`; without one, only white space, to the rule of that name."""
        if rule is not None:
            self.silence(0, len(self.text), rule)
            return
        for run in _UNOWNED.finditer(bytes(self._owners)):
            for offset in range(*run.span()):
                if self.text[offset].isspace() or self.text[offset] == BYTE_ORDER_MARK:
                    self.silence(offset, offset + 1, "whitespace")

    def silent(self) -> Iterator[SilentSpan]:
        """The silent characters as the longest runs of one rule, in order."""
        for run in _SAME_OWNER.finditer(self._owners):
            owner = run[0][0]
            if owner > _LINE[0]:
                yield SilentSpan(self.span(*run.span()), self._rules[owner])


def read_source(path: Path, name: str, findings: Findings, asked_at: tuple[str, int]) -> Source | None:
    """The text of a script's file, as it stands there; None with a problem noted if it cannot be read.

    Args:
        path: the file.
        name: how messages call it.
        asked_at: file and row that name it, where "there is no such file" belongs.
    """
    if path.is_dir():
        findings.error(*asked_at, f"'{name}' is a folder, not a file", "name the script file in it")
        return None
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        findings.error(*asked_at, f"there is no file '{name}'", _neighbour(path))
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        findings.error(*asked_at, f"cannot read '{name}': {reason}")
        return None
    text = _decode(data, name, findings)
    return None if text is None else Source(path, name, text)


def _decode(data: bytes, name: str, findings: Findings) -> str | None:
    if data.startswith(UTF16_MARKS):
        findings.error(name, 1, "the file is UTF-16, not UTF-8", "save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        findings.error(name, row, f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return None
    control = _CONTROL.search(text)
    if control is not None:
        row = text.count("\n", 0, control.start()) + 1
        findings.error(name, row, f"control character U+{ord(control[0]):04X}: this is no text file")
        return None
    if not text.strip("\ufeff \t\r\n\f"):
        findings.error(name, 1, "the file is empty")
        return None
    return text


def _neighbour(path: Path) -> str | None:
    from pipeline.errors import nearest

    if not path.parent.is_dir():
        return f"there is no folder '{path.parent}' either"
    best = nearest(path.name, (each.name for each in path.parent.iterdir()))
    return f"did you mean '{best}'?" if best else None
