"""The scheduler, simulated: who says what next, and how near that comes to the best possible."""

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.render.schedule import BATCH_LINES, Job, Schedule


def job(key: str, model: str = "a", work_s: float = 1.0, voice: str = "v") -> Job:
    return Job(key, model, voice, work_s)


def simulate(jobs: list[Job], workers: int, load_s: float) -> tuple[float, int, list[str]]:
    """Makespan in seconds, number of loads, and keys in the order in which they were done.

    Every worker holds one model at a time; loading costs `load_s` whenever the model changes.
    """
    models = {one.model for one in jobs}
    schedule = Schedule(jobs, dict.fromkeys(models, load_s))
    free_at = [(0.0, number) for number in range(workers)]
    held: dict[int, str] = {}
    loads, done, end_s = 0, [], 0.0
    idle: list[int] = []
    while free_at:
        now_s, worker = heapq.heappop(free_at)
        batch = schedule.next_batch(worker, [held[worker]] if worker in held else [])
        if not batch:
            idle.append(worker)
            continue
        if held.get(worker) != batch[0].model:
            loads += 1
            held[worker] = batch[0].model
            now_s += load_s
        now_s += sum(one.work_s for one in batch)
        done.extend(one.key for one in batch)
        end_s = max(end_s, now_s)
        heapq.heappush(free_at, (now_s, worker))
    return end_s, loads, done


def lower_bound_s(jobs: list[Job], workers: int, load_s: float) -> float:
    """No schedule can be shorter: all work and one load a model over all workers; the longest job alone."""
    models = {one.model for one in jobs}
    total = sum(one.work_s for one in jobs) + load_s * len(models)
    return max(total / workers, load_s + max(one.work_s for one in jobs))


jobs_strategy = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.floats(0.01, 30)), min_size=1, max_size=80
).map(lambda rows: [Job(str(n), m, v, w) for n, (m, v, w) in enumerate(rows)])


@given(jobs_strategy, st.integers(1, 6), st.floats(0, 20))
@settings(max_examples=200, deadline=None)
def test_every_line_is_handed_out_exactly_once_whatever_the_work(jobs, workers, load_s):
    _, _, done = simulate(jobs, workers, load_s)
    assert sorted(done) == sorted(one.key for one in jobs)


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_one_model_is_loaded_once_a_worker_and_the_work_is_shared_evenly(workers):
    rng = random.Random(7)
    jobs = [job(str(n), work_s=rng.uniform(0.5, 6)) for n in range(2000)]
    makespan_s, loads, _ = simulate(jobs, workers, load_s=3.0)
    assert loads == workers
    assert makespan_s <= 1.02 * lower_bound_s(jobs, workers, 3.0) + 3.0


def test_a_skewed_cast_comes_within_five_percent_of_the_lower_bound():
    rng = random.Random(3)
    weights = {"narrator": 800, "hero": 120, "friend": 50, "aunt": 20, "cook": 10}
    jobs = [
        job(f"{model}{n}", model, rng.uniform(1, 8)) for model, count in weights.items() for n in range(count)
    ]
    ratios = [simulate(jobs, n, 4.0)[0] / lower_bound_s(jobs, n, 4.0) for n in (1, 2, 3, 4)]
    assert max(ratios) <= 1.05, ratios


def test_where_one_worker_serves_all_each_model_is_loaded_once():
    jobs = [job(f"{m}{n}", m) for n in range(50) for m in "abcdefgh"]
    _, loads, _ = simulate(jobs, 1, load_s=5.0)
    assert loads == 8


def test_an_idle_worker_takes_a_model_in_its_cache_before_a_larger_one_it_must_load():
    schedule = Schedule([job("1", "big", 100), job("2", "small", 5)], {"big": 3, "small": 3})
    assert schedule.next_batch(0, cached=["small"])[0].model == "small"


def test_a_worker_keeps_its_model_while_there_is_work_for_it():
    schedule = Schedule([job(str(n), "a", 8) for n in range(4)] + [job("b", "b", 1000)])
    first = schedule.next_batch(0, cached=["a"])
    second = schedule.next_batch(0, cached=["a"])
    assert [first[0].model, second[0].model] == ["a", "a"]


def test_a_worker_stays_idle_when_loading_would_cost_more_than_it_saves():
    schedule = Schedule([job("1", "a", 4), job("2", "a", 4)], {"a": 60.0})
    assert schedule.next_batch(0)
    assert schedule.next_batch(1) == []


def test_lines_of_one_voice_follow_each_other_longest_first():
    jobs = [job("1", voice="x", work_s=1), job("2", voice="y", work_s=5), job("3", voice="x", work_s=9)]
    schedule = Schedule(jobs, batch_s=1)
    order = [schedule.next_batch(0)[0].key for _ in range(3)]
    assert order == ["3", "1", "2"]


def test_what_a_dead_worker_held_comes_back_and_halves_stay_apart():
    schedule = Schedule([job("1"), job("2"), job("3"), job("4")], batch_s=100)
    batch = schedule.next_batch(0)
    schedule.leave(0)
    schedule.put_back_apart([batch[:1], batch[1:]])
    assert schedule.next_batch(1) == batch[:1]
    assert schedule.next_batch(2) == batch[1:]


def test_a_model_that_is_given_up_leaves_no_work_behind():
    schedule = Schedule([job("1", "a"), job("2", "b")])
    schedule.put_back_apart([[job("3", "a")]])
    schedule.drop_model("a")
    assert [one.key for one in schedule.next_batch(0)] == ["2"]
    assert schedule.is_empty()


def test_no_batch_holds_more_lines_than_a_worker_can_lose_however_fast_the_engine():
    schedule = Schedule([job(str(n), work_s=0.0001) for n in range(1_000)])
    sizes = []
    while batch := schedule.next_batch(0):
        sizes.append(len(batch))
    assert max(sizes) == BATCH_LINES
    assert sum(sizes) == 1_000
