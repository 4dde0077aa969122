"""How alike two voices are, and which characters of one scene a listener may take for each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pipeline.engines.entries import ResolvedVoice
from pipeline.identity.encoder import Embedding, similarity
from pipeline.identity.prints import print_key

# Measured over Kokoro's 49 voices, two sentences each: of 1,176 pairs, 7 are above 0.85, three of which are
# one person in two languages (0.96); a voice and a third sentence of it are 0.91 at least. docs/identity.md
ALIKE = 0.85
SAME = 0.93
RESEMBLES = 0.70


@dataclass(frozen=True)
class Part:
    """One character of a scene with the voice it has."""

    character: str
    voice: ResolvedVoice


@dataclass(frozen=True)
class Scene:
    """Who speaks in a scene, each once, in the order in which they begin, and where it begins."""

    where: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class AlikePair:
    """Two characters who sound alike in one scene at least.

    Attributes:
        similarity: of their voices, 0 to 1; 1 if both have the same one.
        where: the first scene in which both speak.
        scenes: in how many they do.
    """

    one: Part
    other: Part
    similarity: float
    where: str
    scenes: int

    def describe(self) -> str:
        """One line for a person."""
        names = f"{self.one.character} and {self.other.character}"
        more = f" and {self.scenes - 1} more scenes" if self.scenes > 2 else ""
        more = " and one more scene" if self.scenes == 2 else more
        if self.one.voice.digest() == self.other.voice.digest():
            return f"{self.where}: {names} have the same voice, {self.one.voice.written}{more}"
        voices = f"{self.one.voice.written} and {self.other.voice.written}"
        return f"{self.where}: {names} sound alike ({voices}, {self.similarity:.2f}){more}"

    def as_json(self) -> dict[str, Any]:
        """The pair as plain JSON values, with the line for a person."""
        return {
            "characters": [self.one.character, self.other.character],
            "voices": [self.one.voice.written, self.other.voice.written],
            "similarity": round(self.similarity, 3),
            "where": self.where,
            "scenes": self.scenes,
            "told": self.describe(),
        }


def alike_pairs(
    scenes: Sequence[Scene], prints: Mapping[str, Embedding], threshold: float = ALIKE
) -> list[AlikePair]:
    """Each two characters of one scene whose voices are alike, most alike first.

    Args:
        prints: how voices sound, by `print_key`; those that are absent are not compared, except that one
            voice for two characters needs no listening.
    """
    first: dict[tuple[str, str], tuple[Part, Part, str]] = {}
    count: dict[tuple[str, str], int] = {}
    for scene in scenes:
        for one, other in combinations(scene.parts, 2):
            if one.character == other.character:
                continue  # a role with shares of two models
            names = tuple(sorted((one.character, other.character)))
            key = (names[0], names[1])
            first.setdefault(key, (one, other, scene.where))
            count[key] = count.get(key, 0) + 1
    pairs = [
        AlikePair(one, other, alike, where, count[key])
        for key, (one, other, where) in first.items()
        if (alike := _similarity(one, other, prints)) is not None and alike >= threshold
    ]
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.where, pair.one.character))


def _similarity(one: Part, other: Part, prints: Mapping[str, Embedding]) -> float | None:
    if one.voice.model == other.voice.model and one.voice.digest() == other.voice.digest():
        return 1.0
    mine, theirs = prints.get(print_key(one.voice)), prints.get(print_key(other.voice))
    if mine is None or theirs is None:
        return None
    return similarity(mine, theirs)


def describe(alike: float) -> str:
    """What a similarity of the best match means, in words."""
    if alike >= SAME:
        return "the first one sounds like the same person"
    if alike >= ALIKE:
        return "the first one could be taken for this person"
    if alike >= RESEMBLES:
        return "the first one is of the same kind"
    return "none is really like it"
