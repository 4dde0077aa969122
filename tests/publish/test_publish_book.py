"""A book published as a whole: what is made, in which order it is told, and what a change costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from publish_samples import LEVELS, RATE, line_span, master, timeline

from pipeline.errors import AudioError
from pipeline.events import Event, FileWritten
from pipeline.publish.aac_packets import PacketShelf
from pipeline.publish.book import Edition, Published, publish_book
from pipeline.publish.encode import FORMATS
from pipeline.script.model import Book, Chapter, Script, Span
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.master import ChapterMaster
from pipeline.stitch.presets import PRESETS

CHAPTER = 100 * 1024


def stitched_chapter(folder: Path, number: int, seed: int) -> StitchedChapter:
    """Chapter `number` as it sounds with that seed."""
    path = folder / f"master-{number}-{seed}.flac"
    if not path.exists():
        master(path, CHAPTER, seed=seed)
    line = line_span(f"line-{number}", "Jim", f"Words of {number}.", RATE // 2, RATE, seed=number)
    place = timeline(line, length_samples=CHAPTER, title=f"Part {number}")
    chapter = Chapter(f"Part {number}", (line.line,), Span("book.md", 1, 0, 1))
    return StitchedChapter(
        number, chapter, ChapterMaster(path, f"key-{number}-{seed}", place, LEVELS, 0.0), False
    )


def published(
    folder: Path, seeds: Sequence[int], output: str = "out", told: list[Event] | None = None, **options: Any
) -> Published:
    """A book of one chapter for each seed."""
    stitched = [stitched_chapter(folder, number, seed) for number, seed in enumerate(seeds, start=1)]
    chapters = tuple(one.chapter for one in stitched)
    script = Script("book", folder / "book.md", Book(title="Book", author="Ann"), {}, (), chapters)
    takes = [span.take for one in stitched for span in one.master.timeline.lines]
    edition = Edition(options.pop("formats", ("mp3",)), PRESETS["audiobook"])
    report = (told if told is not None else []).append
    return publish_book(
        script, stitched, takes, {"tone@1.0": {}}, folder / output, edition, report, **options
    )


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the ledger, which holds the times of files."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != ".fullcast.json"}


def made(told: Sequence[Event]) -> list[str]:
    """The names of files that were really written."""
    return [Path(event.path).name for event in told if isinstance(event, FileWritten) and not event.reused]


def test_neither_threads_nor_the_cache_change_a_byte_of_any_file(tmp_path: Path) -> None:
    seeds = (1, 2, 3)
    published(tmp_path, seeds, "one", formats=FORMATS, threads=1)
    published(tmp_path, seeds, "four", formats=FORMATS, threads=4, cache=tmp_path / "aac")
    published(tmp_path, seeds, "cached", formats=FORMATS, threads=4, cache=tmp_path / "aac")
    expected = contents(tmp_path / "one")
    assert len([name for name in expected if name.startswith("chapters/")]) == 3 * len(FORMATS)
    assert contents(tmp_path / "four") == contents(tmp_path / "cached") == expected


def test_files_are_told_in_the_order_of_the_book_however_long_each_takes(tmp_path: Path) -> None:
    told: list[Event] = []
    published(tmp_path, (1, 2, 3), told=told, formats=("mp3", "flac"), threads=3)
    names = made(told)
    chapters = [name for name in names if name.startswith("0")]
    suffixes = ("mp3", "flac", "vtt", "srt")
    assert chapters == [f"0{number}-part-{number}.{suffix}" for number in (1, 2, 3) for suffix in suffixes]
    assert names[len(chapters)] == "book.m4b"


def test_publishing_again_writes_nothing(tmp_path: Path) -> None:
    published(tmp_path, (1, 2), cache=tmp_path / "aac")
    before = contents(tmp_path / "out")
    told: list[Event] = []
    published(tmp_path, (1, 2), told=told, cache=tmp_path / "aac")
    assert made(told) == []
    assert contents(tmp_path / "out") == before


def test_a_changed_chapter_makes_its_own_files_and_its_own_part_of_the_book(tmp_path: Path) -> None:
    shelf = PacketShelf(tmp_path / "aac")
    published(tmp_path, (1, 2, 3), cache=tmp_path / "aac")
    before = shelf.in_use("book")
    told: list[Event] = []
    published(tmp_path, (1, 9, 3), told=told, cache=tmp_path / "aac")
    assert made(told) == ["02-part-2.mp3", "book.m4b", "delivery.json"]
    assert len(before) == len(shelf.in_use("book")) == 3
    assert len(shelf.in_use("book") - before) == 1
    published(tmp_path, (1, 9, 3), "fresh")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_without_a_cache_nothing_is_kept_beside_the_book(tmp_path: Path) -> None:
    published(tmp_path, (1, 2))
    assert not (tmp_path / "aac").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"out", "master-1-1.flac", "master-2-2.flac"}


@pytest.mark.parametrize("threads", [1, 4])
def test_a_damaged_master_stops_the_publication_and_is_named(tmp_path: Path, threads: int) -> None:
    stitched_chapter(tmp_path, 2, 2).master.path.write_bytes(b"fLaC nothing")
    with pytest.raises(AudioError, match=r"master-2-2\.flac: master cannot be read"):
        published(tmp_path, (1, 2, 3), threads=threads)
    assert not (tmp_path / "out" / "book.m4b").exists()
    assert not list((tmp_path / "out").rglob(".*-*")), "half a file"


def test_the_ledger_lists_every_file_that_several_threads_made(tmp_path: Path) -> None:
    published(tmp_path, tuple(range(1, 9)), threads=8, cache=tmp_path / "aac")
    ledger = json.loads((tmp_path / "out" / ".fullcast.json").read_bytes())
    assert set(ledger) == set(contents(tmp_path / "out"))


def test_another_chapters_title_changes_no_sound(tmp_path: Path) -> None:
    """Titles lie beside the packets, so a new one takes all AAC from the shelf."""
    published(tmp_path, (1, 2), cache=tmp_path / "aac")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "aac").glob("??/*.aac")}
    one, two = (stitched_chapter(tmp_path, number, number) for number in (1, 2))
    renamed = replace(two, chapter=replace(two.chapter, title="The End"))
    script = Script("book", tmp_path / "book.md", Book(title="Book"), {}, (), (one.chapter, renamed.chapter))
    edition = Edition(("flac",), PRESETS["audiobook"])
    told: list[Event] = []
    publish_book(script, [one, renamed], [], {}, tmp_path / "b", edition, told.append, cache=tmp_path / "aac")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "aac").glob("??/*.aac")} == before
