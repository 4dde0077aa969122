"""`fullcast render FILE`: the whole way from a script to a published book."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.book import DEFAULT_OUTPUT, open_book, script_argument, store_option, strict_option
from pipeline.cli.render_table import print_table
from pipeline.errors import UsageError, did_you_mean
from pipeline.events import Event, RunFinished, RunStarted, TakeDamaged
from pipeline.files import make_folder
from pipeline.plan.feelings import demand_realised
from pipeline.plan.plan import Plan

if TYPE_CHECKING:
    from pipeline.render.job import LineJob, WorkerSetup
    from pipeline.render.machine import Division
    from pipeline.render.run import Outcome
    from pipeline.reports.reporters import Reporter
    from pipeline.takes.take import Take

# Finished, but lines were set aside or a delivered file breaks a rule (docs/exit-codes.md).
EXIT_UNSOUND = 1
# Events that come with every line, batch or file; the report takes their sums from the outcome.
MANY = ("LineRendered", "FileWritten", "BatchSpoken", "ModelHit", "MemorySampled")
# How fast a model is made ready, until a run has measured it: Kokoro, 2 GB with its work space, takes 3 s.
LOAD_BYTES_PER_S = 600e6
FORMATS = ("mp3", "flac", "opus", "wav")
PRESET_NAMES = ("audiobook", "acx", "podcast", "broadcast", "none")


@dataclass(frozen=True)
class Options:
    """What the command line asked for, beyond the script and the folders."""

    workers: int | None
    device: str
    address: str | None
    memory: str | None
    limit: int | None
    chapter: str | None
    only: str | None
    local: bool
    strict: bool
    preload: str


@click.command("render")
@script_argument
@store_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=DEFAULT_OUTPUT,
    show_default=True,
    help="Folder in which the book gets its own folder.",
)
@click.option(
    "--preset",
    type=click.Choice(PRESET_NAMES),
    default="audiobook",
    show_default=True,
    help="Loudness, peaks and format of the result.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=("flac",),
    show_default=True,
    help="Format of the chapter files; may be given more than once.",
)
@click.option("--workers", type=int, help="How many workers; as many as this machine feeds if left out.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--address", help="Ray cluster to join: auto or HOST:PORT. A local one if left out.")
@click.option("--memory", help="Budget for models in each worker: 800M, 4G.")
@click.option(
    "--preload",
    type=click.Choice(["none", "auto"]),
    default="none",
    show_default=True,
    help="auto: workers load the models with most work before any line is handed out.",
)
@click.option("--limit", type=int, help="Render at most so many lines this time.")
@click.option("--chapter", help="Render only this chapter: its number or title.")
@click.option("--only", metavar="CHARACTER", help="Render only this character's lines.")
@click.option("--local", is_flag=True, help="Work in this process, without Ray.")
@strict_option
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
def command(
    file: Path, store_path: Path, output: Path, preset: str, formats: tuple[str, ...], as_json: bool,
    **options: Any,
) -> int:  # fmt: skip
    """Render FILE: takes that are missing, then chapters, the .m4b, captions and a report.

    Interrupt it whenever you like: the same command goes on where it stopped.
    """
    from pipeline.reports.reporters import make_reporter

    asked = Options(**options)
    reporter = make_reporter(as_json)
    began = time.monotonic()
    try:
        journey = _Journey(file, store_path, output, asked, reporter)
        outcome = journey.make_takes()
        return journey.make_book(outcome, preset, formats, began, quiet=as_json)
    finally:
        reporter.close()


class _Journey:
    """One `render` from the script to the table at the end; each method is one leg of the way."""

    def __init__(
        self, file: Path, store_path: Path, output: Path, options: Options, reporter: Reporter
    ) -> None:
        from pipeline.registry.opening import catalogue_for
        from pipeline.registry.weights import WeightStore

        self.options = options
        self.report: Callable[[Event], None] = self._noting(reporter)
        self.events: list[Event] = []
        self.log: Path | None = None
        self.weights = WeightStore(catalogue=catalogue_for(file.parent))
        self.book = open_book(file, store_path, weights=self.weights, ensure=self._ensure)
        self.folder = output / self.book.script.slug
        self.book.store.make_ready()
        make_folder(self.folder)
        for key, reason in self.book.store.damaged:
            self.report(TakeDamaged(key, reason))
        self.plan = restricted(self.book.plan, options)
        if options.strict:
            demand_realised(self.plan)

    def make_takes(self) -> Outcome:
        """Renders what is missing; everything finished is in the store whatever happens."""
        from pipeline.render.event_log import log_path, rotate
        from pipeline.render.history import write_history
        from pipeline.render.machine import divide
        from pipeline.render.prepare import demand_room, largest_engine_bytes, line_jobs, whole_sizes
        from pipeline.render.run import Outcome, Run
        from pipeline.render.schedule import Schedule

        jobs = line_jobs(self.plan, self._states()) if any(self.plan.to_render()) else []
        options = self.options
        asked_for = 1 if options.local else options.workers
        division = divide(asked_for, options.device, options.memory, largest_engine_bytes(self.plan))
        audio_s = sum(line.audio_s for line in self.plan.to_render())
        workers = min(division.workers, max(1, len(jobs)))
        self.report(
            RunStarted(self.book.script.book.title, len(self.plan.lines), len(jobs), audio_s, workers)
        )
        if not jobs:
            return Outcome()
        setup = self._setup(division)
        whole = whole_sizes(setup.sizes, setup.parts)
        demand_room({job.model for job in jobs}, whole, setup.memory_bytes)
        self.log = log_path(self.book.store.root, self.book.script.slug)
        rotate(self.log)
        schedule = Schedule([job.job for job in jobs], self._load_s())
        with self._pool(division, setup, workers) as pool:
            run = Run(jobs, pool, schedule, self.report)
            try:
                return run.go(
                    self.book.store.has, self._preloads(jobs, setup, pool.workers()), setup.memory_bytes
                )
            finally:
                history = self.book.history.after(run.outcome.times)
                write_history(self.book.store.root, self.plan, history)

    def make_book(
        self, outcome: Outcome, preset: str, formats: tuple[str, ...], began: float, quiet: bool
    ) -> int:
        """Stitches and publishes what is complete, writes the reports, prints the table."""
        from pipeline.identity.prints import known_prints
        from pipeline.publish.book import Edition, publish_book
        from pipeline.reports.page import write_page
        from pipeline.reports.render_report import render_report
        from pipeline.stitch.book import stitch_book
        from pipeline.stitch.presets import PRESETS

        takes = self._takes(outcome)
        chosen = PRESETS[preset]
        ready = [index for index, _ in self.plan.chapters() if self._is_complete(index, takes, outcome)]
        stitched = stitch_book(
            self.book.script,
            lambda line: takes.get(line.id),
            ready,
            chosen,
            self.book.store.root,
            self.report,
        )
        whole = len(ready) == len(self.book.script.chapters)
        edition = Edition(formats, chosen, whole)  # type: ignore[arg-type]
        in_order = [takes[line.line.id] for line in self.plan.lines if line.line.id in takes]
        models = {model: found.digests() for model, found in self.book.resolved.items()}
        published = publish_book(
            self.book.script,
            stitched,
            in_order,
            models,
            self.folder,
            edition,
            self.report,
            cache=self.book.store.root / "aac",
        )
        facts = render_report(
            self.plan, takes, outcome, stitched, published, self.events, time.monotonic() - began, chosen,
            self.book.catalogue, {name: one.describe() for name, one in self.book.consents.items()},
            known_prints(self.weights.cache, (line.voice for line in self.plan.lines)),
        )  # fmt: skip
        write_page(facts, self.folder)
        self.report(_finished(self.plan, outcome, began))
        if not quiet:
            print_table(self.plan, outcome, stitched, published, preset)
        return EXIT_UNSOUND if outcome.quarantined or published.findings else 0

    def _load_s(self) -> dict[str, float]:
        """Seconds that loading each model takes: measured by an earlier run, else guessed from its size."""
        return {
            model: self.book.history.loads.get(model, facts.capabilities.memory_bytes / LOAD_BYTES_PER_S)
            for model, facts in self.plan.models.items()
        }

    def _noting(self, reporter: Reporter) -> Callable[[Event], None]:
        from pipeline.render.event_log import write as write_log

        def note(event: Event) -> None:
            if type(event).__name__ not in MANY:
                self.events.append(event)
            if self.log is not None:
                write_log(self.log, (event,))
            reporter.on(event)

        return note

    def _ensure(self, weights: Any, model: Any) -> Any:
        from pipeline.events import WeightsFetched
        from pipeline.registry.progress import progress_for

        there = weights.present(model)
        if there is not None:
            return there
        found = weights.ensure(model, progress_for(sys.stderr))
        size = sum(path.stat().st_size for path in found.files.values())
        self.report(WeightsFetched(model.id, found.form, size))
        return found

    def _states(self) -> dict[str, Path]:
        from pipeline.registry.progress import progress_for

        entries = {
            entry.id: entry
            for line in self.plan.to_render()
            for entry, _ in line.voice.parts
            if entry.file is not None
        }
        return dict(self.weights.ensure_voices(list(entries.values()), progress_for(sys.stderr)))

    def _preloads(
        self, jobs: Sequence[LineJob], setup: WorkerSetup, workers: Sequence[int]
    ) -> dict[int, tuple[str, ...]]:
        """The models that each worker loads before the first line: hot ones, and all if that is asked for."""
        from pipeline.render.preload import choose_preloads
        from pipeline.render.prepare import whole_sizes

        hot = {model for model in setup.models if self.book.catalogue.model(model).hot}
        work_s: dict[str, float] = {}
        for job in jobs:
            if self.options.preload == "auto" or job.model in hot:
                work_s[job.model] = work_s.get(job.model, 0.0) + job.job.work_s
        whole = whole_sizes(setup.sizes, setup.parts)
        return choose_preloads(work_s, whole, setup.memory_bytes, workers, hot)

    def _setup(self, division: Division) -> WorkerSetup:
        from pipeline.render.prepare import worker_setup

        return worker_setup(
            self.plan,
            self.book.resolved,
            store=self.book.store.root,
            memory_bytes=division.memory_bytes,
            device=division.device,
            threads=division.threads,
            scratch=self.weights.cache / "converted",
            verified=self.weights.cache / "weights" / "verified.json",
        )

    @contextmanager
    def _pool(self, division: Division, setup: WorkerSetup, workers: int):  # type: ignore[no-untyped-def]
        pool: Any
        if self.options.local:
            from pipeline.render.local import LocalPool

            pool = LocalPool(setup)
        else:
            from pipeline.render.actors import ClusterRequest, RayPool

            cluster = ClusterRequest(
                self.options.address, workers, division.cpus_each, division.gpus_each, division.threads
            )
            pool = RayPool(setup, cluster)
        try:
            yield pool
        finally:
            pool.close()

    def _takes(self, outcome: Outcome) -> dict[str, Take]:
        """The take of every line that has one, by line ID."""
        found: dict[str, Take] = {}
        for planned in self.plan.lines:
            if planned.status == "reuse" or planned.key in outcome.made:
                take = self.book.takes.get(planned.key)
                take = take or self.book.store.get(planned.key, check_audio=False)
                if take is not None:
                    found[planned.line.id] = take
        return found

    def _is_complete(self, index: int, takes: dict[str, Take], outcome: Outcome) -> bool:
        """Whether nothing of a chapter was left out this time (a quarantined line leaves its gap)."""
        lines = self.plan.chapter(index)
        return all(
            line.status == "silent" or line.line.id in takes or line.key in outcome.quarantined
            for line in lines
        ) and any(line.line.id in takes for line in lines)


def restricted(plan: Plan, options: Options) -> Plan:
    """The plan with only the lines that `--chapter`, `--only` and `--limit` ask for.

    Raises:
        UsageError: no such chapter or character.
    """
    if options.chapter is not None:
        index = _chapter_index(plan, options.chapter)
        plan = plan.restricted(lambda line: line.chapter == index)
    if options.only is not None:
        known = {line.line.character for line in plan.lines}
        if options.only not in known:
            raise UsageError(f"no character '{options.only}'", hint=did_you_mean(options.only, known))
        plan = plan.restricted(lambda line: line.line.character == options.only)
    if options.limit is not None:
        if options.limit < 0:
            raise UsageError(f"--limit {options.limit}: must be 0 or more")
        first = {line.key for _, line in zip(range(options.limit), plan.to_render(), strict=False)}
        plan = plan.restricted(lambda line: line.key in first)
    return plan


def _chapter_index(plan: Plan, wanted: str) -> int:
    titles = [chapter.title for chapter in plan.script.chapters]
    if wanted.isdigit() and 1 <= int(wanted) <= len(titles):
        return int(wanted) - 1
    if wanted in titles:
        return titles.index(wanted)
    raise UsageError(f"no chapter '{wanted}'", hint=did_you_mean(wanted, titles))


def _finished(plan: Plan, outcome: Outcome, began: float) -> RunFinished:
    reused = sum(line.status == "reuse" for line in plan.lines)
    wall_s = round(time.monotonic() - began, 1)
    return RunFinished(len(outcome.made), reused, len(outcome.quarantined), round(outcome.audio_s, 1), wall_s)
