"""Carries a plan out: hands lines to workers, puts back what a lost worker held, sets poison lines aside."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipeline.errors import EngineError
from pipeline.events import (
    BatchSpoken,
    Event,
    LineQuarantined,
    LineRendered,
    ModelLoaded,
    WorkerLost,
    WorkerStarted,
    WorkPlanned,
)
from pipeline.logs import about
from pipeline.render.blame import Blame, Verdict
from pipeline.render.budget import Budget
from pipeline.render.deadline import Deadlines, Patience
from pipeline.render.estimate import Estimator
from pipeline.render.event_record import record_of
from pipeline.render.job import BatchResult, Finished, LineJob
from pipeline.render.outcome import ModelTimes as ModelTimes
from pipeline.render.outcome import Outcome as Outcome
from pipeline.render.pool import Pool
from pipeline.render.schedule import Job, Schedule

logger = logging.getLogger(__name__)


class Run:
    """One run of the work loop.

    Owns the schedule, what is in hand and the outcome. Does not know scripts, chapters or Ray.
    """

    def __init__(
        self,
        jobs: Iterable[LineJob] | Mapping[str, LineJob],
        pool: Pool,
        schedule: Schedule,
        report: Callable[[Event], None],
        patience: Patience | None = None,
        load_s: Mapping[str, float] | None = None,
        estimator: Estimator | None = None,
        budget: Budget | None = None,
    ) -> None:
        # A mapping may lie on a disk, and hold more than the schedule has yet.
        self._jobs = jobs if isinstance(jobs, Mapping) else {job.key: job for job in jobs}
        self._pool = pool
        self._schedule = schedule
        self._tell = report
        self._in_hand: dict[int, int] = {}
        # Lines of all batches of workers that were lost just now.
        self._in_flight: dict[int, int] = {}
        self._cached: dict[int, tuple[str, ...]] = {}
        self._blame = Blame()
        self.estimator = estimator or schedule.estimator
        self._budget = budget
        self._deadlines = Deadlines(self.estimator, load_s or {}, patience or Patience())
        self._greeted: set[int] = set()
        # Models that loaded once; those that must be loaded by themselves before lines wait for them; and the
        # lines that wait for that, by worker.
        self._loaded: set[str] = set()
        self._suspects: set[str] = set()
        self._held: dict[int, tuple[list[LineJob], Sequence[str]]] = {}
        # Lines that a lost worker had begun.
        self._begun: set[str] = set()
        # Workers that take no more work, for want of memory or of weights, and why.
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
        more: Callable[[], Iterable[Job]] = tuple,
    ) -> Outcome:
        """Works until nothing is left; returns what became of every line.

        Args:
            has_take: whether a take is in the store: what a dead worker had finished is not done twice.
            preloads: models that each worker loads before any work is handed out.
            memory_bytes: budget of each worker, for the log.
            more: work that came in meanwhile; asked before each time that lines are handed out.

        Raises:
            StoreError: the store cannot be written.
            EngineError: no worker comes up any more.
            MissingError: the cluster is gone.
        """
        self._has_take = has_take
        models = tuple(sorted(self._schedule.left_s()))
        workers = self._pool.workers()
        lines = self._schedule.jobs_left()
        self._report(WorkPlanned(models, lines, len(workers), memory_bytes, time.time()))
        self._greet()
        self._preload(preloads or {})
        while True:
            if arrived := list(more()):
                self._schedule.put_back(arrived)
            spent = self._budget is not None and not self._budget.look(
                time.monotonic(), len(self._pool.workers())
            )
            if not spent:
                self._hand_out()
            elif not any(self._in_hand.values()):
                self.outcome.unspent_jobs = self._schedule.jobs_left()
                return self.outcome
            if not any(self._in_hand.values()):
                if self._schedule.is_empty():
                    return self.outcome
                self._schedule.insist()
                self._hand_out()
            if not any(self._in_hand.values()) and not self._pool.is_waiting():
                raise self._no_worker()
            self._collect()

    def _preload(self, preloads: Mapping[int, Sequence[str]]) -> None:
        """Has the workers load models, all at the same time, and waits for them."""
        for worker in self._pool.workers():
            if preloads.get(worker):
                self._submit(worker, [], preloads[worker])
        while any(self._in_hand.values()):
            self._collect()

    def _collect(self) -> None:
        done = self._pool.wait()
        # A worker on a lost node may go on for a while: the batch behind the one in hand was in flight too.
        for finished in done:
            if finished.result is None:
                lines = self._in_flight.get(finished.worker, 0)
                self._in_flight[finished.worker] = lines + len(finished.jobs)
        for finished in done:
            self._in_hand[finished.worker] -= 1
            self._settle(finished)
        self._greet()

    def _greet(self) -> None:
        """Tells of workers that are new or back."""
        workers = set(self._pool.workers())
        for worker in sorted(workers - self._greeted):
            self._report(WorkerStarted(worker))
        self._greeted = workers

    def _hand_out(self) -> None:
        """Gives every worker one batch, then a second, so that nobody waits while another hoards."""
        for depth in range(1, self._pool.depth + 1):
            for worker in self._willing():
                while self._in_hand.get(worker, 0) < depth and worker not in self._held:
                    cached = self._cached.get(worker, ())
                    batch = self._schedule.next_batch(worker, cached, self._in_hand.get(worker, 0))
                    if not batch:
                        break
                    upcoming = self._schedule.upcoming(worker, cached)
                    jobs = [self._jobs[job.key] for job in batch]
                    self._submit_safely(worker, jobs, () if upcoming is None else (upcoming,))
        if not self._schedule.is_empty() and not self._willing() and not self._pool.is_waiting():
            raise self._no_worker()

    def _submit_safely(self, worker: int, jobs: list[LineJob], upcoming: Sequence[str]) -> None:
        """Hands a batch out; where loading its model may hang, the load goes first and alone."""
        model = jobs[0].model
        if model in self._suspects and model not in self._cached.get(worker, ()):
            self._held[worker] = (jobs, upcoming)
            self._submit(worker, [], [model])
        else:
            self._submit(worker, jobs, upcoming)

    def _submit(self, worker: int, jobs: list[LineJob], upcoming: Sequence[str]) -> None:
        if jobs:
            upcoming = [model for model in upcoming if model not in self._never_ahead]
        cached = self._cached.get(worker, ())
        self._named.setdefault(worker, set()).update(model for model in upcoming if model not in cached)
        models = dict.fromkeys([job.model for job in jobs] or upcoming)
        loads = [model for model in models if model not in cached]
        deadline_s = self._deadlines.of(worker, _bare(jobs), loads)
        self._pool.submit(worker, jobs, upcoming, deadline_s)
        self._in_hand[worker] = self._in_hand.get(worker, 0) + 1

    def _willing(self) -> list[int]:
        """Workers that are up and take work."""
        return [worker for worker in self._pool.workers() if worker not in self._stopped]

    def _no_worker(self) -> EngineError:
        if self._stopped:
            worker, reason = next(iter(self._stopped.items()))
            return EngineError(
                f"no worker can go on: worker {worker}: {reason}",
                hint="the takes made are kept; mend that and go on (fewer --workers need less memory)",
            )
        return EngineError("no worker is left", hint="see the workers' log; the takes made are kept")

    def _settle(self, finished: Finished) -> None:
        if finished.result is None:
            self._recover(finished)
        else:
            self._cached[finished.worker] = finished.result.cached
            self._record(finished.worker, finished.result)
            self._learn(finished.worker, finished.result)
            if not finished.jobs and finished.worker in self._held:
                self._submit(finished.worker, *self._held.pop(finished.worker))
            if finished.result.refused is not None:
                self._retire(finished, finished.result.refused)

    def _record(self, worker: int, result: BatchResult) -> None:
        for event in result.events:
            self._report(event)
            if isinstance(event, ModelLoaded):
                times = self.outcome.of(event.model)
                times.load_s = max(times.load_s, event.load_s)
                self._named.get(worker, set()).discard(event.model)
                self._loaded.add(event.model)
        for made in result.made:
            job = self._jobs[made.key]
            self.outcome.made.add(made.key)
            self.outcome.takes_made_twice += made.again or made.key in self._begun
            self._begun.discard(made.key)
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
        if result.deferred:
            self._schedule.put_back(self._jobs[key].job for key in result.deferred)

    def _retire(self, finished: Finished, reason: str) -> None:
        """A worker takes no more work: what it gave back goes to others."""
        self._stopped[finished.worker] = reason
        self._schedule.leave(finished.worker)
        self._schedule.put_back(job.job for job in finished.jobs)

    def _learn(self, worker: int, result: BatchResult) -> None:
        """Tells the estimator how long the lines took that were spoken now."""
        for event in result.events:
            if isinstance(event, BatchSpoken):
                spoken = [self._jobs[made.key] for made in result.made if made.render_s > 0]
                planned_s = sum(job.job.work_s for job in spoken if job.model == event.model)
                self.estimator.learn(event.model, worker, planned_s, event.speak_s, event.lines)

    def _recover(self, finished: Finished) -> None:
        """Puts a lost worker's batch back as it should be tried again, or sets its culprit aside."""
        worker, reason = finished.worker, finished.lost or "its worker died"
        left = [job for job in finished.jobs if not self._has_take(job.key)]
        if not finished.untouched:  # one event a loss, though two batches come back
            self._report(WorkerLost(worker, reason, self._in_flight.pop(worker, len(left))))
            with about(lines=[job.line_id for job in left]):
                logger.info("worker %d %s: %s", worker, finished.how, reason)
            self._begun.update(job.key for job in left)
        self.outcome.made.update(job.key for job in finished.jobs if job not in left)
        hung_load = self._hung_load(finished, left)
        held, _ = self._held.pop(worker, ([], ()))
        self._schedule.put_back(_bare(held))
        self._schedule.leave(worker)
        self.estimator.forget_worker(worker)
        self._cached.pop(worker, None)
        # A load ahead may have killed it: the lines that were spoken meanwhile must not be blamed twice.
        self._never_ahead |= self._named.pop(worker, set())
        if finished.untouched:
            self._schedule.put_back(_bare(left))
        elif hung_load is not None and not finished.jobs:
            self._give_up(hung_load, f"loading it hangs ({reason})")
        else:
            self._carry_out(self._blame.judge(_bare(left), finished.how, reason, hung_load))

    def _hung_load(self, finished: Finished, left: Sequence[LineJob]) -> str | None:
        """The model that a worker may have been loading when it hung; None if it was not, or did not hang."""
        if finished.how != "hung":
            return None
        waiting = left or self._held.get(finished.worker, ([], ()))[0]
        models = {job.model for job in waiting} - set(self._cached.get(finished.worker, ())) - self._loaded
        return min(models, default=None)

    def _carry_out(self, verdict: Verdict) -> None:
        self._schedule.put_back(verdict.back)
        self._schedule.put_back_apart([list(batch) for batch in verdict.apart])
        if verdict.suspect is not None:
            self._suspects.add(verdict.suspect)
        if verdict.guilty is not None:
            job, why = verdict.guilty
            self._quarantine(self._jobs[job.key], why)

    def _report(self, event: Event) -> None:
        record = record_of(event, time.time())
        if record is not None:
            self.outcome.tally.add(record)
        self._tell(event)

    def _give_up(self, model: str, reason: str) -> None:
        """Sets all lines of a model aside: it can go on no more."""
        self._schedule.drop_model(model)
        self.outcome.broken.setdefault(model, reason)
        for job in self._jobs.values():
            if job.model == model and job.key not in self.outcome.made:
                self._quarantine(job, reason)

    def _quarantine(self, job: LineJob, reason: str) -> None:
        if job.key in self.outcome.quarantined:
            return
        self.outcome.quarantined[job.key] = (job, reason)
        with about(book=job.where.rpartition(":")[0], line=job.line_id, key=job.key):
            logger.info("set aside: %s", reason)
        self._report(LineQuarantined(job.line_id, job.where, reason))


def _bare(jobs: Iterable[LineJob]) -> list[Job]:
    return [job.job for job in jobs]
