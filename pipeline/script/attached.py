"""Files that a script names beside its text, read as its book will read them: sounds and the cover."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import AudioError, UsageError

if TYPE_CHECKING:
    from av import AudioFrame

# A sound is held in memory while it is heard; longer ones are programmes of their own.
LONGEST_SOUND_S = 600.0
SOUND_KINDS = "WAV, FLAC, MP3, Ogg and M4A are known"
# FLAC keeps a picture in one metadata block of 24 bits length.
HARD_LIMIT_BYTES = (1 << 24) - 1024
MIMES = {"JPEG": "image/jpeg", "PNG": "image/png"}
PICTURE_KINDS = "JPEG and PNG are known"


@dataclass(frozen=True)
class Picture:
    """A picture's bytes as they lie in its file, its kind by Pillow's name, colors, and width and height."""

    data: bytes
    kind: str
    mode: str
    size_px: tuple[int, int]


def decoded_sound(file: Path) -> Iterator[AudioFrame]:
    """The frames of a sound file as FFmpeg decodes them.

    Raises:
        AudioError: it cannot be read, or there is no sound in it.
    """
    import av

    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise AudioError("there is no sound in this file", str(file), SOUND_KINDS)
            yield from container.decode(audio=0)
    except (OSError, av.error.FFmpegError) as error:
        raise AudioError(f"cannot read sound: {error.strerror or error}", str(file), SOUND_KINDS) from error


def demand_sound(file: Path) -> None:
    """Nothing, if the file begins as a sound that can be decoded; what comes later in it is not looked at.

    Raises:
        AudioError: it does not.
    """
    if _is_plain_wav(file):
        return
    frames = decoded_sound(file)
    try:
        if next(frames, None) is None:
            raise AudioError("there is no sound in this file", str(file), SOUND_KINDS)
    finally:
        frames.close()  # type: ignore[attr-defined]


def _is_plain_wav(file: Path) -> bool:
    """Whether it is a WAV of whole samples: told without FFmpeg, whose import takes longer than a check."""
    import wave

    try:
        with wave.open(str(file), "rb") as sound:
            return bool(sound.readframes(1))
    except (OSError, EOFError, wave.Error):
        return False


def read_picture(file: Path) -> Picture:
    """The picture in a file, unchanged; decoded once, so that a damaged one is found.

    Raises:
        UsageError: no such file, no JPEG or PNG, damaged, or too heavy to be stored in a FLAC file.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        data = file.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            picture = Picture(data, image.format or "?", image.mode, image.size)
    except UnidentifiedImageError as error:
        raise UsageError("cover is no picture", str(file), PICTURE_KINDS) from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # a broken PNG is a SyntaxError
        raise UsageError(f"cover cannot be read: {error}", str(file)) from error
    if picture.kind not in MIMES:
        raise UsageError(f"cover is {picture.kind}", str(file), PICTURE_KINDS)
    if len(data) > HARD_LIMIT_BYTES:
        raise UsageError(f"cover has {len(data)} bytes, {HARD_LIMIT_BYTES} fit into a file", str(file))
    return picture
