"""What a worker does when memory runs short, by values; and what a look at the memory says."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import MemoryPressed, MemorySampled
from pipeline.render.machine import _is_of_ray, resident_memory_bytes
from pipeline.render.memory import (
    ACTIONS,
    MARGIN_BYTES,
    STEP_S,
    MemoryLimits,
    MemorySample,
    MemoryWatch,
    Pressure,
    decide,
    limits_for,
    look,
    ran_out_of_memory,
    shortage,
)

RAY = find_spec("ray").submodule_search_locations[0]
LIMITS = MemoryLimits(resident_bytes=1000, low_bytes=100, gpu_low_bytes=50)
ROOMY = {"resident_bytes": 500, "available_bytes": 5000}


def sample(at_s=0.0, **values):
    return MemorySample(at_s, **{**ROOMY, **values})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, ""),
        ({"resident_bytes": 1000}, ""),
        ({"resident_bytes": 1001}, "the worker holds"),
        ({"available_bytes": 100}, ""),
        ({"available_bytes": 99}, "the machine has"),
        ({"gpu_free_bytes": 50}, ""),
        ({"gpu_free_bytes": 49}, "the GPU has"),
    ],
)
def test_memory_is_short_where_a_limit_is_passed_and_the_reason_names_it(values, reason):
    found = shortage(sample(**values), LIMITS)
    assert found.startswith(reason) and bool(found) == bool(reason)


def test_pressure_that_lasts_shrinks_batches_then_evicts_then_stops():
    pressure, actions = Pressure(), []
    for step in range(5):
        pressure = decide(pressure, sample(step * STEP_S, resident_bytes=2000), LIMITS)
        actions.append(pressure.action)
    assert actions == ["shrink", "evict", "stop", "stop", "stop"]
    assert "the worker holds" in pressure.reason


def test_the_next_step_waits_until_the_last_had_time_to_show():
    first = decide(Pressure(), sample(10.0, resident_bytes=2000), LIMITS)
    assert decide(first, sample(10.0 + 0.9 * STEP_S, resident_bytes=2000), LIMITS) == first


def test_steps_are_taken_back_one_by_one_when_there_is_room_again():
    pressure = Pressure("evict", 0.0, "short")
    pressure = decide(pressure, sample(STEP_S), LIMITS)
    assert pressure.action == "shrink"
    assert decide(pressure, sample(2 * STEP_S), LIMITS).action == "none"


def test_just_inside_a_limit_nothing_changes_so_that_it_does_not_swing():
    pressure = Pressure("shrink", 0.0, "short")
    assert decide(pressure, sample(STEP_S, resident_bytes=950), LIMITS) == pressure
    assert decide(pressure, sample(STEP_S, available_bytes=105), LIMITS) == pressure


def test_a_worker_that_stopped_stays_stopped():
    stopped = Pressure("stop", 0.0, "short")
    assert decide(stopped, sample(100.0), LIMITS) == stopped


@given(
    st.sampled_from(ACTIONS),
    st.integers(0, 3000),
    st.integers(0, 300),
    st.floats(STEP_S, 100),
)
def test_one_look_moves_one_step_at_most_and_only_a_shortage_moves_it_on(action, resident, available, at_s):
    before = Pressure(action, 0.0, "")
    now = sample(at_s, resident_bytes=resident, available_bytes=available)
    after = decide(before, now, LIMITS)
    moved = ACTIONS.index(after.action) - ACTIONS.index(action)
    assert moved in (-1, 0, 1)
    assert (moved == 1) == (action != "stop" and bool(shortage(now, LIMITS)))


def test_a_gpus_budget_is_not_held_against_the_processes_own_memory_alone():
    on_cpu = limits_for(2_000_000_000, "cpu", 500_000_000, 16_000_000_000)
    on_gpu = limits_for(2_000_000_000, "cuda:0", 500_000_000, 16_000_000_000)
    assert on_cpu.resident_bytes == 2_500_000_000 + MARGIN_BYTES
    assert on_gpu.resident_bytes > on_cpu.resident_bytes
    assert on_cpu.low_bytes == 320_000_000


def test_the_watch_reports_what_it_sees_and_each_change_once():
    samples = iter([sample(0.0), sample(0.1), sample(5.0, resident_bytes=2000), sample(5.1)])
    events = []
    watch = MemoryWatch(3, LIMITS, lambda: next(samples), events.append)
    assert [watch.check() for _ in range(4)] == [False, False, True, False]
    assert [type(event) for event in events] == [MemorySampled, MemorySampled, MemoryPressed]
    assert (events[2].worker, events[2].action) == (3, "shrink")
    assert watch.pressure.action == "shrink"


def test_a_look_sees_this_process_and_this_machine():
    seen = look("cpu")
    assert 10_000_000 < seen.resident_bytes < 100_000_000_000
    assert seen.available_bytes > 0 and seen.gpu_free_bytes is None


def test_running_out_of_memory_is_known_by_class_and_by_name():
    named_like_torchs = type("OutOfMemoryError", (RuntimeError,), {})
    derived = type("Worse", (named_like_torchs,), {})
    assert ran_out_of_memory(MemoryError()) and ran_out_of_memory(named_like_torchs())
    assert ran_out_of_memory(derived())
    assert not ran_out_of_memory(RuntimeError("out of memory"))


def test_what_an_engines_process_holds_is_seen_and_gone_when_it_has_ended():
    before = resident_memory_bytes()
    code = "held = bytearray(b'x') * 200_000_000; print(len(held), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline().strip() == b"200000000"
    assert resident_memory_bytes() > before + 150_000_000
    child.communicate(b"\n")
    assert resident_memory_bytes() < before + 150_000_000


@pytest.mark.parametrize(
    ("command", "of_ray"),
    [
        (["ray::IDLE"], True),
        ([f"{RAY}/core/src/ray/raylet/raylet", "--socket"], True),
        (["/usr/bin/python3", "-u", f"{RAY}/dashboard/dashboard.py"], True),
        (["/home/ray/venv/bin/python", "child.py"], False),
        ([], False),
    ],
)
def test_rays_own_processes_are_told_from_an_engines(command, of_ray):
    assert _is_of_ray(command) is of_ray
