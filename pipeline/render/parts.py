"""Parts of networks that several models of one worker have: each is made once and held once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.engines.base import MadePart
from pipeline.engines.entries import Part
from pipeline.errors import EngineError


def part_id(part: Part) -> str:
    """What the cache's books call a part: by what is in it, whatever its models call it."""
    return f"part {part.sha256}"


class PartShelf:
    """Holds shared parts until they are dropped. Owns the objects; room and order are the cache policy's.

    Used by two threads; one for each worker.
    """

    def __init__(self, parts: Mapping[str, Sequence[Part]]) -> None:
        self._of = {model: tuple(each) for model, each in parts.items() if each}
        self._made: dict[str, Any] = {}
        ids = {part_id(part) for each in self._of.values() for part in each}
        # A part is made by one thread while the other waits for that one, and for no other.
        self._making = {name: threading.Lock() for name in ids}

    def sizes(self) -> dict[str, dict[str, int]]:
        """The size of each part of each model, by its ID: what the cache policy asks for."""
        return {model: {part_id(part): part.bytes for part in each} for model, each in self._of.items()}

    def of(self, model: str) -> ModelParts:
        """The parts as one model's engine sees them."""
        return ModelParts(self, model, {part.name: part for part in self._of.get(model, ())})

    def take(self, model: str, part: Part, make: Callable[[], MadePart]) -> Any:
        """The part, made now unless it is here.

        Raises:
            EngineError: what was made is not what the model says its part is.
        """
        name = part_id(part)
        with self._making[name]:
            if name not in self._made:
                self._made[name] = _checked(model, part, make())
            return self._made[name]

    def held(self) -> tuple[str, ...]:
        """IDs of the parts that are here."""
        return tuple(self._made)

    def drop(self, name: str) -> None:
        """Lets a part go; its memory is free when its last model is."""
        self._made.pop(name, None)

    def clear(self) -> None:
        """Lets all parts go."""
        self._made.clear()


class ModelParts:
    """One model's parts on a shelf: the `Parts` of a `LoadRequest`."""

    def __init__(self, shelf: PartShelf, model: str, parts: Mapping[str, Part]) -> None:
        self._shelf = shelf
        self._model = model
        self._parts = parts

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def share(self, name: str, make: Callable[[], MadePart]) -> Any:
        """The part called `name`, from the shelf if the model declares it; else one of its own."""
        part = self._parts.get(name)
        return make().value if part is None else self._shelf.take(self._model, part, make)


def _checked(model: str, part: Part, made: MadePart) -> Any:
    if made.sha256 != part.sha256:
        raise EngineError(
            f"model {model}: part '{part.name}' has SHA-256 {made.sha256}, must be {part.sha256}",
            hint="its entry in the registry names another part",
        )
    if made.bytes > part.bytes:
        raise EngineError(
            f"model {model}: part '{part.name}' takes {made.bytes} bytes, its entry says {part.bytes}",
            hint="correct the entry in the registry",
        )
    return made.value
