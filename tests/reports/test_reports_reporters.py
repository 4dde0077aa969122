"""What is seen while a run goes on: a bar on a terminal, plain lines on a pipe, JSON for programs."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.events import (
    ChapterStitched,
    Event,
    FileWritten,
    LineQuarantined,
    LineRendered,
    ModelEvicted,
    ModelLoaded,
    RunFinished,
    RunStarted,
    TakeDamaged,
    WeightsFetched,
    WorkerLost,
    WorkerStarted,
)
from pipeline.publish.delivery_events import FileCorrected, RuleBroken
from pipeline.reports.reporters import BarReporter, JsonReporter, LogReporter, Reporter, make_reporter

BOOK = """---
book: {title: Two Tones, author: A. Tester, language: en-us}
cast: {narrator: tone/low}
---
# One

It was a quiet morning. Nobody spoke.
"""

CORRECTED = FileCorrected("out/01.mp3", 1, ("peak -2.71 dBFS, asked <= -3 dBFS",), -0.5, -4.25)
BROKEN = RuleBroken("out/01.mp3", "head", "0.400 s", "0.5..1 s", "set head in the script's pacing")
EVENTS: list[Event] = [
    RunStarted("Book", 5, 3, 12.0, 2),
    WeightsFetched("kokoro@1.0", "int8", 92_000_000),
    WorkerStarted(0),
    ModelLoaded(0, "kokoro@1.0", 300_000_000, 1.25),
    LineRendered("ann-1", "Ann", "One", "a" * 64, 4.0, 1.0, 0),
    LineQuarantined("bob-2", "book.md:7", "the engine gave no sound"),
    WorkerLost(1, "killed", 2),
    TakeDamaged("b" * 64, "its digest is wrong"),
    ModelEvicted(0, "kokoro@1.0", 300_000_000),
    LineRendered("bob-3", "Bob", "One", "c" * 64, 6.0, 1.0, 0),
    ChapterStitched(1, "One", 14.2, -18.0, reused=False),
    ChapterStitched(2, "Two", 14.2, -18.0, reused=True),
    CORRECTED,
    FileWritten("out/01.mp3", reused=False),
    FileWritten("out/02.mp3", reused=True),
    BROKEN,
    RunFinished(2, 2, 1, 10.0, 5.0),
]


def shown(reporter_class: type[BarReporter] | type[LogReporter], events: list[Event]) -> str:
    stream = io.StringIO()
    reporter: Reporter = reporter_class(stream)
    for event in events:
        reporter.on(event)
    reporter.close()
    return stream.getvalue()


def test_plain_lines_tell_what_matters_in_its_order() -> None:
    told = shown(LogReporter, EVENTS).splitlines()
    assert [row for row in told if "real time" not in row] == [
        "5 lines, 3 takes to render (about 12 s of audio), 2 workers",
        "kokoro@1.0: weights ready (int8)",
        "worker 0: kokoro@1.0 loaded in 1.2 s",
        "book.md:7: line bob-2 set aside: the engine gave no sound",
        "worker 1 was lost with 2 lines in hand (killed); they are tried again",
        "take bbbbbbbbbbbb was damaged and is rendered again: its digest is wrong",
        "chapter 1 stitched: One (14 s)",
        "out/01.mp3: peak -2.71 dBFS, asked <= -3 dBFS: encoded again (1) with gain -0.50 dB,"
        " limited at -4.25 dBTP",
        "wrote out/01.mp3",
        "out/01.mp3: head is 0.400 s, asked is 0.5..1 s; set head in the script's pacing",
    ]


def test_what_the_bar_says_begins_with_no_comma() -> None:
    told = shown(BarReporter, EVENTS)
    assert "real time" in told and "takes" in told
    assert "| ," not in told and "|," not in told


def test_plain_lines_are_for_files_without_control_characters() -> None:
    told = shown(LogReporter, EVENTS)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", told)


def test_progress_in_plain_lines_is_sparse_but_the_last_line_is_told() -> None:
    events: list[Event] = [RunStarted("Book", 1000, 1000, 2000.0, 1)]
    events += [LineRendered(f"l-{n}", "Ann", "One", "a" * 64, 2.0, 0.1, 0) for n in range(1000)]
    rows = [row for row in shown(LogReporter, events).splitlines() if "real time" in row]
    assert 1 <= len(rows) <= 10
    assert rows[-1].startswith("1000/1000 takes, 2000 s of audio, ")


def test_a_run_with_nothing_to_render_says_so() -> None:
    started = RunStarted("Book", 5, 0, 0.0, 0)
    assert shown(LogReporter, [started]) == "5 lines, all takes are there\n"
    assert shown(BarReporter, [started]) == "", "a bar of nothing is no bar"


def test_the_bar_shows_chapter_speed_and_takes_and_ends_full() -> None:
    told = shown(BarReporter, EVENTS[:10])
    last = told.split("\r")[-1]
    assert "One" in last and "x real time, 2/3 takes" in last
    rendered: list[Event] = [RunStarted("Book", 2, 2, 100.0, 1)]
    rendered += [LineRendered(f"l-{n}", "Ann", "One", "a" * 64, 2.0, 0.1, 0) for n in range(2)]
    # 100 s were guessed and 4 came: the bar goes by what came.
    assert "100%" in shown(BarReporter, rendered).split("\r")[-1]


def test_the_bar_never_runs_over_however_wrong_the_guess_was() -> None:
    events: list[Event] = [RunStarted("Book", 10, 10, 1.0, 1)]
    events += [LineRendered(f"l-{n}", "Ann", "One", "a" * 64, 60.0, 0.1, 0) for n in range(10)]
    percents = [int(found) for found in re.findall(r"(\d+)%", shown(BarReporter, events))]
    assert percents and max(percents) <= 100


def test_troubles_stand_above_the_bar_in_words() -> None:
    told = shown(BarReporter, EVENTS)
    for said in (
        "line bob-2 set aside",
        "worker 1 was lost",
        "was damaged",
        "encoded again (1)",
        "head is 0.400 s",
    ):
        assert said in told
    for routine in ("wrote out", "loaded in", "chapter 2"):
        assert routine not in told


def test_the_bar_is_closed_once_whatever_comes_after() -> None:
    stream = io.StringIO()
    reporter = BarReporter(stream)
    reporter.on(EVENTS[0])
    reporter.close()
    reporter.close()
    before = stream.getvalue()
    reporter.on(EVENTS[4])
    assert stream.getvalue() == before


def test_json_has_one_object_a_line_with_every_field_of_every_event() -> None:
    stream = io.StringIO()
    reporter = JsonReporter(stream)
    for event in EVENTS:
        reporter.on(event)
    values = [json.loads(row) for row in stream.getvalue().splitlines()]
    assert [value.pop("event") for value in values] == [type(event).__name__ for event in EVENTS]
    times = [value.pop("at_s") for value in values]
    assert times == sorted(times) and times[0] >= 0
    for value, event in zip(values, EVENTS, strict=True):
        expected = json.loads(json.dumps(vars(event)))
        if "at_s" in expected:
            expected["time_s"] = expected.pop("at_s")  # `at_s` of a line counts from the start of the run
        assert value == expected


def test_json_keeps_letters_of_every_script_readable() -> None:
    stream = io.StringIO()
    JsonReporter(stream).on(ChapterStitched(1, "童话", 1.0, None, reused=False))
    assert "童话" in stream.getvalue()
    assert json.loads(stream.getvalue())["loudness_lufs"] is None


@dataclass(frozen=True)
class Unknown(Event):
    """An event of a later version."""

    what: str


@pytest.mark.parametrize("reporter", [BarReporter, LogReporter])
def test_an_event_that_a_reporter_does_not_know_is_passed_over(
    reporter: type[BarReporter] | type[LogReporter],
) -> None:
    assert shown(reporter, [Unknown("x")]) == ""


def test_json_is_chosen_when_asked_for_and_plain_lines_on_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(make_reporter(as_json=True), JsonReporter)
    assert isinstance(make_reporter(as_json=False), LogReporter)


def command(folder: Path, *options: str) -> list[str]:
    script = folder / "tones.md"
    script.write_text(BOOK)
    return [
        sys.executable, "-m", "pipeline.cli.main", "render", str(script), "--local",
        "--store", str(folder / "store"), "-o", str(folder / "out"), *options,
    ]  # fmt: skip


def test_a_render_on_a_pipe_writes_plain_lines_to_the_error_stream(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.match(r"(\d+) lines, \1 takes to render", done.stderr)
    assert "wrote " in done.stderr and "\r" not in done.stderr
    assert "chapter" in done.stdout and "wrote" not in done.stdout, "the table alone"


def test_a_render_as_json_writes_events_to_the_output_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path, "--json"), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    events = [json.loads(row) for row in done.stdout.splitlines()]
    assert events[0]["event"] == "RunStarted" and events[-1]["event"] == "RunFinished"
    assert sum(event["event"] == "LineRendered" for event in events) == events[0]["to_render"] > 0


def test_a_render_on_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))  # 24 rows of 120 columns
    with subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        told = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            told += block
        assert process.wait(timeout=120) == 0
    os.close(ours)
    text = told.decode()
    assert "\r" in text and "x real time" in text and re.search(r"(\d)/\1 takes", text)
    assert "wrote " not in text
