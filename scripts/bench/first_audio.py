"""How long until the first take is in the store, cold process and warm caches, and where that time goes.

Also how often a model is loaded for a cast of every voice it has, against the least possible.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from books import sentences, write_book
from measure import CommandRun, keep, machine, run_command, summary, table

from pipeline.engines.catalogue import load_catalogue
from pipeline.files import write_text

CAST = {"narrator": "kokoro/af_heart", "Ann": "kokoro/af_bella", "Bob": "kokoro/am_michael"}
LINES = 24
LOOK_EVERY_S = 0.01
GREETINGS = {
    "en-us": "Good evening.", "en-gb": "Good evening.", "es": "Buenas tardes.", "fr": "Bonsoir.",
    "fr-fr": "Bonsoir.", "it": "Buona sera.", "pt-br": "Boa noite.", "zh": "晚上好。", "hi": "नमस्ते।",
    "ja": "こんばんは。",
}  # fmt: skip
# Each is a whole process that ends at once; the difference to the line above is what its imports cost.
STARTS = {
    "python": "pass",
    "python, fullcast render --help": "from pipeline.cli.main import run; run(['render', '--help'])",
    "python, engine imports": "import pipeline.engines.kokoro.engine",
    "python, ray": "import pipeline.render.actors",
}


class FirstTake:
    """Notes when the first take appears under a store's folder."""

    def __init__(self, store: Path) -> None:
        self.at_s: float | None = None
        self._folder = store / "takes"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stopped.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            if next(self._folder.glob("??/[0-9a-f]*.flac"), None) is not None:
                self.at_s = time.time()
                return


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="for the count of loads")
    options = parser.parse_args()
    before = machine()
    results: dict[str, Any] = {"starts": starts(options.times)}
    rows = [[name, value["median"]] for name, value in results["starts"].items()]
    print(table(["a process that only starts", "wall s"], rows), flush=True)
    ways = {"ray, 2 workers": ("--workers", "2"), "ray, 1 worker": ("--workers", "1"), "local": ("--local",)}
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(options.times):
        for way, more in ways.items():
            runs[way].append(to_first_take(more))
    results["to first take"] = {way: medians(found) for way, found in runs.items()}
    legs = list(runs["local"][0])
    rows = [[way, *(value[leg]["median"] for leg in legs)] for way, value in results["to first take"].items()]
    print(table(["", *legs], rows), flush=True)
    results["loads"] = [loads(workers) for workers in options.workers]
    rows = [[one[name] for name in ("voices", "workers", "loads", "least")] for one in results["loads"]]
    print(table(["voices", "workers", "loads", "least possible"], rows))
    keep("first_audio", results, before)


def starts(times: int) -> dict[str, Any]:
    """Wall seconds of processes that do nothing but begin."""
    found: dict[str, list[float]] = {name: [] for name in STARTS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            for name, code in STARTS.items():
                run = run_command([sys.executable, "-c", code], Path(folder), Path(folder) / "log.txt")
                found[name].append(run.wall_s)
    return {name: asdict(summary(values)) for name, values in found.items()}


def to_first_take(more: tuple[str, ...]) -> dict[str, float]:
    """Seconds from the start of `fullcast render` of each leg until the first take lies in the store.

    A worker stores a batch when all its lines are spoken: `first batch` is the work on all of them.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = write_book(folder / "bench.md", CAST, sentences(LINES), chapters=1)
        watch = FirstTake(folder / "store")
        run = _render(script, folder, *more)
        watch.stop()
    if watch.at_s is None:
        raise RuntimeError("no take was made")
    first_s = watch.at_s - run.began_s
    started_s = run.events("RunStarted")[0]["seen_s"]
    workers_s = max(event["seen_s"] for event in run.events("WorkerStarted"))
    load_s = run.events("ModelLoaded")[0]["load_s"]
    by_take = run.events("LineRendered")
    first_batch = [event for event in by_take if event["seen_s"] - by_take[0]["seen_s"] < 0.05]
    spoken_s = sum(event["render_s"] for event in first_batch)
    return {
        "first take": first_s,
        "start, read, cast, plan": started_s,
        "workers": workers_s - started_s,
        "load": load_s,
        "first batch": spoken_s,
        "lines in it": float(len(first_batch)),
        "engine import, rest": first_s - workers_s - load_s - spoken_s,
    }


def medians(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Median and range of each leg."""
    return {leg: asdict(summary([run[leg] for run in runs])) for leg in runs[0]}


def loads(workers: int) -> dict[str, Any]:
    """How often the model was loaded for a book in which every voice of it says one line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script, voices = _everyone(folder / "bench.md")
        run = _render(script, folder, "--workers", str(workers))
    loaded = run.events("ModelLoaded")
    serving = {event["worker"] for event in run.events("LineRendered")}
    return {
        "voices": voices,
        "workers": workers,
        "loads": len(loaded),
        "least": len({event["model"] for event in loaded}) * len(serving),
        "load_s": [event["load_s"] for event in loaded],
        "takes": len(run.events("LineRendered")),
        "quarantined": len(run.events("LineQuarantined")),
        "wall_s": round(run.wall_s, 2),
    }


def _render(script: Path, folder: Path, *more: str) -> CommandRun:
    args = [sys.executable, "-m", "pipeline.cli.main", "render", str(script), "--json", "--preset", "none"]
    args += ["--store", str(folder / "store"), "-o", str(folder / "out"), *more]
    return run_command(args, folder, folder / "log.txt", allowed=(0, 1))


def _everyone(path: Path) -> tuple[Path, int]:
    """A script in which every voice of the model speaks once, in its own language."""
    voices = [voice for voice in load_catalogue().voices() if voice.engine == "kokoro"]
    rows = ["---", "fullcast: 1", "book: {title: Everyone, language: en-us}", "cast:"]
    rows += ["  narrator: kokoro/af_heart"]
    for voice in voices:
        rows.append(f"  {_name(voice.id)}: {{voice: {voice.id}, language: {voice.language}}}")
    rows += ["---", "", "# Everyone", ""]
    for voice in voices:
        rows += [f"{_name(voice.id)}: {GREETINGS[voice.language]}", ""]
    write_text(path, "\n".join(rows))
    return path, len(voices)


def _name(voice_id: str) -> str:
    return voice_id.partition("/")[2].replace("_", " ").title()


if __name__ == "__main__":
    main()
