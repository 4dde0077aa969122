"""Weights in the form that is loaded: made once from a verified source, checked before each use.

Beside each converted file lies a record of its SHA-256 and of its size, time of change and inode when it was
last hashed. While those stay as they are, a check reads a few bytes; otherwise the file is hashed once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import StoreError
from pipeline.files import atomic_path, make_folder, store_error, write_json
from pipeline.hashing import digest_file

logger = logging.getLogger(__name__)

T = TypeVar("T")

FOLDER = "converted"
RECORD_SUFFIX = ".sha256.json"


class _Record(BaseModel):
    """What is known of a converted file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sha256: str
    bytes: int
    changed_ns: int
    inode: int

    def is_of(self, path: Path) -> bool:
        """Whether the file was hashed as it lies there now."""
        status = path.stat()
        return (self.bytes, self.changed_ns, self.inode) == (
            status.st_size, status.st_mtime_ns, status.st_ino,
        )  # fmt: skip


@dataclass(frozen=True)
class ConvertedFile:
    """A converted file with the SHA-256 that it was written with, and that of what lies there now."""

    path: Path
    wanted: str
    found: str


def converted(target: Path, convert: Callable[[Path], None]) -> Path:
    """`target`, holding what `convert` wrote into it, now or before.

    A file that is not what was written, or of which nothing is known, is converted again. Of several
    processes that need it one converts, the others wait.

    Args:
        convert: writes the file at the path that it is given.
    Raises:
        StoreError: it cannot be written. Whatever `convert` raises.
    """
    if _is_right(target):
        return target
    with _only_one(target):
        if not _is_right(target):
            _say_why(target)
            _write(target, convert)
    return target


def opened(target: Path, convert: Callable[[Path], None], read: Callable[[Path], T]) -> T:
    """What `read` makes of the converted file; of one that it cannot read, after it was converted again.

    Raises:
        StoreError: it cannot be written. Whatever `convert` and, the second time, `read` raise.
    """
    from safetensors import SafetensorError

    path = converted(target, convert)
    try:
        return read(path)
    except (SafetensorError, OSError) as error:
        # A half-broken disk is no reason to stop: the source is verified, so make the file once more.
        logger.warning("%s: cannot be read (%s); converted again", target, error)
        _forget(target)
        return read(converted(target, convert))


def check_converted(folder: Path) -> Iterator[ConvertedFile]:
    """Each converted file with a record in a folder, hashed now, whatever was known of it.

    One without a record is not among them: it is converted again before its next use.
    """
    for record_path in sorted(folder.glob(f"*{RECORD_SUFFIX}")):
        path = record_path.with_name(record_path.name.removesuffix(RECORD_SUFFIX))
        record = _read_record(path)
        if record is not None and path.is_file():
            yield ConvertedFile(path, record.sha256, digest_file(path))


def _is_right(target: Path) -> bool:
    """Whether the file is there, as it was written."""
    record = _read_record(target)
    try:
        if record is None or record.is_of(target):
            return record is not None
        if digest_file(target) != record.sha256:
            return False
        _remember(target, record.sha256)
    except FileNotFoundError:
        return False
    except OSError as error:
        logger.warning("%s: cannot be read: %s", target, error.strerror)
        return False
    except StoreError as error:
        # In a folder that is only read it is hashed again the next time.
        logger.debug("cannot remember that %s was hashed: %s", target, error)
    return True


@contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Of several processes that want to write a file, one at a time does."""
    from filelock import FileLock

    lock = FileLock(make_folder(target.parent) / f".{target.name}.lock")
    try:
        lock.acquire()
    except OSError as error:
        raise store_error(error, target) from error
    try:
        yield
    finally:
        lock.release()


def _say_why(target: Path) -> None:
    """A warning if a file is there that must be converted again."""
    record = _read_record(target)
    if record is None or not target.exists():
        return
    logger.warning("%s: not what was written (SHA-256 must be %s); converted again", target, record.sha256)


def _write(target: Path, convert: Callable[[Path], None]) -> None:
    # First the old record goes: a stop between the two renames must not leave it beside a new file.
    _forget(target)
    with atomic_path(target) as temporary:
        convert(temporary)
        sha256 = digest_file(temporary)
    _remember(target, sha256)


def _forget(target: Path) -> None:
    try:
        _record_path(target).unlink(missing_ok=True)
    except OSError as error:
        raise store_error(error, target) from error


def _remember(target: Path, sha256: str) -> None:
    status = target.stat()
    value: dict[str, Any] = {
        "sha256": sha256, "bytes": status.st_size, "changed_ns": status.st_mtime_ns, "inode": status.st_ino,
    }  # fmt: skip
    write_json(_record_path(target), value)


def _read_record(target: Path) -> _Record | None:
    try:
        return _Record.model_validate(json.loads(_record_path(target).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None


def _record_path(target: Path) -> Path:
    return target.with_name(f"{target.name}{RECORD_SUFFIX}")
