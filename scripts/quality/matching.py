"""Where a recognizer's words and a book's words part, and what that says about each line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from wording import is_figure, readings, spelling

# A free word (a name, a word of the lexicon) may be heard as anything of like length.
FREE_LENGTH_FACTOR = 2.0
# Letters of the longest acronym that is compared letter by letter.
JOINED = 5


@dataclass(frozen=True)
class Step:
    """One step along both texts: reference words [a, b) against heard words [c, d).

    `errors` is what the step costs; `free` counts reference words that were heard differently but are free.
    """

    reference: tuple[int, int]
    heard: tuple[int, int]
    errors: int
    free: int = 0

    @property
    def matched(self) -> bool:
        """Whether the words on both sides agree (or are free)."""
        return self.errors == 0


def match(reference: Sequence[str], heard: Sequence[str], free: Callable[[int], bool]) -> list[Step]:
    """The cheapest way along both texts.

    Words that differ only in where they are joined agree (`pine apple`, `pineapple`; letters `F B I`, heard
    `FBI`), but a word that is heard as letters (`him`, `h i m`) does not.

    Args:
        free: whether the reference word at an index may be heard as any word of like length.
    """
    best: list[list[tuple[int, int, Step | None]]] = [
        [(0, 0, None)] * (len(heard) + 1) for _ in range(len(reference) + 1)
    ]
    for i in range(len(reference) + 1):
        for j in range(len(heard) + 1):
            if i or j:
                best[i][j] = min(_arrivals(best, i, j, reference, heard, free), key=lambda each: each[:2])
    steps: list[Step] = []
    i, j = len(reference), len(heard)
    while i or j:
        step = best[i][j][2]
        assert step is not None  # every cell but the first was reached by a step
        steps.append(step)
        i, j = step.reference[0], step.heard[0]
    return steps[::-1]


def _arrivals(
    best: list[list[tuple[int, int, Step | None]]],
    i: int,
    j: int,
    reference: Sequence[str],
    heard: Sequence[str],
    free: Callable[[int], bool],
) -> list[tuple[int, int, Step]]:
    found = []

    def arrive(rows: int, columns: int, errors: int, freely: int = 0) -> None:
        before = best[i - rows][j - columns]
        step = Step((i - rows, i), (j - columns, j), errors, freely)
        found.append((before[0] + errors, before[1] + freely, step))

    if i:
        arrive(1, 0, 1)
    if j:
        arrive(0, 1, 1)
    if i and j:
        same = spelling(reference[i - 1]) == spelling(heard[j - 1])
        arrive(1, 1, 0 if same else 1)
        if not same and free(i - 1) and _like_length(reference[i - 1], heard[j - 1]):
            arrive(1, 1, 0, 1)
        if not same and free(i - 1) and j > 1 and _like_length(reference[i - 1], heard[j - 2] + heard[j - 1]):
            arrive(1, 2, 0, 1)
    for rows, columns in _joints(i, j):
        if rows == 1 and all(len(letter) == 1 for letter in heard[j - columns : j]):
            continue  # a word that was read out letter by letter
        if _joined(reference[i - rows : i]) == _joined(heard[j - columns : j]):
            arrive(rows, columns, 0)
    return found


def _joints(i: int, j: int) -> list[tuple[int, int]]:
    sizes = [(1, many) for many in range(2, JOINED + 1)] + [(many, 1) for many in range(2, JOINED + 1)]
    return [(rows, columns) for rows, columns in [*sizes, (2, 3), (3, 2)] if rows <= i and columns <= j]


def _joined(parts: Sequence[str]) -> str:
    return spelling("".join(parts))


def _like_length(word: str, other: str) -> bool:
    short, long = sorted((len(word), len(other)))
    return long <= FREE_LENGTH_FACTOR * short


def said_figures(
    reference: Sequence[str], heard: Sequence[str], free: Callable[[int], bool], chinese: bool
) -> list[str]:
    """The heard words with each figure as the reading that fits the book best.

    `18` may have been "eighteen" or "the eighteenth": what was said cannot be seen in the figure.
    """
    said = list(heard)
    at = 0
    while at < len(said):
        if not is_figure(said[at]):
            at += 1
            continue
        options = [
            (
                sum(step.errors for step in match(reference, [*said[:at], *reading, *said[at + 1 :]], free)),
                reading,
            )
            for reading in readings(said[at], chinese)
        ]
        chosen = min(options, key=lambda each: each[0])[1]
        said = [*said[:at], *chosen, *said[at + 1 :]]
        at += len(chosen)
    return said


@dataclass(frozen=True)
class Verdict:
    """How well one line was heard: `errors` of `words`, `free` words forgiven, and what is wrong."""

    words: int
    errors: int
    free: int
    faults: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Errors for each word of the book."""
        return self.errors / max(1, self.words)


def judge(reference: Sequence[str], heard: Sequence[str], steps: Sequence[Step]) -> Verdict:
    """The verdict on a line, not by one ratio: an end that is missing hides in a long line's average."""
    errors = sum(step.errors for step in steps)
    count = len(reference)
    faults = []
    if count < 4:
        if errors and _character_errors("".join(reference), "".join(heard)) >= 0.8:
            faults.append("heard as something else")
        return Verdict(count, errors, sum(step.free for step in steps), tuple(faults))
    if errors > math.ceil(count / 10):
        faults.append("many words differ")
    missing = _run(steps[::-1], lambda step: step.heard[0] == step.heard[1])
    extra = _run(steps[::-1], lambda step: step.reference[0] == step.reference[1])
    if missing >= 2:
        faults.append("its end is missing")
    if extra >= 2:
        faults.append("words after its end")
    if _longest_run(steps) >= 4:
        faults.append("a run of words differs")
    if _repeats(heard) - _repeats(reference):
        faults.append("words are repeated")
    return Verdict(count, errors, sum(step.free for step in steps), tuple(faults))


def _run(steps: Sequence[Step], holds: Callable[[Step], bool]) -> int:
    return next((at for at, step in enumerate(steps) if not holds(step)), len(steps))


def _longest_run(steps: Sequence[Step]) -> int:
    longest = current = 0
    for step in steps:
        current = 0 if step.matched else current + 1
        longest = max(longest, current)
    return longest


def _repeats(said: Sequence[str]) -> set[tuple[str, ...]]:
    triples = [tuple(said[at : at + 3]) for at in range(len(said) - 2)]
    return {triple for triple in triples if triples.count(triple) > 1}


def _character_errors(reference: str, heard: str) -> float:
    return 1.0 - SequenceMatcher(None, reference, heard, autojunk=False).ratio()
