"""One crew for several books: workers that know the models of all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.errors import FullcastError
from pipeline.journey.options import RunOptions
from pipeline.journey.planning import PlannedBook
from pipeline.render.job import WorkerSetup
from pipeline.render.machine import Division, divide
from pipeline.render.node_weights import NeededFiles
from pipeline.render.preload import choose_preloads
from pipeline.render.prepare import demand_room, whole_sizes
from pipeline.render.schedule import Job


@dataclass(frozen=True)
class Crew:
    """How the machine is divided, how workers are set up, and what each model holds with its parts."""

    division: Division
    setup: WorkerSetup
    whole_bytes: Mapping[str, int]

    def knows(self, book: PlannedBook) -> bool:
        """Whether its workers can speak all lines of a book: they know its models and its voices' files."""
        needed, known = book.setup.needed, self.setup.needed
        voices = set() if needed is None else set(needed.voices)
        return book.models <= self.setup.models.keys() and voices <= set(known.voices if known else ())

    def has_room(self, models: Collection[str]) -> bool:
        """Whether a worker can hold all of these models at once."""
        return sum(self.whole_bytes[model] for model in set(models)) <= self.setup.memory_bytes

    def demand_room(self, book: PlannedBook) -> None:
        """Nothing, if each model of a book fits into a worker.

        Raises:
            MissingError: one does not.
        """
        demand_room(book.models, self.whole_bytes, self.setup.memory_bytes)


def crew_of(books: Sequence[PlannedBook], options: RunOptions) -> Crew:
    """The crew that can speak all of these books; there is at least one, and they agree about their models.

    Raises:
        MissingError: there is no such device here.
        UsageError: the memory is no size.
    """
    workers = 1 if options.local else options.workers
    need_bytes = max(book.engine_bytes for book in books)
    division = divide(workers, options.device, options.memory, need_bytes)
    setup = _joined([book.setup for book in books])
    models = {
        model: replace(request, device=division.device, threads=division.threads)
        for model, request in setup.models.items()
    }
    setup = replace(setup, memory_bytes=division.memory_bytes, models=models)
    return Crew(division, setup, whole_sizes(setup.sizes, setup.parts))


def preloads_of(
    books: Sequence[PlannedBook], jobs: Sequence[Job], crew: Crew, workers: Sequence[int], preload: str
) -> dict[int, tuple[str, ...]]:
    """The models that each worker loads before the first line: hot ones, and all if `preload` is `auto`."""
    hot = {model for book in books for model in book.hot}
    work_s: dict[str, float] = {}
    for job in jobs:
        if preload == "auto" or job.model in hot:
            work_s[job.model] = work_s.get(job.model, 0.0) + job.work_s
    return choose_preloads(work_s, dict(crew.whole_bytes), crew.setup.memory_bytes, workers, hot)


def too_large(crew: Crew, books: Sequence[PlannedBook]) -> list[tuple[PlannedBook, FullcastError]]:
    """The books that a crew has no room for, with the reason."""
    found: list[tuple[PlannedBook, FullcastError]] = []
    for book in books:
        try:
            crew.demand_room(book)
        except FullcastError as error:
            found.append((book, error))
    return found


def _joined(setups: Sequence[WorkerSetup]) -> WorkerSetup:
    """A setup that knows the models and voices of all; they say the same of those that several have."""
    joined = setups[0]
    for one in setups[1:]:
        joined = replace(
            joined,
            models={**joined.models, **one.models},
            engines={**joined.engines, **one.engines},
            sizes={**joined.sizes, **one.sizes},
            digests={**joined.digests, **one.digests},
            parts={**joined.parts, **one.parts},
            origins={**joined.origins, **one.origins},
            needed=_joined_files(joined.needed, one.needed),
        )
    return joined


def _joined_files(first: NeededFiles | None, second: NeededFiles | None) -> NeededFiles | None:
    if first is None or second is None:
        return first or second
    models, voices = {**first.models, **second.models}, {**first.voices, **second.voices}
    return replace(first, models=models, voices=voices)
