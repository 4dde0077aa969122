"""Two models of one worker that share a vocoder hold it once; the tone engine plays both."""

import dataclasses
import threading

import pytest
from conftest_render import lines, of

from pipeline.engines.base import MadePart
from pipeline.engines.catalogue import create_engine
from pipeline.engines.entries import Part
from pipeline.engines.tone.engine import vocoder_table
from pipeline.errors import EngineError
from pipeline.events import ModelEvicted, ModelLoaded
from pipeline.render.parts import PartShelf, part_id
from pipeline.render.worker import Worker

VOCODER_BYTES = 4_000_000
VOCODER = vocoder_table("common", VOCODER_BYTES)
PART = Part("vocoder", VOCODER.sha256, VOCODER_BYTES)
OWN_BYTES = 2_000_000
PARAMETERS = {
    "memory_bytes": OWN_BYTES + VOCODER_BYTES,
    "promise_bytes": OWN_BYTES,
    "vocoder": "common",
    "vocoder_bytes": VOCODER_BYTES,
}


@pytest.fixture
def worker_with(make_setup):
    """A worker with the tone models a, b (with the common vocoder) and c (without), and its engines."""

    def make(memory_bytes, parts=None):
        models = {"tone@a": PARAMETERS, "tone@b": PARAMETERS, "tone@c": {"memory_bytes": 7_000_000}}
        setup = make_setup(memory_bytes, models)
        given = {"tone@a": (PART,), "tone@b": (PART,)} if parts is None else parts
        engines = {}

        def create(name):
            engine = create_engine(name)
            engines[len(engines)] = engine
            return engine

        return Worker(0, dataclasses.replace(setup, parts=given), create), engines

    return make


def names(events, kind):
    return [event.model for event in of(events, kind)]


def test_the_second_model_is_given_the_first_ones_vocoder_and_counts_its_own_bytes_alone(worker_with):
    worker, engines = worker_with(2 * OWN_BYTES + VOCODER_BYTES)
    events = [*worker.speak(lines("tone@a", 1)).events, *worker.speak(lines("tone@b", 1)).events]
    assert names(events, ModelLoaded) == ["tone@a", "tone@b"]
    assert [event.bytes for event in of(events, ModelLoaded)] == [OWN_BYTES, OWN_BYTES]
    assert names(events, ModelEvicted) == []
    assert engines[0]._vocoder is engines[1]._vocoder is not None


def test_models_that_do_not_declare_it_hold_a_vocoder_each_and_do_not_fit(worker_with):
    worker, engines = worker_with(2 * OWN_BYTES + VOCODER_BYTES, parts={})
    events = [*worker.speak(lines("tone@a", 1)).events, *worker.speak(lines("tone@b", 1)).events]
    assert [event.bytes for event in of(events, ModelLoaded)] == [OWN_BYTES + VOCODER_BYTES] * 2
    assert names(events, ModelEvicted) == ["tone@a"]
    assert engines[0]._vocoder is None


def test_the_vocoder_stays_when_a_model_goes_and_goes_when_nothing_else_can(worker_with):
    worker, engines = worker_with(8_000_000)
    worker.speak(lines("tone@a", 1))
    first = engines[0]._vocoder
    worker.speak(lines("tone@b", 1))
    result = worker.speak(lines("tone@c", 1))
    assert names(result.events, ModelEvicted) == ["tone@a", "tone@b", part_id(PART)]
    worker.speak(lines("tone@b", 2))
    assert engines[3]._vocoder is not first  # it was made anew
    assert result.cached == ("tone@c",)


def test_a_part_that_is_not_what_its_entry_says_is_refused_with_both_hashes(worker_with):
    for part, said in (
        (Part("vocoder", "a" * 64, VOCODER_BYTES), f"SHA-256 {VOCODER.sha256}, must be {'a' * 64}"),
        (Part("vocoder", VOCODER.sha256, 5), f"takes {VOCODER_BYTES} bytes, its entry says 5"),
    ):
        worker, _ = worker_with(50_000_000, parts={"tone@a": (part,)})
        result = worker.speak(lines("tone@a", 1))
        assert said in result.broken["tone@a"]
        # Nothing of it is left behind: the other model is loaded with room to spare.
        assert worker.speak(lines("tone@b", 1)).broken is None


def test_two_threads_that_need_a_part_at_once_make_it_once():
    made, gate = [], threading.Event()

    def make():
        made.append(1)
        assert gate.wait(20)
        return MadePart(object(), PART.sha256, 1)

    shelf = PartShelf({"a": (PART,), "b": (PART,)})
    got = {}
    threads = [
        threading.Thread(
            target=lambda model=model: got.update({model: shelf.of(model).share("vocoder", make)})
        )
        for model in "ab"
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert made == [1] and got["a"] is got["b"] and shelf.held() == (part_id(PART),)
    shelf.drop(part_id(PART))
    assert shelf.held() == ()


def test_a_part_whose_making_fails_is_made_by_the_next_that_needs_it():
    shelf = PartShelf({"a": (PART,), "b": (PART,)})

    def fail():
        raise EngineError("no memory")

    with pytest.raises(EngineError, match="no memory"):
        shelf.of("a").share("vocoder", fail)
    assert shelf.of("b").share("vocoder", lambda: MadePart("made", PART.sha256, 1)) == "made"
    assert "vocoder" in shelf.of("b") and "acoustic" not in shelf.of("b")
