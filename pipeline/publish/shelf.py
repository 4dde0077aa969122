"""The output folder: each file is made only if what it is made of has changed, and old ones are cleared."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError
from pipeline.files import make_folder, write_json
from pipeline.hashing import digest_file

logger = logging.getLogger(__name__)

LEDGER = ".fullcast.json"


class OutputShelf:
    """The files of one published book, by name and by the key of what they are made of.

    Owns `folder` and the ledger in it, and removes only files that the ledger says it made. Make one for
    each publication and `close` it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)
        self._before = self._read()
        self._now: dict[str, dict[str, Any]] = {}

    def holds(self, name: str) -> bool:
        """Whether the file of the last publication is there as it was written."""
        entry = self._before.get(name)
        return entry is not None and self._is_whole(self.folder / name, entry)

    def make(self, name: str, key: str, write: Callable[[Path], object], again: bool = False) -> bool:
        """Makes the file `name` unless it is there, whole, with this key; True if it was made.

        Args:
            again: make it in any case: something that is learned while writing it is not known.

        Raises:
            StoreError: it cannot be written.
        """
        path = self.folder / name
        entry = self._before.get(name)
        if entry and not again and entry["key"] == key and self._is_whole(path, entry):
            self._now[name] = entry
            return False
        make_folder(path.parent)
        write(path)
        stat = path.stat()
        self._now[name] = {
            "key": key,
            "sha256": digest_file(path),
            "bytes": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
        }
        return True

    def close(self, keep_others: bool = False) -> list[str]:
        """Writes the ledger; removes files of the last publication that are none any more; names them.

        Args:
            keep_others: leave them: only a part of the book was published this time.
        """
        gone = [name for name in self._before if name not in self._now]
        if keep_others:
            self._now = {**{name: self._before[name] for name in gone}, **self._now}
            gone = []
        for name in gone:
            (self.folder / name).unlink(missing_ok=True)
        if self._now != self._before:
            write_json(self.folder / LEDGER, self._now)
        return gone

    def _is_whole(self, path: Path, entry: dict[str, Any]) -> bool:
        """Whether the file is as it was written: by size and time, or by its bytes if it was touched."""
        try:
            stat = path.stat()
        except FileNotFoundError:
            return False
        if stat.st_size != entry["bytes"]:
            return False
        return stat.st_mtime_ns == entry["mtime_ns"] or digest_file(path) == entry["sha256"]

    def _read(self) -> dict[str, dict[str, Any]]:
        path = self.folder / LEDGER
        try:
            return dict(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return {}
        except ValueError:
            logger.warning("%s is damaged; all files are made again", path)
            return {}
        except OSError as error:
            raise StoreError(f"cannot read: {error.strerror}", where=str(path)) from error
