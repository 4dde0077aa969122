"""One file of a script in memory: its text, its rows, and which of its characters are spoken or silent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import Problem
from pipeline.script.model import SilentSpan, Span

SPOKEN = "spoken"
# White space that a text file may hold below U+0020; anything else there means that it is no text.
ALLOWED_CONTROLS = "\t\n\r\f"
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
        self._owners: list[str | None] = [None] * len(text)
        self._row_starts = [0, *_row_starts(text)]

    def row(self, offset: int) -> int:
        """The row, counted from 1, in which the character at `offset` stands."""
        return bisect_right(self._row_starts, offset)

    def span(self, start: int, end: int) -> Span:
        """Characters [start, end) as a place."""
        return Span(self.name, self.row(start), start, end)

    def silence(self, start: int, end: int, rule: str) -> None:
        """Gives the characters of [start, end) that nobody has yet to a silent rule."""
        for offset in range(start, end):
            if self._owners[offset] is None:
                self._owners[offset] = rule

    def speak(self, start: int, end: int) -> bool:
        """Gives [start, end) to a line; False if some of it has an owner already."""
        free = all(owner is None for owner in self._owners[start:end])
        self._owners[start:end] = [SPOKEN] * (end - start)
        return free

    def is_spoken(self, start: int, end: int) -> bool:
        """Whether some character of [start, end) belongs to a line already."""
        return SPOKEN in self._owners[start:end]

    def unowned(self, start: int, end: int) -> list[int]:
        """The offsets in [start, end) that nobody has yet."""
        return [offset for offset in range(start, end) if self._owners[offset] is None]

    def silence_rest(self, rule: str | None = None) -> None:
        """Gives what is left to `rule`; without one, only white space, to the rule of that name."""
        for offset, owner in enumerate(self._owners):
            if owner is None and (
                rule is not None or self.text[offset].isspace() or self.text[offset] == BYTE_ORDER_MARK
            ):
                self._owners[offset] = rule or "whitespace"

    def silent(self) -> Iterator[SilentSpan]:
        """The silent characters as the longest runs of one rule, in order."""
        start = 0
        for offset in range(1, len(self._owners) + 1):
            if offset < len(self._owners) and self._owners[offset] == self._owners[start]:
                continue
            rule = self._owners[start] if self._owners else None
            if rule is not None and rule != SPOKEN:
                yield SilentSpan(self.span(start, offset), rule)
            start = offset


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
    for offset, character in enumerate(text):
        if character < " " and character not in ALLOWED_CONTROLS:
            row = text.count("\n", 0, offset) + 1
            findings.error(name, row, f"control character U+{ord(character):04X}: this is no text file")
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


def _row_starts(text: str) -> Iterator[int]:
    """Offsets after each line feed, CR LF or lone CR."""
    for offset, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[offset + 1 : offset + 2] != "\n"):
            yield offset + 1
