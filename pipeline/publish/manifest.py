"""`book.json`: where every line of the published book stands, in the script and in the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from pipeline.errors import AudioError
from pipeline.publish.provenance import without_folders
from pipeline.script.model import Book
from pipeline.stitch.timeline import LineSpan, SoundSpan, Timeline

BOOK_SCHEMA = 1
SECONDS_DIGITS = 6


@dataclass(frozen=True)
class PublishedChapter:
    """A chapter's timeline and the name of its file, relative to where `book.json` lies."""

    file: str
    timeline: Timeline


def book_json(
    book: Book, slug: str, chapters: Sequence[PublishedChapter], tool_version: str
) -> dict[str, Any]:
    """The whole book's timeline as plain JSON values.

    Positions are samples at the chapter's `sample_rate`, and the same in seconds; `book_start_samples`
    counts from the beginning of the book. Captions are made from timelines too, never from this file.

    Raises:
        AudioError: chapters of different sample rates, which no common count can place.
    """
    rates = {chapter.timeline.sample_rate for chapter in chapters}
    if len(rates) > 1:
        raise AudioError(f"chapters have different sample rates: {', '.join(map(str, sorted(rates)))} Hz")
    entries = []
    start_samples = 0
    for number, chapter in enumerate(chapters, start=1):
        entries.append(_chapter(number, chapter, start_samples))
        start_samples += chapter.timeline.length_samples
    return {
        "schema": BOOK_SCHEMA,
        "tool": {"name": "fullcast", "version": tool_version},
        "slug": slug,
        "title": book.title,
        "author": book.author,
        "language": book.language,
        "duration_s": _seconds(start_samples, *rates) if rates else 0.0,
        "chapters": entries,
        "missing": [line_id for chapter in chapters for line_id in chapter.timeline.missing],
    }


def _chapter(number: int, chapter: PublishedChapter, start_samples: int) -> dict[str, Any]:
    timeline = chapter.timeline
    return {
        "number": number,
        "file": PurePath(chapter.file).as_posix(),
        "title": timeline.title,
        "sample_rate": timeline.sample_rate,
        "book_start_samples": start_samples,
        "length_samples": timeline.length_samples,
        "duration_s": _seconds(timeline.length_samples, timeline.sample_rate),
        "lines": [_line(span, timeline.sample_rate) for span in timeline.lines],
        "sounds": [_sound(span, timeline.sample_rate) for span in timeline.sounds],
        "missing": list(timeline.missing),
    }


def _line(span: LineSpan, sample_rate: int) -> dict[str, Any]:
    return {
        "id": span.line.id,
        "character": span.line.character,
        "text": span.line.text,
        "title": span.line.title,
        "take": span.take.key,
        "source": without_folders(span.line.where),
        **_interval(span.start_samples, span.end_samples, sample_rate),
    }


def _sound(span: SoundSpan, sample_rate: int) -> dict[str, Any]:
    return {
        "file": _shown(span.file),
        "gain_db": span.gain_db,
        "under": span.under,
        **_interval(span.start_samples, span.end_samples, sample_rate),
    }


def _interval(start_samples: int, end_samples: int, sample_rate: int) -> dict[str, Any]:
    return {
        "start_samples": start_samples,
        "end_samples": end_samples,
        "start_s": _seconds(start_samples, sample_rate),
        "end_s": _seconds(end_samples, sample_rate),
    }


def _shown(path: Path) -> str:
    return path.name if path.is_absolute() else path.as_posix()


def _seconds(samples: int, sample_rate: int) -> float:
    return round(samples / sample_rate, SECONDS_DIGITS)
