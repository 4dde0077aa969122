"""The model cache's books against a simple reference: budget, pins, least recently used."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.errors import MissingError
from pipeline.render.cache import CachePolicy

BUDGET = 100


def test_the_least_recently_used_model_goes_first():
    policy = CachePolicy(BUDGET)
    for model in "abc":
        policy.admit(model, 30)
    policy.pin("a")
    policy.unpin("a")
    assert policy.room_for("d", 30) == ("b",)


def test_a_model_in_use_is_never_named_for_eviction():
    policy = CachePolicy(BUDGET)
    policy.admit("a", 60)
    policy.pin("a")
    policy.admit("b", 40)
    assert policy.room_for("c", 40) == ("b",)
    with pytest.raises(MissingError, match="no room"):
        policy.room_for("c", 41)


def test_a_model_larger_than_the_budget_is_one_clear_error():
    with pytest.raises(MissingError, match="needs 101 MB and the memory budget is 100 MB; give --memory"):
        CachePolicy(100_000_000).room_for("huge", 101_000_000)


def test_admitting_without_room_is_refused():
    policy = CachePolicy(BUDGET)
    policy.admit("a", 90)
    with pytest.raises(MissingError):
        policy.admit("b", 20)
    assert policy.models() == ("a",)


def test_a_model_that_grew_is_counted_at_its_new_size():
    policy = CachePolicy(BUDGET)
    policy.admit("a", 40)
    policy.admit("b", 40)
    assert policy.room_for("b", 70) == ("a",)
    policy.evict("a")
    policy.admit("b", 70)
    assert policy.held_bytes == 70


class CacheAgainstReference(RuleBasedStateMachine):
    """Random loads, uses and failures; a list of (model, size) in order of use is the reference."""

    def __init__(self):
        super().__init__()
        self.policy = CachePolicy(BUDGET)
        self.reference: list[tuple[str, int]] = []
        self.pins: list[str] = []

    @rule(model=st.sampled_from("abcdef"), size=st.integers(1, 120), fails=st.booleans())
    def load(self, model, size, fails):
        if model in self.pins:
            return
        known = dict(self.reference)
        others = [(m, s) for m, s in self.reference if m != model]
        evictable = [m for m, _ in others if m not in self.pins]
        pinned = sum(s for m, s in others if m in self.pins)
        try:
            evict = self.policy.room_for(model, size)
        except MissingError:
            assert size > BUDGET - pinned
            return
        free = BUDGET - sum(s for _, s in others)
        expected = []
        for victim in evictable:
            if free >= size:
                break
            expected.append(victim)
            free += known[victim]
        assert list(evict) == expected
        for victim in evict:
            self.policy.evict(victim)
        self.reference = [(m, s) for m, s in self.reference if m not in evict]
        if fails:
            return
        self.policy.admit(model, size)
        self.reference = [(m, s) for m, s in self.reference if m != model] + [(model, size)]

    @precondition(lambda self: self.reference)
    @rule(data=st.data())
    def use(self, data):
        model, size = data.draw(st.sampled_from(self.reference))
        self.policy.pin(model)
        self.pins.append(model)
        self.reference = [(m, s) for m, s in self.reference if m != model] + [(model, size)]

    @precondition(lambda self: self.pins)
    @rule(data=st.data())
    def release(self, data):
        model = data.draw(st.sampled_from(self.pins))
        self.policy.unpin(model)
        self.pins.remove(model)

    @invariant()
    def bytes_stay_under_the_budget_and_pinned_models_stay_in(self):
        assert self.policy.held_bytes <= BUDGET
        assert list(self.policy.models()) == [model for model, _ in self.reference]
        assert set(self.pins) <= set(self.policy.models())


TestCacheAgainstReference = CacheAgainstReference.TestCase
TestCacheAgainstReference.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(st.integers(1, 10))
def test_a_model_pinned_twice_is_free_after_two_releases(times):
    policy = CachePolicy(BUDGET)
    policy.admit("a", 100)
    for _ in range(times):
        policy.pin("a")
    for _ in range(times):
        with pytest.raises(MissingError):
            policy.room_for("b", 10)
        policy.unpin("a")
    assert policy.room_for("b", 10) == ("a",)
