"""How loud each voice is mixed, so that they stand beside each other as one recording. Pure.

One gain a voice, never one a sentence: levelling each line alone makes the level wander, and a whisper
comes out as loud as a shout. The median keeps single odd takes out, and steps of half a decibel make a
voice's gain stay as it is when one line is rendered again: only the chapter with that line is mixed anew,
not every chapter in which the voice speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from pipeline.takes.take import Take

# Where all voices meet before a chapter is mastered; as quiet as broadcast, so that sounds have room.
WORKING_LUFS = -23.0
STEP_DB = 0.5
# Nobody hears a line as wrong that is this near to its voice's median.
LINE_TOLERANCE_LU = 4.0
LARGEST_CORRECTION_DB = 3.0
# Directions beyond this ask for a quiet or loud delivery (a whisper, a shout); it is not a fault.
MARKED_AROUSAL = 0.4


@dataclass(frozen=True)
class VoiceLevel:
    """How loud a voice is and what it is mixed at; `median_lufs` is None if no take could be measured."""

    median_lufs: float | None
    gain_db: float


def voice_levels(takes: Iterable[Take]) -> dict[str, VoiceLevel]:
    """Each voice's median loudness (dual mono) among `takes`, and its gain to -23 LUFS in 0.5 dB steps.

    A voice whose takes are all too short to measure gets the median gain of the others (0 dB if there is
    none).
    """
    heard: dict[str, list[float]] = {}
    for take in takes:
        lufs = take.levels.loudness_lufs
        heard.setdefault(take.voice, []).extend([] if lufs is None else [lufs])
    medians = {voice: median(values) for voice, values in heard.items() if values}
    gains = {voice: _stepped(WORKING_LUFS - lufs) for voice, lufs in medians.items()}
    usual = _stepped(median(gains.values())) if gains else 0.0
    return {voice: VoiceLevel(medians.get(voice), gains.get(voice, usual)) for voice in heard}


def voice_gains(takes: Iterable[Take]) -> dict[str, float]:
    """The gain in dB of each voice among `takes`: `voice_levels` without the medians."""
    return {voice: level.gain_db for voice, level in voice_levels(takes).items()}


def line_gain_db(take: Take, levels: Mapping[str, VoiceLevel]) -> float:
    """The gain of one take: its voice's, and a correction if it lies far off its voice's median.

    The direction's gain (`Direction.gain_db`) is the author's wish and is added by the caller.
    """
    level = levels[take.voice]
    return level.gain_db + line_correction_db(take, level.median_lufs)


def take_gains(takes: Iterable[Take]) -> dict[str, float]:
    """`line_gain_db` of each take by its key, all takes of a book together."""
    known = list(takes)
    levels = voice_levels(known)
    return {take.key: line_gain_db(take, levels) for take in known}


def line_correction_db(take: Take, median_lufs: float | None) -> float:
    """What to add to its voice's gain for one take: 0 unless it lies more than 4 LU off, at most 3 dB."""
    lufs = take.levels.loudness_lufs
    if lufs is None or median_lufs is None or is_marked(take):
        return 0.0
    off = lufs - median_lufs
    if abs(off) <= LINE_TOLERANCE_LU:
        return 0.0
    return max(-LARGEST_CORRECTION_DB, min(LARGEST_CORRECTION_DB, -_stepped(off)))


def is_marked(take: Take) -> bool:
    """Whether the direction asked for a delivery that is quieter or louder than usual.

    `Take.asked["point"]` is [valence, arousal, dominance], scaled by the intensity; a text in
    `Take.asked["style"]` ("in a whisper") counts as such a wish.
    """
    if take.asked.get("style"):
        return True
    point = take.asked.get("point", (0.0, 0.0, 0.0))
    return abs(float(point[1])) >= MARKED_AROUSAL


def _stepped(value_db: float) -> float:
    return round(value_db / STEP_DB) * STEP_DB
