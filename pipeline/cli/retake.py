"""`fullcast retake FILE LINE`: another take of one line, and the choice remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline.cli.book import find_line, open_book, script_argument, store_option
from pipeline.errors import UsageError
from pipeline.plan.retake import check_overrides
from pipeline.takes.address import StoreAddress


@click.command("retake")
@script_argument
@click.argument("line")
@store_option
@click.option("--emotion", help="A label: sad, tender, furious ...")
@click.option("--intensity", type=float, help="0 to 1.")
@click.option("--rate", type=float, help="Factor on speed.")
@click.option("--pitch", type=float, help="Semitones.")
@click.option("--alt", type=int, help="Take number to go back to: 0 is the first one.")
def command(file: Path, line: str, store_path: StoreAddress, alt: int | None, **given: Any) -> None:
    """Ask for another take of LINE (its ID, the beginning of one, or chapter.line, such as 2.14).

    Without options the line gets a new seed; with a direction it is said differently. The choice is kept
    with the takes; the next `fullcast render` makes the take and stitches what it touches.
    """
    book = open_book(file, store_path)
    planned = find_line(book.plan, line)
    choice = book.choices.get(planned.line.id)
    overrides = {name: value for name, value in given.items() if value is not None}
    check_overrides(overrides)
    if choice.locked:
        raise UsageError(f"the take of '{planned.line.id}' is approved", hint="unlock it first")
    if alt is not None and alt < 0:
        raise UsageError(f"--alt {alt}: must be 0 or more")
    number = alt if alt is not None else choice.alt + 1
    direction = {**(choice.direction or {}), **overrides} if alt != 0 or overrides else {}
    book.choices.put(
        planned.line.id,
        replace(
            choice,
            alt=number,
            direction=direction or None,
            text=planned.line.text,
            voice=planned.voice.written,
        ),
    )
    said = ", ".join(f"{name} {value}" for name, value in direction.items()) or "same direction"
    click.echo(f"{planned.line.id}: take {number} ({said}); run: fullcast render {file}")
