"""How often a server is asked: not above its limit, and not while it has asked for a pause."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.files import make_folder, store_error

SECONDS_IN_MINUTE = 60.0
# A clock that was set back, or a file of another time, must not stop us for long.
LONGEST_QUEUE_S = 3600.0


class Pace:
    """Gives each request its moment. Owns the pause that a server asked for; threads share it.

    The limit counts requests of all workers on this machine: they draw their moments from one small file.

    Args:
        requests_per_minute: 0 is no limit.
        file: where the next free moment is kept; one for each server.
    """

    def __init__(self, requests_per_minute: float, file: Path) -> None:
        self._interval_s = SECONDS_IN_MINUTE / requests_per_minute if requests_per_minute else 0.0
        self._file = file
        self._lock = threading.Lock()
        self._held_until_s = 0.0
        self._stopped = threading.Event()

    def wait_turn(self) -> None:
        """Waits until a request may be made.

        Raises:
            EngineError: it was stopped meanwhile.
        """
        with self._lock:
            pause_s = self._held_until_s - time.monotonic()
        if self._interval_s:
            pause_s = max(pause_s, self._draw_moment() - time.time())
        self.rest(pause_s)

    def hold_all(self, wait_s: float) -> None:
        """No request is begun for so many seconds: the server asked for it."""
        with self._lock:
            self._held_until_s = max(self._held_until_s, time.monotonic() + wait_s)

    def rest(self, wait_s: float) -> None:
        """Waits.

        Raises:
            EngineError: it was stopped meanwhile.
        """
        if self._stopped.is_set() or (wait_s > 0 and self._stopped.wait(wait_s)):
            raise EngineError("the speech server was given up meanwhile")

    def stop(self) -> None:
        """Ends all waiting, now and later."""
        self._stopped.set()

    def resume(self) -> None:
        """Begins anew after a stop."""
        self._stopped.clear()

    def _draw_moment(self) -> float:
        """The next free moment, seconds since 1970; it is taken then."""
        from filelock import FileLock

        try:
            make_folder(self._file.parent)
            with FileLock(self._file.with_suffix(".lock")):
                moment = max(time.time(), self._next_free())
                self._file.write_text(repr(moment + self._interval_s))
                return moment
        except OSError as error:
            raise store_error(error, self._file) from error

    def _next_free(self) -> float:
        try:
            moment = float(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return 0.0
        return moment if moment - time.time() < LONGEST_QUEUE_S else 0.0
