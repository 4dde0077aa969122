"""Loaded models of one worker: the next is read while another speaks, and memory stays under the budget."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import EngineError, MissingError
from pipeline.events import (
    MemoryRanOut,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    ModelLoadFailed,
    ModelMissed,
    WorkerStalled,
)
from pipeline.render.shelf import ModelShelf

SIZE = 10
PATIENCE_S = 20.0


class FakeModel:
    """Holds what it is told to; `unload` gives it back."""

    def __init__(self, size):
        self.size = size

    def bytes_held(self):
        return self.size

    def unload(self):
        self.size = 0


class Loads:
    """A loader that waits where a gate is shut, and fails as often as it is told to."""

    def __init__(self, measured=None, errors=None, gated=()):
        self.measured = measured or {}
        self.errors = {model: list(errors) for model, errors in (errors or {}).items()}
        self.gates = {model: threading.Event() for model in gated}
        self.made = []

    def __call__(self, model):
        if model in self.gates:
            assert self.gates[model].wait(PATIENCE_S)
        if self.errors.get(model):
            raise self.errors[model].pop(0)
        self.made.append(FakeModel(self.measured.get(model, SIZE)))
        return self.made[-1]


@pytest.fixture
def shelf_with():
    made = []

    def make(budget, loads, sizes=None):
        events = []
        promised = dict.fromkeys("abcdef", SIZE) | (sizes or {})
        made.append(ModelShelf(0, budget, promised, loads, events.append))
        return made[-1], events

    yield make
    for shelf in made:
        shelf.close()


def of(events, kind):
    return [event.model for event in events if isinstance(event, kind)]


def held(loads):
    return sum(model.size for model in loads.made)


def test_a_model_is_loaded_when_it_is_needed_and_found_ready_from_then_on(shelf_with):
    shelf, events = shelf_with(30, Loads())
    for _ in range(3):
        with shelf.use("a"):
            pass
    assert of(events, ModelMissed) == ["a"] and of(events, ModelHit) == ["a", "a"]
    assert of(events, ModelLoaded) == of(events, WorkerStalled) == ["a"]


def test_the_expected_model_is_loaded_while_another_is_in_use(shelf_with):
    shelf, events = shelf_with(20, Loads())
    with shelf.use("a"):
        shelf.expect(["b"])
        shelf.await_loads()
        assert set(shelf.models()) == {"a", "b"}
    with shelf.use("b"):
        pass
    assert [event.ahead for event in events if isinstance(event, ModelLoadBegan)] == [False, True]
    assert of(events, ModelHit) == ["b"]


def test_a_model_in_the_loaders_hands_is_waited_for_and_not_loaded_again(shelf_with):
    loads = Loads(gated="b")
    shelf, events = shelf_with(20, loads)
    with shelf.use("a"):
        shelf.expect(["b"])
    threading.Timer(0.05, loads.gates["b"].set).start()
    with shelf.use("b"):
        pass
    assert of(events, ModelLoadBegan) == ["a", "b"]
    assert of(events, WorkerStalled) == ["a", "b"]


def test_nothing_is_loaded_ahead_without_room_beside_what_is_in_use(shelf_with):
    shelf, events = shelf_with(15, Loads())
    with shelf.use("a"):
        shelf.expect(["b"])
        shelf.await_loads()
        assert shelf.models() == ("a",)
    with shelf.use("b"):
        assert shelf.models() == ("b",)
    assert of(events, ModelEvicted) == ["a"]


def test_the_least_recently_used_makes_room_for_the_expected_and_the_expected_never_do(shelf_with):
    shelf, events = shelf_with(30, Loads())
    for model in "abc":
        with shelf.use(model):
            pass
    with shelf.use("c"):
        shelf.expect(["d", "a"])
        shelf.await_loads()
    assert of(events, ModelEvicted) == ["b"]
    assert set(shelf.models()) == {"a", "c", "d"}


def test_a_load_that_fails_ahead_is_the_same_error_when_its_model_is_needed(shelf_with):
    shelf, events = shelf_with(30, Loads(errors={"b": [EngineError("weights are damaged")]}))
    with shelf.use("a"):
        shelf.expect(["b"])
        shelf.await_loads()
    assert shelf.models() == ("a",) and of(events, ModelLoadFailed) == ["b"]
    with pytest.raises(EngineError, match="weights are damaged"), shelf.use("b"):
        pass
    with shelf.use("a"):
        pass


def test_a_foreign_exception_in_the_loader_thread_reaches_whoever_needs_the_model(shelf_with):
    shelf, _ = shelf_with(30, Loads(errors={"b": [ZeroDivisionError("in native code")]}))
    with shelf.use("a"):
        shelf.expect(["b"])
        shelf.await_loads()
    with pytest.raises(ZeroDivisionError), shelf.use("b"):
        pass


def test_a_model_larger_than_the_budget_is_refused_before_it_is_loaded(shelf_with):
    loads = Loads()
    shelf, _ = shelf_with(30, loads, sizes={"b": 31})
    with pytest.raises(MissingError, match="memory budget"), shelf.use("b"):
        pass
    with shelf.use("a"):
        shelf.expect(["b"])
        shelf.await_loads()
    with pytest.raises(MissingError, match="memory budget"), shelf.use("b"):
        pass
    assert len(loads.made) == 1


def test_a_model_larger_than_it_promised_waits_until_there_is_room(shelf_with):
    loads = Loads(measured={"b": 25})
    shelf, events = shelf_with(30, loads)
    with shelf.use("a"):
        shelf.expect(["b"])
        shelf.await_loads()
        assert shelf.models() == ("a",) and held(loads) == SIZE
        shelf.expect(["b"])
        shelf.await_loads()
    with shelf.use("b"):
        assert shelf.models() == ("b",) and held(loads) == 25
    # Once at its promise, once at its size; between them nobody tries.
    assert of(events, ModelLoadBegan) == ["a", "b", "b"]


def test_a_model_that_outgrows_the_budget_is_an_error_after_its_lines_are_spoken(shelf_with):
    loads = Loads()
    shelf, events = shelf_with(30, loads)
    spoken = False
    with pytest.raises(MissingError, match="memory budget"), shelf.use("a") as engine:
        engine.size, spoken = 31, True
    assert spoken and shelf.models() == () and held(loads) == 0
    assert of(events, ModelEvicted) == ["a"]


def test_an_error_while_speaking_is_not_hidden_by_one_about_growth(shelf_with):
    shelf, _ = shelf_with(30, Loads())
    with pytest.raises(EngineError, match="can go on no more"), shelf.use("a") as engine:
        engine.size = 31
        raise EngineError("can go on no more")


def test_a_model_that_grew_beyond_the_room_beside_a_load_in_flight_goes(shelf_with):
    loads = Loads(gated="b")
    shelf, events = shelf_with(20, loads)
    with shelf.use("a") as engine:
        shelf.expect(["b"])
        engine.size = 11
    assert shelf.models() == ("b",)
    assert of(events, ModelEvicted) == ["a"]
    loads.gates["b"].set()


def test_memory_that_runs_out_in_a_load_costs_idle_models_and_not_the_run(shelf_with):
    shelf, events = shelf_with(30, Loads(errors={"b": [MemoryError()]}))
    with shelf.use("a"):
        pass
    with shelf.use("b"):
        pass
    assert of(events, MemoryRanOut) == ["b"] and of(events, ModelEvicted) == ["a"]


def test_a_model_that_does_not_fit_in_memory_at_all_is_one_clear_error(shelf_with):
    shelf, _ = shelf_with(30, Loads(errors={"a": [MemoryError(), MemoryError()]}))
    clear = "model a does not fit in memory; use fewer --workers"
    with pytest.raises(EngineError, match=clear), shelf.use("a"):
        pass


def test_memory_that_runs_out_ahead_is_tried_again_when_nothing_else_is_in_use(shelf_with):
    shelf, _ = shelf_with(30, Loads(errors={"b": [MemoryError(), MemoryError()]}))
    with shelf.use("a"):
        for _ in range(2):
            shelf.expect(["b"])
            shelf.await_loads()
    with shelf.use("b"):
        assert "b" in shelf.models()


def test_a_closed_shelf_holds_nothing_even_if_a_load_ends_later(shelf_with):
    loads = Loads(gated="b")
    shelf, _ = shelf_with(30, loads)
    with shelf.use("a"):
        shelf.expect(["b"])
    threading.Timer(0.05, loads.gates["b"].set).start()
    shelf.close()
    deadline = time.monotonic() + PATIENCE_S
    while len(loads.made) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(loads.made) == 2 and held(loads) == 0


def test_measured_bytes_never_pass_the_budget_whatever_is_used_and_expected(shelf_with):
    loads = Loads(measured={"a": 10, "b": 14, "c": 7, "d": 3})
    shelf, _ = shelf_with(25, loads)
    for number in range(60):
        with shelf.use("abcd"[number * number % 4]):
            shelf.expect(["abcd"[(number + 1) ** 2 % 4], "abcd"[number % 4]])
            shelf.await_loads()
            assert held(loads) <= 25


steps = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.lists(st.sampled_from("abcd"), max_size=3, unique=True),
        st.integers(0, 6),
        st.booleans(),
    ),
    max_size=25,
)


@given(steps, st.fixed_dictionaries({model: st.integers(5, 14) for model in "abcd"}), st.integers(15, 40))
@settings(max_examples=60, deadline=None)
def test_whatever_is_used_expected_grown_and_failed_the_budget_holds_and_no_model_is_there_twice(
    steps, measured, budget
):
    loads, events = Loads(measured), []
    shelf = ModelShelf(0, budget, dict.fromkeys("abcd", SIZE), loads, events.append)
    for model, expected, growth, fails in steps:
        loads.errors[expected[0] if expected else model] = [EngineError("damaged")] if fails else []
        try:
            with shelf.use(model) as engine:
                shelf.expect(expected)
                shelf.await_loads()
                assert held(loads) <= budget
                engine.size += growth
        except (EngineError, MissingError):
            pass
        shelf.await_loads()
        assert held(loads) <= budget
        assert len(set(shelf.models())) == len(shelf.models()) == sum(one.size > 0 for one in loads.made)
    shelf.close()
    assert held(loads) == 0
    ended = [event.model for event in events if isinstance(event, ModelLoaded | ModelLoadFailed)]
    assert sorted(of(events, ModelLoadBegan)) == sorted(ended)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_model_that_failed_to_load_is_not_tried_again_for_the_batches_in_flight(shelf_with, ahead):
    loads = Loads(errors={"a": [EngineError("weights are damaged")] * 3})
    shelf, events = shelf_with(100, loads)
    if ahead:
        shelf.expect(["a"])
        shelf.await_loads()
    for _ in range(3):
        with pytest.raises(EngineError, match="weights are damaged"), shelf.use("a"):
            pass
    assert of(events, ModelLoadBegan) == of(events, ModelLoadFailed) == ["a"]
