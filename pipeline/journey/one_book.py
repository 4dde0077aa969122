"""One book's whole way, from the script to the published files; each method is one leg."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.events import Event, RunFinished, RunStarted, TakeDamaged
from pipeline.files import make_folder
from pipeline.journey.crew import (
    budget_for,
    demand_unspent,
    division_for,
    load_times_s,
    metered,
    open_pool,
    preloads_for,
    setup_for,
)
from pipeline.journey.fetching import fetcher, voice_states
from pipeline.journey.finishing import FinishedBook, Wanted, finish_book
from pipeline.journey.opening import open_book
from pipeline.journey.options import RunOptions, restricted
from pipeline.plan.feelings import demand_realised
from pipeline.registry.opening import catalogue_for
from pipeline.registry.weights import WeightStore
from pipeline.render.budget import Budget
from pipeline.render.event_log import log_path, rotate
from pipeline.render.event_log import write as write_log
from pipeline.render.history import write_history
from pipeline.render.prepare import demand_room, line_jobs, whole_sizes
from pipeline.render.run import Outcome, Run
from pipeline.render.schedule import Schedule
from pipeline.takes.address import StoreAddress

# Events that come with every line, batch or file; the report takes their sums from the outcome.
MANY = ("LineRendered", "FileWritten", "BatchSpoken", "ModelHit", "MemorySampled")


class BookJourney:
    """One `render` of one book: opens it, makes the takes that are missing, then the book.

    Owns the book's log of events. Prints nothing. Make one for each run and call `make_takes`, then
    `make_book`.

    Args:
        output: the folder in which the book gets its own.
        report: is told every event.
        warn: is told what is wrong with the script and does not stop it.
    """

    def __init__(
        self,
        file: Path,
        store_path: StoreAddress,
        output: Path,
        options: RunOptions,
        report: Callable[[Event], None],
        warn: Callable[[str], None],
    ) -> None:
        self._began = time.monotonic()
        self._options = options
        self._tell = report
        self._events: list[Event] = []
        self._log: Path | None = None
        # What may be spent, and what is left to do with it.
        self._account: tuple[Budget | None, Schedule] | None = None
        self._weights = WeightStore(catalogue=catalogue_for(file.parent))
        self.book = open_book(
            file, store_path, warn=warn, weights=self._weights, ensure=fetcher(self._report)
        )
        self._folder = output / self.book.script.slug
        self.book.store.make_ready()
        make_folder(self._folder)
        for key, reason in self.book.store.damaged:
            self._report(TakeDamaged(key, reason))
        self.plan = restricted(self.book.plan, options)
        if options.strict:
            demand_realised(self.plan)

    def make_takes(self) -> Outcome:
        """Renders what is missing; everything finished is in the store whatever happens."""
        states = voice_states(self.plan, self._weights) if any(self.plan.to_render()) else {}
        jobs = line_jobs(self.plan, states)
        division = division_for(self.plan, self._options)
        audio_s = sum(line.audio_s for line in self.plan.to_render())
        workers = min(division.workers, max(1, len(jobs)))
        title = self.book.script.book.title
        self._report(RunStarted(title, len(self.plan.lines), len(jobs), audio_s, workers))
        if not jobs:
            return Outcome()
        setup = setup_for(self.plan, self.book.resolved, self.book.store, self._weights, division)
        whole = whole_sizes(setup.sizes, setup.parts)
        demand_room({job.model for job in jobs}, whole, setup.memory_bytes)
        self._log = log_path(self.book.store.root, self.book.script.slug)
        rotate(self._log)
        schedule = Schedule([job.job for job in jobs], load_times_s(self.plan, self.book.history))
        budget = budget_for(self._options, division)
        self._account = (budget, schedule)
        with open_pool(self._options, division, setup, workers) as pool:
            report = metered(self._report, self._options, self.book.script.slug, schedule, pool)
            run = Run(jobs, pool, schedule, report, budget=budget)
            catalogue, preload = self.book.catalogue, self._options.preload
            preloads = preloads_for(jobs, setup, pool.workers(), catalogue, preload)
            try:
                return run.go(self.book.store.has, preloads, setup.memory_bytes)
            finally:
                history = self.book.history.after(run.outcome.times)
                write_history(self.book.store.root, self.plan, history)

    def demand_spoken(self, outcome: Outcome) -> None:
        """Nothing, if the book has a take, or lacks them for another reason than engines that did not start.

        Raises:
            EngineError: no model of the book could be loaded; says why, each reason once.
        """
        lost = outcome.quarantined.values()
        reused = any(line.status == "reuse" for line in self.plan.lines)
        if not lost or outcome.made or reused or {job.model for job, _ in lost} - set(outcome.broken):
            return
        reasons = dict.fromkeys(outcome.broken[model] for model in sorted({job.model for job, _ in lost}))
        raise EngineError(f"none of {len(lost)} lines could be spoken: {'; '.join(reasons)}")

    def make_book(self, outcome: Outcome, preset: str, formats: tuple[str, ...]) -> FinishedBook:
        """Stitches and publishes what is complete, and writes the reports."""
        wanted = Wanted(self._folder, preset, formats, self._weights.cache)
        finished = finish_book(
            self.book, self.plan, outcome, wanted, self._events, self._report, self._wall_s
        )
        self._report(self._finished(outcome))
        return finished

    def demand_unspent(self, outcome: Outcome) -> None:
        """Nothing, if no line was left because the budget is spent.

        Raises:
            PolicyError: lines were left; says how many.
        """
        if self._account is not None:
            budget, schedule = self._account
            demand_unspent(budget, outcome, schedule, self._options.price_per_hour)

    def _wall_s(self) -> float:
        return time.monotonic() - self._began

    def _finished(self, outcome: Outcome) -> RunFinished:
        reused = sum(line.status == "reuse" for line in self.plan.lines)
        made, aside = len(outcome.made), len(outcome.quarantined)
        return RunFinished(made, reused, aside, round(outcome.audio_s, 1), round(self._wall_s(), 1))

    def _report(self, event: Event) -> None:
        if type(event).__name__ not in MANY:
            self._events.append(event)
        if self._log is not None:
            write_log(self._log, (event,))
        self._tell(event)
