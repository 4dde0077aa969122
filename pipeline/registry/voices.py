"""Which voices there are: the rows of `fullcast voices`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.engines.catalogue import Catalogue, EngineEntry, VoiceEntry
from pipeline.registry.files import RegistryFiles


@dataclass(frozen=True)
class VoiceRow:
    """One voice for a list. `licence` is that of the weights that speak it."""

    id: str
    engine: str
    model: str
    language: str
    gender: str | None
    tags: tuple[str, ...]
    licence: str


def list_voices(
    catalogue: Catalogue,
    language: str | None = None,
    engine: str | None = None,
    gender: str | None = None,
    search: str | None = None,
) -> list[VoiceRow]:
    """The voices that fit all that is asked, in order of engine and as the engine orders them.

    Args:
        language: `en` fits `en-us` and `en-gb`; `en-us` fits itself and what is narrower.
        engine: one engine, also a hidden one; the hidden ones are left out otherwise.
        gender: `female`, `male`, `neutral`.
        search: words that all stand in the ID, language or tags; case is ignored.
    Raises:
        UsageError: no such engine.
    """
    words = (search or "").casefold().split()
    rows = [
        _row(entry, voice)
        for entry in _engines(catalogue, engine)
        for voice in entry.voices
        if catalogue.additions.voice(voice.id) is None
    ]
    chosen = [
        row
        for row in rows
        if (language is None or speaks(row.language, language))
        and (gender is None or row.gender == gender.casefold())
        and all(word in _searched(row) for word in words)
    ]
    return [*chosen, *_added(catalogue, language, engine, gender, words)]


def _added(
    catalogue: Catalogue, language: str | None, engine: str | None, gender: str | None, words: list[str]
) -> Iterator[VoiceRow]:
    """The fitting voices of registry files; no entry is made for any of them."""
    if not isinstance(catalogue.additions, RegistryFiles):
        return
    asked = None if language is None else language.casefold().replace("_", "-")
    models: dict[str, tuple[EngineEntry, str]] = {}
    found = catalogue.additions.found(asked, None if gender is None else gender.casefold(), words)
    for voice_id, model_id, spoken, of_gender, tags in found:
        if model_id not in models:
            model = catalogue.model(model_id)
            models[model_id] = catalogue.entry(model.engine), catalogue.licence(model)
        entry, licence = models[model_id]
        if entry.name == engine or (engine is None and not entry.hidden):
            tagged = tuple(filter(None, tags.split("\n")))
            yield VoiceRow(voice_id, entry.name, model_id, spoken, of_gender, tagged, licence)


def speaks(language: str, asked: str) -> bool:
    """Whether a voice's language is the asked one or a variety of it; `*` speaks all. Case is ignored."""
    narrow, wide = language.casefold(), asked.casefold().replace("_", "-")
    return narrow in ("*", wide) or narrow.startswith(f"{wide}-")


def _engines(catalogue: Catalogue, engine: str | None) -> Iterator[EngineEntry]:
    if engine is not None:
        yield catalogue.engine(engine)
        return
    yield from (entry for entry in catalogue.engines.values() if not entry.hidden)


def _row(entry: EngineEntry, voice: VoiceEntry) -> VoiceRow:
    return VoiceRow(
        id=voice.id,
        engine=entry.name,
        model=voice.model,
        language=voice.language,
        gender=voice.gender,
        tags=voice.tags,
        licence=entry.licence_weights,
    )


def _searched(row: VoiceRow) -> str:
    return " ".join((row.id, row.language, row.gender or "", *row.tags)).casefold()
