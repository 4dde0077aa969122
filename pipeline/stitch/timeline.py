"""Where everything of a chapter starts and ends, in samples. Pure: no audio is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.script.model import Item, Line, Pacing
from pipeline.takes.take import Take


@dataclass(frozen=True)
class CastTake:
    """A line's chosen take with the gain it is mixed at (voice level + direction's gain)."""

    take: Take
    gain_db: float


@dataclass(frozen=True)
class ChapterScore:
    """All that a chapter's sound depends on: its items in order, the take of each line, the pauses.

    A line whose ID is missing in `takes` was quarantined; it leaves its pauses and nothing else.
    """

    title: str
    items: tuple[Item, ...]
    takes: dict[str, CastTake]
    pacing: Pacing
    sample_rate: int


@dataclass(frozen=True)
class LineSpan:
    """A line as it lies in the chapter: [start, end) in samples of speech after trimming."""

    line: Line
    take: Take
    start_samples: int
    end_samples: int


@dataclass(frozen=True)
class SoundSpan:
    """A sound as it lies in the chapter: [start, end) in samples; `under` runs below speech."""

    file: Path
    start_samples: int
    end_samples: int
    gain_db: float
    under: bool


@dataclass(frozen=True)
class Timeline:
    """A chapter laid out at `sample_rate`; `missing` are the quarantined lines' IDs."""

    title: str
    sample_rate: int
    length_samples: int
    lines: tuple[LineSpan, ...]
    sounds: tuple[SoundSpan, ...]
    missing: tuple[str, ...] = ()

    def at_rate(self, sample_rate: int) -> Timeline:
        """The same layout at another sample rate, rounded to its nearest samples."""
        raise NotImplementedError


PresetName = Literal["audiobook", "acx", "podcast", "broadcast", "none"]
