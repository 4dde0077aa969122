"""What engines, models and voices there are, from each `engine.yaml`; no engine is imported for it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pipeline.engines.base import Capabilities, Engine
from pipeline.engines.blend import split_blend
from pipeline.engines.engine_file import EngineForm, FileForm, ModelForm, SourceForm, read_engine_file
from pipeline.engines.entries import (
    EngineEntry,
    Form,
    HubSource,
    LocalSource,
    ModelEntry,
    NpmSource,
    PypiSource,
    ResolvedVoice,
    Source,
    VoiceEntry,
    WeightFile,
)
from pipeline.errors import EngineError, MissingError, UsageError, did_you_mean

__all__ = [
    "Catalogue",
    "EngineEntry",
    "Form",
    "HubSource",
    "LocalSource",
    "ModelEntry",
    "NpmSource",
    "PypiSource",
    "ResolvedVoice",
    "Source",
    "VoiceEntry",
    "WeightFile",
    "create_engine",
    "load_catalogue",
    "missing_package",
    "read_catalogue",
]

ENGINES_FOLDER = Path(__file__).parent
# Shares closer than this cannot be heard apart; rounding makes 1/3 written two ways one key.
WEIGHT_DIGITS = 6


@dataclass(frozen=True)
class Catalogue:
    """All engines by name, in order of their names, and what is in them."""

    engines: dict[str, EngineEntry]

    @cached_property
    def _models(self) -> dict[str, ModelEntry]:
        return {model.id: model for engine in self.engines.values() for model in engine.models}

    @cached_property
    def _voices(self) -> dict[str, VoiceEntry]:
        return {voice.id: voice for engine in self.engines.values() for voice in engine.voices}

    def models(self) -> Iterator[ModelEntry]:
        """Every model, hidden engines' too, in order of engine."""
        return iter(self._models.values())

    def voices(self) -> Iterator[VoiceEntry]:
        """Every voice without its variants, hidden engines' too, in order of engine."""
        return iter(self._voices.values())

    def engine(self, name: str) -> EngineEntry:
        """The engine called `name`.

        Raises:
            UsageError: there is none.
        """
        found = self.engines.get(name)
        if found is None:
            raise UsageError(f"no engine '{name}'", hint=did_you_mean(name, self._shown_engines()))
        return found

    def model(self, model_id: str) -> ModelEntry:
        """The model whose ID is `model_id`, `kokoro@1.0`.

        Raises:
            UsageError: there is none.
        """
        found = self._models.get(model_id)
        if found is None:
            shown = self._shown_engines()
            known = [model.id for model in self.models() if model.engine in shown]
            raise UsageError(f"no model '{model_id}'", hint=did_you_mean(model_id, known))
        return found

    def voice(self, voice_id: str) -> VoiceEntry:
        """The voice whose ID is `voice_id`: `kokoro/af_heart`, or with a variant, `espeak/en-us+f3`.

        Raises:
            UsageError: there is none; the hint names the nearest.
        """
        found = self._voices.get(voice_id)
        if found is not None:
            return found
        base, plus, variant = voice_id.rpartition("+")
        voice = self._voices.get(base) if plus else None
        variants = self.engines[voice.engine].variants if voice else ()
        if voice is not None and variant in variants:
            return _with_variant(voice, variant)
        if voice is not None and variants:
            raise UsageError(f"no variant '+{variant}' of {base}", hint=f"there are: {', '.join(variants)}")
        raise UsageError(f"no voice '{voice_id}'", hint=self._voice_hint(voice_id))

    def resolve_voice(self, written: str) -> ResolvedVoice:
        """The voice or blend that an author wrote: `kokoro/af_heart:0.6+af_bella:0.4`.

        Shares are relative; none given means equal shares.

        Raises:
            UsageError: unknown engine or voice, a share that is no positive number, a blend of an engine
                that cannot blend, or of voices of two models.
        """
        engine_name, slash, rest = written.strip().partition("/")
        if not slash:
            raise UsageError(
                f"no voice '{written}'", hint=f"write engine/voice; {self._voice_hint(engine_name)}"
            )
        engine = self.engine(engine_name)
        shares: dict[str, float] = {}
        voices: dict[str, VoiceEntry] = {}
        for name, share in self._split(written, engine, rest):
            voice = self.voice(f"{engine_name}/{name}")
            voices[voice.id] = voice
            shares[voice.id] = shares.get(voice.id, 0.0) + share
        if len(voices) > 1:
            _check_blend(written, engine, list(voices.values()))
        total = sum(shares.values())
        parts = [(voices[key], round(share / total, WEIGHT_DIGITS)) for key, share in shares.items()]
        parts.sort(key=lambda part: (-part[1], part[0].name))
        if parts[-1][1] == 0:
            raise UsageError(f"voice '{written}': the share of '{parts[-1][0].name}' is too small")
        return ResolvedVoice(written, engine_name, parts[0][0].model, tuple(parts))

    def _split(self, written: str, engine: EngineEntry, rest: str) -> list[tuple[str, float]]:
        """Names and shares; where no blend can be meant, a plus belongs to the name (`en-us+f9`)."""
        known = [f"{engine.name}/{piece.strip()}" in self._voices for piece in rest.split("+")]
        if not engine.capabilities.blends and ":" not in rest and not all(known):
            return [(rest, 1.0)]
        return split_blend(written, rest, engine.variants)

    def _shown_engines(self) -> list[str]:
        return [engine.name for engine in self.engines.values() if not engine.hidden]

    def _voice_hint(self, voice_id: str) -> str:
        """The nearest among the same engine's voices if the engine is known, else among all shown ones."""
        engine, slash, name = voice_id.partition("/")
        if slash and engine in self.engines:
            names = [voice.name for voice in self.engines[engine].voices]
            longer = [known for known in names if name and known.startswith(name)]
            if len(longer) > 1:
                return f"there are: {', '.join(longer[:8])}"
            hint = did_you_mean(name, names)
            return hint.replace("'", f"'{engine}/", 1) if hint.startswith("did you mean") else hint
        shown = self._shown_engines()
        by_name = {voice.name: voice.id for voice in self.voices() if voice.engine in shown}
        hint = did_you_mean(name if slash else voice_id, by_name)
        if not hint.startswith("did you mean"):
            return "`fullcast voices` lists them"
        near = hint.split("'")[1]
        return f"did you mean '{by_name[near]}'?"


def _with_variant(voice: VoiceEntry, variant: str) -> VoiceEntry:
    gender = {"f": "female", "m": "male"}.get(variant[0]) if variant[1:].isdigit() else voice.gender
    return VoiceEntry(
        id=f"{voice.id}+{variant}",
        engine=voice.engine,
        name=f"{voice.name}+{variant}",
        model=voice.model,
        language=voice.language,
        gender=gender,
        tags=voice.tags,
        file=voice.file,
    )


def _check_blend(written: str, engine: EngineEntry, voices: list[VoiceEntry]) -> None:
    if not engine.capabilities.blends:
        raise UsageError(f"voice '{written}': engine {engine.name} cannot blend voices", hint="name one")
    models = sorted({voice.model for voice in voices})
    if len(models) > 1:
        raise UsageError(f"voice '{written}' blends voices of different models ({', '.join(models)})")


def create_engine(name: str) -> Engine:
    """A new engine called `name`, not loaded; its module is imported now.

    Raises:
        UsageError: there is none of this name.
        MissingError: a package that the engine needs is not installed.
    """
    entry = load_catalogue().engine(name)
    try:
        module = importlib.import_module(entry.module)
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        if missing.split(".")[0] == "pipeline":
            raise EngineError(f"engine {name} has no module '{missing}'", where=entry.module) from error
        raise missing_package(entry, missing) from error
    engine: Engine = module.create()
    return engine


def missing_package(entry: EngineEntry, module: str) -> MissingError:
    """The error for an engine's Python module that is not installed, with what to install."""
    top = module.split(".")[0]
    package = entry.packages.get(top, top)
    return MissingError(f"engine {entry.name} needs '{top}'", hint=f"run: pip install '{package}'")


@cache
def load_catalogue() -> Catalogue:
    """All engines that come with fullcast; read once a process.

    Raises:
        UsageError: an `engine.yaml` is not of its form.
    """
    return read_catalogue(ENGINES_FOLDER)


def read_catalogue(folder: Path) -> Catalogue:
    """The engines of each `<folder>/*/engine.yaml`, in order of their names."""
    entries = [_engine(read_engine_file(path)) for path in sorted(folder.glob("*/engine.yaml"))]
    return Catalogue({entry.name: entry for entry in entries})


def _engine(form: EngineForm) -> EngineEntry:
    said = form.capabilities
    languages = tuple(said.languages)
    capabilities = Capabilities(**(said.model_dump(exclude={"languages"}) | {"languages": languages}))
    voices = tuple(
        VoiceEntry(
            id=f"{form.engine}/{voice.id}",
            engine=form.engine,
            name=voice.id,
            model=voice.model or form.default_model,
            language=voice.language,
            gender=voice.gender,
            tags=tuple(voice.tags),
            file=_file(voice.file) if voice.file else None,
        )
        for voice in form.voices
    )
    return EngineEntry(
        name=form.engine,
        summary=form.summary,
        licence_code=form.licence.code,
        licence_weights=form.licence.weights,
        module=form.module,
        capabilities=capabilities,
        default_model=form.default_model,
        models=tuple(_model(form.engine, model) for model in form.models),
        voices=voices,
        variants=tuple(form.variants),
        packages=form.packages,
        hidden=form.hidden,
    )


def _model(engine: str, form: ModelForm) -> ModelEntry:
    forms = tuple(Form(each.name, tuple(_file(file) for file in each.files)) for each in form.forms)
    return ModelEntry(form.id, engine, form.version, tuple(form.languages), forms, form.parameters)


def _file(form: FileForm) -> WeightFile:
    return WeightFile(form.name, form.sha256, form.bytes, tuple(_source(source) for source in form.sources))


def _source(form: SourceForm) -> Source:
    if form.hub is not None:
        return HubSource(form.hub, form.path or "", form.revision)
    if form.pypi is not None:
        return PypiSource(tuple(form.pypi), tuple(form.paths or ()))
    if form.npm is not None:
        return NpmSource(form.npm, form.path or "")
    return LocalSource(form.local or "")
