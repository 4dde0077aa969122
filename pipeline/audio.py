"""Sound in memory: one type, how it is read, written and brought to another sample rate."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import AudioError

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Audio:
    """Sound: `samples` float32 (samples, channels), full scale -1..1, at `sample_rate` Hz."""

    samples: Samples
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise AudioError(
                f"audio must be float32 (samples, channels), not {self.samples.dtype} {self.samples.shape}"
            )

    @property
    def length_samples(self) -> int:
        """How many samples there are in each channel."""
        return int(self.samples.shape[0])

    @property
    def channels(self) -> int:
        """1 is mono, 2 is stereo."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.length_samples / self.sample_rate

    @classmethod
    def mono(cls, samples: npt.ArrayLike, sample_rate: int) -> Audio:
        """Audio of one channel from a one-dimensional array."""
        return cls(np.asarray(samples, dtype=np.float32).reshape(-1, 1), sample_rate)

    def to_mono(self) -> Audio:
        """The mean of all channels (so two equal channels keep their sample values)."""
        if self.channels == 1:
            return self
        return Audio(self.samples.mean(axis=1, keepdims=True, dtype=np.float32), self.sample_rate)


def read_audio(path: Path) -> Audio:
    """The sound in a file that libsndfile knows (WAV, FLAC, Ogg, MP3).

    Raises:
        AudioError: no such file, or no sound in it.
    """
    return _read(path, str(path))


def decode_audio(data: bytes, where: str) -> Audio:
    """The sound in the bytes of such a file; `where` names it in an error.

    Raises:
        AudioError: there is no sound in it.
    """
    return _read(io.BytesIO(data), where)


def _read(source: Path | io.BytesIO, where: str) -> Audio:
    import soundfile

    try:
        samples, sample_rate = soundfile.read(source, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        if isinstance(source, Path) and not source.exists():
            raise AudioError("there is no such file", where=where) from error
        raise AudioError(f"cannot read sound: {error}", where=where) from error
    return Audio(samples, int(sample_rate))


def encode_flac(audio: Audio, bits: int = 24) -> bytes:
    """The sound as FLAC, 24 or 16 bits; equal audio gives equal bytes. Values outside -1..1 are clipped."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, audio.samples, audio.sample_rate, format="FLAC", subtype=f"PCM_{bits}")
    return buffer.getvalue()


def resample(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at `sample_rate` Hz (windowed sinc, torchaudio); unchanged if it is there already."""
    if audio.sample_rate == sample_rate:
        return audio
    if audio.length_samples == 0:
        return Audio(audio.samples, sample_rate)
    import torch
    from torchaudio.functional import resample as sinc_resample

    channels_first = torch.from_numpy(np.ascontiguousarray(audio.samples.T))  # (channels, samples)
    resampled = sinc_resample(channels_first, audio.sample_rate, sample_rate)
    return Audio(np.ascontiguousarray(resampled.numpy().T), sample_rate)
