"""Carries a plan out: hands lines to workers, puts back what a dead worker held, sets poison lines aside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline.errors import EngineError
from pipeline.events import Event, LineQuarantined, LineRendered, ModelLoaded, WorkerLost, WorkerStarted
from pipeline.render.job import BatchResult, Finished, LineJob
from pipeline.render.pool import Pool
from pipeline.render.schedule import Job, Schedule

logger = logging.getLogger(__name__)

# A line alone in its batch that kills its worker this often is poison: once may be bad luck.
POISON_DEATHS = 2


@dataclass
class ModelTimes:
    """What one model's work took: seconds of sound, seconds its engine worked for them, its longest load."""

    audio_s: float = 0.0
    render_s: float = 0.0
    load_s: float = 0.0


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        made: keys of the takes made.
        quarantined: line jobs that could not be spoken, with the reason, by key.
        times: by model.
    """

    made: set[str] = field(default_factory=set)
    quarantined: dict[str, tuple[LineJob, str]] = field(default_factory=dict)
    times: dict[str, ModelTimes] = field(default_factory=dict)

    @property
    def audio_s(self) -> float:
        """Seconds of sound made."""
        return sum(times.audio_s for times in self.times.values())

    @property
    def render_s(self) -> float:
        """Seconds that engines worked, all workers together."""
        return sum(times.render_s for times in self.times.values())

    def of(self, model: str) -> ModelTimes:
        """The times of a model, to be added to."""
        return self.times.setdefault(model, ModelTimes())


class Run:
    """One run of the work loop.

    Owns the schedule, what is in hand and the outcome. Does not know scripts, chapters or Ray.
    """

    def __init__(
        self, jobs: Iterable[LineJob], pool: Pool, schedule: Schedule, report: Callable[[Event], None]
    ) -> None:
        self._jobs = {job.key: job for job in jobs}
        self._pool = pool
        self._schedule = schedule
        self._report = report
        self._in_hand: dict[int, int] = {}
        self._cached: dict[int, tuple[str, ...]] = {}
        self._deaths: dict[str, int] = {}
        self._has_take: Callable[[str], bool] = lambda key: False
        self.outcome = Outcome()

    def go(self, has_take: Callable[[str], bool]) -> Outcome:
        """Works until nothing is left; returns what became of every line.

        Args:
            has_take: whether a take is in the store: what a dead worker had finished is not done twice.

        Raises:
            StoreError: the store cannot be written.
            EngineError: no worker comes up any more.
        """
        self._has_take = has_take
        for worker in self._pool.workers():
            self._report(WorkerStarted(worker))
        while True:
            self._hand_out()
            if not any(self._in_hand.values()):
                return self.outcome
            for finished in self._pool.wait():
                self._in_hand[finished.worker] -= 1
                self._settle(finished)

    def _hand_out(self) -> None:
        """Gives every worker one batch, then a second, so that nobody waits while another hoards."""
        for depth in range(1, self._pool.depth + 1):
            for worker in self._pool.workers():
                while self._in_hand.get(worker, 0) < depth:
                    batch = self._schedule.next_batch(worker, self._cached.get(worker, ()))
                    if not batch:
                        break
                    self._pool.submit(worker, [self._jobs[job.key] for job in batch])
                    self._in_hand[worker] = self._in_hand.get(worker, 0) + 1
        if not self._schedule.is_empty() and not self._pool.workers():
            raise EngineError("no worker is left", hint="see the workers' log; the takes made are kept")

    def _settle(self, finished: Finished) -> None:
        if finished.result is None:
            self._recover(finished)
        else:
            self._cached[finished.worker] = finished.result.cached
            self._record(finished.worker, finished.result)

    def _record(self, worker: int, result: BatchResult) -> None:
        for event in result.events:
            self._report(event)
            if isinstance(event, ModelLoaded):
                times = self.outcome.of(event.model)
                times.load_s = max(times.load_s, event.load_s)
        for made in result.made:
            job = self._jobs[made.key]
            self.outcome.made.add(made.key)
            times = self.outcome.of(job.model)
            times.audio_s += made.audio_s
            times.render_s += made.render_s
            self._report(
                LineRendered(
                    job.line_id, job.character, job.chapter, made.key,
                    made.audio_s, made.render_s, worker, made.warnings,
                )
            )  # fmt: skip
        for failed in result.failed:
            self._quarantine(self._jobs[failed.key], failed.reason)
        for model, reason in (result.broken or {}).items():
            self._give_up(model, reason)

    def _recover(self, finished: Finished) -> None:
        """Puts a lost worker's batch back: whole if it was not begun, else in halves that stay apart."""
        left = [job for job in finished.jobs if not self._has_take(job.key)]
        if not finished.untouched:  # one event a death, though two batches come back
            self._report(WorkerLost(finished.worker, finished.lost or "died", len(left)))
        self.outcome.made.update(job.key for job in finished.jobs if job not in left)
        self._schedule.leave(finished.worker)
        self._cached.pop(finished.worker, None)
        if finished.untouched:
            self._schedule.put_back(job.job for job in left)
        elif len(left) == 1:
            self._retry_or_quarantine(left[0], finished.lost or "its worker died")
        else:
            half = (len(left) + 1) // 2
            self._schedule.put_back_apart([_bare(left[:half]), _bare(left[half:])])
        if not self._in_hand.get(finished.worker) and not self._pool.restart(finished.worker):
            logger.error("worker %d does not come up again", finished.worker)

    def _retry_or_quarantine(self, job: LineJob, reason: str) -> None:
        self._deaths[job.key] = self._deaths.get(job.key, 0) + 1
        if self._deaths[job.key] >= POISON_DEATHS:
            self._quarantine(job, f"it kills its worker ({reason})")
        else:
            self._schedule.put_back_apart([[job.job]])

    def _give_up(self, model: str, reason: str) -> None:
        """Sets all lines of a model aside: it can go on no more."""
        self._schedule.drop_model(model)
        for job in self._jobs.values():
            if job.model == model and job.key not in self.outcome.made:
                self._quarantine(job, reason)

    def _quarantine(self, job: LineJob, reason: str) -> None:
        if job.key in self.outcome.quarantined:
            return
        self.outcome.quarantined[job.key] = (job, reason)
        self._report(LineQuarantined(job.line_id, job.where, reason))


def _bare(jobs: Iterable[LineJob]) -> list[Job]:
    return [job.job for job in jobs]
