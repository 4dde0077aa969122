"""Registry files on top of the engines: the user's own, then the project's; what comes later wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.engines.catalogue import Catalogue
from pipeline.engines.entries import (
    ConsentFile,
    Form,
    LocalSource,
    ModelEntry,
    Source,
    State,
    VoiceEntry,
    WeightFile,
)
from pipeline.engines.finding import find_voice
from pipeline.engines.from_forms import model_entry, weight_file
from pipeline.errors import UsageError, did_you_mean
from pipeline.registry.form import RegistryModelForm, RegistryVoiceForm, StateForm
from pipeline.registry.index import RegistryIndex

Found = tuple[str, str, str, str | None, str]


class RegistryFiles:
    """What registry files add to the engines, as a catalogue asks for it.

    Owns the open indexes; makes an entry when it is asked for and keeps none but models. Of two files the
    later one wins. Make one for each project.
    """

    def __init__(self, base: Catalogue, indexes: Sequence[RegistryIndex]) -> None:
        self._base = base
        self._latest_first = tuple(reversed(indexes))
        self._models: dict[str, ModelEntry | None] = {}

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, the first one first."""
        return tuple(index.path for index in reversed(self._latest_first))

    def model(self, model_id: str) -> ModelEntry | None:
        """The model of this ID.

        Raises:
            UsageError: it names an engine that is not there.
        """
        if model_id not in self._models:
            self._models[model_id] = self._read_model(model_id)
        return self._models[model_id]

    def models(self) -> Iterator[ModelEntry]:
        """All models, each once, in the order of the files."""
        ids = dict.fromkeys(name for index in reversed(self._latest_first) for name in index.model_ids())
        return (found for name in ids if (found := self.model(name)) is not None)

    def voice(self, voice_id: str) -> VoiceEntry | None:
        """The voice of this ID; no other is made.

        Raises:
            UsageError: no model is called what it names.
        """
        for index in self._latest_first:
            if (found := index.voice(voice_id)) is not None:
                return self._voice(index.path, *found)
        return None

    def voices(self) -> Iterator[VoiceEntry]:
        """All voices, each once, in the order of the files."""
        for number, index in enumerate(reversed(self._latest_first)):
            later = self._latest_first[: len(self._latest_first) - 1 - number]
            for form, line in index.voices():
                if not any(other.has_voice(form.id) for other in later):
                    yield self._voice(index.path, form, line)

    def found(self, language: str | None, gender: str | None, words: Sequence[str]) -> Iterator[Found]:
        """ID, model, language, gender and tags of the voices that fit; see `RegistryIndex.found`."""
        for number, index in enumerate(reversed(self._latest_first)):
            later = self._latest_first[: len(self._latest_first) - 1 - number]
            for row in index.found(language, gender, words):
                if not any(other.has_voice(row[0]) for other in later):
                    yield row

    def names(self, namespace: str) -> Sequence[str]:
        """The names behind the slash of all voices that have this word before it."""
        ids = (name for index in self._latest_first for name in index.voice_ids(namespace))
        return [name.partition("/")[2] for name in dict.fromkeys(ids)]

    def engine_of(self, model_id: str, where: str) -> str:
        """The engine of a model that a voice names.

        Raises:
            UsageError: there is no such model; `where` is the voice's place.
        """
        own = self.model(model_id)
        if own is not None:
            return own.engine
        try:
            return self._base.model(model_id).engine
        except UsageError as error:
            known = [name for index in self._latest_first for name in index.model_ids()]
            hint = did_you_mean(model_id, known) if known and not error.hint else error.hint
            raise UsageError(error.message, where=where, hint=hint) from error

    def check(self) -> None:
        """Nothing, if every model has its engine and every voice its model.

        Raises:
            UsageError: the first that has not, with file and row.
        """
        for _ in self.models():
            pass
        for index in self._latest_first:
            for model_id, line in index.voice_models().items():
                self.engine_of(model_id, f"{index.path}:{line}")

    def notes(self) -> list[str]:
        """What the files put in the place of something else, a line for each."""
        notes = []
        for number, index in enumerate(reversed(self._latest_first)):
            earlier = self._latest_first[len(self._latest_first) - number :]
            for model_id, line in index.model_ids().items():
                if (other := self._replaced_model(model_id, earlier)) is not None:
                    notes.append(f"{index.path}:{line}: note: model {model_id} replaces the one of {other}")
            for namespace in index.namespaces():
                for voice_id, line in index.voice_ids(namespace).items():
                    if (other := self._replaced_voice(voice_id, earlier)) is not None:
                        note = f"note: voice {voice_id} replaces the one of {other}"
                        notes.append(f"{index.path}:{line}: {note}")
        return notes

    def _read_model(self, model_id: str) -> ModelEntry | None:
        for index in self._latest_first:
            if (found := index.model(model_id)) is not None:
                return self._model(index.path, *found)
        return None

    def _model(self, path: Path, form: RegistryModelForm, line: int) -> ModelEntry:
        where = f"{path}:{line}"
        try:
            engine = self._base.entry(form.engine_name)
        except UsageError as error:
            raise UsageError(f"model {form.id}: {error.message}", where=where, hint=error.hint) from error
        entry = model_entry(engine.name, form)
        forms = entry.forms
        if form.files:
            forms = (Form("files", tuple(weight_file(file) for file in form.files)),)
        return replace(entry, forms=tuple(_placed(each, path.parent) for each in forms), origin=where)

    def _voice(self, path: Path, form: RegistryVoiceForm, line: int) -> VoiceEntry:
        where = f"{path}:{line}"
        state, file = _state(form, path.parent)
        consent = form.consent
        return VoiceEntry(
            id=form.id,
            engine=self.engine_of(form.model, where),
            name=form.speaker or form.id.partition("/")[2],
            model=form.model,
            language=form.language,
            gender=form.gender,
            tags=tuple(form.tags),
            file=file,
            state=state,
            synthetic=form.synthetic,
            consent=None if consent is None else ConsentFile(_at(consent.file, path.parent), consent.sha256),
            origin=where,
        )

    def _replaced_model(self, model_id: str, earlier: Sequence[RegistryIndex]) -> str | None:
        for index in earlier:
            if (line := index.model_ids().get(model_id)) is not None:
                return f"{index.path}:{line}"
        engines = self._base.built_in.values()
        return next((f"engine {e.name}" for e in engines for m in e.models if m.id == model_id), None)

    def _replaced_voice(self, voice_id: str, earlier: Sequence[RegistryIndex]) -> str | None:
        for index in earlier:
            if (found := index.voice(voice_id)) is not None:
                return f"{index.path}:{found[1]}"
        namespace, _, name = voice_id.partition("/")
        engine = self._base.built_in.get(namespace)
        if engine is None:
            return None
        if any(voice.id == voice_id for voice in engine.voices) or find_voice(engine, name) is not None:
            return f"engine {engine.name}"
        return None


def _state(form: RegistryVoiceForm, folder: Path) -> tuple[State, WeightFile | None]:
    if form.reference is not None:
        return "reference", _beside(form.reference, folder)
    if form.embedding is not None:
        return "embedding", _beside(form.embedding, folder)
    if form.file is not None:
        return "published", _placed(Form("", (weight_file(form.file),)), folder).files[0]
    return "none", None


def _beside(form: StateForm, folder: Path) -> WeightFile:
    path = _at(form.file, folder)
    return WeightFile(path.name, form.sha256, form.bytes, (LocalSource(str(path)),))


def _at(written: str, folder: Path) -> Path:
    return (folder / Path(written).expanduser()).absolute()


def _placed(form: Form, folder: Path) -> Form:
    """The form with local files looked for beside the registry file."""

    def placed(source: Source) -> Source:
        return LocalSource(str(_at(source.path, folder))) if isinstance(source, LocalSource) else source

    files = tuple(replace(file, sources=tuple(placed(each) for each in file.sources)) for file in form.files)
    return replace(form, files=files)
