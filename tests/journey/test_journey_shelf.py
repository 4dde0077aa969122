"""Many books in one run, in this process with the tone engine; the processes beside it are real."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
from journey_shelves import Shelf

from pipeline.errors import PolicyError, StoreError
from pipeline.events import ChapterStitched, LineRendered, ModelLoaded
from pipeline.journey.inbox import Inbox
from pipeline.reports.shelf_events import BookComplete, BookFailed, BookFinished, BookPlanned, ShelfStarted


def published(folder: Path) -> dict[str, bytes]:
    """Every file of a published book but for the reports, which tell of the run."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith((".", "report."))
    }


def children() -> list[int]:
    """Processes of ours that plan or finish books."""
    family = psutil.Process().children(recursive=True)
    return [child.pid for child in family if any("spawn_main" in word for word in child.cmdline())]


def test_each_book_of_a_run_has_the_bytes_that_it_has_alone(shelf, tmp_path):
    files = [shelf.write(name) for name in ("harbor", "island")]
    shelf.render(*(shelf.request(file) for file in files))
    assert shelf.states() == {"harbor": "done", "island": "done"}
    for file in files:
        alone = Shelf(tmp_path / f"alone-{file.stem}")
        alone.folder.mkdir()
        alone.render(alone.request(file))
        together = published(shelf.output / file.stem)
        assert {"book.m4b", "chapters/01-one.flac", "book.vtt", "book.json"} <= together.keys()
        assert together == published(alone.output / file.stem)
    assert len({slug for _, slug in shelf.of(LineRendered)}) == 2
    assert children() == []


def test_books_that_fail_are_one_line_each_and_the_others_are_made(shelf):
    good = shelf.write("good")
    wrong = shelf.write("wrong", "Nobody (loud): Who is that?", ann="tone/nowhere")
    broken = shelf.write("broken", "This is fine.", "Ann: Say tone-error now.")
    blocked = shelf.write("blocked")
    shelf.output.mkdir()
    (shelf.output / "blocked").write_text("a file where the folder must be")
    gone = shelf.folder / "gone.md"
    shelf.render(*(shelf.request(file) for file in (wrong, gone, blocked, broken, good)))
    assert shelf.states() == {
        "wrong": "failed", "gone": "failed", "blocked": "failed", "broken": "unsound", "good": "done"
    }  # fmt: skip
    failed = {slug: event.reason for event, slug in shelf.of(BookFailed)}
    assert sorted(failed) == ["blocked", "gone", "wrong"]
    assert "wrong.md:" in failed["wrong"] and "\n" not in failed["wrong"]
    rows = {book["slug"]: book for book in shelf.report()["books"]}
    assert [line["where"] for line in rows["broken"]["lost"]] == [f"{broken}:10"]
    assert (shelf.output / "broken" / "book.m4b").exists()
    page = (shelf.output / "report.html").read_text()
    assert "2 of 5 books done" in page and 'href="broken/report.html"' in page


def test_books_are_finished_by_priority_and_stitched_while_others_are_spoken(shelf):
    names = ("low", "high", "middle")
    files = [
        shelf.write(name, *(f"Ann: tone-slow line {number} of {name}." for number in range(12)))
        for name in names
    ]
    published_early = threading.Event()

    def wait(event, slug):
        """Lines of the last book wait for the first book to be there: it must not wait for them."""
        deadline = time.monotonic() + 120
        while isinstance(event, LineRendered) and slug == "low" and not published_early.is_set():
            assert time.monotonic() < deadline
            if (shelf.output / "high" / "book.m4b").exists():
                published_early.set()
            time.sleep(0.05)

    requests = [shelf.request(file, number) for file, number in zip(files, (-1, 5, 0), strict=True)]
    shelf.render(*requests, hear=wait)
    assert published_early.is_set()
    assert [slug for _, slug in shelf.of(BookComplete)] == ["high", "middle", "low"]
    assert [book["slug"] for book in shelf.report()["books"]] == ["high", "middle", "low"]
    assert len(shelf.of(ShelfStarted)) == 1
    assert len(shelf.of(ModelLoaded)) == 1


def test_a_line_that_two_books_share_is_rendered_once_and_is_in_both(shelf):
    lines = ("The sea was calm that day.", "Ann: I will not go.")
    one, two = shelf.write("first", *lines), shelf.write("second", *lines, "Only here.")
    shelf.render(shelf.request(one), shelf.request(two))
    assert shelf.states() == {"first": "done", "second": "done"}
    # "One", the title, two lines that both have, and one more.
    assert len(shelf.of(LineRendered)) == 4
    keys = [event.key for event, _ in shelf.of(LineRendered)]
    assert len(set(keys)) == len(keys)


def test_a_shared_line_that_cannot_be_spoken_is_named_in_each_of_its_books(shelf):
    lines = ("Fine.", "Ann: Say tone-error now.")
    one, two = shelf.write("first", *lines), shelf.write("second", *lines)
    shelf.render(shelf.request(one), shelf.request(two))
    rows = {book["slug"]: book for book in shelf.report()["books"]}
    assert rows["first"]["lost"][0]["where"].startswith(str(one))
    assert rows["second"]["lost"][0]["where"].startswith(str(two))


def test_a_book_that_is_added_while_a_run_goes_on_is_made_and_leaves_the_inbox(shelf):
    begun = shelf.write("begun", *(f"Ann: tone-slow line {number} of the first." for number in range(20)))
    late, wrong = shelf.write("late"), shelf.write("wrong", ann="tone/nowhere")
    inbox = Inbox(shelf.store)

    def add(event, slug):
        if isinstance(event, LineRendered) and not inbox.entries() and "late" not in journeyed:
            journeyed.add("late")
            inbox.add(late, priority=3)
            inbox.add(wrong)

    journeyed: set[str] = set()
    shelf.render(shelf.request(begun), hear=add)
    assert shelf.states() == {"late": "done", "begun": "done", "wrong": "failed"}
    assert [slug for _, slug in shelf.of(BookPlanned)] == ["begun", "late"]
    # What failed stays for the next run, once it is put right.
    assert [inbox.read(entry, "none", ()).file for entry in inbox.entries()] == [wrong]
    shelf.write("wrong")
    shelf.render(shelf.request(begun))
    assert shelf.states()["wrong"] == "done"
    assert inbox.entries() == []


def test_an_urgent_book_with_a_model_that_the_workers_do_not_know_ends_their_round(shelf):
    begun = shelf.write("begun", *(f"Ann: tone-slow line {number} of the first." for number in range(60)))
    late = shelf.write("late", ann="tone/alt")
    inbox = Inbox(shelf.store)

    def add(event, slug):
        if isinstance(event, LineRendered) and not shelf.of(BookComplete) and not inbox.entries():
            inbox.add(late, priority=1)

    shelf.render(shelf.request(begun), hear=add)
    assert shelf.states() == {"late": "done", "begun": "done"}
    assert [slug for _, slug in shelf.of(BookComplete)] == ["late", "begun"]
    assert len(shelf.of(ShelfStarted)) == 2
    keys = [event.key for event, _ in shelf.of(LineRendered)]
    assert len(set(keys)) == len(keys)


def test_a_book_whose_stitching_kills_its_process_fails_alone_and_is_made_the_next_time(shelf):
    first, second = shelf.write("first"), shelf.write("second")
    requests = shelf.request(first, 1), shelf.request(second)
    killed: list[int] = []

    def kill(event, slug):
        if isinstance(event, ChapterStitched) and slug == "first" and not killed:
            killed.extend(children())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    shelf.render(*requests, hear=kill)
    assert shelf.states() == {"first": "failed", "second": "done"}
    assert "signal 9" in shelf.of(BookFailed)[0][0].reason
    shelf.render(*requests)
    assert shelf.states() == {"first": "done", "second": "done"}
    assert not shelf.of(LineRendered)


def test_a_script_that_is_edited_while_its_book_waits_is_made_as_it_was_planned(shelf):
    first = shelf.write("first")
    second = shelf.write("second", "As it was.", "Ann: I know.")

    def edit(event, slug):
        if isinstance(event, ShelfStarted):
            second.write_text(second.read_text().replace("As it was.", "As it never was before."))

    shelf.render(shelf.request(first), shelf.request(second), hear=edit)
    assert shelf.states()["second"] == "done"
    assert "As it was." in (shelf.output / "second" / "book.srt").read_text()
    shelf.render(shelf.request(first), shelf.request(second))
    assert [slug for _, slug in shelf.of(LineRendered)] == ["second"]


def test_a_second_run_renders_nothing_and_touches_no_book(shelf):
    files = [shelf.write(name) for name in ("harbor", "island")]
    requests = [shelf.request(file) for file in files]
    shelf.render(*requests)
    before = {
        path: path.stat().st_mtime_ns for path in shelf.output.rglob("*") if path.parent != shelf.output
    }
    shelf.render(*requests)
    assert not shelf.of(LineRendered) and not shelf.of(ShelfStarted)
    assert shelf.states() == {"harbor": "done", "island": "done"}
    after = {path: path.stat().st_mtime_ns for path in shelf.output.rglob("*") if path.parent != shelf.output}
    changed = {path.name for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {"report.json", "harbor", "island"}  # how this run went; probes in the folders


def test_while_a_run_holds_the_inbox_another_leaves_it_alone(shelf):
    waiting = shelf.write("waiting")
    inbox = Inbox(shelf.store)
    inbox.add(waiting)
    with inbox.held() as ours:
        assert ours and inbox.is_held()
        shelf.render(shelf.request(shelf.write("other")))
    assert shelf.states() == {"other": "done"}
    assert len(inbox.entries()) == 1 and not inbox.is_held()


def test_an_added_book_that_would_have_the_folder_of_another_is_refused(shelf):
    first = shelf.write("first")
    other = shelf.folder / "elsewhere"
    other.mkdir()
    same = Shelf(other).write("first", "Quite another book.")
    Inbox(shelf.store).add(same)
    shelf.render(shelf.request(first))
    rows = shelf.report()["books"]
    assert [row["state"] for row in rows] == ["done", "failed"]
    assert "the folder 'first' is that of" in rows[1]["reason"]


def test_an_output_that_cannot_be_written_stops_the_run_before_anything_is_rendered(shelf):
    shelf.output.write_text("a file")
    with pytest.raises(StoreError):
        shelf.render(shelf.request(shelf.write("first")))
    assert not list(shelf.store.rglob("*.flac"))
    assert children() == []


def test_each_books_cost_is_the_time_that_engines_worked_on_it(shelf):
    slow = shelf.write("slow", *(f"Ann: tone-slow line {number}." for number in range(4)))
    quick = shelf.write("quick")
    shelf.render(shelf.request(slow), shelf.request(quick))
    rows = {book["slug"]: book for book in shelf.report()["books"]}
    said = {"slow": 0.0, "quick": 0.0}
    for event, slug in shelf.of(LineRendered):
        said[slug] += event.render_s
    finished = {slug: event.device_s for event, slug in shelf.of(BookFinished)}
    assert finished == pytest.approx(said, abs=0.06)
    assert rows["slow"]["device_s"] == pytest.approx(said["slow"], abs=0.06)
    totals = shelf.report()["totals"]
    assert totals["device_s"] == pytest.approx(sum(said.values()), abs=0.06)


def test_a_spent_budget_ends_the_run_and_keeps_the_books_that_are_complete(shelf):
    quick = shelf.write("quick")
    slow = shelf.write("slow", *(f"Ann: tone-slow line {number} of many." for number in range(120)))
    requests = shelf.request(quick, 1), shelf.request(slow)
    with pytest.raises(PolicyError, match="the budget of .* is spent"):
        shelf.render(*requests, budget="4s")
    assert shelf.states() == {"quick": "done", "slow": "unfinished"}
    run = shelf.report()["run"]
    assert run["state"] == "stopped" and "the budget" in run["reason"]
    assert run["held_s"] >= 4.0
    left = 123 - sum(slug == "slow" for _, slug in shelf.of(LineRendered))
    assert left > 0
    shelf.render(*requests)
    assert shelf.states() == {"quick": "done", "slow": "done"}


def test_a_book_whose_model_is_larger_than_the_memory_fails_alone(shelf):
    small, large = shelf.write("small"), shelf.write("large", ann="tone/alt")
    shelf.render(shelf.request(small), shelf.request(large), memory="500K")
    assert shelf.states() == {"small": "failed", "large": "failed"}
    assert "the memory budget of a worker" in shelf.of(BookFailed)[0][0].reason
    shelf.render(shelf.request(small), shelf.request(large), memory="2M")
    assert shelf.states() == {"small": "done", "large": "done"}
