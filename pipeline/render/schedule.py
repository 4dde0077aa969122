"""Which worker says which lines next: keep the model, steal when it pays. Pure; simulated in the tests.

A queue for each model, inside it one for each voice. An idle worker
(1) keeps its model while there is work for it; else
(2) takes a model nobody serves, one in its cache first, then the one with the most work left; else
(3) joins a served model when that is worth the load.
Source: the rules and their simulated makespans are in docs/scheduling.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BATCH_S = 10.0
# A worker holds the sound of a whole batch and loses it if it dies: however fast an engine is, no more lines.
BATCH_LINES = 32


@dataclass(frozen=True)
class Job:
    """One take to make: its key, what must be loaded for it, and how many seconds of work it is."""

    key: str
    model: str
    voice: str
    work_s: float


@dataclass
class _Queue:
    """Work left for one model: voices with the most work first, each voice's longest line first."""

    jobs: deque[Job] = field(default_factory=deque)
    left_s: float = 0.0

    def refill(self, jobs: Iterable[Job]) -> None:
        both = [*self.jobs, *jobs]
        by_voice: dict[str, float] = {}
        for job in both:
            by_voice[job.voice] = by_voice.get(job.voice, 0.0) + job.work_s
        both.sort(key=lambda job: (-by_voice[job.voice], job.voice, -job.work_s, job.key))
        self.jobs = deque(both)
        self.left_s = sum(job.work_s for job in both)

    def take(self, budget_s: float) -> list[Job]:
        batch = [self.jobs.popleft()]
        spent_s = batch[0].work_s
        while self.jobs and len(batch) < BATCH_LINES and spent_s + self.jobs[0].work_s <= budget_s:
            batch.append(self.jobs.popleft())
            spent_s += batch[-1].work_s
        self.left_s = max(0.0, self.left_s - spent_s) if self.jobs else 0.0
        return batch


class Schedule:
    """The work that is left, and who is on which model.

    Owns the queues. Does not know what a worker is: they are numbers. Make one for each run.
    """

    def __init__(
        self, jobs: Iterable[Job], load_s: Mapping[str, float] | None = None, batch_s: float = BATCH_S
    ) -> None:
        self._load_s = dict(load_s or {})
        self._batch_s = batch_s
        self._queues: dict[str, _Queue] = {}
        self._serving: dict[int, str] = {}
        self._retries: deque[list[Job]] = deque()
        self.put_back(jobs)

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Adds work, or work that a lost worker had in hand."""
        by_model: dict[str, list[Job]] = {}
        for job in jobs:
            by_model.setdefault(job.model, []).append(job)
        for model, more in by_model.items():
            self._queues.setdefault(model, _Queue()).refill(more)

    def put_back_apart(self, batches: Iterable[list[Job]]) -> None:
        """Adds batches that must not be joined with others again: halves of one that killed its worker."""
        self._retries.extend(batch for batch in batches if batch)

    def drop_model(self, model: str) -> None:
        """Forgets all work of a model that can go on no more."""
        self._queues.pop(model, None)
        apart = ([job for job in batch if job.model != model] for batch in self._retries)
        self._retries = deque(batch for batch in apart if batch)

    def leave(self, worker: int) -> None:
        """The worker is gone or idle; it serves no model."""
        self._serving.pop(worker, None)

    def is_empty(self) -> bool:
        """Whether nothing waits (work in hand is not counted)."""
        return not self._retries and not any(queue.jobs for queue in self._queues.values())

    def next_batch(self, worker: int, cached: Iterable[str] = ()) -> list[Job]:
        """The next lines for a worker that is free; empty if it had better stay idle.

        Args:
            cached: models the worker holds already.
        """
        if self._retries:
            batch = self._retries.popleft()
            self._serving[worker] = batch[0].model
            return batch
        model = self._choose(worker, frozenset(cached))
        if model is None:
            self.leave(worker)
            return []
        self._serving[worker] = model
        queue = self._queues[model]
        served_by = max(1, self._count(model))
        return queue.take(min(self._batch_s, queue.left_s / (2 * served_by)))

    def _choose(self, worker: int, cached: frozenset[str]) -> str | None:
        open_models = {model: queue for model, queue in self._queues.items() if queue.jobs}
        current = self._serving.get(worker)
        if current in open_models:
            return current
        self.leave(worker)
        unserved = [model for model in open_models if not self._count(model)]
        if unserved:
            return min(unserved, key=lambda m: (m not in cached, -open_models[m].left_s, m))
        gains = {model: self._gain(model, model in cached) for model in open_models}
        worthwhile = [model for model, gain in gains.items() if gain > 0]
        return min(worthwhile, key=lambda m: (-gains[m], m)) if worthwhile else None

    def _gain(self, model: str, is_cached: bool) -> float:
        """Seconds by which the model's work ends sooner if one more worker joins in; <= 0 if it does not."""
        left_s = self._queues[model].left_s
        load_s = 0.0 if is_cached else self._load_s.get(model, 0.0)
        served_by = self._count(model)
        if left_s / served_by <= load_s:
            return 0.0
        return left_s / served_by - (left_s + load_s) / (served_by + 1)

    def _count(self, model: str) -> int:
        return sum(1 for served in self._serving.values() if served == model)
