"""`fullcast takes ...`: the shelf, as a person sees it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from pipeline.cli.book import OpenBook, find_line, look_at_book, open_book, script_argument, store_option
from pipeline.errors import UsageError
from pipeline.plan.plan import LinePlan
from pipeline.takes.address import StoreAddress
from pipeline.takes.take import Take


@click.group("takes")
def command() -> None:
    """List, check, lock, unlock, drop and clean up takes."""


@command.command("list")
@script_argument
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print all metadata as JSON lines.")
def list_takes(file: Path, store_path: StoreAddress, as_json: bool) -> None:
    """List the take of every line of FILE."""
    book = look_at_book(file, store_path)
    for planned in book.plan.lines:
        take = book.store.get(planned.key) if planned.status == "reuse" else None
        if as_json:
            click.echo(json.dumps(_as_json(planned, take), ensure_ascii=False))
        else:
            click.echo(_row(planned, take))


@command.command("lock")
@script_argument
@click.argument("lines", nargs=-1, required=True)
@store_option
def lock(file: Path, lines: tuple[str, ...], store_path: StoreAddress) -> None:
    """Approve the takes of LINES: they survive a newer engine or lexicon."""
    book = open_book(file, store_path)
    planned = [find_line(book.plan, wanted) for wanted in lines]
    for line in planned:
        if line.status != "reuse":
            raise UsageError(f"line '{line.line.id}' has no take to approve", hint="render it first")
    for line in planned:
        choice = book.choices.get(line.line.id)
        approved = replace(choice, locked=line.key, text=line.line.text, voice=line.voice.written)
        book.choices.put(line.line.id, approved)
        click.echo(f"approved {line.line.id}: {line.key[:12]}")


@command.command("unlock")
@script_argument
@click.argument("lines", nargs=-1, required=True)
@store_option
def unlock(file: Path, lines: tuple[str, ...], store_path: StoreAddress) -> None:
    """Withdraw the approval of LINES."""
    book = open_book(file, store_path)
    for line in [find_line(book.plan, wanted) for wanted in lines]:
        was = book.choices.get(line.line.id).locked
        book.choices.unlock(line.line.id)
        click.echo(f"{'not approved any more' if was else 'was not approved'}: {line.line.id}")


@command.command("drop")
@script_argument
@click.argument("lines", nargs=-1, required=True)
@store_option
def drop(file: Path, lines: tuple[str, ...], store_path: StoreAddress) -> None:
    """Remove the takes of LINES; the next render makes them anew."""
    book = open_book(file, store_path)
    for line in [find_line(book.plan, wanted) for wanted in lines]:
        if line.locked:
            raise UsageError(f"the take of '{line.line.id}' is approved", hint="unlock it first")
        there = book.store.drop(line.key)
        click.echo(f"{line.line.id}: {'dropped' if there else 'had no take'}")


@command.command("check")
@script_argument
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print what was heard of every take as JSON lines.")
def check(file: Path, store_path: StoreAddress, as_json: bool) -> int:
    """Listen to the takes of FILE: whether each sounds like its voice, and whether two voices are alike.

    The first time every voice has to speak two sentences to be compared; that is remembered.
    """
    from pipeline.cli.takes_check import check_takes

    return check_takes(open_book(file, store_path), file, as_json)


@command.command("gc")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@store_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc(files: tuple[Path, ...], store_path: StoreAddress, dry_run: bool) -> None:
    """Remove every take and chapter master that none of the scripts FILES uses (approved takes stay)."""
    from pipeline.publish.aac_packets import PacketShelf
    from pipeline.stitch.book import MasterShelf

    books = [open_book(file, store_path) for file in files]
    keep = {planned.key for book in books for planned in book.plan.lines}
    keep |= {key for book in books for key in book.choices.locked_keys()}
    store = books[0].store
    gone = [key for key in store.all_keys() if key not in keep]
    freed = sum(store.size_bytes(key) for key in gone)
    masters = MasterShelf(store.root).unused(_used_masters(books))
    packets = PacketShelf(store.root / "aac")
    parts = packets.unused({key for book in books for key in packets.in_use(book.script.slug)})
    freed += sum(path.stat().st_size for path in [*masters, *parts])
    if not dry_run:
        for key in gone:
            store.drop(key)
        for path in masters:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
        for path in parts:
            path.unlink()
    verb = "would free" if dry_run else "freed"
    click.echo(f"{len(gone)} takes and {len(masters)} masters {verb} {freed / 1e6:.1f} MB")


def _used_masters(books: list[OpenBook]) -> set[str]:
    from pipeline.stitch.book import masters_in_use

    return {key for book in books for key in masters_in_use(book.store.root, book.script.slug)}


def _row(planned: LinePlan, take: Take | None) -> str:
    state = "approved" if planned.locked else planned.status
    length = f"{take.duration_s:6.2f} s" if take else "       -"
    text = planned.line.text if len(planned.line.text) <= 60 else planned.line.text[:57] + "..."
    return f"{planned.line.id:<28} {planned.key[:12]} {state:<8} {length}  {text}"


def _as_json(planned: LinePlan, take: Take | None) -> dict[str, object]:
    head = {"id": planned.line.id, "key": planned.key, "status": planned.status, "approved": planned.locked}
    return head | ({"take": take.as_json()} if take else {})
