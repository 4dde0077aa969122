"""Waiting for a store: how long, how often, and what is not waited for. No clock is real here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.takes.bucket import is_transient
from pipeline.takes.bucket_listing import ListingError, object_names
from pipeline.takes.patience import Patience, patience_from_environment, persist


class Clock:
    def __init__(self):
        self.now_s = 0.0
        self.waits = []

    def sleep(self, seconds):
        self.now_s += seconds
        self.waits.append(seconds)

    def __call__(self):
        return self.now_s


def failing(times):
    left = [OSError(f"{number}") for number in range(times)]

    def attempt():
        if left:
            raise left.pop(0)
        return "answer"

    return attempt


@given(
    failures=st.integers(0, 30),
    total_s=st.floats(0.0, 300.0),
    shares=st.lists(st.floats(0.0, 1.0), min_size=40, max_size=40),
)
def test_no_wait_is_longer_than_the_bound_and_all_together_are_the_patience(failures, total_s, shares):
    clock, patience = Clock(), Patience(total_s)
    pick = iter(shares)
    try:
        answer = persist(
            failing(failures), lambda error: True, patience,
            sleep=clock.sleep, clock=clock, share=lambda: next(pick),
        )  # fmt: skip
        assert answer == "answer" and len(clock.waits) == failures
    except OSError:
        assert clock.now_s >= total_s - 1e-6
    assert all(0.0 < wait <= patience.most_s for wait in clock.waits)
    assert clock.now_s <= total_s + 1e-6


def test_a_minute_of_refusals_is_outlasted_by_default():
    clock = Clock()

    def attempt():
        if clock.now_s < 60.0:
            raise ConnectionRefusedError
        return clock.now_s

    share = iter([0.0, 1.0] * 200)
    answered_s = persist(
        attempt, lambda error: True, Patience(), sleep=clock.sleep, clock=clock, share=lambda: next(share)
    )
    assert answered_s < 75.0


def test_what_no_second_try_would_change_is_not_tried_again():
    clock = Clock()
    with pytest.raises(OSError, match="0"):
        persist(failing(3), lambda error: False, Patience(), sleep=clock.sleep, clock=clock)
    assert clock.waits == []


def test_the_patience_that_the_environment_asks_for_must_be_a_number(monkeypatch):
    monkeypatch.setenv("FULLCAST_STORE_PATIENCE", "300")
    assert patience_from_environment().total_s == 300.0
    for wrong in ("long", "-1", "nan", "inf"):
        monkeypatch.setenv("FULLCAST_STORE_PATIENCE", wrong)
        with pytest.raises(UsageError, match="seconds"):
            patience_from_environment()


def page(names, token=None, head=""):
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    contents = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in names)
    space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    return f"<ListBucketResult {space}>{head}{more if token else ''}{contents}</ListBucketResult>".encode()


def test_a_listing_is_followed_to_its_last_page():
    asked = []
    pages = iter([page(["p/a", "p/b"], "t1"), page(["p/c%26d"], head="<EncodingType>url</EncodingType>")])

    def fetch(parameters):
        asked.append(parameters)
        return next(pages)

    assert list(object_names("p/", fetch)) == ["a", "b", "c&d"]
    assert [parameters.get("ContinuationToken") for parameters in asked] == [None, "t1"]


@pytest.mark.parametrize("answer", [b"", page(["a"], "t")[:-30], b"<Error/>"])
def test_half_a_listing_is_an_error_and_not_a_short_list(answer):
    with pytest.raises(ListingError):
        list(object_names("p/", lambda parameters: answer))


def refused(code):
    error = PermissionError("no")
    error.__cause__ = OSError()
    error.__cause__.response = {"Error": {"Code": code}}
    return error


def test_a_clock_that_jumped_is_waited_for_and_a_wrong_key_is_not():
    assert is_transient(refused("RequestTimeTooSkewed"))
    assert not is_transient(refused("SignatureDoesNotMatch"))
    assert not is_transient(FileNotFoundError()) and is_transient(ConnectionResetError())
