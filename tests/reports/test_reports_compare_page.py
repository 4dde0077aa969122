"""The blind listening page in a real browser: keys, lots, and who is who only at the end."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reports_browser import FLAGS, PATIENCE_S, PROGRAM, TOLD

from pipeline.audio import Audio, encode_flac
from pipeline.reports.compare_page import Heard, compare_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no chromium program on PATH; CI installs one"),
]

A_FIRST = [True, False, False, True]
FIGURES = {
    "duration_s": 8.5, "characters_per_s": 14.2, "loudness_lufs": -21.3, "to_print": 0.93, "dnsmos": 3.9,
    "word_error_rate": 0.025, "words": 40,
}  # fmt: skip
SEALED: dict[str, Any] = {
    "sides": {"a": "kokoro/af_heart", "b": "kokoro/bm_lewis"},
    "figures": {"a": FIGURES, "b": {**FIGURES, "dnsmos": None, "word_error_rate": None}},
    "alike": 0.61,
    "notes": ["speechmos is not installed."],
    "seed": 1,
    "lines": [],
}

DRIVER = """
<script>
const until = async (test) => {{ while (!test()) await new Promise(go => setTimeout(go, 20)); }};
const press = key => document.body.dispatchEvent(
  new KeyboardEvent("keydown", {{key, bubbles: true, cancelable: true}}));
const hear = async (key, side) => {{ press(key); await until(() => state.heard[state.at][side]); }};
const coded = value => btoa(unescape(encodeURIComponent(JSON.stringify(value))));
const tell = value => console.log("fullcast:" + coded(value) + ":");
addEventListener("load", async () => {{
  try {{ tell({{result: await (async () => {{ {steps} }})()}}); }}
  catch (error) {{ tell({{failed: String(error)}}); }}
}});
</script></body>"""


def sounds() -> list[Heard]:
    """Four lines, a fifth of a second each; a sound's pitch says whose it is."""
    time_s = np.arange(3200) / 16_000
    low, high = (
        encode_flac(Audio.mono(0.2 * np.sin(2 * np.pi * hz * time_s), 16_000), bits=16) for hz in (220, 660)
    )
    return [
        Heard(
            f"line-{number}", "Ann", f"Line <b>{number}</b> & more", *((low, high) if first else (high, low))
        )
        for number, first in enumerate(A_FIRST)
    ]


def drive(folder: Path, steps: str) -> Any:
    """What `steps`, JavaScript that returns a value, sees on the page."""
    whole = compare_page(sounds(), A_FIRST, SEALED)
    path = folder / "page.html"
    path.write_text(whole.replace("</body>", DRIVER.format(steps=steps)), "utf-8")
    command = [str(PROGRAM), *FLAGS, f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as browser:
        assert browser.stderr is not None
        alarm = threading.Timer(PATIENCE_S, browser.kill)
        alarm.start()
        try:
            rows: list[str] = []
            for row in browser.stderr:
                rows.append(row)
                if found := TOLD.search(row):
                    told = json.loads(base64.b64decode(found.group(1)))
                    assert "failed" not in told, told
                    return told["result"]
            pytest.fail("the page told nothing:\n" + "".join(rows[-20:]))
        finally:
            alarm.cancel()
            browser.terminate()


def test_a_listener_with_a_keyboard_judges_all_lines_and_then_sees_who_was_who(tmp_path):
    """Prefers the first, the second, none and the first: A, A (B was first), none, A."""
    steps = """
      const before = document.body.innerText;
      press("ArrowLeft");
      const early = judged();
      const seen = [];
      for (const key of ["ArrowLeft", "ArrowRight", "ArrowDown", "ArrowLeft"]) {
        await hear("1", "first"); await hear("2", "second");
        seen.push(by("where").textContent);
        press(key);
      }
      const hidden = by("result").hidden;
      press("Enter");
      return {before, early, seen, hidden, score: by("score").textContent, chance: by("chance").textContent,
        figures: by("figures").innerText, notes: by("notes").textContent, lines: by("by-line").innerText,
        listening: by("listening").hidden, done: document.body.dataset.done};"""
    seen = drive(tmp_path, steps)
    assert "af_heart" not in seen["before"] and "bm_lewis" not in seen["before"]
    assert "Line <b>0</b> & more" in seen["before"], "markup in a line is text"
    assert seen["early"] == 0, "nobody judges what was not heard"
    assert seen["seen"] == [f"Line {number} of 4 · Ann" for number in (1, 2, 3, 4)]
    assert seen["hidden"] is True and seen["listening"] is True and seen["done"] == "true"
    assert seen["score"] == "kokoro/af_heart: 3 · kokoro/bm_lewis: 0 · no difference: 1"
    assert "may be chance" in seen["chance"] and "25.0 %" in seen["chance"]
    assert "2.5 %" in seen["figures"] and "-21.3 LUFS" in seen["figures"]
    assert "0.61 alike" in seen["notes"] and "speechmos is not installed." in seen["notes"]
    assert seen["lines"].count("no difference") == 1


def test_each_button_plays_the_sound_that_was_drawn_for_it(tmp_path):
    steps = """const played = [];
      for (let at = 0; at < 4; at++) {
        by("play-first").click(); await until(() => state.heard[state.at].first);
        played.push(sound.src === lines[at].first && sound.currentTime > 0.15);
        go(1);
      }
      return played;"""
    assert drive(tmp_path, steps) == [True] * 4


def test_a_page_that_is_loaded_again_goes_on_where_it_was(tmp_path):
    steps = """if (!sessionStorage.getItem("again")) {
        sessionStorage.setItem("again", "1");
        await hear("1", "first"); await hear("2", "second"); press("ArrowRight");
        location.reload();
        await new Promise(() => {});
      }
      return {at: state.at, verdicts: state.verdicts, shown: document.body.dataset.judged};"""
    assert drive(tmp_path, steps) == {"at": 1, "verdicts": ["second", None, None, None], "shown": "1"}


@pytest.mark.parametrize(
    ("wins", "losses", "chance"), [(0, 0, 1), (1, 1, 1), (5, 0, 0.0625), (15, 5, 0.0414)]
)
def test_the_sign_test_is_that_of_the_books(tmp_path, wins, losses, chance):
    assert drive(tmp_path, f"return chanceOf({wins}, {losses});") == pytest.approx(chance, abs=5e-5)


def test_the_page_tells_nothing_in_its_source_and_needs_no_other_file():
    page = compare_page(sounds(), A_FIRST, SEALED)
    assert "af_heart" not in page and "bm_lewis" not in page
    assert "http:" not in page and "https:" not in page and 'src="' not in page
    assert page == compare_page(sounds(), A_FIRST, SEALED)
    assert page.count("</script>") == 2
