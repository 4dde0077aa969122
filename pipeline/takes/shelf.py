"""Where a store's bytes lie: a shelf of named objects, each whole or not there. This one is a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pipeline.errors import StoreError
from pipeline.files import make_folder, store_error, write_bytes


class Shelf(Protocol):
    """Named objects of bytes. Names have `/` between folders. Any number of processes may use one at once.

    What is written is there for everybody when `write` returns. All methods raise StoreError when the shelf
    cannot be read or written, after what patience the kind of shelf asks for.
    """

    @property
    def place(self) -> str:
        """Where it is, in words for people: a path or a URL."""

    def read(self, name: str) -> bytes | None:
        """The object's bytes; None if there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Keeps an object in place of what was there: all of it or nothing."""

    def has(self, name: str) -> bool:
        """Whether there is such an object."""

    def size_bytes(self, name: str) -> int:
        """The object's size; 0 if there is none."""

    def remove(self, name: str) -> bool:
        """Removes an object; False if there was none."""

    def rename(self, name: str, other: str) -> None:
        """Gives an object another name; nothing happens if it is not there."""

    def names(self, folder: str) -> Iterator[str]:
        """The last parts of the names of all objects right below `folder`, in order."""

    def few_names(self, folder: str) -> list[str] | None:
        """Names of all objects below `folder`, however deep, if that is quicker than folder by folder."""

    def demand_writable(self, folder: str) -> None:
        """Nothing, if objects can be written below `folder`; found before an hour of work."""


class FolderShelf:
    """A folder of this machine or of a network file system; objects are files, written atomically."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def place(self) -> str:
        """The folder's path."""
        return str(self.root)

    def path(self, name: str) -> Path:
        """Where an object lies, or would lie."""
        return self.root / name

    def read(self, name: str) -> bytes | None:
        """The file's bytes; None if there is none."""
        try:
            return self.path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(error, self.path(name)) from error

    def write(self, name: str, data: bytes) -> None:
        """Writes through a temporary file, fsync and rename."""
        write_bytes(self.path(name), data)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.path(name).exists()

    def size_bytes(self, name: str) -> int:
        """The file's size; 0 if there is none."""
        try:
            return self.path(name).stat().st_size
        except OSError:
            return 0

    def remove(self, name: str) -> bool:
        """Removes a file; False if there was none."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise store_error(error, self.path(name)) from error
        return True

    def rename(self, name: str, other: str) -> None:
        """Renames a file; another process may have done it first."""
        try:
            self.path(name).replace(self.path(other))
        except FileNotFoundError:
            return
        except OSError as error:
            raise store_error(error, self.path(name)) from error

    def names(self, folder: str) -> Iterator[str]:
        """Names of the files in a folder, in order; hidden ones are half-written and no objects."""
        try:
            with os.scandir(self.root / folder) as entries:
                found = [
                    entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()
                ]
        except (FileNotFoundError, NotADirectoryError):
            return iter(())
        except OSError as error:
            raise _unreadable(error, self.root / folder) from error
        return iter(sorted(found))

    def few_names(self, folder: str) -> list[str] | None:
        """None: files are listed folder by folder."""
        return None

    def demand_writable(self, folder: str) -> None:
        """Makes the folder and writes to it.

        Raises:
            StoreError: it cannot be made or written to.
        """
        path = make_folder(self.root / folder)
        probe = path / f".probe-{os.getpid()}"
        try:
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise store_error(error, path) from error


def _unreadable(error: OSError, path: Path) -> StoreError:
    return StoreError(f"cannot be read: {error.strerror or error}", where=str(path))
