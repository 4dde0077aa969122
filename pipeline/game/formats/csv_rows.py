"""Rows of a CSV file with the row of the file in which each begins."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass

# Comes after the last row. If it is no row of its own, a quote before it was never closed.
_END = "\ue000end of the table\ue000"


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The cells of one row; `row` is where it begins in the file, from 1."""

    row: int
    cells: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether it only separates: no cell holds more than blanks."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class CsvRows:
    """All rows, the header first; `open_quote_row` is where a quote opens that nothing closes."""

    rows: list[CsvRow]
    open_quote_row: int | None = None


def csv_rows(text: str, delimiter: str = ",") -> CsvRows:
    """The rows of a table whose cells may be quoted.

    What is left of a row after a closing quote belongs to its cell, as spreadsheets and CsvHelper read it.

    Args:
        text: with `\\n` as line end.
        delimiter: one character.

    Source: RFC 4180.
    """
    rows: list[CsvRow] = []
    reader = csv.reader(itertools.chain(io.StringIO(text, newline="\n"), [_END]), delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            if cells == [_END]:
                return CsvRows(rows)
            rows.append(CsvRow(start, cells))
            start = reader.line_num + 1
    except csv.Error:  # a cell of more than 128 KiB: text is not that long, so its quote was left open
        return CsvRows(rows, start)
    return CsvRows(rows[:-1], rows[-1].row)
