"""Voices that may be taken for each other: in the report's facts, and on its page."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from test_reports_browser import PROGRAM, drive

from pipeline.identity.alike import ALIKE
from pipeline.identity.prints import print_key


def test_only_voices_that_somebody_listened_to_are_compared(first_run: Any) -> None:
    import numpy as np

    keys = {line.line.character: print_key(line.voice) for line in first_run.plan.lines}
    near, far = np.zeros((2, 256), dtype=np.float32)
    near[0] = far[1] = 1.0
    assert first_run.facts()["alike"] == []
    alike = first_run.facts(prints={keys["Anna"]: near, keys["Ben"]: near})["alike"]
    assert [pair["characters"] for pair in alike] == [["Anna", "Ben"]]
    assert alike[0]["similarity"] == 1.0 > ALIKE and alike[0]["where"].endswith("story.md:9")
    assert first_run.facts(prints={keys["Anna"]: near, keys["Ben"]: far})["alike"] == []


@pytest.mark.browser
@pytest.mark.skipif(PROGRAM is None, reason="no chromium program on PATH; CI installs one")
def test_the_page_names_them(first_run: Any, plain_facts: dict[str, Any], tmp_path: Path) -> None:
    facts = copy.deepcopy(plain_facts)
    pair = {"characters": ["Anna", "<Ben>"], "voices": ["tone/high", "tone/low"], "similarity": 0.91}
    facts["alike"] = [{**pair, "where": "story.md:9", "scenes": 2, "told": ""}]
    steps = """const notes = [...document.querySelectorAll("details")];
      const found = notes.find(one => one.textContent.includes("taken for each other"));
      const text = found.querySelector("summary").innerText;
      return {text, row: found.querySelector("tbody").textContent};"""
    seen = drive(first_run.published.folder, facts, tmp_path, steps)["result"]
    assert "1 pair" in seen["text"]
    for told in ("Anna, <Ben>", "tone/high, tone/low", "0.91", "story.md:9"):
        assert told in seen["row"]
