"""How a line is to be said: emotion, intensity, rate, pitch, gain. Pure data; imports only errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["native", "reference", "prosody", "none"]
LEVELS: tuple[Level, ...] = ("native", "reference", "prosody", "none")

# Valence, arousal, dominance of the base labels.
# Source: Russell & Mehrabian 1977, "Evidence for a three-factor theory of emotions", rounded.
BASE_POINTS: dict[str, tuple[float, float, float]] = {
    "neutral": (0.0, 0.0, 0.0),
    "happy": (0.81, 0.51, 0.46),
    "sad": (-0.63, -0.27, -0.33),
    "angry": (-0.51, 0.59, 0.25),
    "afraid": (-0.64, 0.60, -0.43),
    "disgusted": (-0.60, 0.35, 0.11),
    "surprised": (0.40, 0.67, -0.13),
}

# Words that authors write, each with its own point. Source: the same table where it has the word
# (bored, excited, proud, ashamed, ...), otherwise placed by us between its neighbours there.
SYNONYM_POINTS: dict[str, tuple[float, float, float]] = {
    "amused": (0.55, 0.25, 0.20),
    "annoyed": (-0.45, 0.35, 0.10),
    "anxious": (-0.45, 0.55, -0.35),
    "ashamed": (-0.57, 0.01, -0.34),
    "bitter": (-0.55, 0.15, 0.05),
    "bored": (-0.65, -0.62, -0.33),
    "calm": (0.45, -0.50, 0.15),
    "cheerful": (0.75, 0.40, 0.35),
    "cold": (-0.35, -0.15, 0.30),
    "confident": (0.40, 0.20, 0.55),
    "curious": (0.22, 0.40, -0.01),
    "desperate": (-0.60, 0.50, -0.45),
    "excited": (0.62, 0.75, 0.38),
    "fearful": (-0.64, 0.60, -0.43),
    "frightened": (-0.64, 0.60, -0.43),
    "furious": (-0.60, 0.80, 0.35),
    "gentle": (0.50, -0.40, 0.00),
    "grave": (-0.25, -0.20, 0.20),
    "joyful": (0.76, 0.48, 0.35),
    "loving": (0.70, 0.10, 0.10),
    "melancholy": (-0.50, -0.40, -0.30),
    "nervous": (-0.30, 0.55, -0.35),
    "proud": (0.77, 0.38, 0.65),
    "relieved": (0.60, -0.10, 0.15),
    "serious": (-0.10, -0.05, 0.25),
    "shocked": (-0.10, 0.75, -0.25),
    "sorrowful": (-0.63, -0.27, -0.33),
    "tender": (0.55, -0.35, -0.05),
    "tense": (-0.33, 0.58, -0.11),
    "terrified": (-0.62, 0.82, -0.43),
    "thoughtful": (0.15, -0.25, 0.10),
    "tired": (-0.20, -0.60, -0.30),
    "weary": (-0.20, -0.60, -0.30),
    "worried": (-0.40, 0.35, -0.30),
}
LABEL_POINTS = BASE_POINTS | SYNONYM_POINTS
AUTO = "auto"

# Beyond these a request is a slip of the pen, not a direction; engines bound further.
RATE_RANGE = (0.5, 2.0)
PITCH_RANGE_SEMITONES = (-12.0, 12.0)
GAIN_RANGE_DB = (-24.0, 12.0)


@dataclass(frozen=True)
class Emotion:
    """A point in valence-arousal-dominance, each -1..1, with the label it was asked by, if any.

    `style` is free text for engines that take a style prompt; `auto` asks for inference from context.
    """

    valence: float = 0.0
    arousal: float = 0.0
    dominance: float = 0.0
    label: str | None = None
    style: str | None = None
    auto: bool = False

    @classmethod
    def from_label(cls, label: str) -> Emotion:
        """The emotion that a known label names.

        Raises:
            KeyError: the label is neither a base label, a synonym nor `auto`.
        """
        if label == AUTO:
            return cls(auto=True, label=AUTO)
        valence, arousal, dominance = LABEL_POINTS[label]
        return cls(valence, arousal, dominance, label=label)

    @property
    def is_neutral(self) -> bool:
        """Nothing is asked: the origin, no style text."""
        return self.valence == self.arousal == self.dominance == 0.0 and self.style is None

    def scaled(self, intensity: float) -> Emotion:
        """The point moved towards (0) or away to (1 = as named) neutral."""
        return Emotion(
            round(self.valence * intensity, 4),
            round(self.arousal * intensity, 4),
            round(self.dominance * intensity, 4),
            self.label,
            self.style,
            self.auto,
        )

    def nearest_label(self) -> tuple[str, float]:
        """The base label nearest to the point, and the distance to it in valence-arousal-dominance."""
        point = (self.valence, self.arousal, self.dominance)
        label = min(BASE_POINTS, key=lambda name: math.dist(BASE_POINTS[name], point))
        return label, round(math.dist(BASE_POINTS[label], point), 3)

    def describe(self) -> str:
        """The words for a person: the label, the style text, or the point."""
        if self.label:
            return self.label
        if self.style:
            return f'"{self.style}"'
        return f"({self.valence:+.2f} {self.arousal:+.2f})"


NEUTRAL = Emotion(label="neutral")


@dataclass(frozen=True)
class Direction:
    """How to say one line, complete: nothing in it is inherited any more.

    Attributes:
        emotion: the point as named; `intensity` scales it.
        intensity: 0..1.
        rate: factor on speed, 1 is the voice's own, 1.1 is faster.
        pitch_semitones: shift of the voice, 0 is its own.
        gain_db: applied to the take when it is stitched, never by an engine.
    """

    emotion: Emotion = NEUTRAL
    intensity: float = 1.0
    rate: float = 1.0
    pitch_semitones: float = 0.0
    gain_db: float = 0.0

    @property
    def felt(self) -> Emotion:
        """The emotion with the intensity applied: what an engine should realise."""
        return self.emotion.scaled(self.intensity)

    def as_key(self) -> dict[str, Any]:
        """What of this direction changes a take, for its key: gain does not, the label's name does not."""
        felt = self.felt
        return {
            "emotion": [felt.valence, felt.arousal, felt.dominance],
            "style": felt.style,
            "rate": self.rate,
            "pitch": self.pitch_semitones,
        }


@dataclass(frozen=True)
class Realisation:
    """What an engine made of a direction's emotion: at which level, by which parameters.

    `level` is "none" when nothing was asked too; `note` is for a person when it is less than asked.
    """

    level: Level = "none"
    parameters: tuple[tuple[str, float], ...] = ()
    note: str | None = None
