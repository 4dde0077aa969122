"""The door between the game room and a format: one function an importer, one registry line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipeline.game.line import Imported


@dataclass(frozen=True)
class SourceRequest:
    """One `sources` or `tables` entry of the project, ready to be read.

    Attributes:
        root: the project's folder; every `Place.file` is relative to it.
        path: of the source, absolute.
        options: the entry's other keys, and the project's section of that format (`[yarn]`, `[renpy]`, ...).
        locales: the engine's own name of a locale -> BCP 47 (`french` -> `fr`), from `[locales]`.
        base_locale: what the project says the base language is; None if it does not.
    """

    root: Path
    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    locales: Mapping[str, str] = field(default_factory=dict)
    base_locale: str | None = None


class Importer(Protocol):
    """Reads one source. Finds all faults of the format itself; what several lines share, lint finds later.

    Raises:
        UsageError: the source itself is not as the project says (missing, wrong version, no text column).
    """

    def __call__(self, request: SourceRequest) -> Imported: ...
