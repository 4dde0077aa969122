"""The planned books of a run and the takes that they wait for; what is made is noted in the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.errors import UsageError
from pipeline.journey.planning import PlannedBook
from pipeline.journey.shelf_record import ShelfRecord
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.ledger import Ledger
from pipeline.render.schedule import Job


class OpenBooks:
    """Which takes are wanted, by which books, and which books are complete.

    Owns the ledger and the jobs that are left; notes in `record` what is made for whom.
    """

    def __init__(self, record: ShelfRecord) -> None:
        self._record = record
        self._ledger = Ledger()
        self._books: dict[str, PlannedBook] = {}
        self._lost: dict[str, tuple[LineJob, str]] = {}
        # Takes that are wanted and not there, by key.
        self.jobs: dict[str, Job] = {}

    def admit(self, book: PlannedBook) -> list[Job]:
        """Takes a planned book in; returns the jobs that no book before it had.

        Raises:
            UsageError: it means other things than books before it by the names of its models.
        """
        self._demand_agreement(book)
        slug = book.request.slug
        self._books[slug] = book
        self._record.planned(book)
        by_key = {job.key: job for job in book.jobs}
        work = self._record[slug]
        for key in by_key:  # while it was planned
            if key in self._lost:
                work.quarantined[key] = self._lost[key]
            elif self._ledger.is_settled(key):
                work.made.add(key)
        new = {key: by_key[key] for key in self._ledger.add(slug, book.rank, by_key)}
        self.jobs |= new
        return list(new.values())

    def open(self) -> list[PlannedBook]:
        """Books that wait for takes, the most urgent first."""
        return [self._books[slug] for slug in self._ledger.open_books()]

    def made(self, key: str, audio_s: float = 0.0, render_s: float = 0.0) -> str | None:
        """A take is there; the book that it was made for."""
        slugs = self._settle(key)
        self._record.made(slugs, key, audio_s, render_s)
        return slugs[0] if slugs else None

    def set_aside(self, key: str, lost: tuple[LineJob, str]) -> str | None:
        """A line cannot be spoken; the book that it is of."""
        self._lost[key] = lost
        slugs = self._settle(key)
        for slug in slugs:
            self._record[slug].quarantined[key] = lost
        return slugs[0] if slugs else None

    def drop(self, slug: str) -> None:
        """A book is not made after all: what it alone waited for is not rendered."""
        if slug in self._books:
            for key in self._ledger.drop(slug):
                self.jobs.pop(key, None)
            del self._books[slug]

    def complete(self) -> Iterable[PlannedBook]:
        """Books whose last take is there, the most urgent first, each once."""
        while (slug := self._ledger.next_complete()) is not None:
            book = self._books[slug]
            # How its models are loaded is still compared with books to come.
            self._books[slug] = replace(book, jobs=(), places={})
            yield book

    def _settle(self, key: str) -> tuple[str, ...]:
        self.jobs.pop(key, None)
        return self._ledger.settle(key)

    def _demand_agreement(self, book: PlannedBook) -> None:
        for other in self._books.values():
            for model in book.setup.models.keys() & other.setup.models.keys():
                if _meaning(book.setup, model) != _meaning(other.setup, model):
                    raise UsageError(
                        f"model {model} is another one here than for {other.request.file}",
                        where=str(book.request.file),
                        hint="the registries beside them differ: render this book in a run of its own",
                    )


def _meaning(setup: WorkerSetup, model: str) -> tuple[object, ...]:
    """All that decides what is loaded by a model's name."""
    request = setup.models[model]
    return (
        setup.engines.get(model),
        dict(request.files),
        dict(request.parameters),
        dict(setup.digests.get(model, {})),
        tuple(setup.parts.get(model, ())),
    )
