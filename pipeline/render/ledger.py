"""Which books wait for which takes, and which is to be stitched next. Pure: keys, names and numbers.

A take may be wanted by several books: it is made once, for the most urgent of those that were there when it
was planned, and settles it for all.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

# So many books fit between two priorities.
BOOKS_BETWEEN = 1_000_000


def rank_of(priority: int, number: int) -> int:
    """The rank of a book's lines: higher priorities first, of equal ones the book that came first.

    Args:
        number: which book of the run it is, counted as they come.
    """
    return number - priority * BOOKS_BETWEEN


@dataclass
class _Book:
    """A book's rank and the takes that it waits for."""

    rank: int
    waiting: set[str]


class Ledger:
    """Which book is complete: each of its takes was made or given up.

    Owns keys only; does not know what a take or a book is. One for each run.
    """

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._wanted_by: dict[str, list[str]] = {}
        self._settled: set[str] = set()
        self._complete: list[tuple[int, str]] = []

    def add(self, book: str, rank: int, keys: Iterable[str]) -> list[str]:
        """Takes a book in; returns the takes that are to be made for it and that no book wanted before.

        A book that waits for nothing is complete at once.

        Raises:
            ValueError: the book was added before.
        """
        if book in self._books:
            raise ValueError(f"book {book} was added before")
        waiting = dict.fromkeys(key for key in keys if key not in self._settled)
        self._books[book] = _Book(rank, set(waiting))
        new = [key for key in waiting if key not in self._wanted_by]
        for key in waiting:
            wanting = self._wanted_by.setdefault(key, [])
            wanting.append(book)
            wanting.sort(key=lambda name: self._books[name].rank)
        if not waiting:
            heapq.heappush(self._complete, (rank, book))
        return new

    def is_settled(self, key: str) -> bool:
        """Whether a take was made or given up."""
        return key in self._settled

    def wanting(self, key: str) -> tuple[str, ...]:
        """The books that wait for a take, the most urgent first."""
        return tuple(self._wanted_by.get(key, ()))

    def settle(self, key: str) -> tuple[str, ...]:
        """A take was made or given up; returns the books that waited for it, the most urgent first.

        Settled twice it is as settled once: nobody waits any more.
        """
        self._settled.add(key)
        wanting = self._wanted_by.pop(key, [])
        for name in wanting:
            book = self._books[name]
            book.waiting.discard(key)
            if not book.waiting:
                heapq.heappush(self._complete, (book.rank, name))
        return tuple(wanting)

    def drop(self, book: str) -> list[str]:
        """A book is not made after all; returns the takes that nobody waits for any more."""
        dropped = self._books.pop(book)
        self._complete = [one for one in self._complete if one[1] != book]
        heapq.heapify(self._complete)
        unwanted = []
        for key in sorted(dropped.waiting):
            wanting = self._wanted_by[key]
            wanting.remove(book)
            if not wanting:
                del self._wanted_by[key]
                unwanted.append(key)
        return unwanted

    def next_complete(self) -> str | None:
        """The most urgent complete book that was not given out yet; None if there is none."""
        return heapq.heappop(self._complete)[1] if self._complete else None

    def open_books(self) -> tuple[str, ...]:
        """Books that still wait for takes, the most urgent first."""
        waiting = [(book.rank, name) for name, book in self._books.items() if book.waiting]
        return tuple(name for _, name in sorted(waiting))
