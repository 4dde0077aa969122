"""A folder of this machine in which planned books wait for their workers, gone with the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.files import make_folder


@contextmanager
def spool_folder(cache: Path) -> Iterator[Path]:
    """A folder for this process; those that killed runs left behind are removed.

    Args:
        cache: where this machine keeps what can be made again.

    Raises:
        StoreError: it cannot be made.
    """
    import psutil

    folder = make_folder(cache / "shelf")
    for left in folder.iterdir():
        if left.name.isdigit() and not psutil.pid_exists(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)
    own = folder / str(os.getpid())
    shutil.rmtree(own, ignore_errors=True)
    make_folder(own)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
