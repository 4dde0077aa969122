"""The work loop with the tone engine in this process: takes made, faults contained."""

import dataclasses

import numpy as np
import pytest
from conftest_render import line_job

from pipeline.audio import read_audio
from pipeline.errors import EngineError, LineError, StoreError
from pipeline.events import LineQuarantined, LineRendered, ModelEvicted, ModelLoaded
from pipeline.render.local import LocalPool
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule
from pipeline.render.worker import Worker


def render(jobs, setup, store):
    events = []
    pool = LocalPool(setup)
    outcome = Run(jobs, pool, Schedule([job.job for job in jobs]), events.append).go(store.has)
    pool.close()
    return outcome, events


def test_every_line_gets_its_take_with_what_is_known_of_it(store, make_setup):
    jobs = [line_job(str(n), f"This is line number {n}.") for n in range(20)]
    outcome, events = render(jobs, make_setup(), store)
    assert outcome.made == {job.key for job in jobs}
    assert sum(isinstance(event, LineRendered) for event in events) == 20
    take = store.get(jobs[3].key)
    assert (take.line_id, take.text, take.engine) == ("3", "This is line number 3.", "tone")
    assert take.duration_s == pytest.approx(read_audio(take.path).duration_s)
    assert take.levels.loudness_lufs is not None


def test_a_line_the_engine_cannot_say_is_set_aside_and_the_rest_is_rendered(store, make_setup):
    jobs = [line_job(str(n), f"Line {n}.") for n in range(6)] + [line_job("bad", "Say tone-error now.")]
    outcome, events = render(jobs, make_setup(), store)
    assert [job.line_id for job, _ in outcome.quarantined.values()] == ["bad"]
    assert len(outcome.made) == 6
    assert [event.line_id for event in events if isinstance(event, LineQuarantined)] == ["bad"]


def test_audio_of_a_line_does_not_depend_on_its_neighbours(store, make_setup, tmp_path):
    jobs = [line_job(str(n), f"Neighbour {n} speaks.") for n in range(8)]
    render(jobs, make_setup(), store)
    together = store.audio_path(jobs[4].key).read_bytes()
    store.drop(jobs[4].key)
    render([jobs[4]], make_setup(), store)
    assert store.audio_path(jobs[4].key).read_bytes() == together


def test_one_model_is_loaded_once_for_many_voices(store, make_setup):
    voices = ["tone/low", "tone/mid", "tone/high"]
    jobs = [line_job(str(n), f"Line {n}.", voice=voices[n % 3]) for n in range(30)]
    _, events = render(jobs, make_setup(), store)
    assert [event.model for event in events if isinstance(event, ModelLoaded)] == ["tone@1"]


def test_two_models_under_a_budget_for_one_are_swapped_once(store, make_setup):
    jobs = [line_job(f"a{n}", f"Line {n}.") for n in range(10)]
    jobs += [line_job(f"b{n}", f"Line {n}.", voice="tone/alt") for n in range(10)]
    outcome, events = render(jobs, make_setup(memory_bytes=1_500_000), store)
    assert len(outcome.made) == 20
    assert sum(isinstance(event, ModelLoaded) for event in events) == 2
    assert sum(isinstance(event, ModelEvicted) for event in events) == 1


def test_a_model_over_the_budget_sets_its_lines_aside_with_the_reason(store, make_setup):
    outcome, _ = render([line_job("1", "Too big.")], make_setup(memory_bytes=1000), store)
    ((_, reason),) = outcome.quarantined.values()
    assert "memory budget" in reason and "--memory" in reason


def test_a_long_line_is_one_take_without_a_hole_where_it_was_cut(store, make_setup):
    job = line_job("long", "The first half of it goes on,", "and the second half ends here.")
    render([job], make_setup(), store)
    take = store.get(job.key)
    assert take.levels.longest_silence_s < 0.12  # the kept edges of both halves, less the crossfade


def test_utterances_that_end_a_sentence_keep_a_breath_between_them(store, make_setup):
    job = line_job("long", "The first sentence ends.", "The second one too.")
    render([job], make_setup(), store)
    assert 0.25 < store.get(job.key).levels.longest_silence_s < 0.6


class BrokenEngine:
    """Raises what it is told to when a text holds `bad`, or answers with broken sound."""

    def __init__(self, fault):
        self.fault = fault
        self.calls = 0

    def load(self, request):
        if self.fault == "load":
            raise EngineError("weights are damaged")

    def synthesize(self, batch):
        from pipeline.audio import Audio
        from pipeline.engines.base import Speech

        self.calls += 1
        if isinstance(self.fault, Exception) and any("bad" in utterance.text for utterance in batch):
            raise self.fault
        if self.fault == "oom" and len(batch) > 2:
            raise MemoryError
        value = np.nan if self.fault == "nan" else 0.1
        sound = Audio.mono(np.full(8000, value), 16_000)
        return [Speech(dataclasses.replace(sound)) for _ in batch]

    def bytes_held(self):
        return 1000

    def unload(self):
        pass


def speak_with(fault, jobs, setup):
    engine = BrokenEngine(fault)
    return Worker(0, setup, create=lambda name: engine).speak(jobs), engine


@pytest.mark.parametrize("fault", [RuntimeError("shape mismatch"), ZeroDivisionError(), LineError("no")])
def test_an_exception_in_an_engine_costs_one_line_and_not_the_batch(fault, make_setup):
    jobs = [line_job(str(n), "This is bad." if n == 5 else f"Line {n}.") for n in range(8)]
    result, _ = speak_with(fault, jobs, make_setup())
    assert [failed.line_id for failed in result.failed] == ["5"]
    assert len(result.made) == 7


def test_a_batch_that_does_not_fit_is_halved_until_it_does(make_setup):
    result, engine = speak_with("oom", [line_job(str(n), f"Line {n}.") for n in range(8)], make_setup())
    assert len(result.made) == 8
    assert engine.calls == 7  # 8, then 4 and 4, then four times 2


def test_sound_that_is_not_finite_is_a_failed_line_and_never_a_take(make_setup, store):
    result, _ = speak_with("nan", [line_job("1", "Hello.")], make_setup())
    assert "not finite" in result.failed[0].reason
    assert list(store.all_keys()) == []


def test_a_model_that_does_not_load_sets_all_its_lines_aside_once(make_setup, store):
    jobs = [line_job(str(n), f"Line {n}.") for n in range(40)]
    events = []
    pool = LocalPool(make_setup())
    pool._worker = Worker(0, make_setup(), create=lambda name: BrokenEngine("load"))
    outcome = Run(jobs, pool, Schedule([job.job for job in jobs]), events.append).go(store.has)
    assert len(outcome.quarantined) == 40
    assert sum(isinstance(event, LineQuarantined) for event in events) == 40


def test_a_store_that_cannot_be_written_stops_the_run_and_says_where(make_setup, store, tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="store"):
        render([line_job("1", "Hello.")], make_setup(), store)


def test_a_take_that_is_there_already_is_not_made_twice(make_setup, store):
    jobs = [line_job(str(n), f"Line {n}.") for n in range(4)]
    render(jobs, make_setup(), store)
    before = {job.key: store.audio_path(job.key).stat().st_mtime_ns for job in jobs}
    outcome, _ = render(jobs, make_setup(), store)
    assert outcome.render_s == 0
    assert {job.key: store.audio_path(job.key).stat().st_mtime_ns for job in jobs} == before
