"""What is to be spoken: a line in one locale, with its voice and direction, once for each variant. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.direction import Direction
from pipeline.game.findings import Judged
from pipeline.game.line import FileFacts, GameLine, Imported, Place
from pipeline.game.strip import SpokenPause

if TYPE_CHECKING:
    from pipeline.game.config import GameConfig

# Why a line gets no sound. Those of `FAULTS` are findings, too; the others are as the project wants it.
Unvoiced = Literal[
    "option",
    "lyric",
    "shadow",
    "not-ready",
    "skip",
    "no-id",
    "duplicate-id",
    "value",
    "silent",
    "no-voice",
]
FAULTS: frozenset[str] = frozenset({"no-id", "duplicate-id", "value", "silent", "no-voice"})


@dataclass(frozen=True, slots=True)
class VoicedLine:
    """One line in one locale: a file of the pack, or a row that says why there is none.

    Attributes:
        line: of the base script; its ID names the file.
        locale: BCP 47 of what is spoken.
        text: of this locale, as the origin gives it.
        spoken: what is said, before the language's own normalisation (numbers, abbreviations).
        place: of the text in this locale: the row of the base script or of the translation.
        voice: as `[voices]` writes it; None if the character has none.
        voice_key: the entry of `[voices]` that gave it: `Tom@de`, `*`.
        direction: complete; emotion mapped by `[emotions]`, free text as style.
        direction_text: how to perform it, in the author's words, an unknown emotion's token included.
        emotion: the token as written; None if there is none.
        pauses: inside `spoken`, in order.
        variant: what was put in place of the placeholders, in order; empty for a line without any.
        takes: how many renderings are asked for.
        unvoiced: why it gets no sound; None if it gets one.
    """

    line: GameLine
    locale: str
    text: str
    spoken: str
    place: Place
    voice: str | None
    voice_key: str | None
    direction: Direction
    direction_text: str | None = None
    emotion: str | None = None
    pauses: tuple[SpokenPause, ...] = ()
    variant: tuple[str, ...] = ()
    takes: int = 1
    unvoiced: Unvoiced | None = None

    @property
    def id(self) -> str | None:
        """The line's own ID; it is that of the base script in all locales."""
        return self.line.id


@dataclass(frozen=True)
class SourceRead:
    """One source of the project, read: which importer read it, from where, what it found.

    `file` is relative to the project's folder; `forbidden` whether its licence forbids synthetic voices.
    """

    format: str
    file: str
    imported: Imported
    base_locale: str
    forbidden: bool = False


@dataclass(frozen=True)
class GameProject:
    """A whole project, read and judged: all that `plan`, `render`, `diff` and `verify` need.

    Attributes:
        root: the project's folder; all places are relative to it.
        file: the project file's name in it.
        base_locale: of the base scripts; a mixed project may have sources with another one.
        locales: all that are voiced, the base first.
        lines: of the base scripts of all sources, in the order of the sources and in source order.
        voiced: every line in every locale that has a text for it, once for each variant, in the order of
            `locales`, then of `lines`.
        findings: of all importers and of lint, by file and row; without what is suppressed or `off`.
        files: what was read, with counts.
        cast: declared speakers of all sources, ID -> name to show; None if no source declares any.
        asset_folders: locale -> where the engine looks for sound, where a source says it.
        settings: of the origins, for packs (Ren'Py's voice pattern, Dink's statuses).
    """

    root: Path
    file: str
    config: GameConfig
    base_locale: str
    locales: tuple[str, ...]
    sources: tuple[SourceRead, ...]
    lines: tuple[GameLine, ...]
    voiced: tuple[VoicedLine, ...]
    findings: tuple[Judged, ...]
    files: tuple[FileFacts, ...]
    cast: Mapping[str, str] | None = None
    asset_folders: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the pack calls the game: as the project says, or its folder's name."""
        return self.config.name or self.root.name

    @property
    def errors(self) -> tuple[Judged, ...]:
        """The findings that stop a run with exit code 3."""
        return tuple(found for found in self.findings if found.severity == "error")

    def to_speak(self) -> tuple[VoicedLine, ...]:
        """What gets a sound."""
        return tuple(voiced for voiced in self.voiced if voiced.unvoiced is None)
