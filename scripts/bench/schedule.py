"""The scheduler simulated: makespan over its lower bound, loads and decision time, 1 to 1,000 workers.

The pure scheduler of a run (`pipeline/render/schedule.py`), with seconds added up instead of spent. The grid takes
casts, workers and what goes wrong each with each; loads are below 5 % of the work. `--large` adds a million lines.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from measure import keep, machine, spent, table
from schedule_picture import picture
from simulated_fleet import Fleet, FleetSimulation, Truth

from pipeline.render.schedule import Job

WORKERS = (1, 2, 4, 16, 64, 250, 1000)
LINES_EACH = (40, 200)
CASTS = ("one model", "8 models", "skewed 40")
TROUBLES = ("none", "slow", "lost", "wrong", "all")
# Of the work; the goal is for less than 5 %.
LOAD_SHARE = 0.03
GOAL_MEAN, GOAL_WORST = 1.05, 1.15
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "schedule.svg"


@dataclass(frozen=True)
class Case:
    """One point of the grid."""

    cast: str
    workers: int
    lines: int
    trouble: str
    seed: int = 0


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="a million lines as well (minutes)")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--unlearned", action="store_true", help="believe the plan, for comparison")
    parser.add_argument("--no-keep", action="store_true", help="print only")
    options = parser.parse_args()
    before = machine()
    rows = [measured(case, not options.unlearned) for case in grid(options.workers)]
    if options.large:
        for workers in (1, 16, 250, 1000):
            rows.append(measured(Case("skewed 40", workers, 1_000_000, "all"), not options.unlearned))
            print(rows[-1], flush=True)
    facts = {"goal": {"mean": GOAL_MEAN, "worst": GOAL_WORST}, **judged(rows), "runs": rows}
    show(facts)
    if not options.no_keep:
        keep("schedule", facts, before)
        picture(PICTURE, rows)


def grid(workers: Sequence[int]) -> Iterator[Case]:
    """Each with each; with one worker nobody is slower than the others, and all would be lost with it."""
    for number in workers:
        for lines_each in LINES_EACH:
            for cast in CASTS:
                for trouble in TROUBLES:
                    if number > 1 or trouble in ("none", "wrong"):
                        yield Case(cast, number, max(lines_each * number, 400), trouble)


def measured(case: Case, learns: bool = True) -> dict[str, Any]:
    """A case and what came of it."""
    with spent() as cost:
        run = simulated(case, learns, timed=True)
    dispatched = max(1, run.decisions)
    return asdict(case) | {
        "ratio": round(run.ratio, 4),
        "makespan_s": round(run.makespan_s, 1),
        "bound_s": round(run.bound_s, 1),
        "loads": run.loads,
        "fewest_loads": len(run.loads_of),
        "loads_a_worker": round(run.loads / case.workers, 2),
        "dispatches": run.decisions,
        "refusals": run.refusals,
        "decision_us": round(run.decide_s / dispatched * 1e6, 1),
        "simulation_s": round(cost.wall_s, 2),
    }


def simulated(case: Case, learns: bool = True, timed: bool = False) -> Fleet:
    """The case's run, each line done once."""
    jobs = cast_of(case)
    work_s = sum(job.work_s for job in jobs)
    models = sorted({job.model for job in jobs})
    load_s = LOAD_SHARE * work_s / max(len(models), case.workers)
    truth = truth_of(case, models, work_s / case.workers)
    run = FleetSimulation(
        jobs, case.workers, dict.fromkeys(models, load_s), truth, learns=learns, timed=timed
    )
    result = run.go()
    if len(result.done) != len(jobs):
        raise RuntimeError(f"{len(jobs) - len(result.done)} lines were not done: {case}")
    return result


def cast_of(case: Case) -> list[Job]:
    """Lines of 1 to 8 s of work: all of one model, of eight with as much each, or a narrator with half of it."""
    rng = random.Random(case.seed)
    weights = {
        "one model": [1.0],
        "8 models": [1.0] * 8,
        "skewed 40": [39.0, *(1 / (number + 1) for number in range(39))],
    }[case.cast]
    if case.cast == "skewed 40":
        weights[0] = sum(weights[1:])
    chosen = rng.choices(range(len(weights)), weights, k=case.lines)
    return [
        Job(f"{number:07}", f"model {model:02}", f"voice {number % 5}", rng.uniform(1, 8))
        for number, model in enumerate(chosen)
    ]


def truth_of(case: Case, models: Sequence[str], each_s: float) -> Truth:
    """What the plan does not know: a tenth of the workers three times slower, a tenth lost, speeds wrong by up to 2."""
    rng = random.Random(case.seed + 1)
    some = [number for number in range(case.workers) if number % 10 == 1]
    slow = case.trouble in ("slow", "all")
    lost = case.trouble in ("lost", "all")
    wrong = case.trouble in ("wrong", "all")
    others = [number for number in range(case.workers) if number % 10 == 0]
    return Truth(
        model_pace={model: 2 ** rng.uniform(-1, 1) for model in models} if wrong else {},
        worker_pace=dict.fromkeys(some, 3.0) if slow else {},
        noise=0.3 if wrong else 0.0,
        deaths={n: (rng.uniform(0.1, 0.9) * each_s, rng.random() < 0.5) for n in others} if lost else {},
        seed=case.seed,
    )


def judged(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and worst of the grid, by what went wrong and by the number of workers."""
    ratios = [row["ratio"] for row in rows]
    by_trouble = {name: [row["ratio"] for row in rows if row["trouble"] == name] for name in TROUBLES}
    worst = max(rows, key=lambda row: row["ratio"])
    return {
        "cases": len(rows),
        "mean": round(statistics.mean(ratios), 4),
        "worst": worst["ratio"],
        "worst_case": worst,
        "by_trouble": {
            name: {"mean": round(statistics.mean(found), 4), "worst": max(found)}
            for name, found in by_trouble.items()
            if found
        },
    }


def show(facts: dict[str, Any]) -> None:
    """Prints the sums and the worst."""
    rows = [[name, one["mean"], one["worst"]] for name, one in facts["by_trouble"].items()]
    print(table(["trouble", "mean", "worst"], [*rows, ["all cases", facts["mean"], facts["worst"]]]))
    names = (
        "cast",
        "workers",
        "lines",
        "trouble",
        "ratio",
        "loads",
        "loads_a_worker",
        "dispatches",
        "refusals",
        "decision_us",
    )
    ten = sorted(facts["runs"], key=lambda row: -row["ratio"])[:12]
    print(table(names, [[row[name] for name in names] for row in ten]))
    slowest = sorted(facts["runs"], key=lambda row: -row["decision_us"])[:5]
    print(table(names, [[row[name] for name in names] for row in slowest]))


if __name__ == "__main__":
    main()
