"""The spoken parts of a sound, at the rate and level that the speaker encoder was trained with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.audio import Audio, Samples, resample
from pipeline.levels import amplitude_of

LISTEN_HZ = 16_000
# The encoder hears level as a property of the voice: by 20 dB of gain alone a voice is 0.96 like itself. So
# all speech is brought to one RMS; of -20, -25, -30 and -35 dBFS this one tells 49 voices apart best.
LEVEL_DBFS = -25.0
FRAME_S = 0.030
FRAME_SAMPLES = round(FRAME_S * LISTEN_HZ)
# Speech moves over some 30 dB from its loud vowels to its soft consonants; below lies the room.
SPEECH_RANGE_DB = 30.0
# Vowels are in the loudest tenth of the frames, also where half of a recording is pauses.
LOUD_PERCENTILE = 95.0
# Nothing below this is speech, however quiet the recording.
FLOOR_DBFS = -60.0
# A decision is smoothed over a syllable, and what lies within a short gap of speech belongs to it.
SMOOTH_FRAMES = 8
REACH_FRAMES = 3

Mask = npt.NDArray[np.bool_]


def listened(audio: Audio) -> Samples:
    """The sound as the encoder hears it: float32 (samples,), mono, 16 kHz, silence and all."""
    return resample(audio.to_mono(), LISTEN_HZ).samples[:, 0]


def frame_powers(samples: Samples) -> npt.NDArray[np.float64]:
    """Mean square of each whole 30 ms of float32 (samples,) at 16 kHz."""
    count = samples.size // FRAME_SAMPLES
    frames = samples[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
    powers: npt.NDArray[np.float64] = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return powers


def speech_frames(powers: npt.NDArray[np.float64]) -> Mask:
    """Which frames are speech, by their power alone: within 30 dB of the loud ones, and above -60 dBFS."""
    if powers.size == 0:
        return np.zeros(0, dtype=np.bool_)
    loud = float(np.percentile(powers, LOUD_PERCENTILE))
    threshold = max(loud * amplitude_of(-SPEECH_RANGE_DB) ** 2, amplitude_of(FLOOR_DBFS) ** 2)
    return powers > threshold


def voiced(samples: Samples) -> Samples:
    """The same sound without its long pauses, at -25 dBFS; empty if there is no speech in it.

    Args:
        samples: float32 (samples,) at 16 kHz.
    """
    kept = smoothed(speech_frames(frame_powers(samples)))
    speech = samples[: kept.size * FRAME_SAMPLES][np.repeat(kept, FRAME_SAMPLES)]
    if speech.size == 0:
        return speech
    rms = float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))
    return (speech * (amplitude_of(LEVEL_DBFS) / rms)).astype(np.float32)


def smoothed(speech: Mask) -> Mask:
    """Stretches of speech: where half of the frames around are speech, and what is within reach of that."""
    if speech.size == 0:
        return speech
    share = np.convolve(speech, np.ones(SMOOTH_FRAMES), "same")[: speech.size] / SMOOTH_FRAMES
    reached = np.convolve(share >= 0.5, np.ones(2 * REACH_FRAMES + 1), "same")[: speech.size]
    return reached > 0.5
