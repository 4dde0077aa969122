"""From a game's text to what is spoken: speaker, markup, emphasis and symbols cut, pauses kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SpokenPause:
    """Silence inside a spoken text: before character `at` of it, so long."""

    at: int
    duration_s: float


@dataclass(frozen=True)
class Stripped:
    """What is said of a text, and what is not.

    Attributes:
        spoken: the words, white space runs made one blank; empty if there is nothing to say.
        pauses: in order of their place in `spoken`.
        unspoken: emoji and symbols that were cut, as written.
        needs: (placeholder as written, what it stands for) without a value yet; they are left in `spoken`.
        unclosed: markup that is opened and never closed, as written.
    """

    spoken: str
    pauses: tuple[SpokenPause, ...] = ()
    unspoken: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    unclosed: tuple[str, ...] = ()


def strip(
    text: str,
    format: str,
    *,
    has_speaker: bool = False,
    meanings: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Stripped:
    """The spoken text of a line.

    Args:
        text: as the origin's tool gives it.
        format: the importer's name, whose markup holds.
        has_speaker: whether a prefix `Name: ` stands in the text and is to be cut (Yarn).
        meanings: what a placeholder stands for, where the text does not say it itself: `{0}` -> `$gold`.
        values: what to say for a placeholder, by what it stands for.
    """
    raise NotImplementedError
