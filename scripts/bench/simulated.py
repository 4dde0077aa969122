"""A run without engines: the real schedule and the real cache policy, with seconds added up instead of spent.

Workers get their batches as the driver hands them out (two in hand), load what is upcoming while they speak
if there is room, and wait for a model that is not ready. Speaking is not slowed down by loading.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.render.cache import CachePolicy
from pipeline.render.schedule import Job, Schedule

IN_HAND = 2


@dataclass
class Simulated:
    """What came out: seconds until the last line, loads in all, loads ahead, seconds waited and spoken."""

    makespan_s: float = 0.0
    loads: int = 0
    loads_ahead: int = 0
    evictions: int = 0
    stall_s: float = 0.0
    speak_s: float = 0.0
    loads_of: Counter[str] = field(default_factory=Counter)
    done: list[str] = field(default_factory=list)

    @property
    def stall_share(self) -> float:
        """Of the seconds in which workers waited or spoke, how much was waiting."""
        return self.stall_s / (self.stall_s + self.speak_s) if self.speak_s else 0.0


@dataclass
class _Actor:
    number: int
    policy: CachePolicy
    batches: deque[tuple[list[Job], str | None]] = field(default_factory=deque)
    ready_s: dict[str, float] = field(default_factory=dict)
    in_hand: int = 0
    busy: bool = False

    def cached(self) -> tuple[str, ...]:
        return (*self.policy.models(), *self.policy.loading())


class Simulation:
    """One run. `sizes` and `load_s` by model, `budget` of each worker in the unit of the sizes."""

    def __init__(
        self,
        jobs: Sequence[Job],
        workers: int,
        sizes: Mapping[str, int],
        load_s: Mapping[str, float],
        budget: int,
        ahead: bool = True,
    ) -> None:
        self._schedule = Schedule(jobs, load_s)
        self._sizes = sizes
        self._load_s = load_s
        self._ahead = ahead
        self._actors = [_Actor(number, CachePolicy(budget)) for number in range(workers)]
        self._ends: list[tuple[float, int]] = []
        self.result = Simulated()

    def go(self) -> Simulated:
        """Runs to the end."""
        self._hand_out(0.0)
        while self._ends:
            now_s, number = heapq.heappop(self._ends)
            actor = self._actors[number]
            actor.busy, actor.in_hand = False, actor.in_hand - 1
            self.result.makespan_s = now_s
            self._begin(actor, now_s)
            self._hand_out(now_s)
        return self.result

    def _hand_out(self, now_s: float) -> None:
        for depth in range(1, IN_HAND + 1):
            for actor in self._actors:
                while actor.in_hand < depth:
                    batch = self._schedule.next_batch(actor.number, actor.cached())
                    if not batch:
                        break
                    upcoming = self._schedule.upcoming(actor.number, actor.cached()) if self._ahead else None
                    actor.batches.append((batch, upcoming))
                    actor.in_hand += 1
                    self._begin(actor, now_s)

    def _begin(self, actor: _Actor, now_s: float) -> None:
        """Starts the next batch of a worker that is free: waits for its model, looks ahead, speaks."""
        if actor.busy or not actor.batches:
            return
        batch, upcoming = actor.batches.popleft()
        model = batch[0].model
        began_s = self._ready(actor, model, now_s)
        actor.policy.pin(model)
        if upcoming is not None:
            self._load_ahead(actor, upcoming, began_s)
        work_s = sum(job.work_s for job in batch)
        actor.policy.unpin(model)
        self.result.stall_s += began_s - now_s
        self.result.speak_s += work_s
        self.result.done.extend(job.key for job in batch)
        actor.busy = True
        heapq.heappush(self._ends, (began_s + work_s, actor.number))

    def _ready(self, actor: _Actor, model: str, now_s: float) -> float:
        """When the model is there; a load in flight that is in the way is waited for."""
        self._settle(actor, now_s)
        if model in actor.policy:
            return now_s
        if model in actor.policy.loading():
            now_s = actor.ready_s[model]
            self._settle(actor, now_s)
            return now_s
        evict = actor.policy.room_for(model, self._sizes[model])
        if evict is None:
            now_s = max(actor.ready_s[name] for name in actor.policy.loading())
            return self._ready(actor, model, now_s)
        self._load(actor, model, evict, now_s)
        now_s = actor.ready_s[model]
        self._settle(actor, now_s)
        return now_s

    def _load_ahead(self, actor: _Actor, model: str, now_s: float) -> None:
        if model in actor.policy:
            actor.policy.touch(model)
            return
        if actor.policy.loading():
            return
        evict = actor.policy.room_for(model, self._sizes[model])
        if evict is not None:
            self._load(actor, model, evict, now_s)
            self.result.loads_ahead += 1

    def _load(self, actor: _Actor, model: str, evict: Sequence[str], now_s: float) -> None:
        for other in evict:
            actor.policy.evict(other)
        self.result.evictions += len(evict)
        actor.policy.begin(model, self._sizes[model])
        actor.ready_s[model] = now_s + self._load_s[model]
        self.result.loads += 1
        self.result.loads_of[model] += 1

    def _settle(self, actor: _Actor, now_s: float) -> None:
        for model in actor.policy.loading():
            if actor.ready_s[model] <= now_s:
                actor.policy.finish(model, self._sizes[model])


def fewest_loads(jobs: Sequence[Job], workers: int, makespan_s: float) -> int:
    """The fewest loads of any run that is as short as `makespan_s`.

    A model with more work than one worker does in that time must be loaded by several; all others once.
    """
    work_s: dict[str, float] = {}
    for job in jobs:
        work_s[job.model] = work_s.get(job.model, 0.0) + job.work_s
    return sum(min(workers, max(1, math.ceil(work / makespan_s - 1e-9))) for work in work_s.values())
