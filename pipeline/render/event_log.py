"""The log of a run: JSON lines for loads, hits, misses, evictions, stalls and shortages, and their sums.

`<store>/runs/<slug>.events.jsonl`, written by the driver as the workers' events come in. The log of the run
before lies beside it as `<slug>.events.1.jsonl`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import MissingError, StoreError
from pipeline.events import Event
from pipeline.files import make_folder, store_error
from pipeline.render.event_record import Record, record_of
from pipeline.render.tally import Summary, Tally

logger = logging.getLogger(__name__)


def log_path(root: Path, slug: str) -> Path:
    """Where the log of a book's last run lies in a store's folder."""
    return root / "runs" / f"{slug}.events.jsonl"


def rotate(path: Path) -> None:
    """Sets the log of the run before aside as `.1.jsonl`, in place of the one before that.

    Raises:
        StoreError: the folder cannot be written.
    """
    make_folder(path.parent)
    try:
        if path.exists():
            path.replace(path.with_suffix(".1.jsonl"))
    except OSError as error:
        raise store_error(error, path) from error


def write(path: Path, events: Iterable[Event]) -> None:
    """Appends the records of `events` to the log; events that it does not keep are passed over.

    All of them go out in one system call on a file opened for appending: what a killed run wrote is whole
    lines but for the last, and two runs at once do not mix theirs.

    Raises:
        StoreError: it cannot be written.
    """
    now_s = time.time()
    records = [record for event in events if (record := record_of(event, now_s)) is not None]
    if not records:
        return
    make_folder(path.parent)
    data = "".join(record.as_line() for record in records).encode("utf-8")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)
    except OSError as error:
        raise store_error(error, path) from error


def read(path: Path) -> Iterator[Record]:
    """The records of a log, in order; a last line that a killed run left half written is passed over.

    Raises:
        MissingError: there is no log.
        StoreError: it cannot be read, or a line in it is no record.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    logger.warning("%s:%d: the last record is cut off", path, number)
                    return
                yield _record(line, path, number)
    except FileNotFoundError as error:
        raise MissingError(
            "no run was logged", where=str(path), hint="run `fullcast render` with lines to render"
        ) from error
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def read_on(path: Path, offset: int) -> tuple[list[Record], int]:
    """The whole records behind `offset`, and the offset of what comes next; for a log that is being written.

    Raises:
        MissingError: there is no log.
        StoreError: it cannot be read, or a line in it is no record.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError as error:
        raise MissingError("no run was logged", where=str(path), hint="start `fullcast render`") from error
    except OSError as error:
        raise store_error(error, path) from error
    whole = data[: data.rfind(b"\n") + 1]
    return [_record(line, path, 0) for line in whole.splitlines()], offset + len(whole)


def summarize(records: Iterable[Record]) -> Summary:
    """What the records of one run add up to."""
    tally = Tally()
    for record in records:
        tally.add(record)
    return tally.summary()


def _record(line: bytes, path: Path, number: int) -> Record:
    try:
        return Record.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StoreError(
            f"not a record of an event log: {place}: {first['msg']}", where=f"{path}:{number}"
        ) from error
