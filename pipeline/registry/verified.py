"""Which files of the weight cache were hashed before and have not changed since."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.files import write_json

_log = logging.getLogger(__name__)

Fingerprint = tuple[int, int, int]


def fingerprint(path: Path) -> Fingerprint:
    """Size, time of change in ns and inode: what changes when a file is written to or replaced.

    Raises:
        OSError: it is not there.
    """
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def aside_of(path: Path) -> Path:
    """Where a file of the cache is put that turned out damaged."""
    return path.with_name(path.name + ".damaged")


class VerifiedFiles:
    """Remembers fingerprints of hashed files in one small JSON file.

    A lost or damaged JSON, or two processes writing it at once, costs a hash and nothing else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def knows(self, path: Path, print_now: Fingerprint) -> bool:
        """Whether the file was hashed with exactly this fingerprint."""
        return self._read().get(path.name) == list(print_now)

    def remember(self, path: Path, print_now: Fingerprint) -> None:
        """Notes that the file was hashed and right; where the cache is read-only it will be hashed again."""
        known = self._read() | {path.name: list(print_now)}
        try:
            write_json(self._path, known)
        except StoreError as error:
            _log.debug("cannot remember that %s was verified: %s", path, error)

    def _read(self) -> dict[str, list[int]]:
        try:
            value = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}
