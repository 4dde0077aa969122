"""What several commands share: their options, a book opened for them, the line that a person means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.errors import MissingError, UsageError, did_you_mean
from pipeline.journey.opening import Ensure, OpenBook
from pipeline.journey.opening import open_book as open_book_warning
from pipeline.journey.opening import read_checked as read_checked_warning
from pipeline.plan.plan import LinePlan, Plan
from pipeline.registry.weights import WeightStore
from pipeline.script.model import Script
from pipeline.script.prose import slug
from pipeline.takes.address import StoreAddress, parse_store

__all__ = ["OpenBook", "find_line", "look_at_book", "need_models", "open_book", "read_checked", "script_slug"]

DEFAULT_STORE = Path(".fullcast")
DEFAULT_OUTPUT = Path("output")


class _StoreParameter(click.ParamType):
    """A folder, or `s3://BUCKET/PREFIX`."""

    name = "store"

    def convert(self, value: Any, param: Any, ctx: Any) -> StoreAddress:
        """The address; UsageError if it is none."""
        return parse_store(value) if isinstance(value, str) else value


store_option = click.option(
    "--store",
    "store_path",
    type=_StoreParameter(),
    metavar="FOLDER|s3://BUCKET/PREFIX",
    default=DEFAULT_STORE,
    show_default=True,
    help="Where takes are kept.",
)
strict_option = click.option(
    "--strict", is_flag=True, help="Stop before rendering if an engine cannot carry an emotion that is asked."
)
script_argument = click.argument("file", type=click.Path(path_type=Path))


def warn(text: str) -> None:
    """Prints what is wrong with a script and does not stop it."""
    click.echo(text, err=True)


def read_checked(path: Path) -> Script:
    """The script; its warnings go to the error stream.

    Raises:
        ScriptError: it has errors; all of them are in it.
    """
    return read_checked_warning(path, warn)


def script_slug(path: Path) -> str:
    """The name under which a script's book is kept in the store; the script need not be there any more."""
    return slug(path.stem, "book")


def open_book(
    path: Path, store_path: StoreAddress, *, weights: WeightStore | None = None, ensure: Ensure | None = None
) -> OpenBook:
    """Reads, casts and plans a script; its warnings go to the error stream.

    Args:
        ensure: brings a model's weights here; without it only what is here already is looked at.
    """
    book = open_book_warning(path, store_path, warn=warn, weights=weights, ensure=ensure)
    for key, reason in book.store.damaged:
        warn(f"warning: take {key[:12]} is damaged: {reason}; set aside, the next render makes it anew")
    return book


def look_at_book(path: Path, store_path: StoreAddress) -> OpenBook:
    """As `open_book`, for commands that change nothing: a damaged take stays where it is."""
    book = open_book_warning(path, store_path, warn=warn, look_only=True)
    for key, reason in book.store.damaged:
        warn(f"warning: take {key[:12]} is damaged: {reason}; the next render makes it anew")
    return book


def find_line(plan: Plan, wanted: str) -> LinePlan:
    """The line that a person means: its ID, the beginning of one, or `chapter.line` counted from 1.

    Raises:
        UsageError: none or several fit.
    """
    by_id = {line.line.id: line for line in plan.lines}
    if wanted in by_id:
        return by_id[wanted]
    chapter, dot, number = wanted.partition(".")
    if dot and chapter.isdigit() and number.isdigit():
        lines = plan.chapter(int(chapter) - 1)
        if 1 <= int(number) <= len(lines):
            return lines[int(number) - 1]
        raise UsageError(f"no line {wanted}", hint=f"chapter {chapter} has {len(lines)} lines")
    fitting = [name for name in by_id if name.startswith(wanted)]
    if len(fitting) == 1:
        return by_id[fitting[0]]
    if fitting:
        raise UsageError(f"'{wanted}' is the beginning of {len(fitting)} lines", hint=", ".join(fitting[:6]))
    raise UsageError(f"no line '{wanted}'", hint=did_you_mean(wanted, by_id))


def need_models(book: OpenBook) -> None:
    """Nothing, if all weights are here.

    Raises:
        MissingError: some are not.
    """
    missing = sorted(set(book.plan.models) - set(book.resolved))
    if missing:
        raise MissingError(f"no weights here for {', '.join(missing)}", hint="run: fullcast models fetch")
