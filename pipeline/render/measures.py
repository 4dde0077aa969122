"""The figures of a run that Prometheus is told: their names, and what each event adds to them. Pure.

Ray's exporter writes each with `ray_` before its name, and `_total` behind that of a counter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.events import (
    BatchSpoken,
    Event,
    LineQuarantined,
    LineRendered,
    MemoryPressed,
    MemoryRanOut,
    MemorySampled,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    ModelLoadFailed,
    ModelMissed,
    WorkerLost,
    WorkerStalled,
)

LOAD_BOUNDARIES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)
RUN_TAG = "run"


@dataclass(frozen=True)
class Measure:
    """A figure: a counter only grows, a gauge is what it is now, a histogram counts how often how much."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    tags: tuple[str, ...] = ()

    def exported(self) -> str:
        """What Prometheus knows it by; a histogram has `_bucket`, `_sum` and `_count` behind it."""
        return f"ray_{self.name}_total" if self.kind == "counter" else f"ray_{self.name}"


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("fullcast_takes", "counter", "takes made", ("worker",)),
        Measure("fullcast_audio_seconds", "counter", "seconds of sound made", ("worker",)),
        Measure("fullcast_speak_seconds", "counter", "seconds that models spoke", ("worker", "model")),
        Measure("fullcast_lines_set_aside", "counter", "lines that could not be spoken"),
        Measure(
            "fullcast_cache_hits", "counter", "batches that found their model ready", ("worker", "model")
        ),
        Measure("fullcast_cache_misses", "counter", "batches that did not", ("worker", "model")),
        Measure("fullcast_loads", "counter", "loads begun", ("worker", "model", "ahead")),
        Measure("fullcast_loads_failed", "counter", "loads that failed", ("worker", "model")),
        Measure("fullcast_load_seconds", "histogram", "how long loads took", ("model",)),
        Measure("fullcast_evictions", "counter", "models that were given back", ("worker", "model")),
        Measure("fullcast_stalls", "counter", "batches that waited for their model", ("worker", "model")),
        Measure("fullcast_stall_seconds", "counter", "seconds of that", ("worker", "model")),
        Measure("fullcast_out_of_memory", "counter", "calls that did not fit in memory", ("worker", "model")),
        Measure("fullcast_pressure", "counter", "steps taken because memory was short", ("worker", "action")),
        Measure("fullcast_workers_lost", "counter", "workers that died", ("worker",)),
        Measure("fullcast_workers", "gauge", "workers that take work"),
        Measure("fullcast_queue_lines", "gauge", "lines that wait"),
        Measure("fullcast_queue_seconds", "gauge", "seconds of work that wait", ("model",)),
        Measure("fullcast_seconds_left", "gauge", "seconds until all is spoken, by what the run has learnt"),
        Measure("fullcast_resident_bytes", "gauge", "memory of a worker", ("worker",)),
        Measure("fullcast_available_bytes", "gauge", "memory that a worker's machine has left", ("worker",)),
        Measure("fullcast_gpu_reserved_bytes", "gauge", "GPU memory of a worker", ("worker",)),
    )
}


@dataclass(frozen=True)
class Change:
    """So much more of a counter, what a gauge is now, or one value of a histogram."""

    name: str
    value: float
    tags: Mapping[str, str]


def changes_of(event: Event) -> Iterator[Change]:
    """What an event changes; nothing for those that no figure counts."""
    match event:
        case LineRendered(worker=worker, audio_s=audio_s):
            yield _change("takes", 1, worker=worker)
            yield _change("audio_seconds", audio_s, worker=worker)
        case BatchSpoken(worker=worker, model=model, speak_s=speak_s):
            yield _change("speak_seconds", speak_s, worker=worker, model=model)
        case LineQuarantined():
            yield _change("lines_set_aside", 1)
        case WorkerLost(worker=worker):
            yield _change("workers_lost", 1, worker=worker)
        case WorkerStalled(worker=worker, model=model, stall_s=stall_s):
            yield _change("stalls", 1, worker=worker, model=model)
            yield _change("stall_seconds", stall_s, worker=worker, model=model)
        case (
            ModelHit() | ModelMissed() | ModelLoadBegan() | ModelLoaded() | ModelLoadFailed() | ModelEvicted()
        ):
            yield _of_model(event)
        case MemoryRanOut() | MemoryPressed() | MemorySampled():
            yield from _of_memory(event)
        case _:
            pass


def _of_model(
    event: ModelHit | ModelMissed | ModelLoadBegan | ModelLoaded | ModelLoadFailed | ModelEvicted,
) -> Change:
    worker, model = event.worker, event.model
    match event:
        case ModelHit():
            return _change("cache_hits", 1, worker=worker, model=model)
        case ModelMissed():
            return _change("cache_misses", 1, worker=worker, model=model)
        case ModelLoadBegan(ahead=ahead):
            return _change("loads", 1, worker=worker, model=model, ahead="yes" if ahead else "no")
        case ModelLoaded(load_s=load_s):
            return _change("load_seconds", load_s, model=model)
        case ModelLoadFailed():
            return _change("loads_failed", 1, worker=worker, model=model)
        case ModelEvicted():
            return _change("evictions", 1, worker=worker, model=model)


def _of_memory(event: MemoryRanOut | MemoryPressed | MemorySampled) -> Iterator[Change]:
    worker = event.worker
    match event:
        case MemoryRanOut(model=model):
            yield _change("out_of_memory", 1, worker=worker, model=model)
        case MemoryPressed(action=action):
            yield _change("pressure", 1, worker=worker, action=action)
        case MemorySampled():
            yield _change("resident_bytes", event.resident_bytes, worker=worker)
            yield _change("available_bytes", event.available_bytes, worker=worker)
            if event.gpu_reserved_bytes is not None:
                yield _change("gpu_reserved_bytes", event.gpu_reserved_bytes, worker=worker)


def queue_changes(
    lines: int, work_s: Mapping[str, float], left_s: float, workers: int, known: Mapping[str, float]
) -> Iterator[Change]:
    """What waits now; models that had work before (`known`) and have none any more fall to 0."""
    yield _change("workers", workers)
    yield _change("queue_lines", lines)
    yield _change("seconds_left", left_s)
    for model in sorted({*work_s, *known}):
        yield _change("queue_seconds", work_s.get(model, 0.0), model=model)


def _change(name: str, value: float, **tags: object) -> Change:
    return Change(f"fullcast_{name}", value, {key: str(tag) for key, tag in tags.items()})
