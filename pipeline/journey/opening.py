"""A script read, cast and planned against a store: what nearly every command begins with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.cast.cast import Cast, cast_script
from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import ScriptError
from pipeline.identity.consent import Consent
from pipeline.identity.rights import demand_rights
from pipeline.plan.plan import ModelFacts, Plan, make_plan
from pipeline.plan.retake import redirected
from pipeline.registry.opening import catalogue_for
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.history import History, read_history
from pipeline.script.check import check_script
from pipeline.script.model import Script
from pipeline.takes.address import StoreAddress
from pipeline.takes.choose import Choices
from pipeline.takes.found import FoundTakes
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

# Brings a model's weights here.
Ensure = Callable[[WeightStore, Any], ResolvedModel]


@dataclass(frozen=True)
class OpenBook:
    """A script with everything that planning it took.

    `takes` are those that planning found, by key, their bytes checked; `history` has no lines any more;
    `consents` are of the voices that were made from recordings, by ID.
    """

    script: Script
    cast: dict[str, ResolvedVoice]
    store: TakeStore
    choices: Choices
    history: History
    plan: Plan
    takes: dict[str, Take]
    resolved: dict[str, ResolvedModel]
    catalogue: Catalogue
    consents: dict[str, Consent]


def read_checked(path: Path, warn: Callable[[str], None]) -> Script:
    """The script; its warnings go to `warn`.

    Raises:
        ScriptError: it has errors; all of them are in it.
    """
    script, problems = check_script(path)
    errors = [problem for problem in problems if not problem.warning]
    if script is None or errors:
        raise ScriptError(errors or problems)
    for problem in problems:
        warn(str(problem))
    return script


def open_book(
    path: Path,
    store_path: StoreAddress,
    *,
    warn: Callable[[str], None],
    weights: WeightStore | None = None,
    ensure: Ensure | None = None,
    look_only: bool = False,
) -> OpenBook:
    """Reads, casts and plans a script.

    Args:
        look_only: a damaged take stays where it is; without it, it is set aside.
        warn: is told what is wrong with the script and does not stop it.
        ensure: brings a model's weights here; without it only what is here already is looked at.
    """
    script = read_checked(path, warn)
    catalogue = catalogue_for(path.parent)
    casting = cast_script(script, catalogue)
    cast = casting.voices
    consents = _consents(script, casting, catalogue)
    weights = weights or WeightStore(catalogue=catalogue)
    store = TakeStore(store_path, look_only)
    choices = Choices(store.shelf, script.slug)
    history = read_history(store.root, script.slug)
    models = sorted({casting.voice_of(line).model for line in script.lines()})
    here = ensure or WeightStore.present
    looked_for = {model: here(weights, catalogue.model(model)) for model in models}
    resolved = {model: found for model, found in looked_for.items() if found is not None}
    facts = {model: _facts(catalogue, model, resolved.get(model), history) for model in models}
    there = FoundTakes(store)

    def planned() -> Plan:
        return make_plan(
            script,
            cast,
            facts,
            has_take=there.has,
            choices=choices.items(),
            previous=history.lines,
            direct=redirected,
            shares=casting.shares,
        )

    plan = planned()
    while not there.confirm(line.key for line in plan.lines if line.status == "reuse"):
        plan = planned()
    plan = _with_damage(plan, {key for key, _ in store.damaged})
    old = replace(history, lines=())
    return OpenBook(script, cast, store, choices, old, plan, there.takes, resolved, catalogue, consents)


def _consents(script: Script, casting: Cast, catalogue: Catalogue) -> dict[str, Consent]:
    """The consent of each voice that speaks and was made from a recording, whichever model speaks it.

    Raises:
        PolicyError: a voice has none, or its model may not clone.
    """
    voices = {casting.voice_of(line) for line in script.lines()}
    spoken = {replace(entry, model=voice.model) for voice in voices for entry, _ in voice.parts}
    in_order = sorted(spoken, key=lambda entry: (entry.id, entry.model))
    return demand_rights(in_order, catalogue, datetime.now().date(), script.slug)


def _with_damage(plan: Plan, damaged: set[str]) -> Plan:
    """The plan with the reason of those lines whose take is there, but damaged."""
    lines = (
        replace(line, reason="take damaged") if line.status == "render" and line.key in damaged else line
        for line in plan.lines
    )
    return replace(plan, lines=tuple(lines)) if damaged else plan


def _facts(catalogue: Catalogue, model: str, resolved: ResolvedModel | None, history: History) -> ModelFacts:
    entry = catalogue.model(model)
    capabilities = catalogue.capabilities(model)
    speed = history.speeds.get(model, capabilities.speed)
    sha256 = resolved.sha256 if resolved and entry.forms else None
    return ModelFacts(model, entry.engine, capabilities, sha256, speed)
