"""A whole book published: chapter files, the .m4b, captions, timeline, disclosure and provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import __version__
from pipeline.events import Event
from pipeline.files import write_json, write_text
from pipeline.publish.aac_packets import PacketShelf
from pipeline.publish.aac_parts import cores
from pipeline.publish.acx import Shortfall, acx_plan, slug
from pipeline.publish.deliver import BookCache, Deliverer
from pipeline.publish.delivery_events import RuleBroken
from pipeline.publish.delivery_record import RECORD_FILE, Delivered, read_record, record
from pipeline.publish.manifest import PublishedChapter, book_json
from pipeline.publish.press import BOOK_FILE, Edition, Press
from pipeline.publish.provenance import disclosure_file, provenance
from pipeline.publish.shelf import OutputShelf
from pipeline.publish.tags import book_tags
from pipeline.script.model import Script
from pipeline.stitch.book import StitchedChapter
from pipeline.takes.take import Take

__all__ = ["BOOK_FILE", "Edition", "Published", "publish_book"]


@dataclass(frozen=True)
class Published:
    """Where everything is; `chapters` names each chapter's file in the first format asked for.

    `findings` are the rules of the preset that a delivered file still breaks after all corrections, and
    the parts that its taker asks for and the book does not have.
    """

    folder: Path
    chapters: Mapping[int, str]
    book: Path | None
    removed: tuple[str, ...]
    findings: tuple[RuleBroken, ...] = ()


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
    """Publishes the chapters that are stitched; only what changed is written, and measured.

    Every encoded file is decoded, measured and, where it breaks a rule of the preset, encoded again with
    another gain or ceiling.

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
    before = read_record(folder / RECORD_FILE, edition.preset.name) if shelf.holds(RECORD_FILE) else []
    deliverer = Deliverer(edition.preset, {one.key: one.verdict for one in before}, folder)
    voices = list(dict.fromkeys(take.voice for take in takes))
    press = Press(shelf, edition, book_tags(script.book, voices), report, threads or cores(), deliverer)
    names = {one.number: _file_name(one, len(script.chapters)) for one in stitched}
    press.chapters(stitched, names, len(script.chapters))
    missing = _whole_book(press, script, stitched, cache) if edition.whole and stitched else ()
    _write_record(press, () if edition.whole else before, missing)
    _write_facts(press, script, stitched, names, takes, models, voices)
    removed = shelf.close(keep_others=not edition.whole)
    first = edition.formats[0] if edition.formats else None
    files = {number: f"chapters/{name}.{first}" for number, name in names.items()} if first else {}
    book = folder / BOOK_FILE if edition.whole and stitched else None
    return Published(folder, files, book, tuple(removed), tuple(press.findings))


def _whole_book(
    press: Press, script: Script, stitched: Sequence[StitchedChapter], cache: Path | None
) -> Sequence[Shortfall]:
    """Writes what only a whole book has: the .m4b, and ACX's folder; what the latter lacks comes back."""
    missing: Sequence[Shortfall] = ()
    preset = press.edition.preset
    if preset.name == "acx":
        plan = acx_plan(stitched, script.book, preset.longest_s or float("inf"))
        missing = plan.missing
        press.acx(plan, stitched)
    press.book(stitched, BookCache(PacketShelf(cache), script.slug) if cache else None)
    return missing


def _write_record(press: Press, before: Sequence[Delivered], missing: Sequence[Shortfall]) -> None:
    """`delivery.json`; files of an earlier publication that stay beside this one keep their verdicts."""
    preset = press.edition.preset
    if preset.measure is None:
        return
    now = {one.file for one in press.delivered}
    delivered = sorted(
        [*press.delivered, *(one for one in before if one.file not in now)], key=lambda one: one.file
    )
    value = record(preset.name, delivered, missing)
    press.make(RECORD_FILE, {"record": value}, lambda path: write_json(path, value))


def _write_facts(
    press: Press,
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


def _file_name(one: StitchedChapter, chapters: int) -> str:
    """`03-the-storm`: its number, as wide as the last one's, then its title in letters any disk takes."""
    width = max(2, len(str(chapters)))
    return f"{one.number:0{width}d}-{slug(one.chapter.title)}".rstrip("-")
