"""`fullcast render` with several models: its event log, its report, warmed models, and a budget too small."""

import json

import pytest

from pipeline.cli.main import run
from pipeline.render.event_log import log_path, read, summarize

BOOK = """---
fullcast: 1
book: {title: Two Models, author: A. Tester, language: en-us}
cast:
  narrator: tone/low
  Ann: tone/alt
---
# One

The narrator begins with a sentence of some length.

Ann: And I am spoken by another model.

The narrator has the last word again.
"""


@pytest.fixture
def render(tmp_path):
    """Renders the book in this process; gives the exit code."""
    script = tmp_path / "two.md"
    script.write_text(BOOK)

    def go(*args):
        folders = ["--store", str(tmp_path / "store"), "-o", str(tmp_path / "out")]
        return run(["render", str(script), "--local", "--preset", "none", *folders, *args])

    return go


def report(tmp_path):
    return json.loads((tmp_path / "out" / "two" / "report.json").read_text())


def test_a_render_leaves_a_log_of_its_models_and_the_report_has_its_sums(render, tmp_path):
    assert render() == 0
    records = list(read(log_path(tmp_path / "store", "two")))
    assert records[0].event == "plan" and records[0].models == ["tone@1", "tone@2"]
    names = [record.event for record in records]
    assert names.count("load-begin") == names.count("load-end") == 2
    assert {"miss", "stall", "speak", "memory"} <= set(names)
    summary = summarize(records)
    assert (summary.loads, summary.loads_needed, summary.loads_ratio) == (2, 2, 1.0)
    assert summary.peak_resident_bytes > 10_000_000
    facts = report(tmp_path)
    assert facts["run"]["models"] == json.loads(json.dumps(summary.as_json()))
    assert facts["workers"]["loads_ratio"] == 1.0


def test_a_run_with_nothing_to_do_keeps_the_log_of_the_last_that_had(render, tmp_path):
    assert render() == 0
    path = log_path(tmp_path / "store", "two")
    before = path.read_bytes()
    assert render() == 0
    assert path.read_bytes() == before
    assert not path.with_suffix(".1.jsonl").exists()
    assert report(tmp_path)["run"]["models"]["loads"] == 0


def test_with_preload_all_models_are_there_when_the_first_line_is_spoken(render, tmp_path):
    assert render("--preload", "auto") == 0
    names = [record.event for record in read(log_path(tmp_path / "store", "two"))]
    assert [name for name in names if name in ("load-end", "speak")][:2] == ["load-end", "load-end"]
    assert "miss" not in names


def test_a_model_larger_than_the_budget_stops_a_render_before_anything_is_loaded(render, tmp_path, capsys):
    assert render("--memory", "500K") == 4
    said = capsys.readouterr().err
    assert "needs 1.0 MB and the memory budget of a worker is 0.5 MB" in said and "--memory" in said
    assert not log_path(tmp_path / "store", "two").exists()
