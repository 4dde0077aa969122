"""Whether a recording is good enough to know a voice by: long, loud, clean enough, and of one person.

The limits were measured with 49 voices of Kokoro, with noise, clipping and a second voice added to them; see
docs/identity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.audio import Audio, Samples, read_audio
from pipeline.errors import AudioError
from pipeline.hashing import digest_file
from pipeline.identity.encoder import (
    HOP_SAMPLES,
    WINDOW_FRAMES,
    Embedding,
    SpeakerEncoder,
    mean_embedding,
    similarity,
)
from pipeline.identity.voiced import LISTEN_HZ, frame_powers, listened, smoothed, speech_frames, voiced
from pipeline.levels import decibels

# The encoder hears 1.6 s at a time; below two windows one odd word decides who speaks.
LEAST_SPEECH_S = 3.0
BEST_S = 10.0
# What comes after is not looked at: a minute of speech says all that there is to say of a voice.
LONGEST_S = 120.0
# A whisper close to a microphone has peaks at -40 dBFS.
SILENT_DBFS = -50.0
# Three samples in a row at the very top. Clean speech has none; 3 dB too loud, 3 in 10,000 (median).
CLIPPED_SHARE = 3e-4
TOP_SHARE = 0.999
# True signal-to-noise ratio + 3 dB, as the louder half of speech is compared; right to 1 dB below 30 dB.
LEAST_SNR_DB = 20.0
QUIET_SHARE = 0.05
# The two halves into which one voice's windows fall were never less than 0.81 alike, expressive or not; those
# of a woman and a man below 0.78 in 98 of 100 recordings, of two of one gender in 82.
ONE_SPEAKER = 0.78
SPREAD_STEP_FRAMES = 40
SPREAD_ROUNDS = 10
LEAST_WINDOWS = 4


@dataclass(frozen=True, eq=False)
class ReferenceFacts:
    """What was found in a recording that can be used.

    Attributes:
        sha256: of the file.
        duration_s: of the file; of at most the first two minutes of it the rest is told.
        speech_s: how much of it is speech.
        peak_dbfs: highest sample.
        clipped_share: samples in flat tops, 0 to 1.
        snr_db: speech above what sounds between words, in dB.
        unity: how alike the two halves are into which its windows fall, 0 to 1; one voice is above 0.78.
        embedding: float32 (256,), who speaks.
    """

    path: Path
    sha256: str
    sample_rate: int
    channels: int
    duration_s: float
    speech_s: float
    peak_dbfs: float
    clipped_share: float
    snr_db: float
    unity: float
    embedding: Embedding

    def notes(self) -> tuple[str, ...]:
        """What could be better, in words."""
        longer = f"{self.speech_s:.1f} s of speech; {BEST_S:.0f} s describe a voice better"
        return (longer,) if self.speech_s < BEST_S / 2 else ()


def demand_usable(path: Path, encoder: SpeakerEncoder) -> ReferenceFacts:
    """What is in a recording from which a voice is to be known.

    Args:
        encoder: from `open_encoder` of registry/speaker_encoder.py.
    Raises:
        AudioError: it cannot be read, or is too short, silent, clipped, noisy, or of two speakers; one line
            that says which, how much, and what to do.
    """
    whole, where = read_audio(path), str(path)
    audio = Audio(whole.samples[: round(LONGEST_S * whole.sample_rate)], whole.sample_rate)
    peak_dbfs, clipped = _demand_level(audio, where)
    heard = listened(audio)
    snr_db = _demand_quiet(heard, where)
    speech = voiced(heard)
    speech_s = speech.size / LISTEN_HZ
    if speech_s < LEAST_SPEECH_S:
        raise _too_short(f"there are {speech_s:.1f} s of speech in it", where)
    unity = _demand_one_speaker(speech, encoder, where)
    return ReferenceFacts(
        path=path,
        sha256=_digest(path),
        sample_rate=whole.sample_rate,
        channels=whole.channels,
        duration_s=round(whole.duration_s, 3),
        speech_s=round(speech_s, 3),
        peak_dbfs=round(peak_dbfs, 2),
        clipped_share=clipped,
        snr_db=round(snr_db, 1),
        unity=round(unity, 3),
        embedding=mean_embedding(encoder.windows(speech)),
    )


def _demand_level(audio: Audio, where: str) -> tuple[float, float]:
    """Highest sample in dBFS and share of clipped ones, if it is long and loud enough and not clipped."""
    samples = audio.to_mono().samples[:, 0]
    if not np.isfinite(samples).all():
        raise AudioError("it holds samples that are no numbers", where=where, hint="export it again")
    if audio.duration_s < LEAST_SPEECH_S:
        raise _too_short(f"it is {audio.duration_s:.1f} s long", where)
    peak_dbfs = decibels(float(np.max(np.abs(samples))))
    if peak_dbfs < SILENT_DBFS:
        message = f"it is silent: no sample is above {peak_dbfs:.0f} dBFS"
        raise AudioError(message, where=where, hint="record it again, nearer to the microphone")
    clipped = clipped_share(samples)
    if clipped > CLIPPED_SHARE:
        message = f"it is clipped: {clipped:.2%} of its samples are cut off at the top"
        raise AudioError(message, where=where, hint="record it again with less gain")
    return peak_dbfs, clipped


def _demand_quiet(heard: Samples, where: str) -> float:
    """How far speech is above the noise, in dB, if that is far enough."""
    snr_db = speech_to_noise_db(heard)
    if snr_db < LEAST_SNR_DB:
        message = f"it is noisy: speech is {snr_db:.0f} dB above what sounds between the words"
        hint = f"{LEAST_SNR_DB:.0f} dB are needed; record it in a quiet room, without music"
        raise AudioError(message, where=where, hint=hint)
    return snr_db


def _demand_one_speaker(speech: Samples, encoder: SpeakerEncoder, where: str) -> float:
    """How alike its halves are, if that is alike enough for one person."""
    # A window that is padded at its end differs for no fault of the speaker.
    full = 1 + (speech.size // HOP_SAMPLES - WINDOW_FRAMES) // SPREAD_STEP_FRAMES
    unity = unity_of(encoder.windows(speech, SPREAD_STEP_FRAMES)[:full])
    if unity < ONE_SPEAKER:
        message = f"two people seem to speak in it: its parts are {unity:.2f} alike, one voice is above"
        raise AudioError(f"{message} {ONE_SPEAKER}", where=where, hint="cut out what one person says")
    return unity


def clipped_share(samples: Samples) -> float:
    """How many of float32 (samples,) lie in flat tops: three or more in a row at the highest value."""
    if samples.size < 3:
        return 0.0
    level = np.abs(samples)
    at_top = level >= np.max(level) * TOP_SHARE
    flat = at_top[2:] & at_top[1:-1] & at_top[:-2]
    return float(np.count_nonzero(flat) / samples.size)


def speech_to_noise_db(samples: Samples) -> float:
    """How far speech lies above what sounds between words, in dB: 0 for noise alone or a steady tone.

    The louder half of the frames against the quietest twentieth, both inside of speech: pauses that were
    cut to silence say nothing of the noise behind the words.

    Args:
        samples: float32 (samples,) at 16 kHz.
    """
    powers = frame_powers(samples)
    powers = powers[smoothed(speech_frames(powers))]
    if powers.size == 0:
        return 0.0
    ordered = np.sort(powers)
    noise = float(np.mean(ordered[: max(1, int(ordered.size * QUIET_SHARE))]))
    speech = float(np.mean(ordered[ordered.size // 2 :])) - noise
    return 10.0 * float(np.log10(max(speech, 1e-12) / max(noise, 1e-12)))


def unity_of(windows: Embedding) -> float:
    """How alike are the two groups into which (n, 256) windows fall best; 1.0 for fewer than four windows.

    Source: k-means with two centers (Lloyd 1982), begun at the two windows that are least alike.
    """
    if len(windows) < LEAST_WINDOWS:
        return 1.0
    alike = windows @ windows.T
    first, second = np.unravel_index(int(np.argmin(alike)), alike.shape)
    centers = np.stack([windows[first], windows[second]])
    for _ in range(SPREAD_ROUNDS):
        nearest = np.argmax(windows @ centers.T, axis=1)  # (windows,)
        if nearest.min() == nearest.max():
            return 1.0
        centers = np.stack([mean_embedding(windows[nearest == group]) for group in (0, 1)])
    return similarity(centers[0], centers[1])


def _too_short(found: str, where: str) -> AudioError:
    hint = f"at least {LEAST_SPEECH_S:.0f} s of speech are needed, {BEST_S:.0f} s are better"
    return AudioError(f"it is too short: {found}", where=where, hint=hint)


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}", where=str(path)) from error
