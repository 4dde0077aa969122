"""What is known of each book of a run, and the reports that say so, kept up to date while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.errors import FullcastError, ScriptError
from pipeline.files import make_folder
from pipeline.journey.inbox import Inbox
from pipeline.journey.planning import FinishedFacts, PlannedBook
from pipeline.journey.shelf_file import BookRequest
from pipeline.render.job import LineJob
from pipeline.reports.shelf_page import write_shelf_page
from pipeline.reports.shelf_report import ENDED, RunState, ShelfBook, ShelfRun, shelf_facts

# While nothing ends, the reports are written again at most this often.
WRITE_EVERY_S = 10.0


@dataclass
class BookWork:
    """What was made for a book so far."""

    row: ShelfBook
    request: BookRequest
    made: set[str] = field(default_factory=set)
    quarantined: dict[str, tuple[LineJob, str]] = field(default_factory=dict)


class ShelfRecord:
    """The books of a run by their slug, and the run itself.

    Owns the shelf's reports in the output and its state beside the store. Used by one thread.
    """

    def __init__(self, output: Path, inbox: Inbox, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = make_folder(output)
        self._inbox = inbox
        self._clock = clock
        self._began = clock()
        self._written = -WRITE_EVERY_S
        self._books: dict[str, BookWork] = {}
        self._run = ShelfRun(
            "running", None, _now(), None, 0.0, 0, 0.0, 0.0, 0, 0.0, 0, str(output.resolve())
        )

    def __contains__(self, slug: str) -> bool:
        return slug in self._books

    def __getitem__(self, slug: str) -> BookWork:
        return self._books[slug]

    @property
    def wall_s(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    @property
    def run(self) -> ShelfRun:
        """The run as it stands."""
        return self._run

    def books(self) -> list[ShelfBook]:
        """All books, in the order in which they are to be finished."""
        return [work.row for work in self._books.values()]

    def add(self, request: BookRequest) -> None:
        """A book is to be made."""
        title, file = request.file.stem, str(request.file)
        row = ShelfBook(
            request.slug, title, file, request.priority, request.preset, request.entry is not None
        )
        self._books[request.slug] = BookWork(row, request)
        ordered = sorted(self._books.items(), key=lambda item: -item[1].row.priority)
        self._books = dict(ordered)

    def refuse(self, slug: str, request: BookRequest, reason: str) -> ShelfBook:
        """A book is not taken in at all; it has a row of its own."""
        row = ShelfBook(
            slug, request.file.stem, str(request.file), request.priority, request.preset, True, "failed",
            reason, ended_s=self.wall_s, ended_at=_now(),
        )  # fmt: skip
        self._books[slug] = BookWork(row, request)
        return row

    def planned(self, book: PlannedBook) -> None:
        """A book was planned: it waits for its takes."""
        self._update(
            book.request.slug, state="rendering", title=book.title, lines=book.lines, reused=book.reused,
            to_render=len(book.jobs),
        )  # fmt: skip

    def made(self, slugs: tuple[str, ...], key: str, audio_s: float, render_s: float) -> None:
        """A take is there; its cost is that of the first book, which it was made for."""
        for number, slug in enumerate(slugs):
            work = self._books[slug]
            work.made.add(key)
            device_s = work.row.device_s + (0.0 if number else render_s)
            work.row = replace(
                work.row, rendered=len(work.made), audio_s=work.row.audio_s + audio_s, device_s=device_s
            )

    def stitching(self, slug: str) -> None:
        """A book's last take is there."""
        self._update(slug, state="stitching")

    def finished(self, slug: str, facts: FinishedFacts) -> ShelfBook:
        """A book was published; returns its row."""
        sound = not facts.lost and not facts.broken_rules
        self._update(
            slug, state="done" if sound else "unsound", audio_s=facts.audio_s, ended_s=self.wall_s,
            ended_at=_now(), lost=tuple(asdict(line) for line in facts.lost),
            broken_rules=facts.broken_rules, report=facts.report, book=facts.book,
        )  # fmt: skip
        self._books[slug].made.clear()
        return self._books[slug].row

    def failed(self, slug: str, error: FullcastError) -> ShelfBook:
        """A book cannot be made; returns its row."""
        self._update(slug, state="failed", reason=_reason(error), ended_s=self.wall_s, ended_at=_now())
        self._books[slug].made.clear()
        return self._books[slug].row

    def count(self, **facts: Any) -> None:
        """What became of workers and loads so far."""
        self._run = replace(self._run, **facts)

    def end(self, state: RunState, reason: str | None = None) -> None:
        """The run is over; books that were not reached are `unfinished`."""
        for slug, work in self._books.items():
            if work.row.state not in ENDED:
                self._update(slug, state="unfinished", reason=reason or "the run ended before it")
        self._run = replace(self._run, state=state, reason=reason, ended_at=_now())

    def write(self, at_once: bool = True) -> None:
        """Writes the reports; without `at_once` only if that was not done for some seconds.

        Raises:
            StoreError: the output or the store's folder cannot be written.
        """
        if not at_once and self._clock() - self._written < WRITE_EVERY_S:
            return
        self._written = self._clock()
        device_s = sum(row.device_s for row in self.books())
        self._run = replace(self._run, wall_s=round(self.wall_s, 1), device_s=round(device_s, 1))
        facts = shelf_facts(self.books(), self._run)
        write_shelf_page(facts, self._output)
        self._inbox.write_state(facts)

    def _update(self, slug: str, **facts: Any) -> None:
        work = self._books[slug]
        work.row = replace(work.row, **facts)


def _reason(error: FullcastError) -> str:
    """One line that says why; of a script's many problems the first."""
    if isinstance(error, ScriptError) and len(error.problems) > 1:
        return f"{error.problems[0]} (and {len(error.problems) - 1} more)"
    return str(error)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
