"""What several commands begin with: a script read, cast and planned against a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipeline.cast.cast import Cast, cast_script
from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import MissingError, UsageError, did_you_mean
from pipeline.identity.consent import Consent
from pipeline.identity.rights import demand_rights
from pipeline.plan.plan import LinePlan, ModelFacts, Plan, make_plan
from pipeline.plan.retake import redirected
from pipeline.registry.opening import catalogue_for
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.history import History, read_history
from pipeline.script.check import check_script
from pipeline.script.model import Script
from pipeline.script.prose import slug
from pipeline.takes.choose import Choices
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

DEFAULT_STORE = Path(".fullcast")
DEFAULT_OUTPUT = Path("output")

store_option = click.option(
    "--store",
    "store_path",
    type=click.Path(path_type=Path),
    default=DEFAULT_STORE,
    show_default=True,
    help="Folder of the take store.",
)
strict_option = click.option(
    "--strict", is_flag=True, help="Stop before rendering if an engine cannot carry an emotion that is asked."
)
script_argument = click.argument("file", type=click.Path(path_type=Path))


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


def read_checked(path: Path) -> Script:
    """The script; its warnings go to the error stream.

    Raises:
        ScriptError: it has errors; all of them are in it.
    """
    from pipeline.errors import ScriptError

    script, problems = check_script(path)
    errors = [problem for problem in problems if not problem.warning]
    if script is None or errors:
        raise ScriptError(errors or problems)
    for problem in problems:
        click.echo(str(problem), err=True)
    return script


def script_slug(path: Path) -> str:
    """The name under which a script's book is kept in the store; the script need not be there any more."""
    return slug(path.stem, "book")


def open_book(
    path: Path,
    store_path: Path,
    *,
    weights: WeightStore | None = None,
    ensure: Callable[[WeightStore, Any], ResolvedModel] | None = None,
) -> OpenBook:
    """Reads, casts and plans a script.

    Args:
        ensure: brings a model's weights here; without it only what is here already is looked at.
    """
    script = read_checked(path)
    catalogue = catalogue_for(path.parent)
    casting = cast_script(script, catalogue)
    consents = _consents(script, casting, catalogue)
    weights = weights or WeightStore(catalogue=catalogue)
    store = TakeStore(store_path)
    choices = Choices(store_path, script.slug)
    history = read_history(store_path, script.slug)
    models = sorted({casting.voice_of(line).model for line in script.lines()})
    here = ensure or WeightStore.present
    found = {model: here(weights, catalogue.model(model)) for model in models}
    resolved = {model: one for model, one in found.items() if one is not None}
    facts = {model: _facts(catalogue, model, resolved.get(model), history) for model in models}
    takes: dict[str, Take] = {}
    plan = make_plan(
        script,
        casting.voices,
        facts,
        has_take=_finder_of(store, takes),
        choices=choices.items(),
        previous=history.lines,
        direct=redirected,
        shares=casting.shares,
    )
    past = replace(history, lines=())
    cast = casting.voices
    return OpenBook(script, cast, store, choices, past, plan, takes, resolved, catalogue, consents)


def _finder_of(store: TakeStore, takes: dict[str, Take]) -> Callable[[str], bool]:
    """Tells whether a take is in the store; those that are found are put into `takes`."""

    def has_take(key: str) -> bool:
        take = takes.get(key) or store.get(key)
        if take is not None:
            takes[key] = take
        return take is not None

    return has_take


def _consents(script: Script, casting: Cast, catalogue: Catalogue) -> dict[str, Consent]:
    """The consent of each voice that speaks and was made from a recording, whichever model speaks it.

    Raises:
        PolicyError: a voice has none, or its model may not clone.
    """
    voices = {casting.voice_of(line) for line in script.lines()}
    spoken = {replace(entry, model=voice.model) for voice in voices for entry, _ in voice.parts}
    in_order = sorted(spoken, key=lambda entry: (entry.id, entry.model))
    return demand_rights(in_order, catalogue, datetime.now().date(), script.slug)


def find_line(plan: Plan, wanted: str) -> LinePlan:
    """The line that a person means: its ID, the beginning of one, or `chapter.line` counted from 1.

    Raises:
        UsageError: none or several fit.
    """
    by_id = {line.line.id: line for line in plan.lines}
    if wanted in by_id:
        return by_id[wanted]
    chapter, dot, number = wanted.partition(".")
    if dot and chapter.isdigit() and number.isdigit():
        lines = plan.chapter(int(chapter) - 1)
        if 1 <= int(number) <= len(lines):
            return lines[int(number) - 1]
        raise UsageError(f"no line {wanted}", hint=f"chapter {chapter} has {len(lines)} lines")
    fitting = [name for name in by_id if name.startswith(wanted)]
    if len(fitting) == 1:
        return by_id[fitting[0]]
    if fitting:
        raise UsageError(f"'{wanted}' is the beginning of {len(fitting)} lines", hint=", ".join(fitting[:6]))
    raise UsageError(f"no line '{wanted}'", hint=did_you_mean(wanted, by_id))


def _facts(catalogue: Catalogue, model: str, resolved: ResolvedModel | None, history: History) -> ModelFacts:
    entry = catalogue.model(model)
    capabilities = catalogue.capabilities(model)
    speed = history.speeds.get(model, capabilities.speed)
    sha256 = resolved.sha256 if resolved and entry.forms else None
    return ModelFacts(model, entry.engine, capabilities, sha256, speed)


def need_models(book: OpenBook) -> None:
    """Nothing, if all weights are here.

    Raises:
        MissingError: some are not.
    """
    missing = sorted(set(book.plan.models) - set(book.resolved))
    if missing:
        raise MissingError(f"no weights here for {', '.join(missing)}", hint="run: fullcast models fetch")
