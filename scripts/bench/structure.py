"""A long book of very short lines with the tone engine: what fullcast itself costs beside any engine.

Through the command line, in processes of their own, with Ray: seconds a line, memory against length, what a
run costs that has nothing to do, and that exactly one take is made after one sentence was changed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from books import short_sentences, write_book
from measure import CommandRun, keep, machine, megabytes, run_command, table

CAST = {
    "narrator": "tone/low", "Ann": "tone/high", "Bob": "tone/mid", "Cid": "tone/alt",
    "Dora": "{voice: tone/high, rate: 1.1}", "Emil": "{voice: tone/mid, rate: 0.9}",
}  # fmt: skip
CHAPTERS = 40
WORKERS = 2
# Little silence: the stitching of hours is not what is measured here (see stitch.py).
PACE = 0.25


class Desk:
    """A folder with one book in it and the commands run on it."""

    def __init__(self, folder: Path, lines: int) -> None:
        self.folder = folder
        self.lines = lines
        self.texts = short_sentences(lines)
        self.script = write_book(folder / "bench.md", CAST, self.texts, CHAPTERS, PACE)

    def run(self, command: str, *more: str) -> CommandRun:
        """A command on the book, in a process of its own."""
        args = [sys.executable, "-m", "pipeline.cli.main", command, str(self.script), *more]
        if command != "check":
            args += ["--store", str(self.folder / "store")]
        return run_command(args, self.folder, self.folder / "log.txt")

    def render(self) -> CommandRun:
        """`fullcast render` with events as JSON."""
        return self.run("render", "--workers", str(WORKERS), "--json", "-o", str(self.folder / "out"))

    def change_one(self) -> None:
        """Changes one sentence in the middle of the book."""
        old = self.texts[self.lines // 2]
        text = self.script.read_text(encoding="utf-8")
        self.script.write_text(text.replace(old, "One quite different sentence stands here.", 1), "utf-8")


def counts(run: CommandRun) -> dict[str, int]:
    """How much was done, from the events: takes, chapters and files made."""
    return {
        "takes": len(run.events("LineRendered")),
        "chapters": sum(not event["reused"] for event in run.events("ChapterStitched")),
        "files": sum(not event["reused"] for event in run.events("FileWritten")),
        "books": sum(
            not event["reused"] and event["path"].endswith(".m4b") for event in run.events("FileWritten")
        ),
    }


def legs(run: CommandRun) -> dict[str, float]:
    """Seconds of each leg of a render, by when its events were seen."""
    started = run.events("RunStarted")[0]["seen_s"]
    workers = [event["seen_s"] for event in run.events("WorkerStarted")] or [started]
    takes = [event["seen_s"] for event in run.events("LineRendered")] or [workers[-1]]
    chapters = [event["seen_s"] for event in run.events("ChapterStitched")] or [takes[-1]]
    files = [event["seen_s"] for event in run.events("FileWritten")] or [chapters[-1]]
    ends = [0.0, started, workers[-1], takes[-1], chapters[-1], files[-1], run.wall_s]
    names = ["read, cast, plan", "start Ray", "takes", "stitch", "publish", "report, end"]
    return {name: round(ends[number + 1] - ends[number], 3) for number, name in enumerate(names)}


def measured(folder: Path, lines: int) -> dict[str, Any]:
    """All runs of one book."""
    desk = Desk(folder, lines)
    facts: dict[str, Any] = {"lines": lines}
    facts["check"] = desk.run("check").facts()
    facts["plan, nothing there"] = desk.run("plan").facts()
    first = desk.render()
    facts["render all"] = first.facts() | {"legs_s": legs(first), "made": counts(first)}
    again = desk.render()
    facts["render again"] = again.facts() | {"legs_s": legs(again), "made": counts(again)}
    facts["plan, all there"] = desk.run("plan").facts()
    desk.change_one()
    changed = desk.render()
    facts["render one changed"] = changed.facts() | {"legs_s": legs(changed), "made": counts(changed)}
    facts["takes_ms_per_line"] = round(facts["render all"]["legs_s"]["takes"] / lines * 1000, 3)
    return facts


def show(books: dict[str, Any]) -> None:
    """Prints the table of all books."""
    rows = []
    for lines, facts in books.items():
        for name, run in facts.items():
            if not isinstance(run, dict):
                continue
            made = run.get("made", {})
            rows.append([
                lines, name, f"{run['wall_s']:.1f}", f"{run['cpu_s']:.1f}",
                megabytes(run["peak_driver_bytes"]), megabytes(run["peak_worker_bytes"]),
                made.get("takes", ""), made.get("chapters", ""), made.get("files", ""),
            ])  # fmt: skip
    print(table(["lines", "run", "wall s", "CPU s", "driver", "worker", "takes", "chapters", "files"], rows))
    for lines, facts in books.items():
        print(f"\n{lines} lines, a full render: {json.dumps(facts['render all']['legs_s'])}")
        print(f"{lines} lines: {facts['takes_ms_per_line']} ms a take")


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--folder", type=Path, help="work here and leave everything (for profiling)")
    options = parser.parse_args()
    before = machine()
    books: dict[str, Any] = {}
    for lines in options.lines:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) if options.folder is None else options.folder / str(lines)
            if options.folder is not None:
                folder.mkdir(parents=True)
            books[str(lines)] = measured(folder, lines)
    show(books)
    results: dict[str, Any] = {"chapters": CHAPTERS, "workers": WORKERS, "books": books}
    first, last = books[str(options.lines[0])], books[str(options.lines[-1])]
    for who in ("driver", "worker"):
        ratio = last["render all"][f"peak_{who}_bytes"] / max(1, first["render all"][f"peak_{who}_bytes"])
        results[f"peak_{who}_ratio"] = round(ratio, 3)
        print(f"peak of the {who}, {options.lines[-1]} lines over {options.lines[0]}: {ratio:.2f}")
    keep("structure", results, before)


if __name__ == "__main__":
    main()
