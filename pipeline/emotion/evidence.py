"""What inference works on and what it answers: lines of a scene, words that tell of feeling, a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["dialogue", "narration"]

# Where evidence comes from, most trusted first.
#   direction  the author's own word on this line
#   tag        the narration that says who spoke: "she sobbed", "said Jim bitterly"
#   narration  what the same paragraph tells of the speaker
#   marks      interjections, capitals, stops
#   words      the line's other words: what the speaker says of himself, and the lexicon's score
#   carry      the speaker's last state in the scene
Tier = Literal["direction", "tag", "narration", "marks", "words", "carry"]
TIERS: tuple[Tier, ...] = ("direction", "tag", "narration", "marks", "words", "carry")

# Below this nothing is said to be felt. Source: chosen on the development part of our own labelled lines
# (docs/emotion.md): lower lets irony and politeness through, higher costs recall only.
THRESHOLD = 0.6


@dataclass(frozen=True)
class SceneLine:
    """One line as inference sees it.

    Attributes:
        text: as written.
        speaker: who says it; for narration, the narrator.
        paragraph: lines with equal numbers stand in one paragraph of the script.
        scene: lines with equal numbers belong to one scene; nothing is carried from one to the next.
        language: BCP 47, lower case.
        names: what narration calls the speaker: the name and its aliases.
        wanted: whether the emotion is to be inferred; False leaves the line as it is.
        directed: the label that the author wrote, where one was written.
    """

    text: str
    speaker: str
    kind: Kind = "dialogue"
    paragraph: int = 0
    scene: int = 0
    language: str = "en-us"
    names: tuple[str, ...] = ()
    wanted: bool = True
    directed: str | None = None


@dataclass(frozen=True)
class Cue:
    """Words found in some text, [start, end) of it, that tell of a feeling.

    A cue with `blocks` tells that what is said is not meant, or not felt: no weaker tier may decide.
    """

    label: str
    confidence: float
    start: int
    end: int
    rule: str
    tier: Tier
    intensity: float = 1.0
    blocks: bool = False


@dataclass(frozen=True)
class Evidence:
    """The words that a verdict rests on: `quote` is characters [start, end) of the text of line `line`."""

    line: int
    start: int
    end: int
    quote: str
    rule: str


@dataclass(frozen=True)
class Inference:
    """The feeling of one line and why; neutral with no evidence where nothing is sure enough.

    Attributes:
        label: of `pipeline.direction.LABEL_POINTS`.
        intensity: 0..1, to be multiplied with what the author asked for.
        confidence: 0..1; 0 without evidence.
        tier: where the evidence was found; None without.
    """

    label: str = "neutral"
    intensity: float = 1.0
    confidence: float = 0.0
    tier: Tier | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_neutral(self) -> bool:
        """Whether nothing was found."""
        return not self.evidence

    def describe(self) -> str:
        """One line for a person: `sad, 0.92 by tag-verb "sobbed"`."""
        if not self.evidence:
            return "neutral, no evidence"
        first = self.evidence[0]
        return f'{self.label}, {self.confidence:.2f} by {first.rule} "{first.quote}"'


ABSTAINED = Inference()


def best(cues: Iterable[Cue]) -> Cue | None:
    """The surest cue, the first in the text among equals; None if there is none."""
    return min(cues, key=lambda cue: (-cue.confidence, cue.start, cue.end, cue.label), default=None)
