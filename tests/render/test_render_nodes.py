"""Weights on each node of a cluster: fetched there once, found when damaged there; on real Ray nodes."""

from dataclasses import replace

import pytest
from conftest_render import line_job

from pipeline.engines.base import LoadRequest, VoicePart
from pipeline.engines.catalogue import Form, LocalSource, ModelEntry, WeightFile
from pipeline.errors import EngineError
from pipeline.events import WeightsFetched
from pipeline.hashing import digest_file
from pipeline.registry.weights import WeightStore
from pipeline.render.job import WorkerSetup
from pipeline.render.local import LocalPool
from pipeline.render.node_weights import NeededFiles, NodeWeights, NodeWeightsError
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule

MODEL = "tone@weighty"


def weight_file(folder, name, data):
    source = folder / "source" / name
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(data)
    return WeightFile(name, digest_file(source), len(data), (LocalSource(str(source)),))


@pytest.fixture
def weights(tmp_path):
    return weight_file(tmp_path, "net.bin", bytes(range(256)) * 4000)


@pytest.fixture
def voice(tmp_path):
    return weight_file(tmp_path, "ann.state", b"Ann's voice")


@pytest.fixture
def setup(tmp_path, store, weights, voice):
    """A setup as the driver sends it: paths of the driver's cache, and what the files are."""
    driver = WeightStore(tmp_path / "driver")
    entry = ModelEntry(MODEL, "tone", "1", ("*",), (Form("native", (weights,)),))
    found = driver.ensure(entry)
    request = LoadRequest(
        MODEL, dict(found.files), "cpu", 1, tmp_path / "driver" / "converted", {"overtone_db": -20.0}
    )
    return WorkerSetup(
        store.root,
        10_000_000,
        {MODEL: request},
        {MODEL: "tone"},
        {MODEL: 1_000_000},
        digests={MODEL: found.digests()},
        needed=NeededFiles({MODEL: entry}, {voice.sha256: voice}),
    )


def jobs_of(count, text="This is line number", state=None):
    jobs = [line_job(f"l{number}", f"{text} {number}.", model=MODEL) for number in range(count)]
    if state is None:
        return jobs
    return [
        replace(
            job,
            utterances=tuple(replace(one, voice=(VoicePart("ann", 1.0, state),)) for one in job.utterances),
        )
        for job in jobs
    ]


def carry_out(jobs, pool, store):
    events = []
    schedule = Schedule([job.job for job in jobs], {MODEL: 0.1})
    outcome = Run(jobs, pool, schedule, events.append).go(store.has)
    return outcome, [event for event in events if isinstance(event, WeightsFetched)]


def test_a_worker_fetches_what_its_own_cache_lacks(tmp_path, store, setup, weights, monkeypatch):
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "node"))
    outcome, fetched = carry_out(jobs_of(3), LocalPool(setup), store)
    assert len(outcome.made) == 3
    assert [event.bytes for event in fetched] == [weights.bytes]
    assert WeightStore(tmp_path / "node").find(weights) is not None
    assert carry_out(jobs_of(3, "Again"), LocalPool(setup), store)[1] == []


def test_weights_damaged_on_one_node_are_set_aside_and_fetched_there(
    tmp_path, store, setup, weights, monkeypatch
):
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "node"))
    node = WeightStore(tmp_path / "node")
    node.ensure(setup.needed.models[MODEL])
    path = node.path_of(weights)
    path.write_bytes(b"?" + path.read_bytes()[1:])
    outcome, fetched = carry_out(jobs_of(2), LocalPool(setup), store)
    assert len(outcome.made) == 2 and len(fetched) == 1
    assert digest_file(path) == weights.sha256
    assert path.with_name(path.name + ".damaged").exists()


def test_a_voices_state_is_brought_to_the_node_too(tmp_path, store, setup, voice, monkeypatch):
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "node"))
    sent = WeightStore(tmp_path / "driver").path_of(voice)  # never written: another machine's path
    outcome, _ = carry_out(jobs_of(2, state=sent), LocalPool(setup), store)
    assert len(outcome.made) == 2 and not sent.exists()
    assert WeightStore(tmp_path / "node").find(voice) is not None


def test_without_a_source_the_drivers_own_path_is_read_if_it_can_be(tmp_path, store, setup, monkeypatch):
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "node"))
    (tmp_path / "source" / "net.bin").unlink()
    assert len(carry_out(jobs_of(2), LocalPool(setup), store)[0].made) == 2


def test_a_node_that_cannot_get_weights_gives_its_work_back_and_no_line_is_set_aside(
    tmp_path, store, setup, weights, monkeypatch
):
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "node"))
    (tmp_path / "source" / "net.bin").unlink()
    WeightStore(tmp_path / "driver").path_of(weights).unlink()
    with pytest.raises(NodeWeightsError, match="no weights"):
        NodeWeights(setup.needed, print).localized(MODEL, setup.models[MODEL])
    run = Run(jobs_of(2), LocalPool(setup), Schedule([job.job for job in jobs_of(2)], {MODEL: 0.1}), print)
    with pytest.raises(EngineError, match="worker 0: this machine has no weights"):
        run.go(store.has)
    assert run.outcome.quarantined == {}


@pytest.mark.slow
def test_on_two_nodes_weights_are_fetched_once_a_node_and_not_once_an_actor(tmp_path, store, setup, weights):
    from ray.cluster_utils import Cluster  # noqa: TID251

    from pipeline.render.actors import ClusterRequest, RayPool

    caches = [tmp_path / "node0", tmp_path / "node1"]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for cache in caches:
            cluster.add_node(num_cpus=2, env_vars={"FULLCAST_CACHE": str(cache)})
        pool = RayPool(setup, ClusterRequest(cluster.address, 4, 1.0, 0.0, 1))
        try:
            slow = jobs_of(40, "This is tone-slow line number")
            outcome, fetched = carry_out(slow, pool, store)
        finally:
            pool.close()
    finally:
        cluster.shutdown()
    assert len(outcome.made) == 40
    assert all(WeightStore(cache).find(weights) is not None for cache in caches)
    assert len(fetched) == 2
