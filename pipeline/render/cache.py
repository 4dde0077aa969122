"""Which models a worker keeps: least recently used goes first, what speaks is never evicted. Pure."""

from __future__ import annotations

from collections import OrderedDict

from pipeline.errors import MissingError


class CachePolicy:
    """Books of a model cache with a budget in bytes: who is in, how big, in use or not.

    Owns numbers only; loading and freeing are the caller's. Make one for each worker.
    Invariant: bytes held never pass the budget, and a pinned model is never named for eviction.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._bytes: OrderedDict[str, int] = OrderedDict()
        self._pins: dict[str, int] = {}

    @property
    def held_bytes(self) -> int:
        """Bytes of all models that are in."""
        return sum(self._bytes.values())

    def models(self) -> tuple[str, ...]:
        """Models that are in, least recently used first."""
        return tuple(self._bytes)

    def __contains__(self, model: str) -> bool:
        return model in self._bytes

    def pin(self, model: str) -> None:
        """The model is in use: it becomes the most recent and stays until it is unpinned."""
        self._bytes.move_to_end(model)
        self._pins[model] = self._pins.get(model, 0) + 1

    def unpin(self, model: str) -> None:
        """One use has ended."""
        left = self._pins[model] - 1
        if left:
            self._pins[model] = left
        else:
            del self._pins[model]

    def room_for(self, model: str, size_bytes: int) -> tuple[str, ...]:
        """The models to evict, in order, before `model` can come in.

        Raises:
            MissingError: it cannot fit: larger than the budget, or what is in use leaves no room.
        """
        if size_bytes > self.budget_bytes:
            raise MissingError(
                f"model {model} needs {_mb(size_bytes)} and the memory budget is {_mb(self.budget_bytes)}",
                hint="give --memory a larger value",
            )
        evict: list[str] = []
        free_bytes = self.budget_bytes - self.held_bytes + self._bytes.get(model, 0)
        for candidate, held_bytes in self._bytes.items():
            if free_bytes >= size_bytes:
                break
            if candidate == model or candidate in self._pins:
                continue
            evict.append(candidate)
            free_bytes += held_bytes
        if free_bytes < size_bytes:
            raise MissingError(
                f"no room for model {model}: {_mb(size_bytes)} needed beside models in use",
                hint="give --memory a larger value",
            )
        return tuple(evict)

    def admit(self, model: str, size_bytes: int) -> None:
        """The model is in, the most recent one; also says that a model's size changed.

        Raises:
            MissingError: there is no room; ask `room_for` first.
        """
        if self.room_for(model, size_bytes):
            raise MissingError(f"no room for model {model}: {_mb(size_bytes)} needed")
        self._bytes[model] = size_bytes
        self._bytes.move_to_end(model)

    def evict(self, model: str) -> int:
        """The model is out; gives the bytes it held."""
        if model in self._pins:
            raise ValueError(f"{model} is in use")
        return self._bytes.pop(model)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"
