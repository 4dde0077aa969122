"""One crew's work on a shelf: lines of all open books, until nothing is left that it can speak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.events import Event, LineQuarantined, LineRendered, ModelLoaded, WorkerLost
from pipeline.journey.crew import demand_unspent, metered, open_pool
from pipeline.journey.one_book import MANY
from pipeline.journey.open_books import OpenBooks
from pipeline.journey.options import RunOptions
from pipeline.journey.planning import PlannedBook
from pipeline.journey.shelf_crew import Crew, preloads_of, too_large
from pipeline.journey.shelf_record import ShelfRecord
from pipeline.render.budget import Budget
from pipeline.render.event_log import write as write_log
from pipeline.render.job_spool import JobSpool
from pipeline.render.outcome import Outcome
from pipeline.render.run import Run
from pipeline.render.schedule import Job, Schedule
from pipeline.reports.shelf_events import ShelfStarted


class ShelfRound:
    """The work of one crew. Make it for the books that are open, and call `go` once.

    Owns the schedule. A book that comes in and needs a model which the crew's workers do not know waits for
    the next crew; if it is more urgent than all that is left, this one ends early.

    Args:
        hear: is told every event, and of which book it is, once it is noted.
        budget: what the whole run may cost and has cost.
    """

    def __init__(
        self,
        crew: Crew,
        books: OpenBooks,
        record: ShelfRecord,
        jobs: JobSpool,
        log: Path,
        hear: Callable[[Event, str | None], None],
        budget: Budget,
    ) -> None:
        self._crew = crew
        self._books = books
        self._record = record
        self._spool = jobs
        self._log = log
        self._hear = hear
        self._budget = budget
        self._known = {book.request.slug for book in books.open()}
        self._load_s = {model: seconds for book in books.open() for model, seconds in book.load_s.items()}
        self._schedule = Schedule(books.jobs.values(), self._load_s, has_room=crew.has_room)
        for book in books.open():
            jobs.add(book.places)
        self._aside = 0
        self._lost = False
        self.ended_early = False
        self.events: list[Event] = []
        self.outcome = Outcome()

    def go(self, options: RunOptions, has_take: Callable[[str], bool], look: Callable[[], None]) -> None:
        """Speaks until nothing is left.

        Args:
            look: takes in what came meanwhile.

        Raises:
            StoreError, EngineError, MissingError: as `Run.go`.
        """
        crew, waiting, books = self._crew, tuple(self._books.jobs.values()), self._books.open()
        audio_s = round(sum(book.audio_s for book in books), 1)
        with open_pool(options, crew.division, crew.setup, min(crew.division.workers, len(waiting))) as pool:
            workers = pool.workers()
            self._record.count(workers=max(self._record.run.workers, len(workers)))
            self._hear(ShelfStarted(len(books), len(waiting), audio_s, len(workers)), None)
            note = metered(self._note, options, "shelf", self._schedule, pool)
            run = Run(self._spool, pool, self._schedule, note, load_s=self._load_s, budget=self._budget)
            self.outcome = run.outcome
            preloads = preloads_of(books, waiting, crew, workers, options.preload)
            run.go(has_take, preloads, crew.setup.memory_bytes, more=lambda: self._more(look))
        self._budget.pause()
        self._settle_silent()

    def demand_unspent(self, price_per_hour: float | None) -> None:
        """Nothing, if no line was left because the budget is spent.

        Raises:
            PolicyError: lines were left; says how many.
        """
        demand_unspent(self._budget, self.outcome, self._schedule, price_per_hour)

    def _more(self, look: Callable[[], None]) -> list[Job]:
        """The jobs of books that came in and that this crew can speak."""
        if self._lost:
            self._settle_silent()
        look()
        more: list[Job] = []
        for number, book in enumerate(self._books.open()):
            if book.request.slug in self._known:
                continue
            self._known.add(book.request.slug)
            if self._can_speak(book):
                self._spool.add(book.places)
                more += [job for job in book.jobs if job.key in self._books.jobs]
            elif number == 0:
                self._end_early()
                return []
        return more

    def _can_speak(self, book: PlannedBook) -> bool:
        return self._crew.knows(book) and not too_large(self._crew, [book])

    def _end_early(self) -> None:
        """What is in hand is done; the rest is for a crew that knows all models."""
        self.ended_early = True
        for model in self._schedule.left_s():
            self._schedule.drop_model(model)

    def _note(self, event: Event) -> None:
        """Something happened: the books and the record are told first."""
        write_log(self._log, (event,))
        if type(event).__name__ not in MANY:
            self.events.append(event)
        slug: str | None = None
        run = self._record.run
        match event:
            case LineRendered(key=key):
                slug = self._books.made(key, event.audio_s, event.render_s)
            case LineQuarantined():
                slug = self._set_aside()
            case WorkerLost():
                self._lost = True
                self._record.count(workers_lost=run.workers_lost + 1)
            case ModelLoaded(load_s=load_s):
                self._record.count(loads=run.loads + 1, load_s=round(run.load_s + load_s, 2))
            case _:
                pass
        self._hear(event, slug)

    def _set_aside(self) -> str | None:
        """Lines that could not be spoken since the last time; the book of the last of them."""
        slug = None
        for key, lost in list(self.outcome.quarantined.items())[self._aside :]:
            slug = self._books.set_aside(key, lost)
            self._aside += 1
        return slug

    def _settle_silent(self) -> None:
        """Takes that a lost worker had finished before it died: no event told of them."""
        self._lost = False
        for key in [key for key in self._books.jobs if key in self.outcome.made]:
            self._books.made(key)
