"""Voices of a speech server: any name may be one, since only the server knows which it has.

`openai/alloy` is the voice `alloy` of the server's usual model, `openai/alloy@gpt-4o-mini-tts` that of
another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.engines.openai.settings import ServerSettings, read_settings

# The names that OpenAI's own server has and that most others answer to; for lists only.
# Source: developers.openai.com, Audio API reference, "Create speech", `voice`.
USUAL_NAMES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer",
    "verse",
)  # fmt: skip


def find(engine: str, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The voice and its model; no server is asked whether it has them.

    Raises:
        UsageError: a setting is wrong.
    """
    voice, model = split_name(name)
    if not voice:
        return None
    settings = read_settings(parameters, model)
    model_id = _model_id(engine, settings)
    return {
        "voice": {"id": name, "language": "*", "model": model_id},
        "model": {
            "id": model_id,
            "version": settings.model,
            "languages": ["*"],
            "parameters": settings.model_dump(),
            "emotion_level": "native" if settings.follows_instructions else "prosody",
        },
    }


def voices(engine: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The usual names, for lists."""
    settings = read_settings(parameters)
    model_id = _model_id(engine, settings)
    tags = [f"a usual name; others are the affair of {settings.place}"]
    return [{"id": name, "language": "*", "model": model_id, "tags": tags} for name in USUAL_NAMES]


def split_name(name: str) -> tuple[str, str | None]:
    """The server's name of the voice, and of the model if one is named: `alloy@tts-1-hd`."""
    voice, at, model = name.strip().partition("@")
    return voice, model if at and model else None


def _model_id(engine: str, settings: ServerSettings) -> str:
    """Changes with the server, its model and what else is heard, so that another one gives another take."""
    marks = ["mp3"] if settings.format == "mp3" else []
    if settings.instructions is not None:
        marks.append("instructed" if settings.instructions else "uninstructed")
    return "+".join([f"{engine}@{settings.model}@{settings.place}", *marks])
