"""Takes in an S3-compatible store, on a real server that fails as servers do."""

import pickle

import pytest
from s3_server import BUCKET

from pipeline.errors import StoreError
from pipeline.takes.address import parse_store
from pipeline.takes.choose import Choice, Choices
from pipeline.takes.fetched import FetchedAudio
from pipeline.takes.store import TakeStore

pytestmark = pytest.mark.slow


@pytest.fixture
def place(request):
    """A prefix of this test's own."""
    return parse_place(request.node.name)


def parse_place(name):
    return "".join(letter for letter in name if letter.isalnum())[:60]


@pytest.fixture
def open_store(s3, place):
    return lambda: TakeStore(parse_store(f"s3://{BUCKET}/{place}"))


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bucket_holds_the_same_objects_as_a_folder_has_files(
    tmp_path, make_take, open_store, bucket_folder, place
):
    folder, bucket = TakeStore(tmp_path / "store"), open_store()
    for name in "abc":
        folder.put(*make_take(name))
        bucket.put(*make_take(name))
    Choices(folder.root, "book").put("line", Choice(alt=1))
    Choices(bucket.shelf, "book").put("line", Choice(alt=1))
    assert files_below(bucket_folder / place) == files_below(tmp_path / "store")


def test_a_take_comes_back_from_a_bucket_on_another_machine(make_take, open_store):
    take, flac = make_take()
    open_store().put(take, flac)
    found = open_store().get(take.key)
    assert found == take and found.flac() == flac and found.path is None
    assert open_store().get("ab" * 32) is None


def test_takes_go_to_another_process_and_are_read_there(make_take, open_store):
    take, flac = make_take()
    open_store().put(take, flac)
    sent = pickle.dumps([open_store().get(take.key, check_audio=False)] * 2)
    assert [one.flac() for one in pickle.loads(sent)] == [flac, flac]


def test_a_damaged_object_is_set_aside_and_named(make_take, open_store, bucket_folder, place):
    store = open_store()
    take, flac = make_take()
    store.put(take, flac)
    audio = bucket_folder / place / f"takes/{take.key[:2]}/{take.key}.flac"
    audio.write_bytes(flac[:-1] + b"?")
    assert store.get(take.key) is None
    assert [key for key, _ in store.damaged] == [take.key]
    assert list(store.all_keys()) == []
    assert audio.with_suffix(".flac.damaged").exists()


def test_damage_between_planning_and_reading_is_found_when_the_audio_is_read(
    make_take, open_store, bucket_folder, place
):
    store = open_store()
    take, flac = make_take()
    store.put(take, flac)
    planned = open_store().get(take.key, check_audio=False)
    (bucket_folder / place / f"takes/{take.key[:2]}/{take.key}.flac").write_bytes(flac[:-9] + bytes(9))
    with pytest.raises(StoreError, match="damaged.*run the same command again"):
        planned.flac()
    assert open_store().get(take.key) is None


def test_a_listing_goes_through_all_pages(open_store, bucket_folder, place):
    folder = bucket_folder / place / "takes" / "ab"
    folder.mkdir(parents=True)
    keys = [f"ab{number:062x}" for number in range(1300)]
    for key in keys:
        (folder / f"{key}.flac").touch()
        (folder / f"{key}.json").touch()
    assert list(open_store().all_keys()) == keys


@pytest.mark.parametrize(
    "faults",
    [(500, 503, 500), (0.8, 0.8), ("cut", "cut"), (503, 0.3, "cut", 500)],
    ids=["errors", "slow", "cut", "all"],
)
def test_a_store_that_fails_for_a_while_loses_nothing(s3, make_take, open_store, faults):
    store = open_store()
    take, flac = make_take()
    s3.first(*faults)
    store.put(take, flac)
    s3.first(*faults)
    assert open_store().get(take.key).flac() == flac
    s3.first(*faults)
    assert list(open_store().all_keys()) == [take.key]
    assert s3.faults > 2 * len(faults)


def test_a_store_that_refuses_connections_for_some_seconds_is_waited_for(s3, make_take, open_store):
    store = open_store()
    store.put(*make_take("before"))
    s3.down_for(3.0)
    take, flac = make_take("after")
    store.put(take, flac)
    assert open_store().get(take.key).flac() == flac


def test_a_store_that_stays_away_is_one_clear_error(s3, make_take, open_store, monkeypatch):
    monkeypatch.setenv("FULLCAST_STORE_PATIENCE", "0.5")
    store = open_store()
    s3.rule = lambda method, path: 503
    with pytest.raises(StoreError, match="did not answer for 0 s.*run the same command again") as failed:
        store.put(*make_take())
    assert failed.value.exit_code == 5 and "\n" not in str(failed.value)


def test_wrong_credentials_are_told_at_once(s3, make_take, open_store, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError, match="refuses.*AWS_SECRET_ACCESS_KEY"):
        open_store().make_ready()
    assert len(s3.requests) == 1


def test_a_bucket_that_is_not_there_is_told_at_once(s3):
    with pytest.raises(StoreError, match="no bucket 'films'"):
        TakeStore(parse_store("s3://films/a")).make_ready()
    assert len(s3.requests) == 1


def test_a_take_that_is_read_twice_is_fetched_once(s3, make_take, open_store):
    take, flac = make_take()
    open_store().put(take, flac)
    found = open_store().get(take.key, check_audio=False)
    assert found.flac() == found.flac() == flac
    assert sum(method == "GET" and ".flac" in path for method, path in s3.requests) == 1


def test_fetched_takes_stay_within_their_bound(tmp_path):
    kept = FetchedAudio(tmp_path, limit_bytes=1000)
    for number in range(10):
        kept.keep(f"{number:064x}", bytes(300))
    assert [path.stem[-1] for path in sorted(tmp_path.iterdir())] == ["7", "8", "9"]
