"""What engines, models and voices there are, from each `engine.yaml`; no engine is imported for it."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from pipeline.engines.additions import Additions, NoAdditions
from pipeline.engines.base import Capabilities, Engine
from pipeline.engines.blend import split_blend
from pipeline.engines.engine_file import read_engine_file
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
from pipeline.engines.finding import find_voice, known_voices
from pipeline.engines.from_forms import engine_entry
from pipeline.engines.outside import outside_engines
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

_log = logging.getLogger(__name__)

ENGINES_FOLDER = Path(__file__).parent
# Shares closer than this cannot be heard apart; rounding makes 1/3 written two ways one key.
WEIGHT_DIGITS = 6


@dataclass(frozen=True)
class Catalogue:
    """What there is to speak with. Engines that come with fullcast are asked first.

    Those from outside are looked for only when a name is not among the built-in ones, or for a list of all:
    `fullcast check` need not wait for it.

    Attributes:
        built_in: the engines that come with fullcast, by name.
        look_outside: gives those that do not, by name; called at most once.
        additions: models and voices that registry files add to those of the engines, or put in their place.
    """

    built_in: dict[str, EngineEntry]
    look_outside: Callable[[], Mapping[str, EngineEntry]] = dict
    additions: Additions = NoAdditions()

    def with_additions(self, additions: Additions) -> Catalogue:
        """The same engines, with these models and voices besides; what is outside is looked for once."""
        return Catalogue(self.built_in, lambda: self._outside, additions)

    @property
    def engines(self) -> dict[str, EngineEntry]:
        """All engines by name, in order of their names, from outside too, with the voices to be listed."""
        return {entry.name: _for_list(entry) for entry in self._entries()}

    def _entries(self) -> list[EngineEntry]:
        """All engines as their `engine.yaml` says, in order of their names."""
        return [entry for _, entry in sorted({**self._outside, **self.built_in}.items())]

    @cached_property
    def _outside(self) -> Mapping[str, EngineEntry]:
        return self.look_outside()

    @cached_property
    def _found_models(self) -> dict[str, ModelEntry]:
        """Models of voices that a finder found, by ID."""
        return {}

    def models(self) -> Iterator[ModelEntry]:
        """Every listed model, hidden engines' too, in order of engine; then those of registry files."""
        for engine in self._entries():
            yield from (model for model in engine.models if self.additions.model(model.id) is None)
        yield from self.additions.models()

    def voices(self) -> Iterator[VoiceEntry]:
        """Every voice for a list, without its variants, hidden engines' too, in the order of `models`."""
        for engine in self.engines.values():
            yield from (voice for voice in engine.voices if self.additions.voice(voice.id) is None)
        yield from self.additions.voices()

    def engine(self, name: str) -> EngineEntry:
        """The engine called `name`, with the voices to be listed.

        Raises:
            UsageError: there is none.
        """
        entry = self.entry(name)
        return replace(entry, voices=known_voices(entry))

    def entry(self, name: str) -> EngineEntry:
        """The engine called `name` as its `engine.yaml` says; no finder is asked.

        Raises:
            UsageError: there is none.
        """
        found = self._engine_of(name)
        if found is None:
            raise UsageError(f"no engine '{name}'", hint=did_you_mean(name, self._shown_engines()))
        return found

    def model(self, model_id: str) -> ModelEntry:
        """The model whose ID is `model_id`, `kokoro@1.0`.

        Raises:
            UsageError: there is none.
        """
        added = self.additions.model(model_id)
        if added is not None:
            return added
        engine = self._engine_of(model_id.partition("@")[0])
        listed = {model.id: model for model in engine.models} if engine else {}
        found = listed.get(model_id) or self._found_models.get(model_id)
        if found is None and engine is not None and engine.finder is not None:
            found = self._model_of_known_voice(engine, model_id)
        if found is None:
            shown = [*self._shown_engines(), model_id.partition("@")[0]]
            known = [model.id for model in self.models() if model.engine in shown]
            raise UsageError(f"no model '{model_id}'", hint=did_you_mean(model_id, known))
        return found

    def capabilities(self, model_id: str) -> Capabilities:
        """What a model can do: its engine's capabilities, and where it differs, its own.

        Raises:
            UsageError: there is no such model.
        """
        model = self.model(model_id)
        said = self.entry(model.engine).capabilities
        return replace(
            said,
            emotion_level=model.emotion_level or said.emotion_level,
            sample_rate=model.sample_rate or said.sample_rate,
            clones=said.clones if model.clones is None else model.clones,
            emotions=model.emotions,
        )

    def licence(self, model: ModelEntry) -> str:
        """The licence of a model's weights: its own, or what its engine says of all."""
        return model.licence or self.entry(model.engine).licence_weights

    def voice(self, voice_id: str) -> VoiceEntry:
        """The voice whose ID is `voice_id`: `kokoro/af_heart`, or with a variant, `espeak/en-us+f3`.

        Raises:
            UsageError: there is none; the hint names the nearest.
        """
        added = self.additions.voice(voice_id)
        if added is not None:
            return added
        engine_name, _, name = voice_id.partition("/")
        engine = self._engine_of(engine_name)
        if engine is None:
            raise UsageError(f"no voice '{voice_id}'", hint=self._voice_hint(voice_id))
        listed = {voice.id: voice for voice in engine.voices}
        if voice_id in listed:
            return listed[voice_id]
        found = find_voice(engine, name)
        if found is not None:
            self._found_models[found[1].id] = found[1]
            return found[0]
        base, plus, variant = voice_id.rpartition("+")
        voice = listed.get(base) if plus else None
        if voice is not None and variant in engine.variants:
            return _with_variant(voice, variant)
        if voice is not None and engine.variants:
            hint = f"there are: {', '.join(engine.variants)}"
            raise UsageError(f"no variant '+{variant}' of {base}", hint=hint)
        raise UsageError(f"no voice '{voice_id}'", hint=self._voice_hint(voice_id))

    def _engine_of(self, name: str) -> EngineEntry | None:
        return self.built_in.get(name) or self._outside.get(name)

    def _model_of_known_voice(self, engine: EngineEntry, model_id: str) -> ModelEntry | None:
        """The model of a voice that the engine's finder lists, if one has this ID."""
        for voice in known_voices(engine):
            found = find_voice(engine, voice.name) if voice.model == model_id else None
            if found is not None:
                return found[1]
        return None

    def resolve_voice(self, written: str) -> ResolvedVoice:
        """The voice or blend that an author wrote: `kokoro/af_heart:0.6+af_bella:0.4`.

        Shares are relative; none given means equal shares.

        Raises:
            UsageError: unknown engine or voice, a share that is no positive number, a blend of an engine
                that cannot blend, or of voices of two models.
        """
        namespace, slash, rest = written.strip().partition("/")
        if not slash:
            raise UsageError(
                f"no voice '{written}'", hint=f"write engine/voice; {self._voice_hint(namespace)}"
            )
        shares: dict[str, float] = {}
        voices: dict[str, VoiceEntry] = {}
        for name, share in self._split(written, namespace, rest):
            voice = self.voice(f"{namespace}/{name}")
            voices[voice.id] = voice
            shares[voice.id] = shares.get(voice.id, 0.0) + share
        if len(voices) > 1:
            _check_blend(written, self.entry(next(iter(voices.values())).engine), list(voices.values()))
        total = sum(shares.values())
        parts = [(voices[key], round(share / total, WEIGHT_DIGITS)) for key, share in shares.items()]
        parts.sort(key=lambda part: (-part[1], part[0].name))
        if parts[-1][1] == 0:
            raise UsageError(f"voice '{written}': the share of '{parts[-1][0].name}' is too small")
        return ResolvedVoice(written, parts[0][0].engine, parts[0][0].model, tuple(parts))

    def with_model(self, voice: ResolvedVoice, model_id: str) -> ResolvedVoice:
        """The voice, spoken by another model of its engine: `kokoro@1.1-zh`.

        Raises:
            UsageError: there is no such model, or it is another engine's.
        """
        model = self.model(model_id)
        if model.engine != voice.engine:
            raise UsageError(
                f"model '{model_id}' is engine {model.engine}'s, but '{voice.written}' is {voice.engine}'s",
                hint=did_you_mean(model_id, [each.id for each in self.models_of(voice.engine)]),
            )
        return replace(voice, model=model_id)

    def models_of(self, engine: str) -> list[ModelEntry]:
        """The listed models of one engine, those of registry files too."""
        return [model for model in self.models() if model.engine == engine]

    def _split(self, written: str, namespace: str, rest: str) -> list[tuple[str, float]]:
        """Names and shares; where no blend can be meant, a plus belongs to the name (`en-us+f9`)."""
        if self.additions.voice(f"{namespace}/{rest}") is not None:
            return [(rest, 1.0)]
        engine = self._engine_of(namespace)
        if engine is None and self.additions.names(namespace):
            return split_blend(written, rest, ())
        if engine is None:
            message = f"no voice '{written}': no engine '{namespace}', and no voice of a registry begins so"
            raise UsageError(message, hint=did_you_mean(namespace, self._shown_engines()))
        listed = {voice.name for voice in engine.voices}
        known = [piece.strip() in listed for piece in rest.split("+")]
        if not engine.capabilities.blends and rest and not all(known) and (engine.finder or ":" not in rest):
            return [(rest, 1.0)]
        return split_blend(written, rest, engine.variants)

    def _shown_engines(self) -> list[str]:
        return [engine.name for engine in self._entries() if not engine.hidden]

    def _voice_hint(self, voice_id: str) -> str:
        """The nearest among the same engine's voices if the engine is known, else among all shown ones."""
        engine, slash, name = voice_id.partition("/")
        entry = self._engine_of(engine) if slash else None
        added = self.additions.names(engine) if slash else ()
        if entry is not None or added:
            names = [*added, *(voice.name for voice in known_voices(entry))] if entry else list(added)
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


def _for_list(entry: EngineEntry) -> EngineEntry:
    """The engine with all voices to be listed; a wrong setting of one engine must not hide the others'."""
    try:
        return replace(entry, voices=known_voices(entry))
    except UsageError as error:
        _log.warning("engine %s is listed without the voices that are your own: %s", entry.name, error)
        return entry


def _with_variant(voice: VoiceEntry, variant: str) -> VoiceEntry:
    gender = {"f": "female", "m": "male"}.get(variant[0]) if variant[1:].isdigit() else voice.gender
    return replace(voice, id=f"{voice.id}+{variant}", name=f"{voice.name}+{variant}", gender=gender)


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
    entry = load_catalogue().entry(name)
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
    """All engines that come with fullcast, and on demand those from outside; read once a process.

    Raises:
        UsageError: an `engine.yaml` is not of its form.
    """
    built_in = read_catalogue(ENGINES_FOLDER).built_in
    return Catalogue(built_in, lambda: outside_engines(built_in))


def read_catalogue(folder: Path) -> Catalogue:
    """The engines of each `<folder>/*/engine.yaml`, in order of their names."""
    entries = [engine_entry(read_engine_file(path)) for path in sorted(folder.glob("*/engine.yaml"))]
    return Catalogue({entry.name: entry for entry in entries})
