"""What a reading rule is, and how a list of rules claims spans of a view."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.text.cjk import is_cjk
from pipeline.text.spoken import Tongue
from pipeline.text.view import View

Say = Callable[[re.Match[str], Tongue], str | None]


@dataclass(frozen=True)
class Rule:
    """A named reading: where `pattern` matches, `say` gives the spoken form, or None to leave it alone.

    `needs_digit` rules are passed over in a text without a digit, which most lines are.
    """

    name: str
    pattern: re.Pattern[str]
    say: Say
    needs_digit: bool = True


@dataclass(frozen=True)
class Claim:
    """Characters [start, end) of a view, what is said for them, and by which rule."""

    start: int
    end: int
    spoken: str
    rule: str


def claim_spans(
    view: View, first: Iterable[Claim], rules: Iterable[Rule], last: Iterable[Claim], tongue: Tongue
) -> list[Claim]:
    """All claims that find their place free: `first`, then by rule in order, then `last`. Sorted by place."""
    taken = bytearray(len(view.text))
    kept: list[Claim] = []

    def keep(claim: Claim) -> None:
        free = not any(taken[claim.start : claim.end]) and claim.start < claim.end
        if free and not view.splits_cluster(claim.start) and not view.splits_cluster(claim.end):
            taken[claim.start : claim.end] = b"\1" * (claim.end - claim.start)
            kept.append(claim)

    for claim in first:
        keep(claim)
    has_digit = any(character.isdigit() for character in view.text)
    for rule in rules:
        if rule.needs_digit and not has_digit:
            continue
        for match in rule.pattern.finditer(view.text):
            if any(taken[match.start() : match.end()]):
                continue
            spoken = rule.say(match, tongue)
            if spoken is not None:
                keep(Claim(match.start(), match.end(), spaced(spoken, match), rule.name))
    for claim in last:
        keep(claim)
    return sorted(kept, key=lambda claim: claim.start)


def spaced(spoken: str, match: re.Match[str]) -> str:
    """The reading with a space where it would run into a letter beside it (`MP3` -> `MP three`)."""
    text = match.string
    if match.start() > 0 and spoken and _run_together(text[match.start() - 1], spoken[0]):
        spoken = f" {spoken}"
    if match.end() < len(text) and spoken and _run_together(spoken[-1], text[match.end()]):
        spoken = f"{spoken} "
    return spoken


def _run_together(left: str, right: str) -> bool:
    """Whether two letters or digits meet; a raised figure (a power, a footnote's mark) is read by itself."""
    is_raised = unicodedata.decomposition(right).startswith("<super>")
    return left.isalnum() and right.isalnum() and not (is_raised or is_cjk(left) or is_cjk(right))
