"""The morning report of a shelf, and what is shown while it is rendered."""

import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import pyte
import pytest

from pipeline.events import LineQuarantined, LineRendered
from pipeline.reports.shelf_events import (
    BookComplete,
    BookFailed,
    BookFinished,
    BookPlanned,
    ShelfFinished,
    ShelfStarted,
)
from pipeline.reports.shelf_page import clock, shelf_page, write_shelf_page
from pipeline.reports.shelf_report import ShelfBook, ShelfRun, shelf_facts
from pipeline.reports.shelf_reporters import ShelfBars, ShelfJson, ShelfLog

RUN = ShelfRun(
    "finished", None, "2026-01-02T22:00:00+00:00", "2026-01-03T06:30:00+00:00", 30600.0, 4, 9000.5,
    9900.0, 3, 12.5, 1, "/out",
)  # fmt: skip
DONE = ShelfBook(
    "a", "A & <b>B</b>", "a.md", 2, "audiobook", state="done", lines=10, reused=4, to_render=6, rendered=6,
    audio_s=3723.4, device_s=55.5, ended_s=100.0, report="a/report.html", book="a/book.m4b",
)  # fmt: skip
FAILED = ShelfBook("b", "b", "b.md", 0, "acx", state="failed", reason="b.md:3: <no> voice", ended_s=1.0)
UNSOUND = replace(
    DONE, slug="c", title="C", state="unsound", added=True, report="c/a report.html",
    lost=({"line_id": "x-1", "where": "c.md:9", "reason": "it <hangs>"},), broken_rules=("c/x.mp3: peak",),
)  # fmt: skip


def render_events() -> list[tuple]:
    line = LineRendered("l", "Ann", "One", "k", 2.0, 0.5, 0)
    return [
        (BookPlanned("Alpha", "a.md", 0, 3, 2, 4.0), "a"),
        (BookPlanned("Beta", "b.md", 0, 1, 1, 2.0), "b"),
        (BookFailed("c.md", "c.md:1: wrong"), "c"),
        (ShelfStarted(2, 3, 6.0, 2), None),
        (line, "a"),
        (LineQuarantined("q", "a.md:4", "it hangs"), "a"),
        (BookComplete("Alpha"), "a"),
        (BookFinished("Alpha", False, 1, 2.0, 0.5, 9.0), "a"),
        (line, "b"),
        (ShelfFinished(1, 1, 1, 4.0, 1.0, 10.0), None),
    ]


class Text(HTMLParser):
    """The text and the links of a page; fails on a tag that is closed wrongly."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.links, self.open = "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_sums_of_a_shelf_add_up():
    totals = shelf_facts([DONE, FAILED, UNSOUND], RUN)["totals"]
    assert (totals["books"], totals["done"], totals["unsound"], totals["failed"], totals["open"]) == (
        3,
        1,
        1,
        1,
        0,
    )
    assert totals["quarantined"] == 1 and totals["device_s"] == 111.0


def test_the_page_tells_each_books_state_and_shows_an_authors_marks_as_text():
    page = Text(shelf_page(shelf_facts([DONE, FAILED, UNSOUND], RUN)))
    assert page.open == []
    assert "2 of 3 books done" in page.text
    assert "A & <b>B</b>" in page.text and "b.md:3: <no> voice" in page.text
    assert "c.md:9: x-1: it <hangs>" in page.text and "added while it ran" in page.text
    assert "1:02:03" in page.text and "111.0 device-seconds" in page.text
    assert page.links == ["a/report.html", "a/book.m4b", "c/a%20report.html", "a/book.m4b"]


def test_a_page_looks_again_by_itself_only_while_the_run_goes_on(tmp_path):
    running = shelf_facts([replace(DONE, state="rendering")], replace(RUN, state="running", ended_at=None))
    assert 'http-equiv="refresh"' in write_shelf_page(running, tmp_path).read_text()
    assert json.loads((tmp_path / "report.json").read_text())["totals"]["open"] == 1
    assert 'http-equiv="refresh"' not in shelf_page(shelf_facts([DONE], RUN))


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (3723.4, "1:02:03")])
def test_a_length_is_shown_as_a_clock_does(seconds, shown):
    assert clock(seconds) == shown


def test_every_json_event_names_its_book():
    stream = io.StringIO()
    reporter = ShelfJson(stream)
    for event, book in render_events():
        reporter.on(event, book)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["book"] for event in told] == ["a", "b", "c", None, "a", "a", "a", "a", "b", None]
    assert told[0]["event"] == "BookPlanned" and told[0]["to_render"] == 2


def test_a_pipe_gets_plain_lines_with_the_books_name():
    stream = io.StringIO()
    reporter = ShelfLog(stream)
    for event, book in render_events():
        reporter.on(event, book)
    text = stream.getvalue()
    assert "c: failed: c.md:1: wrong\n" in text and "a: done, 0:02, 1 line set aside\n" in text
    assert "1/3 lines" in text and "(a: 1/2)" in text


class Terminal(io.StringIO):
    """A terminal of 120 x 20 characters whose screen can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = pyte.Screen(120, 20)
        self.screen.set_mode(pyte.modes.LNM)
        self.stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.stream.feed(text)
        return len(text)

    def shown(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display if row.strip()]


def test_a_terminal_has_a_bar_for_each_open_book_and_one_for_all(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "20")
    terminal = Terminal()
    reporter = ShelfBars(terminal)
    events = render_events()
    for event, book in events[:5]:
        reporter.on(event, book)
    rows = terminal.shown()
    assert [row.split()[0] for row in rows if "|" in row] == ["All", "Alpha", "Beta"]
    assert any("c: failed: c.md:1: wrong" in row for row in rows)
    for event, book in events[5:]:
        reporter.on(event, book)
    reporter.close()
    rows = terminal.shown()
    assert [row.split()[0] for row in rows if "|" in row] == ["All"]
    assert any("100%" in row and "3/3 lines" in row for row in rows)
    assert any("a: done, 0:02, 1 line set aside" in row for row in rows)
