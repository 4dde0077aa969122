"""Renders a book on three local Ray nodes while a seeded gremlin breaks things, until the book is right.

    python scripts/chaos.py                     # 2,000 lines, seeds 1 to 10; writes bench/results/chaos.json
    python scripts/chaos.py --lines 200 --seeds 1 --actions 6 --out /tmp/chaos.json

The gremlin kills workers and nodes, adds nodes, stops processes for seconds, kills and interrupts the
driver, fills the store's disk (a small tmpfs, where one may be mounted) and damages takes at rest. The
command is given again whenever it ended otherwise than with 0. A seed passes if the book's files are those of
an undisturbed run, byte for byte, and every take is there. How often each line was spoken is counted from the
workers' log records. Only processes that this script started are touched. Exit code 1 if a seed failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")

import psutil
from ray.cluster_utils import Cluster

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "scripts" / "bench" / "results" / "chaos.json"
VOICES = ("tone/low", "tone/mid", "tone/high", "tone/alt")
STORE_BYTES = 80 * 1024 * 1024
NODES = 3
# What the disk has room for beyond the ballast that fills it.
DISK_BYTES = 3 * 1024**3
# Dead nodes are noticed sooner than by Ray's default, so that more fits into a run.
QUICK = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 4,
}
ACTIONS = {
    "kill worker": 6,
    "kill node": 2,
    "add node": 2,
    "stop process": 3,
    "kill driver": 2,
    "interrupt driver": 1,
    "damage takes": 2,
    "fill disk": 1,
}
# How often the command may have to be given before the book counts as lost.
MOST_STARTS = 40
RUN_LIMIT_S = 1800.0


def write_book(path: Path, lines: int) -> None:
    """A script of so many lines in ten chapters, four voices of two models."""
    cast = ", ".join(f"V{number}: {voice}" for number, voice in enumerate(VOICES))
    book = "fullcast: 1\nbook: {title: Chaos, language: en-us}"
    head = f"---\n{book}\ncast: {{narrator: tone/mid, {cast}}}\n---\n"
    rng, body = random.Random(0), []
    for number in range(lines):
        if number % max(1, lines // 10) == 0:
            body.append(f"# Chapter {number}")
        words = " ".join(
            rng.choice(("sea", "boat", "wind", "harbor", "slowly", "cold")) for _ in range(rng.randint(3, 20))
        )
        body.append(f"V{rng.randrange(len(VOICES))} (id=n{number}): Line {number}, {words}.")
    path.write_text(head + "\n\n".join(body) + "\n", encoding="utf-8")


@dataclass
class Place:
    """The folders of one book."""

    folder: Path
    script: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    def command(self, *more: str) -> list[str]:
        """The command that renders the book."""
        return [
            sys.executable, "-m", "pipeline.cli.main", "--log-json", str(self.log),
            "render", str(self.script), "--store", str(self.store), "-o", str(self.folder / "out"),
            "--json", *more,
        ]  # fmt: skip

    def book(self) -> dict[str, str]:
        """What must be as in an undisturbed run: chapters and the book's files, by SHA-256."""
        from pipeline.hashing import digest_file

        out = self.folder / "out" / self.script.stem
        files = [path for path in out.rglob("*") if path.suffix in (".flac", ".m4b", ".vtt", ".srt")]
        # What a killed driver had half written begins with a dot.
        kept = sorted(path for path in files if not path.name.startswith("."))
        return {str(path.relative_to(out)): digest_file(path) for path in kept}

    def takes(self) -> list[Path]:
        """The audio files of the takes."""
        return sorted(path for path in self.store.rglob("takes/*/*.flac") if not path.name.startswith("."))


@dataclass
class Seed:
    """What happened under one seed."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    codes: list[int] = field(default_factory=list)
    damaged: int = 0


class Gremlin:
    """Breaks things that belong to one cluster, one driver and one store, in an order that its seed says."""

    def __init__(
        self, seed: Seed, cluster: Cluster, place: Place, rng: random.Random, has_disk: bool
    ) -> None:
        self._seed = seed
        self._cluster = cluster
        self._place = place
        self._rng = rng
        names = [name for name in ACTIONS if has_disk or name != "fill disk"]
        self._names, self._weights = names, [ACTIONS[name] for name in names]

    def act(self, driver: subprocess.Popen[bytes]) -> None:
        """One thing that goes wrong; nothing if it cannot now (no worker is up)."""
        name = self._rng.choices(self._names, self._weights)[0]
        if getattr(self, "_" + name.replace(" ", "_"))(driver):
            self._seed.done[name] += 1

    def nodes(self) -> list[Any]:
        """Nodes for workers; the head has none."""
        return [node for node in self._cluster.list_all_nodes() if node is not self._cluster.head_node]

    def add(self) -> None:
        """One more node, with room for one worker."""
        self._cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)

    def _workers(self) -> list[psutil.Process]:
        found = []
        for node in self.nodes():
            for raylet in node.all_processes.get("raylet", ()):
                try:
                    children = psutil.Process(raylet.process.pid).children()
                    found += [child for child in children if "_SpeakerActor" in " ".join(child.cmdline())]
                except psutil.Error:
                    continue
        return sorted(found, key=lambda process: process.pid)

    def _kill_worker(self, driver: subprocess.Popen[bytes]) -> bool:
        workers = self._workers()
        if workers:
            self._rng.choice(workers).kill()
        return bool(workers)

    def _kill_node(self, driver: subprocess.Popen[bytes]) -> bool:
        nodes = self.nodes()
        if len(nodes) < 2:
            return False
        node = self._rng.choice(nodes)
        self._cluster.remove_node(node, allow_graceful=False)
        return True

    def _add_node(self, driver: subprocess.Popen[bytes]) -> bool:
        if len(self.nodes()) >= NODES:
            return False
        self.add()
        return True

    def _stop_process(self, driver: subprocess.Popen[bytes]) -> bool:
        victims = [*self._workers(), psutil.Process(driver.pid)]
        victim, seconds = self._rng.choice(victims), self._rng.uniform(1.0, 4.0)
        victim.suspend()
        timer = threading.Timer(seconds, _resume, (victim,))
        timer.daemon = True
        timer.start()
        return True

    def _kill_driver(self, driver: subprocess.Popen[bytes]) -> bool:
        driver.kill()
        driver.wait()
        return True

    def _interrupt_driver(self, driver: subprocess.Popen[bytes]) -> bool:
        driver.send_signal(signal.SIGINT)
        return True

    def _damage_takes(self, driver: subprocess.Popen[bytes]) -> bool:
        """Flips a byte, cuts the end off, or takes the metadata away, while no driver runs."""
        self._kill_driver(driver)
        time.sleep(1.0)
        takes = self._place.takes()
        chosen = self._rng.sample(takes, min(len(takes), 5))
        for path in chosen:
            data = bytearray(path.read_bytes())
            how = self._rng.randrange(3)
            if how == 0 and data:
                data[self._rng.randrange(len(data))] ^= 0x55
                path.write_bytes(data)
            elif how == 1:
                path.write_bytes(data[: len(data) // 2])
            else:
                path.with_suffix(".json").unlink(missing_ok=True)
        self._seed.damaged += len(chosen)
        return bool(chosen)

    def _fill_disk(self, driver: subprocess.Popen[bytes]) -> bool:
        """Leaves no byte free until the driver has ended, or for ten seconds."""
        ballast = self._place.store / "ballast"
        try:
            with ballast.open("wb") as file:
                while True:
                    file.write(b"\0" * 2**16)
        except OSError:
            pass
        deadline = time.monotonic() + 10.0
        while driver.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        ballast.unlink(missing_ok=True)
        return True


def _resume(process: psutil.Process) -> None:
    try:
        process.resume()
    except psutil.Error:
        return


def run_seed(
    number: int, place: Place, truth: dict[str, str], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Renders the book under one seed; what became of it."""
    seed, rng, began = Seed(number), random.Random(number), time.monotonic()
    has_disk = mount(place.store)
    head = {
        "num_cpus": 0,
        "include_dashboard": False,
        "object_store_memory": STORE_BYTES,
        "_system_config": QUICK,
    }
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        gremlin = Gremlin(seed, cluster, place, rng, has_disk)
        for _ in range(NODES):
            gremlin.add()
        render_through(seed, cluster, place, gremlin, rng, arguments.actions)
        spoken = count_spoken(place.log)
        facts = {
            "seed": number, "right": place.book() == truth, "actions": dict(sorted(seed.done.items())),
            "starts": len(seed.codes), "codes": seed.codes, "takes": len(place.takes()),
            "takes_damaged": seed.damaged, "lines_begun": sum(spoken["begun"].values()),
            "takes_written": sum(spoken["kept"].values()),
            "takes_begun_twice": sum(count - 1 for count in spoken["begun"].values()),
            "takes_written_twice": sum(count - 1 for count in spoken["kept"].values()),
            "wall_s": round(time.monotonic() - began, 1),
        }  # fmt: skip
    finally:
        cluster.shutdown()
        if has_disk:
            subprocess.run(["umount", "-l", str(place.store)], check=False)
    return facts


def render_through(
    seed: Seed, cluster: Cluster, place: Place, gremlin: Gremlin, rng: random.Random, actions: int
) -> None:
    """Gives the command until it ends with 0, while the gremlin does what it does."""
    deadline = time.monotonic() + RUN_LIMIT_S
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    while len(seed.codes) < MOST_STARTS and time.monotonic() < deadline:
        if not gremlin.nodes():
            gremlin.add()
        errors = (place.folder / f"errors-{len(seed.codes)}.txt").open("wb")
        command = place.command("--address", cluster.address, "--workers", str(NODES))
        driver = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, cwd=ROOT, env=environment
        )
        try:
            while driver.poll() is None and time.monotonic() < deadline:
                _pause(driver, rng.uniform(1.0, 5.0))
                if driver.poll() is None and sum(seed.done.values()) < actions:
                    gremlin.act(driver)
        finally:
            driver.kill()  # out of time, or this script was interrupted
        seed.codes.append(driver.wait())
        if seed.codes[-1] == 0:
            return


def _pause(driver: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def mount(folder: Path) -> bool:
    """Whether a small disk could be mounted at the folder, which is made in any case."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={DISK_BYTES}"
    return not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False
    ).returncode


def count_spoken(log: Path) -> dict[str, Counter[str]]:
    """How often workers began with each line, and wrote its take, from their log records."""
    counts: dict[str, Counter[str]] = {"begun": Counter(), "kept": Counter()}
    for text in log.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(text)
        except ValueError:
            continue  # a process was killed in the middle of it
        if record.get("message", "").startswith("begins with"):
            counts["begun"].update(record["lines"])
        elif record.get("message", "").startswith("kept"):
            counts["kept"][record["line"]] += 1
    return counts


def undisturbed(folder: Path, script: Path) -> tuple[dict[str, str], int]:
    """The book's files as one process makes them in peace, and how many takes that were."""
    place = Place(folder, script)
    folder.mkdir(parents=True)
    command = place.command("--local")
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return place.book(), len(place.takes())


def summary(runs: list[dict[str, Any]], lines: int, takes: int) -> dict[str, Any]:
    """All seeds added up."""
    tried: Counter[str] = Counter()
    survived: Counter[str] = Counter()
    for run in runs:
        tried.update(run["actions"])
        survived.update(run["actions"] if run["right"] else {})
    return {
        "lines": lines, "takes": takes, "nodes": NODES, "seeds": len(runs),
        "seeds_right": sum(run["right"] for run in runs),
        "faults_tried": dict(sorted(tried.items())), "faults_tried_sum": sum(tried.values()),
        "faults_survived_sum": sum(survived.values()),
        "takes_lost": sum(takes - min(takes, run["takes"]) for run in runs),
        "takes_damaged": sum(run["takes_damaged"] for run in runs),
        "takes_begun_twice": sum(run["takes_begun_twice"] for run in runs),
        "takes_written_twice": sum(run["takes_written_twice"] for run in runs),
        "starts": sum(run["starts"] for run in runs), "runs": runs,
    }  # fmt: skip


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=10, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--actions", type=int, default=25, help="faults in each run, at most")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if left out")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Runs all seeds; 0 if each ended with the right book."""
    asked = parse(arguments)
    sys.path.insert(0, str(ROOT))
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=asked.folder))
    script = folder / "book.md"
    write_book(script, asked.lines)
    truth, takes = undisturbed(folder / "truth", script)
    runs: list[dict[str, Any]] = []
    for number in range(asked.first, asked.first + asked.seeds):
        runs.append(run_seed(number, Place(folder / f"seed-{number}", script), truth, asked))
        print(json.dumps(runs[-1]), flush=True)
        asked.out.write_text(json.dumps(summary(runs, asked.lines, takes), indent=1) + "\n", encoding="utf-8")
    return 0 if all(run["right"] for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
