"""Encode, decode, measure, correct and encode again, until a delivered file meets its preset or cannot."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from pipeline.files import atomic_path, make_folder, store_error
from pipeline.hashing import digest
from pipeline.publish.aac_packets import PacketShelf
from pipeline.publish.aac_parts import PartCache, encoder_version
from pipeline.publish.chapters import ChapterMark
from pipeline.publish.correction import Correction, next_correction, write_corrected
from pipeline.publish.encode import Format, encode_chapter
from pipeline.publish.m4b import write_m4b
from pipeline.publish.sections import measure_sections
from pipeline.publish.store_rules import RuleResult
from pipeline.publish.tags import Tags
from pipeline.publish.verdict import (
    Attempt,
    Verdict,
    delivery_rules,
    in_words,
    section_rules,
    shown_levels,
)
from pipeline.stitch.loudness import FileLevels, measure_file
from pipeline.stitch.presets import Preset

log = logging.getLogger(__name__)

# Raised when the same master would get another verdict.
DELIVERY_VERSION = 1
# How often a file is encoded again before it is left as it is and reported.
CORRECTIONS = 3
BOOK_FORM = "m4b"
LOSSLESS: tuple[Format, ...] = ("flac",)


@dataclass(frozen=True)
class Source:
    """One master to deliver.

    Attributes:
        key: says what its bytes are.
        master: the FLAC file; made in the folder given if it does not exist yet.
        levels: what it measures, if that is known.
    """

    key: str
    master: Callable[[Path], Path]
    levels: FileLevels | None = None


@dataclass(frozen=True)
class BookCache:
    """Where the AAC of a book's chapters is kept, and the book's name there."""

    shelf: PacketShelf
    slug: str


class Deliverer:
    """Makes delivered files and their verdicts; one a publication, shared by its threads.

    Owns temporary files in `folder`. What was measured before (`known`, by sound key) is not measured
    again: the file is encoded once, with the correction that was found then.
    """

    def __init__(self, preset: Preset, known: Mapping[str, Verdict], folder: Path) -> None:
        self.preset = preset
        self._known = known
        self._folder = make_folder(folder)

    def key(self, source_key: str, form: str) -> str:
        """What a delivered file's sound and its verdict depend on; tags and titles are no part of it."""
        return digest(
            {
                "version": DELIVERY_VERSION,
                "source": source_key,
                "form": form,
                "preset": asdict(self.preset),
                "encoder": encoder_version(),
            }
        )

    def book_keys(self, sources: Sequence[Source]) -> list[str]:
        """`key` of each chapter within the book's file, whose edges are coded together with its neighbors."""
        keys = ["", *(source.key for source in sources), ""]
        return [self.key(digest(keys[at : at + 3]), BOOK_FORM) for at in range(len(sources))]

    def known(self, key: str) -> Verdict | None:
        """The verdict of last time."""
        return self._known.get(key)

    def file(self, source: Source, form: Format, tags: Tags, out: Path) -> Verdict:
        """Writes `out` from one master, corrected until it meets the preset, at most `CORRECTIONS` times.

        A lossless file is judged as the master measures and never corrected: mastering has done that.

        Raises:
            AudioError: the master cannot be decoded, or does not fit the format.
            StoreError: `out` cannot be written.
        """
        known = self.known(self.key(source.key, form))
        with self._desk() as desk, atomic_path(out) as temporary:
            master = source.master(desk)

            def encode(correction: Correction | None) -> None:
                used = self._corrected(master, correction, desk)
                encode_chapter(used, temporary, form, self.preset, tags)

            if known is not None:
                encode(known.correction)
                return known
            attempts: list[Attempt] = []
            correction: Correction | None = None
            peak = partial(_true_peak_dbtp, source, master)
            while True:
                encode(correction)
                if self.preset.measure is None:
                    return Verdict((Attempt(None, ()),), {}, ())
                told = source.levels if form in LOSSLESS else None
                levels = told or measure_file(temporary)
                rules = delivery_rules(levels, self.preset)
                attempts.append(_attempt(correction, rules, levels, self.preset))
                correction = None if form in LOSSLESS else self.next_try(attempts, levels, rules, peak)
                if correction is None:
                    return Verdict(tuple(attempts), shown_levels(levels), tuple(rules))

    def book(
        self,
        sources: Sequence[Source],
        marks: Sequence[ChapterMark],
        marks_hz: int,
        tags: Tags,
        out: Path,
        cache: BookCache | None,
        threads: int,
    ) -> list[Verdict]:
        """Writes the .m4b; each of its chapters is measured in it, and corrected alone where it must be.

        Raises:
            AudioError: a master cannot be decoded.
            StoreError: `out` cannot be written.
        """
        run = _BookRun(self, sources, marks)
        with self._desk() as desk, atomic_path(out) as temporary:
            masters = [source.master(desk) for source in sources]
            while True:
                used = [
                    self._corrected(master, correction, desk, number)
                    for number, (master, correction) in enumerate(zip(masters, run.corrections, strict=True))
                ]
                parts = PartCache(cache.shelf, cache.slug, run.keys()) if cache else None
                write_m4b(used, marks, tags, temporary, self.preset, cache=parts, threads=threads)
                open_ = run.open()
                if not open_:
                    return run.verdicts()
                levels = measure_sections(temporary, [marks[index] for index in open_], marks_hz, threads)
                run.judge(dict(zip(open_, levels, strict=True)), masters)
                if not run.open():
                    return run.verdicts()

    @contextmanager
    def _desk(self) -> Iterator[Path]:
        """A folder for masters that are made on the way; on the disk of the output, as they are long."""
        try:
            with tempfile.TemporaryDirectory(prefix=".delivery-", dir=self._folder) as name:
                yield Path(name)
        except OSError as error:
            raise store_error(error, self._folder) from error

    @staticmethod
    def _corrected(master: Path, correction: Correction | None, desk: Path, number: int = 0) -> Path:
        if correction is None:
            return master
        path = desk / f"{number}_{correction.gain_db}_{correction.limit_dbtp}.flac"
        return path if path.exists() else write_corrected(master, correction, path)

    def next_try(
        self,
        attempts: Sequence[Attempt],
        levels: FileLevels,
        rules: Sequence[RuleResult],
        master_dbtp: Callable[[], float],
    ) -> Correction | None:
        """What to try next; None if all is well, nothing helps, or it was tried often enough."""
        broken = [rule.rule for rule in rules if not rule.ok]
        if not broken or len(attempts) > CORRECTIONS:
            return None
        return next_correction(attempts[-1].correction, levels, self.preset, broken, master_dbtp())


class _BookRun:
    """Where each chapter of an .m4b stands in its attempts."""

    def __init__(self, deliverer: Deliverer, sources: Sequence[Source], marks: Sequence[ChapterMark]) -> None:
        self._deliverer = deliverer
        self._sources = sources
        self._marks = marks
        self._settled = [deliverer.known(key) for key in deliverer.book_keys(sources)]
        if deliverer.preset.measure is None:
            self._settled = [Verdict((Attempt(None, ()),), {}, ()) for _ in sources]
        self._forget_corrections()
        self._attempts: list[list[Attempt]] = [[] for _ in sources]
        self.corrections = [known.correction if known else None for known in self._settled]

    def _forget_corrections(self) -> None:
        """If a chapter is new, those that were corrected and their neighbors begin again, as in a new book.

        A correction shows, faintly, in the neighbors' first and last packets: verdicts would otherwise
        depend on the order in which a book came to be what it is.
        """
        if None not in self._settled:
            return
        corrected = [index for index, known in enumerate(self._settled) if known and known.correction]
        for index in corrected:
            for near in range(max(0, index - 1), min(len(self._settled), index + 2)):
                self._settled[near] = None

    def open(self) -> list[int]:
        """Indexes of the chapters without a verdict."""
        return [index for index, verdict in enumerate(self._settled) if verdict is None]

    def keys(self) -> tuple[str, ...]:
        """What the bytes of each chapter's master are, corrected as it is now."""
        return tuple(
            source.key if correction is None else digest([source.key, asdict(correction)])
            for source, correction in zip(self._sources, self.corrections, strict=True)
        )

    def judge(self, measured: Mapping[int, FileLevels], masters: Sequence[Path]) -> None:
        """Takes the levels of the chapters that were open: each gets its verdict or its next correction."""
        preset = self._deliverer.preset
        for index, levels in measured.items():
            rules = section_rules(levels, preset)
            attempts = self._attempts[index]
            attempts.append(_attempt(self.corrections[index], rules, levels, preset))
            peak = partial(_true_peak_dbtp, self._sources[index], masters[index])
            better = self._deliverer.next_try(attempts, levels, rules, peak)
            if better is None:
                self._settled[index] = Verdict(tuple(attempts), shown_levels(levels), tuple(rules))
            else:
                self.corrections[index] = better

    def verdicts(self) -> list[Verdict]:
        """Of all chapters, in order."""
        return [verdict for verdict in self._settled if verdict is not None]


def _true_peak_dbtp(source: Source, master: Path) -> float:
    return (source.levels or measure_file(master)).true_peak_dbtp


def _attempt(
    correction: Correction | None, rules: Sequence[RuleResult], levels: FileLevels, preset: Preset
) -> Attempt:
    return Attempt(correction, tuple(in_words(rule, levels, preset) for rule in rules if not rule.ok))
