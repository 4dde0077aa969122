"""Faults of a night on real Ray with real processes: hangs, crashes, lost nodes, a lost head, new nodes."""

import dataclasses
import os
import signal
import time

import pytest
from conftest_render import line_job, lines, of

import pipeline.render.cluster  # noqa: F401 (before ray: it sets what Ray reads when it is imported)
from pipeline.errors import MissingError
from pipeline.events import LineRendered, WorkerLost, WorkerStarted
from pipeline.render.actors import ClusterRequest, RayPool
from pipeline.render.deadline import Patience
from pipeline.render.local import LocalPool
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule

pytestmark = pytest.mark.slow

STORE_BYTES = 80 * 1024 * 1024
SHORT = Patience(floor_s=2.0, load_s=2.0)


# Dead nodes are noticed sooner than by Ray's default.
QUICK = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 4,
}
# Resources that only one kind of node has, so that no test meets another's nodes.
STEADY, MOVING, STUDIO = ({name: 1.0} for name in ("steady", "moving", "studio"))


@pytest.fixture(scope="module")
def cluster():
    """A head without room for workers, a node that stays, and others that tests add."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={**head, "_system_config": QUICK})
    cluster.add_node(num_cpus=2, object_store_memory=STORE_BYTES, resources={"steady": 2})
    yield cluster
    cluster.shutdown()


@pytest.fixture
def add_node(cluster):
    """Adds a node for so many workers; it goes with the test."""
    added = []

    def add(workers=1, kind="moving", **options):
        node = cluster.add_node(
            num_cpus=workers, object_store_memory=STORE_BYTES, resources={kind: workers}, **options
        )
        added.append(node)
        return node

    yield add
    for node in added:
        if node in cluster.list_all_nodes():
            cluster.remove_node(node, allow_graceful=True)


def kill_raylet(node):
    os.kill(node.all_processes["raylet"][0].process.pid, signal.SIGKILL)


@pytest.fixture
def join(cluster, make_setup, monkeypatch):
    """A pool on the cluster; all of its workers are up, however busy the machine is."""
    pools = []
    monkeypatch.setattr("pipeline.render.actors.STRAGGLERS_S", 60.0)

    def make(workers, models=None, resources=STEADY, cpus=1, gpus=0, most=0):
        asked = ClusterRequest(cluster.address, workers, cpus, gpus, 1, most, resources)
        pools.append(RayPool(make_setup(models=models), asked))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def run(jobs, pool, store, patience=None, watch=None):
    """The outcome and the events; `watch` is told of each event."""
    events = []

    def note(event):
        events.append(event)
        if watch is not None:
            watch(event)

    schedule = Schedule([job.job for job in jobs], batch_s=20)
    return Run(jobs, pool, schedule, note, patience).go(store.has), events


def quick(job):
    """The job, its work a hundredth of what the plan would guess: tones are spoken in no time."""
    return dataclasses.replace(job, job=dataclasses.replace(job.job, work_s=job.job.work_s / 100))


def audio(jobs, store):
    return {job.key: store.audio_path(job.key).read_bytes() for job in jobs}


def assert_as_undisturbed(jobs, store, make_setup, models=None):
    """The takes are those that one process makes in peace."""
    disturbed = audio(jobs, store)
    for job in jobs:
        store.drop(job.key)
    run(jobs, LocalPool(make_setup(models=models)), store)
    assert audio(jobs, store) == disturbed


def after(count, act):
    """A watch that acts once, when so many takes were reported."""
    seen = [0]

    def watch(event):
        if isinstance(event, LineRendered):
            seen[0] += 1
            if seen[0] == count:
                act()

    return watch


def test_a_node_that_is_killed_costs_no_line_and_its_worker_comes_up_on_a_new_one(
    add_node, join, store, make_setup
):
    add_node()
    doomed = add_node()
    jobs = [line_job(str(n), f"tone-slow line number {n}.") for n in range(80)]
    pool = join(2, resources=MOVING)

    def replace():
        kill_raylet(doomed)
        add_node()

    outcome, events = run(jobs, pool, store, watch=after(6, replace))
    assert outcome.made == {job.key for job in jobs} and not outcome.quarantined
    lost = of(events, WorkerLost)
    assert lost
    assert outcome.takes_made_twice <= sum(event.lines_in_hand for event in lost)
    assert_as_undisturbed(jobs, store, make_setup)


def test_lines_that_hang_crash_or_do_not_fit_are_named_and_all_others_are_rendered(join, store, make_setup):
    jobs = [quick(line_job(str(n), f"This is line number {n}.")) for n in range(20)]
    words = {
        "hang": "hangs",
        "segv": "kills its worker",
        "kill": "kills its worker",
        "memory": "does not fit in memory",
    }
    bad = [quick(line_job(word, f"Now tone-{word} happens.")) for word in words]
    outcome, events = run([*jobs, *bad], join(2), store, SHORT)
    reasons = {job.line_id: reason for job, reason in outcome.quarantined.values()}
    assert set(reasons) == set(words)
    assert all(words[word] in reason for word, reason in reasons.items())
    assert outcome.made == {job.key for job in jobs}
    lost = of(events, WorkerLost)
    # Halving finds each of three that lose their worker; then up to three tries alone.
    assert len(lost) <= 3 * (5 + 3)
    assert outcome.takes_made_twice <= sum(event.lines_in_hand for event in lost)
    assert_as_undisturbed(jobs, store, make_setup)


def test_a_model_whose_load_hangs_costs_its_own_lines_and_no_others(join, store):
    models = {"tone@stuck": {"load_hang": True, "memory_bytes": 1_000_000}}
    jobs = [quick(job) for job in lines("tone@1", 12) + lines("tone@stuck", 5)]
    outcome, events = run(jobs, join(2, models), store, SHORT)
    assert {job.model for job, _ in outcome.quarantined.values()} == {"tone@stuck"}
    assert len(outcome.quarantined) == 5 and len(outcome.made) == 12
    assert all("loading it hangs" in reason for _, reason in outcome.quarantined.values())
    # Both workers may hang in it with lines in hand, and once more when it is loaded by itself.
    assert len(of(events, WorkerLost)) <= 6


def test_a_process_that_is_stopped_is_replaced(join, store, make_setup):
    jobs = [quick(line_job(str(n), f"tone-slow line number {n}.")) for n in range(40)]
    pool = join(2)
    victim = pool.processes()[1]
    stop = after(3, lambda: os.kill(victim, signal.SIGSTOP))
    outcome, events = run(jobs, pool, store, Patience(floor_s=8.0, load_s=2.0), stop)
    assert outcome.made == {job.key for job in jobs} and not outcome.quarantined
    assert any("no answer within" in event.reason for event in of(events, WorkerLost))
    assert_as_undisturbed(jobs, store, make_setup)


def test_clocks_that_jump_hang_nothing_and_change_nothing(join, store, make_setup, monkeypatch):
    jobs = [line_job(str(n), f"tone-slow line {n}.") for n in range(16)]
    jobs += [line_job(f"jump-{n}", f"The clock of tone-clock number {n}.") for n in range(3)]
    real, calls = time.time, [0]

    def moved():
        calls[0] += 1
        return real() + (7200.0 if calls[0] % 3 == 0 else -7200.0)

    pool = join(2)
    monkeypatch.setattr(time, "time", moved)
    outcome, events = run(jobs, pool, store, Patience(floor_s=30.0))
    monkeypatch.undo()
    assert calls[0] > 0
    assert outcome.made == {job.key for job in jobs} and not of(events, WorkerLost)
    summary = outcome.tally.summary()
    assert summary.stall_s >= 0 and summary.overlap_s >= 0
    assert_as_undisturbed(jobs, store, make_setup)
    monkeypatch.undo()


def test_workers_come_up_on_nodes_that_are_added_while_the_run_is_on(add_node, join, store):
    add_node(1)
    jobs = [line_job(str(n), f"tone-slow line number {n}.") for n in range(60)]
    pool = join(0, resources=MOVING, most=3)
    assert pool.workers() == (0,)
    outcome, events = run(jobs, pool, store, watch=after(3, lambda: add_node(2)))
    assert outcome.made == {job.key for job in jobs}
    assert {event.worker for event in of(events, WorkerStarted)} == {0, 1, 2}


def test_workers_go_where_the_resources_are_that_they_ask_for(add_node, join):
    import ray

    with_gpu = add_node(2, "studio", num_gpus=1)
    pool = join(2, resources=STUDIO, cpus=0.5, gpus=0.5)
    places = {ray.get(slot.actor.place.remote()) for slot in pool._slots.values()}
    assert places == {with_gpu.node_id}


def test_workers_that_find_no_room_do_not_hold_up_those_that_did(join, store, monkeypatch):
    monkeypatch.setattr("pipeline.render.actors.STRAGGLERS_S", 0.5)
    pool = join(3)
    assert len(pool.workers()) in (1, 2) and pool.is_waiting()
    jobs = [line_job(str(n), f"This is line number {n}.") for n in range(5)]
    outcome, _ = run(jobs, pool, store)
    assert len(outcome.made) == 5


def test_a_head_that_is_gone_is_one_clear_line_and_the_run_goes_on_elsewhere(store, make_setup, monkeypatch):
    from ray.cluster_utils import Cluster

    monkeypatch.setattr("pipeline.render.actors.HEAD_PATIENCE_S", 3.0)
    node = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    jobs = [line_job(str(n), f"tone-slow line number {n}.") for n in range(60)]
    head = cluster.head_node.all_processes["gcs_server"][0].process.pid
    pool = RayPool(make_setup(), ClusterRequest(cluster.address, 1, 1, 0, 1))
    try:
        kill = after(3, lambda: os.kill(head, signal.SIGKILL))
        with pytest.raises(MissingError, match="head of the Ray cluster at .* is gone") as caught:
            run(jobs, pool, store, watch=kill)
        assert caught.value.exit_code == 4 and "the same command" in str(caught.value)
    finally:
        pool.close()
        cluster.shutdown()
    kept = len(list(store.all_keys()))
    assert kept >= 3
    left = [job for job in jobs if not store.has(job.key)]
    outcome, _ = run(left, LocalPool(make_setup()), store)
    assert len(outcome.made) == len(left) and len(list(store.all_keys())) == len(jobs)
