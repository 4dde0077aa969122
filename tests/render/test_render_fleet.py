"""The scheduler on a simulated cluster: what plans do not know, and how near it comes to the best."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.render.schedule import Job, Schedule

BENCH = Path(__file__).parents[2] / "scripts" / "bench"


@pytest.fixture(scope="module")
def bench():
    """The bench's own grid and simulation."""
    sys.path.insert(0, str(BENCH))
    try:
        spec = importlib.util.spec_from_file_location("bench_schedule", BENCH / "schedule.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCH))
    return module


def test_over_a_small_grid_the_makespan_is_near_its_lower_bound_and_loads_are_few(bench):
    rows = [bench.measured(case) for case in bench.grid((1, 4, 16, 64)) if case.lines <= 3_000]
    judged = bench.judged(rows)
    assert judged["cases"] >= 40
    assert judged["mean"] <= bench.GOAL_MEAN, judged
    assert judged["worst"] <= bench.GOAL_WORST, judged
    planned = [row for row in rows if row["trouble"] == "none"]
    assert all(row["loads"] <= row["fewest_loads"] + 2.5 * row["workers"] for row in planned), planned


def test_what_is_learnt_of_slow_workers_brings_the_end_forward(bench):
    case = bench.Case("8 models", 64, 2_560, "slow")
    learned, unlearned = bench.simulated(case), bench.simulated(case, learns=False)
    assert learned.ratio < unlearned.ratio - 0.03


def test_no_decision_of_a_thousand_workers_looks_at_all_of_them(bench):
    """Counted, not timed: the schedule asks for a model's or a worker's pace a few times for each batch."""
    asked = 0
    jobs = bench.cast_of(bench.Case("one model", 1_000, 20_000, "none"))

    class Counting(bench.FleetSimulation):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            pace = self._estimator.pace

            def counted(model):
                nonlocal asked
                asked += 1
                return pace(model)

            self._estimator.pace = counted

    run = Counting(jobs, 1_000, {"model 00": 2.0}).go()
    assert asked <= 12 * (run.decisions + run.refusals)


@given(st.integers(1, 12), st.integers(1, 120), st.integers(0, 10_000), st.booleans(), st.floats(0.0, 8.0))
@settings(max_examples=60, deadline=None)
def test_every_line_is_done_once_whatever_is_slow_wrong_or_lost(workers, lines, seed, learns, load_s):
    simulated = sys.modules.get("simulated_fleet") or _simulated_fleet()
    rng = random.Random(seed)
    jobs = [
        Job(str(n), rng.choice("abcd"), rng.choice("xy"), rng.uniform(0.1, 9), rng.choice((0, 0, 1)))
        for n in range(lines)
    ]
    # One worker at least comes back, or is never lost.
    deaths = {n: (rng.uniform(0, 60), rng.random() < 0.5) for n in range(1, workers) if rng.random() < 0.4}
    truth = simulated.Truth(
        {model: rng.uniform(0.5, 2) for model in "abcd"},
        {n: rng.choice((1.0, 1.0, 4.0)) for n in range(workers)},
        rng.uniform(0, 0.5),
        deaths,
        seed,
    )  # fmt: skip
    run = simulated.FleetSimulation(jobs, workers, dict.fromkeys("abcd", load_s), truth, learns=learns).go()
    assert run.done == {job.key: 1 for job in jobs}


def test_a_worker_with_a_batch_in_hand_gets_no_last_line_that_a_free_one_could_have():
    schedule = Schedule([Job(str(n), "a", "v", 8.0) for n in range(4)])
    assert [len(schedule.next_batch(worker)) for worker in (0, 1)] == [1, 1]
    assert len(schedule.next_batch(0, in_hand=1)) == 1
    assert schedule.next_batch(0, in_hand=2) == []
    assert len(schedule.next_batch(1)) == 1
    assert schedule.is_empty()


def test_a_slow_worker_gets_no_long_line_at_the_end_but_a_short_one_or_none():
    jobs = [Job(str(n), "a", "v", 8.0) for n in range(4)] + [Job("short", "a", "v", 0.1)]
    schedule = Schedule(jobs, batch_s=1e-9)
    for worker in (0, 1, 2, 3):
        for _ in range(50):
            schedule.estimator.learn("a", worker, 1.0, 4.0 if worker == 3 else 1.0)
    assert [schedule.next_batch(worker)[0].work_s for worker in (0, 1, 2)] == [8.0, 8.0, 8.0]
    assert [job.key for job in schedule.next_batch(3)] == ["short"]
    assert schedule.next_batch(3) == []
    assert schedule.next_batch(0)[0].work_s == 8.0


def test_a_slow_worker_that_is_alone_on_a_model_does_all_of_it():
    schedule = Schedule([Job(str(n), "a", "v", 8.0) for n in range(3)])
    for _ in range(50):
        schedule.estimator.learn("a", 0, 1.0, 9.0)
        schedule.estimator.learn("b", 1, 1.0, 1.0)
    done = 0
    while batch := schedule.next_batch(0):
        done += len(batch)
    assert done == 3


def test_when_nothing_is_in_hand_whoever_asks_gets_work():
    schedule = Schedule([Job("1", "a", "v", 4.0), Job("2", "a", "v", 4.0)], {"a": 60.0})
    assert schedule.next_batch(0)
    assert schedule.next_batch(1) == []
    schedule.leave(0)
    schedule.insist()
    assert len(schedule.next_batch(1)) == 1 and schedule.is_empty()


def _simulated_fleet():
    spec = importlib.util.spec_from_file_location("simulated_fleet", BENCH / "simulated_fleet.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
