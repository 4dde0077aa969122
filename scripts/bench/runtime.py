"""Models at run time: loads against the fewest possible, waiting with and without loading ahead, memory at first.

Simulated (`simulated.py`): the real schedule and cache policy with seconds added up. For real: the tone
engine with declared loads on Ray, and copies of Kokoro under names of their own in one worker.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from books import sentences
from measure import keep, machine, megabytes, spent, table
from overhead import made_ready
from simulated import Simulated, Simulation, fewest_loads

from pipeline.events import Event
from pipeline.hashing import digest
from pipeline.render.actors import ClusterRequest, RayPool
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.machine import resident_memory_bytes
from pipeline.render.run import Run
from pipeline.render.schedule import Job, Schedule
from pipeline.render.tally import Summary
from pipeline.render.worker import Worker

SEEDS = range(5)
NOVEL_S = 40_000.0
GOAL = 1.1
# A budget that declared working memory does not reach: what is measured is what is there.
ROOMY_BYTES = 10**12
TONE_MODELS, TONE_LINES, TONE_LOAD_S = 12, 24, 1.0
CAST_MODELS = 12


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("simulated", "waiting", "memory"), nargs="+")
    parser.add_argument("--initial", choices=("demand", "preload"), help=argparse.SUPPRESS)
    parser.add_argument(
        "--engine", choices=("kokoro", "tone"), default="kokoro", help="whose copies are cast"
    )
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.initial:
        print(json.dumps(initial_memory(options.engine, options.initial == "preload")))
        return
    before = machine()
    parts = options.part or ("simulated", "waiting", "memory")
    results: dict[str, Any] = {}
    if "simulated" in parts:
        results["loads"] = [one_model_of_many_voices(), *skewed_novels()]
        show_loads(results["loads"])
    if "waiting" in parts:
        results["waiting"] = {name: waiting(name == "ahead") for name in ("on demand", "ahead")}
        show_waiting(results["waiting"])
    if "memory" in parts:
        results["initial_memory"] = {
            name: _measured_apart(options.engine, name) for name in ("demand", "preload")
        }
        show_memory(results["initial_memory"])
    keep("runtime", results, before)


def one_model_of_many_voices() -> dict[str, Any]:
    """One model with 54 voices on 1, 2 and 4 workers."""
    rng = random.Random(1)
    jobs = [Job(str(n), "kokoro", f"voice {n % 54}", rng.uniform(1, 8)) for n in range(5_000)]
    by_workers = {}
    for workers in (1, 2, 4):
        run = Simulation(jobs, workers, {"kokoro": 1}, {"kokoro": 3.0}, 1).go()
        by_workers[str(workers)] = _loads(jobs, workers, run)
    return {"what": "1 model, 54 voices", "runs": by_workers}


def skewed_novels() -> list[dict[str, Any]]:
    """40 models on 4 workers with room for 3 each, five novels for each load time."""
    found = []
    for load_s in (5.0, 20.0, 60.0):
        runs = {}
        for seed in SEEDS:
            jobs = novel(seed)
            models = {job.model for job in jobs}
            sizes, loads = dict.fromkeys(models, 1), dict.fromkeys(models, load_s)
            run = Simulation(jobs, 4, sizes, loads, 3).go()
            waited = Simulation(jobs, 4, sizes, loads, 3, ahead=False).go()
            runs[str(seed)] = _loads(jobs, 4, run) | {
                "stall_share_on_demand": round(waited.stall_share, 4),
                "makespan_on_demand_s": round(waited.makespan_s, 1),
            }
        found.append({"what": f"40 models, 4 workers, room for 3, loads of {load_s:.0f} s", "runs": runs})
    return found


def novel(seed: int, models: int = 40) -> list[Job]:
    """Lines of 1 to 8 s of work: a narrator with 30 to 60 %, the rest as unequal as roles in a novel are."""
    rng = random.Random(seed)
    roles = [rng.lognormvariate(0, 1.5) for _ in range(models - 1)]
    narrator = rng.uniform(0.3, 0.6)
    weights = [narrator * sum(roles) / (1 - narrator), *roles]
    jobs: list[Job] = []
    for number, weight in enumerate(weights):
        left_s = max(30.0, NOVEL_S * weight / sum(weights))
        while left_s > 0:
            jobs.append(Job(f"{number}-{len(jobs)}", f"model {number:02}", "voice", rng.uniform(1, 8)))
            left_s -= jobs[-1].work_s
    return jobs


def _loads(jobs: Sequence[Job], workers: int, run: Simulated) -> dict[str, Any]:
    models, fewest = len({job.model for job in jobs}), fewest_loads(jobs, workers, run.makespan_s)
    work_s = sum(job.work_s for job in jobs)
    return {
        "loads": run.loads,
        "models": models,
        "fewest_loads": fewest,
        "ratio": round(run.loads / fewest, 3),
        "loads_ahead": run.loads_ahead,
        "stall_share": round(run.stall_share, 4),
        "makespan_s": round(run.makespan_s, 1),
        "makespan_over_work": round(run.makespan_s / (work_s / workers), 4),
    }


def waiting(ahead: bool) -> dict[str, Any]:
    """A cast of tone models whose loads take a second, on two Ray workers with room for three each."""
    with tempfile.TemporaryDirectory() as folder:
        ready = made_ready("tone", ["Only its voice is taken."], 1, Path(folder))
        parameters = {"memory_bytes": 1_000_000, "load_s": TONE_LOAD_S}
        setup = copies(ready.setup, TONE_MODELS, parameters, 3_000_000)
        # A model that promises no size is not loaded ahead.
        setup = replace(setup, sizes=dict.fromkeys(setup.models, 1_000_000 if ahead else 0))
        texts = [f"tone-slow line number {number}." for number in range(TONE_LINES)]
        jobs = [line for model in setup.models for line in spoken_by(ready.jobs[0], model, texts, 0.25)]
        with RayPoolOf(setup, workers=2) as pool, spent() as cost:
            events: list[Event] = []
            loads = dict.fromkeys(setup.models, TONE_LOAD_S)
            run = Run(jobs, pool, Schedule([job.job for job in jobs], loads), events.append)
            summary: Summary = run.go(lambda key: False).tally.summary()
    facts = asdict(summary)
    del facts["models"]
    return facts | {"wall_s": round(cost.wall_s, 2), "lines": len(jobs)}


class RayPoolOf:
    """A Ray pool that is closed at the end of its block."""

    def __init__(self, setup: WorkerSetup, workers: int) -> None:
        self._pool = RayPool(setup, ClusterRequest(None, workers, 1.0, 0.0, 1))

    def __enter__(self) -> RayPool:
        return self._pool

    def __exit__(self, *reason: object) -> None:
        self._pool.close()


def initial_memory(engine: str, preload: bool) -> dict[str, Any]:
    """This process's memory when the first line of a cast of 12 models is spoken, and what it took until then."""
    with tempfile.TemporaryDirectory() as folder:
        ready = made_ready(engine, sentences(1), 1, Path(folder))
        setup = copies(ready.setup, CAST_MODELS, {}, ROOMY_BYTES)
        (job,) = spoken_by(ready.jobs[0], next(iter(setup.models)), [ready.jobs[0].text], 1.0)
        with spent() as importing:
            worker = Worker(0, setup)
        before = resident_memory_bytes()
        with spent() as loading:
            warmed = worker.speak((), tuple(setup.models)) if preload else None
            first = worker.speak([job])
        made = len(first.made)
    held = [event for result in (warmed, first) if result for event in result.events]
    loads = [event.as_json() for event in held if type(event).__name__ == "ModelLoaded"]
    return {
        "models_loaded": len(loads),
        "declared_bytes": sum(load["bytes"] for load in loads),
        "resident_before_bytes": before,
        "resident_bytes": resident_memory_bytes(),
        "until_first_take_s": round(loading.wall_s, 2),
        "cpu_s": round(loading.cpu_s + importing.cpu_s, 2),
        "takes": made,
    }


def copies(setup: WorkerSetup, count: int, parameters: dict[str, Any], memory_bytes: int) -> WorkerSetup:
    """A setup with that many models that are the first one under names of their own."""
    (model, request), *_ = setup.models.items()
    names = [f"{model}-copy-{number:02}" for number in range(count)]
    return replace(
        setup,
        memory_bytes=memory_bytes,
        models={
            name: replace(request, model=name, parameters={**request.parameters, **parameters})
            for name in names
        },
        engines=dict.fromkeys(names, setup.engines[model]),
        sizes=dict.fromkeys(names, setup.sizes[model]),
        digests=dict.fromkeys(names, setup.digests[model]),
    )


def spoken_by(job: LineJob, model: str, texts: Sequence[str], work_s: float) -> list[LineJob]:
    """Jobs like `job` with other texts, spoken by `model`; their keys are names only."""
    return [
        replace(
            job,
            job=Job(digest([model, text]), model, job.job.voice, work_s),
            line_id=f"{model}-{number}",
            text=text,
            spoken=text,
            utterances=(replace(job.utterances[0], text=text),),
        )
        for number, text in enumerate(texts)
    ]


def _measured_apart(engine: str, initial: str) -> dict[str, Any]:
    """`initial_memory` in a process of its own."""
    args = [sys.executable, __file__, "--initial", initial, "--engine", engine]
    done = subprocess.run(args, capture_output=True, text=True, timeout=1_200, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def show_loads(found: Sequence[dict[str, Any]]) -> None:
    """Prints loads against the fewest possible, and whether the goal is met."""
    rows = [
        [
            one["what"], name, run["loads"], run["models"], run["fewest_loads"], run["ratio"],
            f"{run['stall_share']:.2%}", f"{run.get('stall_share_on_demand', 0):.2%}",
            run["makespan_over_work"],
        ]
        for one in found
        for name, run in one["runs"].items()
    ]  # fmt: skip
    head = ["what", "run", "loads", "models", "fewest", "ratio", "waiting", "on demand", "makespan/work"]
    print(table(head, rows))
    worst = max(run["ratio"] for one in found for run in one["runs"].values())
    print(f"\nworst ratio {worst} (goal {GOAL}): {'met' if worst <= GOAL else 'MISSED'}\n")


def show_waiting(found: dict[str, Any]) -> None:
    """Prints what the tone engine on Ray waited."""
    names = (
        "loads", "loads_needed", "loads_ahead", "overlaps", "overlap_s", "stalls", "stall_s", "stall_share",
        "wall_s",
    )  # fmt: skip
    print(
        table(["tone on Ray", *names], [[name, *(run[key] for key in names)] for name, run in found.items()])
    )
    print()


def show_memory(found: dict[str, Any]) -> None:
    """Prints the memory at the first take."""
    rows = [
        [
            name, run["models_loaded"], megabytes(run["resident_before_bytes"]),
            megabytes(run["resident_bytes"]), megabytes(run["declared_bytes"]), run["until_first_take_s"],
        ]
        for name, run in found.items()
    ]  # fmt: skip
    print(table(["12 models", "loaded", "before", "at first take", "declared", "s to first take"], rows))
    demand, preload = (
        found[name]["resident_bytes"] - found[name]["resident_before_bytes"] for name in ("demand", "preload")
    )
    print(f"\non demand over preloading all: {demand / preload:.2f}\n")


if __name__ == "__main__":
    main()
