"""Values for placeholders: which texts one line becomes. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.game.config import MOST_VARIANTS, VariantForm
from pipeline.game.locales import wider

VariantEntry = list[str] | VariantForm


@dataclass(frozen=True)
class Filling:
    """One way to fill a line's placeholders.

    Attributes:
        values: meaning -> what is said.
        named: what of them names the file, in the order of the placeholders: values of lists, not of `say`.
    """

    values: Mapping[str, str]
    named: tuple[str, ...]


@dataclass(frozen=True)
class Fillings:
    """All ways to fill a line, or why there is none.

    Attributes:
        ways: at most 24.
        skip: a placeholder of the line says that it is not to be voiced.
        missing: (placeholder, meaning) without an entry in `[variants]`.
        product: how many ways there would be; more than 24 are an error and `ways` is empty.
    """

    ways: tuple[Filling, ...] = ()
    skip: bool = False
    missing: tuple[tuple[str, str], ...] = ()
    product: int = 0


class Variants:
    """`[variants]` by meaning and locale: `"$gold@de"` stands before `"$gold"`."""

    def __init__(self, entries: Mapping[str, VariantEntry]) -> None:
        self._entries = entries

    def fill(self, needs: tuple[tuple[str, str], ...], locale: str) -> Fillings:
        """The ways to fill what a text needs, in the order of the values as written."""
        chosen: dict[str, VariantEntry] = {}
        missing = []
        for placeholder, meaning in dict.fromkeys(needs):
            entry = self._entry(placeholder, meaning, locale)
            if entry is None:
                missing.append((placeholder, meaning))
            else:
                chosen[meaning] = entry
        if any(isinstance(entry, VariantForm) and entry.skip for entry in chosen.values()):
            return Fillings(skip=True)
        if missing:
            return Fillings(missing=tuple(missing))
        product = 1
        for entry in chosen.values():
            product *= len(entry) if isinstance(entry, list) else 1
        ways = tuple(_ways(chosen)) if product <= MOST_VARIANTS else ()
        return Fillings(ways, product=product)

    def _entry(self, placeholder: str, meaning: str, locale: str) -> VariantEntry | None:
        names = (meaning, placeholder)
        for each in wider(locale):
            for name in names:
                if (found := self._entries.get(f"{name}@{each}")) is not None:
                    return found
        return next((self._entries[name] for name in names if name in self._entries), None)


def _ways(chosen: Mapping[str, VariantEntry]) -> Iterator[Filling]:
    choices = [entry if isinstance(entry, list) else [entry.say or ""] for entry in chosen.values()]
    for values in itertools.product(*choices):
        pairs = list(zip(chosen, values, strict=True))
        named = tuple(value for meaning, value in pairs if isinstance(chosen[meaning], list))
        yield Filling(dict(pairs), named)
