"""The bytes that a server sent, as sound. What they are, they say themselves; headers are often wrong."""

from __future__ import annotations

import io
import re

import numpy as np

from pipeline.audio import Audio

# A WAV that was made while it was sent does not know its length; these stand for "to the end".
_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)
_UNKNOWN_FROM = 0x7FFFF000
_HEADER_BYTES = 12
_RATE_IN_TYPE = re.compile(r"rate\s*=\s*(\d{4,6})")
# What has a beginning that tells it: RIFF/WAVE, FLAC, Ogg, MP3 with a tag. A frame of MP3 has 11 bits set.
_MARKS = {b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3"}


class SoundError(Exception):
    """What came is no sound that can be read, or only a part of it."""


def kind_of(data: bytes) -> str | None:
    """`wav`, `flac`, `ogg` or `mp3` by how the bytes begin; None if that tells nothing."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    for mark, kind in _MARKS.items():
        if data.startswith(mark):
            return kind
    # Frame sync, and neither the reserved layer nor the reserved version. Source: ISO/IEC 11172-3, 2.4.1.3.
    if (
        len(data) > 3
        and data[0] == 0xFF
        and data[1] & 0xE0 == 0xE0
        and data[1] & 0x06
        and data[1] & 0x18 != 8
    ):
        return "mp3"
    return None


def decode(data: bytes, content_type: str, pcm_rate_hz: int, pcm_asked: bool) -> Audio:
    """The sound, mono.

    Args:
        content_type: the answer's; says the rate of raw samples (`audio/l16; rate=16000`), if anything does.
        pcm_asked: bytes without a beginning of their own are raw samples, 16 bits little-endian, mono.
    Raises:
        SoundError: no sound, or cut short.
    """
    kind = None if pcm_asked and "pcm" in content_type else kind_of(data)
    if kind is None and pcm_asked:
        return _raw(data, content_type, pcm_rate_hz)
    if kind is None:
        raise SoundError("what came is neither WAV, FLAC, Ogg nor MP3")
    if kind == "wav":
        data = _whole_wav(data)
    import soundfile

    try:
        samples, sample_rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise SoundError(f"the {kind.upper()} cannot be read: {error}") from error
    return Audio(samples, int(sample_rate)).to_mono()


def _raw(data: bytes, content_type: str, rate_hz: int) -> Audio:
    said = _RATE_IN_TYPE.search(content_type)
    if len(data) % 2:
        raise SoundError(f"{len(data)} bytes are no whole number of samples")
    samples = np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768
    return Audio.mono(samples, int(said[1]) if said else rate_hz)


def _whole_wav(data: bytes) -> bytes:
    """The WAV with sizes that are true; a server that streams cannot know them when it begins.

    Raises:
        SoundError: fewer samples than its header promises.
    """
    position = _HEADER_BYTES
    while position + 8 <= len(data):
        name, size = (
            data[position : position + 4],
            int.from_bytes(data[position + 4 : position + 8], "little"),
        )
        there = len(data) - position - 8
        if name == b"data":
            if size in _UNKNOWN_SIZES or size >= _UNKNOWN_FROM:
                return _with_size(data, position + 4, there)
            if size > there:
                raise SoundError(f"the WAV ends after {there} of {size} bytes")
            return data
        position += 8 + size + size % 2
    raise SoundError("the WAV has no samples")


def _with_size(data: bytes, position: int, size: int) -> bytes:
    whole = bytearray(data)
    whole[position : position + 4] = size.to_bytes(4, "little")
    whole[4:8] = (len(data) - 8).to_bytes(4, "little")
    return bytes(whole)
