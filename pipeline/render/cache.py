"""Which models a worker keeps: least recently used goes first, what speaks is never evicted. Pure."""

from __future__ import annotations

from collections import OrderedDict

from pipeline.errors import MissingError


class CachePolicy:
    """Books of a model cache with a budget in bytes: who is in, who is coming, how big, in use or not.

    Owns numbers only; loading and freeing are the caller's. Make one for each worker. A load is announced
    by `begin`, which reserves its room, and ends with `finish` or `fail`.
    Invariant: bytes held and reserved never pass the budget, a pinned model is never named for eviction,
    and a model is never loaded twice at a time.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._bytes: OrderedDict[str, int] = OrderedDict()
        self._loading: dict[str, int] = {}
        self._pins: dict[str, int] = {}

    @property
    def held_bytes(self) -> int:
        """Bytes of all models that are in, and of the room reserved for those that are coming."""
        return sum(self._bytes.values()) + sum(self._loading.values())

    def models(self) -> tuple[str, ...]:
        """Models that are in, least recently used first."""
        return tuple(self._bytes)

    def loading(self) -> tuple[str, ...]:
        """Models that are coming, in the order in which they began."""
        return tuple(self._loading)

    def idle(self) -> tuple[str, ...]:
        """Models that are in and not in use, least recently used first."""
        return tuple(model for model in self._bytes if model not in self._pins)

    def __contains__(self, model: str) -> bool:
        return model in self._bytes

    def touch(self, model: str) -> None:
        """The model will be needed soon: it becomes the most recent."""
        self._bytes.move_to_end(model)

    def pin(self, model: str) -> None:
        """The model is in use: it becomes the most recent and stays until it is unpinned."""
        self.touch(model)
        self._pins[model] = self._pins.get(model, 0) + 1

    def unpin(self, model: str) -> None:
        """One use has ended."""
        left = self._pins[model] - 1
        if left:
            self._pins[model] = left
        else:
            del self._pins[model]

    def room_for(self, model: str, size_bytes: int) -> tuple[str, ...] | None:
        """The models to evict, in order, before `model` can be `size_bytes` big; None if it must wait.

        It must wait while models in use, or others that are coming, leave no room for it.

        Raises:
            MissingError: it can never fit: it is larger than the budget.
        """
        if size_bytes > self.budget_bytes:
            raise too_large(model, size_bytes, self.budget_bytes)
        own_bytes = self._bytes.get(model, 0) + self._loading.get(model, 0)
        free_bytes = self.budget_bytes - self.held_bytes + own_bytes
        evict: list[str] = []
        for candidate in self.idle():
            if free_bytes >= size_bytes:
                break
            if candidate != model:
                evict.append(candidate)
                free_bytes += self._bytes[candidate]
        return tuple(evict) if free_bytes >= size_bytes else None

    def begin(self, model: str, size_bytes: int) -> None:
        """A load begins: its room is reserved until `finish` or `fail`.

        Raises:
            ValueError: it is in or coming already, or there is no room; ask `room_for` first.
        """
        if model in self._bytes or model in self._loading:
            raise ValueError(f"{model} is loaded already, or being loaded")
        self._demand_room(model, size_bytes)
        self._loading[model] = size_bytes

    def finish(self, model: str, size_bytes: int) -> None:
        """The load is done: the model is in at its measured size, the most recent one.

        Raises:
            ValueError: it came out larger than what was reserved, and there is no room for that.
        """
        self._demand_room(model, size_bytes)
        del self._loading[model]
        self._bytes[model] = size_bytes

    def fail(self, model: str) -> None:
        """The load did not succeed: its room is free again."""
        del self._loading[model]

    def resize(self, model: str, size_bytes: int) -> None:
        """A model that is in takes another size now.

        Raises:
            ValueError: there is no room for it.
        """
        self._demand_room(model, size_bytes)
        self._bytes[model] = size_bytes

    def evict(self, model: str) -> int:
        """The model is out; gives the bytes it held."""
        if model in self._pins:
            raise ValueError(f"{model} is in use")
        return self._bytes.pop(model)

    def _demand_room(self, model: str, size_bytes: int) -> None:
        if size_bytes > self.budget_bytes or self.room_for(model, size_bytes) != ():
            raise ValueError(f"no room for {model}: {size_bytes} bytes")


def too_large(model: str, size_bytes: int, budget_bytes: int) -> MissingError:
    """The one-line error for a model that fits in no worker."""
    return MissingError(
        f"model {model} needs {_mb(size_bytes)} and the memory budget of a worker is {_mb(budget_bytes)}",
        hint="give --memory a larger value, or --workers a smaller one",
    )


def _mb(size_bytes: int) -> str:
    megabytes = size_bytes / 1e6
    return f"{megabytes:,.0f} MB" if megabytes >= 100 else f"{megabytes:,.1f} MB"
