"""The form of a registry file: models and voices, in the words of `engine.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.engines.engine_file import FileForm, Gender, ModelForm, Name, Sha256, Strict

REGISTRY_SCHEMA = 1
# A plus and a colon have a meaning in blends; a second slash would hide which word is the namespace.
VOICE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*/[^\s/:+][^/:+\n\r\t]*$"
MODEL_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*@[^\s/]+$"

FilePath = Annotated[str, Field(min_length=1, max_length=4000)]
VoiceId = Annotated[str, Field(pattern=VOICE_ID, max_length=200)]
ModelId = Annotated[str, Field(pattern=MODEL_ID, max_length=200)]


class RegistryModelForm(ModelForm):
    """A model. `engine` is the word before the `@` unless it is given; `files` is short for one form."""

    id: ModelId
    engine: Name | None = None
    files: list[FileForm] = []

    @model_validator(mode="after")
    def _one_way(self) -> RegistryModelForm:
        if self.files and self.forms:
            raise ValueError("a model has 'files' or 'forms', not both")
        return self

    @property
    def engine_name(self) -> str:
        """The engine that it runs in."""
        return self.engine or self.id.partition("@")[0]


class StateForm(Strict):
    """A file beside the registry that makes a voice what it is; its path is relative to the registry's."""

    file: FilePath
    sha256: Sha256
    bytes: int = Field(gt=0)


class ConsentFileForm(Strict):
    """The consent record of a person, and what was in it when the voice was added."""

    file: FilePath
    sha256: Sha256


class RegistryVoiceForm(Strict):
    """A voice: a name of the model's own (`speaker`), an `embedding`, or `reference` audio to clone.

    `file` is a state that was published with the model and has sources, as in `engine.yaml`. `synthetic` says
    that an embedding was made of nobody's voice, so that there is nobody to ask.
    """

    id: VoiceId
    model: str
    language: str
    gender: Gender | None = None
    tags: list[str] = []
    speaker: str | None = Field(default=None, min_length=1, max_length=200)
    embedding: StateForm | None = None
    reference: StateForm | None = None
    file: FileForm | None = None
    synthetic: bool = False
    consent: ConsentFileForm | None = None

    @model_validator(mode="after")
    def _one_state(self) -> RegistryVoiceForm:
        given = [name for name in ("embedding", "reference", "file") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"a voice has one state, not {' and '.join(given)}")
        if self.synthetic and self.reference is not None:
            raise ValueError("a voice with reference audio is somebody's: it cannot be synthetic")
        return self


class RegistryForm(Strict):
    """A whole registry file."""

    registry: Literal[1]
    models: list[RegistryModelForm] = []
    voices: list[RegistryVoiceForm] = []
