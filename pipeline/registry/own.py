"""Entries for files that a user has: a model's weights, a voice's recording, each with size and SHA-256."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.hashing import digest_file
from pipeline.registry.form import VOICE_ID

OWN_NAMESPACE = "mine"


@dataclass(frozen=True)
class OwnModel:
    """What a user says of a model whose files they have: `files` by the names that its engine knows."""

    id: str
    engine: str
    version: str
    languages: Sequence[str]
    files: Mapping[str, Path]
    licence: str | None = None
    hot: bool = False


@dataclass(frozen=True)
class OwnVoice:
    """What a user says of a voice of their own; the fields are those of a registry's voice."""

    id: str
    model: str
    language: str
    gender: str | None = None
    tags: Sequence[str] = ()
    speaker: str | None = None
    embedding: Path | None = None
    reference: Path | None = None
    synthetic: bool = False
    consent: Path | None = None


def voice_id(name: str) -> str:
    """The ID of a voice that a user calls `name`: `mine/grandpa` for `grandpa`.

    Raises:
        UsageError: it cannot be one.
    """
    whole = name if "/" in name else f"{OWN_NAMESPACE}/{name}"
    if re.fullmatch(VOICE_ID, whole) is None:
        hint = "write a word, or word/name; ':', '+' and a second '/' have a meaning in a cast"
        raise UsageError(f"'{name}' cannot be a voice's name", hint=hint)
    return whole


def model_entry_of(model: OwnModel, folder: Path) -> dict[str, Any]:
    """The model in the words of a registry file that lies in `folder`.

    Raises:
        UsageError: a file cannot be read, or is empty.
    """
    entry: dict[str, Any] = {
        "id": model.id,
        "engine": model.engine,
        "version": model.version,
        "languages": list(model.languages),
        "licence": model.licence,
        "hot": model.hot or None,
        "files": [
            {"name": name, **_sealed(path), "sources": [{"local": _written(path, folder)}]}
            for name, path in model.files.items()
        ],
    }
    return {key: value for key, value in entry.items() if value not in (None, [])}


def voice_entry_of(voice: OwnVoice, folder: Path) -> dict[str, Any]:
    """The voice in the words of a registry file that lies in `folder`.

    Raises:
        UsageError: a file cannot be read, or is empty.
    """
    entry: dict[str, Any] = {
        "id": voice.id,
        "model": voice.model,
        "language": voice.language,
        "gender": voice.gender,
        "tags": list(voice.tags),
        "speaker": voice.speaker,
        "embedding": _state(voice.embedding, folder),
        "reference": _state(voice.reference, folder),
        "synthetic": voice.synthetic or None,
    }
    if voice.consent is not None:
        sealed = {"sha256": _sealed(voice.consent)["sha256"]}
        entry["consent"] = {"file": _written(voice.consent, folder), **sealed}
    return {key: value for key, value in entry.items() if value not in (None, [])}


def _state(path: Path | None, folder: Path) -> dict[str, Any] | None:
    return None if path is None else {"file": _written(path, folder), **_sealed(path)}


def _sealed(path: Path) -> dict[str, Any]:
    try:
        size_bytes, sha256 = path.stat().st_size, digest_file(path)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if not size_bytes:
        raise UsageError("the file is empty", where=str(path))
    return {"sha256": sha256, "bytes": size_bytes}


def _written(path: Path, folder: Path) -> str:
    """The path as the registry has it: relative where the file lies in its folder, so that both can move."""
    absolute, folder = path.absolute(), folder.absolute()
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else str(absolute)
