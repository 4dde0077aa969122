"""When each phoneme sounds: the frames that the network gave its tokens, added up."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.engines.base import PhonemeTime
from pipeline.engines.kokoro.passages import Passage
from pipeline.engines.kokoro.source import SAMPLE_RATE, SAMPLES_PER_FRAME

FRAME_S = SAMPLES_PER_FRAME / SAMPLE_RATE
# The decoder sounds a token earlier than its frames lie. Measured on six lines of two voices: vowels are
# 8.4 dB louder than stops and pauses at no shift, 15.0 at one frame, 18.6 at two, 15.8 at three.
EARLY_FRAMES = 2


def phoneme_times(passages: Sequence[Passage], frames: Sequence[Sequence[int]]) -> tuple[PhonemeTime, ...]:
    """The phonemes of all passages with their places in the sound that `join` makes of them.

    Args:
        frames: of each passage's tokens, the silent one at both ends included.
    """
    found: list[PhonemeTime] = []
    end = 0
    for number, (passage, counts) in enumerate(zip(passages, frames, strict=True)):
        begin = end
        if number > 0:
            inner = not passages[number - 1].ends_sentence
            # As `join` does: one frame of silence is left on each side of an inner seam, and every seam is
            # blended over one frame.
            begin -= (frames[number - 1][-1] - 1 if inner else 0) + 1 + (counts[0] - 1 if inner else 0)
        place = begin + counts[0]
        for symbol, count in zip(passage.phonemes, counts[1:-1], strict=True):
            found.append(PhonemeTime(symbol, _seconds(place), _seconds(place + count)))
            place += count
        end = begin + sum(counts)
    return tuple(found)


def _seconds(frame: int) -> float:
    return round(max(0, frame - EARLY_FRAMES) * FRAME_S, 3)
