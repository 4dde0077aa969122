"""Which take of a line is the one: retakes asked for and takes approved, kept by line ID.

One JSON file for each book, `choices/<slug>.json` in the store, a folder or a bucket, written whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError
from pipeline.files import json_rows
from pipeline.takes.shelf import FolderShelf, Shelf


@dataclass(frozen=True)
class Choice:
    """What a person decided about one line.

    Attributes:
        alt: 0 for the first take, n for the nth retake.
        direction: overrides of the script's direction, by the script's own keys (`emotion`, `rate`, ...).
        locked: key of the approved take, which then survives a newer engine or lexicon.
        text: the written text the decision was made for; another text makes a lock void.
        voice: the voice as written, likewise.
    """

    alt: int = 0
    direction: Mapping[str, Any] | None = None
    locked: str | None = None
    text: str = ""
    voice: str = ""


class Choices:
    """All choices of one book; changes are written at once."""

    def __init__(self, store: Path | Shelf, slug: str) -> None:
        self._shelf = FolderShelf(store) if isinstance(store, Path) else store
        self._name = f"choices/{slug}.json"
        self._by_line = self._read()

    def get(self, line_id: str) -> Choice:
        """The choice for a line; the default one if nobody chose."""
        return self._by_line.get(line_id, Choice())

    def put(self, line_id: str, choice: Choice) -> None:
        """Remembers a choice; the default choice forgets the line."""
        changed = dict(self._by_line)
        changed.pop(line_id, None)
        if choice.alt or choice.direction or choice.locked:
            changed[line_id] = choice
        rows = json_rows({name: asdict(one) for name, one in changed.items()})
        self._shelf.write(self._name, ("".join(rows) + "\n").encode("utf-8"))
        self._by_line = changed

    def unlock(self, line_id: str) -> None:
        """Forgets the approval of a line; its retake number stays."""
        self.put(line_id, replace(self.get(line_id), locked=None))

    def items(self) -> Mapping[str, Choice]:
        """All choices by line ID."""
        return dict(self._by_line)

    def locked_keys(self) -> set[str]:
        """Keys of all approved takes: `gc` keeps them."""
        return {choice.locked for choice in self._by_line.values() if choice.locked}

    def _read(self) -> dict[str, Choice]:
        data = self._shelf.read(self._name)
        try:
            values = {} if data is None else json.loads(data)
            return {name: Choice(**value) for name, value in values.items()}
        except (ValueError, TypeError, AttributeError) as error:
            where = f"{self._shelf.place}/{self._name}"
            raise StoreError(
                f"cannot read choices: {error}", where=where, hint="mend or remove the file"
            ) from error
