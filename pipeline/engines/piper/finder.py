"""Piper voices of the user's own: `NAME.onnx` beside `NAME.onnx.json` in a folder of $FULLCAST_PIPER_VOICES.

`piper/NAME` is the voice, `piper/NAME/SPEAKER` one of a voice of several speakers. Each is a model of its
own: its file is hashed, so that a take's key changes with what is in it and not with where it lies.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.engines.piper.config import PiperConfig, read_config
from pipeline.errors import UsageError, did_you_mean
from pipeline.hashing import digest_file

_log = logging.getLogger(__name__)

FOLDERS_VARIABLE = "FULLCAST_PIPER_VOICES"


def find(engine: str, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The voice and its model; None if no folder has it.

    Raises:
        UsageError: a folder is missing, a config is none or not there, the voice has no such speaker.
    """
    stem, _, speaker = name.partition("/")
    path = dict(_files()).get(stem)
    if path is None:
        _demand_no_half(stem)
        return None
    config = read_config(_config_path(path))
    if speaker and speaker not in _speakers(config):
        hint = did_you_mean(speaker, _speakers(config))
        raise UsageError(f"voice '{engine}/{stem}' has no speaker '{speaker}'", hint=hint)
    model_id = f"{engine}@{stem}"
    files = [_file("voice.onnx", path), _file("voice.json", _config_path(path))]
    return {
        "voice": {"id": name, "language": config.bcp47, "model": model_id},
        "model": {
            "id": model_id,
            "version": config.audio.quality or "1",
            "languages": [config.bcp47],
            "forms": [{"name": "own", "files": files}],
            "sample_rate": config.audio.sample_rate,
            "parameters": dict(parameters),
        },
    }


def voices(engine: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The voices in the user's folders; of one with several speakers, the voice alone."""
    found: list[Mapping[str, Any]] = []
    for stem, path in _files():
        config = read_config(_config_path(path))
        tags = [config.audio.quality or "own"]
        if config.num_speakers > 1:
            tags.append(f"{config.num_speakers} speakers")
        found.append({"id": stem, "language": config.bcp47, "model": f"{engine}@{stem}", "tags": tags})
    return found


def _demand_no_half(stem: str) -> None:
    """Nothing, if no folder has a network of this name.

    Raises:
        UsageError: one has, without a config.
    """
    for folder in _folders():
        path = folder / f"{stem}.onnx"
        if path.is_file():
            raise UsageError(
                f"this voice has no '{_config_path(path).name}' beside it",
                where=str(path),
                hint="put the config there that was published with it",
            )


def _folders() -> Iterator[Path]:
    """The user's folders, in order."""
    for name in filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)):
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise UsageError("there is no such folder", where=f"{FOLDERS_VARIABLE}={name}")
        yield folder


def _files() -> Iterator[tuple[str, Path]]:
    """Name and model file of each voice in the folders, in order; the first folder that has a name wins."""
    seen: set[str] = set()
    for folder in _folders():
        for path in sorted(folder.glob("*.onnx")):
            if path.stem in seen:
                continue
            if not _config_path(path).is_file():
                _log.warning("%s: left out: there is no '%s' beside it", path, _config_path(path).name)
            else:
                seen.add(path.stem)
                # Not resolved: a link may lead to a file of another name, with no config beside it.
                yield path.stem, path.absolute()


def _config_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _speakers(config: PiperConfig) -> list[str]:
    """Names of the speakers; their numbers where they have no names."""
    if config.num_speakers < 2:
        return []
    return list(config.speaker_id_map) or [str(number) for number in range(config.num_speakers)]


def _file(name: str, path: Path) -> dict[str, Any]:
    try:
        status = path.stat()
        sha256 = _sha256(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    return {"name": name, "sha256": sha256, "bytes": status.st_size, "sources": [{"local": str(path)}]}


@lru_cache(maxsize=256)
def _sha256(path: Path, *_fingerprint: int) -> str:
    """A file's digest; hashed again only when its size, time or inode is another."""
    return digest_file(path)
