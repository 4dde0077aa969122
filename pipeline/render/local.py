"""The same loop in this process: for tests, small books, and machines without Ray."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pipeline.render.job import Finished, LineJob, WorkerSetup
from pipeline.render.worker import Worker

logger = logging.getLogger(__name__)


class LocalPool:
    """One worker in this process; `wait` does the work.

    An engine that hangs or ends its process takes this one with it: nothing can be killed here. A batch that
    is overdue is named in a warning, so that a person can press Ctrl-C; workers on Ray are killed and the
    line is set aside.
    """

    depth = 1

    def __init__(self, setup: WorkerSetup) -> None:
        # For torch, which no one has imported yet: spinning barriers are slow on a busy machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._worker = Worker(0, setup)
        self._waiting: deque[tuple[tuple[LineJob, ...], tuple[str, ...], float]] = deque()

    def workers(self) -> tuple[int, ...]:
        """Its only worker, number 0."""
        return (0,)

    def submit(
        self,
        worker: int,
        jobs: Sequence[LineJob],
        upcoming: Sequence[str] = (),
        deadline_s: float = math.inf,
    ) -> None:
        """Keeps the batch until `wait`."""
        self._waiting.append((tuple(jobs), tuple(upcoming), deadline_s))

    def wait(self) -> list[Finished]:
        """Speaks the oldest batch."""
        jobs, upcoming, deadline_s = self._waiting.popleft()
        with _warning_after(deadline_s, jobs):
            return [Finished(0, jobs, self._worker.speak(jobs, upcoming))]

    def is_waiting(self) -> bool:
        """Never: this worker lives and dies with the process."""
        return False

    def close(self) -> None:
        """Gives the models back."""
        self._worker.close()


@contextmanager
def _warning_after(deadline_s: float, jobs: Sequence[LineJob]) -> Iterator[None]:
    """Logs that a batch seems to hang if it is not done after so many seconds."""
    if math.isinf(deadline_s) or not jobs:
        yield
        return
    places = f"{jobs[0].where} to {jobs[-1].where}" if len(jobs) > 1 else jobs[0].where
    timer = threading.Timer(
        deadline_s,
        logger.warning,
        (
            "%s: no answer from %s for %.0f s; --local cannot end it: press Ctrl-C and go on without "
            "--local, where a line that hangs is set aside",
            places,
            jobs[0].model,
            deadline_s,
        ),
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
