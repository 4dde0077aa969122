"""What is asked of a run: workers, memory, and which lines of a book."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import UsageError, did_you_mean
from pipeline.plan.plan import Plan


@dataclass(frozen=True)
class RunOptions:
    """What is asked of a run, beyond scripts and folders."""

    workers: int | None = None
    device: str = "auto"
    address: str | None = None
    memory: str | None = None
    limit: int | None = None
    chapter: str | None = None
    only: str | None = None
    local: bool = False
    strict: bool = False
    preload: str = "none"
    budget: str | None = None
    price_per_hour: float | None = None


def restricted(plan: Plan, options: RunOptions) -> Plan:
    """The plan with only the lines that `--chapter`, `--only` and `--limit` ask for.

    Raises:
        UsageError: no such chapter or character.
    """
    if options.chapter is not None:
        index = _chapter_index(plan, options.chapter)
        plan = plan.restricted(lambda line: line.chapter == index)
    if options.only is not None:
        known = {line.line.character for line in plan.lines}
        if options.only not in known:
            raise UsageError(f"no character '{options.only}'", hint=did_you_mean(options.only, known))
        plan = plan.restricted(lambda line: line.line.character == options.only)
    if options.limit is not None:
        if options.limit < 0:
            raise UsageError(f"--limit {options.limit}: must be 0 or more")
        first = {line.key for _, line in zip(range(options.limit), plan.to_render(), strict=False)}
        plan = plan.restricted(lambda line: line.key in first)
    return plan


def _chapter_index(plan: Plan, wanted: str) -> int:
    titles = [chapter.title for chapter in plan.script.chapters]
    if wanted.isdigit() and 1 <= int(wanted) <= len(titles):
        return int(wanted) - 1
    if wanted in titles:
        return titles.index(wanted)
    raise UsageError(f"no chapter '{wanted}'", hint=did_you_mean(wanted, titles))
