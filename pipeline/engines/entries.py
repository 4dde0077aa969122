"""What a catalogue holds: engines, models, forms of weights, voices. Frozen; read by `catalogue.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.direction import Level
from pipeline.engines.base import Capabilities
from pipeline.hashing import digest


@dataclass(frozen=True)
class HubSource:
    """A file of a model hub's repository, at a revision (its default branch if None)."""

    repository: str
    path: str
    revision: str | None = None


@dataclass(frozen=True)
class PypiSource:
    """Members of Python packages (`name==version`), joined in this order."""

    packages: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class NpmSource:
    """A member of an npm package (`name@version`)."""

    package: str
    path: str


@dataclass(frozen=True)
class LocalSource:
    """A file on this machine; `~` is the user's home."""

    path: str


Source = HubSource | PypiSource | NpmSource | LocalSource


@dataclass(frozen=True)
class WeightFile:
    """One file, named by what is in it: wherever it comes from, its SHA-256 is this one."""

    name: str
    sha256: str
    bytes: int
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Form:
    """One set of files that is enough to load a model."""

    name: str
    files: tuple[WeightFile, ...]


@dataclass(frozen=True)
class Part:
    """A part of a network that other models may have too: its name in the engine, what is in it, its size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Allows:
    """What a model's licence allows; None where nobody has said."""

    commercial: bool | None = None
    cloning: bool | None = None
    redistribution: bool | None = None


@dataclass(frozen=True)
class Environment:
    """What a program of its own needs that speaks a model: its Python, packages, how it is started."""

    python: str
    packages: tuple[str, ...]
    start: tuple[str, ...]


@dataclass(frozen=True)
class ModelEntry:
    """One version of one trained network; `forms` are alternatives in order of preference, () is none needed.

    `parameters` go to the engine as they are. `emotion_level`, `sample_rate`, `clones` and `licence` are None
    where those of the engine hold; `emotions` are labels, () is any. A `hot` model is loaded before any line
    is spoken; a `served` one is read by a server of the user's, so that its files need not be here. `origin`
    is the registry's file and row, None where an `engine.yaml` or a finder has it.
    """

    id: str
    engine: str
    version: str
    languages: tuple[str, ...]
    forms: tuple[Form, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    emotion_level: Level | None = None
    sample_rate: int | None = None
    emotions: tuple[str, ...] = ()
    clones: bool | None = None
    licence: str | None = None
    allows: Allows = Allows()
    parts: tuple[Part, ...] = ()
    hot: bool = False
    served: bool = False
    environment: Environment | None = None
    origin: str | None = None


# A published state came with the model; an embedding or reference audio is the user's own.
State = Literal["none", "published", "embedding", "reference"]


@dataclass(frozen=True)
class ConsentFile:
    """Where the record lies that says that a person lent their voice, and its SHA-256 when it was noted."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class VoiceEntry:
    """One voice: `id` is `engine/name`, `model` the ID of the model that speaks it, `file` its state.

    A voice of a registry may have any name before the slash; `name` is what the engine calls it, `state` what
    kind of file it has, `synthetic` that it was made of nobody's voice, `origin` the registry's file and row.
    """

    id: str
    engine: str
    name: str
    model: str
    language: str
    gender: str | None = None
    tags: tuple[str, ...] = ()
    file: WeightFile | None = None
    state: State = "none"
    synthetic: bool = False
    consent: ConsentFile | None = None
    origin: str | None = None


@dataclass(frozen=True)
class EngineEntry:
    """One engine as its `engine.yaml` says. `hidden` ones are listed only when asked for by name.

    `finder` is the module that knows voices which are not in `voices`; `origin` is what brought the engine.
    """

    name: str
    summary: str
    licence_code: str
    licence_weights: str
    module: str
    capabilities: Capabilities
    default_model: str
    models: tuple[ModelEntry, ...]
    voices: tuple[VoiceEntry, ...]
    variants: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict, hash=False)
    hidden: bool = False
    finder: str | None = None
    origin: str = "fullcast"


@dataclass(frozen=True)
class ResolvedVoice:
    """A voice or a blend as written, and the catalogue's voices with their shares, largest first.

    Shares add up to 1 to six decimals. `language` is that of the first part.
    """

    written: str
    engine: str
    model: str
    parts: tuple[tuple[VoiceEntry, float], ...]

    @property
    def language(self) -> str:
        """BCP 47, lower case."""
        return self.parts[0][0].language

    def digest(self) -> str:
        """What the voice sounds like, as a key: states by their SHA-256 (names where there is none), shares.

        Where the files lie, what the voice is called and how the blend was written do not matter.
        """
        return digest(sorted([_content(voice), weight] for voice, weight in self.parts))


def _content(voice: VoiceEntry) -> str:
    """What makes the voice sound as it does: state and variant, or the name where there is no state."""
    if voice.file is None:
        return f"{voice.engine}/{voice.name}"
    _, plus, variant = voice.name.partition("+")
    return voice.file.sha256 + plus + variant
