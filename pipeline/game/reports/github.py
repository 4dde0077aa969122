"""A report for GitHub: annotations in the log of a run, a summary in Markdown for the pull request. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.game.findings import CODES, PACK_CODES, Judged
from pipeline.game.reports.report import Report

# More of one level are not shown. Source: GitHub's documentation, "Workflow commands": 10 warning and 10
# error annotations a step.
MOST_A_LEVEL = 10
_SHOWN_IN_SUMMARY = 50
_PIPE = str.maketrans({"|": "\\|", "\n": " ", "\r": " ", "<": "&lt;"})


def annotation_rows(report: Report) -> Iterator[str]:
    """`::error file=..` for the first findings of each level, then one row that counts all."""
    for level in ("error", "warning"):
        found = [each for each in report.findings if each.severity == level]
        for each in found[:MOST_A_LEVEL]:
            yield _annotation(level, each, report.prefix)
    yield f"::notice title=fullcast game {report.verb}::{_data(summary_row(report))}"


def summary_row(report: Report) -> str:
    """The counts of findings in one row, those that no annotation shows included."""
    severities = Counter(found.severity for found in report.findings)
    errors, warnings = severities["error"], severities["warning"]
    hidden = sum(max(0, number - MOST_A_LEVEL) for number in (errors, warnings))
    more = f"; {hidden} of them not shown here" if hidden else ""
    return f"{_several(errors, 'error')}, {_several(warnings, 'warning')}{more}"


def _annotation(level: str, found: Judged, prefix: str) -> str:
    place = f"file={_property(prefix + found.file)},line={found.row},title={_property(found.code)}"
    return f"::{level} {place}::{_data(found.message)}"


def _data(text: str) -> str:
    # Source: actions/toolkit:packages/core/src/command.ts (escapeData, escapeProperty).
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def markdown(report: Report) -> Iterator[str]:
    """The summary for a pull request, row by row: verdict, locales, findings by code, the first of them."""
    verdict = "passed" if report.exit_code == 0 else f"failed (exit code {report.exit_code})"
    yield f"### fullcast game {report.verb}: {verdict}\n\n"
    counts = report.counts
    characters = counts.get("characters", {})
    if "lines" in counts:
        yield f"{_several(counts['lines'], 'line')}, {_several(len(characters), 'character')}; "
    yield f"{summary_row(report).partition(';')[0]}.\n"
    for note in report.notes:
        yield f"\n- {_cell(note)}"
    yield "\n" if report.notes else ""
    yield from _locales(report)
    yield from _codes(report.findings)
    yield from _first(report.findings)


def _locales(report: Report) -> Iterator[str]:
    locales = report.counts.get("locales", {})
    if not locales:
        return
    columns = list(dict.fromkeys(name for counts in locales.values() for name in counts))
    yield f"\n| locale | {' | '.join(name.replace('_', ' ') for name in columns)} |\n"
    yield f"|---|{'---:|' * len(columns)}\n"
    for locale, counts in locales.items():
        yield f"| {locale} | {' | '.join(str(counts.get(name, '')) for name in columns)} |\n"


def _codes(findings: Sequence[Judged]) -> Iterator[str]:
    if not findings:
        return
    yield "\n| code | | findings | |\n|---|---|---:|---|\n"
    by_code = Counter((found.code, found.severity) for found in findings)
    for (code, severity), number in sorted(by_code.items()):
        title = (CODES | PACK_CODES)[code].title
        yield f"| {code} | {severity} | {number} | {title} |\n"


def _first(findings: Sequence[Judged]) -> Iterator[str]:
    worst = sorted(findings, key=lambda found: found.severity != "error")
    if not worst:
        return
    yield "\n<details><summary>Findings</summary>\n\n| place | code | message | ID |\n|---|---|---|---|\n"
    for found in worst[:_SHOWN_IN_SUMMARY]:
        place = f"{found.file}:{found.row}"
        yield f"| {_cell(place)} | {found.code} | {_cell(found.message)} | {_cell(found.id or '')} |\n"
    if len(worst) > _SHOWN_IN_SUMMARY:
        yield f"\n{len(worst) - _SHOWN_IN_SUMMARY} more are in the report's JSON.\n"
    yield "\n</details>\n"


def _cell(text: str) -> str:
    return text.translate(_PIPE)


def _several(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
