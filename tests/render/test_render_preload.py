"""Which models workers warm before the first line, by values."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.render.preload import choose_preloads


def test_models_with_the_most_work_are_warmed_first_each_in_one_worker():
    work_s = {"narrator": 100.0, "hero": 60.0, "aunt": 30.0, "cook": 5.0}
    chosen = choose_preloads(work_s, dict.fromkeys(work_s, 1), 2, [0, 1])
    assert chosen == {0: ("narrator", "cook"), 1: ("hero", "aunt")}


def test_what_does_not_fit_is_left_for_later_and_smaller_ones_still_come():
    chosen = choose_preloads({"a": 9.0, "b": 5.0, "c": 1.0}, {"a": 6, "b": 5, "c": 4}, 10, [0])
    assert chosen == {0: ("a", "c")}


def test_workers_left_over_share_the_model_with_the_most_work_for_each():
    chosen = choose_preloads({"a": 90.0, "b": 40.0}, {"a": 1, "b": 1}, 1, [0, 1, 2, 3])
    assert chosen == {0: ("a",), 1: ("b",), 2: ("a",), 3: ("a",)}


def test_hot_models_come_before_those_with_more_work():
    chosen = choose_preloads({"a": 9.0, "b": 5.0, "c": 1.0}, {"a": 5, "b": 5, "c": 5}, 10, [0], {"c"})
    assert chosen == {0: ("c", "a")}


def test_a_model_without_work_is_not_warmed():
    assert choose_preloads({"a": 0.0}, {"a": 1}, 10, [0]) == {}


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.floats(0, 100), st.integers(0, 12))),
    st.integers(1, 30),
    st.integers(1, 5),
)
def test_no_worker_is_given_more_than_its_budget_and_no_model_twice_the_same(models, budget, workers):
    work_s = {model: work for model, (work, _) in models.items()}
    size = {model: bytes_ for model, (_, bytes_) in models.items()}
    chosen = choose_preloads(work_s, size, budget, range(workers))
    for given_ in chosen.values():
        assert sum(size[model] for model in given_) <= budget
        assert len(set(given_)) == len(given_)
        assert all(work_s[model] > 0 for model in given_)
    if len(models) >= workers:
        all_given = [model for given_ in chosen.values() for model in given_]
        assert len(all_given) - len(set(all_given)) < workers
