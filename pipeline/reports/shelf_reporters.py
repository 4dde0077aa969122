"""What a person or a program sees while a shelf is rendered: a bar for all and one a book, lines, or JSON."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from tqdm import tqdm

from pipeline.events import ChapterStitched, Event, FileWritten, LineQuarantined, LineRendered, ModelLoaded
from pipeline.reports.reporters import LOG_EVERY_S, sentence
from pipeline.reports.shelf_events import (
    BookComplete,
    BookFailed,
    BookFinished,
    BookPlanned,
    ScriptWarned,
    ShelfFinished,
    ShelfStarted,
)
from pipeline.reports.shelf_page import clock

TITLE_CHARACTERS = 24


class ShelfReporter(Protocol):
    """Shows events as they come."""

    def on(self, event: Event, book: str | None) -> None:
        """Something happened, to a book or to all."""
        ...

    def close(self) -> None:
        """The run is over, well or not."""
        ...


@dataclass
class _Counts:
    """Lines and sound of one book, or of all."""

    lines: int = 0
    total: int = 0
    audio_s: float = 0.0


class ShelfBars:
    """A bar over the lines of all books, and one for each book that has lines left."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bars: dict[str, tqdm[Any]] = {}
        self._all: tqdm[Any] | None = None
        self._audio_s = 0.0
        self._began = time.monotonic()

    def on(self, event: Event, book: str | None) -> None:
        """Moves the bars, or writes a line above them."""
        match event:
            case BookPlanned(to_render=count, title=title) if count and book is not None:
                self._add(book, title, count)
            case LineRendered(audio_s=audio_s):
                self._audio_s += audio_s
                self._advance(book)
            case LineQuarantined():
                self._advance(book)
                self._above(event, book)
            case BookComplete() | BookFailed() | BookFinished():
                self._end(book)
                if not isinstance(event, BookComplete):
                    self._above(event, book)
            case ChapterStitched() | FileWritten() | ModelLoaded():
                pass
            case _:
                self._above(event, book)

    def close(self) -> None:
        """Leaves the bar over all as it stands."""
        for book in list(self._bars):
            self._end(book)
        if self._all is not None:
            self._all.close()
            self._all = None

    def _add(self, book: str, title: str, count: int) -> None:
        if self._all is None:
            layout = "{desc} {percentage:3.0f}%|{bar}| {postfix} [{elapsed}<{remaining}]"
            self._all = self._bar("All books", layout, 0, leave=True)
        self._all.total = (self._all.total or 0) + count
        layout = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} lines"
        self._bars[book] = self._bar(title, layout, count, leave=False)
        self._all.refresh()

    def _bar(self, title: str, layout: str, total: int, leave: bool) -> tqdm[Any]:
        name = f"{title[:TITLE_CHARACTERS]:<{TITLE_CHARACTERS}}"
        return tqdm(
            total=total, desc=name, file=self._stream, bar_format=layout, dynamic_ncols=True, mininterval=0.2,
            leave=leave,
        )  # fmt: skip

    def _advance(self, book: str | None) -> None:
        if self._all is not None:
            speed = self._audio_s / max(1e-3, time.monotonic() - self._began)
            lines = f"{self._all.n + 1}/{self._all.total} lines"
            self._all.set_postfix_str(f"{speed:.1f}x real time, {lines}", refresh=False)
            self._all.update(1)
        if book in self._bars:
            self._bars[book].update(1)

    def _end(self, book: str | None) -> None:
        bar = self._bars.pop(book, None) if book is not None else None
        if bar is not None:
            bar.close()

    def _above(self, event: Event, book: str | None) -> None:
        if text := shelf_sentence(event, book):
            tqdm.write(text, file=self._stream)


class ShelfLog:
    """Plain lines, for a pipe or a log file: progress at most every five seconds."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._all = _Counts()
        self._books: dict[str, _Counts] = {}
        self._last = 0.0
        self._began = time.monotonic()

    def on(self, event: Event, book: str | None) -> None:
        """Writes a line for what matters."""
        match event:
            case BookPlanned(to_render=count) if book is not None:
                self._books[book] = _Counts(total=count)
                self._all.total += count
            case BookFinished() | BookFailed() if book is not None:
                self._books.pop(book, None)
            case LineRendered(audio_s=audio_s):
                self._progress(book, audio_s)
                return
            case _:
                pass
        if text := shelf_sentence(event, book):
            print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is held."""

    def _progress(self, book: str | None, audio_s: float) -> None:
        counts = self._books.get(book or "", _Counts())
        for one in (self._all, counts):
            one.lines += 1
            one.audio_s += audio_s
        now = time.monotonic()
        if now - self._last < LOG_EVERY_S and self._all.lines < self._all.total:
            return
        self._last = now
        speed = self._all.audio_s / max(1e-3, now - self._began)
        of_book = f" ({book}: {counts.lines}/{counts.total})" if book else ""
        print(
            f"{self._all.lines}/{self._all.total} lines, {self._all.audio_s:.0f} s of audio,"
            f" {speed:.1f}x real time{of_book}",
            file=self._stream,
            flush=True,
        )


class ShelfJson:
    """One JSON object a line for every event, with the book, told `at_s` seconds after the start.

    Events that carry a time of their own (seconds since 1970) keep it as `time_s`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._began = time.monotonic()

    def on(self, event: Event, book: str | None) -> None:
        """Writes the event."""
        value = event.as_json()
        if "at_s" in value:
            value["time_s"] = value.pop("at_s")
        value |= {"at_s": round(time.monotonic() - self._began, 3), "book": book}
        print(json.dumps(value, ensure_ascii=False), file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is held."""


def make_shelf_reporter(as_json: bool) -> ShelfReporter:
    """JSON lines if asked for, bars on a terminal, plain lines on a pipe."""
    if as_json:
        return ShelfJson()
    return ShelfBars() if sys.stderr.isatty() else ShelfLog()


def shelf_sentence(event: Event, book: str | None) -> str:
    """The event in words, the book's name before it; empty for what a person need not see."""
    match event:
        case ScriptWarned(text=text):
            return text
        case BookPlanned(lines=lines, to_render=0):
            text = f"{lines} lines, all takes are there"
        case BookPlanned(lines=lines, to_render=count, to_render_s=audio_s):
            text = f"{lines} lines, {count} to render (about {audio_s:.0f} s of audio)"
        case ShelfStarted(books=books, to_render=count, workers=workers):
            return f"{count} lines of {books} books to render, {workers} workers"
        case BookComplete():
            text = "its last take is there"
        case BookFinished(sound=sound, quarantined=lost, audio_s=audio_s):
            faults = f", {lost} line{'' if lost == 1 else 's'} set aside" if lost else ", with faults"
            text = f"done, {clock(audio_s)}" + ("" if sound else faults)
        case BookFailed(reason=reason):
            text = f"failed: {reason}"
        case ShelfFinished():
            return ""
        case _:
            text = sentence(event)
    return f"{book}: {text}" if text and book else text
