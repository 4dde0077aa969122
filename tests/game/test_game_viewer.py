"""A pack's report.html in a real browser: rows, filters, search, keys, and the sound of a line."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pack_games import sample, table

from pipeline.game.pack_index import IndexRow, read_index, read_pack
from pipeline.game.page import viewer

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
DRIVER = """
<script>
const until = async (test) => {{ while (!test()) await new Promise(go => setTimeout(go, 20)); }};
const press = key => document.body.dispatchEvent(
  new KeyboardEvent("keydown", {{key, bubbles: true, cancelable: true}}));
const keys = () => [...document.querySelectorAll(".row")]
  .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(row => row.dataset.key);
const choose = (id, value) => {{ $(id).value = value; $(id).dispatchEvent(new Event("input")); }};
const coded = value => btoa(unescape(encodeURIComponent(JSON.stringify(value))));
const tell = value => console.log("fullcast:" + coded(value) + ":");
addEventListener("load", async () => {{
  try {{ tell({{result: await (async () => {{ {steps} }})(), state: {{...document.body.dataset}}}}); }}
  catch (error) {{ tell({{failed: String(error)}}); }}
}});
</script></body>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no chromium program on PATH; CI installs one"),
]


def drive(page: Path, tmp_path: Path, steps: str, link: str = "") -> Any:
    """What `steps`, JavaScript that returns a value, sees on a copy of a page beside it."""
    assert PROGRAM is not None
    whole = page.read_text("utf-8")
    assert whole.count("</body>") == 1
    copied = page.with_name("driven.html")
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
                    return told["result"]
            pytest.fail("the page told nothing:\n" + "".join(rows[-20:]))
        finally:
            alarm.cancel()
            browser.terminate()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small game in two locales, a line of which could not be spoken."""
    game = sample("unity", tmp_path_factory.mktemp("viewer"))
    game.edit("Harbor.yarn", "You were asleep again.", "You were <b>asleep</b> again, tone-error.")
    assert game.render() == 1
    return game.pack / "report.html"


def test_every_line_has_its_row_and_what_authors_wrote_stays_text(page: Path, tmp_path: Path) -> None:
    steps = """return {keys: keys(), count: $("count").textContent,
      bold: document.querySelectorAll(".row b").length,
      texts: [...document.querySelectorAll(".row .cell-text .two")].map(one => one.textContent),
      written: (openSheet(lines[1]), $("sheet").textContent)};"""
    seen = drive(page, tmp_path, steps)
    assert len(seen["keys"]) == 14 and seen["count"] == "14 lines"
    assert "en/harbor-keeper-01" in seen["keys"] and "de/harbor-keeper-01" in seen["keys"]
    assert seen["bold"] == 0
    assert "You were asleep again, tone-error." in seen["texts"]
    assert "<b>asleep</b>" in seen["written"]


def test_filters_and_search_find_lines_and_are_kept_in_the_address(page: Path, tmp_path: Path) -> None:
    steps = """const found = {};
      choose("locale", "de"); choose("character", "Mira"); found.mira = keys();
      found.address = location.hash;
      choose("locale", ""); choose("character", ""); choose("status", "failed"); found.failed = keys();
      choose("status", ""); choose("finding", "warning"); found.warned = keys().length;
      choose("finding", ""); choose("query", "AUGEN geschlossenen"); found.searched = keys();
      choose("query", "no such words"); found.none = [keys().length, $("empty").hidden];
      $("clear").click(); found.all = keys().length;
      return found;"""
    seen = drive(page, tmp_path, steps)
    assert seen["mira"] == ["de/harbor-mira-01", "de/harbor-mira-02"]
    assert seen["address"] == "#locale=de&character=Mira"
    assert seen["failed"] == ["en/harbor-mira-01"]
    assert seen["searched"] == ["de/harbor-keeper-02"]
    assert seen["none"] == [0, False] and seen["all"] == 14


def test_a_link_opens_the_page_filtered(page: Path, tmp_path: Path) -> None:
    assert drive(page, tmp_path, "return keys();", "#locale=en&status=failed") == ["en/harbor-mira-01"]


def test_a_button_plays_the_line_s_own_file_and_one_without_sound_cannot(page: Path, tmp_path: Path) -> None:
    steps = """const row = key => document.querySelector(`[data-key="${key}"]`);
      const dead = row("en/harbor-mira-01").querySelector(".play").disabled;
      row("de/harbor-keeper-01").querySelector(".play").click();
      await until(() => document.body.dataset.playing === "true");
      const label = row("de/harbor-keeper-01").querySelector(".play").getAttribute("aria-label");
      await until(() => document.body.dataset.playing === "false");
      return {dead, label, file: audio.currentSrc, ended: audio.ended, whole: audio.duration};"""
    seen = drive(page, tmp_path, steps)
    assert seen["dead"] is True and seen["label"] == "Stop" and seen["ended"] is True
    assert seen["file"].endswith("Assets/Voices/de/harbor-keeper-01.wav")
    rows = read_index(page.parent, "de")
    expected = next(row.duration_s for row in rows if row.stem == "harbor-keeper-01")
    assert seen["whole"] == pytest.approx(expected, abs=0.01)


def test_keys_walk_along_the_lines_and_a_row_opens_all_its_facts(page: Path, tmp_path: Path) -> None:
    steps = """const visited = [];
      for (const key of ["j", "j", "k"]) { press(key); visited.push(document.body.dataset.line); }
      document.querySelector('[data-key="en/harbor-mira-01"]').click();
      const facts = $("sheet").textContent;
      return {visited, open: $("sheet").open, facts};"""
    seen = drive(page, tmp_path, steps)
    assert seen["visited"] == ["en/harbor-keeper-01", "en/harbor-mira-01", "en/harbor-keeper-01"]
    assert seen["open"] is True
    for words in ("Harbor.yarn:4", "dry, she has said this before", "tone-error", "tone/high"):
        assert words in seen["facts"]


def test_findings_stand_at_their_lines(tmp_path: Path) -> None:
    game = table(tmp_path, "id,text,emotion\na,Hello there.,frowning\nb,Good evening ♪ to you.,\n")
    assert game.render() == 0
    steps = """const found = {};
      for (const code of ["D015", "D007"]) { choose("finding", code); found[code] = keys(); }
      found.shown = document.querySelector(".finding").textContent;
      return found;"""
    seen = drive(game.pack / "report.html", tmp_path, steps)
    assert seen["D015"] == ["en/a"] and seen["D007"] == ["en/b"]
    assert seen["shown"].startswith("D007 ")


def test_of_5000_lines_only_those_near_the_window_get_a_row_and_all_are_found(tmp_path: Path) -> None:
    game = table(tmp_path, "id,text\na,Hello there.\n")
    game.render()
    form = read_pack(game.pack)
    (row,) = read_index(game.pack, "en")
    rows: list[IndexRow] = [
        row.model_copy(update={"stem": f"line{number}", "text": f"Words number {number}."})
        for number in range(5000)
    ]
    assert form is not None
    (game.pack / "report.html").write_text("".join(viewer(form, {"en": rows}, [])), "utf-8")
    steps = """const before = keys().length;
      scrollTo(0, document.body.scrollHeight); draw();
      const last = keys().at(-1), after = keys().length;
      choose("query", "number 4321."); const found = keys();
      choose("query", ""); location.hash = "#line=en/line2500";
      await until(() => document.body.dataset.line === "en/line2500");
      await until(() => document.querySelector(".row.current"));
      const box = document.querySelector(".row.current").getBoundingClientRect();
      return {before, after, last, found, visible: box.top >= 0 && box.bottom <= innerHeight};"""
    seen = drive(game.pack / "report.html", tmp_path, steps)
    assert 10 < seen["before"] < 100 and seen["after"] < 100
    assert seen["last"] == "en/line4999" and seen["found"] == ["en/line4321"] and seen["visible"] is True
