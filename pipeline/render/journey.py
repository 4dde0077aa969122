"""The way from a plan to takes, for whoever has a plan: workers set up, lines handed out, history kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.events import Event, RunStarted
from pipeline.plan.plan import Plan
from pipeline.registry.progress import Progress
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.history import History, write_history
from pipeline.render.job import WorkerSetup
from pipeline.render.machine import Division, divide
from pipeline.render.prepare import demand_room, line_jobs, worker_setup
from pipeline.render.run import Outcome, Run
from pipeline.render.schedule import Schedule
from pipeline.takes.store import TakeStore

# How fast a model is made ready, until a run has measured it: Kokoro, 2 GB with its work space, takes 3 s.
LOAD_BYTES_PER_S = 600e6


@dataclass(frozen=True)
class Crew:
    """How a plan's lines are spoken.

    Attributes:
        workers: how many; as many as this machine feeds if None.
        device: `auto`, `cpu` or `cuda`.
        address: of a Ray cluster to join; None is a local one.
        memory: budget for models in each worker (`4G`).
        local: work in this process, without Ray.
    """

    workers: int | None = None
    device: str = "auto"
    address: str | None = None
    memory: str | None = None
    local: bool = False


def make_takes(
    plan: Plan,
    resolved: Mapping[str, ResolvedModel],
    store: TakeStore,
    weights: WeightStore,
    history: History,
    crew: Crew,
    report: Callable[[Event], None],
    progress: Progress | None = None,
) -> Outcome:
    """Speaks what the plan lacks; everything finished is in the store whatever happens.

    `resolved` has the verified files of each model; `progress` is told of voices that have to be fetched.

    Raises:
        MissingError: a model does not fit a worker's memory, or a voice cannot be brought here.
        StoreError: the store cannot be written.
        EngineError: no worker comes up any more.
    """
    to_render = list(plan.to_render())
    if not to_render:
        return Outcome()
    store.make_ready()
    entries = {part.id: part for line in to_render for part, _ in line.voice.parts if part.file is not None}
    jobs = line_jobs(plan, weights.ensure_voices(list(entries.values()), progress))
    need_bytes = max(facts.capabilities.memory_bytes for facts in plan.models.values())
    division = divide(1 if crew.local else crew.workers, crew.device, crew.memory, need_bytes)
    workers = min(division.workers, len(jobs))
    audio_s = sum(line.audio_s for line in to_render)
    report(RunStarted(plan.script.book.title, len(plan.lines), len(jobs), audio_s, workers))
    setup = _setup(plan, resolved, store, weights, division)
    demand_room({job.model for job in jobs}, setup.sizes, setup.memory_bytes)
    schedule = Schedule([job.job for job in jobs], _loads_s(plan, history))
    with _pool(crew, division, setup, workers) as pool:
        run = Run(jobs, pool, schedule, report)
        try:
            return run.go(store.has, {}, setup.memory_bytes)
        finally:
            write_history(store.root, plan, history.after(run.outcome.times))


def _loads_s(plan: Plan, history: History) -> dict[str, float]:
    return {
        model: history.loads.get(model, facts.capabilities.memory_bytes / LOAD_BYTES_PER_S)
        for model, facts in plan.models.items()
    }


def _setup(
    plan: Plan,
    resolved: Mapping[str, ResolvedModel],
    store: TakeStore,
    weights: WeightStore,
    division: Division,
) -> WorkerSetup:
    return worker_setup(
        plan,
        resolved,
        store=Path(store.root),
        memory_bytes=division.memory_bytes,
        device=division.device,
        threads=division.threads,
        scratch=weights.cache / "converted",
        verified=weights.cache / "weights" / "verified.json",
    )


@contextmanager
def _pool(crew: Crew, division: Division, setup: WorkerSetup, workers: int) -> Iterator[Any]:
    pool: Any
    if crew.local:
        from pipeline.render.local import LocalPool

        pool = LocalPool(setup)
    else:
        from pipeline.render.actors import ClusterRequest, RayPool

        pool = RayPool(
            setup,
            ClusterRequest(crew.address, workers, division.cpus_each, division.gpus_each, division.threads),
        )
    try:
        yield pool
    finally:
        pool.close()
