"""From what an `engine.yaml` or a finder says to the frozen entries of the catalogue. Pure."""

from __future__ import annotations

from pipeline.engines.base import Capabilities
from pipeline.engines.engine_file import (
    EngineForm,
    EnvironmentForm,
    FileForm,
    ModelForm,
    SourceForm,
    VoiceForm,
)
from pipeline.engines.entries import (
    Allows,
    EngineEntry,
    Environment,
    Form,
    HubSource,
    LocalSource,
    ModelEntry,
    NpmSource,
    Part,
    PypiSource,
    Source,
    VoiceEntry,
    WeightFile,
)


def engine_entry(form: EngineForm, origin: str = "fullcast") -> EngineEntry:
    """The engine that a whole `engine.yaml` describes; `origin` is what brought it."""
    said = form.capabilities
    languages = tuple(said.languages)
    capabilities = Capabilities(**(said.model_dump(exclude={"languages"}) | {"languages": languages}))
    return EngineEntry(
        name=form.engine,
        summary=form.summary,
        licence_code=form.licence.code,
        licence_weights=form.licence.weights,
        module=form.module,
        capabilities=capabilities,
        default_model=form.default_model,
        models=tuple(model_entry(form.engine, model) for model in form.models),
        voices=tuple(voice_entry(form.engine, voice, form.default_model) for voice in form.voices),
        variants=tuple(form.variants),
        packages=form.packages,
        hidden=form.hidden,
        finder=form.finder,
        origin=origin,
    )


def voice_entry(engine: str, form: VoiceForm, default_model: str) -> VoiceEntry:
    """The voice that a form describes."""
    return VoiceEntry(
        id=f"{engine}/{form.id}",
        engine=engine,
        name=form.id,
        model=form.model or default_model,
        language=form.language,
        gender=form.gender,
        tags=tuple(form.tags),
        file=weight_file(form.file) if form.file else None,
        state="published" if form.file else "none",
    )


def model_entry(engine: str, form: ModelForm) -> ModelEntry:
    """The model that a form describes."""
    return ModelEntry(
        id=form.id,
        engine=engine,
        version=form.version,
        languages=tuple(form.languages),
        forms=tuple(Form(each.name, tuple(weight_file(file) for file in each.files)) for each in form.forms),
        parameters=form.parameters,
        emotion_level=form.emotion_level,
        sample_rate=form.sample_rate,
        emotions=tuple(form.emotions),
        clones=form.clones,
        licence=form.licence,
        allows=Allows(**form.allows.model_dump()),
        parts=tuple(Part(part.name, part.sha256, part.bytes) for part in form.parts),
        hot=form.hot,
        served=form.served,
        environment=_environment(form.environment),
    )


def _environment(form: EnvironmentForm | None) -> Environment | None:
    return None if form is None else Environment(form.python, tuple(form.packages), tuple(form.start))


def weight_file(form: FileForm) -> WeightFile:
    """The file that a form describes."""
    return WeightFile(form.name, form.sha256, form.bytes, tuple(_source(source) for source in form.sources))


def _source(form: SourceForm) -> Source:
    if form.hub is not None:
        return HubSource(form.hub, form.path or "", form.revision)
    if form.pypi is not None:
        return PypiSource(tuple(form.pypi), tuple(form.paths or ()))
    if form.npm is not None:
        return NpmSource(form.npm, form.path or "")
    return LocalSource(form.local or "")
