"""A run as its log tells it while it goes on."""

import pytest

from pipeline.errors import MissingError
from pipeline.events import (
    BatchSpoken,
    LineQuarantined,
    MemorySampled,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    RunFinished,
    WorkerLost,
    WorkPlanned,
)
from pipeline.render.event_log import log_path, read_on, write
from pipeline.render.event_record import record_of
from pipeline.render.watch import Watch

T = 1_700_000_000.0


def watched(*events, now_s=T):
    watch = Watch()
    for event in events:
        watch.add(record_of(event, now_s))
    return watch


def test_a_worker_shows_what_it_holds_what_it_does_and_how_fast():
    watch = watched(
        WorkPlanned(("a", "b"), 10, 2, 3_000, T),
        ModelLoadBegan(0, "a", 1000, False, T + 1),
        ModelLoaded(0, "a", 1100, 1.0, False, T + 2),
        BatchSpoken(0, "a", 4, 2.0, T + 4, 8.0),
        MemorySampled(0, 5_000, 70_000, T + 4),
        ModelLoadBegan(0, "b", 2000, True, T + 4),
        ModelLoaded(0, "b", 2100, 1.0, True, T + 5),
        ModelEvicted(0, "a", 1100, "room for c", T + 6),
        ModelHit(0, "b", T + 6),
    )
    worker = watch.workers[0]
    assert (worker.state, worker.held, worker.lines, worker.speed) == ("speaking b", {"b": 2100}, 4, 4.0)
    assert worker.resident_bytes == 5_000
    assert watch.workers[1].state == "waiting"
    assert (watch.lines, watch.planned, watch.audio_s, watch.loads) == (4, 10, 8.0, 2)
    assert watch.speed(T + 10) == pytest.approx(0.8)
    assert watch.left_s(T + 10) == pytest.approx(6 * 6 / 4)


def test_a_lost_worker_holds_nothing_and_is_a_fault():
    watch = watched(
        WorkPlanned(("a",), 10, 1, 3_000, T),
        ModelLoadBegan(0, "a", 1000, False, T + 1),
        ModelLoaded(0, "a", 1100, 1.0, False, T + 2),
        WorkerLost(0, "out of memory", 3),
        LineQuarantined("7", "book.md:9", "it kills its worker"),
    )
    assert (watch.workers[0].state, watch.workers[0].held, watch.workers[0].deaths) == ("lost", {}, 1)
    assert watch.aside == 1
    assert "worker 0: lost out of memory" in watch.faults[0]
    assert "book.md:9: line 7: it kills its worker" in watch.faults[1]


def test_speed_is_that_of_the_last_minute():
    watch = watched(WorkPlanned(("a",), 10, 1, 0, T), BatchSpoken(0, "a", 1, 1.0, T + 1, 60.0))
    assert watch.speed(T + 10) == 6.0
    assert watch.speed(T + 200) == 0.0


def test_a_run_that_ended_says_so():
    assert watched(WorkPlanned(("a",), 0, 1, 0, T), RunFinished(0, 0, 0, 0.0, 1.0)).ended


def test_a_log_that_is_being_written_is_read_by_whole_lines(tmp_path):
    path = log_path(tmp_path, "book")
    write(path, [ModelHit(0, "a", T)])
    records, offset = read_on(path, 0)
    assert len(records) == 1
    with path.open("ab") as file:
        file.write(b'{"event": "hi')
    assert read_on(path, offset) == ([], offset)
    with path.open("ab") as file:
        file.write(b't", "time": "2023-11-14T22:13:20.000000+00:00", "actor": 1}\n')
    records, _ = read_on(path, offset)
    assert [record.actor for record in records] == [1]


def test_where_no_run_was_logged_is_said(tmp_path):
    with pytest.raises(MissingError, match="no run was logged"):
        read_on(log_path(tmp_path, "book"), 0)
