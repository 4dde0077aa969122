"""Claims: two runs on one store do not speak the same lines, and nobody waits for the dead."""

import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError, UsageError
from pipeline.takes import claims as room
from pipeline.takes.claims import Claim, Claims, ttl_from_environment
from pipeline.takes.shelf import FolderShelf


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def shelf(tmp_path):
    return FolderShelf(tmp_path)


def claims(shelf, run, worker=0, clock=None, ttl_s=60.0):
    return Claims(shelf, run, worker, ttl_s, clock or Clock(), renew=False)


def far_claim(run, keys, beat=1):
    return Claim(run, 0, tuple(keys), True, beat, "another-machine", "1@1.00")


def put(shelf, claim):
    shelf.write(f"claims/{claim.name}", claim.as_bytes())


def test_keys_that_another_run_speaks_are_not_given_out(shelf):
    first, second = claims(shelf, "a"), claims(shelf, "b")
    assert first.claim(["1", "2"]) == {"1", "2"}
    assert second.claim(["2", "3"]) == {"3"}
    first.release()
    assert second.claim(["2", "3"]) == {"2", "3"}


def test_workers_of_the_same_run_do_not_heed_each_other(shelf):
    assert claims(shelf, "a", 0).claim(["1"]) == {"1"}
    assert claims(shelf, "a", 1).claim(["1"]) == {"1"}


@settings(max_examples=30, deadline=None)
@given(
    batches=st.lists(
        st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 8), min_size=1)), min_size=1, max_size=12
    )
)
def test_no_key_is_ever_held_by_two_runs_and_none_is_left_without(tmp_path_factory, batches):
    shelf = FolderShelf(tmp_path_factory.mktemp("claims"))
    runs = {name: claims(shelf, name) for name in "abc"}
    held = {name: set() for name in runs}
    for name, numbers in batches:
        wanted = {str(number) for number in numbers}
        others = set().union(*(keys for other, keys in held.items() if other != name))
        held[name] = runs[name].claim(wanted)
        assert held[name] == wanted - others


def test_two_that_ask_at_the_same_moment_do_not_both_give_way(shelf):
    shelf.write("claims/b-0.json", replace(far_claim("b", ["1"]), held=False).as_bytes())
    assert claims(shelf, "a").claim(["1"]) == {"1"}
    shelf.write("claims/b-0.json", replace(far_claim("b", ["1"]), held=False).as_bytes())
    assert claims(shelf, "c").claim(["1"]) == set()


def test_a_claim_of_another_machine_dies_when_its_count_stands_still_for_its_time_to_live(shelf):
    clock = Clock()
    mine = claims(shelf, "a", clock=clock)
    put(shelf, far_claim("b", ["1"]))
    assert mine.claim(["1"]) == set()
    clock.now_s += 59.0
    assert mine.claim(["1"]) == set()
    clock.now_s += 2.0
    assert mine.claim(["1"]) == {"1"}
    assert list(shelf.names("claims")) == ["a-0.json"]


def test_a_claim_that_is_renewed_lives_on(shelf):
    clock = Clock()
    mine = claims(shelf, "a", clock=clock)
    for beat in range(10):
        put(shelf, far_claim("b", ["1"], beat))
        assert mine.claim(["1"]) == set()
        clock.now_s += 50.0


def test_what_the_clocks_of_machines_say_changes_nothing(shelf, tmp_path):
    mine = claims(shelf, "a")
    put(shelf, far_claim("b", ["1"]))
    for at_s in (0.0, 4e9):  # 1970 and 2096
        os.utime(tmp_path / "claims" / "b-0.json", (at_s, at_s))
        assert mine.claim(["1"]) == set()


def test_a_killed_process_of_this_machine_is_not_waited_for(shelf, tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from pipeline.takes.claims import Claims;"
        "from pipeline.takes.shelf import FolderShelf;"
        "print(Claims(FolderShelf(Path(sys.argv[1])), 'b', 0, 60.0).claim(['1']), flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "{'1'}" and done.returncode == -9
    assert (tmp_path / "claims" / "b-0.json").exists()
    assert claims(shelf, "a").claim(["1"]) == {"1"}


def test_a_claim_is_renewed_while_it_is_held_and_only_then(shelf):
    mine = claims(shelf, "a")
    mine.claim(["1"])
    before = Claim.from_bytes(shelf.read("claims/a-0.json")).beat
    mine.renew()
    assert Claim.from_bytes(shelf.read("claims/a-0.json")).beat == before + 1
    mine.release()
    mine.renew()
    assert shelf.read("claims/a-0.json") is None


def test_half_a_claim_and_foreign_files_are_passed_over(shelf):
    shelf.write("claims/b-0.json", b'{"run": "b"')
    shelf.write("claims/readme.txt", b"hello")
    assert claims(shelf, "a").claim(["1"]) == {"1"}


def test_without_claims_nothing_is_written(shelf, tmp_path):
    assert claims(shelf, "a", ttl_s=0.0).claim(["1"]) == {"1"}
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_costs_double_work_only(shelf):
    class Broken(FolderShelf):
        def write(self, name, data):
            raise StoreError("no")

    assert claims(Broken(shelf.root), "a").claim(["1"]) == {"1"}


def test_the_thread_that_renews_ends_with_the_process_only(shelf):
    mine = Claims(shelf, "a", 0, 1e6)
    mine.claim(["1"])
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "claims"][-1]


def test_the_time_to_live_must_be_a_number_of_seconds(monkeypatch):
    monkeypatch.delenv("FULLCAST_CLAIM_TTL", raising=False)
    assert ttl_from_environment() == room.DEFAULT_TTL_S
    monkeypatch.setenv("FULLCAST_CLAIM_TTL", "soon")
    with pytest.raises(UsageError, match="soon"):
        ttl_from_environment()
