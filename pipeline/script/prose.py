"""Paragraphs become lines: cut at sentence ends, related to the line before, and named."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.script.glyphs import Glyphs, has_words
from pipeline.script.model import Chapter, Item, Line, Pause, Relation, SceneBreak, Sound, Span
from pipeline.script.source import Findings, Source
from pipeline.script.speech import Speech

_CLOSING = "\"'”’»«›‹“」』）)]】〉》*_ "
_TERMINAL = ".!?…。！？⋯‥:;：；"
# A clause that says who spoke, in languages without capitals: 她说, 老人低声问道.
_CHINESE_TAG = re.compile(r"[^，。！？、；：“”「」]{0,12}[说說道问問喊叫答笑叹嘆念想]")
_FOLLOWING_STOPS = re.compile(r"[,.;:!?…，。；：！？、)\]]+")
HASH_DIGITS = 8


@dataclass(frozen=True)
class Run:
    """A stretch of one paragraph that one speech covers."""

    glyphs: Glyphs
    speech: Speech


class ChapterDraft:
    """Gathers the items of one chapter in order; its lines' IDs are given when the whole book is read."""

    def __init__(self, title: str, span: Span) -> None:
        self.title = title
        self.span = span
        self.items: list[Item] = []
        self._previous: Line | None = None
        self._broken = False

    def paragraph(self, source: Source, runs: list[Run], title: bool = False) -> bool:
        """Adds a paragraph's lines; False if there is nothing to say in it."""
        before: Run | None = None
        for run in _with_words(runs):
            for number, glyphs in enumerate(_sentences(run, whole=title or run.speech.line_id is not None)):
                if number:
                    relation: Relation = "sentence"
                elif before is None:
                    relation = self._opening()
                else:
                    relation = _joint(before, run)
                self._add(source, glyphs, run.speech, relation, title)
            before = run
        if before is None:
            for run in runs:
                for span in run.glyphs.spans(source):
                    source.silence(span.start, span.end, "punctuation")
        return before is not None

    def cue(self, item: Pause | SceneBreak | Sound) -> None:
        """Adds a cue; after a scene break the next line's relation says so."""
        self.items.append(item)
        self._broken = self._broken or isinstance(item, SceneBreak)

    def finish(self) -> Chapter:
        """The chapter, its lines still without made IDs."""
        return Chapter(self.title, tuple(self.items), self.span)

    @property
    def has_lines(self) -> bool:
        """Whether anything is spoken yet."""
        return self._previous is not None

    def _opening(self) -> Relation:
        previous = self._previous
        if previous is None:
            return "start"
        if self._broken:
            return "scene"
        if previous.title:
            return "title"
        return "paragraph"

    def _add(self, source: Source, glyphs: Glyphs, speech: Speech, relation: Relation, title: bool) -> None:
        spans = glyphs.spans(source)
        for span in spans:
            source.speak(span.start, span.end)
        line = Line(
            id=speech.line_id or "",
            character=speech.character,
            text=glyphs.text,
            direction=speech.direction,
            relation=relation,
            spans=spans,
            language=speech.language,
            title=title,
            named=speech.line_id is not None,
        )
        self.items.append(line)
        self._previous = line
        self._broken = False


def name_lines(chapters: list[Chapter], findings: Findings) -> tuple[Chapter, ...]:
    """The chapters with an ID for every line; an ID that two lines were given is noted as a problem."""
    taken: dict[str, Line] = {}
    for line in (line for chapter in chapters for line in chapter.lines if line.named):
        first = taken.setdefault(line.id, line)
        if first is not line:
            span = line.spans[0]
            findings.error(span.file, span.line, f"ID '{line.id}' is given twice; first at {first.where}")
    used = set(taken)
    counts: dict[str, int] = {}
    named: list[Chapter] = []
    for chapter in chapters:
        items: list[Item] = []
        for item in chapter.items:
            if isinstance(item, Line) and not item.named:
                item = replace(item, id=_free_id(item, used, counts))
                used.add(item.id)
            items.append(item)
        named.append(replace(chapter, items=tuple(items)))
    return tuple(named)


def slug(name: str, fallback: str) -> str:
    """`name` as lower-case ASCII letters, digits and hyphens, fit for a file's name."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.casefold()).strip("-")[:60] or fallback


def _free_id(line: Line, used: set[str], counts: dict[str, int]) -> str:
    """A made ID that is not used; `counts` holds how often each was wanted, so that repeats are cheap."""
    sha = hashlib.sha256(f"{line.character}\n{line.text}".encode()).hexdigest()[:HASH_DIGITS]
    stem = f"{slug(line.character, 'line')}-{sha}"
    while True:
        counts[stem] = number = counts.get(stem, 0) + 1
        name = stem if number == 1 else f"{stem}-{number}"
        if name not in used:
            return name


def _with_words(runs: list[Run]) -> Iterator[Run]:
    """The runs, those without a letter or digit joined to the one before, or else to the one after.

    Stops right behind a run belong to it: in `[Go]{Della}, he said` the comma is how Della ends.
    """
    waiting = Glyphs()
    current: Run | None = None
    for run in runs:
        if current is not None:
            ending = _FOLLOWING_STOPS.match(run.glyphs.text)
            if ending is not None:
                current.glyphs.extend(run.glyphs.cut(0, ending.end()))
                run = Run(run.glyphs.cut(ending.end(), len(run.glyphs.chars)), run.speech)
        if not has_words(run.glyphs.text):
            (current.glyphs if current else waiting).extend(run.glyphs)
            continue
        if current is not None:
            yield current
        start = Glyphs()
        start.extend(waiting)
        start.extend(run.glyphs)
        current, waiting = Run(start, run.speech), Glyphs()
    if current is not None:
        yield current


def _sentences(run: Run, whole: bool) -> Iterator[Glyphs]:
    """The run's text cut at sentence ends, edges trimmed, nothing without words."""
    trimmed = run.glyphs.trimmed()
    if whole:
        yield trimmed
        return
    from pipeline.text.sentences import join_short, split_sentences

    text = trimmed.text
    pieces: list[list[int]] = []
    for start, end in join_short(split_sentences(text, run.speech.language), text):
        if pieces and not (has_words(text[start:end]) and has_words(text[pieces[-1][0] : pieces[-1][1]])):
            pieces[-1][1] = end
        else:
            pieces.append([start, end])
    for start, end in pieces:
        yield trimmed.cut(start, end).trimmed()


def _joint(before: Run, after: Run) -> Relation:
    """How a run begins after another of the same paragraph."""
    same = before.speech.character == after.speech.character
    ended = before.glyphs.text.rstrip(_CLOSING)
    is_over = ended[-1:] in _TERMINAL and ended[-1:] not in ":;：；"
    start = next((char for char in after.glyphs.text if char.isalnum()), "")
    is_tag = start.islower() or _is_chinese_tag(before, after)
    if same:
        return "sentence" if is_over and not is_tag else "split"
    return "tag" if is_tag or not is_over else "speaker"


def _is_chinese_tag(before: Run, after: Run) -> bool:
    closes = before.glyphs.text.rstrip()[-1:] in '”」』"'
    return closes and _CHINESE_TAG.match(after.glyphs.text.strip()) is not None
