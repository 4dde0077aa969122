"""Voices that no `engine.yaml` can list: those of a server, those in a folder of the user's.

Such an engine names a `finder` in its `engine.yaml`: a module, light to import, with two functions.

    find(engine, name, parameters)    the voice called `name` and the model that speaks it, or None:
                                      {"voice": {...}, "model": {...}} in the words of engine.yaml
    voices(engine, parameters)        those it knows of without asking over a network, for lists:
                                      [{"id": ..., "language": ..., "model": ...}, ...]

`engine` is the engine's name, `parameters` those of its default model, so that two engines may share a
finder. A model's ID must change with everything that changes its sound, since it is part of a take's key.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

from pydantic import ValidationError

from pipeline.engines.engine_file import FoundForm, OpenVoiceForm, first_fault
from pipeline.engines.entries import EngineEntry, ModelEntry, VoiceEntry
from pipeline.engines.from_forms import model_entry, voice_entry
from pipeline.errors import UsageError


class Finder(Protocol):
    """A finder's module, as the catalogue sees it."""

    def find(self, engine: str, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The voice and its model.

        Raises:
            UsageError: a setting that it needs is wrong.
        """
        ...

    def voices(self, engine: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The voices for lists."""
        ...


def find_voice(entry: EngineEntry, name: str) -> tuple[VoiceEntry, ModelEntry] | None:
    """The unlisted voice `name` of an engine and its model; None if the engine has none of this name.

    Raises:
        UsageError: a setting of the user's is wrong, or the finder is.
    """
    if entry.finder is None or not name:
        return None
    said = _finder(entry).find(entry.name, name, _parameters(entry))
    if said is None:
        return None
    try:
        found = FoundForm.model_validate(dict(said))
    except ValidationError as error:
        raise UsageError(f"voice '{name}': {first_fault(error)}", where=entry.finder) from error
    if found.voice.model != found.model.id or not found.model.id.startswith(f"{entry.name}@"):
        raise UsageError(f"voice '{name}' and model '{found.model.id}' do not agree", where=entry.finder)
    return voice_entry(entry.name, found.voice, found.model.id), model_entry(entry.name, found.model)


def known_voices(entry: EngineEntry) -> tuple[VoiceEntry, ...]:
    """The engine's voices for a list: those of its `engine.yaml`, then those that its finder knows."""
    if entry.finder is None:
        return entry.voices
    try:
        forms = [
            OpenVoiceForm.model_validate(dict(said))
            for said in _finder(entry).voices(entry.name, _parameters(entry))
        ]
    except ValidationError as error:
        raise UsageError(first_fault(error), where=entry.finder) from error
    listed = {voice.name for voice in entry.voices}
    found = [voice_entry(entry.name, form, entry.default_model) for form in forms if form.id not in listed]
    return (*entry.voices, *found)


def _parameters(entry: EngineEntry) -> Mapping[str, Any]:
    return next(model.parameters for model in entry.models if model.id == entry.default_model)


def _finder(entry: EngineEntry) -> Finder:
    try:
        return cast(Finder, importlib.import_module(entry.finder or ""))
    except ImportError as error:
        raise UsageError(f"engine {entry.name}: no module '{entry.finder}'", where=entry.origin) from error
