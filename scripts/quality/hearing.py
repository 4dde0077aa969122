"""What a recognizer hears in a published book, passage by passage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from wording import simplified

LISTEN_HZ = 16_000
# The recognizer's window is 30 s; within one passage it never has to find its own way on.
PASSAGE_S = 27.0
# What is kept around a line (pipeline/levels.py): its neighbours may stand no further off.
KEPT_BEFORE_S = 0.03
KEPT_AFTER_S = 0.08
QUIET_S = 0.3

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SpokenLine:
    """A line of the book: what was to be said, and from when to when it lies in its chapter, in seconds."""

    id: str
    character: str
    where: str
    text: str
    spoken: str
    start_s: float
    end_s: float

    @property
    def cut_s(self) -> tuple[float, float]:
        """From when to when its take is heard, with what was kept around its speech."""
        return self.start_s - KEPT_BEFORE_S, self.end_s + KEPT_AFTER_S


@dataclass(frozen=True)
class SpokenChapter:
    """A chapter's sound file and its lines in the order in which they are heard."""

    number: int
    title: str
    file: Path
    lines: tuple[SpokenLine, ...]


def read_book(book_json: Path) -> tuple[str, list[SpokenChapter]]:
    """The language and chapters of a published book; what is said comes from `report.json` beside it.

    Raises:
        SystemExit: a file is not there, or the two do not tell of the same lines.
    """
    try:
        book = json.loads(book_json.read_text(encoding="utf-8"))
        report = json.loads((book_json.parent / "report.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise SystemExit(f"{book_json.parent}: {error}; publish the book first: fullcast render") from error
    spoken = {
        (line["id"], line["take"]): line["spoken"] for each in report["chapters"] for line in each["lines"]
    }
    chapters = []
    for chapter in book["chapters"]:
        lines = tuple(_line(line, spoken, book_json) for line in chapter["lines"])
        file = _sound_file(book_json.parent / chapter["file"])
        chapters.append(SpokenChapter(chapter["number"], chapter["title"], file, lines))
    return book["language"], chapters


def _line(line: dict[str, Any], spoken: dict[tuple[str, str], str], book_json: Path) -> SpokenLine:
    said = spoken.get((line["id"], line["take"]))
    if said is None:
        raise SystemExit(f"{book_json}: line '{line['id']}' is not in report.json; render the book again")
    return SpokenLine(
        line["id"], line["character"], line["source"], line["text"], said, line["start_s"], line["end_s"]
    )


def _sound_file(file: Path) -> Path:
    if not file.exists():
        raise SystemExit(f"{file}: no such chapter file")
    return file


def load_wave(file: Path) -> Wave:
    """A sound file as the recognizer takes it: mono float32 at 16 kHz."""
    from faster_whisper import decode_audio  # type: ignore[import-not-found,unused-ignore]

    return np.asarray(decode_audio(str(file), sampling_rate=LISTEN_HZ), dtype=np.float32)


def passages(lines: Sequence[SpokenLine]) -> Iterator[tuple[SpokenLine, ...]]:
    """Lines that follow one another, as many as one window of the recognizer holds."""
    gathered: list[SpokenLine] = []
    for line in lines:
        if gathered and line.end_s - gathered[0].start_s > PASSAGE_S:
            yield tuple(gathered)
            gathered = []
        gathered.append(line)
    if gathered:
        yield tuple(gathered)


class Listener:
    """The recognizer, loaded once. It is never told what it is to hear: a prompt leaks the answer."""

    def __init__(self, model: Path, language: str) -> None:
        from faster_whisper import WhisperModel

        self.model = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)
        self.language = language.split("-")[0]

    def hear(self, wave: Wave, start_s: float, end_s: float) -> str:
        """The text that is heard between two times of a chapter, with a little quiet around it."""
        quiet = np.zeros(round(QUIET_S * LISTEN_HZ), np.float32)
        cut = wave[max(0, round(start_s * LISTEN_HZ)) : round(end_s * LISTEN_HZ)]
        segments, _ = self.model.transcribe(
            np.concatenate([quiet, cut, quiet]),
            language=self.language,
            beam_size=5,
            condition_on_previous_text=False,
            temperature=0.0,
        )
        text = " ".join(segment.text.strip() for segment in segments)
        return simplified(text) if self.language == "zh" else text
