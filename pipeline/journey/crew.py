"""The workers of a run: how many, on what, with which models ready before the first line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pipeline.engines.catalogue import Catalogue
from pipeline.errors import PolicyError
from pipeline.events import Event
from pipeline.journey.options import RunOptions
from pipeline.plan.plan import Plan
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.budget import Budget, in_words, parse_budget
from pipeline.render.history import History
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.machine import Division, divide
from pipeline.render.outcome import Outcome
from pipeline.render.pool import Pool
from pipeline.render.preload import choose_preloads
from pipeline.render.prepare import largest_engine_bytes, whole_sizes, worker_setup
from pipeline.render.schedule import Schedule
from pipeline.takes.store import TakeStore

# How fast a model is made ready, until a run has measured it: Kokoro, 2 GB with its work space, takes 3 s.
LOAD_BYTES_PER_S = 600e6
# More than that one driver has not been tried with.
MOST_WORKERS = 256


def division_for(plan: Plan, options: RunOptions) -> Division:
    """This machine divided among the workers that are asked for; one if the run is to be local."""
    workers = 1 if options.local else options.workers
    return divide(workers, options.device, options.memory, largest_engine_bytes(plan))


def setup_for(
    plan: Plan,
    resolved: Mapping[str, ResolvedModel],
    store: TakeStore,
    weights: WeightStore,
    division: Division,
) -> WorkerSetup:
    """How each worker is set up for the models of a plan."""
    return worker_setup(
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


def load_times_s(plan: Plan, history: History) -> dict[str, float]:
    """Seconds that loading each model takes: measured by an earlier run, else guessed from its size."""
    return {
        model: history.loads.get(model, facts.capabilities.memory_bytes / LOAD_BYTES_PER_S)
        for model, facts in plan.models.items()
    }


def preloads_for(
    jobs: Sequence[LineJob],
    setup: WorkerSetup,
    workers: Sequence[int],
    catalogue: Catalogue,
    preload: str,
) -> dict[int, tuple[str, ...]]:
    """The models that each worker loads before the first line: hot ones, and all if `preload` is `auto`."""
    hot = {model for model in setup.models if catalogue.model(model).hot}
    work_s: dict[str, float] = {}
    for job in jobs:
        if preload == "auto" or job.model in hot:
            work_s[job.model] = work_s.get(job.model, 0.0) + job.job.work_s
    whole = whole_sizes(setup.sizes, setup.parts)
    return choose_preloads(work_s, whole, setup.memory_bytes, workers, hot)


def budget_for(options: RunOptions, division: Division) -> Budget | None:
    """What the run may cost; None if nothing was said.

    Raises:
        UsageError: what was said is no budget.
    """
    if options.budget is None:
        return None
    return Budget(parse_budget(options.budget, options.price_per_hour), division.gpus_each or 1.0)


def demand_unspent(budget: Budget | None, outcome: Outcome, schedule: Schedule, price: float | None) -> None:
    """Nothing, if no line was left for want of money; asked when all else is done.

    Raises:
        PolicyError: lines are left; says how many, and what they will cost.
    """
    if budget is None or not outcome.unspent_jobs:
        return
    left_s = sum(schedule.estimator.expected_s(model, work_s) for model, work_s in schedule.left_s().items())
    raise PolicyError(
        f"the budget of {in_words(budget.limit_s, price)} is spent"
        f" ({in_words(budget.spent_s, price)}): {outcome.unspent_jobs} lines are left,"
        f" about {in_words(left_s, price)} of work",
        hint="all takes made are kept; run the same command to go on",
    )


def metered(
    report: Callable[[Event], None], options: RunOptions, run: str, schedule: Schedule, pool: Pool
) -> Callable[[Event], None]:
    """The same report; on Ray, the exporter for Prometheus is told as well."""
    if options.local:
        return report
    from pipeline.render.metrics import RunMetrics

    metrics = RunMetrics(run, schedule, pool.workers)

    def both(event: Event) -> None:
        metrics.on(event)
        report(event)

    return both


@contextmanager
def open_pool(options: RunOptions, division: Division, setup: WorkerSetup, workers: int) -> Iterator[Pool]:
    """Workers in this process or on Ray; they are ended with the block, whatever they have in hand.

    Raises:
        MissingError: Ray cannot be reached or has no room.
    """
    pool: Pool
    if options.local:
        from pipeline.render.local import LocalPool

        pool = LocalPool(setup)
    else:
        from pipeline.render.actors import ClusterRequest, RayPool

        # On a cluster whose workers nobody counted, whatever it has room for, now or later.
        is_open = options.address is not None and options.workers is None
        cluster = ClusterRequest(
            options.address,
            0 if is_open else workers,
            division.cpus_each,
            division.gpus_each,
            division.threads,
            most=MOST_WORKERS if is_open else 0,
        )
        pool = RayPool(setup, cluster)
    try:
        yield pool
    finally:
        pool.close()
