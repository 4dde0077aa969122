"""Utterances of one line made one sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.audio import Audio, Samples
from pipeline.levels import measure_take

# Where a sentence was cut for the engine's limit the halves meet without a gap; at a sentence's end a
# breath's length stays. Source: docs/pacing.md.
CROSSFADE_S = 0.015
SENTENCE_GAP_S = 0.35
SENTENCE_ENDS = frozenset(".!?。！？…")
CLOSERS = "\"'”’»)]」』）"


def join_utterances(spoken: Sequence[str], sounds: Sequence[Audio]) -> Audio:
    """One sound of the utterances of a line; a single one comes back untouched.

    Args:
        spoken: the text of each utterance; says where sentences end.
        sounds: mono, all at one sample rate, one for each text.
    """
    if len(sounds) == 1:
        return sounds[0]
    sample_rate = sounds[0].sample_rate
    joined: Samples = _trimmed(sounds[0], keep_head=True)
    for number in range(1, len(sounds)):
        last = number == len(sounds) - 1
        piece = _trimmed(sounds[number], keep_tail=last)
        if spoken[number - 1].rstrip().rstrip(CLOSERS)[-1:] in SENTENCE_ENDS:
            gap = np.zeros(round(SENTENCE_GAP_S * sample_rate), dtype=np.float32)
            joined = np.concatenate([joined, gap, piece])
        else:
            joined = _crossfaded(joined, piece, round(CROSSFADE_S * sample_rate))
    return Audio.mono(joined, sample_rate)


def _trimmed(audio: Audio, keep_head: bool = False, keep_tail: bool = False) -> Samples:
    levels = measure_take(audio)
    start = 0 if keep_head else levels.speech_start_samples
    end = audio.length_samples if keep_tail else levels.speech_end_samples
    return audio.samples[start:end, 0]


def _crossfaded(first: Samples, second: Samples, overlap: int) -> Samples:
    """Both, overlapped with equal power over `overlap` samples (fewer if one is shorter)."""
    overlap = min(overlap, len(first), len(second))
    if overlap == 0:
        return np.concatenate([first, second])
    angle = (np.arange(overlap, dtype=np.float32) + 0.5) / overlap * np.float32(np.pi / 2)
    middle = first[-overlap:] * np.cos(angle) + second[:overlap] * np.sin(angle)
    return np.concatenate([first[:-overlap], middle.astype(np.float32), second[overlap:]])
