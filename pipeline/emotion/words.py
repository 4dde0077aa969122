"""The word lists of this room, read once and checked; nothing is read before a line asks for inference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.direction import LABEL_POINTS

_VOWELS = "aeiou"
ListT = TypeVar("ListT", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WordGroup(_Strict):
    """Words of one label: `words` are inflected by rule, `forms` stand for themselves."""

    label: str
    confidence: float = Field(ge=0.0, le=1.0)
    intensity: float = Field(default=1.0, gt=0.0, le=1.0)
    strengthened: bool = False
    words: str = ""
    forms: str = ""

    @field_validator("label")
    @classmethod
    def _known(cls, label: str) -> str:
        if label not in LABEL_POINTS:
            raise ValueError(f"no emotion '{label}'")
        return label


class PatternGroup(_Strict):
    """Regular expressions of one label."""

    label: str
    confidence: float = Field(ge=0.0, le=1.0)
    intensity: float = Field(default=1.0, gt=0.0, le=1.0)
    needs_mark: bool = False
    patterns: tuple[str, ...]

    _known = field_validator("label")(WordGroup._known.__func__)  # type: ignore[attr-defined]


class EnglishNarration(_Strict):
    """`words/english_narration.yaml`."""

    verbs: tuple[WordGroup, ...]
    tag_verbs: tuple[WordGroup, ...]
    loud_verbs: str
    speech_verbs: str
    speech_forms: str
    adverbs: tuple[WordGroup, ...]
    of_hands: str
    adjectives: tuple[WordGroup, ...]
    nouns: tuple[WordGroup, ...]
    phrases: tuple[PatternGroup, ...]
    ironic: str
    unreal: str
    negations: str
    slightly: str


class EnglishWords(_Strict):
    """`words/english_words.yaml`."""

    reports: tuple[WordGroup, ...]
    interjections: tuple[PatternGroup, ...]
    phrases: tuple[PatternGroup, ...]
    hostile: tuple[str, ...]
    ironic: tuple[str, ...]
    conditional: str
    reported: str
    negated: str
    glad: float
    empty: str


class ChineseNarration(_Strict):
    """`words/chinese_narration.yaml`."""

    cues: tuple[WordGroup, ...]
    tags: tuple[WordGroup, ...]
    patterns: tuple[PatternGroup, ...]
    loud: str
    speech: str
    people: str
    negations: tuple[str, ...]
    not_negations: str
    other_senses: str
    unreal: str
    past: str
    ironic: str
    slightly: str


class ChineseWords(_Strict):
    """`words/chinese_words.yaml`."""

    reports: tuple[WordGroup, ...]
    interjections: tuple[PatternGroup, ...]
    phrases: tuple[PatternGroup, ...]
    hostile: str
    ironic: tuple[str, ...]
    conditional: str
    reported: str
    past: str
    negations: tuple[str, ...]
    not_negations: str
    degrees: dict[str, float]
    good: dict[int, str]
    bad: dict[int, str]
    glad: float


@cache
def english_narration() -> EnglishNarration:
    """How English narration tells of feeling."""
    return _read("english_narration.yaml", EnglishNarration)


@cache
def english_words() -> EnglishWords:
    """What a speaker's own English words tell."""
    return _read("english_words.yaml", EnglishWords)


@cache
def chinese_narration() -> ChineseNarration:
    """How Chinese narration tells of feeling."""
    return _read("chinese_narration.yaml", ChineseNarration)


@cache
def chinese_words() -> ChineseWords:
    """What a speaker's own Chinese words tell."""
    return _read("chinese_words.yaml", ChineseWords)


def verb_forms(word: str) -> Iterator[str]:
    """Third person, past and participle of a regular English verb; `sob+` doubles its last letter."""
    doubled = word.endswith("+")
    stem = word.removesuffix("+")
    if doubled:
        yield from (f"{stem}s", f"{stem}{stem[-1]}ed", f"{stem}{stem[-1]}ing")
    elif stem.endswith("e"):
        yield from (f"{stem}s", f"{stem}d", f"{stem.removesuffix('e')}ing")
    elif stem.endswith("y") and stem[-2] not in _VOWELS:
        yield from (f"{stem[:-1]}ies", f"{stem[:-1]}ied", f"{stem}ing")
    else:
        ending = "es" if stem.endswith(("s", "sh", "ch", "x", "z")) else "s"
        yield from (f"{stem}{ending}", f"{stem}ed", f"{stem}ing")


def by_word(groups: Iterable[WordGroup], *, verbs: bool = False) -> dict[str, WordGroup]:
    """The group of each word, or of each form of a verb."""
    found: dict[str, WordGroup] = {}
    for group in groups:
        for word in group.words.split():
            for form in verb_forms(word) if verbs else (word,):
                found[form] = group
        for form in group.forms.split():
            found[form] = group
    return found


def compiled(groups: Iterable[PatternGroup], frame: str = "{}") -> list[tuple[re.Pattern[str], PatternGroup]]:
    """Each group's patterns as one expression, case ignored; `frame` is what stands around it."""
    return [
        (re.compile(frame.format("(?:" + "|".join(group.patterns) + ")"), re.IGNORECASE), group)
        for group in groups
    ]


def _read(name: str, form: type[ListT]) -> ListT:
    raw: Any = yaml.safe_load((files(__package__) / "words" / name).read_text("utf-8"))
    return form.model_validate(raw)
