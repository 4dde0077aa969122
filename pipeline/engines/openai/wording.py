"""A direction as a speech server understands it: one number, and for some models a sentence. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.direction import Direction, Emotion, Realisation

# What the interface takes. Source: developers.openai.com, Audio API reference, "Create speech", `speed`.
SPEED_RANGE = (0.25, 4.0)
# Aroused speech is quicker, displeased speech slower. Directions: Juslin & Laukka 2003, Psychological
# Bulletin 129, table 7; sizes are ours, those of the espeak engine.
RATE_BY_AROUSAL, RATE_BY_DISPLEASURE = 0.18, -0.10
# Below these shares of an emotion one says "slightly", "somewhat"; above, it is named as it is.
SLIGHTLY, SOMEWHAT = 0.35, 0.7
# A point farther than this from every label is not that label.
NEAR = 0.4


@dataclass(frozen=True)
class Wording:
    """What is sent of a direction, and what became of it."""

    speed: float
    instructions: str | None
    realisation: Realisation
    warnings: tuple[str, ...]


def word(direction: Direction, follows_instructions: bool, seeded: bool) -> Wording:
    """A direction for a server.

    Args:
        follows_instructions: whether the model takes a direction in words.
        seeded: whether the server gets the seed.
    """
    felt = direction.felt
    instructions = _instructions(direction) if follows_instructions else None
    factor = 1.0 if follows_instructions else _emotional_rate(felt)
    speed, warnings = _speed(direction.rate * factor)
    if direction.pitch_semitones and not follows_instructions:
        warnings.append(
            f"a speech server has no setting for pitch ({direction.pitch_semitones:+g} semitones)"
        )
    notes = [] if seeded else ["a server may say the same line otherwise another time"]
    asks_point = not (felt.valence == felt.arousal == felt.dominance == 0.0)
    if follows_instructions and not felt.is_neutral:
        parameters = (("speed", speed),)
        realisation = Realisation("native", parameters, _joined([f'asked: "{instructions}"', *notes]))
    elif asks_point and not follows_instructions:
        notes.insert(0, "the emotion changes its speed only")
        realisation = Realisation("prosody", (("rate", round(factor, 4)),), _joined(notes))
    else:
        realisation = Realisation(note=_joined(notes))
    if felt.style is not None and not follows_instructions:
        warnings.append(f"the model follows no style text ('{felt.style[:60]}')")
    return Wording(speed, instructions, realisation, tuple(warnings))


def _instructions(direction: Direction) -> str | None:
    """The direction in English, as one would ask a reader; None if nothing is asked."""
    felt = direction.felt
    asked: list[str] = []
    label = _label(direction.emotion)
    if label is not None and direction.intensity > 0:
        asked.append(f"Speak in a {_degree(direction.intensity)}{label} voice.")
    elif not (felt.valence == felt.arousal == felt.dominance == 0.0):
        asked.append(_point_in_words(felt))
    if felt.style:
        asked.append(f"Speak {felt.style.strip().rstrip('.')}.")
    if abs(direction.pitch_semitones) >= 0.5:
        amount = "a little " if abs(direction.pitch_semitones) < 2.5 else "clearly "
        asked.append(f"Speak {amount}{'higher' if direction.pitch_semitones > 0 else 'lower'} than usual.")
    return " ".join(asked) or None


def _label(emotion: Emotion) -> str | None:
    """A word for the emotion: the author's, or the nearest if it is near."""
    if emotion.label and emotion.label not in ("neutral", "auto"):
        return emotion.label
    if emotion.valence == emotion.arousal == emotion.dominance == 0.0:
        return None
    label, distance = emotion.nearest_label()
    return label if distance <= NEAR and label != "neutral" else None


def _degree(intensity: float) -> str:
    if intensity < SLIGHTLY:
        return "slightly "
    return "somewhat " if intensity < SOMEWHAT else ""


def _point_in_words(felt: Emotion) -> str:
    mood = "pleased" if felt.valence > 0.15 else "displeased" if felt.valence < -0.15 else "even-tempered"
    energy = "lively" if felt.arousal > 0.15 else "quiet" if felt.arousal < -0.15 else "calm"
    return f"Sound {mood} and {energy}."


def _emotional_rate(felt: Emotion) -> float:
    return math.exp(RATE_BY_AROUSAL * felt.arousal + RATE_BY_DISPLEASURE * max(-felt.valence, 0.0))


def _speed(asked: float) -> tuple[float, list[str]]:
    speed = round(min(max(asked, SPEED_RANGE[0]), SPEED_RANGE[1]), 3)
    if abs(speed - asked) > 0.01:
        return speed, [f"a speech server speaks at speed {speed:g} instead of {asked:.2f}"]
    return speed, []


def _joined(notes: list[str]) -> str | None:
    return "; ".join(notes) or None
