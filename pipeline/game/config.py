"""The project file `fullcast-game.toml`: strict, so that a slip is found before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from pipeline.errors import did_you_mean
from pipeline.game.findings import CODES
from pipeline.game.formats.registry import FORMATS
from pipeline.game.line import Severity
from pipeline.game.stems import GameEngine
from pipeline.script.schema import DirectionForm, Label, Text, Unit

CONFIG_NAME = "fullcast-game.toml"
MOST_VARIANTS = 24
MOST_TAKES = 20
_TAKE_FOLDERS = ("Audio/Final", "Audio/Recorded", "Audio/Scratch", "Audio/TTS")

Locale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,16}([-_][A-Za-z0-9]{1,8})*$")]
Format = Annotated[str, AfterValidator(lambda name: _known(name, FORMATS, "format"))]
Code = Annotated[str, AfterValidator(lambda name: _known(name.upper(), CODES, "finding"))]
Count = Annotated[int, Field(ge=0)]
Takes = Annotated[int, Field(ge=1, le=MOST_TAKES)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _known(name: str, known: Any, what: str) -> str:
    if name in known:
        return name
    hint = did_you_mean(name, known)
    raise PydanticCustomError("name", "no {what} '{name}'", {"what": what, "name": name, "hint": hint})


class Form(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Columns = dict[
    Literal["id", "character", "text", "direction", "emotion", "locale", "audio", "notes"], str | list[str]
]
Delimiter = Annotated[str, Field(min_length=1, max_length=1)]


class SourceForm(Form):
    """One source: what it is and where, from the project's folder; wildcards are allowed.

    `strings` names Yarn's strings files by locale, for scripts that no Yarn project names; `delimiter` and
    `columns` are a table's.
    """

    format: Format
    path: Text
    locale: Locale | None = None
    strings: dict[str, Text] = {}
    delimiter: Delimiter | None = None
    columns: Columns = {}
    ai_use: Literal["allowed", "forbidden"] | None = None

    @model_validator(mode="after")
    def _of_its_format(self) -> SourceForm:
        formats = {"strings": "yarn", "delimiter": "table", "columns": "table"}
        for name, format in formats.items():
            if name in self.model_fields_set and self.format != format:
                hint = f"only a source of format '{format}' has it"
                raise PydanticCustomError("format", "no key '{key}' here", {"key": name, "hint": hint})
        return self


class TableForm(Form):
    """One table (CSV, TSV, JSONL); without `columns` its header names are matched."""

    path: Text
    format: Literal["csv", "tsv", "jsonl"] | None = None
    locale: Locale | None = None
    delimiter: Delimiter | None = None
    columns: Columns = {}
    ai_use: Literal["allowed", "forbidden"] | None = None


class VoiceForm(DirectionForm):
    """A character's voice with how it speaks unless a line says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    voice: Text


class EmotionForm(DirectionForm):
    """What a token of the game means to fullcast."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PointForm(Form):
    """A point in valence-arousal-dominance, written in place of a label."""

    valence: Unit
    arousal: Unit
    dominance: Unit = 0.0


def _emotion_kind(value: Any) -> str:
    """Which of its three forms an entry of `[emotions]` has: a slip in one is not told as one in another."""
    if not isinstance(value, dict):
        return "label"
    return PointForm.__name__ if {"valence", "arousal", "dominance"} & value.keys() else EmotionForm.__name__


EmotionEntry = Annotated[
    Annotated[Label, Tag("label")]
    | Annotated[EmotionForm, Tag("EmotionForm")]
    | Annotated[PointForm, Tag("PointForm")],
    Discriminator(_emotion_kind),
]


class VariantForm(Form):
    """What a placeholder is, when it is not a list of values: one thing to say, or nothing to render."""

    say: Text | None = None
    skip: bool = False

    @model_validator(mode="after")
    def _one(self) -> VariantForm:
        if self.skip == (self.say is not None):
            raise PydanticCustomError("one_of", "it needs 'say' or 'skip = true', one of the two")
        return self


class TakesForm(Form):
    """Recorded takes: where they lie, best first, and what happens to those made from an older text."""

    folders: Annotated[list[Text], Field(min_length=1)] = list(_TAKE_FOLDERS)
    recorded: list[Text] = ["Final", "Recorded"]
    stale: Literal["fail", "keep", "tts"] = "fail"
    lock: Text = "takes.lock.json"
    count: Takes = 1


class BarksForm(Form):
    """Which lines get more than one take; IDs and characters may hold `*`."""

    ids: list[Text] = []
    characters: list[Text] = []
    tags: list[Text] = []
    takes: Takes

    @model_validator(mode="after")
    def _some(self) -> BarksForm:
        if not (self.ids or self.characters or self.tags):
            raise PydanticCustomError("one_of", "it names no lines: give 'ids', 'characters' or 'tags'")
        return self


class BudgetForm(Form):
    """What a run may cost at most; beyond it `plan` and `render` stop with exit code 7."""

    characters: Count | None = None
    seconds: Amount | None = None
    cost: Amount | None = None


class LoudnessForm(Form):
    """Level and edges of each delivered file."""

    lufs: Annotated[float, Field(ge=-60, le=0)] = -23.0
    true_peak_dbtp: Annotated[float, Field(ge=-20, le=0)] = -1.0
    lead_ms: Annotated[float, Field(ge=0, le=5000)] = 50.0
    tail_ms: Annotated[float, Field(ge=0, le=5000)] = 150.0


class YarnForm(Form):
    """`[yarn]`: which commands set a character's face: argument of the character, of the value."""

    emotion_commands: dict[
        str, Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]
    ] = {}


class RenpyForm(Form):
    """`[renpy]`: what of a `show` counts, whose pictures they are, how identifiers were hashed."""

    show_attributes: bool = False
    images: dict[str, str] = {}
    tlid: Literal["say", "all"] | None = None
    tab: Text | None = None


class DinkForm(Form):
    """`[dink]`: which comments are direction, and whether unfinished lines are rendered, too."""

    direction_prefixes: list[str] = ["VO"]
    ignore_writing_status: bool = False


class FountainForm(Form):
    """`[fountain]`: what becomes of lyrics."""

    lyrics: Literal["speak", "skip"] = "skip"


class UnrealForm(Form):
    """`[unreal]`: the project's own file names."""

    filename_format: Text | None = None


class VisemesForm(Form):
    """`[visemes]`: the mouth shapes beyond A to F that the game has."""

    extended: list[Literal["G", "H", "X"]] = ["G", "H", "X"]


class GameConfig(Form):
    """The whole project file. `docs/game-project.md` and section by section above say what each key means."""

    engine: GameEngine
    name: Text | None = None
    sources: list[SourceForm] = []
    tables: list[TableForm] = []
    base_locale: Locale | None = None
    locales: list[Locale] | dict[str, Locale] = []
    locale_names: dict[str, Locale] = {}
    cast: list[Text] | None = None
    voices: dict[str, Text | VoiceForm]
    emotions: dict[str, EmotionEntry] = {}
    lint: dict[Code, Severity] = {}
    variants: dict[str, Annotated[list[Text], Field(min_length=1)] | VariantForm] = {}
    takes: Takes | TakesForm = TakesForm()
    barks: list[BarksForm] = []
    budget: BudgetForm = BudgetForm()
    costs: dict[str, Amount] = {}
    loudness: LoudnessForm = LoudnessForm()
    yarn: YarnForm = YarnForm()
    renpy: RenpyForm = RenpyForm()
    dink: DinkForm = DinkForm()
    fountain: FountainForm = FountainForm()
    unreal: UnrealForm = UnrealForm()
    render_options: bool = False
    visemes: bool | VisemesForm = False
    ai_use: Literal["allowed", "forbidden"] = "allowed"
    consent: Text | None = None
    pack: Text = "voice-pack"
    store: Text | None = None
    seed: Count = 0

    @model_validator(mode="after")
    def _a_source(self) -> GameConfig:
        if not (self.sources or self.tables):
            hint = 'add sources = [{ format = "yarn", path = "..." }] or [[tables]]'
            raise PydanticCustomError("no_source", "the project names no source", {"hint": hint})
        return self

    @property
    def takes_form(self) -> TakesForm:
        """`takes`, whichever way it is written: `takes = 3` is the number of takes of every line."""
        return TakesForm(count=self.takes) if isinstance(self.takes, int) else self.takes

    @property
    def names_of_locales(self) -> dict[str, str]:
        """The engine's own name of a locale -> BCP 47."""
        given = self.locales if isinstance(self.locales, dict) else {}
        return {**given, **self.locale_names}


def read_config(path: Path) -> GameConfig:
    """The checked project file.

    Raises:
        UsageError: it cannot be read, is no TOML, or has keys or values that it must not have; all of them, a
            line each with its row.
    """
    from pipeline.game.config_file import parse_config

    return parse_config(GameConfig, path)
