"""Who says a run of text and how: directions as words become complete ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from pipeline.direction import BASE_POINTS, Direction, Emotion
from pipeline.errors import did_you_mean
from pipeline.script.model import NARRATOR, Character
from pipeline.script.schema import DirectionForm, SpeechForm
from pipeline.script.source import Findings
from pipeline.script.validate import read_values

# One token of a bracketed direction: key=value (quoted if it holds spaces), #id, or a bare word or number.
TOKEN = re.compile(
    r"""(?P<key>[A-Za-z_]+)=(?P<value>"[^"]*"|“[^”]*”|'[^']*'|[^\s,，;、]+)|(?P<bare>[^\s,，;、]+)"""
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)$")
_POINT_KEYS = ("valence", "arousal", "dominance")


@dataclass(frozen=True)
class Speech:
    """How one run of text is said, complete, and the ID that its author gave it.

    `auto_at` tells that the emotion was to be inferred.
    """

    character: str
    direction: Direction
    language: str
    line_id: str | None = None


class Roles:
    """The cast while a script is read: characters by name and alias, and what each brings to a line."""

    def __init__(self, cast: dict[str, Character], language: str) -> None:
        self.cast = cast
        self.language = language
        self.by_name = {alias: role for role in cast.values() for alias in role.aliases} | cast

    @property
    def names(self) -> list[str]:
        """Every name and alias."""
        return list(self.by_name)

    def speech(
        self, name: str = NARRATOR, form: SpeechForm | None = None, base: Speech | None = None
    ) -> Speech:
        """What `name` (declared, or the narrator) says by `form`, over the role's own direction or `base`."""
        role = self.by_name.get(name)
        if base is None:
            direction = role.direction if role else Direction()
            base = Speech(role.name if role else name, direction, (role and role.language) or self.language)
        if form is None:
            return base
        direction = complete(form, base.direction)
        return Speech(base.character, direction, form.language or base.language, form.id)


def complete(form: DirectionForm, base: Direction) -> Direction:
    """The direction that `form` asks for; what it leaves out is `base`'s.

    An intensity belongs to its emotion: a new emotion without one has 1, not the old one's.
    """
    emotion, intensity = base.emotion, base.intensity
    if form.emotion is not None:
        emotion, intensity = replace(_emotion(form.emotion), style=emotion.style), 1.0
    if form.style is not None:
        # `neutral` was nobody's wish when only a style is asked for.
        label = None if emotion.label in BASE_POINTS and emotion.is_neutral else emotion.label
        emotion = replace(emotion, style=form.style, label=label)
    return Direction(
        emotion=emotion,
        intensity=intensity if form.intensity is None else form.intensity,
        rate=base.rate if form.rate is None else form.rate,
        pitch_semitones=base.pitch_semitones if form.pitch is None else form.pitch,
        gain_db=base.gain_db if form.gain is None else form.gain,
    )


def _emotion(asked: Any) -> Emotion:
    if isinstance(asked, str):
        return Emotion.from_label(asked)
    return Emotion(asked.valence, asked.arousal, asked.dominance)


def parse_words(
    text: str, place: tuple[str, int], findings: Findings, owner: str, skip: str | None = None
) -> SpeechForm | None:
    """The direction in `sad, 0.7` or `emotion=sad rate=.9 id=x`; None with problems noted.

    Args:
        skip: a key that the caller has read already.
    """
    values, faults = _values(text)
    for fault in faults:
        findings.error(*place, fault)
    if skip is not None:
        values.pop(skip, None)
    point = {key: values.pop(key) for key in _POINT_KEYS if key in values}
    if point and "emotion" in values:
        findings.error(*place, f"{owner} has both an emotion's name and a point", "keep one of them")
        return None
    if point:
        values["emotion"] = point
    form = read_values(SpeechForm, values, place, findings, owner)
    return None if faults else form


def named_character(text: str) -> str | None:
    """The name in `character=Name` or `character="Two Words"`, or None."""
    for token in TOKEN.finditer(text):
        if token["key"] == "character":
            return _unquoted(token["value"])
    return None


def is_direction(text: str) -> bool:
    """Whether something in brackets can only be a direction: a known emotion, a number or key=value."""
    values, _ = _values(text)
    from pipeline.direction import AUTO, LABEL_POINTS

    label = values.get("emotion", "").casefold()
    return label in LABEL_POINTS or label == AUTO or any(key != "emotion" for key in values)


def unknown_name(name: str, roles: Roles) -> tuple[str, str]:
    """Message and hint for a name that is not in the cast."""
    return f"no character '{name}' in the cast", did_you_mean(name, roles.names)


def _values(text: str) -> tuple[dict[str, Any], list[str]]:
    """Keys with values as written, and what is wrong with the tokens themselves."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for token in TOKEN.finditer(text):
        key, value = token["key"], token["value"]
        if key is None:
            bare = token["bare"]
            key = "intensity" if NUMBER.match(bare) else "id" if bare.startswith("#") else "emotion"
            value = bare.removeprefix("#")
        if key in values:
            faults.append(f"'{key}' is given twice: '{values[key]}' and '{_unquoted(value)}'")
        values[key] = _unquoted(value)
    return values, faults


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] in "\"“'" else value
