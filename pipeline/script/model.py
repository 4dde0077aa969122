"""The script as the rest of fullcast sees it: one model, whichever way it was written.

All of it is frozen. Readers (`from_yaml`, `from_markdown`) make it; nothing below changes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.direction import Direction

NARRATOR = "narrator"

# How a line relates to the line before it; stitching turns it into a pause.
#   start      first of its chapter
#   title      comes after the spoken chapter title
#   tag        same sentence, other speaker: a quotation and its "she said"
#   split      same sentence, same speaker
#   sentence   next sentence of the same paragraph, same speaker
#   paragraph  next paragraph, whoever speaks
#   speaker    next sentence of the same paragraph, someone else speaks
#   scene      after a scene break
Relation = Literal["start", "title", "tag", "split", "sentence", "paragraph", "speaker", "scene"]


@dataclass(frozen=True)
class Span:
    """Where something stands in a script's file: characters [start, end), first line counted from 1."""

    file: str
    line: int
    start: int
    end: int

    @property
    def where(self) -> str:
        """`file:line`, as every message begins."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class SilentSpan:
    """Characters of the script that are not spoken, and the named rule that says why.

    Rules: front-matter, heading-mark, speaker-label, attribute, markup, comment, scene-break, sound-cue,
    pause-cue, whitespace, yaml-syntax, image, link-target, include, list-mark, footnote, punctuation,
    unspoken-title.
    """

    span: Span
    rule: str


@dataclass(frozen=True)
class Line:
    """What one character says in one go; one take is made of it.

    Attributes:
        id: given by the author, or made from character and text, so that it survives moving.
        character: canonical name in the cast (`narrator` is one).
        text: as written, markup removed, white space runs made one space; spoken text is made of this later.
        direction: complete: line over character over book.
        relation: to the line before it.
        spans: the places in the file whose characters are in `text`, in order.
        language: BCP 47, lower case.
        title: whether it is a chapter's spoken title.
        named: whether the author gave the ID.
    """

    id: str
    character: str
    text: str
    direction: Direction
    relation: Relation
    spans: tuple[Span, ...]
    language: str
    title: bool = False
    named: bool = False

    @property
    def where(self) -> str:
        """`file:line` of its first character."""
        return self.spans[0].where


@dataclass(frozen=True)
class Pause:
    """Silence of exactly this length, asked for by the author; replaces the gap of the line after it."""

    duration_s: float
    span: Span


@dataclass(frozen=True)
class SceneBreak:
    """A change of place or time; the next line's relation is `scene`."""

    span: Span


@dataclass(frozen=True)
class Sound:
    """A sound file mixed in place.

    `under=False`: it is heard by itself, the next line waits for its end. `under=True`: it starts here and
    runs below the lines that follow until the next scene break, the chapter's end or its own end, ducked
    by `duck_db` under speech.
    """

    file: Path
    gain_db: float
    under: bool
    span: Span
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    duck_db: float = -8.0


Item = Line | Pause | SceneBreak | Sound


@dataclass(frozen=True)
class Chapter:
    """A chapter: what a listener jumps to. `title` is as written; a spoken title is a Line of its own."""

    title: str
    items: tuple[Item, ...]
    span: Span

    @property
    def lines(self) -> tuple[Line, ...]:
        """Its lines alone, in order."""
        return tuple(item for item in self.items if isinstance(item, Line))


@dataclass(frozen=True)
class Character:
    """One role and how it speaks unless a line says otherwise.

    `voice` is as written (`kokoro/af_heart:0.6+af_bella:0.4`); the cast room resolves it. `models` are the
    models that speak it instead of the voice's own, each with its share of the lines; () is the voice's own.
    """

    name: str
    voice: str
    direction: Direction
    span: Span
    aliases: tuple[str, ...] = ()
    language: str | None = None
    color: str | None = None
    models: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class LexiconEntry:
    """How a word is to be said: by IPA (`phonemes`) or by another spelling (`respelling`), one of the two."""

    word: str
    phonemes: str | None
    respelling: str | None
    span: Span


@dataclass(frozen=True)
class Book:
    """What the title page and a store's form say. Only `title` is required."""

    title: str
    author: str | None = None
    language: str = "en-us"
    subtitle: str | None = None
    narrator: str | None = None
    series: str | None = None
    series_part: str | None = None
    publisher: str | None = None
    year: int | None = None
    description: str | None = None
    genre: str = "Audiobook"
    isbn: str | None = None
    asin: str | None = None
    copyright: str | None = None
    cover: Path | None = None
    announce_chapters: bool = True
    disclosure: str | None = None
    disclose: bool = True


@dataclass(frozen=True)
class Pacing:
    """Pauses in seconds by relation; `pace` multiplies all but head and tail, so a larger one reads slower.

    Source: practice and peers as collected in docs/pacing.md.
    """

    split_s: float = 0.12
    tag_s: float = 0.12
    sentence_s: float = 0.45
    speaker_s: float = 0.40
    paragraph_s: float = 0.75
    scene_s: float = 2.25
    title_s: float = 2.5
    head_s: float = 0.75
    tail_s: float = 3.0
    pace: float = 1.0
    vary: float = 0.15


@dataclass(frozen=True)
class Script:
    """A whole book, ready to be cast and planned.

    `slug` names its output folder. `silent` lists every character of every file that no line speaks, so
    that spans of lines and silent spans together cover the files exactly once.
    """

    slug: str
    path: Path
    book: Book
    cast: dict[str, Character]
    lexicon: tuple[LexiconEntry, ...]
    chapters: tuple[Chapter, ...]
    silent: tuple[SilentSpan, ...] = ()
    sources: dict[str, int] = field(default_factory=dict)
    pacing: Pacing = Pacing()

    def lines(self) -> Iterator[Line]:
        """All lines in reading order."""
        for chapter in self.chapters:
            yield from chapter.lines
