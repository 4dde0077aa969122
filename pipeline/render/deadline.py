"""After how many seconds a worker that does not answer is taken for hung. Pure.

What a batch should take is learnt by the estimator. What comes on top is room for what nobody can foresee: a
machine that is busy with something else, weights that are read over a network for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.render.estimate import DEADLINE_FLOOR_S, Estimator
from pipeline.render.schedule import Job

# A node's first load may have to fetch gigabytes first: 4 GB at 5 MB/s.
LOAD_ALLOWANCE_S = 900.0


@dataclass(frozen=True)
class Patience:
    """How long silence is borne beyond what the work should take.

    Attributes:
        floor_s: for any batch.
        load_s: more for a model that has to be loaded.
    """

    floor_s: float = DEADLINE_FLOOR_S
    load_s: float = LOAD_ALLOWANCE_S


class Deadlines:
    """How long each batch may take. Owns nothing that changes; what was learnt is the estimator's."""

    def __init__(self, estimator: Estimator, load_s: Mapping[str, float], patience: Patience) -> None:
        self._estimator = estimator
        self._load_s = load_s
        self._patience = patience

    def of(self, worker: int, jobs: Sequence[Job], loads: Sequence[str]) -> float:
        """Seconds from when the worker begins with the batch.

        Args:
            loads: models that it may have to load for it.
        """
        planned_s: dict[str, float] = {}
        for job in jobs:
            planned_s[job.model] = planned_s.get(job.model, 0.0) + job.work_s
        # The estimator's own floor counts once, not for each model, and is replaced by what was asked for.
        speaking_s = sum(
            self._estimator.deadline_s(model, seconds, worker) - DEADLINE_FLOOR_S
            for model, seconds in planned_s.items()
        )
        return self._patience.floor_s + speaking_s + sum(self._loading_s(model) for model in loads)

    def _loading_s(self, model: str) -> float:
        return max(self._patience.load_s, 10.0 * self._load_s.get(model, 0.0))
