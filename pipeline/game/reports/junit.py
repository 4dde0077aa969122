"""A report as JUnit XML: a suite for each source file and locale, a case for each line. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from pipeline.game.findings import Judged
from pipeline.game.reports.report import NARRATOR, Report, Row

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Key = tuple[str, str]


def junit_text(report: Report) -> Iterator[str]:
    """The file in pieces.

    A case's `classname` is the character, its name the ID (or `file:row` where there is none). Errors are
    failures of the case at whose row they stand, else of a case of their own; unvoiced lines are skipped.
    Source: the schema of Jenkins' xUnit plugin (junit-10.xsd).
    """
    suites = _suites(report.lines)
    errors = [found for found in report.findings if found.severity == "error"]
    at_case = _by_case(errors, suites)
    others: dict[_Key, list[Judged]] = defaultdict(list)
    for found in errors:
        if found not in at_case.taken:
            others[found.file, found.locale or ""].append(found)
    keys = sorted({*suites, *others})
    parts = [_suite(key, suites.get(key, ()), others.get(key, ()), at_case) for key in keys]
    tests = sum(part.tests for part in parts)
    failures = sum(part.failures for part in parts)
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    name = _attribute(f"fullcast game {report.verb}")
    yield f'<testsuites name={name} tests="{tests}" failures="{failures}" errors="0">\n'
    for part in parts:
        yield from part.rows
    yield "</testsuites>\n"


class _AtCase:
    """Errors by the case that they are failures of, and which errors have one."""

    def __init__(self) -> None:
        self.errors: dict[int, list[Judged]] = defaultdict(list)
        self.taken: set[Judged] = set()


class _Part:
    """One suite as rows of XML, with what it counts."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.tests = 0
        self.failures = 0
        self.skipped = 0


def _suites(lines: Iterable[Row]) -> dict[_Key, list[Row]]:
    suites: dict[_Key, list[Row]] = defaultdict(list)
    for row in lines:
        suites[row["file"], row["locale"]].append(row)
    return suites


def _by_case(errors: Iterable[Judged], suites: Mapping[_Key, Sequence[Row]]) -> _AtCase:
    """Each error with the first case in its row; one that names a locale only with a case of that locale."""
    cases: dict[tuple[str, int], list[tuple[str, Row]]] = defaultdict(list)
    for (file, locale), rows in suites.items():
        for row in rows:
            cases[file, row["line"]].append((locale, row))
    found = _AtCase()
    for error in errors:
        for locale, row in cases.get((error.file, error.row), ()):
            if error.locale in (None, locale) and error.id in (None, row["id"]):
                found.errors[id(row)].append(error)
                found.taken.add(error)
                break
    return found


def _suite(key: _Key, rows: Sequence[Row], others: Sequence[Judged], at_case: _AtCase) -> _Part:
    part = _Part()
    for row in rows:
        _case(row, at_case.errors.get(id(row), ()), part)
    for error in others:
        part.tests += 1
        part.failures += 1
        name = error.id or f"{error.file}:{error.row}"
        part.rows.append(f'  <testcase classname="(file)" name={_attribute(name)}>')
        part.rows.append(f"{_failure(error)}</testcase>\n")
    file, locale = key
    name = f"{file} [{locale}]" if locale else file
    counts = f'tests="{part.tests}" failures="{part.failures}" errors="0" skipped="{part.skipped}"'
    head = f" <testsuite name={_attribute(name)} file={_attribute(file)} {counts}>\n"
    part.rows = [head, *part.rows, " </testsuite>\n"]
    return part


def _case(row: Row, errors: Sequence[Judged], part: _Part) -> None:
    part.tests += 1
    name = row["id"] or f"{row['file']}:{row['line']}"
    if row.get("variant"):
        name = f"{name} ({', '.join(row['variant'])})"
    classname = row["character"] or NARRATOR
    part.rows.append(f"  <testcase classname={_attribute(classname)} name={_attribute(name)}")
    failed = row.get("failed")
    if errors or failed:
        part.failures += 1
        inside = "".join(map(_failure, errors))
        if failed:
            inside += f'<failure type="render" message={_attribute(str(failed))}/>'
        part.rows.append(f">{inside}</testcase>\n")
    elif row.get("unvoiced"):
        part.skipped += 1
        part.rows.append(f'><skipped message="{row["unvoiced"]}"/></testcase>\n')
    else:
        part.rows.append("/>\n")


def _failure(error: Judged) -> str:
    text = escape(_clean(str(error)))
    return f'<failure type="{error.code}" message={_attribute(error.message)}>{text}</failure>'


def _attribute(text: str) -> str:
    return quoteattr(_clean(text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
