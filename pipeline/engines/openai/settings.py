"""Where a speech server is and how it likes to be asked. The API key itself is never part of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import UsageError

SoundFormat = Literal["wav", "pcm", "flac", "mp3"]
# OpenAI's models of this family follow `instructions`; tts-1 and tts-1-hd do not.
# Source: developers.openai.com, Audio API reference, "Create speech".
INSTRUCTED_PREFIX = "gpt-4o"


class ServerSettings(BaseModel):
    """One model of one server.

    Attributes:
        base_url: what stands before `/audio/speech`.
        model: the server's own name of it.
        key_env: the variable of the environment that holds the API key; it may be unset.
        instructions: whether the model follows them; None asks its name.
        seed: whether the server takes a seed.
        format: what sound is asked for; any that can be read is taken.
        pcm_rate_hz: sample rate of `pcm`, which does not say its own.
        concurrency: requests at once.
        requests_per_minute: of all workers on this machine together; 0 is no limit.
        tries: how often a request is made before it has failed.
        timeout_s, timeout_s_per_character: how long one may take: the one, and more for a longer text.
        longest_wait_s: a server that asks for a longer wait than this has given up on us.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str
    model: str = Field(min_length=1)
    key_env: str = Field(min_length=1)
    instructions: bool | None = None
    seed: bool = False
    format: SoundFormat = "wav"
    pcm_rate_hz: int = Field(default=24_000, ge=8_000, le=192_000)
    concurrency: int = Field(default=4, ge=1, le=64)
    requests_per_minute: float = Field(default=0.0, ge=0)
    tries: int = Field(default=5, ge=1, le=20)
    timeout_s: float = Field(default=30.0, gt=0)
    timeout_s_per_character: float = Field(default=0.25, ge=0)
    longest_wait_s: float = Field(default=120.0, ge=0)

    @field_validator("base_url")
    @classmethod
    def _is_plain_url(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if parts.username or parts.password or parts.query or parts.fragment:
            # Keys and logs hold the address: a secret in it would be in every take.
            raise ValueError(
                "write it without user, password, '?' and '#'; the key has a variable of its own"
            )
        if not sound:
            raise ValueError(f"'{value}' is no address such as http://127.0.0.1:8880/v1")
        return value.rstrip("/")

    @property
    def place(self) -> str:
        """Host, port and path: what tells one server from another, without the usual `/v1`."""
        parts = urlsplit(self.base_url)
        return f"{parts.netloc.lower()}{parts.path}".removesuffix("/v1")

    @property
    def follows_instructions(self) -> bool:
        """Whether the model takes a direction in words."""
        if self.instructions is not None:
            return self.instructions
        return self.model.startswith(INSTRUCTED_PREFIX)

    def timeout_for(self, characters: int) -> float:
        """Seconds that a request may take for a text of so many characters."""
        return self.timeout_s + self.timeout_s_per_character * characters


def read_settings(parameters: Mapping[str, Any], model: str | None = None) -> ServerSettings:
    """The settings of a registry entry, with what the environment says instead.

    Args:
        parameters: of the entry; `environment` is how the variables' names begin.
        model: the server's model, if a voice names one.
    Raises:
        UsageError: a value is not of its kind; the message names the variable or key.
    """
    given = dict(parameters)
    prefix = str(given.pop("environment", ""))
    variables: dict[str, str] = {}
    for name in ServerSettings.model_fields:
        variable = f"{prefix}_{name.upper()}"
        if prefix and name != "key_env" and os.environ.get(variable):
            given[name], variables[name] = os.environ[variable].strip(), variable
    if model is not None:
        given["model"] = model
    try:
        return ServerSettings.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        key = str(fault["loc"][0]) if fault["loc"] else "parameters"
        said = str(fault["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{variables.get(key, key)}: {said}", where="speech server") from error
