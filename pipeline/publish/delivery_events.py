"""What happened to the files that are delivered, as facts for reporters; nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.events import Event


@dataclass(frozen=True)
class FileCorrected(Event):
    """An encoded file, decoded and measured, broke a rule; it was encoded again with another gain or ceiling.

    Attributes:
        path: the file; with a chapter's title where it is one chapter of the book's file.
        attempt: 1 for the first time that it was encoded again.
        broken: what it measured against which rules, in words.
    """

    path: str
    attempt: int
    broken: tuple[str, ...]
    gain_db: float
    limit_dbtp: float


@dataclass(frozen=True)
class RuleBroken(Event):
    """A delivered file breaks a rule of the preset, or a part that it asks for is not there.

    Attributes:
        path: the file, or the folder that lacks it.
        advice: what the author can do about it.
    """

    path: str
    rule: str
    value: str
    limit: str
    advice: str
