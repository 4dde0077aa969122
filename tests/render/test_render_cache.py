"""The model cache's books against a simple reference: budget, pins, loads in flight, least recently used."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.errors import MissingError
from pipeline.render.cache import CachePolicy

BUDGET = 100


def with_models(*models: tuple[str, int], budget: int = BUDGET) -> CachePolicy:
    policy = CachePolicy(budget)
    for model, size in models:
        policy.begin(model, size)
        policy.finish(model, size)
    return policy


def test_the_least_recently_used_model_goes_first():
    policy = with_models(("a", 30), ("b", 30), ("c", 30))
    policy.pin("a")
    policy.unpin("a")
    assert policy.room_for("d", 30) == ("b",)


def test_a_model_that_is_expected_is_as_recent_as_one_that_was_used():
    policy = with_models(("a", 30), ("b", 30), ("c", 30))
    policy.touch("a")
    assert policy.room_for("d", 60) == ("b", "c")


def test_a_model_in_use_is_never_named_for_eviction_and_what_needs_its_room_must_wait():
    policy = with_models(("a", 60), ("b", 40))
    policy.pin("a")
    assert policy.room_for("c", 40) == ("b",)
    assert policy.room_for("c", 41) is None
    with pytest.raises(ValueError, match="a is in use"):
        policy.evict("a")


def test_a_model_larger_than_the_budget_is_one_clear_error():
    with pytest.raises(MissingError, match="needs 101 MB and the memory budget of a worker is 100 MB; give"):
        CachePolicy(100_000_000).room_for("huge", 101_000_000)


def test_a_load_in_flight_holds_its_room_and_cannot_be_evicted():
    policy = with_models(("a", 50))
    policy.begin("b", 40)
    assert (policy.held_bytes, policy.models(), policy.loading()) == (90, ("a",), ("b",))
    assert policy.room_for("c", 20) == ("a",)
    assert policy.room_for("c", 61) is None


def test_a_failed_load_leaves_nothing_behind():
    policy = with_models(("a", 50))
    policy.begin("b", 50)
    policy.fail("b")
    assert (policy.held_bytes, policy.models(), policy.loading()) == (50, ("a",), ())
    policy.begin("b", 50)


def test_a_model_is_never_loaded_twice_at_a_time():
    policy = with_models(("a", 10))
    policy.begin("b", 10)
    for model in "ab":
        with pytest.raises(ValueError, match="loaded already, or being loaded"):
            policy.begin(model, 10)


def test_a_load_without_room_is_refused():
    policy = with_models(("a", 90))
    with pytest.raises(ValueError, match="no room"):
        policy.begin("b", 20)
    assert policy.models() == ("a",)


def test_a_model_that_comes_out_larger_than_it_promised_needs_room_for_the_difference():
    policy = with_models(("a", 40), ("b", 40))
    policy.begin("c", 20)
    assert policy.room_for("c", 50) == ("a",)
    with pytest.raises(ValueError, match="no room"):
        policy.finish("c", 50)
    policy.evict("a")
    policy.finish("c", 50)
    assert (policy.held_bytes, policy.models()) == (90, ("b", "c"))


def test_a_model_that_grew_is_counted_at_its_new_size():
    policy = with_models(("a", 40), ("b", 40))
    assert policy.room_for("b", 70) == ("a",)
    policy.evict("a")
    policy.resize("b", 70)
    assert policy.held_bytes == 70


class CacheAgainstReference(RuleBasedStateMachine):
    """Random acquires, releases, loads, growth; three lists are the reference.

    `held` is (model, size) in order of use, `coming` is what is being loaded, `pins` has one entry a use.
    """

    def __init__(self):
        super().__init__()
        self.policy = CachePolicy(BUDGET)
        self.held: list[tuple[str, int]] = []
        self.coming: dict[str, int] = {}
        self.pins: list[str] = []

    def used(self, without: str = "") -> int:
        sizes = self.held + list(self.coming.items())
        return sum(size for model, size in sizes if model != without)

    def make_room(self, model: str, size: int) -> bool:
        """What the policy says must go, checked against the reference, goes; whether there is room then."""
        try:
            evict = self.policy.room_for(model, size)
        except MissingError:
            assert size > BUDGET
            return False
        assert size <= BUDGET
        expected, free = [], BUDGET - self.used(without=model)
        for victim, held in self.held:
            if free >= size:
                break
            if victim != model and victim not in self.pins:
                expected.append(victim)
                free += held
        if evict is None:
            assert free < size
            return False
        assert free >= size and list(evict) == expected
        for victim in evict:
            assert self.policy.evict(victim) == dict(self.held)[victim]
        self.held = [(m, s) for m, s in self.held if m not in evict]
        return True

    @rule(model=st.sampled_from("abcdef"), size=st.integers(1, 120))
    def load_begin(self, model, size):
        if model in self.coming or model in dict(self.held):
            with pytest.raises(ValueError):
                self.policy.begin(model, 1)
        elif self.make_room(model, size):
            self.policy.begin(model, size)
            self.coming[model] = size
        else:
            with pytest.raises(ValueError):
                self.policy.begin(model, size)

    @precondition(lambda self: self.coming)
    @rule(data=st.data(), growth=st.integers(-30, 30))
    def load_end(self, data, growth):
        model = data.draw(st.sampled_from(sorted(self.coming)))
        size = max(1, self.coming[model] + growth)
        if self.make_room(model, size):
            self.policy.finish(model, size)
            self.held.append((model, size))
        else:
            with pytest.raises(ValueError):
                self.policy.finish(model, size)
            self.policy.fail(model)
        del self.coming[model]

    @precondition(lambda self: self.coming)
    @rule(data=st.data())
    def load_fail(self, data):
        model = data.draw(st.sampled_from(sorted(self.coming)))
        self.policy.fail(model)
        del self.coming[model]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), pinned=st.booleans())
    def acquire_or_expect(self, data, pinned):
        model, size = data.draw(st.sampled_from(self.held))
        if pinned:
            self.policy.pin(model)
            self.pins.append(model)
        else:
            self.policy.touch(model)
        self.held = [(m, s) for m, s in self.held if m != model] + [(model, size)]

    @precondition(lambda self: self.pins)
    @rule(data=st.data(), growth=st.integers(-10, 40))
    def release(self, data, growth):
        model = data.draw(st.sampled_from(self.pins))
        self.policy.unpin(model)
        self.pins.remove(model)
        size = max(1, dict(self.held)[model] + growth)
        if self.make_room(model, size):
            self.policy.resize(model, size)
            self.held = [(m, size if m == model else s) for m, s in self.held]

    @invariant()
    def bytes_stay_under_the_budget_and_what_is_in_use_stays_in(self):
        assert self.policy.held_bytes == self.used() <= BUDGET
        assert list(self.policy.models()) == [model for model, _ in self.held]
        assert self.policy.loading() == tuple(self.coming)
        assert set(self.pins) <= set(self.policy.models())
        assert set(self.policy.idle()) == set(self.policy.models()) - set(self.pins)


TestCacheAgainstReference = CacheAgainstReference.TestCase
TestCacheAgainstReference.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(st.integers(1, 10))
def test_a_model_pinned_twice_is_free_after_two_releases(times):
    policy = with_models(("a", 100))
    for _ in range(times):
        policy.pin("a")
    for _ in range(times):
        assert policy.room_for("b", 10) is None
        policy.unpin("a")
    assert policy.room_for("b", 10) == ("a",)
