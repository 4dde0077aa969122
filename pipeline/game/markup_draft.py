"""The work in hand while a text is stripped: what is left of it and what was found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Stands in a draft where a pause is. Authors' own private-use characters are cut before.
PAUSE_MARK = "\ue000"


@dataclass
class Draft:
    """A text being stripped, by one format's rules after another's.

    `meanings` and `values` are those of `strip`. Pauses stand in the text as marks, their lengths here.
    """

    meanings: Mapping[str, str]
    values: Mapping[str, str]
    pauses_s: list[float] = field(default_factory=list)
    unspoken: list[str] = field(default_factory=list)
    needs: list[tuple[str, str]] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def pause(self, duration_s: float) -> str:
        """What stands in the text for a pause; the words around it stay apart."""
        self.pauses_s.append(duration_s)
        return f" {PAUSE_MARK} "

    def value(self, placeholder: str, meaning: str) -> str:
        """What is said for a placeholder: its value, or the placeholder itself, noted as needed."""
        for name in (meaning, placeholder):
            if name in self.values:
                return self.values[name]
        self.needs.append((placeholder, meaning))
        return placeholder


def seconds(written: str, default_s: float) -> float:
    """The seconds that a tag's argument names; `default_s` if it names none."""
    try:
        return min(max(float(written), 0.0), 60.0)
    except ValueError:
        return default_s
