"""How the benches measure: this process, other processes with all their children, tables and JSON.

The benches are run by hand (docs/performance.md says how); nothing in the tests depends on a time.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from pipeline.files import make_folder, write_json

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("fullcast", "torch", "ray", "numpy", "soundfile", "av")
# Fine enough to catch a peak that lasts; each look costs some milliseconds of the machine.
SAMPLE_EVERY_S = 0.25


@dataclass(frozen=True)
class Summary:
    """Median and range of some measurements of one thing."""

    median: float
    lowest: float
    highest: float
    count: int

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.lowest:.3f}-{self.highest:.3f})"


def summary(values: Sequence[float]) -> Summary:
    """Median, range and number of `values`, rounded to six digits after the point."""
    return Summary(
        round(statistics.median(values), 6), round(min(values), 6), round(max(values), 6), len(values)
    )


@dataclass
class Cost:
    """Wall and CPU seconds (all threads) of what ran in a `with spent()` block of this process."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def spent() -> Iterator[Cost]:
    """A cost that is filled in when the block ends."""
    cost = Cost()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield cost
    finally:
        cost.wall_s = time.perf_counter() - wall
        cost.cpu_s = time.process_time() - cpu


@dataclass(frozen=True)
class CommandRun:
    """What a command did and cost, its children and grandchildren included.

    Attributes:
        began_s: `time.time()` at which it was started.
        peak_driver_bytes: largest resident size of the command's own process.
        peak_worker_bytes: of the largest Ray worker with an actor in it; 0 if there was none.
        cpu_s: of the whole tree, read every quarter of a second (a process shorter than that is missed).
        output: the lines of its standard output, each with the seconds after the start it came at.
    """

    status: int
    began_s: float
    wall_s: float
    cpu_s: float
    peak_driver_bytes: int
    peak_worker_bytes: int
    output: tuple[tuple[float, str], ...] = field(repr=False)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Events that `--json` printed, those called `name` if given; `seen_s` is when each was read."""
        found = [event | {"seen_s": at_s} for at_s, line in self.output for event in _objects(line)]
        return [event for event in found if name is None or event["event"] == name]

    def facts(self) -> dict[str, Any]:
        """Its cost as plain JSON values."""
        value = asdict(self)
        del value["output"], value["began_s"]
        return {name: round(what, 3) if isinstance(what, float) else what for name, what in value.items()}


def run_command(args: Sequence[str], folder: Path, log: Path, allowed: Sequence[int] = (0,)) -> CommandRun:
    """Runs a command to its end in `folder`; its error stream goes to `log`.

    Raises:
        RuntimeError: it ended with a status that is not allowed; says what it wrote last.
    """
    began_s, began = time.time(), time.perf_counter()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            list(args), cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
        )
        watch = TreeWatch(process.pid)
        assert process.stdout is not None
        lines = [(time.perf_counter() - began, line) for line in process.stdout]
        watch.stop()
        status = process.wait()
    wall_s = time.perf_counter() - began
    if status not in allowed:
        last = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(args)} ended with status {status}:\n{last}")
    return CommandRun(
        status, began_s, wall_s, watch.cpu_s(), watch.peak_driver_bytes, watch.peak_worker_bytes, tuple(lines)
    )


class TreeWatch:
    """Looks at a process and all below it until it is stopped: peak resident sizes and CPU seconds."""

    def __init__(self, pid: int) -> None:
        self.peak_driver_bytes = 0
        self.peak_worker_bytes = 0
        self._root = psutil.Process(pid)
        self._cpu_s: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stopped.set()
        self._thread.join()

    def cpu_s(self) -> float:
        """User and system seconds of all processes seen."""
        return sum(self._cpu_s.values())

    def _look_on(self) -> None:
        while True:
            self._look()
            if self._stopped.wait(SAMPLE_EVERY_S):
                return

    def _look(self) -> None:
        try:
            processes = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                times, held = process.cpu_times(), process.memory_info().rss
                title = "" if process is self._root else " ".join(process.cmdline()[:1])
            except psutil.Error:
                continue
            self._cpu_s[process.pid] = times.user + times.system
            if process is self._root:
                self.peak_driver_bytes = max(self.peak_driver_bytes, held)
            elif title.startswith("ray::") and not title.startswith("ray::IDLE"):
                self.peak_worker_bytes = max(self.peak_worker_bytes, held)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown with columns of equal width."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    rule = "-|-".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def megabytes(size_bytes: float) -> str:
    """`size_bytes` as whole MB (10^6)."""
    return f"{size_bytes / 1e6:.0f} MB"


def machine() -> dict[str, Any]:
    """What it was measured on: processor, memory, versions, date, and how busy the machine was."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": _versions(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def _versions() -> dict[str, str]:
    """Of the packages that are installed; a machine for one bench may lack some."""
    found = {}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def keep(name: str, results: dict[str, Any], before: dict[str, Any]) -> Path:
    """Writes `results/<name>.json`; `before` is the machine as it was when the bench began."""
    path = make_folder(RESULTS) / f"{name}.json"
    after = [round(value, 2) for value in os.getloadavg()]
    write_json(path, {"bench": name, "machine": before | {"load_average_after": after}, "results": results})
    print(f"\nwritten: {path}")
    return path


def _objects(line: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a line: chapters are reported from threads, and two may share one line."""
    decoder, rest = json.JSONDecoder(), line.strip()
    while rest.startswith("{"):
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
