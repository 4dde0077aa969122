"""Which worker says which lines next: keep the model, steal when it pays. Pure; simulated in the tests.

A queue for each model, inside it one for each voice. An idle worker
(1) keeps its model while there is work for it; else
(2) takes a model nobody serves, one in its cache first, then the one with the most work left; else
(3) joins a served model when that is worth the load.
When a worker's model is nearly done, `upcoming` names the one it will take next, so that it can be loaded
while the last lines are spoken; others leave that model to it as long as they find other work.
Who serves, holds and was promised what is counted as it changes, so that a decision does not look through all
workers; what is learnt of paces (`estimate.py`) turns planned seconds into real ones.
Jobs have a rank: of a model's work, that of the lowest rank goes first, and a worker turns from its model to
one with more urgent work when that costs no load that would not be needed anyway. Where all ranks are equal,
nothing is decided by them.
Source: the rules and their simulated makespans are in docs/scheduling.md.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeGuard

from pipeline.render.estimate import Estimator
from pipeline.render.waiting import BATCH_LINES as BATCH_LINES
from pipeline.render.waiting import Job as Job
from pipeline.render.waiting import Queue

BATCH_S = 10.0
# A model is named as upcoming when the work left is this many times what loading it takes, and a batch more:
# earlier, it would stand in the way of others; later, its worker would wait.
LEAD = 1.5
# A worker that takes so many times longer than others gets no long line at the end.
SLOW = 1.25


class Schedule:
    """The work that is left, and who is on which model.

    Owns the queues. Does not know what a worker is: they are numbers. Make one for each run.

    Args:
        load_s: seconds that loading each model takes.
        estimator: what the run has learnt of paces; whoever makes it tells it. None believes the plan.
        has_room: whether a worker has room for all of these models at once. Without it a worker loads none
            for the sake of a rank while its own has work.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        load_s: Mapping[str, float] | None = None,
        batch_s: float = BATCH_S,
        estimator: Estimator | None = None,
        has_room: Callable[[Collection[str]], bool] | None = None,
    ) -> None:
        self._load_s = dict(load_s or {})
        self._longest_load_s = max(self._load_s.values(), default=0.0)
        self._batch_s = batch_s
        self.estimator = estimator or Estimator()
        self._has_room = has_room or (lambda models: False)
        self._ranks: set[int] = set()
        # Models with work; those of them that nobody serves.
        self._queues: dict[str, Queue] = {}
        self._unserved: set[str] = set()
        self._serving: dict[int, str] = {}
        self._promised: dict[int, str] = {}
        self._cached: dict[int, frozenset[str]] = {}
        # How many workers serve, hold and were promised each model.
        self._servers: Counter[str] = Counter()
        # The same with a slow worker for what it does of a usual one's work; and what each counts for now.
        self._power: dict[str, float] = {}
        self._weight: dict[int, float] = {}
        self._holders: Counter[str] = Counter()
        self._promises: Counter[str] = Counter()
        self._retries: deque[list[Job]] = deque()
        # Planned seconds of each worker's latest batch.
        self._last_s: dict[int, float] = {}
        # Who found nothing worth doing, and how many batches later it is worth another look: work only gets
        # less, so that it stands until something else changes; paces do so slowly.
        self._idle: dict[int, int] = {}
        self._batches = 0
        self._insisted = False
        self.put_back(jobs)

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Adds work, or work that a lost worker had in hand."""
        by_model: dict[str, list[Job]] = {}
        for job in jobs:
            by_model.setdefault(job.model, []).append(job)
            self._ranks.add(job.rank)
        for model, more in by_model.items():
            self._queues.setdefault(model, Queue()).refill(more)
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

    def insist(self) -> None:
        """Whoever asks next gets work if there is any: nothing is in hand, and all wait for each other."""
        self._idle.clear()
        self._insisted = True

    def jobs_left(self) -> int:
        """How many lines wait (those in hand are not counted)."""
        waiting = (len(voice.jobs) for queue in self._queues.values() for voice in queue.voices.values())
        return sum(waiting) + sum(len(batch) for batch in self._retries)

    def next_batch(self, worker: int, cached: Iterable[str] = (), in_hand: int = 0) -> list[Job]:
        """The next lines for a worker; empty if it had better stay idle, or do what it has in hand first.

        Args:
            cached: models the worker holds already.
            in_hand: batches that it has not finished.
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
        if model is not None and in_hand and self._is_ending(worker, model):
            return []
        batch = [] if model is None else self._take(worker, model)
        if model is None or not batch:
            self._idle[worker] = self._batches + max(1, len(self._serving))
            self._promise(worker, None)
            self._serve(worker, None)
            return []
        self._batches += 1
        self._insisted = False
        self._last_s[worker] = sum(job.work_s for job in batch)
        if self._promised.get(worker) == model:
            self._promise(worker, None)
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
        urgent = self._more_urgent(worker, current)
        if urgent is not None:
            self._promise(worker, urgent)
            return urgent
        rest_s = self._left_s(current) / self._servers[current] if self._is_open(current) else 0.0
        near = rest_s <= self._batch_s + LEAD * self._longest_load_s
        model = self._after_current(worker, rest_s) if near else None
        if model is None or rest_s > self._batch_s + LEAD * self._load_s.get(model, 0.0):
            model = None
        self._promise(worker, model)
        return model

    def _is_ending(self, worker: int, model: str) -> bool:
        """Whether others may be done with a model before a worker is with what it has in hand.

        One more batch in hand would then wait for it while they are free.
        """
        queue = self._queues[model]
        # Squared where it is slow, as in `_take`.
        slowness = self.estimator.slowness(worker)
        slowness = slowness**2 if slowness > SLOW else slowness
        in_hand_s = max(queue.longest_s(), self._last_s.get(worker, 0.0)) * slowness
        return queue.left_s < max(1, self._servers[model]) * in_hand_s

    def _take(self, worker: int, model: str) -> list[Job]:
        """The next lines; a slow worker gets none that the others would be done with sooner."""
        self._serve(worker, model)
        queue, slowness = self._queues[model], self.estimator.slowness(worker)
        if slowness > SLOW and self._leave_to_idle(worker, model, slowness):
            return []
        if slowness > SLOW and self._has_faster(worker, model, slowness):
            # It needs longer for a line by its slowness less one; the others come to it after the rest.
            # Squared, because what is learnt of a worker lags behind and one long line too many ends the run.
            limit_s = self._rest_s(model) / (slowness**2 - 1)
            if queue.longest_s() > limit_s:
                return queue.take_short(limit_s)
        return queue.take(self._budget_s(worker, model))

    def _leave_to_idle(self, worker: int, model: str, slowness: float) -> bool:
        """Whether an idle worker would be done with the next line sooner, its load counted, and takes it."""
        if self._insisted or not self._idle:
            return False
        line_s = self._queues[model].longest_s() * self.estimator.pace(model)
        if line_s * (slowness - 1) <= self._load_s.get(model, 0.0):
            return False
        for other in self._idle:
            cached = model in self._cached.get(other, ())
            faster = other != worker and self.estimator.slowness(other) * SLOW < slowness
            if faster and self._gain(other, model, cached, 0.0) > 0:
                self._idle.clear()
                return True
        return False

    def _rest_s(self, model: str) -> float:
        """Planned seconds until a model's work is done; those on others join in when these are done."""
        of_all_s = sum(self._left_s(name) for name in self._queues) / len(self._serving)
        return min(self._queues[model].left_s / self._power[model], of_all_s / self.estimator.pace(model))

    def _has_faster(self, worker: int, model: str, slowness: float) -> bool:
        """Whether a faster worker is on the model, which will come to its last line."""
        return not self._insisted and any(
            served == model and other != worker and self.estimator.slowness(other) * SLOW < slowness
            for other, served in self._serving.items()
        )

    def _budget_s(self, worker: int, model: str) -> float:
        """How many planned seconds a batch holds: ten real ones, fewer towards the end."""
        share_s = self._left_s(model) / (2 * max(1, self._servers[model]))
        pace = self.estimator.pace(model) * self.estimator.worker_pace(worker)
        return min(self._batch_s, share_s) / pace

    def _left_s(self, model: str) -> float:
        """Seconds of work left for a model, as far as its pace is known."""
        return self._queues[model].left_s * self.estimator.pace(model)

    def _after_current(self, worker: int, rest_s: float) -> str | None:
        model = self._next_unserved(worker)
        if model is None or self._is_promised_to_another(model, worker):
            return self._worth_joining(worker, rest_s)
        return model

    def _choose(self, worker: int) -> str | None:
        current = self._serving.get(worker)
        if not self._is_open(current):
            self._serve(worker, None)
            current = self._next_unserved(worker) or self._worth_joining(worker)
        return self._more_urgent(worker, current) or current

    def _more_urgent(self, worker: int, current: str | None) -> str | None:
        """The model with more urgent work than `current` that a worker can turn to at no load in vain."""
        if len(self._ranks) < 2 or not self._is_open(current):
            return None
        rank = self._queues[current].rank()
        urgent = [
            (queue.rank(), model not in self._cached.get(worker, ()), -queue.left_s, model)
            for model, queue in self._queues.items()
            if queue.rank() < rank and self._needs_no_more_loads(worker, model)
        ]
        return min(urgent)[-1] if urgent else None

    def _needs_no_more_loads(self, worker: int, model: str) -> bool:
        """Whether turning to a model loads nothing, or only what some worker has to load anyway."""
        cached = self._cached.get(worker, frozenset())
        if model in cached:
            return True
        if model not in self._unserved or self._holders[model] or self._is_promised_to_another(model, worker):
            return False
        return self._has_room({model, *cached})

    def _is_open(self, model: str | None) -> TypeGuard[str]:
        return model in self._queues

    def _next_unserved(self, worker: int) -> str | None:
        """The model that nobody serves and this worker should take: promised, loaded here, loaded nowhere."""
        own, cached = self._promised.get(worker), self._cached.get(worker, frozenset())

        def preference(model: str) -> tuple[bool, bool, bool, bool, int, float, str]:
            here = model in cached
            return (
                model != own, self._promises[model] > (model == own), not here,
                self._holders[model] > here, self._queues[model].rank(), -self._left_s(model), model,
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
            gain = self._gain(worker, model, model in cached, after_s)
            if gain > 0 and (best is None or (-gain, model) < best):
                best = (-gain, model)
        return None if best is None else best[1]

    def _gain(self, worker: int, model: str, is_cached: bool, after_s: float) -> float:
        """Seconds by which the model's work ends sooner if one more worker joins in; <= 0 if it does not."""
        served_by, more = self._power[model], self._speed(worker)
        left_s = self._left_s(model) - after_s * served_by
        load_s = 0.0 if is_cached else self._load_s.get(model, 0.0)
        if left_s / served_by <= load_s:
            return 0.0
        return left_s / served_by - (left_s + load_s * more) / (served_by + more)

    def _close(self, model: str) -> None:
        """Nothing is left of a model."""
        self._queues.pop(model, None)
        self._unserved.discard(model)

    def _serve(self, worker: int, model: str | None) -> None:
        before = self._serving.get(worker)
        if before == model:
            self._weigh(worker, model)
            return
        self._weigh(worker, None)
        if before is not None:
            del self._serving[worker]
            self._servers[before] -= 1
            if not self._servers[before] and before in self._queues:
                self._unserved.add(before)
                self._idle.clear()
        if model is not None:
            self._serving[worker] = model
            self._servers[model] += 1
            self._unserved.discard(model)
            self._weigh(worker, model)

    def _weigh(self, worker: int, model: str | None) -> None:
        """Counts a worker on its model for what it is known to do by now; for nothing if that is None."""
        served = self._serving.get(worker)
        if served is None:
            return
        weight = 0.0 if model is None else self._speed(worker)
        self._power[served] = self._power.get(served, 0.0) + weight - self._weight.pop(worker, 0.0)
        if weight:
            self._weight[worker] = weight

    def _speed(self, worker: int) -> float:
        """How much of a usual worker's work a slow one does; 1 for all others."""
        slowness = self.estimator.slowness(worker)
        return 1.0 / slowness if slowness > SLOW else 1.0

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
