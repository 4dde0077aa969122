"""One line of a run's event log: what happened, in which worker, which model, how big, how long, when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pipeline.events import (
    BatchSpoken,
    Event,
    LineQuarantined,
    MemoryPressed,
    MemoryRanOut,
    MemorySampled,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    ModelLoadFailed,
    ModelMissed,
    RunFinished,
    WeightsVerified,
    WorkerLost,
    WorkerStalled,
    WorkPlanned,
)

Name = Literal[
    "plan", "load-begin", "load-end", "load-fail", "hit", "miss", "evict", "verify", "stall", "speak",
    "out-of-memory", "memory", "pressure", "lost", "aside", "end",
]  # fmt: skip


class Record(BaseModel):
    """A line of the log; fields that do not apply are left out of the file.

    Attributes:
        time: when it happened or ended, ISO 8601, UTC; an event with `ms` began that much earlier.
        actor: the worker's number.
        ms: how long it took; for `stall`, how long a batch waited for its model.
        ahead: the load was begun before its model was needed.
        count: lines spoken; utterances that did not fit; lines planned or lost.
        audio_s: seconds of sound that were spoken.
        note: why, in words.
        models, workers: of the plan.
        memory: bytes by name: resident, available, gpu_allocated, gpu_reserved, gpu_free.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    event: Name
    time: str
    actor: int | None = None
    model: str | None = None
    bytes: int | None = None
    ms: float | None = None
    ahead: bool | None = None
    count: int | None = None
    audio_s: float | None = None
    note: str | None = None
    models: list[str] | None = None
    workers: int | None = None
    memory: dict[str, int] | None = None

    def as_line(self) -> str:
        """The record as JSON, with its line feed."""
        return self.model_dump_json(exclude_none=True) + "\n"

    @property
    def end_s(self) -> float:
        """When it ended, in seconds since 1970."""
        return datetime.fromisoformat(self.time).timestamp()

    @property
    def begin_s(self) -> float:
        """When it began, in seconds since 1970."""
        return self.end_s - (self.ms or 0.0) / 1000


def record_of(event: Event, now_s: float) -> Record | None:
    """The log's record of an event; None for what the log does not keep (takes, chapters, files).

    Args:
        now_s: seconds since 1970, for events that carry no time of their own.
    """
    fields = _fields(event)
    if fields is None:
        return None
    at_s = getattr(event, "at_s", 0.0) or now_s
    time = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds")
    return Record(time=time, **fields)


def _fields(event: Event) -> dict[str, Any] | None:
    match event:
        case ModelLoadBegan() | ModelLoaded() | ModelLoadFailed() | WeightsVerified():
            return _load_fields(event)
        case ModelHit() | ModelMissed() | ModelEvicted() | WorkerStalled() | BatchSpoken():
            return _use_fields(event)
        case MemoryRanOut() | MemorySampled() | MemoryPressed():
            return _memory_fields(event)
        case WorkPlanned(models=models, lines=lines, workers=workers, memory_bytes=size):
            return {
                "event": "plan", "models": list(models), "count": lines, "workers": workers, "bytes": size,
            }  # fmt: skip
        case WorkerLost(worker=worker, reason=reason, lines_in_hand=count):
            return {"event": "lost", "actor": worker, "count": count, "note": reason}
        case LineQuarantined(line_id=line_id, where=where, reason=reason):
            return {"event": "aside", "note": f"{where}: line {line_id}: {reason}"}
        case RunFinished(rendered=count, audio_s=audio_s):
            return {"event": "end", "count": count, "audio_s": audio_s}
        case _:
            return None


def _load_fields(
    event: ModelLoadBegan | ModelLoaded | ModelLoadFailed | WeightsVerified,
) -> dict[str, Any]:
    fields: dict[str, Any] = {"actor": event.worker, "model": event.model}
    match event:
        case ModelLoadBegan():
            return fields | {"event": "load-begin", "bytes": event.bytes, "ahead": event.ahead}
        case ModelLoaded():
            more = {"bytes": event.bytes, "ms": _ms(event.load_s), "ahead": event.ahead}
            return fields | {"event": "load-end"} | more
        case ModelLoadFailed():
            return fields | {"event": "load-fail", "note": event.reason}
        case WeightsVerified():
            note = "hashed" if event.hashed else "fingerprint known"
            return fields | {
                "event": "verify", "bytes": event.bytes, "ms": _ms(event.verify_s), "note": note,
            }  # fmt: skip


def _use_fields(
    event: ModelHit | ModelMissed | ModelEvicted | WorkerStalled | BatchSpoken,
) -> dict[str, Any]:
    fields: dict[str, Any] = {"actor": event.worker, "model": event.model}
    match event:
        case ModelHit():
            return fields | {"event": "hit"}
        case ModelMissed():
            return fields | {"event": "miss"}
        case ModelEvicted():
            return fields | {"event": "evict", "bytes": event.bytes, "note": event.why}
        case WorkerStalled():
            return fields | {"event": "stall", "ms": _ms(event.stall_s)}
        case BatchSpoken():
            facts = {"event": "speak", "ms": _ms(event.speak_s), "count": event.lines}
            return fields | facts | ({"audio_s": event.audio_s} if event.audio_s else {})


def _memory_fields(event: MemoryRanOut | MemorySampled | MemoryPressed) -> dict[str, Any]:
    match event:
        case MemoryRanOut():
            return {
                "event": "out-of-memory", "actor": event.worker, "model": event.model,
                "count": event.utterances,
            }  # fmt: skip
        case MemorySampled():
            memory = {
                "resident": event.resident_bytes,
                "available": event.available_bytes,
                "gpu_allocated": event.gpu_allocated_bytes,
                "gpu_reserved": event.gpu_reserved_bytes,
                "gpu_free": event.gpu_free_bytes,
            }
            known = {name: size for name, size in memory.items() if size is not None}
            return {"event": "memory", "actor": event.worker, "memory": known}
        case MemoryPressed():
            note = f"{event.action}: {event.reason}"
            return {"event": "pressure", "actor": event.worker, "note": note}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
