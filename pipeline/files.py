"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import filecmp
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError

# Levels of an indented JSON file: report.json has its lines in the fourth.
JSON_DEPTH = 4
_HINTS = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
    errno.EACCES: "no permission to write there: choose another folder",
    errno.EROFS: "the disk is read-only: choose another folder",
    errno.ENOTDIR: "a file stands where a folder is needed",
}


def store_error(error: OSError, path: Path) -> StoreError:
    """The one-line error for an operating system's refusal at `path`."""
    hint = _HINTS.get(error.errno or 0)
    return StoreError(f"cannot write: {error.strerror or error}", where=str(path), hint=hint)


def make_folder(path: Path) -> Path:
    """Makes `path` and its parents; returns it.

    Raises:
        StoreError: the folder cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(error, path) from error
    return path


@contextmanager
def atomic_path(path: Path, keep_same: bool = False) -> Iterator[Path]:
    """A temporary path beside `path` (same suffix) to write to; takes its place on success.

    The file is fsynced, then renamed. On any error it is removed and `path` stays as it was.

    Args:
        keep_same: leave a file untouched that holds the same bytes already.

    Raises:
        StoreError: the disk is full, the folder is not writable, ...
    """
    make_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise store_error(error, path) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if keep_same and path.is_file() and filecmp.cmp(temporary, path, shallow=False):
            temporary.unlink()
            return
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        # mkstemp makes files private; give them what the user's umask would.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise store_error(error, path) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Writes `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str | Iterable[str], keep_same: bool = False) -> None:
    """Writes `text`, or its pieces as they come, to `path` as UTF-8 with line feeds, atomically."""
    with (
        atomic_path(path, keep_same) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.writelines([text] if isinstance(text, str) else text)


def write_json(path: Path, value: Any, keep_same: bool = False) -> None:
    """Writes `value` to `path` as JSON that a person can read, atomically and row by row.

    Raises:
        ValueError: NaN or infinity, which JSON cannot carry.
    """
    write_text(path, chain(json_rows(value), ["\n"]), keep_same)


def json_rows(value: Any, depth: int = JSON_DEPTH, indent: str = "") -> Iterator[str]:
    """The JSON of `value` in pieces: sorted keys, a row for each item down to `depth`, one row below it.

    A book of 10,000 lines is a row for each line, and never a text in memory as a whole.
    """
    items: list[tuple[str, Any]] = []
    if depth and isinstance(value, Mapping) and value:
        items = [(f"{_compact(str(name))}: ", value[name]) for name in sorted(value)]
    elif depth and isinstance(value, list | tuple) and value:
        items = [("", item) for item in value]
    if not items:
        yield _compact(value)
        return
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    inner = indent + " "
    for number, (name, item) in enumerate(items):
        yield f"{',' if number else opening}\n{inner}{name}"
        yield from json_rows(item, depth - 1, inner)
    yield f"\n{indent}{closing}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
