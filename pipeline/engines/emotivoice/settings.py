"""Where the user's EmotiVoice lies and which Python runs its text front end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import UsageError

HOME_VARIABLE = "FULLCAST_EMOTIVOICE"
GENERATOR = "outputs/prompt_tts_open_source_joint/ckpt/g_00140000"
STYLE_ENCODER = "outputs/style_encoder/ckpt/checkpoint_163431"


class Settings(BaseModel):
    """One checkout with one pair of checkpoints.

    Attributes:
        home: folder of the checkout; None while the user has named none.
        python: the program that runs the checkout's text front end; None is the one that runs fullcast.
        generator, style_encoder: the checkpoints, from `home` on or absolute.
        frames_at_once: frames of 16 ms in one pass of decoder and vocoder, padding counted; 0 is one line
            at a time, which is fastest on a CPU; None leaves it to the device.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path | None = None
    python: str | None = None
    generator: str = Field(default=GENERATOR, min_length=1)
    style_encoder: str = Field(default=STYLE_ENCODER, min_length=1)
    frames_at_once: int | None = Field(default=None, ge=0)

    @field_validator("home")
    @classmethod
    def _is_whole_path(cls, value: Path | None) -> Path | None:
        # Workers run in folders of their own: a path from here on would lead elsewhere there.
        return None if value is None else value.expanduser().absolute()


def read_settings(parameters: Mapping[str, Any]) -> Settings:
    """The settings of a registry entry, with what the environment says instead.

    Args:
        parameters: of the entry; `environment` is the variable of `home`, and how the others' names begin.
    Raises:
        UsageError: a value is not of its kind; the message names the variable or key.
    """
    given = dict(parameters)
    prefix = str(given.pop("environment", ""))
    variables: dict[str, str] = {}
    for name in Settings.model_fields:
        variable = prefix if name == "home" else f"{prefix}_{name.upper()}"
        if prefix and os.environ.get(variable, "").strip():
            given[name], variables[name] = os.environ[variable].strip(), variable
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        key = str(fault["loc"][0]) if fault["loc"] else "parameters"
        raise UsageError(f"{variables.get(key, key)}: {fault['msg']}", where="engine emotivoice") from error
