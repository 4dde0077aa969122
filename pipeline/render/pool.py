"""How the run loop sees its workers, wherever they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from pipeline.render.job import Finished, LineJob


class Pool(Protocol):
    """Workers that take batches. Numbers name them; one that is brought back keeps its number."""

    depth: int  # batches a worker may have in hand, so that it never waits for the driver

    def workers(self) -> tuple[int, ...]:
        """Numbers of the workers that take work."""
        ...

    def submit(
        self,
        worker: int,
        jobs: Sequence[LineJob],
        upcoming: Sequence[str] = (),
        deadline_s: float = math.inf,
    ) -> None:
        """Hands a batch to a worker; returns at once.

        Args:
            upcoming: models to load while it speaks. Without any jobs the batch is done when they are loaded.
            deadline_s: seconds from when the worker begins with it, after which it is taken for hung.
        """
        ...

    def wait(self) -> list[Finished]:
        """Blocks until something changed: batches came back, a worker was lost with its batches, or one came.

        A lost worker is brought back by the pool itself, if that can be done, and is among `workers` then.

        Raises:
            StoreError: a worker could not write to the store.
            MissingError: the cluster is gone.
        """
        ...

    def is_waiting(self) -> bool:
        """Whether a worker may still come up, though none may be up now."""
        ...

    def close(self) -> None:
        """Ends all workers now, whatever they have in hand."""
        ...
