"""A game's dialogue as every importer gives it: lines, translations, findings. Frozen; knows no format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["line", "option", "narration", "lyric"]
Severity = Literal["error", "warning", "off"]
LOCK_DIGITS = 8


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands: a file relative to the project's folder (with `/`), its row from 1, its node.

    `node` is what the format has between file and line: a Yarn node, a Ren'Py label, `knot.stitch`, a scene.
    """

    file: str
    row: int
    node: str | None = None

    @property
    def where(self) -> str:
        """`file:row`, as every message begins."""
        return f"{self.file}:{self.row}"


@dataclass(frozen=True)
class GameLine:
    """One speakable line of the base script, as its origin's own tool gives it.

    Attributes:
        id: the origin's own ID, unchanged; None where the format wants one and there is none (D001).
        kind: options are rendered only if the project asks for it.
        character: canonical speaker as the base script writes it; None is the narrator.
        text: as the origin's tool gives it; markup is still in it.
        place: of the row that holds the text.
        format: name of the importer, whose rules of stripping hold (`yarn`, `renpy`, ...).
        qualifier: V.O., O.S.: a hint for processing, never spoken.
        direction: how to perform it, in the author's words.
        notes: comments that are no direction.
        emotion: one token as written; the project's map says what it means.
        emotion_place: where the emotion was set, if not in the line's own row (a Yarn command above it).
        emotion_choices: all tokens that may be the emotion, best first, where a format gives several
            (Ren'Py's attributes); `emotion` is the first, the first that the project's map has is meant.
        tags: all other tags, in order.
        values: what a placeholder of `text` stands for: `{0}` -> `$gold`.
        shadow_of: ID of the line whose text and sound it takes; it gets no file of its own.
        generated: whether the ID was made from the text (D014), so that editing changes it.
        ready: False where the origin's writing status says that it is not to be recorded yet.
        audio: the sound file that the origin names for it.
        speaker_written: the speaker as this row writes it, where that differs (`extend`, an alias).
    """

    id: str | None
    kind: Kind
    character: str | None
    text: str
    place: Place
    format: str
    qualifier: str | None = None
    direction: str | None = None
    notes: tuple[str, ...] = ()
    emotion: str | None = None
    emotion_place: Place | None = None
    emotion_choices: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    shadow_of: str | None = None
    generated: bool = False
    ready: bool = True
    audio: str | None = None
    speaker_written: str | None = None

    @property
    def lock(self) -> str:
        """First 8 hex digits of the text's SHA-256, the same value as Yarn Spinner's lock."""
        return text_lock(self.text)


@dataclass(frozen=True)
class Translation:
    """One row of another language: whose line it is, and its text (speaker prefix cut off).

    `lock` is that of the base text it was made from, where the format keeps one; `notes` holds cells that
    fullcast does not use.
    """

    id: str
    locale: str
    text: str
    place: Place
    lock: str | None = None
    speaker: str | None = None
    audio: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that lint says: `file:row: CODE: message [id]`. Severity is decided by the project later.

    `severity` is given where one rule has two (D003 with and without a cast); a project may change both.
    """

    code: str
    place: Place
    message: str
    id: str | None = None
    locale: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class FileFacts:
    """One file that was read: what `check` counts of it.

    `role` is script, strings, table, export, cast or project.
    """

    file: str
    role: str
    lines: int = 0
    ids: int = 0
    characters: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Imported:
    """All that an importer found in one source, in source order.

    Attributes:
        base_locale: BCP 47, of the base script, where the source says it.
        cast: declared speakers where the format has such a list (characters.json, Ren'Py defines), by ID with
            the name to show; None where it has none.
        ignored: codes that comments (`fullcast: ignore D0xx`) silence, by file and row.
        asset_folders: where the engine looks for sound, by locale, where the source says it.
        settings: what else of the origin's settings a pack needs (Ren'Py's voice pattern, Dink's statuses).
    """

    lines: tuple[GameLine, ...] = ()
    translations: tuple[Translation, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: tuple[FileFacts, ...] = ()
    base_locale: str | None = None
    cast: Mapping[str, str] | None = None
    ignored: Mapping[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    asset_folders: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def text_lock(text: str) -> str:
    """First 8 hex digits of the SHA-256 of a text in UTF-8.

    Source: YarnSpinner-Unity:Editor/Importers/YarnImporter.cs (GetHashString).
    """
    return hashlib.sha256(text.encode()).hexdigest()[:LOCK_DIGITS]
