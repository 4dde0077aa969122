"""Two commands on one store at the same time: no take lost or torn, and hardly any made twice."""

import time

import pytest
from s3_server import BUCKET
from store_runs import ended, run, sounds, start, write_book

from pipeline.takes.address import parse_store
from pipeline.takes.store import TakeStore

pytestmark = pytest.mark.slow
# Each line sleeps 0.2 s, so that both commands are at work for seconds.
LINES = 20


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("book"), LINES, "tone-slow")


@pytest.fixture(scope="module")
def undisturbed(book, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert run(book, folder / "store", folder / "out").code == 0
    return sounds(folder / "out"), set(TakeStore(folder / "store").all_keys())


def demand_shared(one, other, store, undisturbed, outputs):
    """Both ended well with the same book; what was spoken twice is bounded by a batch each, and told."""
    wanted, keys = undisturbed
    assert (one.code, other.code) == (0, 0), one.errors + other.errors
    assert set(store.all_keys()) == keys
    assert set(store.get_many(keys)) == keys and store.damaged == []
    assert set(one.spoken()) | set(other.spoken()) == keys
    twice = len(one.spoken()) + len(other.spoken()) - len(keys)
    most = max(event["lines"] for each in (one, other) for event in each.of("BatchSpoken"))
    assert 0 <= twice <= 2 * most
    for output in outputs:
        assert sounds(output) == wanted
    assert list(store.shelf.names("claims")) == []


def together(book, place, tmp_path, **environment):
    outputs = [tmp_path / "out0", tmp_path / "out1"]
    began = [
        start(book, place, output, FULLCAST_CACHE=str(tmp_path / f"cache{number}"), **environment)
        for number, output in enumerate(outputs)
    ]
    one, other = (ended(process) for process in began)
    return one, other, outputs


def test_two_commands_on_one_folder_share_the_work(book, undisturbed, tmp_path):
    one, other, outputs = together(book, tmp_path / "store", tmp_path)
    demand_shared(one, other, TakeStore(tmp_path / "store"), undisturbed, outputs)


def test_two_commands_on_one_bucket_share_the_work(s3, book, undisturbed, tmp_path):
    place = f"s3://{BUCKET}/shared"
    one, other, outputs = together(book, place, tmp_path)
    demand_shared(one, other, TakeStore(parse_store(place)), undisturbed, outputs)


def test_without_claims_work_is_done_twice_and_counted_and_nothing_is_torn(book, undisturbed, tmp_path):
    one, other, outputs = together(book, tmp_path / "store", tmp_path, FULLCAST_CLAIM_TTL="0")
    wanted, keys = undisturbed
    store = TakeStore(tmp_path / "store")
    assert set(store.get_many(keys)) == keys and store.damaged == []
    assert all(sounds(output) == wanted for output in outputs)
    assert len(one.spoken()) + len(other.spoken()) >= len(keys)


def test_a_killed_command_is_not_waited_for_and_its_takes_are_kept(book, undisturbed, tmp_path):
    first = start(book, tmp_path / "store", tmp_path / "out0")
    store = TakeStore(tmp_path / "store")
    while not (any(store.all_keys()) and any(store.shelf.names("claims"))):
        assert first.poll() is None
        time.sleep(0.02)
    first.kill()
    first.wait()
    kept = set(store.all_keys())
    assert kept and list(store.shelf.names("claims"))
    again = run(book, tmp_path / "store", tmp_path / "out1")
    assert again.code == 0 and not kept & set(again.spoken())
    assert sounds(tmp_path / "out1") == undisturbed[0]
    assert list(store.shelf.names("claims")) == []
