"""A game of 50,000 lines in 500 files: how fast check, plan and a run with nothing to do are.

Run: python scripts/bench/game.py --folder FOLDER. The first run renders all lines with the tone engine, which
takes most of the time; a folder that is there already is used as it is. Each verb runs in a process of its
own, held to one core; lines per second of its CPU and peak memory come from it (other work on the machine makes the
seconds on the clock longer, not those). Writes results/game.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "game.json"
ROOT = Path(__file__).parents[2]
WORDS = [
    "harbor",
    "lamp",
    "night",
    "keeper",
    "storm",
    "signal",
    "rope",
    "anchor",
    "cloud",
    "letter",
    "window",
    "candle",
    "stair",
    "gull",
    "chart",
    "compass",
    "engine",
    "whistle",
    "morning",
    "shadow",
    "bridge",
    "captain",
    "ladder",
    "barrel",
    "lantern",
    "sailor",
    "island",
    "tower",
    "message",
    "bell",
]
PEOPLE = ("Keeper", "Mira", "Tom", "Anne", "Captain")
CONFIG = """\
engine = "unity"
name = "bench"
sources = [{ format = "yarn", path = "Bench.yarnproject" }]
voices = { Keeper = "tone/low", Mira = "tone/high", "*" = "tone/mid" }
pack = "pack"
"""
PROJECT = (
    '{"projectFileVersion": 3, "sourceFiles": ["Dialogue/*.yarn"], "baseLanguage": "en", "localisation": {}}'
)
EDITED = re.compile(r"\bharbor\b")
# Runs a command and tells the most memory that it or a child held.
CHILD = """
import json, os, resource, sys, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pipeline.cli.main import run
began = time.perf_counter()
code = run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"code": code, "s": time.perf_counter() - began, "cpu_s": used.ru_utime + used.ru_stime,
    "peak_bytes": used.ru_maxrss * 1024}), file=sys.stderr)
"""


def write_game(folder: Path, lines: int, files: int) -> None:
    """The sources: every line says something of its own, so that no two share a take."""
    (folder / "Dialogue").mkdir(parents=True)
    (folder / "fullcast-game.toml").write_text(CONFIG, "utf-8")
    (folder / "Bench.yarnproject").write_text(PROJECT, "utf-8")
    each = -(-lines // files)
    for number in range(files):
        rows = [f"title: Node{number:03}", "---"]
        for place in range(number * each, min(lines, (number + 1) * each)):
            said = " ".join(WORDS[(place // len(WORDS) ** power) % len(WORDS)] for power in range(4))
            rows.append(f"{PEOPLE[place % len(PEOPLE)]}: {said}. #line:l{place:06}x")
        rows.append("===\n")
        (folder / "Dialogue" / f"file{number:03}.yarn").write_text("\n".join(rows), "utf-8")


def fullcast(folder: Path, *arguments: str) -> tuple[dict[str, Any], list[str]]:
    """Runs a verb on one core; what it cost, and the rows that it printed."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "game", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stderr.strip().splitlines()[-1])
    if told["code"] != 0:
        raise SystemExit(f"{arguments} ended with {told['code']}:\n{done.stderr[-2000:]}")
    return told, done.stdout.splitlines()


def changed_files(folder: Path, before: dict[str, int]) -> list[str]:
    """Files of the pack whose time of writing is another, or that are new."""
    after = stamps(folder)
    return sorted(name for name in after if before.get(name) != after[name])


def stamps(folder: Path) -> dict[str, int]:
    """The time of the last writing of each file of the pack, in nanoseconds."""
    pack = folder / "pack"
    return {
        path.relative_to(pack).as_posix(): path.stat().st_mtime_ns
        for path in pack.rglob("*")
        if path.is_file()
    }


def measured(name: str, cost: dict[str, Any], lines: int, **more: Any) -> dict[str, Any]:
    """One row of the results."""
    row = {
        "step": name,
        "seconds": round(cost["s"], 2),
        "cpu_s": round(cost["cpu_s"], 2),
        "lines_per_cpu_s": round(lines / cost["cpu_s"]),
        "peak_mb": round(cost["peak_bytes"] / 1e6),
        **more,
    }
    print(json.dumps(row), flush=True)
    return row


def statuses(rows: list[str]) -> dict[str, int]:
    """How many sounds a render named with each status."""
    names = ("rendered", "cached", "taken", "failed")
    return {name: sum(row.startswith(f"{name} ") for row in rows) for name in names}


def steps(folder: Path, lines: int) -> list[dict[str, Any]]:
    """All measurements, in order; the game is as it was afterwards."""
    found = []
    cost, _ = fullcast(folder, "check")
    found.append(measured("check", cost, lines))
    cost, rows = fullcast(folder, "render", "--local")
    found.append(measured("first render", cost, lines, **statuses(rows)))
    cost, rows = fullcast(folder, "plan")
    found.append(measured("plan, the pack is full", cost, lines))
    before = stamps(folder)
    cost, rows = fullcast(folder, "render", "--local")
    touched = changed_files(folder, before)
    found.append(measured("render again", cost, lines, **statuses(rows), files_touched=len(touched)))
    cost, rows = fullcast(folder, "plan", "-o", "no-pack")
    found.append(measured("plan, all takes in the store and no pack", cost, lines))
    place = folder / "Dialogue" / "file000.yarn"
    text = place.read_text("utf-8")
    # A word that no earlier run has put there: its take must not be in the store.
    place.write_text(EDITED.sub(f"lighthouse {time.time_ns()}", text, count=1), "utf-8")
    cost, rows = fullcast(folder, "render", "--local")
    touched = [name for name in changed_files(folder, before) if name.endswith(".wav")]
    found.append(
        measured("render after one word", cost, lines, **statuses(rows), sounds_touched=len(touched))
    )
    place.write_text(text, "utf-8")
    fullcast(folder, "render", "--local")
    return found


def main() -> None:
    """Writes the game, runs all steps, writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if not options.folder.exists():
        write_game(options.folder, options.lines, options.files)
    rows = steps(options.folder, options.lines)
    value = {"lines": options.lines, "files": options.files, "cores": 1, "steps": rows}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(value, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
