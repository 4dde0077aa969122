"""Whole runs of the command on a small book, in processes of their own, and what came out of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
HEAD = """---
fullcast: 1
book: {title: Two Lamps, author: Nobody, language: en-us}
cast: {narrator: tone/low, Ann: tone/high}
---
"""
# What is made of takes alone: the same takes give the same bytes.
SOUNDS = ("*.flac", "*.m4b", "*.vtt", "*.srt")


@dataclass(frozen=True)
class Ended:
    """A run that ended: exit code, events, the error stream."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Events of one kind."""
        return [event for event in self.events if event["event"] == kind]

    def spoken(self) -> list[str]:
        """Keys of the takes that this run spoke itself."""
        return [event["key"] for event in self.of("LineRendered") if event["audio_s"] > 0]

    def last_error(self) -> str:
        """The one line that says why it stopped."""
        return self.errors.splitlines()[-1]


def write_book(folder: Path, lines: int, word: str = "quiet") -> Path:
    """A book of two chapters with so many lines."""
    rows = [HEAD]
    for number in range(lines):
        if number % (lines // 2) == 0:
            rows.append(f"\n# Part {number}\n")
        who = "Ann: " if number % 3 == 0 else ""
        rows.append(f"\n{who}This is the {word} line number {number} of this book.\n")
    path = folder / "book.md"
    path.write_text("".join(rows), encoding="utf-8")
    return path


def start(book: Path, store: object, output: Path, *more: str, **environment: str) -> subprocess.Popen[str]:
    """The command, begun; in one process if no other options are given."""
    asked = ["render", str(book), "--store", str(store), "-o", str(output), "--preset", "none"]
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli.main", *asked, "--json", *(more or ("--local",))],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    """What became of it."""
    out, errors = process.communicate(timeout=300)
    return Ended(process.returncode, [json.loads(row) for row in out.splitlines()], errors)


def run(book: Path, store: object, output: Path, *more: str, **environment: str) -> Ended:
    """The command from its beginning to its end."""
    return ended(start(book, store, output, *more, **environment))


def sounds(output: Path) -> dict[str, bytes]:
    """The book's sound and captions by name."""
    found = [path for pattern in SOUNDS for path in output.rglob(pattern)]
    return {str(path.relative_to(output)): path.read_bytes() for path in found}
