"""A run's figures through Ray's own exporter, for Prometheus; which ones there are says measures.py.

Ray exports them where its packages for that are installed (`pip install 'fullcast[cluster]'`); without them
it takes and drops them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from ray.util.metrics import Counter, Gauge, Histogram

from pipeline.events import BatchSpoken, Event
from pipeline.render.measures import (
    LOAD_BOUNDARIES_S,
    MEASURES,
    RUN_TAG,
    Change,
    Measure,
    changes_of,
    queue_changes,
)
from pipeline.render.schedule import Schedule

# The queue is looked at no more often than this; Ray sends figures on every few seconds.
QUEUE_EVERY_S = 2.0


class RunMetrics:
    """Tells Ray what happens in one run.

    Owns the figures. Make one for each run, in the driver, after Ray was connected.

    Args:
        run: what is rendered; each figure bears it.
        workers: those that take work now.
    """

    def __init__(self, run: str, schedule: Schedule, workers: Callable[[], Sequence[int]]) -> None:
        self._schedule = schedule
        self._workers = workers
        self._figures = {name: _figure(measure, run) for name, measure in MEASURES.items()}
        self._models: dict[str, float] = {}
        self._looked_s = 0.0

    def on(self, event: Event) -> None:
        """Counts an event, and looks at the queue once in a while."""
        for change in changes_of(event):
            self._apply(change)
        if isinstance(event, BatchSpoken) and time.monotonic() - self._looked_s > QUEUE_EVERY_S:
            self.look()

    def look(self) -> None:
        """Tells what waits now."""
        self._looked_s = time.monotonic()
        work_s, workers = self._schedule.left_s(), self._workers()
        left_s = self._schedule.estimator.left_s(work_s, workers) if workers else 0.0
        lines = self._schedule.jobs_left()
        for change in queue_changes(lines, work_s, left_s, len(workers), self._models):
            self._apply(change)
        self._models = work_s

    def _apply(self, change: Change) -> None:
        figure, tags = self._figures[change.name], dict(change.tags)
        match MEASURES[change.name].kind:
            case "counter":
                if change.value > 0:
                    figure.inc(change.value, tags=tags)
            case "gauge":
                figure.set(change.value, tags=tags)
            case "histogram":
                figure.observe(change.value, tags=tags)


def _figure(measure: Measure, run: str) -> Any:
    keys = (RUN_TAG, *measure.tags)
    figure: Any
    match measure.kind:
        case "counter":
            figure = Counter(measure.name, description=measure.description, tag_keys=keys)
        case "gauge":
            figure = Gauge(measure.name, description=measure.description, tag_keys=keys)
        case "histogram":
            boundaries = list(LOAD_BOUNDARIES_S)
            figure = Histogram(
                measure.name, description=measure.description, boundaries=boundaries, tag_keys=keys
            )
    figure.set_default_tags({RUN_TAG: run})
    return figure
