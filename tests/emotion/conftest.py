"""Scripts as text, and the labelled lines with the script that scores them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.script.check import read_script
from pipeline.script.model import Script

ROOT = Path(__file__).parents[2]
# Where emotion_inference.py lies, as when it is run.
sys.path.insert(0, str(ROOT / "scripts" / "quality"))

HEAD = """---
book: {title: The Trial, language: en-us}
cast:
  narrator: tone/low
  Della: {voice: tone/high, emotion: auto, aliases: [Mrs. Young]}
  Jim: {voice: tone/mid, emotion: auto, intensity: 0.8, rate: 0.9}
  Mei: {voice: tone/high, emotion: auto, language: zh, aliases: [小梅]}
---
# One

"""


@pytest.fixture
def book(tmp_path: Path) -> Callable[[str], Script]:
    """Reads a Markdown script given as text below the head."""

    def read(body: str, head: str = HEAD, name: str = "book.md") -> Script:
        path = tmp_path / name
        path.write_text(head + body, encoding="utf-8")
        return read_script(path)

    return read
