"""Two voices or models on the same lines: which lines, who is heard first, equal loudness, the figures."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.audio import Audio, encode_flac
from pipeline.levels import amplitude_of, measure_take
from pipeline.plan.plan import LinePlan
from pipeline.reports.hearing import Heard
from pipeline.takes.take import Take

# What can be judged in one breath; others are taken only if there are too few of these.
SHORTEST_S, LONGEST_S = 1.5, 15.0
# Both are heard at one loudness: the louder of two is liked better, whatever else it is.
HEARD_LUFS = -20.0
HIGHEST_DBFS = -1.0


@dataclass(frozen=True)
class Figures:
    """What was measured of one side's take of a line; None where the tool is missing or it is too short.

    Attributes:
        to_print: how alike the take is to its own voice's print, 0 to 1.
    """

    duration_s: float
    loudness_lufs: float | None
    characters_per_s: float
    to_print: float | None = None
    heard: Heard = Heard()


@dataclass(frozen=True)
class Compared:
    """One line in both: its text, both takes, what was measured, and how alike the two speakers are."""

    line_id: str
    character: str
    text: str
    a: Take
    b: Take
    of_a: Figures
    of_b: Figures
    alike: float | None


def choose_lines(lines: Sequence[LinePlan], count: int, seed: int) -> list[LinePlan]:
    """So many lines of different text, drawn by `seed`, in reading order; all that there are if too few."""
    spoken = {line.utterances: line for line in reversed(lines) if line.status != "silent"}
    different = [line for line in lines if spoken.get(line.utterances) is line and not line.line.title]
    handy = [line for line in different if SHORTEST_S <= line.audio_s <= LONGEST_S]
    drawn = random.Random(seed).sample(handy, min(count, len(handy)))
    rest = [line for line in different if line not in handy]
    drawn += random.Random(seed).sample(rest, min(count - len(drawn), len(rest)))
    chosen = {line.line.id for line in drawn}
    return [line for line in different if line.line.id in chosen]


def a_first(count: int, seed: int) -> list[bool]:
    """For each of so many lines whether A is heard first: half of them, in an order drawn by `seed`."""
    order = [number % 2 == 0 for number in range(count)]
    random.Random(f"who is heard first {seed}").shuffle(order)
    return order


def figures_of(take: Take, to_print: float | None, heard: Heard) -> Figures:
    """What is known of one take."""
    onset, offset = take.levels.voiced_samples
    speech_s = max(0.001, (offset - onset) / take.sample_rate)
    return Figures(
        duration_s=round(take.duration_s, 3),
        loudness_lufs=take.levels.loudness_lufs,
        characters_per_s=round(len(take.spoken) / speech_s, 2),
        to_print=None if to_print is None else round(to_print, 3),
        heard=heard,
    )


def heard_alike(a: Audio, b: Audio) -> tuple[bytes, bytes]:
    """Both sounds as FLAC, without their silent edges and equally loud: only the speech tells them apart.

    They are as loud as the quieter can be made without its peaks going over -1 dBFS, -20 LUFS at most.
    """
    levels = [measure_take(audio) for audio in (a, b)]
    loudness = [
        one.loudness_lufs if one.loudness_lufs is not None else one.peak_dbfs - 12.0 for one in levels
    ]
    room = [HIGHEST_DBFS - one.peak_dbfs for one in levels]
    target = min(HEARD_LUFS, *(loud + free for loud, free in zip(loudness, room, strict=True)))
    made = []
    for audio, one, loud in zip((a, b), levels, loudness, strict=True):
        cut = audio.to_mono().samples[one.speech_start_samples : one.speech_end_samples]
        gain = np.float32(amplitude_of(target - loud))
        made.append(encode_flac(Audio(cut * gain, audio.sample_rate), bits=16))
    return made[0], made[1]


def side_figures(compared: Sequence[Compared], side: str) -> dict[str, Any]:
    """The figures of side `a` or `b` over all lines; means, and None where nothing was measured."""
    mine = [one.of_a if side == "a" else one.of_b for one in compared]
    words = sum(figures.heard.words or 0 for figures in mine)
    wrong = sum(figures.heard.wrong_words or 0 for figures in mine)
    return {
        "duration_s": round(sum(figures.duration_s for figures in mine), 2),
        "characters_per_s": _mean([figures.characters_per_s for figures in mine]),
        "loudness_lufs": _mean([figures.loudness_lufs for figures in mine]),
        "to_print": _mean([figures.to_print for figures in mine]),
        "dnsmos": _mean([figures.heard.dnsmos for figures in mine]),
        "word_error_rate": round(wrong / words, 4) if words else None,
        "words": words or None,
    }


def line_figures(one: Compared) -> dict[str, Any]:
    """What was measured of one line, as plain JSON values."""
    return {
        "id": one.line_id,
        "text": one.text,
        "alike": None if one.alike is None else round(one.alike, 3),
        "a": _plain(one.of_a, one.a),
        "b": _plain(one.of_b, one.b),
    }


def mean_alike(compared: Sequence[Compared]) -> float | None:
    """How alike the two sides' speakers are, over all lines."""
    return _mean([one.alike for one in compared], digits=3)


def _plain(figures: Figures, take: Take) -> dict[str, Any]:
    heard = vars(figures.heard)
    own = {name: value for name, value in vars(replace(figures, heard=Heard())).items() if name != "heard"}
    return {**own, **heard, "take": take.key, "peak_dbfs": take.levels.peak_dbfs}


def _mean(values: Sequence[float | None], digits: int = 2) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), digits) if known else None
