"""The event log: every event that matters is a line, the lines read back, and they add up."""

import json

import pytest

from pipeline import events as all_events
from pipeline.errors import MissingError, StoreError
from pipeline.events import (
    BatchSpoken,
    LineRendered,
    MemoryPressed,
    MemoryRanOut,
    MemorySampled,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    ModelLoadFailed,
    ModelMissed,
    WeightsVerified,
    WorkerLost,
    WorkerStalled,
    WorkPlanned,
)
from pipeline.render.event_log import log_path, read, rotate, summarize, write
from pipeline.render.event_record import record_of

T = 1_700_000_000.0
# Worker 0 loads `a`, speaks it while `b` is loaded ahead, then speaks `b` at once; worker 1 fails at `c`.
RUN = [
    WorkPlanned(("a", "b"), 5, 2, 3_000, T),
    ModelMissed(0, "a", T + 0.1),
    ModelLoadBegan(0, "a", 1000, False, T + 0.1),
    WeightsVerified(0, "a", 900, 0.25, True, T + 0.35),
    ModelLoaded(0, "a", 1100, 1.0, False, T + 1.1),
    WorkerStalled(0, "a", 1.0, T + 1.1),
    ModelLoadBegan(0, "b", 2000, True, T + 1.2),
    BatchSpoken(0, "a", 4, 2.0, T + 3.3),
    ModelLoaded(0, "b", 2100, 3.0, True, T + 4.2),
    ModelHit(0, "b", T + 4.3),
    MemoryRanOut(0, "b", 8, T + 4.4),
    BatchSpoken(0, "b", 4, 3.0, T + 7.3),
    MemorySampled(0, 5_000, 70_000, T + 7.4),
    MemorySampled(0, 4_000, 60_000, T + 8.4, 10, 20, 30),
    MemoryPressed(0, "shrink", "the worker holds too much", T + 8.5),
    ModelEvicted(0, "a", 1100, "room for c", T + 8.6),
    ModelLoadBegan(1, "c", 10, False, T + 8.7),
    ModelLoadFailed(1, "c", "weights are damaged", T + 8.8),
    WorkerLost(1, "died", 3),
]


def test_what_is_written_reads_back_and_names_actor_model_bytes_milliseconds_and_time(tmp_path):
    path = log_path(tmp_path, "book")
    write(path, RUN)
    assert path == tmp_path / "runs" / "book.events.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == len(RUN) == len(list(read(path)))
    assert lines[4] == {
        "event": "load-end", "time": "2023-11-14T22:13:21.100000+00:00", "actor": 0, "model": "a",
        "bytes": 1100, "ms": 1000.0, "ahead": False,
    }  # fmt: skip
    assert [record.event for record in read(path)][:4] == ["plan", "miss", "load-begin", "verify"]


def test_every_event_of_models_and_memory_has_a_record_and_lines_have_none():
    known = {type(event) for event in RUN}
    of_models = [
        kind
        for kind in vars(all_events).values()
        if isinstance(kind, type) and {"worker", "at_s"} <= set(getattr(kind, "__dataclass_fields__", ()))
    ]
    assert set(of_models) <= known
    assert all(record_of(event, T) is not None for event in RUN)
    assert record_of(LineRendered("1", "Ann", "One", "k", 1.0, 1.0, 0), T) is None


def test_a_run_adds_up():
    summary = summarize(record_of(event, T) for event in RUN)
    assert (summary.loads, summary.loads_needed, summary.loads_ratio) == (3, 2, 1.0)
    assert (summary.loads_ahead, summary.loads_failed, summary.overlaps) == (1, 1, 1)
    assert (summary.hits, summary.misses, summary.evictions, summary.out_of_memory) == (1, 1, 1, 1)
    assert (summary.stalls, summary.stall_s, summary.longest_stall_s) == (1, 1.0, 1.0)
    assert (summary.speak_s, summary.load_s, summary.verify_s) == (5.0, 4.0, 0.25)
    assert summary.stall_share == pytest.approx(1 / 6, abs=1e-4)
    assert summary.pressures == ("worker 0: shrink: the worker holds too much",)
    assert (summary.peak_resident_bytes, summary.lowest_available_bytes) == (5_000, 60_000)
    assert (summary.peak_gpu_reserved_bytes, summary.workers_lost) == (20, 1)
    by_model = {model.model: model for model in summary.models}
    assert [by_model[name].needed for name in "abc"] == [True, True, False]
    assert (by_model["a"].evictions, by_model["b"].loads_ahead, by_model["b"].speak_s) == (1, 1, 3.0)
    assert json.loads(json.dumps(summary.as_json()))["loads"] == 3


@pytest.mark.parametrize(
    ("spoken", "overlaps", "overlap_s", "spans"),
    [
        ([], 0, 0.0, 0),
        ([BatchSpoken(0, "a", 1, 1.0, T + 2)], 1, 1.0, 1),
        ([BatchSpoken(0, "a", 1, 1.0, T + 2), BatchSpoken(0, "a", 1, 1.0, T + 3)], 1, 2.0, 1),
        ([BatchSpoken(0, "a", 1, 3.0, T + 2)], 1, 2.0, 0),
        ([BatchSpoken(0, "a", 1, 3.0, T + 7)], 1, 1.0, 0),
        ([BatchSpoken(0, "a", 1, 1.0, T + 7)], 0, 0.0, 0),
        ([BatchSpoken(0, "b", 1, 1.0, T + 2)], 0, 0.0, 0),
        ([BatchSpoken(1, "a", 1, 1.0, T + 2)], 0, 0.0, 0),
    ],
)
def test_a_load_overlaps_what_another_model_of_the_same_worker_speaks_meanwhile(
    spoken, overlaps, overlap_s, spans
):
    loads = [ModelLoadBegan(0, "b", 1, True, T), ModelLoaded(0, "b", 1, 5.0, True, T + 5)]
    events = sorted([*loads, *spoken], key=lambda event: event.at_s)
    summary = summarize(record_of(event, T) for event in events)
    found = (summary.overlaps, summary.overlap_s, summary.spans)
    assert found == (overlaps, pytest.approx(overlap_s, abs=1e-5), spans)


def test_an_empty_run_adds_up_to_nothing():
    summary = summarize([])
    assert (summary.loads, summary.loads_ratio, summary.stall_share) == (0, None, None)


def test_the_log_of_the_run_before_is_kept_once(tmp_path):
    path = log_path(tmp_path, "book")
    for model in ("first", "second", "third"):
        rotate(path)
        write(path, [ModelHit(0, model, T)])
    assert [record.model for record in read(path)] == ["third"]
    assert [record.model for record in read(path.with_suffix(".1.jsonl"))] == ["second"]
    assert len(list(path.parent.iterdir())) == 2


def test_a_last_line_that_a_killed_run_left_half_written_is_passed_over(tmp_path, caplog):
    path = log_path(tmp_path, "book")
    write(path, RUN[:2])
    with path.open("a") as file:
        file.write('{"event": "hit", "ti')
    assert [record.event for record in read(path)] == ["plan", "miss"]
    assert "cut off" in caplog.text


def test_a_line_that_is_no_record_is_named_with_its_place(tmp_path):
    path = log_path(tmp_path, "book")
    write(path, RUN[:1])
    with path.open("a") as file:
        file.write('{"event": "dance", "time": "2023-11-14T22:13:21+00:00"}\n')
    with pytest.raises(StoreError, match=r"book\.events\.jsonl:2: not a record of an event log: event: "):
        list(read(path))


def test_a_book_that_was_never_rendered_has_no_log_and_says_so(tmp_path):
    with pytest.raises(MissingError, match=r"no run was logged; run `fullcast render`"):
        list(read(log_path(tmp_path, "book")))


def test_nothing_is_written_for_events_that_the_log_does_not_keep(tmp_path):
    path = log_path(tmp_path, "book")
    write(path, [LineRendered("1", "Ann", "One", "k", 1.0, 1.0, 0)])
    assert not path.exists()


def test_a_log_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="runs"):
        write(log_path(tmp_path, "book"), RUN)


def test_the_most_that_a_workers_models_held_is_known_beside_their_budget():
    def events(worker, at_s):
        return [
            ModelLoadBegan(worker, "a", 400, False, at_s),
            ModelLoaded(worker, "a", 450, 1.0, False, at_s + 1),
            ModelLoadBegan(worker, "b", 300, True, at_s + 2),
            ModelLoadFailed(worker, "b", "weights are damaged", at_s + 3),
            ModelEvicted(worker, "a", 450, "room for c", at_s + 4),
            ModelLoadBegan(worker, "c", 500, False, at_s + 5),
        ]

    run = [WorkPlanned(("a", "b", "c"), 9, 2, 1000, T), *events(0, T), *events(1, T + 10)]
    summary = summarize(record_of(event, T) for event in run)
    assert (summary.budget_bytes, summary.peak_held_bytes) == (1000, 750)
