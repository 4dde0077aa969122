"""Models loaded while others speak, warmed, or refused before any is loaded; memory that runs short."""

import dataclasses
from collections import deque

import pytest
from conftest_render import lines, of

from pipeline.engines.catalogue import create_engine
from pipeline.errors import EngineError, MissingError
from pipeline.events import (
    BatchSpoken,
    MemoryPressed,
    MemoryRanOut,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    WeightsVerified,
    WorkPlanned,
)
from pipeline.hashing import digest_bytes
from pipeline.render.job import Finished
from pipeline.render.local import LocalPool
from pipeline.render.memory import MemorySample
from pipeline.render.prepare import demand_room
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule
from pipeline.render.worker import Worker

BATCH_S = 3.0
# Longer than the last whole batch before the end of a run, which takes 2.3 s, and the small ones after it.
LOAD_S = 3.0


def run(jobs, pool, store, load_s=None, preloads=None):
    """The outcome and the events of a run; an error that ends it is raised with them in `args`."""
    events = []
    schedule = Schedule([job.job for job in jobs], load_s, batch_s=BATCH_S)
    outcome = Run(jobs, pool, schedule, events.append).go(store.has, preloads)
    pool.close()
    return outcome, events


def roomy(at_s=0.0, **values):
    return MemorySample(at_s, **{"resident_bytes": 1, "available_bytes": 10**12, **values})


class Workers:
    """Real workers in this process, taking turns: a pool of several without Ray."""

    depth = 2

    def __init__(self, workers):
        self._workers = workers
        self._waiting = deque()

    def workers(self):
        return tuple(range(len(self._workers)))

    def submit(self, worker, jobs, upcoming=(), deadline_s=0.0):
        self._waiting.append((worker, tuple(jobs), tuple(upcoming)))

    def wait(self):
        worker, jobs, upcoming = self._waiting.popleft()
        return [Finished(worker, jobs, self._workers[worker].speak(jobs, upcoming))]

    def is_waiting(self):
        return False

    def close(self):
        for worker in self._workers:
            worker.close()


def test_the_next_model_is_loaded_while_the_last_lines_of_another_are_spoken(store, make_setup):
    setup = make_setup(models={"tone@a": {"load_s": 0.01}, "tone@b": {"load_s": LOAD_S}})
    jobs = lines("tone@a", 20, "tone-slow line of a, number") + lines("tone@b", 2)
    outcome, events = run(jobs, LocalPool(setup), store)
    assert outcome.made == {job.key for job in jobs}
    load = next(event for event in of(events, ModelLoaded) if event.model == "tone@b")
    meanwhile = [
        spoken
        for spoken in of(events, BatchSpoken)
        if spoken.model == "tone@a"
        and load.at_s - load.load_s <= spoken.at_s - spoken.speak_s
        and spoken.at_s <= load.at_s
    ]
    assert load.ahead and meanwhile
    summary = outcome.tally.summary()
    assert summary.spans == summary.overlaps == 1 and (summary.loads, summary.loads_needed) == (2, 2)
    assert [event.model for event in of(events, ModelHit)][-1] == "tone@b"


def test_takes_are_the_same_whether_models_are_loaded_ahead_or_not(store, make_setup):
    jobs = [job for model in ("tone@a", "tone@b", "tone@c") for job in lines(model, 6)]
    sizes = {f"tone@{name}": {"memory_bytes": 1_000_000, "load_s": 0.02} for name in "abc"}
    sounds = []
    for budget in (1_000_000, 3_000_000):
        outcome, events = run(jobs, LocalPool(make_setup(budget, sizes)), store)
        assert outcome.made == {job.key for job in jobs}
        sounds.append({job.key: store.audio_path(job.key).read_bytes() for job in jobs})
        ahead = sum(event.ahead for event in of(events, ModelLoadBegan))
        assert ahead == (0 if budget == 1_000_000 else 2)
        assert len(of(events, ModelLoaded)) == 3
        for job in jobs:
            store.drop(job.key)
    assert sounds[0] == sounds[1]


def test_a_load_that_fails_in_the_background_sets_its_lines_aside_with_its_own_reason(store, make_setup):
    setup = make_setup(models={"tone@b": {"load_error": "weights are damaged"}})
    jobs = lines("tone@1", 12) + lines("tone@b", 4)
    outcome, events = run(jobs, LocalPool(setup), store)
    assert len(outcome.made) == 12
    assert {reason for _, reason in outcome.quarantined.values()} == {"weights are damaged"}
    assert [event.ahead for event in of(events, ModelLoadBegan) if event.model == "tone@b"] == [True]


def test_preloaded_models_are_there_before_the_first_line_is_spoken(store, make_setup):
    setup = make_setup(models={f"tone@{name}": {"load_s": 0.02} for name in "abc"})
    jobs = [job for name in "abc" for job in lines(f"tone@{name}", 4)]
    preloads = {0: ["tone@a", "tone@b", "tone@c"]}
    outcome, events = run(jobs, LocalPool(setup), store, preloads=preloads)
    assert outcome.made == {job.key for job in jobs}
    kinds = [type(event) for event in events]
    assert kinds[0] is WorkPlanned and events[0].models == ("tone@a", "tone@b", "tone@c")
    last_load = max(number for number, kind in enumerate(kinds) if kind is ModelLoaded)
    assert kinds.count(ModelLoaded) == 3 and last_load < kinds.index(BatchSpoken)
    assert outcome.tally.summary().misses == 0


def test_a_model_that_fails_while_it_is_preloaded_costs_its_own_lines_only(store, make_setup):
    setup = make_setup(models={"tone@b": {"load_error": "weights are damaged"}})
    jobs = lines("tone@1", 3) + lines("tone@b", 3)
    outcome, _ = run(jobs, LocalPool(setup), store, preloads={0: ["tone@b", "tone@1"]})
    assert len(outcome.made) == 3 and len(outcome.quarantined) == 3


def test_a_model_larger_than_the_budget_is_refused_before_anything_is_loaded(make_setup):
    setup = make_setup(40_000_000, {"tone@big": {"memory_bytes": 50_000_000}})
    with pytest.raises(
        MissingError, match=r"tone@big needs 50.0 MB and .* is 40.0 MB; give --memory a larger"
    ):
        demand_room(["tone@1", "tone@big"], setup.sizes, setup.memory_bytes)
    demand_room(["tone@1"], setup.sizes, setup.memory_bytes)
    demand_room([], setup.sizes, setup.memory_bytes)


def test_models_held_and_coming_never_pass_the_budget(store, make_setup):
    models = {f"tone@{n}x": {"memory_bytes": 1_000_000 * (1 + n % 3), "load_s": 0.01} for n in range(6)}
    jobs = [job for model in models for job in lines(model, 5)]
    outcome, events = run(jobs, LocalPool(make_setup(4_000_000, models)), store)
    assert len(outcome.made) == len(jobs)
    held = {}
    for event in events:
        match event:
            case ModelLoadBegan(model=model, bytes=size) | ModelLoaded(model=model, bytes=size):
                held[model] = size
            case ModelEvicted(model=model):
                del held[model]
        assert sum(held.values()) <= 4_000_000
    assert len(of(events, ModelEvicted)) >= 3


def test_a_model_that_grows_with_use_makes_room_for_itself(store, make_setup):
    models = {"tone@a": {"growth_bytes": 400_000}, "tone@b": {}}
    jobs = lines("tone@a", 9) + lines("tone@b", 3)
    outcome, events = run(jobs, LocalPool(make_setup(3_000_000, models)), store)
    assert len(outcome.made) + len(outcome.quarantined) == 12
    assert all("memory budget" in reason for _, reason in outcome.quarantined.values())
    assert {job.model for job, _ in outcome.quarantined.values()} <= {"tone@a"}
    assert len(outcome.made) >= 6


def test_a_batch_that_does_not_fit_in_memory_is_halved_and_later_ones_come_smaller(store, make_setup):
    setup = make_setup(models={"tone@a": {"most_at_once": 2}})
    worker = Worker(0, setup)
    first, second = lines("tone@a", 8), lines("tone@a", 8, "Another line, number")
    result = worker.speak(first)
    assert len(result.made) == 8
    assert [event.utterances for event in of(result.events, MemoryRanOut)] == [8, 4, 4]
    result = worker.speak(second)
    assert len(result.made) == 8 and not of(result.events, MemoryRanOut)


def test_an_utterance_that_fits_nowhere_costs_its_line_and_no_other_model_its_place_for_long(
    store, make_setup
):
    setup = make_setup(models={"tone@a": {"most_at_once": 0}})
    worker = Worker(0, setup)
    worker.speak(lines("tone@1", 1))
    result = worker.speak(lines("tone@a", 1))
    (failed,) = result.failed
    assert failed.reason == "it does not fit in memory, even alone; use fewer --workers"
    assert [event.model for event in of(result.events, ModelEvicted)] == ["tone@1"]


def test_torchs_shortage_of_gpu_memory_is_known_by_its_name(store, make_setup):
    class Cramped:
        """The tone engine on a device that takes one utterance at a time."""

        def __init__(self):
            self.engine = create_engine("tone")
            self.load, self.unload, self.bytes_held = (
                self.engine.load, self.engine.unload, self.engine.bytes_held,
            )  # fmt: skip

        def synthesize(self, batch):
            if len(batch) > 1:
                raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory")
            return self.engine.synthesize(batch)

    result = Worker(0, make_setup(), create=lambda name: Cramped()).speak(lines("tone@1", 4))
    assert len(result.made) == 4
    assert [event.utterances for event in of(result.events, MemoryRanOut)] == [4, 2, 2]


def test_under_pressure_a_worker_shrinks_batches_then_evicts_then_takes_no_more_work(store, make_setup):
    clock = iter(range(0, 1000, 5))
    worker = Worker(0, make_setup(), look_at_memory=lambda: roomy(next(clock), available_bytes=0))
    spoken = worker.speak(lines("tone@1", 2))
    assert [event.action for event in of(spoken.events, MemoryPressed)] == ["shrink", "evict"]
    assert len(spoken.made) == 2 and spoken.refused is None
    refused = worker.speak(lines("tone@2", 2, voice="tone/alt"))
    assert "the machine has 0.0 MB left" in refused.refused and not refused.made
    assert [event.model for event in of(refused.events, ModelEvicted)] == ["tone@1"]
    assert refused.cached == () and worker.speak(lines("tone@1", 3)).refused == refused.refused


def test_under_pressure_the_engine_is_given_half_a_batch_at_a_time(store, make_setup):
    setup = make_setup(models={"tone@a": {"most_at_once": 4}})
    worker = Worker(0, setup, look_at_memory=lambda: roomy(0.0, available_bytes=0))
    result = worker.speak(lines("tone@a", 8))
    assert len(result.made) == 8 and not of(result.events, MemoryRanOut)


def test_the_lines_of_a_worker_that_stopped_are_spoken_by_the_others(store, make_setup):
    clock = iter(range(0, 1000, 5))
    short = Worker(0, make_setup(), look_at_memory=lambda: roomy(next(clock), resident_bytes=10**12))
    well = Worker(1, make_setup(), look_at_memory=lambda: roomy(next(clock)))
    jobs = lines("tone@1", 40)
    outcome, events = run(jobs, Workers([short, well]), store)
    assert outcome.made == {job.key for job in jobs} and not outcome.quarantined
    assert [event.action for event in of(events, MemoryPressed)] == ["shrink", "evict", "stop"]
    assert outcome.tally.summary().pressures[-1].startswith("worker 0: stop: the worker holds")


def test_a_run_whose_workers_all_stopped_says_why_and_keeps_its_takes(store, make_setup):
    clock = iter(range(0, 1000, 5))
    pool = Workers([Worker(0, make_setup(), look_at_memory=lambda: roomy(next(clock), available_bytes=0))])
    jobs = lines("tone@1", 40)
    with pytest.raises(EngineError, match="no worker can go on: worker 0: the machine has 0.0 MB"):
        run(jobs, pool, store)
    assert 0 < len(list(store.all_keys())) < 40
    run(jobs, LocalPool(make_setup()), store)
    assert len(list(store.all_keys())) == 40


@pytest.fixture
def with_file(make_setup, tmp_path):
    """A setup whose model `tone@1` has a file, and the file."""
    path = tmp_path / "weights" / "weights.bin"
    path.parent.mkdir()
    path.write_bytes(b"as they must be")
    setup = make_setup()
    request = dataclasses.replace(setup.models["tone@1"], files={"weights.bin": path})
    return dataclasses.replace(
        setup,
        models={**setup.models, "tone@1": request},
        digests={"tone@1": {"weights.bin": digest_bytes(b"as they must be")}},
        verified=path.parent / "verified.json",
    ), path


def test_files_are_checked_against_the_registry_before_a_load(with_file, store):
    setup, path = with_file
    result = Worker(0, setup).speak(lines("tone@1", 1))
    (verified,) = of(result.events, WeightsVerified)
    assert (verified.model, verified.bytes, verified.hashed) == ("tone@1", 15, True)
    path.write_bytes(b"as they must not be")
    origins = {"tone@1": {"weights.bin": "from hub someone/tones"}}
    result = Worker(0, dataclasses.replace(setup, origins=origins)).speak(lines("tone@1", 2))
    found, wanted = digest_bytes(b"as they must not be"), digest_bytes(b"as they must be")
    said = f"weights.bin: damaged: SHA-256 is {found}, must be {wanted} (tone@1, from hub someone/tones)"
    assert said in result.broken["tone@1"]
    assert result.cached == () and not of(result.events, ModelLoaded)
    path.unlink()
    assert "cannot be read" in Worker(0, setup).speak(lines("tone@1", 3)).broken["tone@1"]


def test_a_file_that_was_hashed_before_and_has_not_changed_is_not_hashed_again(with_file, store):
    from pipeline.registry.verified import VerifiedFiles, fingerprint

    setup, path = with_file
    VerifiedFiles(setup.verified).remember(path, fingerprint(path))
    (verified,) = of(Worker(0, setup).speak(lines("tone@1", 1)).events, WeightsVerified)
    assert not verified.hashed


def test_a_worker_has_a_loaded_engine_prepare_what_comes_next_and_loads_none_for_it(store, make_setup):
    made = []

    def create(name):
        made.append(create_engine(name))
        return made[-1]

    worker = Worker(0, make_setup(), create)
    jobs = lines("tone@1", 6)
    worker.prepare(jobs)
    assert not made
    worker.speak(jobs[:2])
    worker.prepare(jobs[2:])
    assert [engine.prepared for engine in made] == [4]
    assert not any(store.has(job.key) for job in jobs[2:])
