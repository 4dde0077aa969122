"""`fullcast render FILE FILE ...` and `--shelf FILE`: many books in one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.journey.options import RunOptions
    from pipeline.reports.shelf_report import ShelfBook
    from pipeline.takes.address import StoreAddress

# Finished, but a book failed, lines were set aside or a delivered file breaks a rule (docs/exit-codes.md).
EXIT_UNSOUND = 1


def render_shelf(
    files: Sequence[Path],
    shelf: Path | None,
    store: StoreAddress,
    output: Path,
    options: RunOptions,
    preset: str,
    formats: tuple[str, ...],
    as_json: bool,
) -> int:
    """Renders all books of a run; returns the exit code.

    Raises:
        UsageError: the shelf's file is wrong, two books have one folder, or an option is for one book only.
        FullcastError: what concerns all books.
    """
    from pipeline.journey.shelf_file import BookRequest, demand_different, read_shelf
    from pipeline.journey.shelf_run import ShelfJourney
    from pipeline.reports.shelf_reporters import make_shelf_reporter

    _demand_whole_books(options)
    books = read_shelf(shelf, preset, formats) if shelf is not None else []
    places = [str(shelf)] * len(books) + ["FILE"] * len(files)
    books += [BookRequest(file, 0, preset, formats) for file in files]
    demand_different(books, places)
    reporter = make_shelf_reporter(as_json)
    try:
        journey = ShelfJourney(books, store, output, options, reporter.on, preset, formats)
        journey.go()
    finally:
        reporter.close()
    rows = journey.record.books()
    if not as_json:
        _print_books(rows, output)
    return 0 if all(row.state == "done" for row in rows) else EXIT_UNSOUND


def _demand_whole_books(options: RunOptions) -> None:
    for name in ("limit", "chapter", "only"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} goes with one FILE", hint="leave it out, or render that book alone")


def _print_books(rows: Sequence[ShelfBook], output: Path) -> None:
    """Prints each book with its state and cost; what failed says why in its line."""
    from pipeline.reports.shelf_page import STATES, clock

    click.echo(f"\n{'book':<36} {'state':<18} {'length':>8} {'lines':>6} {'new':>6} {'device s':>9}")
    for row in rows:
        click.echo(
            f"{row.title:<36.36} {STATES[row.state]:<18} {clock(row.audio_s):>8} {row.lines:>6} "
            f"{row.rendered:>6} {row.device_s:>9.1f}"
        )
        if row.reason:
            click.echo(f"  {row.reason}")
        for line in row.lost:
            click.echo(f"  {line['where']}: {line['line_id']}: {line['reason']}")
        for rule in row.broken_rules:
            click.echo(f"  {rule}")
    click.echo(f"look:  {output / 'report.html'}")
