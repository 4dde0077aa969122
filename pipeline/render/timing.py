"""When the phonemes of a line sound, where it was spoken in several utterances."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.engines.base import Speech
from pipeline.levels import measure_take
from pipeline.render.join import CLOSERS, CROSSFADE_S, SENTENCE_ENDS, SENTENCE_GAP_S

Timing = tuple[tuple[str, float, float], ...]


def joined_timing(spoken: Sequence[str], speeches: Sequence[Speech]) -> Timing | None:
    """Symbol, start and end in seconds of each phoneme of the sound that `join_utterances` makes.

    None if the engine of any of them does not know.

    Args:
        spoken: the text of each utterance, as `join_utterances` gets it.
    """
    if any(speech.timing is None for speech in speeches):
        return None
    found: list[tuple[str, float, float]] = []
    for speech, offset_s in zip(speeches, _offsets_s(spoken, speeches), strict=True):
        for phoneme in speech.timing or ():
            start_s, end_s = max(0.0, phoneme.start_s + offset_s), max(0.0, phoneme.end_s + offset_s)
            found.append((phoneme.symbol, round(start_s, 3), round(end_s, 3)))
    return tuple(found)


def _offsets_s(spoken: Sequence[str], speeches: Sequence[Speech]) -> list[float]:
    """By how much the time of each utterance is moved."""
    if len(speeches) == 1:
        return [0.0]
    rate = speeches[0].audio.sample_rate
    offsets: list[float] = []
    length = 0
    for number, speech in enumerate(speeches):
        levels = measure_take(speech.audio)
        start = 0 if number == 0 else levels.speech_start_samples
        last = number == len(speeches) - 1
        end = speech.audio.length_samples if last else levels.speech_end_samples
        begin = length
        if number > 0:
            ended = spoken[number - 1].rstrip().rstrip(CLOSERS)[-1:] in SENTENCE_ENDS
            overlap = min(round(CROSSFADE_S * rate), length, end - start)
            begin += round(SENTENCE_GAP_S * rate) if ended else -overlap
        offsets.append((begin - start) / rate)
        length = begin + end - start
    return offsets
