"""A plan carried out in this process: for a few lines that someone waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.engines.catalogue import Catalogue
from pipeline.events import Event
from pipeline.plan.plan import Plan
from pipeline.registry.progress import Progress
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.local import LocalPool
from pipeline.render.machine import divide
from pipeline.render.prepare import (
    demand_room,
    largest_engine_bytes,
    line_jobs,
    whole_sizes,
    worker_setup,
)
from pipeline.render.run import Outcome, Run
from pipeline.render.schedule import Schedule
from pipeline.takes.store import TakeStore

# Of one worker nobody else's time depends on the order, so a rough guess of what a load takes will do.
LOAD_S = 1.0


def render_here(
    plan: Plan,
    resolved: Mapping[str, ResolvedModel],
    store: TakeStore,
    weights: WeightStore,
    catalogue: Catalogue,
    report: Callable[[Event], None],
    progress: Progress | None = None,
) -> Outcome:
    """Makes the takes of a plan that are missing, without Ray; those that are there are not made again.

    Args:
        resolved: the files of each model of the plan.
    Raises:
        MissingError: a model does not fit into memory, or a voice's state has no source.
        StoreError: the store cannot be written.
    """
    voices = [entry for line in plan.to_render() for entry, _ in line.voice.parts]
    jobs = line_jobs(plan, weights.ensure_voices(voices, progress))
    if not jobs:
        return Outcome()
    division = divide(1, "auto", None, largest_engine_bytes(plan))
    setup = worker_setup(
        plan,
        resolved,
        store=store.address,
        memory_bytes=division.memory_bytes,
        device=division.device,
        threads=division.threads,
        scratch=weights.cache / "converted",
        verified=weights.cache / "weights" / "verified.json",
        weights=weights,
    )
    demand_room({job.model for job in jobs}, whole_sizes(setup.sizes, setup.parts), setup.memory_bytes)
    pool = LocalPool(setup)
    try:
        schedule = Schedule([job.job for job in jobs], dict.fromkeys(plan.models, LOAD_S))
        return Run(jobs, pool, schedule, report).go(store.has)
    finally:
        pool.close()
