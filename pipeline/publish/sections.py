"""What chapters measure inside a finished book file, each decoded alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import AudioError
from pipeline.publish.chapters import ChapterMark
from pipeline.stitch.loudness import FileLevels, LevelMeter
from pipeline.stitch.timeline import convert_samples

# An AAC decoder's first packets after a jump lack their overlap; four of 1024 samples are more than enough.
RUN_UP_SAMPLES = 4 * 1024
BLOCK_S = 2.0


def measure_sections(
    path: Path, marks: Sequence[ChapterMark], marks_hz: int, threads: int
) -> list[FileLevels]:
    """The levels of each marked section of a sound file, in the order of the marks.

    Codec, rate and channels are those of the file; the bit rate is not measured (0).

    Args:
        marks: sections of the file, counted at `marks_hz`.
        threads: how many sections are decoded at once.

    Raises:
        AudioError: the file cannot be decoded, or a section holds no sound.
    """
    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="measure") as pool:
        return list(pool.map(lambda mark: _section(path, mark, marks_hz), marks))


def _section(path: Path, mark: ChapterMark, marks_hz: int) -> FileLevels:
    import av

    try:
        with av.open(str(path)) as container:
            context = container.streams.audio[0].codec_context
            rate, channels = context.sample_rate, context.channels
            start = convert_samples(mark.start_samples, marks_hz, rate)
            end = convert_samples(mark.end_samples, marks_hz, rate)
            meter = LevelMeter(rate, channels)
            for block in _gathered(_heard(container, start, end), round(BLOCK_S * rate)):
                meter.push(block)
            codec = context.codec.canonical_name
    except av.error.FFmpegError as error:
        raise AudioError(f"cannot be decoded: {error.strerror}", where=str(path)) from error
    try:
        levels = meter.finish()
    except AudioError as error:
        raise AudioError(f"chapter '{mark.title}': {error.message}", where=str(path)) from error
    return FileLevels(
        **vars(levels), sample_rate=rate, channels=channels, codec=codec, bit_rate=0, constant_bit_rate=False
    )


def _heard(container: Any, start: int, end: int) -> Iterator[Samples]:
    """The samples [start, end) of the file's sound, float32 (samples, channels)."""
    stream = container.streams.audio[0]
    rate = stream.codec_context.sample_rate
    if start > RUN_UP_SAMPLES:
        place = round((start - RUN_UP_SAMPLES) / rate / stream.time_base)
        container.seek(place, stream=stream, backward=True)
    ticks, tick_samples = stream.time_base.denominator, stream.time_base.numerator * rate
    for frame in container.decode(stream):
        first = frame.pts * tick_samples // ticks
        if first >= end:
            return
        samples = _samples_of(frame)
        kept = samples[max(0, start - first) : end - first]
        if kept.shape[0]:
            yield kept


def _samples_of(frame: Any) -> Samples:
    channels = len(frame.layout.channels)
    samples = np.asarray(frame.to_ndarray(), dtype=np.float32)
    return samples.T if frame.format.is_planar else samples.reshape(-1, channels)


def _gathered(parts: Iterator[Samples], least_samples: int) -> Iterator[Samples]:
    """The same samples in blocks of at least so many: meters work best on seconds, not on frames."""
    held: list[Samples] = []
    count = 0
    for part in parts:
        held.append(part)
        count += part.shape[0]
        if count >= least_samples:
            yield np.concatenate(held)
            held, count = [], 0
    if held:
        yield np.concatenate(held)
