"""Models named before they are needed, and what that saves: the real schedule and cache policy, simulated."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.render.schedule import Job, Schedule

# The bench's simulation is the test's too.
_SPEC = importlib.util.spec_from_file_location(
    "bench_simulated", Path(__file__).parents[2] / "scripts" / "bench" / "simulated.py"
)
simulated = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = simulated
_SPEC.loader.exec_module(simulated)


def job(key: str, model: str, work_s: float = 1.0) -> Job:
    return Job(key, model, "v", work_s)


def skewed_novel(seed: int, models: int = 40, total_s: float = 20_000) -> list[Job]:
    """Lines of 1 to 8 s of work; the share of the k-th model falls as 1/k^1.2."""
    rng = random.Random(seed)
    weights = [1 / (number + 1) ** 1.2 for number in range(models)]
    jobs = []
    for number, weight in enumerate(weights):
        left_s = max(30.0, total_s * weight / sum(weights))
        while left_s > 0:
            jobs.append(job(f"{number}-{left_s}", f"m{number:02}", rng.uniform(1, 8)))
            left_s -= jobs[-1].work_s
    return jobs


def test_nothing_is_upcoming_while_a_worker_has_much_left_to_say():
    schedule = Schedule([job(str(n), "a", 5) for n in range(100)] + [job("b", "b")], {"a": 3, "b": 3})
    schedule.next_batch(0)
    assert schedule.upcoming(0) is None


def test_the_next_model_is_named_a_load_and_a_half_and_a_batch_before_it_is_needed():
    lines = [job(f"a{n}", "a", 1) for n in range(100)] + [job("b", "b", 1)]
    schedule = Schedule(lines, {"a": 20, "b": 20}, batch_s=10)
    left, named_at = 100, None
    while named_at is None:
        left -= len(schedule.next_batch(0, ["a"]))
        named_at = left if schedule.upcoming(0, ["a"]) else None
    assert 30 <= named_at <= 40


def test_the_model_that_was_named_is_the_one_taken_next():
    lines = [job("a", "a"), job("b", "b", 5), job("c", "c", 9)]
    schedule = Schedule(lines)
    assert schedule.next_batch(0)[0].model == "c"
    assert schedule.upcoming(0) == "b"
    assert schedule.next_batch(0)[0].model == "b"


def test_two_workers_are_not_promised_the_same_model_and_leave_each_others_alone():
    schedule = Schedule([job(model, model, 5) for model in "abcd"])
    schedule.next_batch(0)
    schedule.next_batch(1)
    named = [schedule.upcoming(0), schedule.upcoming(1)]
    assert named == ["c", "d"]
    assert schedule.next_batch(1)[0].model == "d"
    assert schedule.next_batch(0)[0].model == "c"


def test_a_free_worker_takes_a_promised_model_rather_than_stay_idle():
    schedule = Schedule([job(f"a{n}", "a", 5) for n in range(3)] + [job("b", "b", 50)], {"a": 100})
    assert schedule.next_batch(0, ["a"])[0].model == "a"
    assert schedule.upcoming(0, ["a"]) == "b"
    assert schedule.next_batch(1)[0].model == "b"


def test_a_model_that_another_worker_holds_is_named_after_one_that_nobody_holds():
    schedule = Schedule([job("a", "a", 9), job("b", "b", 5), job("c", "c", 1), job("d", "d", 20)])
    assert schedule.next_batch(0, ["d", "b"])[0].model == "d"
    assert schedule.next_batch(1, [])[0].model == "a"
    assert schedule.upcoming(1, []) == "c"


def test_a_lost_worker_has_nothing_promised():
    schedule = Schedule([job(model, model, 5) for model in "abc"])
    schedule.next_batch(0)
    assert schedule.upcoming(0) == "b"
    schedule.leave(0)
    schedule.next_batch(1)
    assert schedule.upcoming(1) == "c"


def test_a_model_that_was_given_up_is_promised_to_nobody():
    schedule = Schedule([job(model, model, 5) for model in "ab"])
    schedule.next_batch(0)
    assert schedule.upcoming(0) == "b"
    schedule.drop_model("b")
    assert schedule.upcoming(0) is None and schedule.next_batch(0) == []


@pytest.mark.parametrize("load_s", [5.0, 60.0])
def test_forty_models_on_four_workers_with_room_for_three_are_loaded_little_more_than_once(load_s):
    jobs = skewed_novel(seed=1)
    models = {one.model for one in jobs}
    loads = dict.fromkeys(models, load_s)
    result = simulated.Simulation(jobs, 4, dict.fromkeys(models, 1), loads, 3).go()
    assert result.loads <= 1.1 * len(models)
    assert sorted(result.done) == sorted(one.key for one in jobs)


def test_loading_ahead_takes_nearly_all_waiting_away():
    jobs = skewed_novel(seed=2)
    models = {one.model for one in jobs}
    arguments = (jobs, 4, dict.fromkeys(models, 1), dict.fromkeys(models, 30.0), 3)
    waiting = simulated.Simulation(*arguments, ahead=False).go()
    ahead = simulated.Simulation(*arguments).go()
    # What is left is each worker's first load, for which nothing can be spoken meanwhile.
    assert ahead.stall_s <= 4 * 30 + 1 < waiting.stall_s / 5
    assert ahead.makespan_s < waiting.makespan_s
    assert ahead.loads <= waiting.loads * 1.05


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0.01, 30)), min_size=1, max_size=60),
    st.integers(1, 4),
    st.integers(1, 3),
    st.floats(0, 20),
)
@settings(max_examples=100, deadline=None)
def test_every_line_is_spoken_once_within_the_budget_whatever_is_loaded_ahead(rows, workers, room, load_s):
    jobs = [job(str(number), model, work_s) for number, (model, work_s) in enumerate(rows)]
    models = {one.model for one in jobs}
    loads = dict.fromkeys(models, load_s)
    result = simulated.Simulation(jobs, workers, dict.fromkeys(models, 1), loads, room).go()
    assert sorted(result.done) == sorted(one.key for one in jobs)
    assert len(models) <= result.loads
    assert result.speak_s == pytest.approx(sum(one.work_s for one in jobs))
