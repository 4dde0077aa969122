"""Real Ray, real processes: the same takes as in one process, and what happens when a worker dies."""

import os
import signal
import threading
import time

import pytest
from conftest_render import line_job, lines, of

from pipeline.errors import MissingError
from pipeline.events import ModelLoaded, WorkerLost
from pipeline.render.actors import ClusterRequest, RayPool
from pipeline.render.local import LocalPool
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule

pytestmark = pytest.mark.slow

TWO_WORKERS = ClusterRequest(address=None, workers=2, cpus_each=1, gpus_each=0, threads_each=1)


@pytest.fixture
def pool(make_setup):
    pool = RayPool(make_setup(), TWO_WORKERS)
    yield pool
    pool.close()


def run(jobs, pool, store, preloads=None):
    events = []
    schedule = Schedule([job.job for job in jobs], batch_s=20)
    return Run(jobs, pool, schedule, events.append).go(store.has, preloads), events


def test_ray_makes_the_same_takes_as_one_process(pool, make_setup, store):
    jobs = [line_job(str(n), f"This is line number {n}.") for n in range(40)]
    outcome, _ = run(jobs, pool, store)
    assert outcome.made == {job.key for job in jobs}
    with_ray = {job.key: store.audio_path(job.key).read_bytes() for job in jobs}
    for job in jobs:
        store.drop(job.key)
    Run(jobs, LocalPool(make_setup()), Schedule([job.job for job in jobs]), lambda event: None).go(store.has)
    assert {job.key: store.audio_path(job.key).read_bytes() for job in jobs} == with_ray


def test_a_line_that_kills_its_worker_is_named_and_all_others_are_rendered(pool, store):
    jobs = [line_job(str(n), f"This is line number {n}.") for n in range(30)]
    jobs.insert(11, line_job("poison", "Now tone-crash happens."))
    outcome, events = run(jobs, pool, store)
    ((job, reason),) = outcome.quarantined.values()
    assert job.line_id == "poison" and "kills its worker" in reason
    assert len(outcome.made) == 30
    # Found by halving: log2 of a batch, and once more to be sure.
    assert sum(isinstance(event, WorkerLost) for event in events) <= 8


def test_a_worker_killed_from_outside_loses_no_finished_take_and_no_line(pool, store):
    jobs = [line_job(str(n), f"tone-slow line number {n}.") for n in range(30)]
    victim = pool.processes()[0]

    def kill_soon():
        deadline = time.monotonic() + 30
        while len(list(store.all_keys())) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill_soon)
    killer.start()
    outcome, events = run(jobs, pool, store)
    killer.join()
    assert outcome.made == {job.key for job in jobs} and not outcome.quarantined
    assert sum(isinstance(event, WorkerLost) for event in events) >= 1
    assert all(store.get(job.key) is not None for job in jobs)


@pytest.fixture
def pool_with(make_setup):
    pools = []

    def make(models, workers=1):
        cluster = ClusterRequest(address=None, workers=workers, cpus_each=1, gpus_each=0, threads_each=1)
        pools.append(RayPool(make_setup(4_000_000, models), cluster))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def test_ray_with_loads_ahead_and_warmed_models_makes_the_same_takes_as_one_process(
    pool_with, make_setup, store
):
    models = {f"tone@{name}": {"load_s": 0.1} for name in "abcdef"}
    jobs = [job for model in models for job in lines(model, 12)]
    pool = pool_with(models, workers=2)
    outcome, events = run(jobs, pool, store, {0: ["tone@a"], 1: ["tone@b"]})
    assert outcome.made == {job.key for job in jobs} and not outcome.quarantined
    assert any(event.ahead for event in of(events, ModelLoaded) if event.model not in ("tone@a", "tone@b"))
    with_ray = {job.key: store.audio_path(job.key).read_bytes() for job in jobs}
    for job in jobs:
        store.drop(job.key)
    run(jobs, LocalPool(make_setup(1_000_000, models)), store)
    assert {job.key: store.audio_path(job.key).read_bytes() for job in jobs} == with_ray


def test_a_model_whose_load_kills_its_worker_costs_its_own_lines_and_no_others(pool_with, store):
    pool = pool_with({"tone@bad": {"load_crash": True}})
    jobs = lines("tone@1", 24, "tone-slow line number") + lines("tone@bad", 1)
    outcome, _ = run(jobs, pool, store)
    ((job, reason),) = outcome.quarantined.values()
    assert job.model == "tone@bad" and "kills its worker" in reason
    assert len(outcome.made) == 24


def test_a_cluster_that_is_not_there_is_one_clear_line(make_setup):
    nowhere = ClusterRequest(address="127.0.0.1:1", workers=1, cpus_each=1, gpus_each=0, threads_each=1)
    with pytest.raises(MissingError, match="cannot reach Ray at 127.0.0.1:1"):
        RayPool(make_setup(), nowhere)
