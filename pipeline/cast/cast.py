"""Casting: each character that speaks gets the voice of the catalogue that the script names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pipeline.cast.share import chosen_model
from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import Problem, ScriptError, UsageError
from pipeline.script.model import Character, Line, Script


@dataclass(frozen=True)
class Cast:
    """The voice of each character by name, in the order of the script's cast.

    `shares` are of the characters whose lines several models divide among themselves: each model's share.
    """

    voices: dict[str, ResolvedVoice]
    shares: dict[str, Mapping[str, float]] = field(default_factory=dict)

    def voice_of(self, line: Line) -> ResolvedVoice:
        """The voice that says a line, with the model that does."""
        return voice_of(line, self.voices, self.shares)


def voice_of(
    line: Line, voices: Mapping[str, ResolvedVoice], shares: Mapping[str, Mapping[str, float]]
) -> ResolvedVoice:
    """The voice of a line's character; where several models share the lines, with the one that says this."""
    voice, among = voices[line.character], shares.get(line.character)
    return voice if among is None else replace(voice, model=chosen_model(line.id, among))


def cast_script(script: Script, catalogue: Catalogue) -> Cast:
    """The voice of every character in the cast, by name, in the order of the cast.

    Raises:
        ScriptError: voices that the catalogue does not have, or lines whose character is not in the cast;
            all of them, each with its place.
    """
    voices: dict[str, ResolvedVoice] = {}
    problems: list[Problem] = []
    for character in script.cast.values():
        voice = _resolve(character, catalogue)
        if isinstance(voice, Problem):
            problems.append(voice)
        else:
            voices[character.name] = voice
    problems += [_uncast(line) for line in _first_uncast(script).values()]
    if problems:
        raise ScriptError(problems)
    cast = script.cast.values()
    shares: dict[str, Mapping[str, float]] = {
        each.name: dict(each.models) for each in cast if len(each.models) > 1
    }
    return Cast(voices, shares)


def _resolve(character: Character, catalogue: Catalogue) -> ResolvedVoice | Problem:
    try:
        voice = catalogue.resolve_voice(character.voice)
        for model_id, _ in reversed(character.models):
            voice = catalogue.with_model(voice, model_id)
        return voice
    except UsageError as error:
        message = f"{character.name}: {error.message}"
        return Problem(character.span.file, character.span.line, message, error.hint)


def _first_uncast(script: Script) -> dict[str, Line]:
    """The first line of each character that the cast does not know."""
    found: dict[str, Line] = {}
    for line in script.lines():
        if line.character not in script.cast:
            found.setdefault(line.character, line)
    return found


def _uncast(line: Line) -> Problem:
    place = line.spans[0]
    hint = f"add '{line.character}: engine/voice' to the cast"
    return Problem(place.file, place.line, f"{line.character} has no voice", hint)
