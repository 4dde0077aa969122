"""What became of a shelf of books, as plain JSON values: its `report.json` and what its page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline import __version__

SHELF_REPORT_SCHEMA = 1

BookState = Literal["waiting", "rendering", "stitching", "done", "unsound", "failed", "unfinished"]
RunState = Literal["running", "finished", "interrupted", "stopped"]
# States in which nothing more will become of a book in this run.
ENDED: tuple[BookState, ...] = ("done", "unsound", "failed", "unfinished")


@dataclass(frozen=True)
class ShelfBook:
    """One book of a shelf, as far as it is.

    Attributes:
        slug: name of its folder.
        added: whether it was added while the shelf was rendered.
        state: `unsound` is done, but with lines left out or a broken rule; `unfinished` was not reached.
        reason: why it failed or was not reached.
        lines: of the script; `reused` had their take before, `rendered` were made in this run.
        audio_s: of the finished book; of the takes made so far, before that.
        device_s: how long engines worked on its lines in this run, all workers together.
        ended_s: seconds from the run's start until the book was finished or failed.
        lost: lines that could not be spoken: ID, place and reason.
        broken_rules: rules of the preset that a delivered file breaks.
        report, book: paths from the shelf's own report; None if there is none.
    """

    slug: str
    title: str
    file: str
    priority: int
    preset: str
    added: bool = False
    state: BookState = "waiting"
    reason: str | None = None
    lines: int = 0
    reused: int = 0
    to_render: int = 0
    rendered: int = 0
    audio_s: float = 0.0
    device_s: float = 0.0
    ended_s: float | None = None
    ended_at: str | None = None
    lost: tuple[Mapping[str, str], ...] = ()
    broken_rules: tuple[str, ...] = ()
    report: str | None = None
    book: str | None = None


@dataclass(frozen=True)
class ShelfRun:
    """How the run of a shelf goes or went.

    Attributes:
        state: `stopped` was ended by an error that concerns all books, in `reason`.
        started_at, ended_at: local time, ISO 8601.
        device_s: how long engines worked; `load_s` of loading models is not in it.
        held_s: how long workers were held, all together: what is paid for, waiting and loads included.
    """

    state: RunState
    reason: str | None
    started_at: str
    ended_at: str | None
    wall_s: float
    workers: int
    device_s: float
    held_s: float
    loads: int
    load_s: float
    workers_lost: int
    output: str


def shelf_facts(books: Sequence[ShelfBook], run: ShelfRun) -> dict[str, Any]:
    """Everything of a shelf's run that a person wants to know in the morning."""
    states = [book.state for book in books]
    return {
        "schema": SHELF_REPORT_SCHEMA,
        "tool": {"name": "fullcast", "version": __version__},
        "run": asdict(run),
        "totals": {
            "books": len(books),
            "done": states.count("done"),
            "unsound": states.count("unsound"),
            "failed": states.count("failed"),
            "open": sum(state not in ENDED for state in states),
            "unfinished": states.count("unfinished"),
            "lines": sum(book.lines for book in books),
            "rendered": sum(book.rendered for book in books),
            "reused": sum(book.reused for book in books),
            "quarantined": sum(len(book.lost) for book in books),
            "audio_s": round(sum(book.audio_s for book in books), 1),
            "device_s": round(sum(book.device_s for book in books), 1),
        },
        "books": [_book(book) for book in books],
    }


def _book(book: ShelfBook) -> dict[str, Any]:
    facts = asdict(book)
    for name in ("audio_s", "device_s", "ended_s"):
        if facts[name] is not None:
            facts[name] = round(facts[name], 1)
    facts["lost"] = [dict(line) for line in book.lost]
    facts["broken_rules"] = list(book.broken_rules)
    return facts
