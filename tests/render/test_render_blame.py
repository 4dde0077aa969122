"""Which line of a lost batch is set aside: pure, without workers."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.render.blame import POISON_DEATHS, POISON_HANGS, Blame
from pipeline.render.deadline import Deadlines, Patience
from pipeline.render.estimate import DEADLINE_FLOOR_S, Estimator
from pipeline.render.schedule import Job


def jobs(count):
    return [Job(f"k{n}", "m", "v", 1.0) for n in range(count)]


def hunt(lines, fatal, how):
    """Tries batches until each line was spoken or set aside; what was set aside, and how many were lost."""
    blame, waiting, aside, losses = Blame(), [list(lines)], [], 0
    while waiting:
        batch = waiting.pop()
        if not any(job.key in fatal for job in batch):
            continue
        losses += 1
        verdict = blame.judge(batch, how, "in the test")
        waiting += [list(part) for part in verdict.apart] + ([list(verdict.back)] if verdict.back else [])
        aside += [verdict.guilty[0].key] if verdict.guilty else []
    return aside, losses


@given(st.integers(1, 32).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_exactly_the_lines_that_kill_are_set_aside(case):
    count, places = case
    fatal = {f"k{place}" for place in places}
    aside, losses = hunt(jobs(count), fatal, "died")
    assert sorted(aside) == sorted(fatal)
    assert losses <= len(fatal) * (5 + POISON_DEATHS)  # log2 of 32 halvings, then alone


@given(st.integers(1, 32).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_exactly_the_lines_that_hang_are_set_aside_after_few_deadlines(case):
    count, places = case
    fatal = {f"k{place}" for place in places}
    aside, losses = hunt(jobs(count), fatal, "hung")
    assert sorted(aside) == sorted(fatal)
    assert losses <= 1 + len(fatal) * POISON_HANGS


def test_no_line_is_blamed_for_its_node():
    blame, alone = Blame(), jobs(1)
    for _ in range(10):
        verdict = blame.judge(alone, "node", "its node has died")
        assert verdict.back == tuple(alone) and not verdict.guilty and not verdict.apart


def test_a_hang_while_a_model_may_be_loading_blames_the_load_first():
    verdict = Blame().judge(jobs(4), "hung", "no answer", loading="m")
    assert verdict.suspect == "m" and len(verdict.back) == 4 and not verdict.guilty


def test_a_deadline_grows_with_the_work_and_with_what_has_to_be_loaded():
    deadlines = Deadlines(Estimator(), {"m": 200.0}, Patience(floor_s=5.0, load_s=100.0))
    none, one, four = deadlines.of(0, [], []), deadlines.of(0, jobs(1), []), deadlines.of(0, jobs(4), [])
    assert none == 5.0 and none < one < four
    assert deadlines.of(0, jobs(4), ["m"]) - four == 2000.0  # ten times what loading took before
    assert deadlines.of(0, jobs(4), ["n"]) - four == 100.0


def test_a_deadline_follows_the_pace_that_was_seen():
    slow, fast = Estimator(), Estimator()
    for _ in range(50):
        slow.learn("m", 0, 1.0, 10.0)
        fast.learn("m", 0, 1.0, 0.1)
    slow_s = Deadlines(slow, {}, Patience()).of(0, jobs(10), [])
    fast_s = Deadlines(fast, {}, Patience()).of(0, jobs(10), [])
    # No less than the floor, and far more than the work takes on a machine as slow as it was.
    assert DEADLINE_FLOOR_S < fast_s < slow_s and slow_s > 5 * 10 * 10.0
