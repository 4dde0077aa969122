"""What may stand in a YAML script: strict models of lines and chapters, and the JSON Schema of all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.script.schema import (
    RESERVED_NAMES,
    SCHEMA_VERSION,
    BookForm,
    CharacterForm,
    Form,
    LexiconForm,
    PacingForm,
    PauseForm,
    SoundForm,
    SpeechForm,
    Text,
)


class NamedLineForm(SpeechForm):
    """The body of `Name: {text: ...}`."""

    text: Text


class LineForm(NamedLineForm):
    """A line written out; the narrator's without `character`."""

    character: Text | None = None


class SoundLineForm(Form):
    """A sound cue among the lines; a file's name alone is enough."""

    sound: SoundForm | Text


CueName = Annotated[Literal["scene break"], Field(description="a change of place or time")]


class _NoReservedKeys:
    """Says in the JSON Schema that a cue or a written-out line is not a character's name."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        schema: dict[str, Any] = handler(core)
        return {**schema, "not": {"anyOf": [{"required": [name]} for name in RESERVED_NAMES]}}


NamedLine = Annotated[
    dict[str, NamedLineForm | Text],
    Field(min_length=1, max_length=1, description="a character's name with its text"),
    _NoReservedKeys,
]


class ChapterForm(Form):
    """A chapter with its lines here."""

    title: Text | None = None
    lines: list[CueName | PauseForm | SoundLineForm | LineForm | NamedLine | Text]


class ChapterFileForm(Form):
    """A chapter kept in its own file."""

    file: Text
    title: Text | None = None


class ScriptForm(Form):
    """A whole script in YAML."""

    fullcast: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    book: BookForm
    cast: dict[str, CharacterForm | Text] | Text
    lexicon: dict[str, LexiconForm | Text] | Text = {}
    pacing: PacingForm = PacingForm()
    chapters: Annotated[list[ChapterForm | ChapterFileForm], Field(min_length=1)]


def script_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a YAML script."""
    schema = ScriptForm.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "fullcast script"
    return schema
