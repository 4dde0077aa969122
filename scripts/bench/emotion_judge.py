"""What the measured clips say: effects against neutral, words, quality, and whether emotions are told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NEUTRAL = "neutral"
Array = npt.NDArray[np.float64]

# Unit of each correlate and how it is taken from what was measured.
CORRELATES = {
    "rate": "% faster",
    "level": "dB louder",
    "f0": "semitones higher",
    "range": "semitones wider",
    "slope": "semitones more rise over the line",
    "ending": "semitones more rise at the end",
    "alpha": "dB more above 1 kHz",
}
# Which way each should go: 1 up, -1 down, 0 level or no agreement (then nothing is expected).
# Sources: Juslin & Laukka 2003, Psychological Bulletin 129, table 7 and the summary of cues for anger, fear,
# happiness, sadness and tenderness; Banse & Scherer 1996, Journal of Personality and Social Psychology 70, for
# disgust; surprise and final syllables: Rigoulot, Wassiliwizky & Pell 2013, Frontiers in Psychology 4, and
# practice (a strong final rise). Anger's contour is told both ways (rising and falling): nothing is expected.
EXPECTED: Mapping[str, Mapping[str, int]] = {
    "happy": {"rate": 1, "level": 1, "f0": 1, "range": 1, "slope": 1, "ending": 1, "alpha": 1},
    "sad": {"rate": -1, "level": -1, "f0": -1, "range": -1, "slope": -1, "alpha": -1},
    "angry": {"rate": 1, "level": 1, "f0": 1, "range": 1, "alpha": 1},
    "afraid": {"rate": 1, "level": -1, "f0": 1, "range": -1, "slope": 1, "alpha": -1},
    "disgusted": {"rate": -1, "f0": -1, "slope": -1},
    "surprised": {"rate": 1, "level": 1, "f0": 1, "range": 1, "slope": 1, "ending": 1},
    "tender": {"rate": -1, "level": -1, "f0": -1, "range": -1, "slope": -1, "alpha": -1},
}
# Added to the classes' common covariance, in variances: some correlates go together.
SHRINKAGE = 0.1


@dataclass(frozen=True)
class Heard:
    """A clip and all that was measured of it; `words` and `errors` may be those of the next sentences too."""

    emotion: str
    voice: str
    sentence: int
    measured: Mapping[str, float]
    words: int = 0
    errors: int = 0
    mos: Mapping[str, float] = field(default_factory=dict)


Clips = list[Heard]


def read_clips(folder: Path) -> Clips:
    """The clips whose pitch was measured, with words and quality where those were."""
    voice, words, quality = (_rows(folder / f"{what}.jsonl") for what in ("voice", "words", "quality"))
    found = []
    for clip in json.loads((folder / "clips.json").read_text(encoding="utf-8")):
        file = clip["file"]
        if file in voice:
            said = words.get(file, {"words": 0, "errors": 0})
            place = (clip["emotion"], clip["voice"], clip["sentence"])
            found.append(Heard(*place, voice[file], said["words"], said["errors"], quality.get(file, {})))
    return found


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    rows = (json.loads(row) for row in path.read_text(encoding="utf-8").splitlines())
    return {row.pop("file"): row for row in rows}


def correlates(heard: Heard) -> Array:
    """The correlates of one clip in the order of `CORRELATES`; the rate as 100 times the log of seconds."""
    m = heard.measured
    rate = -100 * np.log(m["speech_s"])
    return np.array([rate, m["level_db"], m["f0"], m["f0_range"], m["slope"], m["ending"], m["alpha_db"]])


def judge(clips: Clips) -> dict[str, Any]:
    """All tables: effects, words, quality, and two classifiers' confusions."""
    emotions = [e for e in (NEUTRAL, *EXPECTED) if any(clip.emotion == e for clip in clips)]
    return {
        "correlates": CORRELATES,
        "effects": {e: effects(clips, e) for e in emotions if e != NEUTRAL},
        "neutral": _levels(clips),
        "words": {e: word_error_rate([clip for clip in clips if clip.emotion == e]) for e in emotions},
        "quality": {e: _mos([clip for clip in clips if clip.emotion == e]) for e in emotions},
        "learnt": told_apart(clips, emotions),
        "literature": told_by_literature(clips, emotions),
        "from_neutral": {e: told_from_neutral(clips, e) for e in emotions if e != NEUTRAL},
    }


def effects(clips: Clips, emotion: str) -> dict[str, dict[str, Any]]:
    """How an emotion moves each correlate against the same sentence by the same voice in neutral.

    `verdict`: `yes` as expected and beyond chance (its 95 % interval over voices' and sentences' differences
    leaves out 0), `no` expected but not found, `against` the other way beyond chance, `` nothing expected.
    """
    plain = {(clip.voice, clip.sentence): correlates(clip) for clip in clips if clip.emotion == NEUTRAL}
    pairs = [clip for clip in clips if clip.emotion == emotion and (clip.voice, clip.sentence) in plain]
    moved = np.array([correlates(clip) - plain[clip.voice, clip.sentence] for clip in pairs])
    voices = sorted({clip.voice for clip in pairs})
    result = {}
    for column, name in enumerate(CORRELATES):
        values = moved[:, column]
        mean, half = float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))
        sign = EXPECTED[emotion].get(name, 0)
        result[name] = {
            "mean": round(mean, 2),
            "interval": [round(mean - half, 2), round(mean + half, 2)],
            "expected": sign,
            "share_expected": round(float(np.mean(values * sign > 0)), 3) if sign else None,
            "verdict": _verdict(mean, half, sign),
            "by_voice": {
                v: round(float(values[[clip.voice == v for clip in pairs]].mean()), 2) for v in voices
            },
        }
    return result


def _verdict(mean: float, half: float, sign: int) -> str:
    if not sign:
        return ""
    if mean * sign > half:
        return "yes"
    return "against" if -mean * sign > half else "no"


def _levels(clips: Clips) -> dict[str, float]:
    """The means of neutral itself; rate as seconds of speech."""
    rows = np.array([correlates(clip) for clip in clips if clip.emotion == NEUTRAL]).mean(axis=0)
    named = dict(zip(CORRELATES, (round(float(value), 2) for value in rows), strict=True))
    return named | {"rate": round(float(np.exp(-rows[0] / 100)), 2)}


def word_error_rate(clips: Clips) -> dict[str, Any]:
    """Errors for a hundred words as a recognizer counts them."""
    words, errors = sum(clip.words for clip in clips), sum(clip.errors for clip in clips)
    return {"words": words, "errors": errors, "percent": round(100 * errors / words, 2) if words else None}


def _mos(clips: Clips) -> dict[str, float]:
    rows = [clip.mos for clip in clips if clip.mos]
    return {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]} if rows else {}


def _scaled(clips: Clips) -> Array:
    """Correlates (clips, 7) against each voice's own mean and spread; no emotion's name is used for that."""
    features = np.array([correlates(clip) for clip in clips])
    voices = np.array([clip.voice for clip in clips])
    for voice in set(voices):
        own = voices == voice
        features[own] = (features[own] - features[own].mean(axis=0)) / features[own].std(axis=0)
    return features


def told_apart(clips: Clips, emotions: Sequence[str]) -> dict[str, Any]:
    """Linear discriminant analysis on the correlates, learnt from all voices but the one that is judged.

    It has heard this engine's emotions before: it shows that they are distinct and alike in all voices,
    not that a person would give them these names. Source: Fisher 1936; Friedman 1989 for the shrinkage.
    """
    features, labels = _scaled(clips), np.array([clip.emotion for clip in clips])
    voices = np.array([clip.voice for clip in clips])
    guessed = np.empty_like(labels)
    for voice in set(voices):
        known = voices != voice
        guessed[~known] = _discriminant(features[known], labels[known], features[~known], emotions)
    return _confusion(labels, guessed, emotions)


def _discriminant(known: Array, labels: Array, new: Array, emotions: Sequence[str]) -> Array:
    means = np.array([known[labels == emotion].mean(axis=0) for emotion in emotions])
    within = known - means[[list(emotions).index(label) for label in labels]]
    covariance = within.T @ within / len(known)
    spread = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    inverse = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * spread)
    scores = new @ inverse @ means.T - 0.5 * np.einsum("ij,jk,ik->i", means, inverse, means)
    return np.array(emotions)[scores.argmax(axis=1)]


def told_from_neutral(clips: Clips, emotion: str) -> float:
    """Share of clips that the same analysis puts right when it only has this emotion and neutral."""
    two = [clip for clip in clips if clip.emotion in (emotion, NEUTRAL)]
    return float(told_apart(two, (NEUTRAL, emotion))["accuracy"])


def told_by_literature(clips: Clips, emotions: Sequence[str]) -> dict[str, Any]:
    """Names a clip by the emotion whose published directions (`EXPECTED`) it agrees with most.

    Nothing is learnt from the clips. A clip near its voice's own neutral is neutral: the nearest of the
    prototypes, each as long as the mean deviation of what is not neutral, and neutral itself.
    """
    features, labels = _scaled(clips), np.array([clip.emotion for clip in clips])
    voices = np.array([clip.voice for clip in clips])
    for voice in set(voices):
        plain = features[(voices == voice) & (labels == NEUTRAL)].mean(axis=0)
        features[voices == voice] -= plain
    names = [name for name in emotions if name != NEUTRAL]
    signs = np.array([[EXPECTED[e].get(name, 0) for name in CORRELATES] for e in names], dtype=float)
    length = float(np.mean(np.linalg.norm(features[labels != NEUTRAL], axis=1)))
    prototypes = np.vstack([np.zeros(features.shape[1]), _unit(signs) * length])
    distances = np.linalg.norm(features[:, None] - prototypes, axis=2)
    return _confusion(labels, np.array([NEUTRAL, *names])[distances.argmin(axis=1)], emotions)


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _confusion(labels: Array, guessed: Array, emotions: Sequence[str]) -> dict[str, Any]:
    table = {
        asked: {told: int(np.sum((labels == asked) & (guessed == told))) for told in emotions}
        for asked in emotions
    }
    right = {
        emotion: round(table[emotion][emotion] / sum(table[emotion].values()), 3) for emotion in emotions
    }
    return {
        "accuracy": round(float(np.mean(labels == guessed)), 3),
        "chance": round(1 / len(emotions), 3),
        "right": right,
        "confusion": table,
    }
