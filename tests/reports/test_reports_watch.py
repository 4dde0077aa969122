"""The live table of `fullcast top`, printed once."""

from io import StringIO

from rich.console import Console

from pipeline.events import BatchSpoken, LineQuarantined, ModelLoadBegan, ModelLoaded, WorkerLost, WorkPlanned
from pipeline.render.event_record import record_of
from pipeline.render.watch import Watch
from pipeline.reports.watch_table import watch_table

T = 1_700_000_000.0


def printed(events, now_s):
    watch = Watch()
    for event in events:
        watch.add(record_of(event, T))
    out = StringIO()
    Console(file=out, width=120).print(watch_table(watch, "lighthouse", now_s))
    return out.getvalue().splitlines()


def test_a_row_a_worker_below_how_far_the_run_is():
    rows = printed(
        [
            WorkPlanned(("a", "b"), 400, 2, 0, T),
            ModelLoadBegan(0, "a", 1, False, T),
            ModelLoaded(0, "a", 1, 3.0, False, T + 3),
            BatchSpoken(0, "a", 32, 20.0, T + 23, 64.0),
            ModelLoadBegan(1, "b", 1, False, T + 20),
        ],
        T + 30,
    )
    assert rows[0] == "lighthouse: 32/400 lines, 64 s of audio, 2 loads, 2.1x real time, 4 min left"
    assert set(rows[1]) <= set("━╸╺ ")
    assert [cell.strip() for cell in rows[5].strip("│").split("│")] == [
        "0", "speaking a", "32", "3.2", "0.0 s", "1", "", "", "a",
    ]  # fmt: skip
    assert "loading b" in rows[6]


def test_faults_stand_below_and_a_silent_run_is_named():
    rows = printed(
        [
            WorkPlanned(("a",), 4, 1, 0, T),
            WorkerLost(0, "out of memory", 3),
            LineQuarantined("7", "book.md:9", "it kills its worker"),
        ],
        T + 600,
    )
    assert "1 set aside" in rows[0] and "nothing heard for 10 min" in rows[0]
    assert rows[-2].endswith("worker 0: lost out of memory")
    assert rows[-1].endswith("aside book.md:9: line 7: it kills its worker")


def test_more_models_than_fit_are_counted():
    loads = [ModelLoaded(0, f"m{n}", 1, 1.0, False, T + n) for n in range(5)]
    rows = printed([WorkPlanned(("m",), 4, 1, 0, T), *loads], T + 5)
    assert any("m2, m3, m4 +2" in row for row in rows)
