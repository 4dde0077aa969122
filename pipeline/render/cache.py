"""Which models a worker keeps: least recently used goes first, what speaks is never evicted. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from pipeline.errors import MissingError


class CachePolicy:
    """Books of a model cache with a budget in bytes: who is in, who is coming, how big, in use or not.

    Owns numbers only; loading and freeing are the caller's. Make one for each worker. A load is announced
    by `begin`, which reserves its room, and ends with `finish` or `fail`.

    Models may have parts in common. A model's own size leaves them out; each part counts once, however many
    models have it, from the first load that needs it. It outlives its models, and goes when all models that
    may go have gone and there is still no room.
    Invariant: bytes held and reserved never pass the budget, neither a pinned model nor a part of a model
    that is in or coming is ever named for eviction, and a model is never loaded twice at a time.

    Args:
        parts: the parts of each model that has some, with their sizes; no part is called like a model.
    """

    def __init__(self, budget_bytes: int, parts: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self.budget_bytes = budget_bytes
        self._needs = dict(parts or {})
        self._bytes: OrderedDict[str, int] = OrderedDict()
        self._loading: dict[str, int] = {}
        self._pins: dict[str, int] = {}
        self._parts: OrderedDict[str, int] = OrderedDict()
        self._brought: dict[str, tuple[str, ...]] = {}

    @property
    def held_bytes(self) -> int:
        """Bytes of all models and parts that are in, and of the room reserved for those that are coming."""
        return sum(self._bytes.values()) + sum(self._loading.values()) + sum(self._parts.values())

    def models(self) -> tuple[str, ...]:
        """Models that are in, least recently used first."""
        return tuple(self._bytes)

    def loading(self) -> tuple[str, ...]:
        """Models that are coming, in the order in which they began."""
        return tuple(self._loading)

    def idle(self) -> tuple[str, ...]:
        """Models that are in and not in use, least recently used first."""
        return tuple(model for model in self._bytes if model not in self._pins)

    def parts(self) -> tuple[str, ...]:
        """Parts that are in or coming, least recently used first."""
        return tuple(self._parts)

    def idle_parts(self) -> tuple[str, ...]:
        """Parts that no model has which is in or coming, least recently used first."""
        needed = self._needed_by((*self._bytes, *self._loading))
        return tuple(part for part in self._parts if part not in needed)

    def __contains__(self, model: str) -> bool:
        return model in self._bytes

    def touch(self, model: str) -> None:
        """The model will be needed soon: it becomes the most recent, and its parts."""
        self._bytes.move_to_end(model)
        for part in self._needs.get(model, ()):
            self._parts.move_to_end(part)

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
        """What to evict, in order, before `model` can be `size_bytes` big and have its parts; None to wait.

        It must wait while models in use, or others that are coming, leave no room for it.

        Raises:
            MissingError: it can never fit: with its parts it is larger than the budget.
        """
        needs = self._needs.get(model, {})
        if size_bytes + sum(needs.values()) > self.budget_bytes:
            raise too_large(model, size_bytes + sum(needs.values()), self.budget_bytes)
        own_bytes = self._bytes.get(model, 0) + self._loading.get(model, 0)
        missing_bytes = sum(size for part, size in needs.items() if part not in self._parts)
        free_bytes = self.budget_bytes - self.held_bytes + own_bytes - missing_bytes
        evict: list[str] = []
        for candidate in self.idle():
            if free_bytes >= size_bytes:
                break
            if candidate != model:
                evict.append(candidate)
                free_bytes += self._bytes[candidate]
        stay = [each for each in (*self._bytes, *self._loading, model) if each not in evict]
        needed = self._needed_by(stay)
        for part, part_bytes in self._parts.items():
            if free_bytes >= size_bytes:
                break
            if part not in needed:
                evict.append(part)
                free_bytes += part_bytes
        return tuple(evict) if free_bytes >= size_bytes else None

    def begin(self, model: str, size_bytes: int) -> None:
        """A load begins: room for it and its parts is reserved until `finish` or `fail`.

        Raises:
            ValueError: it is in or coming already, or there is no room; ask `room_for` first.
        """
        if model in self._bytes or model in self._loading:
            raise ValueError(f"{model} is loaded already, or being loaded")
        self._demand_room(model, size_bytes)
        self._loading[model] = size_bytes
        needs = self._needs.get(model, {})
        self._brought[model] = tuple(part for part in needs if part not in self._parts)
        self._parts.update({part: needs[part] for part in self._brought[model]})

    def finish(self, model: str, size_bytes: int) -> None:
        """The load is done: the model is in at its measured size, the most recent one.

        Raises:
            ValueError: it came out larger than what was reserved, and there is no room for that.
        """
        self._demand_room(model, size_bytes)
        del self._loading[model], self._brought[model]
        self._bytes[model] = size_bytes
        self.touch(model)

    def fail(self, model: str) -> tuple[str, ...]:
        """The load did not succeed: its room is free again; gives the parts that are out with it."""
        del self._loading[model]
        idle = self.idle_parts()
        gone = tuple(part for part in self._brought.pop(model) if part in idle)
        for part in gone:
            del self._parts[part]
        return gone

    def resize(self, model: str, size_bytes: int) -> None:
        """A model that is in takes another size now.

        Raises:
            ValueError: there is no room for it.
        """
        self._demand_room(model, size_bytes)
        self._bytes[model] = size_bytes

    def evict(self, name: str) -> int:
        """The model or part is out; gives the bytes it held."""
        if name in self._parts:
            if name not in self.idle_parts():
                raise ValueError(f"{name} is part of a model that is in or coming")
            return self._parts.pop(name)
        if name in self._pins:
            raise ValueError(f"{name} is in use")
        return self._bytes.pop(name)

    def _needed_by(self, models: Iterable[str]) -> set[str]:
        return {part for model in models for part in self._needs.get(model, ())}

    def _demand_room(self, model: str, size_bytes: int) -> None:
        whole_bytes = size_bytes + sum(self._needs.get(model, {}).values())
        if whole_bytes > self.budget_bytes or self.room_for(model, size_bytes) != ():
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
