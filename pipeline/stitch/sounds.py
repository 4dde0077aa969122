"""Sound files of a script (effects, music beds), brought to the chapter's rate, faded, as samples."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import AudioError
from pipeline.script.attached import LONGEST_SOUND_S, decoded_sound
from pipeline.script.model import Item, Sound
from pipeline.stitch.timeline import SoundSpan

if TYPE_CHECKING:
    from av import AudioFrame

# Of a bed that a scene's or chapter's end cuts off.
CUT_FADE_S = 0.5
CLICK_FADE_S = 0.010
SAMPLE_BYTES = 4
FULL_SCALE = float(1 << 31)


def sound_lengths(items: Iterable[Item]) -> dict[Path, float]:
    """Seconds that each sound file among `items` lasts, decoded and counted.

    Raises:
        AudioError: a file is missing, is no sound, or is longer than ten minutes.
    """
    files = sorted({item.file for item in items if isinstance(item, Sound)})
    return {file: _length_s(file) for file in files}


def load_sound(span: SoundSpan, sample_rate: int) -> Samples:
    """The sound of a span, one-dimensional float32, exactly as long as the span; fades done, gain not.

    Raises:
        AudioError: the file is missing, is no sound, or is longer than ten minutes.
    """
    length = span.end_samples - span.start_samples
    segment = _segment(span.file, sample_rate, length)
    fade_out_s = max(span.fade_out_s, CUT_FADE_S if span.cut else CLICK_FADE_S)
    longest_ms = len(segment)
    segment = segment.fade_in(min(longest_ms, round(1000 * max(span.fade_in_s, CLICK_FADE_S))))
    segment = segment.fade_out(min(longest_ms, round(1000 * fade_out_s)))
    samples = np.frombuffer(segment.raw_data, dtype="<i4").astype(np.float32) / np.float32(FULL_SCALE)
    fitted = np.zeros(length, dtype=np.float32)
    fitted[: min(length, samples.size)] = samples[:length]
    return fitted


def _segment(file: Path, sample_rate: int, length: int) -> Any:
    """The file's first `length` samples as a mono pydub segment, 32 bits.

    pydub's own reader starts an ffmpeg program for all but WAV and resamples without a filter, so the file
    is decoded and resampled by FFmpeg's libraries and handed over raw.
    """
    with warnings.catch_warnings():
        # It warns that it found no ffmpeg program; none is needed here.
        warnings.simplefilter("ignore")
        from pydub import AudioSegment

    raw = bytearray()
    channels = 1
    for frame in _resampled(file, sample_rate):
        channels = frame.layout.nb_channels
        raw += frame.to_ndarray().tobytes()
        if len(raw) >= length * channels * SAMPLE_BYTES:
            break
    del raw[length * channels * SAMPLE_BYTES :]
    segment = AudioSegment(
        data=bytes(raw), sample_width=SAMPLE_BYTES, frame_rate=sample_rate, channels=channels
    )
    return segment.set_channels(1)


def _length_s(file: Path) -> float:
    samples, sample_rate = 0, 0
    for frame in decoded_sound(file):
        samples, sample_rate = samples + frame.samples, frame.sample_rate
        if samples > LONGEST_SOUND_S * sample_rate:
            raise AudioError(
                f"this sound is longer than {LONGEST_SOUND_S / 60:.0f} minutes",
                where=str(file),
                hint="cut it, or make it a chapter of its own",
            )
    if samples == 0:
        raise AudioError("there is no sound in this file", where=str(file))
    return samples / sample_rate


def _resampled(file: Path, sample_rate: int) -> Iterator[AudioFrame]:
    import av

    resampler = av.AudioResampler(format="s32", rate=sample_rate)
    for frame in decoded_sound(file):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)
