"""Models at run time: loads against the fewest possible, waiting, memory over time, switches, cold loads.

Simulated (`simulated.py`): the real schedule and cache policy with seconds added up. For real: the tone
engine with declared loads on Ray (`waiting`), copies of Kokoro in one worker (`memory`, runtime_memory.py),
voices of a loaded model (`switch`, runtime_switch.py), weights read anew (`weights`, runtime_weights.py).
Parts that are not run keep their last results.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import runtime_memory
import runtime_switch
import runtime_weights
from measure import RESULTS, keep, machine, spent, table
from overhead import made_ready
from runtime_memory import copies, spoken_by
from simulated import Simulated, Simulation, fewest_loads

from pipeline.cast.share import chosen_model
from pipeline.events import Event
from pipeline.registry.weights import WeightStore
from pipeline.render.actors import ClusterRequest, RayPool
from pipeline.render.job import WorkerSetup
from pipeline.render.run import Run
from pipeline.render.schedule import Job, Schedule
from pipeline.render.tally import Summary

SEEDS = range(5)
NOVEL_S = 40_000.0
GOAL = 1.1
TONE_MODELS, TONE_LINES, TONE_LOAD_S = 12, 24, 1.0
CANARY = {"kokoro@1.0": 90, "kokoro@next": 10}
PARTS = ("simulated", "waiting", "memory", "switch", "weights")


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, nargs="+")
    parser.add_argument("--child", choices=runtime_memory.RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--budget", type=int, default=runtime_memory.ROOMY_BYTES, help=argparse.SUPPRESS)
    parser.add_argument(
        "--engine", choices=("kokoro", "tone"), default="kokoro", help="whose copies are cast"
    )
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.child:
        print(json.dumps(runtime_memory.run(options.engine, options.child, options.budget)))
        return
    for part in options.part or PARTS:
        before = machine()
        found = measured(part, options.engine)
        keep("runtime", _kept_results() | {part: found | {"measured": before}}, before)


def measured(part: str, engine: str) -> dict[str, Any]:
    """Measures and prints one part."""
    parts: dict[str, tuple[Callable[[], dict[str, Any]], Callable[[dict[str, Any]], None]]] = {
        "simulated": (simulated, show_loads),
        "waiting": (
            lambda: {name: waiting(name == "ahead") for name in ("on demand", "ahead")},
            show_waiting,
        ),
        "memory": (lambda: runtime_memory.measured(engine), runtime_memory.show),
        "switch": (runtime_switch.measured, runtime_switch.show),
        "weights": (lambda: runtime_weights.measured(_converted_kokoro()), runtime_weights.show),
    }
    measure, show = parts[part]
    found = measure()
    show(found)
    return found


def _kept_results() -> dict[str, Any]:
    """What earlier runs measured, by part."""
    path = RESULTS / "runtime.json"
    kept: dict[str, Any] = json.loads(path.read_bytes())["results"] if path.exists() else {}
    return {part: found for part, found in kept.items() if part in PARTS}


def _converted_kokoro() -> Path:
    """Kokoro's weights as safetensors, as they were converted at the last load."""
    folder = WeightStore().cache / "converted"
    found = sorted(folder.glob("kokoro-*.safetensors"))
    if not found:
        raise SystemExit(f"no converted Kokoro in {folder}: run the part 'switch' first")
    return found[0]


def simulated() -> dict[str, Any]:
    """Loads against the fewest possible in three kinds of casts."""
    return {"casts": [one_model_of_many_voices(), *skewed_novels(), *canaries()]}


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


def canaries() -> list[dict[str, Any]]:
    """Two versions of one model, nine lines in ten by the first, with room for both and for one."""
    rng = random.Random(2)
    jobs = [
        Job(str(n), chosen_model(f"line-{n}", CANARY), f"voice {n % 54}", rng.uniform(1, 8))
        for n in range(5_000)
    ]
    found = []
    for room in (2, 1):
        runs = {}
        for workers in (1, 2, 4):
            run = Simulation(jobs, workers, dict.fromkeys(CANARY, 1), dict.fromkeys(CANARY, 3.0), room).go()
            runs[str(workers)] = _loads(jobs, workers, run)
        found.append({"what": f"2 versions 90:10, 54 voices, room for {room}", "runs": runs})
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


def show_loads(measured_casts: dict[str, Any]) -> None:
    """Prints loads against the fewest possible, and whether the goal is met."""
    found: Sequence[dict[str, Any]] = measured_casts["casts"]
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


if __name__ == "__main__":
    main()
