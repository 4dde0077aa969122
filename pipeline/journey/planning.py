"""What the process beside the rendering does for a book: plan it, and later finish it.

Between the two the book lies on a disk as it was planned: an edit of its script is for the next run.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.engines.catalogue import ResolvedVoice
from pipeline.errors import StoreError
from pipeline.events import Event, TakeDamaged
from pipeline.files import make_folder, store_error
from pipeline.identity.consent import Consent
from pipeline.journey.crew import load_times_s, setup_for
from pipeline.journey.fetching import fetcher, voice_states
from pipeline.journey.finishing import Wanted, finish_book
from pipeline.journey.opening import OpenBook, open_book
from pipeline.journey.shelf_file import BookRequest
from pipeline.plan.feelings import demand_realised
from pipeline.plan.plan import Plan
from pipeline.registry.opening import catalogue_for
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.history import History, write_history
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.job_spool import spool_jobs
from pipeline.render.machine import Division
from pipeline.render.outcome import ModelTimes, Outcome
from pipeline.render.prepare import largest_engine_bytes, line_jobs
from pipeline.render.schedule import Job
from pipeline.reports.shelf_events import ScriptWarned
from pipeline.script.model import Script
from pipeline.takes.address import StoreAddress
from pipeline.takes.choose import Choices
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

# A book is planned before the machine is divided; the run sets what follows from that.
UNDIVIDED = Division(workers=1, device="cpu", threads=1, cpus_each=1.0, gpus_each=0.0, memory_bytes=0)


@dataclass(frozen=True)
class PlanRequest:
    """A book to plan: the rank of its lines, and where things go.

    `spool` is the folder in which what is planned waits.
    """

    book: BookRequest
    rank: int
    store: StoreAddress
    output: Path
    spool: Path
    strict: bool


@dataclass(frozen=True)
class PlannedBook:
    """What a run has to know of a book: small, however long the book is, but for its jobs.

    Attributes:
        lines, reused: how many lines there are, and how many have their take.
        audio_s: how long the missing takes will be, by estimate.
        jobs: the missing takes; their texts are in the spool, at `places`.
        setup: how workers load its models; not divided yet.
        engine_bytes: what the largest of its engines takes.
        load_s: seconds that loading each model takes.
        hot: models that the registry wants ready before any line.
        models: those that its missing takes need.
    """

    request: BookRequest
    rank: int
    title: str
    lines: int
    reused: int
    audio_s: float
    jobs: tuple[Job, ...]
    places: Mapping[str, int]
    setup: WorkerSetup
    engine_bytes: int
    load_s: Mapping[str, float]
    hot: frozenset[str]

    @property
    def models(self) -> frozenset[str]:
        """Models that its missing takes need."""
        return frozenset(job.model for job in self.jobs)


@dataclass(frozen=True)
class FinishRequest:
    """A book to finish, and what became of its lines and of the run so far."""

    book: BookRequest
    store: StoreAddress
    output: Path
    spool: Path
    made: frozenset[str]
    quarantined: Mapping[str, tuple[LineJob, str]]
    times: Mapping[str, ModelTimes]
    events: tuple[Event, ...]
    wall_s: float


@dataclass(frozen=True)
class LostLine:
    """A line that could not be spoken, where it stands, and why."""

    line_id: str
    where: str
    reason: str


@dataclass(frozen=True)
class FinishedFacts:
    """What came out of a book: paths are relative to the output."""

    chapters: int
    audio_s: float
    lost: tuple[LostLine, ...]
    broken_rules: tuple[str, ...]
    report: str
    book: str | None


@dataclass(frozen=True)
class _KeptBook:
    """An `OpenBook` as it lies on the disk: without what belongs to this machine's store and registries."""

    script: Script
    cast: dict[str, ResolvedVoice]
    history: History
    plan: Plan
    takes: dict[str, Take]
    resolved: dict[str, ResolvedModel]
    consents: dict[str, Consent]


def plan_book(report: Callable[[Event], None], request: PlanRequest) -> PlannedBook:
    """Reads, casts and plans a book, fetches what it needs, and leaves it in the spool.

    Raises:
        FullcastError: the book cannot be made, whatever the reason.
    """
    file = request.book.file
    weights = WeightStore(catalogue=catalogue_for(file.parent))
    book = open_book(
        file,
        request.store,
        warn=lambda text: report(ScriptWarned(text)),
        weights=weights,
        ensure=fetcher(report),
    )
    for key, reason in book.store.damaged:
        report(TakeDamaged(key, reason))
    if request.strict:
        demand_realised(book.plan)
    _demand_writable(request.output / request.book.slug)
    states = voice_states(book.plan, weights) if any(book.plan.to_render()) else {}
    jobs = [replace(one, job=replace(one.job, rank=request.rank)) for one in line_jobs(book.plan, states)]
    _keep(book, request.spool / f"{request.book.slug}.book")
    return PlannedBook(
        request=request.book,
        rank=request.rank,
        title=book.script.book.title,
        lines=len(book.plan.lines),
        reused=sum(line.status == "reuse" for line in book.plan.lines),
        audio_s=sum(line.audio_s for line in book.plan.to_render()),
        jobs=tuple(one.job for one in jobs),
        places=spool_jobs(request.spool / "jobs", jobs),
        setup=setup_for(book.plan, book.resolved, book.store, weights, UNDIVIDED),
        engine_bytes=largest_engine_bytes(book.plan),
        load_s=load_times_s(book.plan, book.history),
        hot=frozenset(model for model in book.plan.models if book.catalogue.model(model).hot),
    )


def finish_planned(report: Callable[[Event], None], request: FinishRequest) -> FinishedFacts:
    """Stitches and publishes a book that was planned, and writes its report.

    Raises:
        FullcastError: it cannot be finished.
    """
    path = request.spool / f"{request.book.slug}.book"
    book = _kept(path, request.book.file, request.store)
    times = {model: request.times[model] for model in book.plan.models if model in request.times}
    outcome = Outcome(set(request.made), dict(request.quarantined), times)
    if times:
        write_history(book.store.root, book.plan, book.history.after(times))
    folder = request.output / request.book.slug
    cache = WeightStore(catalogue=book.catalogue).cache
    wanted = Wanted(folder, request.book.preset, request.book.formats, cache)
    finished = finish_book(book, book.plan, outcome, wanted, request.events, report, lambda: request.wall_s)
    path.unlink(missing_ok=True)
    published = finished.published
    return FinishedFacts(
        chapters=len(finished.stitched),
        audio_s=sum(one.master.timeline.duration_s for one in finished.stitched),
        lost=tuple(
            LostLine(line.line.id, line.line.where, outcome.quarantined[line.key][1])
            for line in book.plan.lines
            if line.key in outcome.quarantined
        ),
        broken_rules=tuple(f"{one.path}: {one.rule} is {one.value}" for one in published.findings),
        report=f"{request.book.slug}/report.html",
        book=None if published.book is None else f"{request.book.slug}/{published.book.name}",
    )


def _demand_writable(folder: Path) -> None:
    """Nothing, if files can be made in the folder: better known now than after hours of work.

    Raises:
        StoreError: they cannot.
    """
    probe = make_folder(folder) / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise store_error(error, folder) from error


def _keep(book: OpenBook, path: Path) -> None:
    kept = _KeptBook(
        book.script, book.cast, book.history, book.plan, book.takes, book.resolved, book.consents
    )
    try:
        with path.open("wb") as file:
            pickle.dump(kept, file, protocol=pickle.HIGHEST_PROTOCOL)
    except OSError as error:
        raise store_error(error, path) from error


def _kept(path: Path, file: Path, store_address: StoreAddress) -> OpenBook:
    try:
        with path.open("rb") as stream:
            kept = pickle.load(stream)
    except (OSError, pickle.UnpicklingError, EOFError) as error:
        raise StoreError(f"what was planned cannot be read: {error}", where=str(path)) from error
    if not isinstance(kept, _KeptBook):
        raise StoreError("what was planned was changed", where=str(path))
    store = TakeStore(store_address)
    return OpenBook(
        kept.script, kept.cast, store, Choices(store.shelf, kept.script.slug), kept.history, kept.plan,
        kept.takes, kept.resolved, catalogue_for(file.parent), kept.consents,
    )  # fmt: skip
