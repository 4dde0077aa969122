"""Casting: each character that speaks gets the voice of the catalogue that the script names."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import Problem, ScriptError, UsageError
from pipeline.script.model import Character, Line, Script


@dataclass(frozen=True)
class Cast:
    """The voice of each character by name, in the order of the script's cast."""

    voices: dict[str, ResolvedVoice]


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
    return Cast(voices)


def _resolve(character: Character, catalogue: Catalogue) -> ResolvedVoice | Problem:
    try:
        return catalogue.resolve_voice(character.voice)
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
