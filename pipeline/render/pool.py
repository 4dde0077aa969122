"""How the run loop sees its workers, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.render.job import Finished, LineJob


class Pool(Protocol):
    """Workers that take batches. Numbers name them; a restarted worker keeps its number."""

    depth: int  # batches a worker may have in hand, so that it never waits for the driver

    def workers(self) -> tuple[int, ...]:
        """Numbers of the workers that take work."""
        ...

    def submit(self, worker: int, jobs: Sequence[LineJob], upcoming: Sequence[str] = ()) -> None:
        """Hands a batch to a worker; returns at once.

        Args:
            upcoming: models to load while it speaks. Without any jobs the batch is done when they are loaded.
        """
        ...

    def wait(self) -> list[Finished]:
        """Blocks until at least one batch came back or a worker was lost with its batches.

        Raises:
            StoreError: a worker could not write to the store.
        """
        ...

    def restart(self, worker: int) -> bool:
        """Brings a lost worker back; False if it does not come up any more."""
        ...

    def close(self) -> None:
        """Ends all workers now, whatever they have in hand."""
        ...
