"""Which takes are there when a book is planned: looked at one by one in a folder, listed in a bucket."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take


class FoundTakes:
    """The takes that planning finds in a store, each read once.

    In a folder a take's bytes are checked at once. Of a bucket only the list of keys is known at first; the
    metadata of the takes that a plan uses are then read side by side, by `confirm`, and the audio is checked
    when it is fetched.
    """

    def __init__(self, store: TakeStore) -> None:
        self.takes: dict[str, Take] = {}
        self._store = store
        self._keys: set[str] | None = None

    def has(self, key: str) -> bool:
        """Whether there is a take of that key, as far as is known without asking a bucket for each."""
        if key in self.takes:
            return True
        if self._store.remote:
            if self._keys is None:
                self._keys = set(self._store.all_keys())
            return key in self._keys
        take = self._store.get(key)
        if take is not None:
            self.takes[key] = take
        return take is not None

    def confirm(self, keys: Iterable[str]) -> bool:
        """Whether all takes that `has` named are there and whole; if not, it does not name those again."""
        missing = [key for key in keys if key not in self.takes]
        self.takes |= self._store.get_many(missing, check_audio=False)
        gone = {key for key in missing if key not in self.takes}
        if self._keys is not None:
            self._keys -= gone
        return not gone
