"""A whole book published: chapter files, the .m4b, captions, timeline, disclosure and provenance."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.events import Event, FileWritten
from pipeline.files import write_bytes, write_json, write_text
from pipeline.hashing import digest, digest_bytes
from pipeline.publish.aac_packets import PacketShelf
from pipeline.publish.aac_parts import PartCache, cores
from pipeline.publish.captions import book_timeline, write_srt, write_vtt
from pipeline.publish.chapters import chapter_marks
from pipeline.publish.encode import Format, encode_chapter
from pipeline.publish.m4b import write_m4b
from pipeline.publish.manifest import PublishedChapter, book_json
from pipeline.publish.provenance import disclosure_file, provenance
from pipeline.publish.shelf import OutputShelf
from pipeline.publish.tags import Tags, book_tags, chapter_tags
from pipeline.script.model import Script
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.presets import Preset
from pipeline.stitch.timeline import Timeline
from pipeline.takes.take import Take

# Raised when the same masters and tags would be written as other bytes.
PUBLISH_VERSION = 2
BOOK_FILE = "book.m4b"


@dataclass(frozen=True)
class Edition:
    """What is to be published: formats of the chapter files, the preset, and whether the book is whole.

    Without `whole` (only some chapters were stitched) there is no .m4b and nothing older is removed.
    """

    formats: tuple[Format, ...]
    preset: Preset
    whole: bool = True


@dataclass(frozen=True)
class Published:
    """Where everything is; `chapters` names each chapter's file in the first format asked for."""

    folder: Path
    chapters: Mapping[int, str]
    book: Path | None
    removed: tuple[str, ...]


def publish_book(
    script: Script,
    stitched: Sequence[StitchedChapter],
    takes: Sequence[Take],
    models: Mapping[str, Mapping[str, str]],
    folder: Path,
    edition: Edition,
    report: Callable[[Event], None],
    cache: Path | None = None,
    threads: int | None = None,
) -> Published:
    """Publishes the chapters that are stitched; only what changed is written.

    Args:
        takes: of all lines, in reading order, for provenance.
        models: SHA-256 of each file of each model, by model.
        cache: folder for the AAC of each chapter, so that a change encodes only its chapter again.
        threads: how many encoders work at once, one a core without a number. The bytes do not differ.

    Raises:
        StoreError: the folder cannot be written.
        AudioError: the cover is no picture, or a master cannot be read.
    """
    shelf = OutputShelf(folder)
    voices = list(dict.fromkeys(take.voice for take in takes))
    tags = book_tags(script.book, voices)
    press = _Press(shelf, edition, tags, report, threads or cores())
    names = {one.number: _file_name(one, len(script.chapters)) for one in stitched}
    press.chapters(stitched, names, len(script.chapters))
    if edition.whole and stitched:
        keys = tuple(one.master.key for one in stitched)
        press.book(stitched, PartCache(PacketShelf(cache), script.slug, keys) if cache else None)
    _write_facts(press, script, stitched, names, takes, models, voices)
    removed = shelf.close(keep_others=not edition.whole)
    first = edition.formats[0] if edition.formats else None
    files = {number: f"chapters/{name}.{first}" for number, name in names.items()} if first else {}
    book = folder / BOOK_FILE if edition.whole and stitched else None
    return Published(folder, files, book, tuple(removed))


@dataclass(frozen=True)
class _Job:
    """One file to be made: its name in the folder, what it is made of, and who writes it."""

    name: str
    parts: dict[str, Any]
    write: Callable[[Path], object]


class _Press:
    """Writes the sounding files and their captions through the shelf; reports in the book's order."""

    def __init__(
        self,
        shelf: OutputShelf,
        edition: Edition,
        tags: Tags,
        report: Callable[[Event], None],
        threads: int,
    ) -> None:
        self._shelf = shelf
        self.edition = edition
        self.tags = tags
        self._report = report
        self._threads = threads

    def make(self, name: str, parts: dict[str, Any], write: Callable[[Path], object]) -> None:
        """One file, keyed by what it is made of."""
        job = _Job(name, parts, write)
        self._told(job, self._made(job))

    def chapters(self, stitched: Sequence[StitchedChapter], names: Mapping[int, str], count: int) -> None:
        """Every chapter in each format, several at once, each with its captions."""
        jobs = [self._jobs(one, names[one.number], count) for one in stitched]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="chapter") as pool:
            try:
                waiting = [[(job, pool.submit(self._made, job)) for job in some] for some in jobs]
                for one, some in zip(stitched, waiting, strict=True):
                    for job, made in some:
                        self._told(job, made.result())
                    self.captions(f"captions/{names[one.number]}", one.master.timeline)
            finally:
                # After an error nothing new is begun; what is being written comes to its end.
                pool.shutdown(cancel_futures=True)

    def _jobs(self, one: StitchedChapter, name: str, count: int) -> list[_Job]:
        tags = chapter_tags(self.tags, one.chapter.title, one.number, count)
        preset = self.edition.preset
        parts = {"master": one.master.key, "tags": _tags_key(tags), "preset": asdict(preset)}

        def write(form: Format, path: Path) -> None:
            encode_chapter(one.master.path, path, form, preset, tags)

        return [_Job(f"chapters/{name}.{form}", parts, partial(write, form)) for form in self.edition.formats]

    def _made(self, job: _Job) -> bool:
        """Whether the file had to be made. Runs in several threads: each has a name of its own."""
        return self._shelf.make(job.name, digest({"version": PUBLISH_VERSION, **job.parts}), job.write)

    def _told(self, job: _Job, made: bool) -> None:
        self._report(FileWritten(str(self._shelf.folder / job.name), reused=not made))

    def book(self, stitched: Sequence[StitchedChapter], cache: PartCache | None) -> None:
        """The .m4b with its chapters, and the captions of the whole."""
        timelines = [one.master.timeline for one in stitched]
        marks = chapter_marks(
            [one.chapter.title for one in stitched], [timeline.length_samples for timeline in timelines]
        )
        masters = [one.master.path for one in stitched]
        preset = self.edition.preset
        parts = {
            "masters": [one.master.key for one in stitched],
            "marks": [asdict(mark) for mark in marks],
            "tags": _tags_key(self.tags),
            "preset": asdict(preset),
        }

        def write(path: Path) -> None:
            write_m4b(masters, marks, self.tags, path, preset, cache=cache, threads=self._threads)

        self.make(BOOK_FILE, parts, write)
        self.captions("book", book_timeline(self.tags.title, timelines))
        if self.tags.cover is not None:
            cover = self.tags.cover
            suffix = "png" if self.tags.cover_mime == "image/png" else "jpg"
            self.make(
                f"cover.{suffix}", {"cover": digest_bytes(cover)}, lambda path: write_bytes(path, cover)
            )

    def captions(self, name: str, timeline: Timeline) -> None:
        """WebVTT and SRT of a timeline."""
        parts = {
            "rate": timeline.sample_rate,
            "lines": [
                [span.line.id, span.line.character, span.line.text, span.start_samples, span.end_samples]
                for span in timeline.lines
            ],
        }
        self.make(f"{name}.vtt", parts, lambda path: write_vtt(timeline, path))
        self.make(f"{name}.srt", parts, lambda path: write_srt(timeline, path))


def _write_facts(
    press: _Press,
    script: Script,
    stitched: Sequence[StitchedChapter],
    names: Mapping[int, str],
    takes: Sequence[Take],
    models: Mapping[str, Mapping[str, str]],
    voices: Sequence[str],
) -> None:
    """`book.json`, `provenance.json` and `DISCLOSURE.txt`: small, made each time, written if they differ."""
    first = press.edition.formats[0] if press.edition.formats else None
    published = [
        PublishedChapter(f"chapters/{names[one.number]}.{first}" if first else BOOK_FILE, one.master.timeline)
        for one in stitched
    ]
    book = book_json(script.book, script.slug, published, __version__)
    press.make("book.json", {"book": book}, lambda path: write_json(path, book))
    made = provenance(takes, __version__, models)
    press.make("provenance.json", {"provenance": made}, lambda path: write_json(path, made))
    if script.book.disclose:
        text = disclosure_file(script.book, voices)
        press.make("DISCLOSURE.txt", {"text": text}, lambda path: write_text(path, text))


def _tags_key(tags: Tags) -> str:
    values = asdict(tags)
    values["cover"] = digest_bytes(tags.cover) if tags.cover is not None else None
    return digest(values)


def _file_name(one: StitchedChapter, chapters: int) -> str:
    """`03-the-storm`: its number, as wide as the last one's, then its title in letters any disk takes."""
    width = max(2, len(str(chapters)))
    flat = unicodedata.normalize("NFC", one.chapter.title).lower()
    slug = re.sub(r"[^\w]+", "-", flat).strip("-_")[:48].strip("-")
    return f"{one.number:0{width}d}-{slug}" if slug else f"{one.number:0{width}d}"
