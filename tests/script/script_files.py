"""Real sounds and pictures, as small as they can be, to lie beside a script."""

import wave
from pathlib import Path


def write_sound(path: Path, frames: int = 800) -> Path:
    """A tenth of a second of silence, WAV, 8 kHz, 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * frames))
    return path


def write_picture(path: Path, kind: str = "JPEG") -> Path:
    """A picture of 8 x 8 pixels."""
    from PIL import Image

    Image.new("RGB", (8, 8), "navy").save(path, kind)
    return path
