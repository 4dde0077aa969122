"""How every importer reads a file: UTF-8 with or without BOM, any line ends; comments that silence lint."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.game.line import Finding, Place

_IGNORE = re.compile(r"fullcast:\s*ignore\b(?P<codes>[^\n]*)", re.IGNORECASE)
_CODE = re.compile(r"\bD\d{3}\b", re.IGNORECASE)
# A string, or what is no JSON: a comment, or a comma before a closing bracket (comments may stand between).
_JSONC = re.compile(
    r"""("(?:[^"\\\n]|\\.)*") | //[^\n]* | /\*.*?\*/
    | ,(?=(?>(?:\s|//[^\n]*\n|/\*(?:(?!\*/).)*\*/)*)[\]}])""",
    re.DOTALL | re.VERBOSE,
)


def relative(path: Path, root: Path) -> str:
    """A file's name as findings and places give it: relative to the project's folder, with `/`."""
    try:
        return Path(os.path.relpath(path, root)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def read_text(path: Path, root: Path) -> tuple[str, tuple[Finding, ...]]:
    """A file's text with `\\n` for every line end and no BOM, and D019 where it is not UTF-8.

    Bytes that are not UTF-8 become U+FFFD, so that the rest of the file is still checked.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", relative(path, root)) from error
    findings: tuple[Finding, ...] = ()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (len(data) - len(error.object))  # the codec counts without the BOM
        place = Place(relative(path, root), data.count(b"\n", 0, start) + 1)
        findings = (Finding("D019", place, f"not UTF-8 at byte {start}"),)
        text = data.decode("utf-8-sig", errors="replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, findings


def parse_jsonc(text: str, where: str) -> Any:
    """JSON that may hold comments and trailing commas.

    Comments are blanked in place, so that the row of an error is that of the file.

    Raises:
        UsageError: it is no JSON; with the row.
    """
    plain = _JSONC.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    try:
        return json.loads(plain)
    except json.JSONDecodeError as error:
        raise UsageError(f"no valid JSON: {error.msg}", f"{where}:{error.lineno}") from error


def ignored_codes(comment: str) -> frozenset[str]:
    """The codes that a comment silences: `fullcast: ignore D003, D005`."""
    found = _IGNORE.search(comment)
    return frozenset(code.upper() for code in _CODE.findall(found["codes"])) if found else frozenset()
