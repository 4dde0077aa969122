"""Takes for whoever has a plan and is no book: workers set up, lines handed out, history kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.events import Event, RunStarted
from pipeline.journey.crew import division_for, load_times_s, open_pool, setup_for
from pipeline.journey.options import RunOptions
from pipeline.plan.plan import Plan
from pipeline.registry.progress import Progress
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.history import History, write_history
from pipeline.render.prepare import demand_room, line_jobs, whole_sizes
from pipeline.render.run import Outcome, Run
from pipeline.render.schedule import Schedule
from pipeline.takes.store import TakeStore


@dataclass(frozen=True)
class PlannedWork:
    """A plan, and what making its takes needs: verified files by model, the store, the weights, the past."""

    plan: Plan
    resolved: Mapping[str, ResolvedModel]
    store: TakeStore
    weights: WeightStore
    history: History


def make_plan_takes(
    work: PlannedWork,
    options: RunOptions,
    report: Callable[[Event], None],
    progress: Progress | None = None,
) -> Outcome:
    """Speaks what the plan lacks; everything finished is in the store whatever happens.

    `progress` is told of voices that have to be fetched.

    Raises:
        MissingError: a model does not fit a worker's memory, or a voice cannot be brought here.
        StoreError: the store cannot be written.
        EngineError: no worker comes up any more.
    """
    plan, store = work.plan, work.store
    to_render = list(plan.to_render())
    if not to_render:
        return Outcome()
    store.make_ready()
    entries = {part.id: part for line in to_render for part, _ in line.voice.parts if part.file is not None}
    jobs = line_jobs(plan, work.weights.ensure_voices(list(entries.values()), progress))
    division = division_for(plan, options)
    workers = min(division.workers, len(jobs))
    audio_s = sum(line.audio_s for line in to_render)
    report(RunStarted(plan.script.book.title, len(plan.lines), len(jobs), audio_s, workers))
    setup = setup_for(plan, work.resolved, store, work.weights, division)
    whole = whole_sizes(setup.sizes, setup.parts)
    demand_room({job.model for job in jobs}, whole, setup.memory_bytes)
    schedule = Schedule([job.job for job in jobs], load_times_s(plan, work.history))
    with open_pool(options, division, setup, workers) as pool:
        run = Run(jobs, pool, schedule, report)
        try:
            return run.go(store.has, {}, setup.memory_bytes)
        finally:
            write_history(store.root, plan, work.history.after(run.outcome.times))
