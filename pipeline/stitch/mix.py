"""A laid-out chapter as samples, block by block: takes trimmed, faded and placed, sounds below or between.

Memory holds the block, the clips that reach into the next one and the take being read, however long the
chapter is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.audio import Audio, Samples, decode_audio, resample
from pipeline.errors import AudioError
from pipeline.levels import amplitude_of
from pipeline.stitch.sounds import load_sound
from pipeline.stitch.timeline import (
    ChapterScore,
    LineSpan,
    SoundSpan,
    Timeline,
    convert_samples,
)
from pipeline.takes.take import Take

BLOCK_S = 4.0
# On every take, not on the outer edges only: a cut through a breath or an engine's hum clicks otherwise.
FADE_IN_S = 0.005
FADE_OUT_S = 0.010
# A bed goes down before speech begins, comes back slowly, and stays down through a sentence's gap.
DUCK_DOWN_S = 0.25
DUCK_UP_S = 0.75
DUCK_HOLD_S = 1.5

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Duck:
    """How far a bed is down at any sample: `depth` (0 up, 1 down) between `places`, straight lines."""

    places: Points
    depth: Points

    def gains(self, start: int, count: int, duck_db: float) -> Samples:
        """Factors for `count` samples from `start` on; linear in dB, as ears have it."""
        depth = np.interp(np.arange(start, start + count), self.places, self.depth)
        return np.asarray(10.0 ** (duck_db * depth / 20.0), dtype=np.float32)


@dataclass(frozen=True)
class Clip:
    """Samples that begin at `start` of the chapter; `duck_db` is None if they are not a bed."""

    start: int
    samples: Samples
    duck_db: float | None = None


def mix_blocks(score: ChapterScore, timeline: Timeline, block_s: float = BLOCK_S) -> Iterator[Samples]:
    """The chapter as one-dimensional float32 blocks; together `timeline.length_samples` long.

    Speech and sounds alone: gain and room tone come with mastering.

    Args:
        timeline: `place(score, ...)`, at the score's sample rate.

    Raises:
        AudioError: a sound cannot be read, or a take is not what its metadata say.
        StoreError: a take is gone or was damaged since it was looked at.
    """
    duck = duck_curve(timeline)
    spans: list[LineSpan | SoundSpan] = [*timeline.lines, *timeline.sounds]
    spans.sort(key=lambda span: _clip_start(span, timeline.sample_rate))
    block_samples = round(block_s * timeline.sample_rate)
    carried: list[Clip] = []
    upcoming = 0
    for start in range(0, timeline.length_samples, block_samples):
        block = np.zeros(min(block_samples, timeline.length_samples - start), dtype=np.float32)
        end = start + block.size
        reaching = [clip for clip in carried if _add(clip, block, start, duck)]
        while upcoming < len(spans) and _clip_start(spans[upcoming], timeline.sample_rate) < end:
            clip = _clip(spans[upcoming], score, timeline.sample_rate)
            upcoming += 1
            if _add(clip, block, start, duck):
                reaching.append(clip)
        carried = reaching
        yield block


def duck_curve(timeline: Timeline) -> Duck:
    """Where beds go down and up again: under every line, through gaps too short to come back in."""
    rate = timeline.sample_rate
    runs: list[list[int]] = []
    for span in timeline.lines:
        if runs and span.start_samples - runs[-1][1] < DUCK_HOLD_S * rate:
            runs[-1][1] = span.end_samples
        else:
            runs.append([span.start_samples, span.end_samples])
    places, depth = [0.0], [0.0]
    for start, end in runs:
        places += [start - DUCK_DOWN_S * rate, start, end, end + DUCK_UP_S * rate]
        depth += [0.0, 1.0, 1.0, 0.0]
    return Duck(np.maximum.accumulate(np.array(places)), np.array(depth))


def _add(clip: Clip, block: Samples, block_start: int, duck: Duck) -> bool:
    """Adds what of the clip lies in the block; tells whether it reaches past the block's end."""
    block_end = block_start + block.size
    clip_end = clip.start + clip.samples.size
    first, last = max(clip.start, block_start), min(clip_end, block_end)
    if first < last:
        part = clip.samples[first - clip.start : last - clip.start]
        if clip.duck_db is not None:
            part = part * duck.gains(first, last - first, clip.duck_db)
        block[first - block_start : last - block_start] += part
    return clip_end > block_end


def _clip(span: LineSpan | SoundSpan, score: ChapterScore, sample_rate: int) -> Clip:
    if isinstance(span, LineSpan):
        return _speech(span, score.takes[span.line.id].gain_db, sample_rate)
    samples = load_sound(span, sample_rate) * np.float32(amplitude_of(span.gain_db))
    return Clip(span.start_samples, samples, span.duck_db if span.under else None)


def _clip_start(span: LineSpan | SoundSpan, sample_rate: int) -> int:
    """Where the first sample is heard: of a take, what is kept before its speech. May be negative."""
    if isinstance(span, SoundSpan):
        return span.start_samples
    onset, _ = span.take.levels.voiced_samples
    before = onset - span.take.levels.speech_start_samples
    return span.start_samples - convert_samples(before, span.take.sample_rate, sample_rate)


def _speech(span: LineSpan, gain_db: float, sample_rate: int) -> Clip:
    """A take's kept part, faded, with its speech at the span's start."""
    take = span.take
    levels = take.levels
    _, offset = levels.voiced_samples
    start = _clip_start(span, sample_rate)
    before = span.start_samples - start
    after = convert_samples(levels.speech_end_samples - offset, take.sample_rate, sample_rate)
    length = before + (span.end_samples - span.start_samples) + after
    kept = _read(take)[levels.speech_start_samples : levels.speech_end_samples]
    samples = np.zeros(length, dtype=np.float32)
    resampled = resample(Audio.mono(kept, take.sample_rate), sample_rate).samples[:length, 0]
    samples[: resampled.size] = resampled
    samples *= np.float32(amplitude_of(gain_db))
    if start < 0:  # a head shorter than what is kept before speech
        samples, start = samples[-start:], 0
    return Clip(start, _faded(samples, sample_rate))


def _read(take: Take) -> Samples:
    audio = decode_audio(take.flac(), f"take {take.key[:12]}")
    if audio.sample_rate != take.sample_rate or audio.length_samples != take.length_samples:
        raise AudioError(
            f"the take of line '{take.line_id}' has {audio.length_samples} samples at {audio.sample_rate} Hz,"
            f" its metadata say {take.length_samples} at {take.sample_rate} Hz",
            where=f"take {take.key[:12]}",
            hint="render the line again",
        )
    return audio.to_mono().samples[:, 0]


def _faded(samples: Samples, sample_rate: int) -> Samples:
    fade_in = min(samples.size, round(FADE_IN_S * sample_rate))
    fade_out = min(samples.size, round(FADE_OUT_S * sample_rate))
    samples[:fade_in] *= np.linspace(0.0, 1.0, fade_in, endpoint=False, dtype=np.float32)
    samples[samples.size - fade_out :] *= np.linspace(1.0, 0.0, fade_out, dtype=np.float32)
    return samples
