"""The scheduler with ranks, simulated: urgent work first, and no load more for it."""

import heapq
import random
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.render.schedule import Job, Schedule


def simulate(jobs: list[Job], workers: int, load_s: float, room: int) -> tuple[float, int, dict[int, float]]:
    """Makespan in seconds, number of loads, and when the last line of each rank was done.

    Each worker has room for so many models; the least recently used goes.
    """
    schedule = Schedule(
        jobs, dict.fromkeys({one.model for one in jobs}, load_s), has_room=lambda models: len(models) <= room
    )
    free_at = [(0.0, number) for number in range(workers)]
    held: dict[int, OrderedDict[str, None]] = {number: OrderedDict() for number in range(workers)}
    loads, ends_s, done = 0, {}, []
    while free_at:
        now_s, worker = heapq.heappop(free_at)
        batch = schedule.next_batch(worker, held[worker])
        if not batch:
            continue
        model = batch[0].model
        if model not in held[worker]:
            loads += 1
            now_s += load_s
            if len(held[worker]) == room:
                held[worker].popitem(last=False)
        held[worker][model] = None
        held[worker].move_to_end(model)
        for one in batch:
            now_s += one.work_s
            ends_s[one.rank] = max(ends_s.get(one.rank, 0.0), now_s)
            done.append(one.key)
        heapq.heappush(free_at, (now_s, worker))
    assert sorted(done) == sorted(one.key for one in jobs)
    return max(ends_s.values()), loads, ends_s


def shelf(seed: int, books: int, models: int) -> list[Job]:
    """Books with a cast of several models each, the narrator in all; the first book is the most urgent."""
    rng = random.Random(seed)
    jobs = []
    for book in range(books):
        cast = ["narrator", *rng.sample([f"model {n}" for n in range(models)], min(3, models))]
        for number in range(120):
            model = cast[0] if rng.random() < 0.5 else rng.choice(cast)
            jobs.append(Job(f"{book}-{number}", model, f"v{rng.randrange(4)}", rng.uniform(1, 8), book))
    return jobs


jobs_strategy = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.floats(0.01, 30), st.integers(0, 3)),
    min_size=1,
    max_size=80,
).map(lambda rows: [Job(str(n), m, v, w, r) for n, (m, v, w, r) in enumerate(rows)])


@given(jobs_strategy, st.integers(1, 6), st.floats(0, 20), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_every_line_is_handed_out_once_whatever_its_rank(jobs, workers, load_s, room):
    simulate(jobs, workers, load_s, room)


@given(jobs_strategy, st.integers(1, 4), st.floats(0, 20))
@settings(max_examples=100, deadline=None)
def test_a_rank_that_all_lines_share_decides_nothing(jobs, workers, load_s):
    def order(rank: int) -> list[list[str]]:
        same = [Job(one.key, one.model, one.voice, one.work_s, rank) for one in jobs]
        schedule = Schedule(same, dict.fromkeys("abcd", load_s), has_room=lambda models: True)
        handed = []
        while not schedule.is_empty():
            for worker in range(workers):
                batch = schedule.next_batch(worker)
                schedule.upcoming(worker)
                handed.append([one.key for one in batch])
        return handed

    assert order(0) == order(7)


@given(jobs_strategy)
@settings(max_examples=100, deadline=None)
def test_of_one_models_lines_the_more_urgent_go_first(jobs):
    schedule = Schedule(jobs)
    ranks: dict[str, list[int]] = {}
    while batch := schedule.next_batch(0):
        ranks.setdefault(batch[0].model, []).extend(one.rank for one in batch)
    assert all(found == sorted(found) for found in ranks.values())


@given(jobs_strategy, st.floats(0, 20))
@settings(max_examples=100, deadline=None)
def test_one_worker_with_room_for_all_models_begins_each_batch_with_the_most_urgent_line(jobs, load_s):
    schedule = Schedule(jobs, dict.fromkeys("abcd", load_s), has_room=lambda models: True)
    left, held, loads = {one.key: one.rank for one in jobs}, [], 0
    while batch := schedule.next_batch(0, held):
        assert batch[0].rank == min(left.values())
        loads += batch[0].model not in held
        held = list(dict.fromkeys([*held, batch[0].model]))
        for one in batch:
            del left[one.key]
    assert not left
    assert loads == len({one.model for one in jobs})


@given(jobs_strategy, st.floats(0, 20))
@settings(max_examples=100, deadline=None)
def test_one_worker_with_room_for_one_model_loads_each_once_however_urgent_the_others(jobs, load_s):
    _, loads, _ = simulate(jobs, 1, load_s, room=1)
    assert loads == len({one.model for one in jobs})


@pytest.mark.parametrize("workers", [2, 4, 8])
@pytest.mark.parametrize("room", [1, 3, 12])
def test_ranks_cost_no_time_and_few_loads_and_bring_the_first_books_forward(workers, room):
    plain_s, plain_loads, ranked_s, ranked_loads, sooner = 0.0, 0, 0.0, 0, []
    for seed in range(8):
        jobs = shelf(seed, books=12, models=8)
        level = [Job(one.key, one.model, one.voice, one.work_s) for one in jobs]
        one_s, loads, _ = simulate(level, workers, 10.0, room)
        plain_s, plain_loads = plain_s + one_s, plain_loads + loads
        one_s, loads, ends_s = simulate(jobs, workers, 10.0, room)
        ranked_s, ranked_loads = ranked_s + one_s, ranked_loads + loads
        sooner.append(ends_s[0] / one_s)
    assert ranked_s <= 1.02 * plain_s
    assert ranked_loads <= (1.2 if room > 1 else 1.0) * plain_loads
    if room == 12:
        assert sum(sooner) / len(sooner) <= 0.5


def test_more_urgent_lines_that_come_in_later_are_spoken_next():
    schedule = Schedule([Job(str(n), "a", "v", 8, rank=5) for n in range(4)])
    schedule.next_batch(0)
    schedule.put_back([Job("now", "a", "other", 1, rank=2)])
    assert schedule.next_batch(0)[0].key == "now"


def test_a_model_with_more_urgent_lines_is_named_before_the_current_one_is_done():
    jobs = [Job(str(n), "a", "v", 8, rank=1) for n in range(50)] + [Job("b", "b", "v", 1, rank=0)]
    schedule = Schedule(jobs, {"a": 5.0, "b": 5.0}, has_room=lambda models: len(models) <= 2)
    schedule.put_back_apart([[Job("first", "a", "v", 8, rank=1)]])
    assert schedule.next_batch(0)[0].key == "first"
    assert schedule.upcoming(0, ["a"]) == "b"
    assert schedule.next_batch(0, ["a", "b"])[0].key == "b"
    assert schedule.next_batch(0, ["a", "b"])[0].model == "a"
