"""What `check` shows on a console: a table of files, the findings, a total. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.game.reports.github import summary_row
from pipeline.game.reports.report import Report

_COLUMNS = ("lines", "ids", "characters", "errors", "warnings")
_LONGEST_NAME = 60


def file_table(report: Report) -> Iterator[str]:
    """A row for each file: lines, IDs, characters, errors, warnings."""
    files: Mapping[str, Mapping[str, Any]] = report.counts.get("files", {})
    if not files:
        return
    width = min(_LONGEST_NAME, max(map(len, files)))
    yield f"{'file':<{width}}  {'  '.join(f'{name:>10}' for name in _COLUMNS)}"
    for file, facts in files.items():
        values = [len(facts["characters"]) if name == "characters" else facts[name] for name in _COLUMNS]
        yield f"{file:<{width}}  {'  '.join(f'{value:>10}' for value in values)}"


def finding_rows(report: Report) -> Iterator[str]:
    """Each finding as `FILE:LINE: CODE: message [id]`."""
    return map(str, report.findings)


def total(report: Report, locales: Sequence[str]) -> str:
    """The last row: what there is, in which locales, and how many findings."""
    counts = report.counts
    found = summary_row(report).partition(";")[0]
    return (
        f"{counts['lines']} lines, {counts['ids']} ids, {len(counts['characters'])} characters, "
        f"{counts['voiced']} to voice in {', '.join(locales)}; {found}"
    )
