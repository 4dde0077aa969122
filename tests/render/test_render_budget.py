"""What a run may cost, and that it stops when that is spent."""

import pytest
from conftest_render import lines

from pipeline.errors import UsageError
from pipeline.render.budget import Budget, in_words, parse_budget
from pipeline.render.local import LocalPool
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule


@pytest.mark.parametrize(
    ("text", "price", "device_s"),
    [
        ("2h", None, 7200.0),
        ("90m", None, 5400.0),
        ("1.5 H", 3.0, 5400.0),
        ("30s", None, 30.0),
        ("3.5", 2.0, 6300.0),
    ],
)
def test_a_budget_is_a_time_or_money_at_a_price(text, price, device_s):
    assert parse_budget(text, price) == device_s


@pytest.mark.parametrize(
    ("text", "price", "said"),
    [
        ("lots", None, "no time and no amount"),
        ("3.5", None, "money without a price"),
        ("-2h", None, "no time"),
        ("3.5", 0.0, "must be more than 0"),
        ("3.5", float("nan"), "must be more than 0"),
    ],
)
def test_what_is_no_budget_is_said(text, price, said):
    with pytest.raises(UsageError, match=said):
        parse_budget(text, price)


def test_workers_are_paid_for_whether_they_speak_or_not_and_a_shared_device_once():
    budget = Budget(100.0, share=0.5)
    assert budget.look(1000.0, 4)
    assert budget.look(1010.0, 4)
    assert budget.spent_s == 20.0
    assert budget.look(1010.0, 4)
    assert budget.look(1020.0, 2)
    assert budget.spent_s == 30.0
    assert not budget.look(1060.0, 4)


def test_a_sum_is_told_in_hours_and_in_money():
    assert in_words(9000.0) == "2.50 device-hours"
    assert in_words(9000.0, 2.0) == "2.50 device-hours (5.00)"
    assert in_words(12.0) == "12.0 device-seconds"
    assert in_words(36.0, 1.8) == "36.0 device-seconds (0.018)"


def test_a_run_hands_out_nothing_more_when_its_budget_is_spent_and_says_what_is_left(make_setup):
    jobs = lines("tone@1", 100)
    schedule = Schedule([job.job for job in jobs], batch_s=1e-9)
    run = Run(jobs, LocalPool(make_setup()), schedule, lambda event: None, budget=Budget(0.0))
    outcome = run.go(lambda key: False)
    assert outcome.made == set()
    assert outcome.unspent_jobs == 100
    assert not schedule.is_empty()


def test_what_is_in_hand_when_the_budget_is_spent_is_finished_and_kept(make_setup, store):
    jobs = lines("tone@1", 100)
    schedule = Schedule([job.job for job in jobs], batch_s=1e-9)
    budget = Budget(1e9)
    run = Run(jobs, LocalPool(make_setup()), schedule, lambda event: _spend(budget, event), budget=budget)
    outcome = run.go(lambda key: False)
    assert 0 < len(outcome.made) < 100
    assert outcome.unspent_jobs == 100 - len(outcome.made)
    assert all(store.has(key) for key in outcome.made)


def test_without_a_budget_nothing_is_left(make_setup):
    jobs = lines("tone@1", 5)
    outcome = Run(jobs, LocalPool(make_setup()), Schedule([job.job for job in jobs]), lambda event: None).go(
        lambda key: False
    )
    assert len(outcome.made) == 5 and outcome.unspent_jobs == 0


def _spend(budget, event):
    """All of it with the third line."""
    if type(event).__name__ == "LineRendered":
        budget.spent_s += 4e8


def test_time_in_which_no_worker_is_held_costs_nothing():
    budget = Budget(100.0)
    budget.look(0.0, 2)
    budget.look(10.0, 2)
    budget.pause()
    budget.look(1000.0, 2)
    assert budget.spent_s == 20.0
    budget.look(1010.0, 2)
    assert budget.spent_s == 40.0
