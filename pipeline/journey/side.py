"""A process beside the rendering: books are planned and stitched in it, so that no worker waits for that.

What a book took of memory is given back when the process ends, and a book whose stitching kills its process
takes no other along.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from pipeline.errors import FullcastError
from pipeline.events import Event

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
END_WAIT_S = 5.0


class SideProcessError(FullcastError):
    """The process beside the rendering died, or stopped on a bug of ours."""

    exit_code = 70


class SideProcess:
    """Calls functions in a process of its own, one at a time; a new one is started when there is none.

    Owns the process. `tell` is told the events of what is called, in the caller's thread. Used by one thread;
    `close` may be called by another, and ends what is being done.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._process: Any = None
        self._connection: Connection | None = None

    def call(self, work: Callable[..., Result], *values: Any) -> Result:
        """`work(report, *values)` in the process; what it reports is told.

        Args:
            work: a function of a module, found there by its name; its values and its result are pickled.

        Raises:
            FullcastError: `work` raised it.
            SideProcessError: the process died, or `work` raised another exception, which is logged.
        """
        end = self._ready()
        try:
            end.send((work, values))
            while True:
                kind, value = end.recv()
                if kind == "event":
                    self._tell(value)
                elif kind == "done":
                    result: Result = value
                    return result
                else:
                    raise value
        except (EOFError, ConnectionError, OSError) as error:
            raise SideProcessError(f"the process for it died ({self._how_it_ended()})") from error

    def close(self) -> None:
        """Ends the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join(END_WAIT_S)

    def _ready(self) -> Connection:
        if self._process is None or not self._process.is_alive() or self._connection is None:
            context = get_context("spawn")
            ours, theirs = context.Pipe()
            level = logging.getLogger().getEffectiveLevel()
            self._process = context.Process(target=_serve, args=(theirs, level), name="books", daemon=True)
            self._process.start()
            theirs.close()
            self._connection = ours
        return self._connection

    def _how_it_ended(self) -> str:
        process = self._process
        if process is None:
            return "closed"
        process.join(END_WAIT_S)
        code = process.exitcode
        self._process = None
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _serve(end: Connection, level: int) -> None:
    """What runs in the process: one call after the other until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to all; ours is ended by `close`
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sending = threading.Lock()

    def report(event: Event) -> None:
        with sending:  # stitching reports from several threads
            end.send(("event", event))

    while True:
        try:
            work, values = end.recv()
        except EOFError:
            return
        answer = _answer(work, values, report)
        with sending:
            end.send(answer)


def _answer(work: Callable[..., Any], values: tuple[Any, ...], report: Callable[[Event], None]) -> Any:
    try:
        return "done", work(report, *values)
    except FullcastError as error:
        return "error", error
    except Exception as error:
        logger.error("%s", traceback.format_exc())
        return "error", SideProcessError(f"a bug of ours: {type(error).__name__}: {error}")


def _end_with_parent() -> None:
    """A killed driver leaves nobody behind."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
