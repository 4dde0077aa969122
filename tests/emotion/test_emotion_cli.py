"""End to end with the tone engine: plan, take, report, and which takes a change costs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run
from pipeline.takes.store import TakeStore

BOOK = """---
book: {title: Auto, language: en-us}
cast:
  narrator: tone/low
  Ann: {voice: tone/high, emotion: auto}
  Bob: {voice: tone/mid, emotion: auto}
---
# One

“The boat has left,”{Ann} she sobbed.

“Then we walk.”{Bob} Bob took his hat.
"""


@dataclass
class Desk:
    """A folder with a script in it, and the command line."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def script(self) -> Path:
        return self.folder / "auto.md"

    def edit(self, old: str, new: str) -> None:
        text = self.script.read_text()
        assert old in text
        self.script.write_text(text.replace(old, new))

    def out(self, *args: str) -> str:
        """What a command prints."""
        self.capsys.readouterr()
        assert run([*args, "--store", str(self.folder / "store")]) == 0
        return self.capsys.readouterr().out

    def plan(self) -> dict[str, dict[str, Any]]:
        """The plan's lines by their words."""
        lines = json.loads(self.out("plan", str(self.script), "--json"))["lines"]
        return {line["text"]: line for line in lines}

    def render(self) -> dict[str, Any]:
        """The report of a render."""
        self.out("render", str(self.script), "--local", "-o", str(self.folder / "out"))
        report: dict[str, Any] = json.loads((self.folder / "out" / "auto" / "report.json").read_text())
        return report


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk with a script whose two characters have emotion `auto`."""
    (tmp_path / "auto.md").write_text(BOOK)
    return Desk(tmp_path, capsys)


def test_the_plan_shows_the_emotion_and_its_evidence(desk: Desk):
    printed = desk.out("plan", str(desk.script))
    assert f'auto: sad (0.92), tag-verb "sobbed" at {desk.script}:10' in printed
    assert "auto: neutral, no evidence" in printed
    line = desk.plan()["“The boat has left,”"]
    assert line["asked"]["emotion"] == "sad"
    assert line["inferred"]["evidence"][0]["quote"] == "sobbed"
    assert line["inferred"]["evidence"][0]["where"] == "auto.md:10"
    assert desk.plan()["Bob took his hat."]["inferred"] is None


def test_the_take_and_the_report_tell_what_was_inferred(desk: Desk):
    report = desk.render()
    lines = {line["text"]: line for chapter in report["chapters"] for line in chapter["lines"]}
    boat = lines["“The boat has left,”"]
    assert boat["asked"]["emotion"] == "sad" and boat["asks_emotion"]
    assert boat["inferred"]["label"] == "sad"
    assert boat["realised"]["level"] == "prosody"
    assert lines["“Then we walk.”"]["inferred"]["evidence"] == []
    assert not lines["“Then we walk.”"]["asks_emotion"]
    assert [row["asked"] for row in report["emotions"]["by_label"]] == ["sad (inferred)"]
    take = TakeStore(desk.folder / "store").get(boat["take"])
    assert take is not None and take.asked["emotion"] == "sad"
    assert take.key_parts["direction"]["emotion"] == [-0.63, -0.27, -0.33]
    page = (desk.folder / "out" / "auto" / "report.html").read_text()
    assert "sad (inferred)" in page and '"quote":"sobbed"' in page


def test_another_emotion_is_another_take_and_the_same_one_is_not(desk: Desk):
    desk.render()
    before = desk.plan()
    assert {line["status"] for line in before.values()} == {"reuse"}
    # Other words of the same feeling: only the narrator's line is new.
    desk.edit("she sobbed.", "she wept.")
    assert desk.plan()["“The boat has left,”"]["key"] == before["“The boat has left,”"]["key"]
    assert desk.plan()["“The boat has left,”"]["status"] == "reuse"
    desk.edit("she wept.", "she laughed.")
    changed = desk.plan()["“The boat has left,”"]
    assert changed["key"] != before["“The boat has left,”"]["key"]
    assert (changed["status"], changed["reason"]) == ("render", "direction changed")


def test_what_an_author_would_have_written_shares_the_take(desk: Desk):
    inferred = desk.plan()["“The boat has left,”"]["key"]
    desk.edit("{Ann} she", "{Ann sad} she")
    written = desk.plan()["“The boat has left,”"]
    assert written["key"] == inferred
    assert written["inferred"] is None


def test_neutral_by_inference_is_neutral_as_written(desk: Desk):
    inferred = desk.plan()["“Then we walk.”"]["key"]
    desk.edit("“{Bob}".replace("“", "”"), "”{Bob neutral}")
    assert desk.plan()["“Then we walk.”"]["key"] == inferred


def test_an_emotion_asked_for_a_retake_is_not_called_inferred(desk: Desk):
    desk.render()
    line = desk.plan()["“The boat has left,”"]
    desk.out("retake", str(desk.script), line["id"], "--emotion", "angry")
    after = desk.plan()["“The boat has left,”"]
    assert after["asked"]["emotion"] == "angry"
    assert after["inferred"] is None
