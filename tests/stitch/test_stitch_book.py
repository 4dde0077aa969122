"""A book's masters: the same bytes however they come about, and made once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.audio import read_audio
from pipeline.events import ChapterStitched, Event
from pipeline.script.check import read_script
from pipeline.script.model import Script
from pipeline.stitch.book import MasterShelf, StitchedChapter, score_book, stitch_book
from pipeline.stitch.master import chapter_key
from pipeline.stitch.presets import PRESETS
from pipeline.takes.take import Take

AUDIOBOOK = PRESETS["audiobook"]


@dataclass
class Novel:
    """Three chapters of two speakers, and the take of each line."""

    script: Script
    takes: dict[str, Take]
    told: list[Event]

    def stitched(self, root: Path, workers: int = 2) -> list[StitchedChapter]:
        chapters = range(len(self.script.chapters))
        return stitch_book(
            self.script,
            lambda line: self.takes.get(line.id),
            chapters,
            AUDIOBOOK,
            root,
            self.told.append,
            workers,
        )


@pytest.fixture
def novel(bench) -> Novel:
    rows = ["---", "fullcast: 1", "book: {title: A, language: en-us}"]
    rows += ["cast: {narrator: tone/low, Ann: tone/high}", "---"]
    for number in range(3):
        rows += [
            f"# Part {number}",
            "",
            f"It was the {number}th day.",
            "",
            f"Ann: And the {number}th hour!",
            "",
        ]
    (bench.folder / "book.md").write_text("\n".join(rows), encoding="utf-8")
    script = read_script(bench.folder / "book.md")
    takes = {
        line.id: bench.take(line.id, bench.speechlike(1.5 + 0.1 * number), voice=line.character)
        for number, line in enumerate(script.lines())
    }
    return Novel(script, takes, [])


def test_the_number_of_workers_changes_no_byte_and_no_order(novel, tmp_path):
    alone = novel.stitched(tmp_path / "one", workers=1)
    many = novel.stitched(tmp_path / "four", workers=4)
    assert [one.number for one in alone] == [one.number for one in many] == [1, 2, 3]
    for one, other in zip(alone, many, strict=True):
        assert one.master.path.read_bytes() == other.master.path.read_bytes()
        assert replace(one.master, path=other.master.path) == other.master


def test_masters_are_made_once_and_come_back_as_they_were(novel, tmp_path):
    first = novel.stitched(tmp_path)
    again = novel.stitched(tmp_path)
    assert [one.reused for one in first] == [False] * 3
    assert [one.reused for one in again] == [True] * 3
    assert [one.master for one in again] == [one.master for one in first]
    for one in again:
        assert read_audio(one.master.path).length_samples == one.master.timeline.length_samples
    told = [event for event in novel.told if isinstance(event, ChapterStitched)]
    assert [event.reused for event in told] == [False] * 3 + [True] * 3


def test_only_the_chapter_of_a_changed_take_is_mixed_again(novel, bench, tmp_path):
    novel.stitched(tmp_path)
    line = novel.script.chapters[1].lines[-1]
    novel.takes[line.id] = bench.take(f"{line.id}-again", bench.speechlike(2.0), voice=line.character)
    assert [one.reused for one in novel.stitched(tmp_path)] == [True, False, True]


@pytest.mark.parametrize("harm", ["cut", "gone", "facts"])
def test_a_damaged_master_is_made_again(novel, tmp_path, harm):
    first = novel.stitched(tmp_path)[0].master
    whole = first.path.read_bytes()
    if harm == "cut":
        first.path.write_bytes(whole[:-100])
    elif harm == "gone":
        first.path.unlink()
    else:
        first.path.with_suffix(".json").write_text("{", encoding="utf-8")
    again = novel.stitched(tmp_path)
    assert [one.reused for one in again] == [False, True, True]
    assert again[0].master.path.read_bytes() == whole


def test_masters_that_no_book_uses_are_known(novel, tmp_path):
    stitched = novel.stitched(tmp_path)
    shelf = MasterShelf(tmp_path)
    keys = {one.master.key for one in stitched}
    assert shelf.unused(keys) == []
    assert shelf.unused(keys - {stitched[0].master.key}) == [stitched[0].master.path]


def test_a_chapters_key_is_the_same_wherever_its_rows_stand_in_the_file(novel, tmp_path):
    """An empty row more above a chapter moves every line of it and changes none."""
    text = novel.script.path.read_text(encoding="utf-8").replace("# Part 1", "\n\n# Part 1")
    (tmp_path / "moved.md").write_text(text, encoding="utf-8")
    moved = read_script(tmp_path / "moved.md")
    keys = [
        [chapter_key(score, AUDIOBOOK) for score in score_book(script, takes, range(3)).values()]
        for script, takes in (
            (novel.script, lambda line: novel.takes[line.id]),
            (moved, lambda line: novel.takes[line.id]),
        )
    ]
    assert keys[0] == keys[1]
