"""`fullcast shelf add|list|remove`: books for a run of many that is going on, or for the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pipeline.cli.book import store_option
from pipeline.cli.render import FORMATS, PRESET_NAMES
from pipeline.errors import UsageError, did_you_mean
from pipeline.takes.address import StoreAddress, local_folder


@click.group("shelf")
def command() -> None:
    """Add books to a run of many, and see how far it is."""


@command.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--priority", type=click.IntRange(-1000, 1000), default=0, show_default=True,
              help="Books with a higher one are finished first.")  # fmt: skip
@click.option("--preset", type=click.Choice(PRESET_NAMES), help="As in the run if left out.")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help="As in the run.")
@store_option
def add(
    files: tuple[Path, ...], priority: int, preset: str | None, formats: tuple[str, ...],
    store_path: StoreAddress,
) -> None:  # fmt: skip
    """Add books to the run on this store; the run takes them in within a batch of lines."""
    from pipeline.journey.inbox import Inbox

    inbox = Inbox(local_folder(store_path))
    for file in files:
        if not file.is_file():
            raise UsageError("no such file", where=str(file))
    for file in files:
        inbox.add(file, priority, preset, formats)
        click.echo(f"added {file}")
    if not inbox.is_held():
        click.echo("no run takes books in now: the next `fullcast render` of several books will", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@store_option
def list_books(as_json: bool, store_path: StoreAddress) -> None:
    """List the books of the last run on this store, and those that wait to be taken in."""
    from pipeline.journey.inbox import Inbox

    inbox = Inbox(local_folder(store_path))
    state, waiting, running = inbox.state(), _waiting(inbox), inbox.is_held()
    if as_json:
        value = {"running": running, "run": state, "inbox": waiting}
        click.echo(json.dumps(value, ensure_ascii=False, indent=1))
        return
    if state is None and not waiting:
        click.echo("no book was ever put on this shelf")
    if state is not None:
        _print_state(state, running)
    taken = {book["file"] for book in state["books"]} if state else set()
    for entry in waiting:
        if entry["file"] not in taken or not running:
            click.echo(f"{entry['file']}: in the inbox, priority {entry['priority']}")


@command.command("remove")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@store_option
def remove(files: tuple[Path, ...], store_path: StoreAddress) -> None:
    """Take books out of the inbox; one that a run has taken in is made all the same."""
    from pipeline.journey.inbox import Inbox

    inbox = Inbox(local_folder(store_path))
    entries = {str(inbox.read(entry, "", ()).file): entry for entry in inbox.entries()}
    for file in files:
        if str(file.resolve()) not in entries:
            raise UsageError(f"{file} is not in the inbox", hint=did_you_mean(str(file.resolve()), entries))
    for file in files:
        inbox.remove(entries[str(file.resolve())])
        click.echo(f"removed {file}")


def _waiting(inbox: Any) -> list[dict[str, Any]]:
    books = [inbox.read(entry, "", ()) for entry in inbox.entries()]
    return [{"file": str(book.file), "priority": book.priority} for book in books]


def _print_state(state: dict[str, Any], running: bool) -> None:
    run = state["run"]
    how = run["state"] if running or run["state"] != "running" else "killed; the same command goes on"
    click.echo(f"run of {run['started_at']}: {how}; output in {run['output']}")
    for book in state["books"]:
        done = f"{book['rendered']}/{book['to_render']} takes" if book["to_render"] else ""
        reason = f": {book['reason']}" if book["reason"] else ""
        click.echo(f"{book['priority']:>5}  {book['state']:<11} {done:<16} {book['title']}{reason}")
