"""Carries a plan out: hands lines to workers, puts back what a dead worker held, sets poison lines aside."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import EngineError
from pipeline.events import (
    Event,
    LineQuarantined,
    LineRendered,
    ModelLoaded,
    WorkerLost,
    WorkerStarted,
    WorkPlanned,
)
from pipeline.render.event_record import record_of
from pipeline.render.job import BatchResult, Finished, LineJob
from pipeline.render.pool import Pool
from pipeline.render.schedule import Job, Schedule
from pipeline.render.tally import Tally

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
        tally: loads, stalls and shortages, added up.
    """

    made: set[str] = field(default_factory=set)
    quarantined: dict[str, tuple[LineJob, str]] = field(default_factory=dict)
    times: dict[str, ModelTimes] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

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
        self._tell = report
        self._in_hand: dict[int, int] = {}
        self._cached: dict[int, tuple[str, ...]] = {}
        self._deaths: dict[str, int] = {}
        # Workers that take no more work for want of memory, and why.
        self._stopped: dict[int, str] = {}
        # Models named to each worker that it has not loaded yet, and those that may have killed one so.
        self._named: dict[int, set[str]] = {}
        self._never_ahead: set[str] = set()
        self._has_take: Callable[[str], bool] = lambda key: False
        self.outcome = Outcome()

    def go(
        self,
        has_take: Callable[[str], bool],
        preloads: Mapping[int, Sequence[str]] | None = None,
        memory_bytes: int = 0,
    ) -> Outcome:
        """Works until nothing is left; returns what became of every line.

        Args:
            has_take: whether a take is in the store: what a dead worker had finished is not done twice.
            preloads: models that each worker loads before any work is handed out.
            memory_bytes: budget of each worker, for the log.

        Raises:
            StoreError: the store cannot be written.
            EngineError: no worker comes up any more.
        """
        self._has_take = has_take
        models = tuple(sorted({job.model for job in self._jobs.values()}))
        workers = self._pool.workers()
        self._report(WorkPlanned(models, len(self._jobs), len(workers), memory_bytes, time.time()))
        for worker in workers:
            self._report(WorkerStarted(worker))
        self._preload(preloads or {})
        while True:
            self._hand_out()
            if not any(self._in_hand.values()):
                return self.outcome
            self._collect()

    def _preload(self, preloads: Mapping[int, Sequence[str]]) -> None:
        """Has the workers load models, all at the same time, and waits for them."""
        for worker in self._pool.workers():
            if preloads.get(worker):
                self._submit(worker, [], preloads[worker])
        while any(self._in_hand.values()):
            self._collect()

    def _collect(self) -> None:
        for finished in self._pool.wait():
            self._in_hand[finished.worker] -= 1
            self._settle(finished)

    def _hand_out(self) -> None:
        """Gives every worker one batch, then a second, so that nobody waits while another hoards."""
        for depth in range(1, self._pool.depth + 1):
            for worker in self._willing():
                while self._in_hand.get(worker, 0) < depth:
                    cached = self._cached.get(worker, ())
                    batch = self._schedule.next_batch(worker, cached)
                    if not batch:
                        break
                    upcoming = self._schedule.upcoming(worker, cached)
                    jobs = [self._jobs[job.key] for job in batch]
                    self._submit(worker, jobs, () if upcoming is None else (upcoming,))
        if not self._schedule.is_empty() and not self._willing():
            raise self._no_worker()

    def _submit(self, worker: int, jobs: list[LineJob], upcoming: Sequence[str]) -> None:
        upcoming = [model for model in upcoming if model not in self._never_ahead]
        cached = self._cached.get(worker, ())
        self._named.setdefault(worker, set()).update(model for model in upcoming if model not in cached)
        self._pool.submit(worker, jobs, upcoming)
        self._in_hand[worker] = self._in_hand.get(worker, 0) + 1

    def _willing(self) -> list[int]:
        """Workers that are up and take work."""
        return [worker for worker in self._pool.workers() if worker not in self._stopped]

    def _no_worker(self) -> EngineError:
        if self._stopped:
            worker, reason = next(iter(self._stopped.items()))
            return EngineError(
                f"no worker has memory left: worker {worker}: {reason}",
                hint="the takes made are kept; use fewer --workers, or close other programs, and go on",
            )
        return EngineError("no worker is left", hint="see the workers' log; the takes made are kept")

    def _settle(self, finished: Finished) -> None:
        if finished.result is None:
            self._recover(finished)
        else:
            self._cached[finished.worker] = finished.result.cached
            self._record(finished.worker, finished.result)
            if finished.result.refused is not None:
                self._retire(finished, finished.result.refused)

    def _record(self, worker: int, result: BatchResult) -> None:
        for event in result.events:
            self._report(event)
            if isinstance(event, ModelLoaded):
                times = self.outcome.of(event.model)
                times.load_s = max(times.load_s, event.load_s)
                self._named.get(worker, set()).discard(event.model)
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

    def _retire(self, finished: Finished, reason: str) -> None:
        """A worker takes no more work: what it gave back goes to others."""
        self._stopped[finished.worker] = reason
        self._schedule.leave(finished.worker)
        self._schedule.put_back(job.job for job in finished.jobs)

    def _recover(self, finished: Finished) -> None:
        """Puts a lost worker's batch back: whole if it was not begun, else in halves that stay apart."""
        left = [job for job in finished.jobs if not self._has_take(job.key)]
        if not finished.untouched:  # one event a death, though two batches come back
            self._report(WorkerLost(finished.worker, finished.lost or "died", len(left)))
        self.outcome.made.update(job.key for job in finished.jobs if job not in left)
        self._schedule.leave(finished.worker)
        self._cached.pop(finished.worker, None)
        # A load ahead may have killed it: the lines that were spoken meanwhile must not be blamed twice.
        self._never_ahead |= self._named.pop(finished.worker, set())
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

    def _report(self, event: Event) -> None:
        record = record_of(event, time.time())
        if record is not None:
            self.outcome.tally.add(record)
        self._tell(event)

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
