"""The books of a run: those named on the command line, and those that a shelf's YAML file lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from pipeline.engines.engine_file import Strict, first_fault, most_telling
from pipeline.errors import UsageError
from pipeline.registry.reading import composed, demand_keys_once, row_of
from pipeline.script.prose import slug

SHELF_SCHEMA = 1
PRIORITY_LIMIT = 1000

PresetName = Literal["audiobook", "acx", "podcast", "broadcast", "none"]
Format = Literal["mp3", "flac", "opus", "wav"]
Formats = Annotated[list[Format], Field(min_length=1)]
Priority = Annotated[int, Field(ge=-PRIORITY_LIMIT, le=PRIORITY_LIMIT)]


@dataclass(frozen=True)
class BookRequest:
    """A book to be made.

    Attributes:
        priority: books with a higher one are finished first; of equal ones, that which was named first.
        preset: loudness, peaks and format of the result.
        formats: of its chapter files.
        entry: its file in the inbox, if it was added there; None if it was named at the start.
    """

    file: Path
    priority: int
    preset: str
    formats: tuple[str, ...]
    entry: Path | None = None

    @property
    def slug(self) -> str:
        """The name of its folder in the output, and of what the store keeps of it."""
        return slug(self.file.stem, "book")


class BookForm(Strict):
    """One book; its path is relative to the shelf's file."""

    file: Annotated[str, Field(min_length=1, max_length=4000)]
    priority: Priority = 0
    preset: PresetName | None = None
    formats: Formats | None = None


class ShelfForm(Strict):
    """A shelf: what holds for all books, and the books. A book that is a path only has no more to say."""

    shelf: Literal[1] = Field(alias="fullcast-shelf")
    preset: PresetName | None = None
    formats: Formats | None = None
    books: Annotated[list[BookForm], Field(min_length=1)]

    @field_validator("books", mode="before")
    @classmethod
    def _paths_are_books(cls, books: Any) -> Any:
        if not isinstance(books, list):
            return books
        return [{"file": book} if isinstance(book, str) else book for book in books]


def read_shelf(path: Path, preset: str, formats: Sequence[str]) -> list[BookRequest]:
    """The books that a shelf's file lists, in its order.

    Args:
        preset, formats: for books of which neither they nor the shelf say it.

    Raises:
        UsageError: it cannot be read, is no YAML, or not of the form; with file and row.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    node, value = composed(data, path)
    demand_keys_once(node, path)
    try:
        form = ShelfForm.model_validate(value)
    except ValidationError as error:
        where = f"{path}:{row_of(node, most_telling(error)['loc'])}"
        raise UsageError(first_fault(error), where=where) from error
    books = [_request(path, form, book, preset, formats) for book in form.books]
    rows = [row_of(node, ("books", number)) for number in range(len(books))]
    for book, row in zip(books, rows, strict=True):
        _demand_formats(book, f"{path}:{row}")
    demand_different(books, [f"{path}:{row}" for row in rows])
    return books


def demand_different(books: Sequence[BookRequest], places: Sequence[str]) -> None:
    """Nothing, if no two books would have the same folder.

    Args:
        places: where each book is named, for the error.

    Raises:
        UsageError: two would.
    """
    first: dict[str, Path] = {}
    for book, place in zip(books, places, strict=True):
        other = first.setdefault(book.slug, book.file)
        if other is book.file:
            continue
        if other.resolve() == book.file.resolve():
            raise UsageError(f"{book.file} is named twice", where=place)
        raise UsageError(
            f"{book.file} would have the same folder '{book.slug}' as {other}", where=place,
            hint="rename one, or render them in two runs with an --output each",
        )  # fmt: skip


def _demand_formats(book: BookRequest, place: str) -> None:
    from pipeline.publish.store_rules import demand_formats

    try:
        demand_formats(book.preset, book.formats)
    except UsageError as error:
        raise UsageError(error.message, where=place, hint=error.hint) from error


def _request(path: Path, form: ShelfForm, book: BookForm, preset: str, formats: Sequence[str]) -> BookRequest:
    return BookRequest(
        file=path.parent / book.file,
        priority=book.priority,
        preset=book.preset or form.preset or preset,
        formats=tuple(dict.fromkeys(book.formats or form.formats or formats)),
    )
