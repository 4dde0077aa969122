"""Log records say what they are about: run, worker, book, line and take."""

import json
import logging

import pytest
from conftest_render import line_job

from pipeline.logs import JsonFileHandler, LogPlace, about, log_as, place_for_worker
from pipeline.render.local import LocalPool
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule


@pytest.fixture
def log(tmp_path):
    """A log file that this process writes to as worker 3 of a run."""
    path = tmp_path / "log.jsonl"
    log_as(LogPlace(path, "r1", 3))
    yield path
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, JsonFileHandler)]:
        root.removeHandler(handler)


def records(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_records_of_a_run_name_its_lines_and_takes(log, make_setup, store):
    jobs = [line_job("a", "Good morning."), line_job("b", "Say tone-error now.")]
    Run(jobs, LocalPool(make_setup()), Schedule([job.job for job in jobs]), lambda event: None).go(store.has)
    found = records(log)
    assert {(record["run"], record["actor"]) for record in found} == {("r1", 3)}
    kept = next(record for record in found if record["message"] == "kept")
    assert (kept["book"], kept["line"], kept["key"]) == ("book.md", "a", jobs[0].key)
    aside = next(record for record in found if record["message"].startswith("set aside"))
    assert (aside["line"], aside["key"]) == ("b", jobs[1].key)
    begun = [record["lines"] for record in found if record["message"].startswith("begins with")]
    assert sorted(line for lines in begun for line in lines) == ["a", "b"]


def test_facts_end_with_what_they_are_about(log):
    with about(line="x"):
        logging.getLogger("pipeline.test").warning("inside")
    logging.getLogger("pipeline.test").warning("outside")
    inside, outside = records(log)
    assert inside["line"] == "x" and "line" not in outside


def test_a_worker_logs_to_its_drivers_file_under_its_own_number(log):
    assert place_for_worker(5) == LogPlace(log.absolute(), "r1", 5)
