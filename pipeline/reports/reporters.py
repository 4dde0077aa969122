"""What a person or a program sees while a run goes on: a bar, plain lines, or JSON lines.

A reporter has one method, `on`, for all events; it shows what it knows and passes over the rest.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Protocol, TextIO

from tqdm import tqdm

from pipeline.events import (
    ChapterStitched,
    Event,
    FileWritten,
    LineQuarantined,
    LineRendered,
    ModelLoaded,
    RunFinished,
    RunStarted,
    TakeDamaged,
    WeightsFetched,
    WorkerLost,
)
from pipeline.publish.delivery_events import FileCorrected, RuleBroken
from pipeline.script.counting import counted

LOG_EVERY_S = 5.0


class Reporter(Protocol):
    """Shows events as they come."""

    def on(self, event: Event) -> None:
        """Something happened."""
        ...

    def close(self) -> None:
        """The run is over, well or not."""
        ...


class BarReporter:
    """A bar over seconds of audio with speed (x real time), takes done, time left and the chapter in work."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar: tqdm[Any] | None = None
        self._began = 0.0
        self._lines = 0
        self._total = 0
        self._audio_s = 0.0
        self._planned_s = 0.0

    def on(self, event: Event) -> None:
        """Moves the bar, or writes a line above it."""
        match event:
            case RunStarted(to_render=count, to_render_s=audio_s) if count:
                self._start(count, audio_s)
            case LineRendered(chapter=chapter, audio_s=audio_s):
                self._advance(chapter, audio_s)
            case LineQuarantined() | WorkerLost() | TakeDamaged() | WeightsFetched():
                self._above(sentence(event))
            case ChapterStitched(reused=False) | FileCorrected() | RuleBroken():
                self._close_bar()
                self._above(sentence(event))
            case _:
                pass

    def close(self) -> None:
        """Leaves the bar as it stands."""
        self._close_bar()

    def _start(self, count: int, audio_s: float) -> None:
        self._total, self._planned_s, self._began = count, audio_s, time.monotonic()
        # tqdm puts ", " before a postfix: it follows what was elapsed and what remains.
        layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        self._bar = tqdm(
            total=round(audio_s, 1), unit="s", file=self._stream, bar_format=layout, dynamic_ncols=True,
            mininterval=0.2, desc="Rendering",
        )  # fmt: skip

    def _advance(self, chapter: str, audio_s: float) -> None:
        if self._bar is None:
            return
        self._lines += 1
        self._audio_s += audio_s
        # Lengths were guessed; what is left is scaled by how wrong the guess was so far.
        share = self._lines / self._total
        self._bar.total = max(self._audio_s, self._planned_s * (1 - share) + self._audio_s)
        speed = self._audio_s / max(1e-3, time.monotonic() - self._began)
        self._bar.set_description_str(chapter[:28] or "Rendering", refresh=False)
        self._bar.set_postfix_str(f"{speed:.1f}x real time, {self._lines}/{self._total} takes", refresh=False)
        self._bar.update(audio_s)

    def _above(self, text: str) -> None:
        tqdm.write(text, file=self._stream)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class LogReporter:
    """Plain lines, for a pipe or a log file: progress at most every five seconds."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last = 0.0
        self._lines = 0
        self._total = 0
        self._audio_s = 0.0
        self._began = time.monotonic()

    def on(self, event: Event) -> None:
        """Writes a line for what matters."""
        if isinstance(event, RunStarted):
            self._total, self._began = event.to_render, time.monotonic()
        if isinstance(event, LineRendered):
            self._lines += 1
            self._audio_s += event.audio_s
            self._progress(event)
        elif text := sentence(event):
            print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is held."""

    def _progress(self, event: LineRendered) -> None:
        now = time.monotonic()
        if now - self._last < LOG_EVERY_S and self._lines < self._total:
            return
        self._last = now
        speed = self._audio_s / max(1e-3, now - self._began)
        print(
            f"{self._lines}/{self._total} takes, {self._audio_s:.0f} s of audio, {speed:.1f}x real time"
            f" ({event.chapter})",
            file=self._stream,
            flush=True,
        )


class JsonReporter:
    """One JSON object a line for every event, told `at_s` seconds after the start.

    Events that carry a time of their own (seconds since 1970) keep it as `time_s`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._began = time.monotonic()

    def on(self, event: Event) -> None:
        """Writes the event."""
        value = event.as_json()
        if "at_s" in value:
            value["time_s"] = value.pop("at_s")
        value["at_s"] = round(time.monotonic() - self._began, 3)
        # One call: chapters are stitched by several threads, and their lines must not run into each other.
        self._stream.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing is held."""


def make_reporter(as_json: bool) -> Reporter:
    """JSON lines if asked for, a bar on a terminal, plain lines on a pipe."""
    if as_json:
        return JsonReporter()
    return BarReporter() if sys.stderr.isatty() else LogReporter()


def sentence(event: Event) -> str:
    """The event in words; empty for what a person need not see."""
    match event:
        case RunStarted(lines=lines, to_render=0):
            return f"{counted(lines, 'line')}, all takes are there"
        case RunStarted(lines=lines, to_render=count, to_render_s=audio_s, workers=workers):
            takes, by = counted(count, "take"), counted(workers, "worker")
            return f"{counted(lines, 'line')}, {takes} to render (about {audio_s:.0f} s of audio), {by}"
        case WeightsFetched(model=model, form=form):
            return f"{model}: weights ready ({form})"
        case WorkerLost(worker=worker, reason=reason, lines_in_hand=count):
            return f"worker {worker} was lost with {count} lines in hand ({reason}); they are tried again"
        case ModelLoaded(worker=worker, model=model, load_s=load_s):
            return f"worker {worker}: {model} loaded in {load_s:.1f} s"
        case LineQuarantined(line_id=line_id, where=where, reason=reason):
            return f"{where}: line {line_id} set aside: {reason}"
        case TakeDamaged(key=key, reason=reason):
            return f"take {key[:12]} was damaged and is rendered again: {reason}"
        case ChapterStitched(number=number, title=title, duration_s=duration_s, reused=False):
            return f"chapter {number} stitched: {title} ({duration_s:.0f} s)"
        case FileWritten(path=path, reused=False):
            return f"wrote {path}"
        case FileCorrected(path=path, attempt=attempt, broken=broken, gain_db=gain_db, limit_dbtp=limit_dbtp):
            change = f"gain {gain_db:+.2f} dB, limited at {limit_dbtp:.2f} dBTP"
            return f"{path}: {'; '.join(broken)}: encoded again ({attempt}) with {change}"
        case RuleBroken(path=path, rule=rule, value=value, limit=limit, advice=advice):
            return f"{path}: {rule} is {value}, asked is {limit}; {advice}"
        case RunFinished():
            return ""
        case _:
            return ""
