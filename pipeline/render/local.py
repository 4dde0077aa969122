"""The same loop in this process: for tests, small books, and machines without Ray."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence

from pipeline.render.job import Finished, LineJob, WorkerSetup
from pipeline.render.worker import Worker


class LocalPool:
    """One worker in this process; `wait` does the work."""

    depth = 1

    def __init__(self, setup: WorkerSetup) -> None:
        # For torch, which no one has imported yet: spinning barriers are slow on a busy machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._worker = Worker(0, setup)
        self._waiting: deque[tuple[tuple[LineJob, ...], tuple[str, ...]]] = deque()

    def workers(self) -> tuple[int, ...]:
        """Its only worker, number 0."""
        return (0,)

    def submit(self, worker: int, jobs: Sequence[LineJob], upcoming: Sequence[str] = ()) -> None:
        """Keeps the batch until `wait`."""
        self._waiting.append((tuple(jobs), tuple(upcoming)))

    def wait(self) -> list[Finished]:
        """Speaks the oldest batch."""
        jobs, upcoming = self._waiting.popleft()
        return [Finished(0, jobs, self._worker.speak(jobs, upcoming))]

    def restart(self, worker: int) -> bool:
        """Never needed: this worker dies with the process."""
        return False

    def close(self) -> None:
        """Gives the models back."""
        self._worker.close()
