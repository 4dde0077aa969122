"""Tasks done in a process beside the rendering, the most urgent first; what comes of them is fetched."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pipeline.errors import FullcastError
from pipeline.events import Event
from pipeline.journey.side import SideProcess, SideProcessError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class Desk(Generic[Result]):
    """A thread with a process of its own, for one kind of task.

    Owns both. Everything but the work itself happens in the thread of whoever fetches what is done. Make it,
    `put` tasks, fetch them with `done`, and `close` it.

    Args:
        work: what is done for a task: a function of a module (see `SideProcess.call`).
        tell: is told the events of each task and its name; called from the thread.
    """

    def __init__(self, work: Callable[..., Result], tell: Callable[[Event, str], None]) -> None:
        self._work = work
        self._tell = tell
        self._current = ""
        self._tasks: queue.PriorityQueue[tuple[int, str, Any]] = queue.PriorityQueue()
        self._done: queue.SimpleQueue[tuple[str, Result | FullcastError]] = queue.SimpleQueue()
        self._open = 0
        self._side = SideProcess(lambda event: self._tell(event, self._current))
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=work.__name__, daemon=True)
        self._thread.start()

    def put(self, rank: int, name: str, task: Any) -> None:
        """One more task; those of a lower rank are done first. Two tasks at a time have two names."""
        self._open += 1
        self._tasks.put((rank, name, task))

    def done(self, wait_s: float = 0.0) -> list[tuple[str, Result | FullcastError]]:
        """Names of the tasks done since the last call, with what came of each; waits for the first."""
        found: list[tuple[str, Result | FullcastError]] = []
        try:
            found.append(self._done.get(block=wait_s > 0, timeout=wait_s or None))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            self._open -= len(found)
            return found

    def is_idle(self) -> bool:
        """Whether every task that was put was also fetched."""
        return self._open == 0

    def rest(self) -> None:
        """Gives the process's memory back; the next task starts another. Only while the desk is idle."""
        self._side.close()

    def close(self) -> None:
        """Ends the process, whatever it does, and the thread."""
        self._closed.set()
        self._side.close()
        self._tasks.put((-(2**63), "", None))
        self._thread.join()
        self._side.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            _, self._current, task = self._tasks.get()
            if task is None or self._closed.is_set():
                return
            try:
                self._done.put((self._current, self._side.call(self._work, task)))
            except FullcastError as error:
                self._done.put((self._current, error))
            except Exception as error:  # a bug of ours must not leave whoever waits for it waiting
                logger.exception("%s", self._current)
                self._done.put((self._current, SideProcessError(f"a bug of ours: {error}")))
