"""One line's sound as a pack holds it: trimmed, at its loudness, 48 kHz mono; as WAV and Ogg Vorbis."""

from __future__ import annotations

import io
import math
import wave
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.audio import Audio, Samples
from pipeline.errors import AudioError
from pipeline.levels import (
    EDGE_WINDOW_S,
    KEEP_AFTER_S,
    KEEP_BEFORE_S,
    SILENCE_LUFS,
    LoudnessMeter,
    amplitude_of,
    decibels,
    measure_take,
)
from pipeline.stitch.limiter import convert_blocks, hold_peaks
from pipeline.stitch.true_peak import TruePeak

SAMPLE_RATE = 48_000
FULL_SCALE = 32_768
# The meter counts mono as two equal loudspeakers; a game plays it from one place in its world, and its
# middleware measures it as BS.1770 does a single channel.
DUAL_MONO_LU = 10 * math.log10(2)
# What coding to Vorbis adds to a peak: at most 0.53 dB, measured on ten lines of real voices driven into the
# limiter by up to 14 dB.
PEAK_MARGIN_DB = 0.8
# What is so far under the peak is no voice; only the distance counts, so that gain changes nothing.
VOICED_BELOW_PEAK_DB = 40.0
# A cut into noise must not click.
EDGE_FADE_S = 0.003
# libsndfile's scale: 0 is Vorbis quality 10, 1 is quality -1 to 0; its VBR quality is 1 less this.
VORBIS_Q6 = 0.4
VORBIS_BLOCK_SAMPLES = 4096

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True)
class SoundTarget:
    """What every sound of a pack is brought to; the project's `[loudness]`.

    Attributes:
        lufs: of a line as long as `short_s` or longer, BS.1770 of one channel; a shorter one has so much RMS
            in dBFS over its voiced parts, because gating over a few blocks of 400 ms jumps by some LU.
        true_peak_dbtp: no peak is over it.
        lead_s, tail_s: silence before and after speech at most.
    """

    lufs: float = -23.0
    true_peak_dbtp: float = -1.0
    lead_s: float = 0.050
    tail_s: float = 0.150
    short_s: float = 3.0

    def as_key(self) -> list[float]:
        """What of it changes a file."""
        return [self.lufs, self.true_peak_dbtp, self.lead_s, self.tail_s, self.short_s]


@dataclass(frozen=True)
class LineSound:
    """A line's samples, int16 at 48 kHz mono, and what they measure.

    Attributes:
        lufs: loudness by the rule of its length, `SoundTarget.lufs`; -70 for silence.
        start_s: where in the take the sound begins; visemes are moved by it.
    """

    pcm: Pcm
    lufs: float
    peak_dbtp: float
    start_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.pcm.size / SAMPLE_RATE


def line_sound(take: Audio, target: SoundTarget, gain_db: float = 0.0) -> LineSound:
    """The sound of a take as the pack holds it.

    Args:
        take: any rate and channels.
        gain_db: what the line's direction asks for, over the target's loudness.

    Raises:
        AudioError: it holds samples that are no numbers, or none at all.
    """
    mono = take.to_mono().samples[:, 0]
    if mono.size == 0:
        raise AudioError("the take holds no sound")
    blocks = list(convert_blocks([mono], take.sample_rate, SAMPLE_RATE))
    samples, start = _trimmed(np.concatenate(blocks), target)
    loudness = loudness_of(samples, target.short_s)
    if loudness > SILENCE_LUFS:
        samples = samples * np.float32(amplitude_of(target.lufs + gain_db - loudness))
        samples = hold_peaks(samples, SAMPLE_RATE, target.true_peak_dbtp - PEAK_MARGIN_DB)
    pcm = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    lufs, peak_dbtp = measured(pcm, target.short_s)
    return LineSound(pcm, lufs, peak_dbtp, start / SAMPLE_RATE)


def measured(pcm: Pcm, short_s: float) -> tuple[float, float]:
    """Loudness (by the rule of `SoundTarget.lufs`) and true peak in dBTP of finished samples."""
    samples = pcm.astype(np.float32) / np.float32(FULL_SCALE)
    meter = TruePeak()
    meter.push(samples)
    return round(loudness_of(samples, short_s), 2), round(decibels(meter.finish()), 2)


def loudness_of(samples: Samples, short_s: float) -> float:
    """Loudness of one-dimensional samples at 48 kHz; -70 for silence. See `SoundTarget.lufs`."""
    if samples.size < short_s * SAMPLE_RATE:
        return voiced_rms_dbfs(samples)
    meter = LoudnessMeter(SAMPLE_RATE, 1)
    meter.push(samples.reshape(-1, 1))
    return max(SILENCE_LUFS, meter.finish().integrated_lufs - DUAL_MONO_LU)


def voiced_rms_dbfs(samples: Samples) -> float:
    """RMS in dBFS of those 10 ms that are no more than 40 dB under the peak; -70 for silence."""
    width = round(EDGE_WINDOW_S * SAMPLE_RATE)
    whole = samples[: samples.size // width * width].reshape(-1, width)
    energies = np.square(whole, dtype=np.float64).mean(axis=1) if whole.size else np.zeros(0)
    peak = float(np.abs(samples).max(initial=0.0))
    loud = energies[energies > (peak * amplitude_of(-VOICED_BELOW_PEAK_DB)) ** 2]
    return max(SILENCE_LUFS, decibels(math.sqrt(float(loud.mean())))) if loud.size else SILENCE_LUFS


def _trimmed(samples: Samples, target: SoundTarget) -> tuple[Samples, int]:
    """The samples without the silence around speech, and where they begin."""
    onset, offset = measure_take(Audio.mono(samples, SAMPLE_RATE)).voiced_samples
    start = max(0, onset - round(min(KEEP_BEFORE_S, target.lead_s) * SAMPLE_RATE))
    end = min(samples.size, offset + round(min(KEEP_AFTER_S, target.tail_s) * SAMPLE_RATE))
    cut = samples[start:end].copy()
    fade = min(round(EDGE_FADE_S * SAMPLE_RATE), cut.size // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    if start > 0:
        cut[:fade] *= ramp
    if end < samples.size:
        cut[cut.size - fade :] *= ramp[::-1]
    return cut, start


def wav_bytes(pcm: Pcm) -> bytes:
    """A WAV file of two chunks, `fmt ` and `data`: 48 kHz, 16-bit PCM, mono."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm.astype("<i2").tobytes())
    return buffer.getvalue()


def ogg_bytes(pcm: Pcm, speech_hash: str) -> bytes:
    """An Ogg Vorbis file at quality 6; the same samples and hash give the same bytes.

    libsndfile draws the stream's serial number at random; it is replaced by the hash's first 32 bits.
    """
    import soundfile
    from mutagen.ogg import OggPage

    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", SAMPLE_RATE, 1, format="OGG", subtype="VORBIS", compression_level=VORBIS_Q6
    ) as file:
        # In one piece libvorbis puts the whole line on the stack.
        for start in range(0, pcm.size, VORBIS_BLOCK_SAMPLES):
            file.write(pcm[start : start + VORBIS_BLOCK_SAMPLES])
    serial = int(speech_hash[:8], 16)
    buffer.seek(0)
    pages: list[bytes] = []
    while buffer.tell() < buffer.getbuffer().nbytes:
        page = OggPage(buffer)
        page.serial = serial
        pages.append(page.write())
    return b"".join(pages)
