"""The page in a real browser: rows, filters, keys, and the sound that a line's button plays.

A script added to a copy of the page does what a person would, clicks, types and waits, and tells what it
sees through the browser's console. Sound is played in real time: the lines are about a second long.
"""

from __future__ import annotations

import base64
import copy
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pipeline.reports.page import page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PROGRAM = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--enable-logging=stderr",
    "--remote-debugging-port=0",  # without it the browser leaves as soon as the page is there
    "--window-size=1280,1000",
)
PATIENCE_S = 90.0
TOLD = re.compile(r"fullcast:([A-Za-z0-9+/=]+):")
# A position in a file is found to the frame and the clock of the sound card: more than enough for an ear
# to tell one line from the next, which lies 0.4 s away.
SEEK_S = 0.1
STOP_S = 0.25

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no chromium program on PATH; CI installs one"),
]

DRIVER = """
<script>
const until = async (test) => {{ while (!test()) await new Promise(go => setTimeout(go, 20)); }};
const press = key => document.body.dispatchEvent(
  new KeyboardEvent("keydown", {{key, bubbles: true, cancelable: true}}));
const rowIds = () => [...document.querySelectorAll(".row")].map(row => row.dataset.id);
const coded = value => btoa(unescape(encodeURIComponent(JSON.stringify(value))));
const tell = value => console.log("fullcast:" + coded(value) + ":");
addEventListener("load", async () => {{
  try {{ tell({{result: await (async () => {{ {steps} }})(), state: {{...document.body.dataset}}}}); }}
  catch (error) {{ tell({{failed: String(error)}}); }}
}});
</script></body>"""


def drive(folder: Path, facts: dict[str, Any], tmp_path: Path, steps: str, link: str = "") -> dict[str, Any]:
    """What `steps`, JavaScript that returns a value, sees on the page of `facts` beside `folder`'s sounds."""
    assert PROGRAM is not None
    copied = folder / f"{tmp_path.name}.html"
    whole = page(facts)
    assert whole.count("</body>") == 1
    copied.write_text(whole.replace("</body>", DRIVER.format(steps=steps)), "utf-8")
    address = f"file://{quote(str(copied))}{link}"
    command = [PROGRAM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as browser:
        assert browser.stderr is not None
        alarm = threading.Timer(PATIENCE_S, browser.kill)
        alarm.start()
        try:
            rows: list[str] = []
            for row in browser.stderr:
                rows.append(row)
                if found := TOLD.search(row):
                    told: dict[str, Any] = json.loads(base64.b64decode(found.group(1)))
                    assert "failed" not in told, told
                    return told
            pytest.fail("the page told nothing:\n" + "".join(rows[-20:]))
        finally:
            alarm.cancel()
            browser.terminate()


@pytest.fixture
def folder(first_run: Any) -> Path:
    """Where the small book was published."""
    path: Path = first_run.published.folder
    return path


def all_lines(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of all chapters."""
    return [line for chapter in facts["chapters"] for line in chapter["lines"]]


def spoken_by(facts: dict[str, Any], character: str) -> dict[str, Any]:
    """The first line of a character that can be heard."""
    return next(
        line for line in all_lines(facts) if line["character"] == character and line["start_s"] is not None
    )


def test_every_line_gets_its_row_and_markup_stays_text(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    steps = """return {ids: rowIds(),
      texts: [...document.querySelectorAll(".text")].map(one => one.textContent),
      scripts: document.scripts.length, bold: document.querySelectorAll(".row b").length,
      conserved: document.getElementById("conserved").dataset.conserved,
      pictures: document.querySelectorAll(".curve .edge").length};"""
    seen = drive(folder, plain_facts, tmp_path, steps)["result"]
    lines = all_lines(plain_facts)
    assert seen["ids"] == [line["id"] for line in lines]
    assert seen["texts"] == [line["text"] for line in lines]
    assert seen["scripts"] == 5 and seen["bold"] == 0  # facts, three of the page's own, and this driver
    assert seen["conserved"] == "true"
    assert seen["pictures"] == 2


def test_a_link_opens_the_page_filtered(folder: Path, plain_facts: dict[str, Any], tmp_path: Path) -> None:
    seen = drive(folder, plain_facts, tmp_path, "return rowIds();", "#character=Ben&status=quarantined")
    assert seen["result"] == [line["id"] for line in plain_facts["quarantined"]]
    assert seen["state"]["shown"] == "1"


def test_the_search_box_finds_words_in_any_case_and_gives_all_back(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    steps = """const box = document.getElementById("query"), found = [];
      for (const words of ["WHO there", "no such words", ""]) {
        box.value = words; box.dispatchEvent(new Event("input")); found.push(rowIds());
      }
      return found;"""
    found, nothing, everything = drive(folder, plain_facts, tmp_path, steps)["result"]
    lines = all_lines(plain_facts)
    assert found == [line["id"] for line in lines if line["text"] == "Who is there?"]
    assert nothing == []
    assert everything == [line["id"] for line in lines]


def test_a_line_s_button_plays_from_its_start_and_stops_at_its_end(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    line = spoken_by(plain_facts, "Anna")
    steps = f"""const sound = document.getElementById("audio");
      document.querySelector('[data-id="{line["id"]}"] .play').click();
      await until(() => !sound.paused && !sound.seeking && sound.readyState >= 3);
      const began = sound.currentTime, label = document.getElementById("toggle").getAttribute("aria-label");
      await until(() => sound.paused);
      return {{began, label, ended: sound.currentTime, file: sound.currentSrc}};"""
    seen = drive(folder, plain_facts, tmp_path, steps)
    assert seen["state"]["line"] == line["id"] and seen["state"]["playing"] == "false"
    assert seen["result"]["file"].endswith(quote(plain_facts["chapters"][0]["file"]))
    assert seen["result"]["label"] == "Pause"
    assert seen["result"]["began"] == pytest.approx(line["start_s"], abs=SEEK_S)
    assert line["end_s"] <= seen["result"]["ended"] <= line["end_s"] + STOP_S


def test_a_line_in_the_second_chapter_is_found_in_the_book_s_one_file(make_book: Any, tmp_path: Path) -> None:
    book = make_book(formats=())
    facts = book.facts()
    line, chapter = spoken_by(facts, "Ben"), facts["chapters"][1]
    assert chapter["file"] == "book.m4b" and line in chapter["lines"]
    steps = f"""const sound = document.getElementById("audio");
      document.querySelector('[data-id="{line["id"]}"] .play').click();
      await until(() => !sound.paused && !sound.seeking && sound.readyState >= 3);
      return sound.currentTime;"""
    seen = drive(book.published.folder, facts, tmp_path, steps)
    assert seen["result"] == pytest.approx(chapter["file_start_s"] + line["start_s"], abs=SEEK_S)


def test_keys_walk_along_the_lines_that_are_shown_and_play(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    steps = """const sound = document.getElementById("audio"), visited = [];
      for (const key of ["j", "j", "k"]) { press(key); visited.push(document.body.dataset.line); }
      press(" ");
      await until(() => !sound.paused);
      press(" ");
      await until(() => sound.paused);
      return {visited, current: document.querySelector(".row.current").dataset.id};"""
    seen = drive(folder, plain_facts, tmp_path, steps, "#character=narrator")["result"]
    ids = [line["id"] for line in all_lines(plain_facts) if line["character"] == "narrator"]
    assert seen["visited"] == [ids[0], ids[1], ids[0]]
    assert seen["current"] == ids[0]


def test_a_click_in_the_loudness_picture_moves_there(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    steps = """const sound = document.getElementById("audio"), picture = document.querySelector(".curve");
      const box = picture.getBoundingClientRect();
      picture.dispatchEvent(new MouseEvent("click", {clientX: box.left + box.width / 2, bubbles: true}));
      await until(() => sound.readyState >= 1 && !sound.seeking);
      return sound.currentTime;"""
    seen = drive(folder, plain_facts, tmp_path, steps)
    assert seen["result"] == pytest.approx(plain_facts["chapters"][0]["duration_s"] / 2, abs=SEEK_S)


def test_of_ten_thousand_lines_only_those_near_the_window_get_a_row(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    facts = copy.deepcopy(plain_facts)
    line = facts["chapters"][0]["lines"][1]
    facts["chapters"][0]["lines"] = [{**line, "id": f"line-{number}"} for number in range(10_000)]
    steps = """const before = rowIds().length;
      location.hash = "#line=line-5000";
      await until(() => document.body.dataset.line === "line-5000");
      const row = document.querySelector(".row.current").getBoundingClientRect();
      return {before, visible: row.top >= 0 && row.bottom <= innerHeight};"""
    seen = drive(folder, facts, tmp_path, steps)["result"]
    assert 20 < seen["before"] < 500
    assert seen["visible"] is True


def test_a_chapter_s_button_plays_on_into_the_next_chapter(make_book: Any, tmp_path: Path) -> None:
    book = make_book()
    facts = book.facts()
    first, second = facts["chapters"]
    steps = f"""const sound = document.getElementById("audio");
      document.querySelector("#chapter-1 .round").click();
      await until(() => !sound.paused && sound.readyState >= 3);
      seek(facts.chapters[0], {first["duration_s"] - 0.5});
      await until(() => sound.currentSrc.endsWith("{quote(second["file"])}") && sound.currentTime > 0);
      return document.getElementById("now-title").textContent;"""
    assert drive(book.published.folder, facts, tmp_path, steps)["result"].startswith("Two")


def test_a_file_that_is_gone_is_named(folder: Path, plain_facts: dict[str, Any], tmp_path: Path) -> None:
    facts = copy.deepcopy(plain_facts)
    facts["chapters"][0]["file"] = "chapters/gone.flac"
    steps = """document.querySelector(".row .play").click();
      const line = document.getElementById("now-line");
      await until(() => line.textContent.includes("cannot be played"));
      return line.textContent;"""
    assert drive(folder, facts, tmp_path, steps)["result"] == "chapters/gone.flac cannot be played"


def test_a_chapter_that_is_not_stitched_says_so_and_an_older_book_is_named(
    folder: Path, plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    facts = copy.deepcopy(plain_facts)
    chapter = facts["chapters"][0]
    chapter |= {"file": None, "duration_s": None, "not_stitched": "not stitched this time: 1 of 2 lines"}
    for line in chapter["lines"]:
        line |= {"start_s": None, "end_s": None}
    facts["book"] |= {"file": None, "older_file": "book.m4b"}
    steps = """const row = document.querySelector(".row .play");
      return {note: document.getElementById("unstitched").textContent, off: row.disabled, why: row.title};"""
    seen = drive(folder, facts, tmp_path, steps)["result"]
    assert seen["note"].startswith("1 chapter not stitched") and "book.m4b" in seen["note"]
    assert seen["off"] and seen["why"].startswith("not stitched this time")
