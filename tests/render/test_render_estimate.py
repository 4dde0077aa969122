"""What a run learns of how long its work takes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.render.estimate import DEADLINE_FLOOR_S, PATIENCE, Estimator

seconds = st.floats(0.001, 1000)


def test_before_anything_was_heard_the_plan_is_believed():
    estimator = Estimator()
    assert estimator.pace("a") == estimator.worker_pace(0) == 1.0
    assert estimator.expected_s("a", 12.0, worker=3) == 12.0


@given(st.floats(0.2, 5.0), st.integers(0, 1000))
def test_a_wrong_speed_is_found_within_twenty_lines(factor, seed):
    rng, estimator = random.Random(seed), Estimator()
    for number in range(20):
        planned_s = rng.uniform(1, 8)
        estimator.learn("a", number % 4, planned_s, planned_s * factor * rng.uniform(0.8, 1.25))
    assert estimator.pace("a") == pytest.approx(factor, rel=0.4)


def test_one_odd_line_changes_little():
    estimator = Estimator()
    for _ in range(50):
        estimator.learn("a", 0, 4.0, 4.0)
    estimator.learn("a", 0, 4.0, 40.0)
    assert 1.0 < estimator.pace("a") < 1.25


def test_a_slow_worker_is_told_from_a_slow_model():
    estimator = Estimator()
    for number in range(400):
        worker = number % 4
        estimator.learn("a", worker, 4.0, 8.0 * (4.0 if worker == 3 else 1.0))
    assert estimator.worker_pace(3) / estimator.worker_pace(0) == pytest.approx(4.0, rel=0.2)
    assert estimator.expected_s("a", 4.0, worker=3) == pytest.approx(32.0, rel=0.2)
    assert estimator.expected_s("a", 4.0, worker=0) == pytest.approx(8.0, rel=0.2)


def test_a_worker_that_becomes_slow_is_noticed_and_forgotten_when_it_is_started_again():
    estimator = Estimator()
    for factor in (1.0, 5.0):
        for number in range(300):
            worker = number % 4
            estimator.learn("a", worker, 4.0, 4.0 * (factor if worker == 0 else 1.0))
    assert estimator.worker_pace(0) / estimator.worker_pace(1) > 3.0
    estimator.forget_worker(0)
    assert estimator.worker_pace(0) == 1.0


def test_slowness_is_measured_by_the_worker_in_the_middle():
    estimator = Estimator()
    for number in range(2000):
        worker = number % 10
        estimator.learn("a", worker, 4.0, 4.0 * (3.0 if worker in (1, 4) else 1.0))
    assert estimator.slowness(0) == pytest.approx(1.0, rel=0.02)
    assert estimator.slowness(1) == pytest.approx(3.0, rel=0.1)


def test_models_do_not_teach_each_other():
    estimator = Estimator()
    for _ in range(20):
        estimator.learn("slow", 0, 1.0, 3.0)
    assert estimator.pace("other") == 1.0


@given(st.lists(st.tuples(seconds, seconds, st.integers(1, 32)), max_size=30), seconds)
def test_a_deadline_is_always_later_than_what_is_expected(heard, planned_s):
    estimator = Estimator()
    for planned, took, lines in heard:
        estimator.learn("a", 0, planned, took, lines)
    expected_s = estimator.expected_s("a", planned_s, 0)
    assert estimator.deadline_s("a", planned_s, 0) >= DEADLINE_FLOOR_S + PATIENCE * expected_s - 1e-6


def test_patience_is_longest_before_a_model_was_heard():
    heard, unheard = Estimator(), Estimator()
    for _ in range(100):
        heard.learn("a", 0, 2.0, 2.0)
    assert unheard.deadline_s("a", 100.0) > 5 * heard.deadline_s("a", 100.0)


def test_longer_work_and_a_load_to_come_have_a_later_deadline():
    estimator = Estimator()
    assert estimator.deadline_s("a", 20.0) > estimator.deadline_s("a", 2.0)
    assert estimator.deadline_s("a", 2.0, load_s=30.0) > estimator.deadline_s("a", 2.0)


def test_the_time_left_counts_a_slow_worker_for_what_it_does():
    estimator = Estimator()
    assert estimator.left_s({"a": 100.0, "b": 100.0}, [0, 1]) == 100.0
    assert estimator.left_s({}, []) == 0.0
    assert estimator.left_s({"a": 1.0}, []) == float("inf")
    for number in range(400):
        estimator.learn("a", number % 2, 2.0, 2.0 * (1 + 3 * (number % 2)))
    both = estimator.left_s({"a": 1000.0}, [0, 1])
    fast = estimator.left_s({"a": 1000.0}, [0])
    assert both == pytest.approx(fast / 1.25, rel=0.05)


@given(st.sampled_from([(0.0, 1.0, 1), (1.0, 0.0, 1), (-1.0, 1.0, 1), (1.0, 1.0, 0)]))
def test_what_took_no_time_teaches_nothing(told):
    planned_s, took_s, lines = told
    estimator = Estimator()
    estimator.learn("a", 0, planned_s, took_s, lines)
    assert estimator.pace("a") == 1.0
