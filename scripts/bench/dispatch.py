"""What handing out lines costs the driver, and how a run grows with its workers, on real Ray.

`overhead`: workers that answer at once and write nothing, so that all CPU time is that of handing out; beside it one
Ray task for each line, the simplest program that could do the work. Each runs in a process of its own.

`scaling`: the tone engine with a sleep for each second of its sound in place of a GPU, on 1 to 64 workers: all else
is real (store, FLAC, events). Ideal is the sleep of all lines over the workers.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from measure import keep, machine, spent, table
from overhead import made_ready

from pipeline.render import actors
from pipeline.render.actors import ClusterRequest, RayPool
from pipeline.render.job import BatchResult, LineJob, TakeMade, WorkerSetup
from pipeline.render.machine import resident_memory_bytes
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule

LINE_WORK_S = 0.3
SLEEP_PER_AUDIO_S = 2.0
LINES_EACH = 30


class NoopActor:
    """A worker that says at once that all is done."""

    def __init__(self, *of_a_speaker: Any) -> None:
        pass

    def ready(self) -> int:
        """The process's ID."""
        return os.getpid()

    def place(self) -> str:
        """No node."""
        return ""

    def speak(self, jobs: Sequence[LineJob], upcoming: Sequence[str]) -> BatchResult:
        """All takes, made of nothing."""
        made = tuple(TakeMade(job.key, job.line_id, 1.0, 0.001, ()) for job in jobs)
        return BatchResult(made=made, cached=tuple({job.model for job in jobs}))


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("overhead", "scaling"), nargs="+", default=["overhead", "scaling"])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 16, 64])
    parser.add_argument("--lines-each", type=int, default=LINES_EACH, help="lines a worker, for scaling")
    parser.add_argument("--one", choices=("ours", "tasks", "scaled"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            if options.one == "scaled":
                print(json.dumps(scaled(options.workers[0], options.lines_each, Path(folder))))
            else:
                print(json.dumps((ours if options.one == "ours" else tasks)(options.lines, Path(folder))))
        return
    before = machine()
    results: dict[str, Any] = {}
    if "overhead" in options.part:
        results["overhead"] = {name: apart(name, options.lines, 2) for name in ("ours", "tasks")}
        names = list(results["overhead"]["ours"])
        print(
            table(["", *names], [[name, *row.values()] for name, row in results["overhead"].items()]),
            flush=True,
        )
    if "scaling" in options.part:
        results["scaling"] = []
        for workers in options.workers:
            results["scaling"].append(apart("scaled", options.lines_each, workers))
            print(json.dumps(results["scaling"][-1]), flush=True)
    keep("dispatch" if len(options.part) == 2 else f"dispatch_{options.part[0]}", results, before)


def apart(name: str, lines: int, workers: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    many = "--lines-each" if name == "scaled" else "--lines"
    command = [sys.executable, __file__, "--one", name, many, str(lines), "--workers", str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    value: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return value


def many(count: int, folder: Path) -> tuple[list[LineJob], WorkerSetup]:
    """So many jobs, each with utterances, parts and directions of its own as a plan makes them."""
    ready = made_ready("tone", ["Only its form is taken."], 1, folder)
    (first,) = ready.jobs
    return [
        replace(
            first,
            job=replace(first.job, key=f"{n:064x}", work_s=LINE_WORK_S),
            line_id=f"line-{n}",
            text=f"This is line number {n}, and it is as long as lines are on the whole.",
            parts=dict(first.parts),
            asked=dict(first.asked),
        )
        for n in range(count)
    ], ready.setup


def ours(count: int, folder: Path) -> dict[str, Any]:
    """`Run` over workers that answer at once."""
    actors._SpeakerActor = NoopActor  # type: ignore[misc, assignment]
    jobs, setup = many(count, folder)
    pool = RayPool(setup, ClusterRequest(None, 2, 1.0, 0.0, 1))
    try:
        held = resident_memory_bytes()
        with spent() as cost:
            schedule = Schedule([job.job for job in jobs])
            outcome = Run(jobs, pool, schedule, lambda event: None).go(lambda key: False)
        done = len(outcome.made)
    finally:
        pool.close()
    return costs(cost, count, done, held)


def tasks(count: int, folder: Path) -> dict[str, Any]:
    """One Ray task a line, all handed in at once, answers taken as they come."""
    import ray

    jobs, _ = many(count, folder)
    actors.connect(ClusterRequest(None, 2, 1.0, 0.0, 1))

    @ray.remote(num_cpus=1)
    def speak(job: LineJob) -> TakeMade:
        return TakeMade(job.key, job.line_id, 1.0, 0.001, ())

    ray.get(speak.remote(jobs[0]))
    held, done = resident_memory_bytes(), 0
    with spent() as cost:
        waiting = [speak.remote(job) for job in jobs]
        while waiting:
            ready, waiting = ray.wait(waiting, num_returns=min(1000, len(waiting)))
            done += len({take.key for take in ray.get(ready)})
    ray.shutdown()
    return costs(cost, count, done, held)


def costs(cost: Any, count: int, done: int, held_bytes: int) -> dict[str, Any]:
    """What the driver took, in all its threads."""
    if done != count:
        raise RuntimeError(f"{done} of {count} lines came back")
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "lines": count,
        "cpu_us_a_line": round(cost.cpu_s / count * 1e6, 1),
        "wall_s": round(cost.wall_s, 1),
        "grown_mb": round((peak_bytes - held_bytes) / 1e6, 1),
        "peak_mb": round(peak_bytes / 1e6, 1),
    }


def scaled(workers: int, lines_each: int, folder: Path) -> dict[str, Any]:
    """A run of the sleeping tone engine; as many lines for each worker whatever their number."""
    texts = [f"Line {n:05}, rather short." for n in range(lines_each * workers)]
    ready = made_ready("tone", texts, 1, folder)
    requests = {
        model: replace(request, parameters={**request.parameters, "sleep_per_audio_s": SLEEP_PER_AUDIO_S})
        for model, request in ready.setup.models.items()
    }
    setup = replace(ready.setup, models=requests)
    # The plan thinks that the engine is quick; the bench's jobs say how slow it is made.
    jobs = [replace(job, job=replace(job.job, work_s=1.9 * SLEEP_PER_AUDIO_S)) for job in ready.jobs]
    with spent() as starting:
        pool = RayPool(setup, ClusterRequest(None, workers, min(1.0, 2 / workers), 0.0, 1))
        end_s = time.monotonic() + 600
        while len(pool.workers()) < workers and time.monotonic() < end_s:
            pool.wait()
    up = len(pool.workers())
    loads: list[float] = []
    stopped = threading.Event()
    threading.Thread(target=_watch, args=(loads, stopped), daemon=True).start()
    try:
        with spent() as cost:
            schedule = Schedule([job.job for job in jobs])
            outcome = Run(jobs, pool, schedule, lambda event: None).go(lambda key: False)
    finally:
        stopped.set()
        pool.close()
    ideal_s = outcome.audio_s * SLEEP_PER_AUDIO_S / up
    return {
        "workers": up,
        "lines": len(outcome.made),
        "audio_s": round(outcome.audio_s, 1),
        "ideal_s": round(ideal_s, 2),
        "wall_s": round(cost.wall_s, 2),
        "of_ideal": round(ideal_s / cost.wall_s, 4),
        "driver_cpu_s": round(cost.cpu_s, 2),
        "starting_s": round(starting.wall_s, 1),
        "machine_busy": round(sum(loads) / max(1, len(loads)), 1),
    }


def _watch(loads: list[float], stopped: threading.Event) -> None:
    """Percent of all cores that are busy, whoever it is."""
    psutil.cpu_percent()
    while not stopped.wait(1.0):
        loads.append(psutil.cpu_percent())


if __name__ == "__main__":
    main()
