"""A short mark of what is in a file, made in milliseconds even for checkpoints of hundreds of megabytes."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path

from pipeline.hashing import digest, digest_file

MARK_DIGITS = 16


def fingerprint(path: Path) -> str:
    """16 hexadecimal digits that change with the file's contents, not with its name or place.

    A checkpoint is a zip archive whose list of members has each tensor's size and CRC-32: that list is
    hashed. Other files are hashed whole.

    Raises:
        OSError: it cannot be read.
    """
    stat = path.stat()
    return _fingerprint(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _fingerprint(path: Path, size: int, changed_ns: int) -> str:
    """`fingerprint`, made once for each state of a file."""
    try:
        with zipfile.ZipFile(path) as archive:
            # The first folder is the name under which the archive was saved.
            members = [
                [info.filename.partition("/")[2] or info.filename, info.file_size, info.CRC]
                for info in archive.infolist()
            ]
    except zipfile.BadZipFile:
        return digest_file(path)[:MARK_DIGITS]
    return digest(sorted(members))[:MARK_DIGITS]
