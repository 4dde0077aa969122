"""Parts that models share: counted once, held while a model has them, evicted last; against a reference."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.errors import MissingError
from pipeline.render.cache import CachePolicy

BUDGET = 100
PARTS = {"a": {"V": 30, "X": 10}, "b": {"V": 30}, "c": {"X": 10, "W": 25}, "e": {"huge": 101}}


def policy_with(*models: tuple[str, int]) -> CachePolicy:
    policy = CachePolicy(BUDGET, PARTS)
    for model, size in models:
        policy.begin(model, size)
        policy.finish(model, size)
    return policy


def test_a_part_of_two_models_is_held_once():
    policy = policy_with(("a", 10), ("b", 20))
    assert policy.held_bytes == 10 + 20 + 30 + 10
    assert policy.parts() == ("X", "V")  # V was needed later


def test_a_part_stays_while_one_of_its_models_does_and_outlives_the_last():
    policy = policy_with(("a", 10), ("b", 20))
    policy.evict("a")
    assert policy.idle_parts() == ("X",)
    with pytest.raises(ValueError, match="V is part of a model that is in or coming"):
        policy.evict("V")
    policy.evict("b")
    assert policy.parts() == ("X", "V") and policy.held_bytes == 40
    assert policy.evict("V") == 30


def test_parts_go_after_every_model_that_may_go():
    policy = policy_with(("a", 10), ("b", 20), ("d", 20))
    assert policy.room_for("f", 20) == ("a",)
    assert policy.room_for("f", 60) == ("a", "b", "d")
    assert policy.room_for("f", 61) == ("a", "b", "d", "X")
    assert policy.room_for("f", 100) == ("a", "b", "d", "X", "V")
    policy.pin("b")
    assert policy.room_for("f", 50) == ("a", "d", "X")
    assert policy.room_for("f", 51) is None


def test_a_model_whose_part_is_there_needs_room_for_itself_alone():
    policy = policy_with(("a", 10), ("d", 40))
    policy.pin("d")
    assert policy.room_for("b", 10) == ()
    assert policy.room_for("b", 11) == ("a",)
    assert policy.room_for("c", 0) == ("a", "V")  # one part is there and stays, the other comes


def test_a_model_that_is_too_large_with_its_parts_is_one_clear_error():
    with pytest.raises(MissingError, match="model b needs"):
        policy_with().room_for("b", 71)
    with pytest.raises(MissingError, match="model e needs"):
        policy_with().room_for("e", 0)


def test_a_failed_load_leaves_no_part_behind_that_came_with_it():
    policy = policy_with(("b", 10))
    policy.begin("a", 10)
    assert policy.fail("a") == ("X",)
    assert policy.parts() == ("V",) and policy.held_bytes == 40
    policy.begin("a", 10)
    policy.begin("c", 10)
    assert policy.fail("a") == ()  # the other load has the part now
    assert policy.fail("c") == ("W",)
    assert policy.idle_parts() == ("X",)


class PartsAgainstReference(RuleBasedStateMachine):
    """Random loads, uses, failures and evictions; sets and lists are the reference."""

    def __init__(self):
        super().__init__()
        self.policy = CachePolicy(BUDGET, PARTS)
        self.held: list[tuple[str, int]] = []
        self.coming: dict[str, int] = {}
        self.pins: list[str] = []
        self.parts: dict[str, int] = {}

    def needed(self, models) -> set[str]:
        return {part for model in models for part in PARTS.get(model, {})}

    def used(self) -> int:
        return sum(size for _, size in self.held) + sum(self.coming.values()) + sum(self.parts.values())

    def make_room(self, model: str, size: int) -> bool:
        """What the policy says must go is as little as can be, models first; it goes."""
        needs = PARTS.get(model, {})
        try:
            evict = self.policy.room_for(model, size)
        except MissingError:
            assert size + sum(needs.values()) > BUDGET
            return False
        now = dict(self.held).get(model, 0) + self.coming.get(model, 0)
        wanted = size + sum(bytes_ for part, bytes_ in needs.items() if part not in self.parts)
        free = BUDGET - self.used() + now
        idle = [each for each, _ in self.held if each not in self.pins and each != model]
        gone = []
        while free < wanted and idle:
            gone.append(idle.pop(0))
            free += dict(self.held)[gone[-1]]
        stay = {each for each, _ in self.held if each not in gone} | set(self.coming) | {model}
        spare = [part for part in self.parts if part not in self.needed(stay)]
        if evict is None:
            assert free + sum(self.parts[part] for part in spare) < wanted and not idle
            return False
        chosen = [part for part in evict if part in self.parts]
        assert [each for each in evict if each not in self.parts] == gone
        assert set(chosen) <= set(spare) and evict[len(gone) :] == tuple(chosen)
        if chosen:
            assert not idle  # parts go last
            assert free + sum(self.parts[part] for part in chosen[:-1]) < wanted  # and none in vain
        for each in evict:
            self.policy.evict(each)
            self.parts.pop(each, None)
        self.held = [(each, size_) for each, size_ in self.held if each not in gone]
        return True

    @rule(model=st.sampled_from("abcd"), size=st.integers(0, 90))
    def load_begin(self, model, size):
        if model in self.coming or model in dict(self.held):
            return
        if self.make_room(model, size):
            self.policy.begin(model, size)
            self.coming[model] = size
            self.parts = {**PARTS.get(model, {}), **self.parts}
        else:
            with pytest.raises(ValueError):
                self.policy.begin(model, size)

    @precondition(lambda self: self.coming)
    @rule(data=st.data(), growth=st.integers(-30, 30), fails=st.booleans())
    def load_end(self, data, growth, fails):
        model = data.draw(st.sampled_from(sorted(self.coming)))
        size = max(0, self.coming[model] + growth)
        if not fails and self.make_room(model, size):
            self.policy.finish(model, size)
            del self.coming[model]
            self.held.append((model, size))
            return
        del self.coming[model]
        for part in self.policy.fail(model):
            assert part in PARTS[model] and part not in self.needed([*dict(self.held), *self.coming])
            del self.parts[part]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), pinned=st.booleans())
    def use(self, data, pinned):
        model, size = data.draw(st.sampled_from(self.held))
        (self.policy.pin if pinned else self.policy.touch)(model)
        self.pins += [model] * pinned
        self.held = [(m, s) for m, s in self.held if m != model] + [(model, size)]

    @precondition(lambda self: self.pins)
    @rule(data=st.data())
    def release(self, data):
        model = data.draw(st.sampled_from(self.pins))
        self.policy.unpin(model)
        self.pins.remove(model)

    @rule()
    def shortage(self):
        for model in self.policy.idle():
            self.policy.evict(model)
            self.held = [(m, s) for m, s in self.held if m != model]
        for part in self.policy.idle_parts():
            self.policy.evict(part)
            del self.parts[part]
        assert set(self.parts) == self.needed([*dict(self.held), *self.coming])

    @invariant()
    def every_part_is_counted_once_and_there_while_it_is_needed(self):
        assert self.policy.held_bytes == self.used() <= BUDGET
        assert set(self.policy.parts()) == set(self.parts)
        needed = self.needed([*dict(self.held), *self.coming])
        assert needed <= set(self.parts)
        assert set(self.policy.idle_parts()) == set(self.parts) - needed
        assert set(self.pins) <= set(self.policy.models())
        assert list(self.policy.models()) == [model for model, _ in self.held]


TestPartsAgainstReference = PartsAgainstReference.TestCase
TestPartsAgainstReference.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 60)), max_size=12))
def test_without_parts_in_common_the_books_are_those_of_models_alone(loads):
    apart = {
        model: {f"{model}-{part}": size for part, size in PARTS.get(model, {}).items()} for model in "abcd"
    }
    policy = CachePolicy(10_000, apart)
    total = {}
    for model, size in loads:
        if model not in total:
            policy.begin(model, size)
            policy.finish(model, size)
            total[model] = size + sum(apart[model].values())
    assert policy.held_bytes == sum(total.values())
