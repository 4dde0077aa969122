"""How long work really takes, learnt from the run itself: for batches, deadlines and the time left. Pure.

A plan guesses each line's seconds of work from its length and its model's speed. Both are wrong by a factor
that depends on the machine, and some workers are slower than others. What is learnt here is that factor, the
*pace*: real seconds for a planned second, of each model and of each worker beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# What is believed before anything was seen counts as so many lines, so that one odd line changes little.
# A worker's pace is believed later than its model's: most workers are alike.
MODEL_PRIOR_LINES = 1.0
WORKER_PRIOR_LINES = 2.0
# After so many lines what was learnt before counts half: a machine that gets busy is noticed.
MODEL_HALF_LIFE_LINES = 200.0
WORKER_HALF_LIFE_LINES = 100.0
# A call is given up after this many times what it should take, and a minute. Before its model was heard the
# guess may be wrong by far (a laptop, a GPU that others use), so patience begins at ten times as much.
PATIENCE = 8.0
PATIENCE_UNSEEN = 80.0
DEADLINE_FLOOR_S = 60.0


@dataclass
class _Pace:
    """Real seconds for a planned second, by sums that fade."""

    prior_lines: float
    half_life_lines: float
    lines: float = 0.0
    planned_s: float = 0.0
    took_s: float = 0.0

    def learn(self, planned_s: float, took_s: float, lines: int) -> None:
        keep = 0.5 ** (lines / self.half_life_lines)
        self.lines = self.lines * keep + lines
        self.planned_s = self.planned_s * keep + planned_s
        self.took_s = self.took_s * keep + took_s

    @property
    def value(self) -> float:
        if self.planned_s <= 0.0:
            return 1.0
        # Shrunk towards 1 as a factor, so that half as fast and twice as fast are believed alike.
        return (self.took_s / self.planned_s) ** (self.lines / (self.lines + self.prior_lines))


class Estimator:
    """What the run has shown of its models and workers so far.

    Owns the paces. Does not know lines, plans or time: it is told how long work took. Make one for each run.
    """

    def __init__(self) -> None:
        self._models: dict[str, _Pace] = {}
        self._workers: dict[int, _Pace] = {}
        # The pace of the worker in the middle, and how many lessons later it is looked up again.
        self._middle = 1.0
        self._fresh = 0

    def learn(self, model: str, worker: int, planned_s: float, took_s: float, lines: int = 1) -> None:
        """A worker spoke lines of a model; work that was planned or took no time teaches nothing.

        Args:
            planned_s: what the plan said (`Job.work_s`, summed).
            took_s: what it took, loading and waiting left out.
        """
        if planned_s <= 0.0 or took_s <= 0.0 or lines < 1:
            return
        of_model = self._models.setdefault(model, _Pace(MODEL_PRIOR_LINES, MODEL_HALF_LIFE_LINES))
        of_worker = self._workers.setdefault(worker, _Pace(WORKER_PRIOR_LINES, WORKER_HALF_LIFE_LINES))
        # Each learns what the other does not explain.
        of_model.learn(planned_s, took_s / of_worker.value, lines)
        of_worker.learn(planned_s * of_model.value, took_s, lines)
        self._fresh -= 1

    def forget_worker(self, worker: int) -> None:
        """The worker is another one now: started again, maybe on another machine."""
        self._workers.pop(worker, None)

    def pace(self, model: str) -> float:
        """Real seconds for a planned second of a model on a worker like the others; 1 before it was heard."""
        found = self._models.get(model)
        return 1.0 if found is None else found.value

    def worker_pace(self, worker: int) -> float:
        """How many times longer than planned a worker takes, its models' pace apart; 1 before it worked."""
        found = self._workers.get(worker)
        return 1.0 if found is None else found.value

    def slowness(self, worker: int) -> float:
        """How many times longer a worker takes than the one in the middle; only ratios of paces are sure."""
        if self._fresh <= 0 and self._workers:
            self._middle = median(pace.value for pace in self._workers.values())
            self._fresh = len(self._workers)
        return self.worker_pace(worker) / self._middle

    def expected_s(self, model: str, planned_s: float, worker: int | None = None) -> float:
        """How long planned work will take, loading left out; on a worker like the others if none is given."""
        return planned_s * self.pace(model) * (1.0 if worker is None else self.worker_pace(worker))

    def deadline_s(
        self, model: str, planned_s: float, worker: int | None = None, load_s: float = 0.0
    ) -> float:
        """After how many seconds a call with this work is taken for hung.

        Args:
            load_s: what the worker may have to load first; patience with it is as with work.
        """
        found = self._models.get(model)
        seen = 0.0 if found is None else found.lines
        # How much of the pace is still the guess.
        unseen = MODEL_PRIOR_LINES / (MODEL_PRIOR_LINES + seen)
        patience = PATIENCE + (PATIENCE_UNSEEN - PATIENCE) * unseen
        return DEADLINE_FLOOR_S + PATIENCE * load_s + patience * self.expected_s(model, planned_s, worker)

    def left_s(self, planned_s: Mapping[str, float], workers: Sequence[int]) -> float:
        """Seconds until work is done that workers share evenly; infinite without workers.

        Args:
            planned_s: the work left by model.
        """
        work_s = sum(self.expected_s(model, seconds) for model, seconds in planned_s.items())
        speed = sum(1.0 / self.worker_pace(worker) for worker in workers)
        return work_s / speed if speed else (float("inf") if work_s else 0.0)
