"""Which models there are and which are here: the rows of `fullcast models`."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.engines.catalogue import Catalogue, Form, ModelEntry
from pipeline.engines.entries import Environment
from pipeline.registry.voices import speaks
from pipeline.registry.weights import WeightStore

USES = ("commercial", "cloning", "redistribution")


@dataclass(frozen=True)
class ModelRow:
    """One model for a list.

    `form` is the one that is here, or the one that would be fetched first; `bytes` is its size. Models of
    engines without weights are always here, with 0 bytes. `allows` and `forbids` are what is known of
    commercial use, cloning and redistribution; `origin` is the registry file and row that it comes from.
    """

    id: str
    engine: str
    version: str
    languages: tuple[str, ...]
    licence: str
    bytes: int
    present: bool
    form: str
    hot: bool = False
    served: bool = False
    environment: Environment | None = None
    allows: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    origin: str | None = None


def list_models(
    catalogue: Catalogue, store: WeightStore, engine: str | None = None, language: str | None = None
) -> list[ModelRow]:
    """The models, in order of engine, each with whether its weights are here; no network is used.

    Args:
        engine: one engine, also a hidden one; the hidden ones are left out otherwise.
        language: `en` fits `en-us` and `en-gb`; models for any language fit all.
    Raises:
        UsageError: no such engine.
    """
    if engine is not None:
        catalogue.entry(engine)
    return [
        _row(model, catalogue.licence(model), store)
        for model in catalogue.models()
        if (model.engine == engine or (engine is None and not catalogue.entry(model.engine).hidden))
        and (language is None or any(speaks(each, language) for each in model.languages))
    ]


def _row(model: ModelEntry, licence: str, store: WeightStore) -> ModelRow:
    found = store.present(model)
    name = found.form if found else model.forms[0].name
    said = {use: getattr(model.allows, use) for use in USES}
    return ModelRow(
        id=model.id,
        engine=model.engine,
        version=model.version,
        languages=model.languages,
        licence=licence,
        bytes=_size([form for form in model.forms if form.name == name]),
        present=found is not None,
        form=name,
        hot=model.hot,
        served=model.served,
        environment=model.environment,
        allows=tuple(use for use, allowed in said.items() if allowed),
        forbids=tuple(use for use, allowed in said.items() if allowed is False),
        origin=model.origin,
    )


def _size(forms: list[Form]) -> int:
    return sum(file.bytes for form in forms for file in form.files)
