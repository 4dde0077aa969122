"""Log records as JSON lines that say which run, worker, book, line and take they are about.

Any number of processes append to one file: each record is one write. A worker on another machine writes to
the same path there.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError

_about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039 (never changed, only replaced)


class PlainFormatter(logging.Formatter):
    """Records as a person reads them, `warning: ...`; where they come from is in the JSON lines."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in one line, and a traceback below it if it has one."""
        return f"{record.levelname.lower()}: {super().format(record)}"


@dataclass(frozen=True)
class LogPlace:
    """Where a process's records go, and what all of them say.

    Attributes:
        path: the file, absolute.
        run: names the run; the same in all of its processes.
        actor: the worker's number; None in the driver.
    """

    path: Path
    run: str
    actor: int | None = None


@contextlib.contextmanager
def about(**facts: Any) -> Iterator[None]:
    """Records that are logged inside carry these facts: `book`, `line`, `key`, `lines`."""
    token = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(token)


class JsonFileHandler(logging.Handler):
    """Appends records to a file, one JSON object a line. One for each process."""

    def __init__(self, place: LogPlace) -> None:
        super().__init__(logging.INFO)
        self.place = place
        place.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(place.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record in one call; a full disk costs the record and not the run."""
        try:
            os.write(self._file, (json.dumps(self._fields(record), ensure_ascii=False) + "\n").encode())
        except (OSError, TypeError, ValueError):
            self.handleError(record)

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {"time": at, "level": record.levelname.lower(), "run": self.place.run}
        if self.place.actor is not None:
            fields["actor"] = self.place.actor
        fields |= {"process": record.process, "logger": record.name, "message": record.getMessage()}
        fields |= _about.get()
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        return fields


def log_to(path: Path) -> LogPlace:
    """Has this process log to the file from now on, under a new run's name.

    Raises:
        StoreError: the file cannot be written.
    """
    place = LogPlace(path.absolute(), os.urandom(4).hex())
    log_as(place)
    return place


def log_as(place: LogPlace) -> None:
    """Has this process log where another one said.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        handler = JsonFileHandler(place)
    except OSError as error:
        raise StoreError(f"cannot write the log: {error.strerror or error}", where=str(place.path)) from error
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("pipeline").setLevel(logging.INFO)


def place_for_worker(number: int) -> LogPlace | None:
    """Where a worker of this process's run logs to; None if this process has no such log."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JsonFileHandler):
            return replace(handler.place, actor=number)
    return None
