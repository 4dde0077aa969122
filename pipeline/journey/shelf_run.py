"""A shelf of books on its way: one plan over all, each book stitched as soon as its last take is there.

Books are planned and finished in processes beside the rendering (`desk.py`); what is done next is decided
here, in one thread.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import EngineError, FullcastError
from pipeline.events import Event
from pipeline.journey.crew import budget_for
from pipeline.journey.desk import Desk
from pipeline.journey.inbox import Inbox
from pipeline.journey.one_book import MANY
from pipeline.journey.open_books import OpenBooks
from pipeline.journey.options import RunOptions
from pipeline.journey.planning import (
    FinishedFacts,
    FinishRequest,
    PlannedBook,
    PlanRequest,
    finish_planned,
    plan_book,
)
from pipeline.journey.shelf_crew import crew_of, too_large
from pipeline.journey.shelf_file import BookRequest
from pipeline.journey.shelf_record import ShelfRecord
from pipeline.journey.shelf_round import ShelfRound
from pipeline.journey.spool import spool_folder
from pipeline.registry.places import default_cache
from pipeline.render.budget import Budget
from pipeline.render.event_log import log_path, rotate
from pipeline.render.job_spool import JobSpool
from pipeline.render.ledger import rank_of
from pipeline.reports.shelf_events import BookComplete, BookFailed, BookFinished, BookPlanned, ShelfFinished
from pipeline.takes.address import StoreAddress, local_folder
from pipeline.takes.store import TakeStore

LOOK_EVERY_S = 1.0
# The event log of a run of many books; no book's name has a plus.
LOG_NAME = "+shelf"


class ShelfJourney:
    """One run of many books. Make it and call `go` once.

    Owns the desks, the spool, what is open and the record of the run. Prints nothing.

    Args:
        books: those named at the start; others may be added to the store's inbox while it runs.
        tell: is told every event, and of which book it is, by its slug; by one thread at a time.
        preset, formats: for books that are added and say nothing of it.
    """

    def __init__(
        self,
        books: Sequence[BookRequest],
        store: StoreAddress,
        output: Path,
        options: RunOptions,
        tell: Callable[[Event, str | None], None],
        preset: str,
        formats: tuple[str, ...],
    ) -> None:
        self._named = books
        self._store = TakeStore(store)
        self._output, self._options = output, options
        self._preset, self._formats = preset, formats
        self._listener, self._telling = tell, threading.Lock()
        self._inbox = Inbox(local_folder(store))
        self._log = log_path(local_folder(store), LOG_NAME)
        self.record = ShelfRecord(output, self._inbox)
        self._open = OpenBooks(self.record)
        self._events_of: dict[str, list[Event]] = {}
        self._entries: set[Path] = set()
        self._looked = 0.0
        self._count = 0
        self._rounds: list[ShelfRound] = []
        self._budget: Budget | None = None

    def go(self) -> None:
        """Makes all books that can be made; what became of them is in `record`.

        Raises:
            FullcastError: what concerns all of them: the store, the output or Ray. Books that were complete
                are finished before.
        """
        self._store.make_ready()
        cache = default_cache()
        with self._inbox.held() as self._ours, spool_folder(cache) as self._spool, self._desks():
            jobs = JobSpool(self._spool / "jobs")
            try:
                self.record.write()
                for book in self._named:
                    self._take_in(book)
                self._look_into_inbox(at_once=True)
                self._work(jobs)
                self.record.end("finished")
            except FullcastError as error:
                while not self._finisher.is_idle():
                    self._collect(LOOK_EVERY_S)
                self.record.end("stopped", str(error))
                raise
            except BaseException:
                self.record.end("interrupted", "interrupted: the same command goes on")
                raise
            finally:
                jobs.close()
                self.record.write()
        self._tell(self._sum(), None)

    def _work(self, jobs: JobSpool) -> None:
        """Renders until nothing is left and nothing more comes in."""
        while not self._planner.is_idle():  # one plan over all: nobody speaks before all are planned
            self._collect(LOOK_EVERY_S)
        self._planner.rest()
        while True:
            self._collect(0.0)
            if self._open.jobs:
                self._render(jobs)
            elif not (self._planner.is_idle() and self._finisher.is_idle()):
                self._collect(LOOK_EVERY_S)
            elif not self._look_into_inbox(at_once=True):
                return

    def _render(self, jobs: JobSpool) -> None:
        """Has one crew speak; books that it has no room for fail."""
        crew = crew_of(self._open.open(), self._options)
        failed = too_large(crew, self._open.open())
        for book, error in failed:
            self._fail(book.request.slug, error)
        if failed:
            return  # the others may be divided better without them
        if not self._rounds:
            rotate(self._log)
        before = set(self._open.jobs)
        if self._budget is None:
            share = crew.division.gpus_each or 1.0
            self._budget = budget_for(self._options, crew.division) or Budget(math.inf, share)
        one = ShelfRound(crew, self._open, self.record, jobs, self._log, self._heard, self._budget)
        self._rounds.append(one)
        one.go(self._options, self._store.has, self._more)
        self.record.count(held_s=round(self._budget.spent_s, 1))
        self._finish_complete()
        one.demand_unspent(self._options.price_per_hour)
        if before <= self._open.jobs.keys() and not one.ended_early:
            raise EngineError("nothing could be rendered", hint="see the workers' log")

    def _more(self) -> None:
        """While workers speak: books that were added, planned or finished meanwhile."""
        self._look_into_inbox()
        self._collect(0.0)
        self._finish_complete()

    def _heard(self, event: Event, slug: str | None) -> None:
        """Something happened while lines were spoken."""
        self._tell(event, slug)
        self._finish_complete()

    def _finish_complete(self) -> None:
        """Hands books that are complete to the desk that stitches."""
        for book in self._open.complete():
            slug = book.request.slug
            self.record.stitching(slug)
            self._tell(BookComplete(book.title), slug)
            work = self.record[slug]
            of_run = [event for one in self._rounds for event in one.events]
            times = {model: times for one in self._rounds for model, times in one.outcome.times.items()}
            request = FinishRequest(
                work.request, self._store.address, self._output, self._spool, frozenset(work.made),
                dict(work.quarantined), times, (*of_run, *self._events_of.pop(slug, ())), self.record.wall_s,
            )  # fmt: skip
            self._finisher.put(book.rank, slug, request)

    def _collect(self, wait_s: float) -> None:
        """What the desks have done; waits for the one that has something to do."""
        planning = not self._planner.is_idle()
        for slug, planned in self._planner.done(wait_s if planning else 0.0):
            if isinstance(planned, FullcastError):
                self._fail(slug, planned)
            else:
                self._admit(slug, planned)
        for slug, finished in self._finisher.done(0.0 if planning else wait_s):
            if isinstance(finished, FullcastError):
                self._fail(slug, finished)
            else:
                self._published(slug, finished)
        self.record.write(at_once=False)

    def _admit(self, slug: str, book: PlannedBook) -> None:
        try:
            self._open.admit(book)
        except FullcastError as error:
            self._fail(slug, error)
            return
        file, priority = str(book.request.file), book.request.priority
        planned = BookPlanned(book.title, file, priority, book.lines, len(book.jobs), round(book.audio_s, 1))
        self._tell(planned, slug)
        self._finish_complete()

    def _published(self, slug: str, facts: FinishedFacts) -> None:
        row = self.record.finished(slug, facts)
        entry = self.record[slug].request.entry
        if entry is not None:
            self._inbox.remove(entry)
        sound, ended_s = row.state == "done", round(row.ended_s or 0.0, 1)
        audio_s, device_s = round(row.audio_s, 1), round(row.device_s, 1)
        self._tell(BookFinished(row.title, sound, len(row.lost), audio_s, device_s, ended_s), slug)
        self.record.write()

    def _fail(self, slug: str, error: FullcastError) -> None:
        """A book cannot be made: the others do not wait for it."""
        self._open.drop(slug)
        row = self.record.failed(slug, error)
        self._tell(BookFailed(row.file, row.reason or ""), slug)
        self.record.write()

    def _take_in(self, book: BookRequest) -> None:
        """Has a book planned, unless another has its folder."""
        if book.slug in self.record:
            other = self.record[book.slug].request
            if other.file.resolve() != book.file.resolve():
                self._refuse(book, f"the folder '{book.slug}' is that of {other.file}")
            elif book.entry is not None and other.entry is None:
                self._inbox.remove(book.entry)
            return
        self.record.add(book)
        rank = rank_of(book.priority, self._count)
        self._count += 1
        strict = self._options.strict
        task = PlanRequest(book, rank, self._store.address, self._output, self._spool, strict)
        self._planner.put(rank, book.slug, task)

    def _refuse(self, book: BookRequest, reason: str) -> None:
        row = self.record.refuse(f"{book.slug} ({len(self._entries)})", book, reason)
        self._tell(BookFailed(row.file, reason), row.slug)

    def _look_into_inbox(self, at_once: bool = False) -> bool:
        """Takes books in that were added; whether there were any. Looks at most once a second."""
        if not self._ours or not (at_once or time.monotonic() - self._looked >= LOOK_EVERY_S):
            return False
        self._looked = time.monotonic()
        new = [entry for entry in self._inbox.entries() if entry not in self._entries]
        for entry in new:
            self._entries.add(entry)
            try:
                self._take_in(self._inbox.read(entry, self._preset, self._formats))
            except FullcastError as error:
                self._refuse(BookRequest(entry, 0, self._preset, self._formats, entry), str(error))
        return bool(new)

    def _tell(self, event: Event, slug: str | None) -> None:
        with self._telling:
            self._listener(event, slug)

    def _tell_of_book(self, event: Event, slug: str) -> None:
        """What a desk reports; what a book's own report shows of it is kept."""
        if type(event).__name__ not in MANY:
            self._events_of.setdefault(slug, []).append(event)
        self._tell(event, slug)

    def _sum(self) -> ShelfFinished:
        rows = self.record.books()
        states = [row.state for row in rows]
        audio_s, device_s = sum(row.audio_s for row in rows), sum(row.device_s for row in rows)
        counts = states.count("done"), states.count("unsound"), states.count("failed")
        return ShelfFinished(*counts, round(audio_s, 1), round(device_s, 1), round(self.record.wall_s, 1))

    @contextmanager
    def _desks(self) -> Iterator[None]:
        self._planner: Desk[PlannedBook] = Desk(plan_book, self._tell_of_book)
        self._finisher: Desk[FinishedFacts] = Desk(finish_planned, self._tell_of_book)
        try:
            yield
        finally:
            self._planner.close()
            self._finisher.close()
