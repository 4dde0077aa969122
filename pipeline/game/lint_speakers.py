"""Lint of speakers: names that the cast does not have, names a slip away from another. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import nearest
from pipeline.game.line import Finding, GameLine, Translation

# A slip is rare: the other name has at least three times as many lines.
_RARER = 3
# Of two names of one or two letters any pair is a slip apart.
_SHORTEST_TWIN = 3


@dataclass(frozen=True)
class CastLines:
    """Lines whose speakers one cast knows; None where nothing declares any."""

    lines: Sequence[GameLine]
    cast: Mapping[str, str] | None


def lint_speakers(parts: Sequence[CastLines]) -> Iterator[Finding]:
    """D003 of a project: against the cast where there is one, else only against names that speak far more."""
    counts = Counter(line.character for part in parts for line in part.lines if line.character is not None)
    slips = dict(near_twins(counts))
    for part in parts:
        if part.cast is None:
            yield from _slips(part.lines, slips, counts)
        else:
            yield from _unknown(part.lines, part.cast, counts)


def _unknown(lines: Iterable[GameLine], cast: Mapping[str, str], counts: Counter[str]) -> Iterator[Finding]:
    known = {*cast, *cast.values()}
    folded = {name.casefold() for name in known}
    hints: dict[str, str] = {}
    for line in lines:
        name = line.character
        if name is None or name in known or (line.format == "dink" and name.casefold() in folded):
            continue
        if name not in hints:
            hints[name] = _hint(nearest(name, known), counts)
        yield Finding("D003", line.place, f"unknown character `{name}`{hints[name]}", line.id, None, "error")


def _hint(near: str | None, counts: Counter[str]) -> str:
    if near is None:
        return ""
    return f"; did you mean `{near}`{_count(counts[near])}?"


def _count(lines: int) -> str:
    return f" ({lines} line{'s' if lines > 1 else ''})" if lines else ""


def _slips(lines: Iterable[GameLine], slips: Mapping[str, str], counts: Counter[str]) -> Iterator[Finding]:
    for line in lines:
        name = line.character
        if name is not None and name in slips:
            message = f"unknown character `{name}`{_hint(slips[name], counts)}"
            yield Finding("D003", line.place, message, line.id, None, "warning")


def near_twins(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Names one edit away from one with at least three times as many lines, each with that one.

    Names meet in a table of what is left of them without one character: linear in the names' characters.
    A difference of digits (`Guard 1`, `Guard 2`) is no slip.
    Source: Mor and Fraenkel 1982, "A hash code method for detecting and correcting spelling errors".
    """
    meeting: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        if len(name) >= _SHORTEST_TWIN - 1:
            for key in {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}:
                meeting[key].append(name)
    for name, count in counts.items():
        others = {
            other
            for key in {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}
            for other in meeting.get(key, ())
            if count * _RARER <= counts[other] and _is_one_edit(name, other)
        }
        if others:
            yield name, max(others, key=lambda other: (counts[other], other))


def _is_one_edit(one: str, two: str) -> bool:
    """Whether one character inserted, deleted or replaced makes one name of the other."""
    if one == two or max(len(one), len(two)) < _SHORTEST_TWIN or abs(len(one) - len(two)) > 1:
        return False
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and one[-1 - end] == two[-1 - end]:
        end += 1
    left, right = one[start : len(one) - end], two[start : len(two) - end]
    return max(len(left), len(right)) == 1 and not (left + right).isdecimal()


def lint_translated_speakers(
    pairs: Iterable[tuple[GameLine, Translation]],
) -> Iterator[Finding]:
    """D025: rows whose translated speaker is not the one that most rows of that character have."""
    rows: dict[tuple[str, str], list[Translation]] = defaultdict(list)
    for line, translation in pairs:
        if line.character is not None and translation.speaker:
            rows[translation.locale, line.character].append(translation)
    for translations in rows.values():
        counts = Counter(row.speaker for row in translations)
        if len(counts) == 1:
            continue
        usual, _ = counts.most_common(1)[0]
        for row in translations:
            if row.speaker != usual:
                message = (
                    f"translated speaker differs between rows of one character (`{row.speaker}`, `{usual}`)"
                )
                yield Finding("D025", row.place, message, row.id, row.locale)
