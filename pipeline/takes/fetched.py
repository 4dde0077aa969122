"""Takes fetched from a bucket, kept on this machine within a bound of bytes.

Stitching reads each take twice, to measure and to master. A take that is read again is not fetched again; the
ones that were not read for longest go first. The folder may be deleted at any time.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from pipeline.errors import StoreError, UsageError
from pipeline.files import write_bytes
from pipeline.hashing import digest_bytes

logger = logging.getLogger(__name__)

VARIABLE = "FULLCAST_STORE_CACHE_MB"
DEFAULT_MB = 1024


class FetchedAudio:
    """FLAC files by the key of their take, at most `limit_bytes` of them. May be used by many threads.

    Knows what it wrote and what lay there when it was made; another process may use the same folder, and both
    together then hold up to twice as much.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self._folder = folder
        self._limit_bytes = _limit_bytes() if limit_bytes is None else limit_bytes
        self._lock = threading.Lock()
        # Sizes by key, the one read longest ago first.
        self._sizes: dict[str, int] | None = None

    def get(self, key: str, sha256: str) -> bytes | None:
        """The audio if it is here and right; a damaged file goes."""
        try:
            flac = self._path(key).read_bytes()
        except OSError:
            return None
        if digest_bytes(flac) != sha256:
            logger.warning("fetched take %s was damaged here; it is fetched again", key[:12])
            self._path(key).unlink(missing_ok=True)
            return None
        with self._lock:
            sizes = self._known()
            sizes[key] = sizes.pop(key, len(flac))
        return flac

    def keep(self, key: str, flac: bytes) -> None:
        """Keeps audio, and lets go of others to make room. A full disk costs a fetch and nothing else."""
        if len(flac) > self._limit_bytes:
            return
        with self._lock:
            sizes = self._known()
            sizes.pop(key, None)
            held_bytes = sum(sizes.values())
            while sizes and held_bytes + len(flac) > self._limit_bytes:
                oldest = next(iter(sizes))
                held_bytes -= sizes.pop(oldest)
                self._path(oldest).unlink(missing_ok=True)
            try:
                write_bytes(self._path(key), flac)
            except StoreError as error:
                logger.info("take %s is not kept here: %s", key[:12], error)
                return
            sizes[key] = len(flac)

    def _known(self) -> dict[str, int]:
        if self._sizes is None:
            there = [path for path in self._folder.glob("*.flac") if not path.name.startswith(".")]
            facts = sorted((status.st_mtime, path.stem, status.st_size) for path, status in _stats(there))
            self._sizes = {key: size for _, key, size in facts}
        return self._sizes

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.flac"


def _stats(paths: list[Path]) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in paths:
        try:
            found.append((path, path.stat()))
        except OSError:  # another process let go of it
            continue
    return found


def _limit_bytes() -> int:
    """The bound that $FULLCAST_STORE_CACHE_MB asks for.

    Raises:
        UsageError: it is no number of megabytes.
    """
    given = os.environ.get(VARIABLE, str(DEFAULT_MB))
    if not given.isdigit():
        raise UsageError(f"{VARIABLE}={given}: must be a number of megabytes")
    return int(given) * 1_000_000
