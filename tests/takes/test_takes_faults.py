"""Faults of storage: the run says what to do, and the same command then ends with the undisturbed book."""

import os
import random
import subprocess
import threading
import time

import pytest
from s3_server import BUCKET
from store_runs import run, sounds, write_book

from pipeline.takes.store import TakeStore

pytestmark = pytest.mark.slow
LINES = 12


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("book"), LINES)


@pytest.fixture(scope="module")
def undisturbed(book, tmp_path_factory):
    """What the book sounds like when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert run(book, folder / "store", folder / "out").code == 0
    return sounds(folder / "out")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own and how it is given another size or made read-only; ended after the test."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    mount("size=256k")
    yield place, mount
    subprocess.run(["umount", "-l", place], check=False)


def remount(place, options):
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def count_of(s3, method):
    return sum(one == method for one, _ in list(s3.requests))


def test_a_disk_that_is_full_in_the_store_loses_nothing(book, undisturbed, small_disk, tmp_path):
    disk, _ = small_disk
    failed = run(book, disk / "store", tmp_path / "out")
    assert failed.code == 5
    assert "No space left" in failed.last_error() and "free some space" in failed.last_error()
    made = len(list(TakeStore(disk / "store").all_keys()))
    assert 0 < made < LINES
    remount(disk, "size=64m")
    again = run(book, disk / "store", tmp_path / "out")
    assert again.code == 0 and len(again.spoken()) == LINES + 2 - made
    assert sounds(tmp_path / "out") == undisturbed


def test_a_disk_that_is_full_in_the_output_renders_nothing_again(book, undisturbed, small_disk, tmp_path):
    disk, _ = small_disk
    failed = run(book, tmp_path / "store", disk / "out")
    assert failed.code == 5 and "No space left" in failed.last_error()
    remount(disk, "size=64m")
    again = run(book, tmp_path / "store", disk / "out")
    assert again.code == 0 and again.spoken() == []
    assert sounds(disk / "out") == undisturbed


@pytest.mark.parametrize("what", ["store", "output"])
def test_a_folder_that_cannot_be_written_is_told_before_any_line_is_spoken(
    book, undisturbed, small_disk, tmp_path, what
):
    disk, _ = small_disk
    remount(disk, "size=64m,ro")
    places = {"store": tmp_path / "store", "output": tmp_path / "out"} | {what: disk / what}
    failed = run(book, places["store"], places["output"])
    assert failed.code == 5 and "read-only" in failed.last_error()
    assert failed.spoken() == []
    remount(disk, "size=64m,rw")
    assert run(book, places["store"], places["output"]).code == 0
    assert sounds(places["output"]) == undisturbed


def test_takes_damaged_at_rest_are_rendered_again(book, undisturbed, tmp_path):
    store = TakeStore(tmp_path / "store")
    assert run(book, store.root, tmp_path / "first").code == 0
    keys = list(store.all_keys())
    for key in keys[:3]:
        path = store.audio_path(key)
        path.write_bytes(path.read_bytes()[:-7])
    again = run(book, store.root, tmp_path / "out")
    assert again.code == 0 and sorted(again.spoken()) == keys[:3]
    assert len(again.of("TakeDamaged")) == 3
    assert sounds(tmp_path / "out") == undisturbed


def test_files_from_the_future_and_from_1970_change_nothing(book, undisturbed, tmp_path):
    store = TakeStore(tmp_path / "store")
    assert run(book, store.root, tmp_path / "first").code == 0
    for number, path in enumerate(sorted((tmp_path / "store").rglob("*.*"))):
        at_s = 4e9 if number % 2 else 0
        os.utime(path, (at_s, at_s))
    again = run(book, store.root, tmp_path / "out")
    assert again.code == 0 and again.spoken() == []
    assert sounds(tmp_path / "out") == undisturbed


def test_a_book_in_a_bucket_that_fails_all_the_time_is_the_same_book(s3, book, undisturbed, tmp_path):
    luck = random.Random(7)
    s3.rule = lambda method, path: luck.choice([500, 503, 0.3, "cut"]) if luck.random() < 0.1 else None
    done = run(book, f"s3://{BUCKET}/noisy", tmp_path / "out")
    assert done.code == 0 and s3.faults > 10
    assert sounds(tmp_path / "out") == undisturbed
    again = run(book, f"s3://{BUCKET}/noisy", tmp_path / "out")
    assert again.code == 0 and again.spoken() == []


def test_a_bucket_that_refuses_in_the_middle_of_a_run_is_waited_for(s3, book, undisturbed, tmp_path):
    def watch():
        while count_of(s3, "PUT") < 12:
            time.sleep(0.02)
        s3.down_for(5.0)

    threading.Thread(target=watch, daemon=True).start()
    done = run(book, f"s3://{BUCKET}/refusing", tmp_path / "out")
    assert done.code == 0 and "next try in" in done.errors
    assert sounds(tmp_path / "out") == undisturbed


def test_a_bucket_that_stays_away_ends_the_run_and_the_same_command_goes_on(
    s3, book, undisturbed, bucket_folder, tmp_path
):
    s3.rule = lambda method, path: 503 if count_of(s3, "PUT") > 16 else None
    failed = run(book, f"s3://{BUCKET}/away", tmp_path / "out", FULLCAST_STORE_PATIENCE="1")
    assert failed.code == 5 and "run the same command again" in failed.last_error()
    kept = {path.stem for path in (bucket_folder / "away" / "takes").rglob("*.flac")}
    s3.rule = lambda method, path: None
    again = run(book, f"s3://{BUCKET}/away", tmp_path / "out", FULLCAST_CACHE=str(tmp_path / "elsewhere"))
    assert again.code == 0 and kept and not kept & set(again.spoken())
    assert sounds(tmp_path / "out") == undisturbed


def test_a_take_damaged_in_the_bucket_after_planning_is_named_and_made_by_the_next_run(
    s3, book, undisturbed, bucket_folder, tmp_path
):
    place = f"s3://{BUCKET}/rotten"
    assert run(book, place, tmp_path / "first").code == 0
    victim = next((bucket_folder / "rotten" / "takes").rglob("*.flac"))
    victim.write_bytes(victim.read_bytes()[:-4] + b"????")
    failed = run(book, place, tmp_path / "out", FULLCAST_CACHE=str(tmp_path / "elsewhere"))
    assert failed.code == 5 and "damaged" in failed.last_error()
    again = run(book, place, tmp_path / "out", FULLCAST_CACHE=str(tmp_path / "elsewhere"))
    assert again.code == 0 and again.spoken() == [victim.stem]
    assert sounds(tmp_path / "out") == undisturbed


def test_workers_on_ray_fill_a_bucket_and_the_book_is_the_same(s3, book, undisturbed, tmp_path):
    luck = random.Random(3)
    s3.rule = lambda method, path: 503 if luck.random() < 0.05 else None
    done = run(book, f"s3://{BUCKET}/ray", tmp_path / "out", "--workers", "2")
    assert done.code == 0 and len(done.of("WorkerStarted")) == 2
    assert sounds(tmp_path / "out") == undisturbed
