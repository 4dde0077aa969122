"""Renders that are interrupted at any moment, and one beside a gremlin; the book is the same in the end."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_books import Desk

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HEAD = """---
fullcast: 1
book: {title: Many, language: en-us, announce_chapters: false}
cast: {narrator: tone/low, Ann: tone/high}
---
"""
# Of which event the first is waited for before the signal, and the longest that it comes after it.
MOMENTS = {"nothing": 1.5, "RunStarted": 3.0, "LineRendered": 1.0, "ChapterStitched": 0.2, "FileWritten": 0.1}


def start(desk: Desk) -> subprocess.Popen:
    command = [sys.executable, "-m", "pipeline.cli.main", "render", str(desk.script), "--json"]
    command += ["--workers", "2", "--store", str(desk.folder / "store"), "-o", str(desk.folder / "out")]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def book(desk: Desk) -> dict[str, bytes]:
    files = [path for path in desk.output.rglob("*") if path.suffix in (".flac", ".m4b", ".vtt", ".srt")]
    return {str(path.relative_to(desk.output)): path.read_bytes() for path in files}


def interrupt(desk: Desk, moment: str, rng: random.Random) -> tuple[int, str]:
    process = start(desk)
    seen = []
    while moment != "nothing" and (line := process.stdout.readline()):
        seen.append(json.loads(line)["event"])
        if seen[-1] == moment:
            break
    time.sleep((0.5 if moment == "nothing" else 0.0) + rng.random() * MOMENTS[moment])
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_ctrl_c_at_any_moment_ends_with_130_and_tears_nothing(tmp_path):
    script = tmp_path / "many.md"
    lines = [f"Ann (id=n{n}): tone-slow line number {n} of many." for n in range(12)]
    chapters = ["# One", *lines[:6], "# Two", *lines[6:]]
    script.write_text(HEAD + "\n\n".join(chapters) + "\n")
    desk, rng = Desk(tmp_path, script), random.Random(7)
    for moment in MOMENTS:
        code, errors = interrupt(desk, moment, rng)
        # The last files may be written before the signal is there.
        assert code == 130 or (code == 0 and moment in ("ChapterStitched", "FileWritten")), (moment, errors)
        assert "Traceback" not in errors, (moment, errors)
    process = start(desk)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    other = Desk(tmp_path / "other", script)
    assert other.render() == 0  # in one process, without Ray
    assert book(desk) == book(other)


def test_a_gremlin_beside_a_run_costs_time_and_not_the_book(tmp_path):
    out = tmp_path / "chaos.json"
    command = [sys.executable, str(ROOT / "scripts" / "chaos.py"), "--lines", "120", "--seeds", "1"]
    command += ["--first", "3", "--actions", "5", "--folder", str(tmp_path), "--out", str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=500, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(out.read_text())
    assert result["seeds_right"] == 1 and result["takes_lost"] == 0
    assert result["faults_survived_sum"] == result["faults_tried_sum"] > 0
