"""Which worker says which lines next: keep the model, steal when it pays. Pure; simulated in the tests.

A queue for each model, inside it one for each voice. An idle worker
(1) keeps its model while there is work for it; else
(2) takes a model nobody serves, one in its cache first, then the one with the most work left; else
(3) joins a served model when that is worth the load.
When a worker's model is nearly done, `upcoming` names the one it will take next, so that it can be loaded
while the last lines are spoken; others leave that model to it as long as they find other work.
Who serves, holds and was promised what is counted as it changes, so that a decision does not look through all
workers; what is learnt of paces (`estimate.py`) turns planned seconds into real ones.
Source: the rules and their simulated makespans are in docs/scheduling.md.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from pipeline.render.estimate import Estimator

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
class _Voice:
    """Lines of one voice, the longest at the end."""

    jobs: list[Job] = field(default_factory=list)
    left_s: float = 0.0

    def add(self, jobs: list[Job]) -> None:
        if len(jobs) > 8:
            self.jobs.extend(jobs)
            self.jobs.sort(key=_shortest_first)
        else:
            for job in jobs:
                insort(self.jobs, job, key=_shortest_first)
        self.left_s += sum(job.work_s for job in jobs)

    def take(self) -> Job:
        job = self.jobs.pop()
        self.left_s = self.left_s - job.work_s if self.jobs else 0.0
        return job


def _shortest_first(job: Job) -> tuple[float, str]:
    return (job.work_s, job.key)


@dataclass
class _Queue:
    """Work left for one model: voices with the most work first, each voice's longest line first."""

    voices: dict[str, _Voice] = field(default_factory=dict)
    current: str | None = None
    left_s: float = 0.0

    def refill(self, jobs: Iterable[Job]) -> None:
        by_voice: dict[str, list[Job]] = {}
        for job in jobs:
            by_voice.setdefault(job.voice, []).append(job)
        for voice, more in by_voice.items():
            self.voices.setdefault(voice, _Voice()).add(more)
            self.left_s += sum(job.work_s for job in more)

    def take(self, budget_s: float) -> list[Job]:
        batch = [self._pop()]
        spent_s = batch[0].work_s
        while self.voices and len(batch) < BATCH_LINES and spent_s + self._peek().work_s <= budget_s:
            batch.append(self._pop())
            spent_s += batch[-1].work_s
        self.left_s = max(0.0, self.left_s - spent_s) if self.voices else 0.0
        return batch

    def _peek(self) -> Job:
        return self._voice().jobs[-1]

    def _pop(self) -> Job:
        voice = self._voice()
        job = voice.take()
        if not voice.jobs:
            del self.voices[job.voice]
            self.current = None
        return job

    def _voice(self) -> _Voice:
        """The voice that is being spoken; when it is done, the one with the most work left."""
        if self.current is None:
            self.current = min(self.voices, key=lambda name: (-self.voices[name].left_s, name))
        return self.voices[self.current]


class Schedule:
    """The work that is left, and who is on which model.

    Owns the queues. Does not know what a worker is: they are numbers. Make one for each run.

    Args:
        load_s: seconds that loading each model takes.
        estimator: what the run has learnt of paces; whoever makes it tells it. None believes the plan.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        load_s: Mapping[str, float] | None = None,
        batch_s: float = BATCH_S,
        estimator: Estimator | None = None,
    ) -> None:
        self._load_s = dict(load_s or {})
        self._longest_load_s = max(self._load_s.values(), default=0.0)
        self._batch_s = batch_s
        self._estimator = estimator or Estimator()
        # Models with work; those of them that nobody serves.
        self._queues: dict[str, _Queue] = {}
        self._unserved: set[str] = set()
        self._serving: dict[int, str] = {}
        self._promised: dict[int, str] = {}
        self._cached: dict[int, frozenset[str]] = {}
        # How many workers serve, hold and were promised each model.
        self._servers: Counter[str] = Counter()
        self._holders: Counter[str] = Counter()
        self._promises: Counter[str] = Counter()
        self._retries: deque[list[Job]] = deque()
        # Who found nothing worth doing, and how many batches later it is worth another look: work only gets
        # less, so that it stands until something else changes; paces do so slowly.
        self._idle: dict[int, int] = {}
        self._batches = 0
        self.put_back(jobs)

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Adds work, or work that a lost worker had in hand."""
        by_model: dict[str, list[Job]] = {}
        for job in jobs:
            by_model.setdefault(job.model, []).append(job)
        for model, more in by_model.items():
            self._queues.setdefault(model, _Queue()).refill(more)
            if not self._servers[model]:
                self._unserved.add(model)
        self._idle.clear()

    def put_back_apart(self, batches: Iterable[list[Job]]) -> None:
        """Adds batches that must not be joined with others again: halves of one that killed its worker."""
        self._retries.extend(batch for batch in batches if batch)

    def drop_model(self, model: str) -> None:
        """Forgets all work of a model that can go on no more."""
        self._close(model)
        for worker in [worker for worker, named in self._promised.items() if named == model]:
            self._promise(worker, None)
        apart = ([job for job in batch if job.model != model] for batch in self._retries)
        self._retries = deque(batch for batch in apart if batch)

    def leave(self, worker: int) -> None:
        """The worker is gone; it serves no model, holds none and has none coming."""
        self._serve(worker, None)
        self._promise(worker, None)
        self._hold(worker, ())
        self._idle.clear()

    def is_empty(self) -> bool:
        """Whether nothing waits (work in hand is not counted)."""
        return not self._retries and not self._queues

    def left_s(self) -> dict[str, float]:
        """Planned seconds of work that wait, by model (work in hand is not counted)."""
        left = {model: queue.left_s for model, queue in self._queues.items()}
        for job in (job for batch in self._retries for job in batch):
            left[job.model] = left.get(job.model, 0.0) + job.work_s
        return left

    def next_batch(self, worker: int, cached: Iterable[str] = ()) -> list[Job]:
        """The next lines for a worker that is free; empty if it had better stay idle.

        Args:
            cached: models the worker holds already.
        """
        if self._retries:
            batch = self._retries.popleft()
            self._serve(worker, batch[0].model)
            self._idle.clear()
            return batch
        if self._hold(worker, cached):
            self._idle.pop(worker, None)
        if self._idle.get(worker, 0) > self._batches:
            return []
        model = self._choose(worker)
        if model is None:
            self._idle[worker] = self._batches + max(1, len(self._serving))
            self._promise(worker, None)
            return []
        self._batches += 1
        self._serve(worker, model)
        if self._promised.get(worker) == model:
            self._promise(worker, None)
        batch = self._queues[model].take(self._budget_s(worker, model))
        if not self._queues[model].voices:
            self._close(model)
        return batch

    def upcoming(self, worker: int, cached: Iterable[str] = ()) -> str | None:
        """The model that a worker will need after its own; None while that is far off, or if there is none.

        The model is promised to the worker from then on, as long as it calls this with every batch.

        Args:
            cached: models the worker holds already, or is loading.
        """
        self._hold(worker, cached)
        current = self._serving.get(worker)
        rest_s = self._left_s(current) / self._servers[current] if self._is_open(current) else 0.0
        near = rest_s <= self._batch_s + LEAD * self._longest_load_s
        model = self._after_current(worker, rest_s) if near else None
        if model is None or rest_s > self._batch_s + LEAD * self._load_s.get(model, 0.0):
            model = None
        self._promise(worker, model)
        return model

    def _budget_s(self, worker: int, model: str) -> float:
        """How many planned seconds a batch holds: ten real ones, fewer towards the end."""
        share_s = self._left_s(model) / (2 * max(1, self._servers[model]))
        pace = self._estimator.pace(model) * self._estimator.worker_pace(worker)
        return min(self._batch_s, share_s) / pace

    def _left_s(self, model: str) -> float:
        """Seconds of work left for a model, as far as its pace is known."""
        return self._queues[model].left_s * self._estimator.pace(model)

    def _after_current(self, worker: int, rest_s: float) -> str | None:
        model = self._next_unserved(worker)
        if model is None or self._is_promised_to_another(model, worker):
            return self._worth_joining(worker, rest_s)
        return model

    def _choose(self, worker: int) -> str | None:
        current = self._serving.get(worker)
        if self._is_open(current):
            return current
        self._serve(worker, None)
        return self._next_unserved(worker) or self._worth_joining(worker)

    def _is_open(self, model: str | None) -> TypeGuard[str]:
        return model in self._queues

    def _next_unserved(self, worker: int) -> str | None:
        """The model that nobody serves and this worker should take: promised, loaded here, loaded nowhere."""
        own, cached = self._promised.get(worker), self._cached.get(worker, frozenset())

        def preference(model: str) -> tuple[bool, bool, bool, bool, float, str]:
            here = model in cached
            return (
                model != own, self._promises[model] > (model == own), not here,
                self._holders[model] > here, -self._left_s(model), model,
            )  # fmt: skip

        return min(self._unserved, key=preference, default=None)

    def _is_promised_to_another(self, model: str, worker: int) -> bool:
        return self._promises[model] > (self._promised.get(worker) == model)

    def _worth_joining(self, worker: int, after_s: float = 0.0) -> str | None:
        """The model served by others that this worker should join, `after_s` seconds from now."""
        cached, current = self._cached.get(worker, frozenset()), self._serving.get(worker)
        best: tuple[float, str] | None = None
        for model in self._queues:
            if model == current or not self._servers[model]:
                continue
            gain = self._gain(model, model in cached, after_s)
            if gain > 0 and (best is None or (-gain, model) < best):
                best = (-gain, model)
        return None if best is None else best[1]

    def _gain(self, model: str, is_cached: bool, after_s: float) -> float:
        """Seconds by which the model's work ends sooner if one more worker joins in; <= 0 if it does not."""
        served_by = self._servers[model]
        left_s = self._left_s(model) - after_s * served_by
        load_s = 0.0 if is_cached else self._load_s.get(model, 0.0)
        if left_s / served_by <= load_s:
            return 0.0
        return left_s / served_by - (left_s + load_s) / (served_by + 1)

    def _close(self, model: str) -> None:
        """Nothing is left of a model."""
        self._queues.pop(model, None)
        self._unserved.discard(model)

    def _serve(self, worker: int, model: str | None) -> None:
        before = self._serving.get(worker)
        if before == model:
            return
        if before is not None:
            del self._serving[worker]
            self._servers[before] -= 1
            if not self._servers[before] and before in self._queues:
                self._unserved.add(before)
        if model is not None:
            self._serving[worker] = model
            self._servers[model] += 1
            self._unserved.discard(model)

    def _promise(self, worker: int, model: str | None) -> None:
        before = self._promised.pop(worker, None)
        if before is not None:
            self._promises[before] -= 1
        if model is not None:
            self._promised[worker] = model
            self._promises[model] += 1

    def _hold(self, worker: int, cached: Iterable[str]) -> bool:
        """Notes which models a worker holds; whether that changed."""
        before, now = self._cached.get(worker, frozenset()), frozenset(cached)
        if now == before:
            return False
        self._holders.subtract(before)
        self._holders.update(now)
        self._cached[worker] = now
        return True
