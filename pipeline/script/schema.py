"""What may stand in a script's head and directions: strict models, the same for YAML and Markdown."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.direction import AUTO, GAIN_RANGE_DB, LABEL_POINTS, PITCH_RANGE_SEMITONES, RATE_RANGE
from pipeline.errors import did_you_mean

SCHEMA_VERSION = 1
ID_PATTERN = r"^[A-Za-z0-9._-]+$"
LANGUAGE_PATTERN = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
SCENE_BREAK = "scene break"
# Keys of a line's mapping, and so no names for characters.
RESERVED_NAMES = ("pause", "sound", "text", "character", SCENE_BREAK)


def _known_label(label: str) -> str:
    folded = label.strip().casefold()
    if folded in LABEL_POINTS or folded == AUTO:
        return folded
    hint = did_you_mean(folded, [*LABEL_POINTS, AUTO])
    raise PydanticCustomError("label", "no emotion '{label}'", {"label": label, "hint": hint})


def _emotion_kind(value: Any) -> str:
    return "label" if isinstance(value, str) else "point"


def _visible(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "there is no text", {"hint": "write what is to be said"})
    return text


# Editors read `title: 1984` as a number; fullcast takes every scalar as the text that is written.
Text = Annotated[
    str, AfterValidator(_visible), WithJsonSchema({"type": ["string", "number", "boolean"], "minLength": 1})
]
Label = Annotated[
    str,
    AfterValidator(_known_label),
    WithJsonSchema({"type": "string", "enum": sorted([*LABEL_POINTS, AUTO])}),
]
Language = Annotated[str, Field(pattern=LANGUAGE_PATTERN), AfterValidator(str.lower)]
LineId = Annotated[
    str,
    Field(pattern=ID_PATTERN, max_length=100),
    WithJsonSchema({"type": ["string", "integer"], "pattern": ID_PATTERN}),
]
Unit = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)]
Gain = Annotated[float, Field(ge=GAIN_RANGE_DB[0], le=GAIN_RANGE_DB[1], allow_inf_nan=False)]


class Form(BaseModel):
    """Unknown keys are errors: a slip of the pen must not be dropped."""

    # Built at first use: a check needs few of the models.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class EmotionPoint(Form):
    """A point in valence-arousal-dominance."""

    valence: Unit
    arousal: Unit
    dominance: Unit = 0.0


Feeling = Annotated[
    Annotated[Label, Tag("label")] | Annotated[EmotionPoint, Tag("point")], Discriminator(_emotion_kind)
]


class DirectionForm(Form):
    """How something is to be said."""

    emotion: Feeling | None = None
    intensity: Share | None = None
    rate: (
        Annotated[
            float,
            Field(
                ge=RATE_RANGE[0],
                le=RATE_RANGE[1],
                allow_inf_nan=False,
                description="factor on the voice's speed; 1.2 is faster",
            ),
        ]
        | None
    ) = None
    pitch: (
        Annotated[float, Field(ge=PITCH_RANGE_SEMITONES[0], le=PITCH_RANGE_SEMITONES[1], allow_inf_nan=False)]
        | None
    ) = None
    gain: Gain | None = None
    style: Text | None = None


class SpeechForm(DirectionForm):
    """What may be said of a line beside its text."""

    id: LineId | None = None
    language: Language | None = None


def _choice_kind(value: Any) -> str:
    return "one" if isinstance(value, str) else "shares"


ModelShare = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ModelChoice = Annotated[
    Annotated[Text, Tag("one")] | Annotated[dict[Text, ModelShare], Field(min_length=1), Tag("shares")],
    Discriminator(_choice_kind),
]


class CharacterForm(DirectionForm):
    """One role; `model` says which version speaks it, or which share of its lines each of several does."""

    voice: Text
    model: ModelChoice | None = None
    aliases: list[Text] = []
    language: Language | None = None
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None


class BookForm(Form):
    """The title page; the keys are those of `Book`."""

    title: Text
    author: Text | None = None
    language: Language = "en-us"
    subtitle: Text | None = None
    narrator: Text | None = None
    series: Text | None = None
    series_part: Text | None = None
    publisher: Text | None = None
    year: Annotated[int, Field(ge=1, le=9999)] | None = None
    description: Text | None = None
    genre: Text = "Audiobook"
    isbn: Text | None = None
    asin: Text | None = None
    copyright: Text | None = None
    cover: Text | None = None
    announce_chapters: bool = True
    disclosure: Text | None = None
    disclose: bool = True


class PacingForm(Form):
    """Pauses in seconds by relation, the factor on them all, and how much they differ.

    `pace` is no speed: it stretches the pauses, so a larger one is a slower reading. How fast a voice speaks
    is the `rate` of a role or line, where a larger one is faster.
    """

    split: Seconds | None = None
    tag: Seconds | None = None
    sentence: Seconds | None = None
    speaker: Seconds | None = None
    paragraph: Seconds | None = None
    scene: Seconds | None = None
    title: Seconds | None = None
    head: Seconds | None = None
    tail: Seconds | None = None
    pace: (
        Annotated[
            float,
            Field(
                ge=0.25, le=4, allow_inf_nan=False, description="factor on all pauses; 1.2 is slower reading"
            ),
        ]
        | None
    ) = None
    vary: Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)] | None = None


class PauseForm(Form):
    """Silence of so many seconds."""

    pause: Seconds


class SoundForm(Form):
    """A sound file mixed in place."""

    file: Text
    gain: Annotated[float, Field(ge=-60, le=GAIN_RANGE_DB[1], allow_inf_nan=False)] = 0.0
    under: bool = False
    fade_in: Seconds = 0.0
    fade_out: Seconds = 0.0
    duck: Annotated[float, Field(ge=-60, le=0, allow_inf_nan=False)] = -8.0


class LexiconForm(Form):
    """A word's pronunciation, written out: one of the two."""

    phonemes: Text | None = None
    respelling: Text | None = None


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a YAML script, for editors."""
    # Half of all models are needed for this alone, and `fullcast check` would wait for them.
    from pipeline.script.schema_yaml import script_schema

    return script_schema()
