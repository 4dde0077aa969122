"""A folder with small books for the tone engine, and a way to render them together in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.events import Event
from pipeline.journey.options import RunOptions
from pipeline.journey.shelf_file import BookRequest
from pipeline.journey.shelf_run import ShelfJourney

OPTIONS = {
    "workers": None,
    "device": "cpu",
    "address": None,
    "memory": None,
    "limit": None,
    "chapter": None,
    "only": None,
    "local": True,
    "strict": False,
    "preload": "none",
}

HEAD = """---
fullcast: 1
book: {{title: {title}, author: A. Tester, language: en-us}}
cast: {{narrator: tone/low, Ann: {ann}}}
---
# One

"""


@dataclass
class Shelf:
    """A folder with books in it; what the last run told is in `events`."""

    folder: Path
    events: list[tuple[Event, str | None]] = field(default_factory=list)

    def write(self, name: str, *lines: str, ann: str = "tone/high") -> Path:
        """A book of these lines, a narrator's title before them."""
        path = self.folder / f"{name}.md"
        body = "\n\n".join(lines or (f"It is {name}.", f"Ann: I am in {name}.", f"So ends {name}."))
        path.write_text(HEAD.format(title=name.title(), ann=ann) + body + "\n")
        return path

    def request(self, path: Path, priority: int = 0) -> BookRequest:
        """The book, asked for at the start."""
        return BookRequest(path, priority, "none", ("flac",))

    def render(
        self, *books: BookRequest, hear: Callable[[Event, str | None], None] | None = None, **asked: Any
    ) -> ShelfJourney:
        """Renders the books in this process; `hear` is told each event too, `asked` are options."""
        self.events.clear()

        def tell(event: Event, slug: str | None) -> None:
            self.events.append((event, slug))
            if hear is not None:
                hear(event, slug)

        options = RunOptions(**{**OPTIONS, **asked})
        journey = ShelfJourney(books, self.store, self.output, options, tell, "none", ("flac",))
        journey.go()
        return journey

    @property
    def store(self) -> Path:
        """The take store."""
        return self.folder / "store"

    @property
    def output(self) -> Path:
        """Where the books come out."""
        return self.folder / "out"

    def of(self, kind: type[Event]) -> list[tuple[Event, str | None]]:
        """The events of one kind with their books, in order."""
        return [(event, slug) for event, slug in self.events if isinstance(event, kind)]

    def report(self) -> dict:
        """The shelf's report."""
        return json.loads((self.output / "report.json").read_text())

    def states(self) -> dict[str, str]:
        """The state of each book by its slug, as the report says."""
        return {book["slug"]: book["state"] for book in self.report()["books"]}
