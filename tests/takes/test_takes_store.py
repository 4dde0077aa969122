"""The shelf of takes: what is put there comes back whole, or is known to be damaged."""

import errno
import json
import os
from pathlib import Path

import pytest

from pipeline.errors import StoreError, UsageError
from pipeline.takes.address import BucketAddress, parse_store
from pipeline.takes.choose import Choice, Choices
from pipeline.takes.store import TakeStore


def test_a_take_comes_back_as_it_was_put(tmp_path, make_take):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    put = store.put(take, flac)
    assert put.path is not None and put.path.read_bytes() == flac
    assert TakeStore(tmp_path).get(take.key) == take


def test_a_key_that_was_never_put_is_none(tmp_path):
    assert TakeStore(tmp_path).get("ab" * 32) is None


@pytest.mark.parametrize("position", [0, 100, -1])
def test_one_flipped_byte_of_audio_is_found_and_the_take_set_aside(tmp_path, make_take, position):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    path = store.put(take, flac).path
    damaged = bytearray(flac)
    damaged[position] ^= 1
    path.write_bytes(damaged)
    assert store.get(take.key) is None
    assert [key for key, _ in store.damaged] == [take.key]
    assert not store.has(take.key)
    assert path.with_suffix(".flac.damaged").exists()


def test_a_flipped_byte_of_metadata_is_found_too(tmp_path, make_take):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    store.put(take, flac)
    path = store.metadata_path(take.key)
    path.write_text(path.read_text().replace("Half a second.", "Half a secant."))
    assert store.get(take.key) is None
    assert "seal" in store.damaged[0][1] or "metadata" in store.damaged[0][1]


def test_damage_between_planning_and_reading_is_found_when_the_audio_is_read(tmp_path, make_take):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    store.put(take, flac)
    planned = store.get(take.key)
    planned.path.write_bytes(flac[:-1] + b"?")
    with pytest.raises(StoreError, match="damaged.*run the same command again"):
        planned.flac()
    assert not store.has(take.key) and [key for key, _ in store.damaged] == [take.key]


def test_many_takes_at_once_are_as_one_by_one(tmp_path, make_take):
    store = TakeStore(tmp_path)
    made = [make_take(name) for name in "abc"]
    put = store.put_many(made[:2])
    assert [take.flac() for take in put] == [flac for _, flac in made[:2]]
    keys = [take.key for take, _ in made]
    assert store.has_many(keys) == set(keys[:2])
    assert store.get_many(keys) == {take.key: take for take, _ in made[:2]}


def test_audio_whose_metadata_are_gone_is_set_aside(tmp_path, make_take):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    store.put(take, flac)
    store.metadata_path(take.key).unlink()
    assert store.get(take.key) is None and not store.has(take.key)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("shelf", Path("shelf")), ("/a/b", Path("/a/b")), ("s3://b/p/q/", BucketAddress("s3://b/p/q"))],
)
def test_a_store_is_a_folder_or_a_place_in_a_bucket(written, meant, monkeypatch):
    monkeypatch.delenv("FULLCAST_S3_ENDPOINT", raising=False)
    assert parse_store(written) == meant


@pytest.mark.parametrize("written", ["gs://bucket/a", "s3://", "s3:///a"])
def test_a_store_of_another_kind_is_a_usage_error(written):
    with pytest.raises(UsageError, match="s3://BUCKET/PREFIX"):
        parse_store(written)


def test_metadata_without_audio_is_no_take(tmp_path, make_take):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    store.put(take, flac).path.unlink()
    assert store.get(take.key) is None
    assert list(store.all_keys()) == []


def test_keys_are_listed_in_order_and_temporary_files_are_not_takes(tmp_path, make_take):
    store = TakeStore(tmp_path)
    keys = []
    for name in "abcde":
        take, flac = make_take(name)
        store.put(take, flac)
        keys.append(take.key)
    (tmp_path / "takes" / keys[0][:2] / ".half-written.flac").write_bytes(b"x")
    assert list(store.all_keys()) == sorted(keys)


def test_a_full_disk_is_one_clear_line_and_leaves_nothing_half_written(tmp_path, make_take, monkeypatch):
    store = TakeStore(tmp_path)
    take, flac = make_take()

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left.*free some space"):
        store.put(take, flac)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_store_where_a_file_stands_is_refused_before_any_work(tmp_path):
    (tmp_path / "takes").write_text("not a folder")
    with pytest.raises(StoreError, match="takes"):
        TakeStore(tmp_path).make_ready()


def test_dropping_a_take_removes_both_files(tmp_path, make_take):
    store = TakeStore(tmp_path)
    take, flac = make_take()
    store.put(take, flac)
    assert store.drop(take.key) is True
    assert store.drop(take.key) is False
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_choice_is_remembered_and_the_default_one_forgotten(tmp_path):
    choices = Choices(tmp_path, "book")
    choices.put("line-1", Choice(alt=2, direction={"emotion": "sad"}, text="Oh.", voice="tone/mid"))
    assert Choices(tmp_path, "book").get("line-1").direction == {"emotion": "sad"}
    choices.put("line-1", Choice())
    assert Choices(tmp_path, "book").items() == {}


def test_unlocking_keeps_the_retake_number(tmp_path):
    choices = Choices(tmp_path, "book")
    choices.put("line-1", Choice(alt=2, locked="ab" * 32))
    assert choices.locked_keys() == {"ab" * 32}
    choices.unlock("line-1")
    assert Choices(tmp_path, "book").get("line-1") == Choice(alt=2)


def test_a_damaged_choices_file_is_an_error_and_not_an_empty_list(tmp_path):
    path = tmp_path / "choices" / "book.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"line-1": {"nonsense": 1}}))
    with pytest.raises(StoreError, match="cannot read choices"):
        Choices(tmp_path, "book")
