"""What happened during a run, as small facts. Reporters show them, logs keep them; nothing here acts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """Base of all events; `as_json` adds the event's name."""

    def as_json(self) -> dict[str, Any]:
        """The event as plain JSON values, its class name under `event`."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class RunStarted(Event):
    """Rendering begins: how many lines there are, how many need a take, how long those will be."""

    book: str
    lines: int
    to_render: int
    to_render_s: float
    workers: int


@dataclass(frozen=True)
class WeightsFetched(Event):
    """A model's files are on this machine and verified."""

    model: str
    form: str
    bytes: int


@dataclass(frozen=True)
class WorkPlanned(Event):
    """Work is about to be handed out: the models it needs, each worker's budget for them, when."""

    models: tuple[str, ...]
    lines: int
    workers: int
    memory_bytes: int
    at_s: float


@dataclass(frozen=True)
class WorkerStarted(Event):
    """A worker answered and takes work."""

    worker: int


@dataclass(frozen=True)
class WorkerLost(Event):
    """A worker died; what it had in hand goes back to the queue."""

    worker: int
    reason: str
    lines_in_hand: int


@dataclass(frozen=True)
class ModelHit(Event):
    """A batch found its model ready. Here and below, `at_s` is in seconds since 1970, UTC."""

    worker: int
    model: str
    at_s: float


@dataclass(frozen=True)
class ModelMissed(Event):
    """A batch's model was not ready: it is loaded now, or is just being loaded."""

    worker: int
    model: str
    at_s: float


@dataclass(frozen=True)
class WeightsVerified(Event):
    """A model's files are what the registry says; `hashed` is False where a known fingerprint said so."""

    worker: int
    model: str
    bytes: int
    verify_s: float
    hashed: bool
    at_s: float


@dataclass(frozen=True)
class ModelLoadBegan(Event):
    """A worker begins to load a model; `bytes` are reserved. `ahead`: before a batch needs it."""

    worker: int
    model: str
    bytes: int
    ahead: bool
    at_s: float


@dataclass(frozen=True)
class ModelLoaded(Event):
    """A worker made a model ready; `at_s` is when that ended."""

    worker: int
    model: str
    bytes: int
    load_s: float
    ahead: bool = False
    at_s: float = 0.0


@dataclass(frozen=True)
class ModelLoadFailed(Event):
    """A model could not be made ready."""

    worker: int
    model: str
    reason: str
    at_s: float


@dataclass(frozen=True)
class ModelEvicted(Event):
    """A worker gave a model's memory back, to make room or under pressure."""

    worker: int
    model: str
    bytes: int
    why: str = "room for another"
    at_s: float = 0.0


@dataclass(frozen=True)
class WorkerStalled(Event):
    """A batch waited so long for its model."""

    worker: int
    model: str
    stall_s: float
    at_s: float


@dataclass(frozen=True)
class BatchSpoken(Event):
    """A model spoke lines, `audio_s` seconds of sound, for `speak_s` seconds, until `at_s`."""

    worker: int
    model: str
    lines: int
    speak_s: float
    at_s: float
    audio_s: float = 0.0


@dataclass(frozen=True)
class MemoryRanOut(Event):
    """So many utterances at once did not fit in memory (0: the model itself did not)."""

    worker: int
    model: str
    utterances: int
    at_s: float


@dataclass(frozen=True)
class MemorySampled(Event):
    """A worker's memory: its resident size, what the machine has left, and the GPU's if it uses one."""

    worker: int
    resident_bytes: int
    available_bytes: int
    at_s: float
    gpu_allocated_bytes: int | None = None
    gpu_reserved_bytes: int | None = None
    gpu_free_bytes: int | None = None


@dataclass(frozen=True)
class MemoryPressed(Event):
    """Memory is short, or no longer: what the worker does about it from now on, and why."""

    worker: int
    action: str
    reason: str
    at_s: float


@dataclass(frozen=True)
class LineRendered(Event):
    """A take is in the store."""

    line_id: str
    character: str
    chapter: str
    key: str
    audio_s: float
    render_s: float
    worker: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LineQuarantined(Event):
    """A line could not be spoken; the book goes on without it."""

    line_id: str
    where: str
    reason: str


@dataclass(frozen=True)
class TakeDamaged(Event):
    """A file in the store was not what was written; it was set aside and its line is rendered again."""

    key: str
    reason: str


@dataclass(frozen=True)
class ChapterStitched(Event):
    """A chapter's master is ready, made anew or found."""

    number: int
    title: str
    duration_s: float
    loudness_lufs: float | None
    reused: bool


@dataclass(frozen=True)
class FileWritten(Event):
    """A file of the book was written, or was there already with the same content."""

    path: str
    reused: bool


@dataclass(frozen=True)
class RunFinished(Event):
    """Everything that could be done is done."""

    rendered: int
    reused: int
    quarantined: int
    audio_s: float
    wall_s: float
