"""What happens to the books of a shelf, beyond what happens to lines and workers."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.events import Event


@dataclass(frozen=True)
class ScriptWarned(Event):
    """Something is wrong with a script that does not stop it."""

    text: str


@dataclass(frozen=True)
class BookPlanned(Event):
    """A book was read and planned: how many lines it has, how many need a take, how long those will be."""

    title: str
    file: str
    priority: int
    lines: int
    to_render: int
    to_render_s: float


@dataclass(frozen=True)
class ShelfStarted(Event):
    """Workers begin with the books that are open."""

    books: int
    to_render: int
    to_render_s: float
    workers: int


@dataclass(frozen=True)
class BookComplete(Event):
    """A book's last take is there; it is stitched next."""

    title: str


@dataclass(frozen=True)
class BookFinished(Event):
    """A book was published; `sound` if all its lines are in it and it breaks no rule of its preset.

    `device_s` is how long engines worked on it in this run, all workers together.
    """

    title: str
    sound: bool
    quarantined: int
    audio_s: float
    device_s: float
    wall_s: float


@dataclass(frozen=True)
class BookFailed(Event):
    """A book cannot be made; the others go on."""

    file: str
    reason: str


@dataclass(frozen=True)
class ShelfFinished(Event):
    """Everything that could be done is done."""

    done: int
    unsound: int
    failed: int
    audio_s: float
    device_s: float
    wall_s: float
