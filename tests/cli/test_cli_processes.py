"""A render in a process of its own, on real Ray: interrupted, killed, and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from cli_books import Desk

pytestmark = pytest.mark.slow

HEAD = """---
fullcast: 1
book: {title: Many, language: en-us, announce_chapters: false}
cast: {narrator: tone/low, Ann: tone/high}
---
"""


@pytest.fixture
def slow_book(tmp_path) -> Desk:
    """Forty lines that take a fifth of a second each, so that there is time to interrupt."""
    script = tmp_path / "many.md"
    lines = [f"Ann (id=n{n}): tone-slow line number {n} of many." for n in range(40)]
    script.write_text(HEAD + "# One\n\n" + "\n\n".join(lines) + "\n")
    return Desk(tmp_path, script)


def start(desk: Desk, *arguments: str) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "pipeline.cli.main",
        "render",
        str(desk.script),
        "--json",
        "--workers",
        "2",
    ]
    command += ["--store", str(desk.folder / "store"), "-o", str(desk.folder / "out"), *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def takes(desk: Desk) -> int:
    return sum(1 for path in (desk.folder / "store").rglob("*.flac") if not path.name.startswith("."))


def wait_for_takes(desk: Desk, count: int) -> None:
    deadline = time.monotonic() + 90
    while takes(desk) < count:
        assert time.monotonic() < deadline, "nothing was rendered"
        time.sleep(0.05)


def finish(process: subprocess.Popen) -> tuple[int, list[dict], str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def rendered(events: list[dict]) -> int:
    return sum(event["event"] == "LineRendered" for event in events)


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(slow_book):
    process = start(slow_book)
    wait_for_takes(slow_book, 5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    code, _, err = finish(process)
    assert code == 130, err
    assert "interrupted; finished takes are kept" in err and "Traceback" not in err
    kept = takes(slow_book)
    assert 5 <= kept < 40
    code, events, err = finish(start(slow_book))
    assert code == 0, err
    assert rendered(events) == 40 - kept


def test_a_killed_driver_loses_no_finished_take(slow_book):
    process = start(slow_book)
    wait_for_takes(slow_book, 5)
    process.kill()
    process.communicate(timeout=60)
    time.sleep(3)  # its workers notice and end; what they had in hand may still be written
    kept = takes(slow_book)
    assert kept >= 5
    code, events, err = finish(start(slow_book))
    assert code == 0, err
    assert rendered(events) == 40 - kept
    assert takes(slow_book) >= 40


def test_a_resumed_book_equals_an_undisturbed_one(slow_book, tmp_path):
    process = start(slow_book)
    wait_for_takes(slow_book, 8)
    process.kill()
    process.communicate(timeout=60)
    assert finish(start(slow_book))[0] == 0
    other = Desk(tmp_path / "other", slow_book.script)
    assert other.render() == 0  # in one process, without Ray
    for name in ("book.m4b", "chapters/01-one.flac", "book.vtt"):
        assert (slow_book.output / name).read_bytes() == (other.output / name).read_bytes(), name


def test_a_poisonous_line_is_quarantined_on_ray_and_the_book_comes_out(slow_book):
    slow_book.edit("tone-slow line number 17 of many", "tone-crash line number 17 of many")
    code, events, err = finish(start(slow_book))
    assert code == 1, err
    aside = [event for event in events if event["event"] == "LineQuarantined"]
    assert [event["line_id"] for event in aside] == ["n17"]
    assert "many.md:" in aside[0]["where"]
    assert (slow_book.output / "book.m4b").exists()
