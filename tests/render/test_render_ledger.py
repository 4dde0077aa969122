"""Which book is complete, whatever the order in which takes come in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.render.ledger import Ledger, rank_of

books_strategy = st.lists(
    st.tuples(st.integers(-9, 9), st.sets(st.integers(0, 12).map(str), max_size=8)), min_size=1, max_size=8
)


@given(books_strategy, st.randoms(use_true_random=False), st.lists(st.integers(0, 7), max_size=8))
@settings(max_examples=200, deadline=None)
def test_each_book_is_complete_once_and_exactly_when_its_last_take_is_settled(books, rng, late):
    ledger, given_out, settled, handed = Ledger(), [], set(), []
    waiting = list(enumerate(books))
    order = sorted({key for _, keys in books for key in keys})
    rng.shuffle(order)

    def check() -> None:
        while (name := ledger.next_complete()) is not None:
            given_out.append(name)
        there = {str(n): keys for n, (_, keys) in enumerate(books) if not any(n == m for m, _ in waiting)}
        assert sorted(given_out) == sorted(name for name, keys in there.items() if keys <= settled)
        assert set(ledger.open_books()) == set(there) - set(given_out)

    while waiting or order:
        if waiting and (not order or rng.random() < 0.5):
            number, (priority, keys) = waiting.pop(0)
            new = ledger.add(str(number), rank_of(priority, number), sorted(keys))
            assert set(new) == keys - settled - set(handed)
            handed += new
        else:
            key = order.pop()
            settled.add(key)
            ledger.settle(key)
        check()
    assert sorted(given_out) == sorted(str(number) for number in range(len(books)))
    assert len(handed) == len(set(handed))


@given(books_strategy)
@settings(max_examples=100, deadline=None)
def test_complete_books_are_given_out_by_priority_and_then_as_they_came(books):
    ledger = Ledger()
    for number, (priority, _) in enumerate(books):
        ledger.add(str(number), rank_of(priority, number), ())
    given_out = []
    while (name := ledger.next_complete()) is not None:
        given_out.append(int(name))
    assert given_out == sorted(range(len(books)), key=lambda number: (-books[number][0], number))


def test_a_take_that_two_books_want_is_made_once_and_settles_both():
    ledger = Ledger()
    assert ledger.add("a", 1, ["x", "y"]) == ["x", "y"]
    assert ledger.add("b", 0, ["y"]) == []
    assert ledger.wanting("y") == ("b", "a")
    assert ledger.settle("y") == ("b", "a")
    assert ledger.next_complete() == "b"
    assert ledger.next_complete() is None
    ledger.settle("x")
    assert ledger.next_complete() == "a"


def test_a_take_settled_twice_completes_nothing_twice():
    ledger = Ledger()
    ledger.add("a", 0, ["x"])
    assert ledger.settle("x") == ("a",)
    assert ledger.settle("x") == ()
    assert ledger.next_complete() == "a"
    assert ledger.next_complete() is None


def test_a_book_cannot_be_added_twice():
    ledger = Ledger()
    ledger.add("a", 0, ["x"])
    with pytest.raises(ValueError, match="added before"):
        ledger.add("a", 0, ["x"])


def test_a_book_that_is_dropped_leaves_what_others_want_and_is_never_complete():
    ledger = Ledger()
    ledger.add("a", 0, ["x", "y"])
    ledger.add("b", 1, ["y"])
    assert ledger.drop("a") == ["x"]
    assert ledger.wanting("y") == ("b",)
    ledger.settle("y")
    assert ledger.next_complete() == "b"
    assert ledger.next_complete() is None
    ledger.add("c", 2, ())
    assert ledger.drop("c") == []
    assert ledger.next_complete() is None
