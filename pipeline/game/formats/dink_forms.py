"""What DinkCompiler reads and writes as JSON: the project, the characters, the structure of all beats.

Source: dink:csharp/SharedTool/ProjectSettings.cs, csharp/DinkCompiler/Characters.cs, csharp/Dink/Dink.cs. The
serializer there passes over unknown keys, and so do these forms.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from pipeline.errors import UsageError

DEFAULT_LOCALE = "en-GB"


class _AnyCase(BaseModel):
    """Keys in any case, as the project's settings are read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _lower(cls, data: Any) -> Any:
        return {str(key).lower(): value for key, value in data.items()} if isinstance(data, dict) else data


class WritingStatus(_AnyCase):
    """One status of `#ws:`; only with `record` is a line recorded."""

    status: str = "Unknown"
    wstag: str = ""
    record: bool = False


class AudioStatus(_AnyCase):
    """One folder of sound files."""

    status: str = "Unknown"
    folder: str = ""
    recorded: bool = False


class DinkProject(_AnyCase):
    """`dink.dinkproj`."""

    source: str = ""
    destfolder: str = ""
    defaultlocalecode: str = DEFAULT_LOCALE
    ignorewritingstatus: bool = False
    writingstatus: list[WritingStatus] = []
    audiostatus: list[AudioStatus] = []

    def records(self, tag: str) -> bool:
        """Whether lines with this status (empty: none) are to be recorded.

        Source: dink:csharp/DinkCompiler/WritingStatuses.cs (GetDefinitionByTag), VoiceLines.cs.
        """
        if not self.writingstatus or self.ignorewritingstatus:
            return True
        return next((status.record for status in self.writingstatus if status.wstag == tag), False)


class CharacterForm(BaseModel):
    """One character of `characters.json`."""

    model_config = ConfigDict(extra="ignore", strict=True)
    ID: str
    Actor: str | None = None
    TTSVoice: str | None = None


class OriginForm(BaseModel):
    """Where a beat stands: file relative to the project, row from 1."""

    model_config = ConfigDict(extra="ignore", strict=True)
    SourceFilePath: str = ""
    LineNum: int = 0


class BeatForm(BaseModel):
    """A line or an action."""

    model_config = ConfigDict(extra="ignore", strict=True)
    Type: Literal["Line", "Action"]
    LineID: str = ""
    Text: str = ""
    CharacterID: str = ""
    Qualifier: str | None = ""
    Direction: str | None = ""
    Origin: OriginForm = OriginForm()
    Comments: list[str] = []
    Tags: list[str] = []


class SnippetForm(BaseModel):
    """Beats that follow each other without a branch."""

    model_config = ConfigDict(extra="ignore", strict=True)
    Beats: list[BeatForm] = []


class BlockForm(BaseModel):
    """A stitch; the part before the first one has no ID."""

    model_config = ConfigDict(extra="ignore", strict=True)
    BlockID: str = ""
    Snippets: list[SnippetForm] = []


class SceneForm(BaseModel):
    """A knot."""

    model_config = ConfigDict(extra="ignore", strict=True)
    SceneID: str
    Blocks: list[BlockForm] = []


STRUCTURE = TypeAdapter(list[SceneForm])
CHARACTERS = TypeAdapter(list[CharacterForm])
STRINGS = TypeAdapter(dict[str, str])
PROJECT = TypeAdapter(DinkProject)
Form = TypeVar("Form")


def checked(adapter: TypeAdapter[Form], data: Any, where: str) -> Form:
    """Data as the form that it must have.

    Raises:
        UsageError: it has another one; with the first place where.
    """
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise _misfit(error, where) from error


def checked_json(adapter: TypeAdapter[Form], text: str, where: str) -> Form:
    """JSON without comments as the form that it must have, in one pass.

    Raises:
        UsageError: it is no JSON, or has another form.
    """
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise _misfit(error, where) from error


def _misfit(error: ValidationError, where: str) -> UsageError:
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    return UsageError(
        f"{path + ': ' if path else ''}{first['msg']}", where, "write it again with DinkCompiler"
    )
