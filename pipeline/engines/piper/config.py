"""What a Piper voice's own JSON file says of it, as far as fullcast asks."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UsageError

# espeak's names of languages that are others in BCP 47.
_LANGUAGES = {"cmn": "zh"}


class _Loose(BaseModel):
    """The file is not ours: what it says beyond this is its own affair."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Sound(_Loose):
    sample_rate: int = Field(ge=8_000, le=96_000)
    quality: str | None = None


class _Espeak(_Loose):
    voice: str = "en-us"


class _Inference(_Loose):
    noise_scale: float = Field(default=0.667, ge=0)
    length_scale: float = Field(default=1.0, gt=0)
    noise_w: float = Field(default=0.8, ge=0)


class _Language(_Loose):
    code: str | None = None


class PiperConfig(_Loose):
    """A voice's sample rate, language, usual settings, speakers, and which phonemes it knows."""

    audio: _Sound
    espeak: _Espeak = _Espeak()
    inference: _Inference = _Inference()
    language: _Language = _Language()
    phoneme_type: str = "espeak"
    phoneme_id_map: dict[str, list[int]] = Field(min_length=1)
    speaker_id_map: dict[str, int] = {}
    num_speakers: int = 1

    @property
    def bcp47(self) -> str:
        """The language, lower case: `en-us`."""
        code = (self.language.code or self.espeak.voice).replace("_", "-").lower()
        return _LANGUAGES.get(code, code)


def read_config(path: Path) -> PiperConfig:
    """The config in a `.onnx.json` file.

    Raises:
        UsageError: it cannot be read, or is not a Piper voice's.
    """
    try:
        return PiperConfig.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(step) for step in fault["loc"])
        raise UsageError(f"not the file of a Piper voice: {place}: {fault['msg']}", str(path)) from error
    except ValueError as error:
        raise UsageError(f"no JSON: {error}", where=str(path)) from error
