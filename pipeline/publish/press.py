"""Writes a book's files through its shelf, several at once, and tells of them in the book's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.events import Event, FileWritten
from pipeline.files import write_bytes
from pipeline.hashing import digest, digest_bytes
from pipeline.publish.acx import AcxPlan, Cut, Shortfall, StoreFile
from pipeline.publish.captions import book_timeline, write_srt, write_vtt
from pipeline.publish.chapters import chapter_marks
from pipeline.publish.cutting import cut_key, is_whole, write_cut
from pipeline.publish.deliver import BookCache, Deliverer, Source
from pipeline.publish.delivery_events import FileCorrected, RuleBroken
from pipeline.publish.delivery_record import Delivered
from pipeline.publish.encode import Format
from pipeline.publish.shelf import OutputShelf
from pipeline.publish.tags import Tags, chapter_tags
from pipeline.publish.verdict import Verdict, advice
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.presets import Preset
from pipeline.stitch.timeline import Timeline

# Raised when the same masters and tags would be written as other bytes.
PUBLISH_VERSION = 3
BOOK_FILE = "book.m4b"
ACX_FOLDER = "acx"


@dataclass(frozen=True)
class Edition:
    """What is to be published: formats of the chapter files, the preset, and whether the book is whole.

    Without `whole` (only some chapters were stitched) there is no .m4b and nothing older is removed.
    """

    formats: tuple[Format, ...]
    preset: Preset
    whole: bool = True


@dataclass(frozen=True)
class _Job:
    """One file to be made: its name in the folder, what it is made of, and who writes it.

    `sounds` are the keys of what is judged in it, with the chapter's title in the book's file; `write`
    then returns their verdicts.
    """

    name: str
    parts: dict[str, Any]
    write: Callable[[Path], Sequence[Verdict] | None]
    sounds: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class _Made:
    """Whether a file had to be made, and what was found in it."""

    made: bool
    delivered: tuple[Delivered, ...] = ()


@dataclass
class Press:
    """One publication's writer of sounding files and captions.

    Owns the order in which files are told and collects every verdict in `delivered`; knows nothing of the
    book's facts and provenance.
    """

    shelf: OutputShelf
    edition: Edition
    tags: Tags
    report: Callable[[Event], None]
    threads: int
    deliverer: Deliverer
    delivered: list[Delivered] = field(default_factory=list)
    findings: list[RuleBroken] = field(default_factory=list)

    def make(self, name: str, parts: dict[str, Any], write: Callable[[Path], object]) -> None:
        """One file without sound, keyed by what it is made of."""

        self._run([_silent(name, parts, write)])

    def chapters(self, stitched: Sequence[StitchedChapter], names: Mapping[int, str], count: int) -> None:
        """Every chapter in each format, several at once, each with its captions."""
        jobs: list[_Job] = []
        for one in stitched:
            name = names[one.number]
            tags = chapter_tags(self.tags, one.chapter.title, one.number, count)
            jobs += [
                self._file(f"chapters/{name}.{form}", _source(one), form, tags)
                for form in self.edition.formats
            ]
            jobs += _captions(f"captions/{name}", one.master.timeline)
        self._run(jobs)

    def acx(self, plan: AcxPlan, stitched: Sequence[StitchedChapter]) -> None:
        """The folder to be uploaded to ACX: MP3 files as the plan names them; tells what is missing."""
        numbered = len([one for one in plan.files if one.role != "retail sample"])
        jobs = []
        for number, one in enumerate(plan.files, start=1):
            source = _cut_source(one.cuts, stitched)
            tags = self._store_tags(one, number, numbered)
            jobs.append(self._file(f"{ACX_FOLDER}/{one.name}.mp3", source, "mp3", tags))
        self._run(jobs)
        for lack in plan.missing:
            self._broken(str(self.shelf.folder / ACX_FOLDER), lack)

    def book(self, stitched: Sequence[StitchedChapter], cache: BookCache | None) -> None:
        """The .m4b with its chapters, and the captions of the whole."""
        timelines = [one.master.timeline for one in stitched]
        marks = chapter_marks(
            [one.chapter.title for one in stitched], [timeline.length_samples for timeline in timelines]
        )
        sources = [_source(one) for one in stitched]
        parts = {
            "masters": [one.master.key for one in stitched],
            "marks": [asdict(mark) for mark in marks],
            "tags": _tags_key(self.tags),
            "preset": asdict(self.edition.preset),
        }

        def write(path: Path) -> Sequence[Verdict]:
            return self.deliverer.book(
                sources, marks, timelines[0].sample_rate, self.tags, path, cache, self.threads
            )

        sounds = tuple(
            (key, one.chapter.title)
            for key, one in zip(self.deliverer.book_keys(sources), stitched, strict=True)
        )
        captions = _captions("book", book_timeline(self.tags.title, timelines))
        self._run([_Job(BOOK_FILE, parts, write, sounds), *captions])
        if self.tags.cover is not None:
            cover = self.tags.cover
            suffix = "png" if self.tags.cover_mime == "image/png" else "jpg"
            key = {"cover": digest_bytes(cover)}
            self.make(f"cover.{suffix}", key, lambda path: write_bytes(path, cover))

    def _file(self, name: str, source: Source, form: Format, tags: Tags) -> _Job:
        def write(path: Path) -> Sequence[Verdict]:
            return [self.deliverer.file(source, form, tags, path)]

        parts = {"master": source.key, "tags": _tags_key(tags), "preset": asdict(self.edition.preset)}
        return _Job(name, parts, write, ((self.deliverer.key(source.key, form), None),))

    def _store_tags(self, one: StoreFile, number: int, count: int) -> Tags:
        if one.role == "retail sample":
            return replace(self.tags, title=one.title)
        return chapter_tags(self.tags, one.title, number, count)

    def _run(self, jobs: Sequence[_Job]) -> None:
        """Makes the files side by side and tells of each in the order of `jobs`."""
        waiting = []
        with ThreadPoolExecutor(self.threads, thread_name_prefix="chapter") as pool:
            try:
                waiting = [(job, pool.submit(self._made, job)) for job in jobs]
                for job, made in waiting:
                    self._told(job, made.result())
            finally:
                # After an error nothing new is begun; what is being written comes to its end.
                pool.shutdown(cancel_futures=True)

    def _made(self, job: _Job) -> _Made:
        """Makes a file, if it has to be. Runs in several threads: each has a name of its own."""
        judged = job.sounds if self.edition.preset.measure is not None else ()
        known = [self.deliverer.known(key) for key, _ in judged]
        found: list[Verdict] = []

        def write(path: Path) -> None:
            found.extend(job.write(path) or ())

        key = digest({"version": PUBLISH_VERSION, **job.parts})
        made = self.shelf.make(job.name, key, write, again=None in known)
        verdicts = found if made else [verdict for verdict in known if verdict is not None]
        delivered = tuple(
            Delivered(job.name, chapter, sound, verdict, made=before is None)
            for (sound, chapter), before, verdict in zip(judged, known, verdicts, strict=False)
        )
        return _Made(made, delivered)

    def _told(self, job: _Job, made: _Made) -> None:
        path = str(self.shelf.folder / job.name)
        for one in made.delivered:
            shown = path if one.chapter is None else f"{path} (chapter '{one.chapter}')"
            attempts = one.verdict.attempts if one.made else ()
            for number, (before, after) in enumerate(zip(attempts, attempts[1:], strict=False), start=1):
                if after.correction is not None:
                    again = after.correction
                    self.report(FileCorrected(shown, number, before.broken, again.gain_db, again.limit_dbtp))
        self.report(FileWritten(path, reused=not made.made))
        for one in made.delivered:
            shown = path if one.chapter is None else f"{path} (chapter '{one.chapter}')"
            for rule in one.verdict.broken:
                lack = Shortfall(rule.rule, rule.value, rule.limit, advice(rule.rule))
                self._broken(shown, lack)
        self.delivered += made.delivered

    def _broken(self, path: str, lack: Shortfall) -> None:
        finding = RuleBroken(path, lack.rule, lack.value, lack.limit, lack.advice)
        self.findings.append(finding)
        self.report(finding)


def _silent(name: str, parts: dict[str, Any], write: Callable[[Path], object]) -> _Job:
    def written(path: Path) -> None:
        write(path)

    return _Job(name, parts, written)


def _captions(name: str, timeline: Timeline) -> list[_Job]:
    """WebVTT and SRT of a timeline."""
    parts = {
        "rate": timeline.sample_rate,
        "lines": [
            [span.line.id, span.line.character, span.line.text, span.start_samples, span.end_samples]
            for span in timeline.lines
        ],
    }
    return [
        _silent(f"{name}.vtt", parts, partial(write_vtt, timeline)),
        _silent(f"{name}.srt", parts, partial(write_srt, timeline)),
    ]


def _source(one: StitchedChapter) -> Source:
    path = one.master.path
    return Source(one.master.key, lambda desk: path, one.master.levels)


def _cut_source(cuts: tuple[Cut, ...], stitched: Sequence[StitchedChapter]) -> Source:
    if is_whole(cuts, stitched):
        return _source(stitched[cuts[0].chapter])
    return Source(cut_key(cuts, stitched), partial(_write_cut, cuts, stitched))


def _write_cut(cuts: tuple[Cut, ...], stitched: Sequence[StitchedChapter], desk: Path) -> Path:
    return write_cut(cuts, stitched, desk / "cut.flac")


def _tags_key(tags: Tags) -> str:
    values = asdict(tags)
    values["cover"] = digest_bytes(tags.cover) if tags.cover is not None else None
    return digest(values)
