"""The last leg: takes become chapters, chapters a published book and its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.events import Event
from pipeline.identity.prints import known_prints
from pipeline.journey.opening import OpenBook
from pipeline.plan.plan import Plan
from pipeline.publish.book import Edition, Published, publish_book
from pipeline.render.run import Outcome
from pipeline.reports.page import write_page
from pipeline.reports.render_report import render_report
from pipeline.stitch.book import StitchedChapter, stitch_book
from pipeline.stitch.presets import PRESETS
from pipeline.takes.take import Take


@dataclass(frozen=True)
class Wanted:
    """How a book is to come out: where, loudness and peaks, formats of its chapter files.

    `weights_cache` is the folder in which it is kept how voices sound.
    """

    folder: Path
    preset: str
    formats: tuple[str, ...]
    weights_cache: Path


@dataclass(frozen=True)
class FinishedBook:
    """What came out."""

    stitched: list[StitchedChapter]
    published: Published


def finish_book(
    book: OpenBook,
    plan: Plan,
    outcome: Outcome,
    wanted: Wanted,
    events: Sequence[Event],
    report: Callable[[Event], None],
    wall_s: Callable[[], float],
) -> FinishedBook:
    """Stitches and publishes what is complete and writes the book's report.

    Args:
        plan: the book's, with the lines left out that were not asked for.
        events: of the run so far, for the report; those of single lines may be missing. Read last of all.
        wall_s: tells how long the run took until then, for the report.

    Raises:
        StoreError: the store or the output cannot be read or written.
        AudioError: a sound file or the cover cannot be read.
    """
    takes = _takes(book, plan, outcome)
    preset = PRESETS[wanted.preset]
    ready = [index for index, _ in plan.chapters() if _is_complete(plan, index, takes, outcome)]
    stitched = stitch_book(
        book.script, lambda line: takes.get(line.id), ready, preset, book.store.root, report
    )
    whole = len(ready) == len(book.script.chapters)
    published = publish_book(
        book.script,
        stitched,
        [takes[line.line.id] for line in plan.lines if line.line.id in takes],
        {model: found.digests() for model, found in book.resolved.items()},
        wanted.folder,
        Edition(wanted.formats, preset, whole),  # type: ignore[arg-type]
        report,
        cache=book.store.root / "aac",
    )
    facts = render_report(
        plan, takes, outcome, stitched, published, events, wall_s(), preset, book.catalogue,
        {name: one.describe() for name, one in book.consents.items()},
        known_prints(wanted.weights_cache, (line.voice for line in plan.lines)),
    )  # fmt: skip
    write_page(facts, wanted.folder)
    return FinishedBook(stitched, published)


def _takes(book: OpenBook, plan: Plan, outcome: Outcome) -> dict[str, Take]:
    """The take of every line that has one, by line ID."""
    there = [line for line in plan.lines if line.status == "reuse" or line.key in outcome.made]
    new = (line.key for line in there if line.key not in book.takes)
    takes = book.takes | book.store.get_many(new, check_audio=False)
    return {line.line.id: takes[line.key] for line in there if line.key in takes}


def _is_complete(plan: Plan, index: int, takes: dict[str, Take], outcome: Outcome) -> bool:
    """Whether nothing of a chapter was left out this time (a quarantined line leaves its gap)."""
    lines = plan.chapter(index)
    return all(
        line.status == "silent" or line.line.id in takes or line.key in outcome.quarantined for line in lines
    ) and any(line.line.id in takes for line in lines)
