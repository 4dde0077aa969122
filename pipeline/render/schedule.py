"""Which worker says which lines next: keep the model, steal when it pays. Pure; simulated in the tests.

A queue for each model, inside it one for each voice. An idle worker
(1) keeps its model while there is work for it; else
(2) takes a model nobody serves, one in its cache first, then the one with the most work left; else
(3) joins a served model when that is worth the load.
When a worker's model is nearly done, `upcoming` names the one it will take next, so that it can be loaded
while the last lines are spoken; others leave that model to it as long as they find other work.
Source: the rules and their simulated makespans are in docs/scheduling.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

BATCH_S = 10.0
# A worker holds the sound of a whole batch and loses it if it dies: however fast an engine is, no more lines.
BATCH_LINES = 32
# A model is named as upcoming when the work left is this many times what loading it takes, and a batch more:
# earlier, it would stand in the way of others; later, its worker would wait.
LEAD = 1.5


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
        self._promised: dict[int, str] = {}
        self._cached: dict[int, frozenset[str]] = {}
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
        self._promised = {worker: named for worker, named in self._promised.items() if named != model}
        apart = ([job for job in batch if job.model != model] for batch in self._retries)
        self._retries = deque(batch for batch in apart if batch)

    def leave(self, worker: int) -> None:
        """The worker is gone; it serves no model, holds none and has none coming."""
        self._serving.pop(worker, None)
        self._promised.pop(worker, None)
        self._cached.pop(worker, None)

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
        self._cached[worker] = frozenset(cached)
        model = self._choose(worker)
        if model is None:
            self._promised.pop(worker, None)
            return []
        self._serving[worker] = model
        if self._promised.get(worker) == model:
            del self._promised[worker]
        queue = self._queues[model]
        served_by = max(1, self._count(model))
        return queue.take(min(self._batch_s, queue.left_s / (2 * served_by)))

    def upcoming(self, worker: int, cached: Iterable[str] = ()) -> str | None:
        """The model that a worker will need after its own; None while that is far off, or if there is none.

        The model is promised to the worker from then on, as long as it calls this with every batch.

        Args:
            cached: models the worker holds already, or is loading.
        """
        self._cached[worker] = frozenset(cached)
        current = self._serving.get(worker)
        rest_s = self._queues[current].left_s / self._count(current) if self._is_open(current) else 0.0
        model = self._after_current(worker, rest_s) if rest_s <= self._lead_s(*self._load_s) else None
        self._promised.pop(worker, None)
        if model is None or rest_s > self._lead_s(model):
            return None
        self._promised[worker] = model
        return model

    def _after_current(self, worker: int, rest_s: float) -> str | None:
        model = self._next_unserved(worker)
        if model is None or self._is_promised_to_another(model, worker):
            return self._worth_joining(worker, rest_s)
        return model

    def _lead_s(self, *models: str) -> float:
        """How long before the slowest of the models is needed its load is begun."""
        return self._batch_s + LEAD * max((self._load_s.get(model, 0.0) for model in models), default=0.0)

    def _choose(self, worker: int) -> str | None:
        current = self._serving.pop(worker, None)
        if self._is_open(current):
            return current
        return self._next_unserved(worker) or self._worth_joining(worker)

    def _is_open(self, model: str | None) -> TypeGuard[str]:
        return model in self._queues and bool(self._queues[model].jobs)

    def _open_models(self) -> dict[str, _Queue]:
        return {model: queue for model, queue in self._queues.items() if queue.jobs}

    def _next_unserved(self, worker: int) -> str | None:
        """The model that nobody serves and this worker should take: promised, loaded here, loaded nowhere."""
        open_models = self._open_models()
        unserved = [model for model in open_models if not self._count(model)]
        elsewhere = {model for other, held in self._cached.items() if other != worker for model in held}
        own, cached = self._promised.get(worker), self._cached.get(worker, frozenset())

        def preference(model: str) -> tuple[bool, bool, bool, bool, float, str]:
            return (
                model != own, self._is_promised_to_another(model, worker), model not in cached,
                model in elsewhere, -open_models[model].left_s, model,
            )  # fmt: skip

        return min(unserved, key=preference, default=None)

    def _is_promised_to_another(self, model: str, worker: int) -> bool:
        return any(model == named and other != worker for other, named in self._promised.items())

    def _worth_joining(self, worker: int, after_s: float = 0.0) -> str | None:
        """The model served by others that this worker should join, `after_s` seconds from now."""
        cached, current = self._cached.get(worker, frozenset()), self._serving.get(worker)
        gains = {
            model: self._gain(model, model in cached, after_s)
            for model in self._open_models()
            if model != current
        }
        worthwhile = [model for model, gain in gains.items() if gain > 0]
        return min(worthwhile, key=lambda m: (-gains[m], m)) if worthwhile else None

    def _gain(self, model: str, is_cached: bool, after_s: float) -> float:
        """Seconds by which the model's work ends sooner if one more worker joins in; <= 0 if it does not."""
        served_by = self._count(model)
        if not served_by:
            return 0.0
        left_s = self._queues[model].left_s - after_s * served_by
        load_s = 0.0 if is_cached else self._load_s.get(model, 0.0)
        if left_s / served_by <= load_s:
            return 0.0
        return left_s / served_by - (left_s + load_s) / (served_by + 1)

    def _count(self, model: str | None) -> int:
        return sum(1 for served in self._serving.values() if served == model)
