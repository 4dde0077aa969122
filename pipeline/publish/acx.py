"""What ACX takes of a book: credits, numbered chapters, a retail sample. Pure: no sound is read.

Nothing is invented: what the script does not hold is named as missing, with what to write.
Source: ACX audio submission requirements (docs/publishing.md, "The ACX folder").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipeline.script.model import Book, Pacing
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.timeline import LineSpan, Timeline

Role = Literal["opening credits", "chapter", "closing credits", "retail sample"]

SHORTEST_SAMPLE_S, LONGEST_SAMPLE_S = 60.0, 300.0
# Long enough to hear two characters speak, short enough that a listener hears it to its end.
BEST_SAMPLE_S = 180.0
# An end within a paragraph is worth this much distance from the best length.
MID_PARAGRAPH_S = 30.0
# What is put before and after a cut where the master itself has none.
HEAD_S, TAIL_S = Pacing().head_s, Pacing().tail_s

# Headings that say what the chapter is and are not meant to be heard.
CREDITS_HEADINGS = ("opening credits", "closing credits", "end credits", "credits", "片头", "片尾")
OPENING_TITLES = ("opening credits", "credits", "片头")
CLOSING_TITLES = ("closing credits", "end credits", "credits", "the end", "片尾", "全书完", "完")

OPENING_ADVICE = (
    "in Markdown write them above the first '#', else make 'Opening Credits' the first chapter's title:"
    " title, author, who narrates"
)
CLOSING_ADVICE = (
    "make 'Closing Credits' or 'The End' the last chapter's title, over the words that end the book"
)
SAMPLE_ADVICE = "a store previews 1 to 5 minutes of a book's own text, credits left out"
TITLE_ADVICE = "leave announce_chapters at yes, or begin the chapter with its title"


@dataclass(frozen=True)
class Cut:
    """[start, end) in samples of the master of chapter `chapter`, an index into what was stitched."""

    chapter: int
    start_samples: int
    end_samples: int


@dataclass(frozen=True)
class StoreFile:
    """One file to be uploaded: its name without ending, the title it is tagged with, and its sound."""

    name: str
    title: str
    role: Role
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Shortfall:
    """Something that ACX asks for and the book does not have."""

    rule: str
    value: str
    limit: str
    advice: str


@dataclass(frozen=True)
class AcxPlan:
    """The files in the order in which they are heard, the sample last, and what is missing."""

    files: tuple[StoreFile, ...]
    missing: tuple[Shortfall, ...]


def acx_plan(stitched: Sequence[StitchedChapter], book: Book, longest_s: float) -> AcxPlan:
    """The upload of a whole book.

    A first chapter called `Opening Credits` (or one without a spoken title that names the book), and a last
    one called `Closing Credits` or `The End`, are the credits; their headings are left out, as they name
    the part and belong to nobody's reading. A chapter over `longest_s` is parted at scene breaks.
    """
    timelines = [one.master.timeline for one in stitched]
    opening = bool(stitched) and _is_opening(stitched[0], book)
    closing = len(stitched) > 1 and _is_closing(stitched[-1])
    body = range(int(opening), len(stitched) - int(closing))
    parts: list[tuple[str, Role, tuple[Cut, ...]]] = []
    for index, one in enumerate(stitched):
        if index in body:
            parts += [(title, "chapter", cuts) for title, cuts in _chapter_parts(one, index, longest_s)]
        else:
            role: Role = "opening credits" if index == 0 and opening else "closing credits"
            parts.append((role.title(), role, (_without_heading(one, index),)))
    width = max(2, len(str(len(parts))))
    files = [
        StoreFile(f"{number:0{width}d}-{slug(title)}".rstrip("-"), title, role, cuts)
        for number, (title, role, cuts) in enumerate(parts, start=1)
    ]
    sample = retail_sample(timelines, body)
    if sample:
        files.append(StoreFile("retail-sample", f"{book.title} (sample)", "retail sample", sample))
    missing = [*_missing_credits(stitched, book, opening, closing), *_missing_titles(stitched, body)]
    if not sample:
        body_s = sum(timelines[index].duration_s for index in body)
        asked = f"{SHORTEST_SAMPLE_S:g}..{LONGEST_SAMPLE_S:g} s"
        missing.append(Shortfall("retail-sample", f"{body_s:.0f} s of text in all", asked, SAMPLE_ADVICE))
    return AcxPlan(tuple(files), tuple(missing))


def retail_sample(timelines: Sequence[Timeline], body: Sequence[int]) -> tuple[Cut, ...]:
    """Where the sample lies: from the first line after the first title to the end of a line; () if too short.

    It is between 60 and 300 s long with its head and tail, as near to 180 s as whole paragraphs allow, and
    runs on into the next chapter where the first ones are short.
    """
    begin: int | None = None
    before: list[Cut] = []
    gone_s = HEAD_S + TAIL_S
    best: tuple[float, tuple[Cut, ...]] | None = None
    for index in body:
        timeline = timelines[index]
        start = 0 if begin is not None else _after_title(timeline)
        for line, after in _line_ends(timeline):
            total_s = gone_s + (line.end_samples - start) / timeline.sample_rate
            if line.end_samples <= start or after in ("tag", "split"):
                continue
            if SHORTEST_SAMPLE_S <= total_s <= LONGEST_SAMPLE_S:
                cost = abs(total_s - BEST_SAMPLE_S) + (MID_PARAGRAPH_S if after == "sentence" else 0.0)
                if best is None or cost < best[0]:
                    best = cost, (*before, Cut(index, start, line.end_samples))
        begin = start
        before.append(Cut(index, start, timeline.length_samples))
        gone_s += (timeline.length_samples - start) / timeline.sample_rate
        if gone_s > LONGEST_SAMPLE_S:
            break
    return best[1] if best else ()


def slug(title: str) -> str:
    """A title in letters that any disk takes."""
    flat = unicodedata.normalize("NFC", title).lower()
    return re.sub(r"[^\w]+", "-", flat).strip("-_")[:48].strip("-")


def _chapter_parts(
    one: StitchedChapter, index: int, longest_s: float
) -> Iterator[tuple[str, tuple[Cut, ...]]]:
    """The chapter as one file, or as several that begin at scene breaks, each as long as it may be."""
    timeline = one.master.timeline
    title = one.chapter.title
    if timeline.duration_s <= longest_s:
        yield title, (Cut(index, 0, timeline.length_samples),)
        return
    room = round((longest_s - HEAD_S - TAIL_S) * timeline.sample_rate)
    edges = [(0, 0), *_scene_starts(timeline), (timeline.length_samples, timeline.length_samples)]
    cuts: list[Cut] = []
    start = 0
    for (end, begins), (later_end, _) in pairwise(edges):
        if begins and later_end - start > room and end > start:
            cuts.append(Cut(index, start, end))
            start = begins
    cuts.append(Cut(index, start, timeline.length_samples))
    for number, cut in enumerate(cuts, start=1):
        yield (f"{title}, part {number}" if len(cuts) > 1 else title), (cut,)


def _scene_starts(timeline: Timeline) -> Iterator[tuple[int, int]]:
    """Each scene break: where what is before it ends, and where what is after it starts."""
    for earlier, later in pairwise(timeline.lines):
        if later.line.relation == "scene":
            yield earlier.end_samples, _sounding_from(timeline, earlier.end_samples, later)


def _sounding_from(timeline: Timeline, after: int, line: LineSpan) -> int:
    """Where the line starts, or a sound that is heard by itself between `after` and the line."""
    sounds = [
        sound.start_samples
        for sound in timeline.sounds
        if not sound.under and after <= sound.start_samples < line.start_samples
    ]
    return min([*sounds, line.start_samples])


def _after_title(timeline: Timeline) -> int:
    """Where the text starts, the spoken title left out; 0 if nothing but a title is spoken."""
    titles_end = max((span.end_samples for span in timeline.lines if span.line.title), default=0)
    for span in timeline.lines:
        if span.start_samples >= titles_end and not span.line.title:
            return _sounding_from(timeline, titles_end, span) if titles_end else span.start_samples
        if not span.line.title:
            return span.start_samples
    return 0


def _line_ends(timeline: Timeline) -> Iterator[tuple[LineSpan, str]]:
    """Each line with the relation of the one after it; `chapter` after the last."""
    lines = timeline.lines
    for number, span in enumerate(lines):
        yield span, lines[number + 1].line.relation if number + 1 < len(lines) else "chapter"


def _is_opening(one: StitchedChapter, book: Book) -> bool:
    if not _has_text(one):
        return False
    if _folded(one.chapter.title) in map(_folded, OPENING_TITLES):
        return True
    untitled = not any(span.line.title for span in one.master.timeline.lines)
    return untitled and one.chapter.title == book.title and _folded(book.title) in _words(one)


def _is_closing(one: StitchedChapter) -> bool:
    return _folded(one.chapter.title) in map(_folded, CLOSING_TITLES) and (
        _has_text(one) or _folded(one.chapter.title) == _folded("the end")
    )


def _has_text(one: StitchedChapter) -> bool:
    return any(not span.line.title for span in one.master.timeline.lines)


def _without_heading(one: StitchedChapter, index: int) -> Cut:
    timeline = one.master.timeline
    heading = _folded(one.chapter.title) in map(_folded, CREDITS_HEADINGS)
    titled = any(span.line.title for span in timeline.lines)
    start = _after_title(timeline) if heading and titled else 0
    return Cut(index, start, timeline.length_samples)


def _missing_credits(
    stitched: Sequence[StitchedChapter], book: Book, opening: bool, closing: bool
) -> Iterator[Shortfall]:
    asked = "a file of its own"
    if not opening:
        yield Shortfall("opening-credits", "none", asked, OPENING_ADVICE)
    else:
        said = _words(stitched[0])
        for name in (book.title, book.author):
            if name and _folded(name) not in said:
                yield Shortfall("opening-credits", f"without '{name}'", "title and author", OPENING_ADVICE)
    if not closing:
        yield Shortfall("closing-credits", "none", asked, CLOSING_ADVICE)


def _missing_titles(stitched: Sequence[StitchedChapter], body: Sequence[int]) -> Iterator[Shortfall]:
    for index in body:
        one = stitched[index]
        lines = one.master.timeline.lines
        spoken = any(span.line.title for span in lines)
        if lines and not spoken and not _words(one).startswith(_folded(one.chapter.title)):
            yield Shortfall(
                "chapter-title", f"'{one.chapter.title}' is not read", "each title read aloud", TITLE_ADVICE
            )


def _words(one: StitchedChapter) -> str:
    return _folded(" ".join(span.line.text for span in one.master.timeline.lines))


def _folded(text: str) -> str:
    """Letters and digits alone, case and accents of no account."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
