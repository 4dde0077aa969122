"""The text as it is heard: WebVTT and SRT, made from timelines."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from pipeline.errors import AudioError
from pipeline.files import write_text
from pipeline.publish.chapters import clock, rounded_ms
from pipeline.stitch.timeline import LineSpan, Timeline

# Cells of a caption row: a wide (CJK) character takes two. Source: Netflix and BBC style guides' practice
# of about 32-42 for television; WebVTT lies beside the text and may be wider.
VTT_ROW_CELLS = 65
SRT_ROW_CELLS = 32
ROWS = 2
NO_BREAK_BEFORE = "\u200d\ufe0e\ufe0f"


@dataclass(frozen=True)
class Caption:
    """What is shown at once: [start, end) in milliseconds, of part `part` out of `parts` of a line."""

    line_id: str
    character: str
    start_ms: int
    end_ms: int
    rows: tuple[str, ...]
    part: int = 1
    parts: int = 1

    @property
    def estimated(self) -> bool:
        """Its line was split, so its times are in proportion to text length, not measured."""
        return self.parts > 1


def write_vtt(timeline: Timeline, out: Path) -> Path:
    """`out`, WebVTT of a chapter (or of a whole book, see `book_timeline`).

    A cue's ID is its line's; the parts of a split line are `ID (1 of 3, estimated)`.

    Source: W3C WebVTT, section 4 (syntax).
    """
    blocks = ["WEBVTT"]
    captions = line_captions(timeline, VTT_ROW_CELLS)
    if any(caption.estimated for caption in captions):
        blocks.append("NOTE\nTimes inside a line shown in several parts are estimated from text length.")
    for caption in captions:
        times = f"{clock(caption.start_ms)} --> {clock(caption.end_ms)}"
        rows = "\n".join(_escaped(row) for row in caption.rows)
        blocks.append(f"{_cue_id(caption)}\n{times}\n<v {_escaped(_one_row(caption.character))}>{rows}")
    write_text(out, "\n\n".join(blocks) + "\n")
    return out


def write_srt(timeline: Timeline, out: Path) -> Path:
    """`out`, SubRip: two rows of 32 at most, `Name:` where the speaker changes.

    SubRip has no place to mark times as estimated; the times are those of `line_captions`.
    """
    blocks = []
    captions = line_captions(timeline, SRT_ROW_CELLS, named=True)
    for number, caption in enumerate(captions, start=1):
        times = f"{clock(caption.start_ms, ',')} --> {clock(caption.end_ms, ',')}"
        rows = "\n".join(caption.rows)
        blocks.append(f"{number}\n{times}\n{rows}\n")
    write_text(out, "\n".join(blocks))
    return out


def book_timeline(title: str, timelines: Sequence[Timeline]) -> Timeline:
    """One timeline of chapters that follow each other, for captions of the whole book's file.

    Raises:
        AudioError: no chapter, or chapters of different sample rates.
    """
    rates = sorted({timeline.sample_rate for timeline in timelines})
    if len(rates) != 1:
        raise AudioError(f"chapters of one book need one sample rate, not {len(rates)}: {rates}")
    starts = [0, *accumulate(timeline.length_samples for timeline in timelines)]
    lines = [
        replace(span, start_samples=span.start_samples + start, end_samples=span.end_samples + start)
        for timeline, start in zip(timelines, starts, strict=False)
        for span in timeline.lines
    ]
    sounds = [
        replace(span, start_samples=span.start_samples + start, end_samples=span.end_samples + start)
        for timeline, start in zip(timelines, starts, strict=False)
        for span in timeline.sounds
    ]
    missing = tuple(line_id for timeline in timelines for line_id in timeline.missing)
    return Timeline(title, rates[0], starts[-1], tuple(lines), tuple(sounds), missing)


def line_captions(timeline: Timeline, row_cells: int, named: bool = False) -> tuple[Caption, ...]:
    """The captions of all lines, in order; a line too long for two rows becomes several.

    Args:
        row_cells: width of a row.
        named: put `Name: ` before the text where the speaker changes.
    """
    captions: list[Caption] = []
    speaker: str | None = None
    for span in timeline.lines:
        name = _one_row(span.line.character)
        prefix = f"{name}: " if named and name != speaker else ""
        captions += _line_captions(span, prefix, timeline.sample_rate, row_cells)
        speaker = name
    return tuple(captions)


def _line_captions(span: LineSpan, prefix: str, sample_rate: int, row_cells: int) -> list[Caption]:
    rows = wrapped(prefix + span.line.text, row_cells)
    start_ms = rounded_ms(span.start_samples, sample_rate)
    # A cue has to end after it starts, however short the take.
    end_ms = max(rounded_ms(span.end_samples, sample_rate), start_ms + 1)
    parts = [tuple(rows[first : first + ROWS]) for first in range(0, len(rows), ROWS)]
    if len(parts) > end_ms - start_ms:
        parts = [tuple(rows)]
    edges_ms = _edges(start_ms, end_ms, [max(1, sum(map(len, part))) for part in parts])
    return [
        Caption(span.line.id, span.line.character, edges_ms[at], edges_ms[at + 1], part, at + 1, len(parts))
        for at, part in enumerate(parts)
    ]


def _edges(start_ms: int, end_ms: int, weights: Sequence[int]) -> list[int]:
    """Times that divide [start, end] in proportion to `weights`, every part at least 1 ms long."""
    spare_ms = end_ms - start_ms - len(weights)
    sums = [0, *accumulate(weights)]
    return [start_ms + at + spare_ms * weight // sums[-1] for at, weight in enumerate(sums)]


def wrapped(text: str, row_cells: int) -> list[str]:
    """The text in rows of at most `row_cells` cells, cut at white space, inside a word only if it is longer.

    No letter is lost. Letters of wide scripts, which have no spaces, are cut anywhere.
    """
    rows: list[str] = []
    for word in text.split():
        if rows and _cells(rows[-1]) + 1 + _cells(word) <= row_cells:
            rows[-1] = f"{rows[-1]} {word}"
            continue
        room = row_cells - _cells(rows[-1]) - 1 if rows else 0
        head, tail = _cut(word, room) if _cells(word) > row_cells and room > 1 else ("", word)
        if head:
            rows[-1] = f"{rows[-1]} {head}"
        while tail:
            head, tail = _cut(tail, row_cells)
            rows.append(head)
    return rows or [""]


def _cut(word: str, row_cells: int) -> tuple[str, str]:
    """The longest beginning of a word that fits, at least one character with its marks, and the rest."""
    used = 0
    for at, letter in enumerate(word):
        used += _cells(letter)
        if used > row_cells and at > 0 and not _joins(word, at):
            return word[:at], word[at:]
    return word, ""


def _joins(word: str, at: int) -> bool:
    mark = unicodedata.combining(word[at]) or unicodedata.category(word[at]) in ("Mn", "Me", "Mc")
    return bool(mark) or word[at] in NO_BREAK_BEFORE or word[at - 1] == "\u200d"


def _cells(text: str) -> int:
    cells = 0
    for letter in text:
        if unicodedata.category(letter) not in ("Mn", "Me", "Cf"):
            cells += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
    return cells


def _cue_id(caption: Caption) -> str:
    line_id = _one_row(caption.line_id).replace("-->", "->")
    if not caption.estimated:
        return line_id
    return f"{line_id} ({caption.part} of {caption.parts}, estimated)"


def _one_row(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
