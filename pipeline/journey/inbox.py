"""Books that are added while a shelf is rendered, and what is known of that run, both beside the store.

`<store>/shelf/inbox/` holds a file for each book that was added and is not finished; `state.json` what the
last run was doing. Files are written whole and read whole: whoever adds a book needs no running process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from pipeline.engines.engine_file import Strict, first_fault
from pipeline.errors import StoreError, UsageError
from pipeline.files import make_folder, store_error, write_json
from pipeline.journey.shelf_file import BookRequest, Formats, PresetName, Priority


class EntryForm(Strict):
    """A book that was added; what is left out is as in the run that takes it in."""

    inbox: Literal[1]
    file: Annotated[str, Field(min_length=1, max_length=4000)]
    priority: Priority = 0
    preset: PresetName | None = None
    formats: Formats | None = None


class Inbox:
    """The books that were added to the shelves rendered with one store.

    Owns `<folder>/shelf`. Any number may be made for a folder, in any process.

    Args:
        folder: where this machine keeps what goes with the takes (`takes.address.local_folder`).
    """

    def __init__(self, folder: Path) -> None:
        self._shelf = folder / "shelf"
        self._folder = self._shelf / "inbox"

    def add(
        self, file: Path, priority: int = 0, preset: str | None = None, formats: tuple[str, ...] = ()
    ) -> Path:
        """Adds a book; returns its entry. A book that is there is added once, with what is said now.

        Raises:
            StoreError: the folder cannot be written.
        """
        for entry in self.entries():
            if self._form(entry).file == str(file.resolve()):
                self.remove(entry)
        value = {"inbox": 1, "file": str(file.resolve()), "priority": priority}
        if preset:
            value["preset"] = preset
        if formats:
            value["formats"] = list(formats)
        path = self._folder / f"{time.time_ns():020}-{BookRequest(file, 0, '', ()).slug}.json"
        write_json(path, value)
        return path

    def entries(self) -> list[Path]:
        """The entries in the order in which they were added.

        Raises:
            StoreError: the folder cannot be read.
        """
        try:
            names = (path for path in self._folder.iterdir() if path.suffix == ".json")
            return sorted(path for path in names if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read: {error.strerror}", where=str(self._folder)) from error

    def read(self, entry: Path, preset: str, formats: tuple[str, ...]) -> BookRequest:
        """The book of an entry.

        Args:
            preset, formats: where the entry says nothing.

        Raises:
            UsageError: it is no entry.
            StoreError: it is gone or cannot be read.
        """
        form = self._form(entry)
        chosen = tuple(dict.fromkeys(form.formats or formats))
        return BookRequest(Path(form.file), form.priority, form.preset or preset, chosen, entry)

    def remove(self, entry: Path) -> None:
        """Takes an entry out: its book is finished, or not wanted any more.

        Raises:
            StoreError: it cannot be removed.
        """
        try:
            entry.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, entry) from error

    def write_state(self, facts: Mapping[str, Any]) -> None:
        """Keeps what a run is doing, for `shelf list`."""
        write_json(self._shelf / "state.json", facts)

    def state(self) -> dict[str, Any] | None:
        """What the last run was doing; None if there was none."""
        path = self._shelf / "state.json"
        try:
            return dict(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot be read: {error}", where=str(path)) from error

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether this run is the one that takes books from the inbox, as long as the block lasts."""
        from filelock import FileLock, Timeout

        lock = FileLock(make_folder(self._shelf) / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def is_held(self) -> bool:
        """Whether a run takes books from the inbox now."""
        with self.held() as ours:
            return not ours

    def _form(self, entry: Path) -> EntryForm:
        try:
            return EntryForm.model_validate_json(entry.read_bytes())
        except ValidationError as error:
            raise UsageError(first_fault(error), where=str(entry)) from error
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}", where=str(entry)) from error
