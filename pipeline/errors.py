"""What can go wrong, told to a person in one line. Imports nothing of ours.

Exit codes (also in docs/exit-codes.md): 0 done; 1 finished, some lines quarantined; 2 wrong usage or
configuration; 3 script, cast or lexicon wrong; 4 something missing; 5 store or disk; 6 drift;
7 a policy forbids it; 70 our bug; 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class FullcastError(Exception):
    """Base of every error that is the user's or the machine's, never ours.

    Args:
        message: what is wrong, with the author's own words quoted.
        where: `file:line` or a path; stands before the message.
        hint: what to do about it; stands after the message.
    """

    exit_code = 70

    def __init__(self, message: str, where: str | None = None, hint: str | None = None) -> None:
        # All three go to args: an exception is rebuilt from them on the far side of a process border.
        super().__init__(message, where, hint)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}; {self.hint}" if self.hint else text


class LineError(FullcastError):
    """One line cannot be spoken; it is quarantined and the book goes on."""

    exit_code = 1


class UsageError(FullcastError):
    """A wrong option or setting."""

    exit_code = 2


class MissingError(FullcastError):
    """An engine, weights, a program, a device or Ray is not there."""

    exit_code = 4


class EngineError(FullcastError):
    """A whole engine or model stopped; none of its lines can be spoken."""

    exit_code = 4


class StoreError(FullcastError):
    """The take store or the output folder cannot be read or written."""

    exit_code = 5


class DriftError(FullcastError):
    """What was delivered no longer matches the script or the preset."""

    exit_code = 6


class PolicyError(FullcastError):
    """A budget, a consent record or a licence forbids it."""

    exit_code = 7


class AudioError(FullcastError):
    """An audio file or array is not what it must be."""

    exit_code = 5


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a script, cast or lexicon. `warning` problems do not stop a render."""

    file: str
    line: int
    message: str
    hint: str | None = None
    warning: bool = False

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {'warning: ' if self.warning else ''}{self.message}"
        return f"{text}; {self.hint}" if self.hint else text


class ScriptError(FullcastError):
    """A script, cast or lexicon is wrong; holds all problems found, not the first."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        Exception.__init__(self, tuple(problems))
        self.problems = tuple(problems)
        self.message = "\n".join(str(problem) for problem in self.problems)
        self.where = None
        self.hint = None

    def __str__(self) -> str:
        return self.message


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None if none is near (case is ignored)."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], limit: int = 8) -> str:
    """A hint that names the nearest known name, or lists what there is."""
    names = sorted(set(known))
    best = nearest(name, names)
    if best is not None:
        return f"did you mean '{best}'?"
    if not names:
        return "there is none"
    shown = ", ".join(names[:limit])
    return f"there are: {shown}" + (f" and {len(names) - limit} more" if len(names) > limit else "")
