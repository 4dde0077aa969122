"""Rows of a table, whatever it is written in: CSV, TSV, JSON lines. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.errors import UsageError
from pipeline.game.formats.csv_rows import CsvRow, csv_rows
from pipeline.game.line import Finding, Place

TableFormat = Literal["csv", "tsv", "jsonl"]
DELIMITERS = (",", ";", "\t")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
# Excel writes the delimiter of the rows below before the header.
_SEPARATOR_ROW = re.compile(r"sep=(.)\n?", re.IGNORECASE)
_SUFFIXES: dict[str, TableFormat] = {".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(slots=True)
class TableRows:
    """The header, the rows below it (separators, too), and what is wrong with their form."""

    header: list[str]
    rows: list[CsvRow]
    findings: list[Finding] = field(default_factory=list)


def format_of(suffix: str) -> TableFormat:
    """What a file is by its name's end; CSV if that says nothing."""
    return _SUFFIXES.get(suffix.lower(), "csv")


def read_rows(text: str, file: str, form: TableFormat, delimiter: str | None = None) -> TableRows:
    """The rows of a table, each as long as the header; D018 for those that are longer.

    Args:
        text: with `\\n` as line end.
        file: its name, for findings.
        form: how it is written.
        delimiter: of a CSV file; found in its header if None.

    Raises:
        UsageError: it has no header, or the delimiter is not clear.
    """
    if form == "jsonl":
        return _read_jsonl(text, file)
    found = _SEPARATOR_ROW.match(text)
    skipped = 0
    if found:
        delimiter, skipped = delimiter or found[1], 1
        text = text[found.end() :]
    if delimiter is None:
        delimiter = "\t" if form == "tsv" else sniff_delimiter(_first_row(text), file)
    table = csv_rows(text, delimiter)
    rows = [CsvRow(row.row + skipped, row.cells) for row in table.rows]
    while rows and rows[0].is_empty:
        rows.pop(0)
    if not rows:
        raise UsageError("the table has no header", file, "its first row must name the columns")
    result = TableRows(rows[0].cells, rows[1:])
    result.findings += [
        fault for row in result.rows if (fault := _fault(row, file, len(result.header), delimiter))
    ]
    if table.open_quote_row is not None:
        message = "a quote opens in this row and is never closed; all rows after it are lost"
        result.findings.append(Finding("D018", Place(file, table.open_quote_row + skipped), message))
    return result


def _first_row(text: str) -> str:
    return next((row for row in text.split("\n") if row.strip()), "")


def sniff_delimiter(header: str, file: str) -> str:
    """The character that parts the names of columns.

    Raises:
        UsageError: two characters part it into as many names.
    """
    bare = _QUOTED.sub("", header)
    counts = {each: bare.count(each) for each in DELIMITERS}
    most = max(counts.values())
    best = [each for each, count in counts.items() if count == most]
    if most and len(best) > 1:
        shown = " and ".join(repr(each) for each in best)
        raise UsageError(f"the header may be parted by {shown}", f"{file}:1", "set `delimiter`")
    return best[0]


def _fault(row: CsvRow, file: str, length: int, delimiter: str) -> Finding | None:
    """D018 for a row that the header's delimiter does not fit: too long, or not parted at all."""
    cells = len(row.cells)
    unparted = (
        cells == 1 and length > 1 and any(each in row.cells[0] for each in DELIMITERS if each != delimiter)
    )
    if row.is_empty or (cells <= length and not unparted):
        return None
    return Finding("D018", Place(file, row.row), f"row has {cells} cells, header has {length}")


def _read_jsonl(text: str, file: str) -> TableRows:
    """Objects, one a row. The header is all their keys; those of an object inside have a dotted path."""
    objects: list[tuple[int, dict[str, str]]] = []
    findings: list[Finding] = []
    for number, row in enumerate(text.split("\n"), 1):
        if not row.strip():
            continue
        try:
            data = json.loads(row)
        except json.JSONDecodeError as error:
            findings.append(Finding("D018", Place(file, number), f"row is no JSON: {error.msg}"))
            continue
        if not isinstance(data, dict):
            findings.append(Finding("D018", Place(file, number), "row is no JSON object"))
            continue
        objects.append((number, dict(_flat(data, ""))))
    header = list(dict.fromkeys(key for _, cells in objects for key in cells))
    if not header:
        raise UsageError("the table has no rows", file, "each row must be a JSON object")
    rows = [CsvRow(number, [cells.get(key, "") for key in header]) for number, cells in objects]
    return TableRows(header, rows, findings)


def _flat(data: dict[str, Any], path: str) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            cells += _flat(value, f"{path}{key}.")
        else:
            cells.append((path + key, _cell(value)))
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_cell(each) for each in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
