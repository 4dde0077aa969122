"""Chapter marks: where each chapter of a published file starts, counted in samples of its masters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import AudioError

# The Nero chapter list keeps a title's length in one byte. Source: FFmpeg, libavformat/movenc.c, `chpl`.
MAX_TITLE_BYTES = 255
ELLIPSIS = "…"


@dataclass(frozen=True)
class ChapterMark:
    """One chapter of a file: [start, start + length) in samples at the masters' sample rate."""

    title: str
    start_samples: int
    length_samples: int

    @property
    def end_samples(self) -> int:
        """One past its last sample."""
        return self.start_samples + self.length_samples


def chapter_marks(titles: Sequence[str], lengths_samples: Sequence[int]) -> tuple[ChapterMark, ...]:
    """Marks of chapters that follow each other without a gap, from their titles and lengths in samples.

    Raises:
        AudioError: more titles than lengths, or the other way round.
    """
    if len(titles) != len(lengths_samples):
        raise AudioError(f"{len(titles)} chapter titles for {len(lengths_samples)} chapters")
    marks = []
    start_samples = 0
    for title, length_samples in zip(titles, lengths_samples, strict=True):
        marks.append(ChapterMark(title, start_samples, length_samples))
        start_samples += length_samples
    return tuple(marks)


def check_marks(marks: Sequence[ChapterMark], total_samples: int) -> None:
    """Nothing, if the marks cover [0, total) in order and without a gap.

    A mark that lies anywhere else points at a master that has changed since it was measured.

    Raises:
        AudioError: an empty chapter, a gap, an overlap, or an end that is not the sound's end.
    """
    expected_samples = 0
    for mark in marks:
        if mark.length_samples <= 0:
            raise AudioError(f"chapter '{mark.title}' is {mark.length_samples} samples long")
        if mark.start_samples != expected_samples:
            raise AudioError(
                f"chapter '{mark.title}' starts at sample {mark.start_samples},"
                f" but the sound before it ends at {expected_samples}"
            )
        expected_samples = mark.end_samples
    if marks and expected_samples != total_samples:
        raise AudioError(
            f"chapters end at sample {expected_samples}, but the sound ends at {total_samples}",
            hint="a master changed after its timeline was made: stitch the book again",
        )


def rounded_ms(samples: int, sample_rate: int) -> int:
    """A position in milliseconds, rounded to the nearest (halves up), in whole numbers: no drift."""
    return (2000 * samples + sample_rate) // (2 * sample_rate)


def clock(time_ms: int, mark: str = ".") -> str:
    """Milliseconds as `HH:MM:SS.mmm`, with `mark` before the last three digits."""
    seconds, rest_ms = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{rest_ms:03d}"


def shortened(title: str, limit_bytes: int = MAX_TITLE_BYTES) -> str:
    """The title if its UTF-8 fits in `limit_bytes`, else its beginning and `…`, cut between characters.

    A base letter keeps its combining marks or goes with them.
    """
    if len(title.encode("utf-8")) <= limit_bytes:
        return title
    room_bytes = limit_bytes - len(ELLIPSIS.encode("utf-8"))
    kept = title.encode("utf-8")[:room_bytes].decode("utf-8", errors="ignore")
    end = len(kept)
    while 0 < end < len(title) and unicodedata.combining(title[end]):
        end -= 1
    return kept[:end].rstrip() + ELLIPSIS
