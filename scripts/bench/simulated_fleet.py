"""A cluster without engines: the real schedule and what it learns, with workers that are slow, die or come back.

Beside `simulated.py`, which has the cache's rules, this one is quick enough for a thousand workers and a million
lines, and what work takes is not what was planned. A worker holds a few models and forgets the oldest.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.render.estimate import Estimator
from pipeline.render.schedule import Job, Schedule

IN_HAND = 2
BACK_AFTER_S = 5.0


@dataclass(frozen=True)
class Truth:
    """What the plan does not know.

    Attributes:
        model_pace: real seconds for a planned one, by model; 1 where a model is absent.
        worker_pace: how many times longer than others a worker takes; 1 where a worker is absent.
        noise: standard deviation of the logarithm of each line's time.
        deaths: when a worker dies, in seconds, and whether it comes back after five.
        seed: of the noise.
    """

    model_pace: Mapping[str, float] = field(default_factory=dict)
    worker_pace: Mapping[int, float] = field(default_factory=dict)
    noise: float = 0.0
    deaths: Mapping[int, tuple[float, bool]] = field(default_factory=dict)
    seed: int = 0


@dataclass
class Fleet:
    """What came out.

    Attributes:
        bound_s: no schedule ends sooner, even one that knows everything.
        decisions, decide_s: batches handed out and how long the schedule thought about them, refusals included.
        again_s: work that was lost with its worker and done again.
    """

    makespan_s: float = 0.0
    bound_s: float = 0.0
    loads: int = 0
    decisions: int = 0
    refusals: int = 0
    decide_s: float = 0.0
    again_s: float = 0.0
    loads_of: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def ratio(self) -> float:
        """Makespan over its lower bound."""
        return self.makespan_s / self.bound_s


@dataclass
class _Actor:
    number: int
    batches: deque[list[Job]] = field(default_factory=deque)
    held: OrderedDict[str, None] = field(default_factory=OrderedDict)
    ready_s: dict[str, float] = field(default_factory=dict)
    named: str | None = None
    working: list[Job] | None = None
    life: int = 0
    up: bool = True


class FleetSimulation:
    """One run of so many workers with room for `room` models each; `load_s` by model."""

    def __init__(
        self,
        jobs: Sequence[Job],
        workers: int,
        load_s: Mapping[str, float],
        truth: Truth | None = None,
        room: int = 3,
        learns: bool = True,
        timed: bool = False,
    ) -> None:
        self._truth = truth or Truth()
        self._load_s = load_s
        self._room = room
        self._learns = learns
        self._estimator = Estimator()
        self._schedule = Schedule(jobs, load_s, estimator=self._estimator)
        self._actors = [_Actor(number) for number in range(workers)]
        self._clock = time.perf_counter if timed else (lambda: 0.0)
        rng = random.Random(self._truth.seed)
        noise = self._truth.noise
        self._real_s = {
            job.key: job.work_s
            * self._truth.model_pace.get(job.model, 1.0)
            * (rng.lognormvariate(-(noise**2) / 2, noise) if noise else 1.0)
            for job in jobs
        }
        # (when, order, worker, its life, what: "end", "die" or "back")
        self._events: list[tuple[float, int, int, int, str]] = []
        self._order = itertools.count()
        self._idle: set[int] = set()
        self.result = Fleet(bound_s=self._bound_s(jobs))

    def go(self) -> Fleet:
        """Runs to the end."""
        for worker, (at_s, _) in self._truth.deaths.items():
            self._at(at_s, worker, "die")
        for _ in range(IN_HAND):
            for actor in self._actors:
                self._hand_out(actor, 0.0, once=True)
        while self._events:
            now_s, _, number, life, what = heapq.heappop(self._events)
            actor = self._actors[number]
            if what == "die":
                self._die(actor, now_s)
            elif what == "back":
                actor.up = True
                self._hand_out(actor, now_s)
            elif actor.life == life:
                self._end(actor, now_s)
            for idle in sorted(self._idle):
                self._hand_out(self._actors[idle], now_s)
        return self.result

    def _at(self, at_s: float, worker: int, what: str) -> None:
        heapq.heappush(self._events, (at_s, next(self._order), worker, self._actors[worker].life, what))

    def _hand_out(self, actor: _Actor, now_s: float, once: bool = False) -> None:
        while actor.up and len(actor.batches) + (actor.working is not None) < IN_HAND:
            began = self._clock()
            in_hand = len(actor.batches) + (actor.working is not None)
            batch = self._schedule.next_batch(actor.number, actor.held, in_hand)
            named = self._schedule.upcoming(actor.number, actor.held) if batch else None
            self.result.decide_s += self._clock() - began
            self.result.decisions += bool(batch)
            self.result.refusals += not batch
            if not batch:
                break
            actor.batches.append(batch)
            actor.named = named
            self._begin(actor, now_s)
            if once:
                break
        idle = actor.up and actor.working is None
        (self._idle.add if idle else self._idle.discard)(actor.number)

    def _begin(self, actor: _Actor, now_s: float) -> None:
        if actor.working is not None or not actor.batches:
            return
        actor.working = actor.batches.popleft()
        began_s = max(now_s, self._ready_s(actor, actor.working[0].model, now_s))
        if actor.named is not None:
            self._ready_s(actor, actor.named, began_s)
        pace = self._truth.worker_pace.get(actor.number, 1.0)
        took_s = sum(self._real_s[job.key] for job in actor.working) * pace
        self._at(began_s + took_s, actor.number, "end")

    def _ready_s(self, actor: _Actor, model: str, now_s: float) -> float:
        """When a model is there; begins to load it if need be, and forgets the one used longest ago."""
        if model not in actor.held:
            self.result.loads += 1
            self.result.loads_of[model] += 1
            actor.ready_s[model] = now_s + self._load_s[model]
            actor.held[model] = None
            while len(actor.held) > self._room:
                actor.held.popitem(last=False)
        actor.held.move_to_end(model)
        return actor.ready_s[model]

    def _end(self, actor: _Actor, now_s: float) -> None:
        batch = actor.working or []
        actor.working = None
        self.result.makespan_s = max(self.result.makespan_s, now_s)
        self.result.done.update(job.key for job in batch)
        if self._learns:
            took_s = sum(self._real_s[job.key] for job in batch)
            took_s *= self._truth.worker_pace.get(actor.number, 1.0)
            planned_s = sum(job.work_s for job in batch)
            self._estimator.learn(batch[0].model, actor.number, planned_s, took_s, len(batch))
        self._begin(actor, now_s)
        self._hand_out(actor, now_s)

    def _die(self, actor: _Actor, now_s: float) -> None:
        """What it had in hand goes back: what it had begun in halves that stay apart, the rest whole."""
        actor.up, actor.life = False, actor.life + 1
        self._idle.discard(actor.number)
        self._schedule.leave(actor.number)
        self._estimator.forget_worker(actor.number)
        if (batch := actor.working) is not None:
            self.result.again_s += sum(job.work_s for job in batch)
            half = (len(batch) + 1) // 2
            self._schedule.put_back_apart([batch[:half], batch[half:]])
        self._schedule.put_back(job for later in actor.batches for job in later)
        actor.working = None
        actor.batches.clear()
        actor.held.clear()
        if self._truth.deaths[actor.number][1]:
            self._at(now_s + BACK_AFTER_S, actor.number, "back")

    def _bound_s(self, jobs: Sequence[Job]) -> float:
        """When all work is done if no worker waits but for its first model; the longest line at least.

        All other loads could run while something is spoken. A worker that dies gives nothing from then on, or nothing for the seconds until it is back.
        """
        workers = len(self._actors)
        first_s = min(self._load_s[job.model] for job in jobs)
        work_s = sum(self._real_s.values())
        fastest = min(self._truth.worker_pace.get(number, 1.0) for number in range(workers))
        alone_s = max(self._load_s[job.model] + self._real_s[job.key] * fastest for job in jobs)
        low, high = 0.0, work_s * 100
        while high - low > 1e-6 * high:
            middle = (low + high) / 2
            low, high = (low, middle) if self._capacity_s(middle) >= work_s else (middle, high)
        return max(first_s + high, alone_s)

    def _capacity_s(self, until_s: float) -> float:
        """Seconds of work of a worker like others that all workers do until then."""
        total = 0.0
        for number in range(len(self._actors)):
            up_s = until_s
            if number in self._truth.deaths:
                at_s, back = self._truth.deaths[number]
                up_s = min(until_s, at_s) + (max(0.0, until_s - at_s - BACK_AFTER_S) if back else 0.0)
            total += up_s / self._truth.worker_pace.get(number, 1.0)
        return total
