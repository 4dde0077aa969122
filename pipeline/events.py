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
class ModelLoaded(Event):
    """A worker made a model ready."""

    worker: int
    model: str
    bytes: int
    load_s: float


@dataclass(frozen=True)
class ModelEvicted(Event):
    """A worker gave a model's memory back to make room."""

    worker: int
    model: str
    bytes: int


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
