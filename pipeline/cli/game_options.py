"""What the verbs of `fullcast game` that need voices have in common: options, the agenda, what they print."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline.engines.catalogue import ModelEntry, load_catalogue
from pipeline.game.agenda import Agenda, Places, Wish, draw_up, look_only, places_of
from pipeline.game.project import load_project
from pipeline.game.voiced import GameProject
from pipeline.registry.weights import ResolvedModel, WeightStore

EXIT_LINT = 3

project_argument = click.argument("project", type=click.Path(path_type=Path), default=Path())
_PACK = click.option(
    "-o",
    "--pack",
    "pack_path",
    type=click.Path(path_type=Path),
    help="Folder of the pack; the project's `pack` if left out.",
)
_STORE = click.option(
    "--store",
    "store_path",
    type=click.Path(path_type=Path),
    help="Folder of the take store; the project's `store`, or .fullcast beside it, if left out.",
)
_LOCALE = click.option("--locale", "locales", multiple=True, help="Only this locale; may be given again.")
_CHARACTER = click.option(
    "--character", "characters", multiple=True, help="Render only this character's lines; may be given again."
)
_LIMIT = click.option("--limit", type=int, help="Render at most so many lines this time.")
_RECHECK = click.option(
    "--recheck",
    is_flag=True,
    help="Ask the take store for every line, as after an update that reads numbers in another way.",
)
strict_option = click.option("--strict", is_flag=True, help="Warnings count as errors.")


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--pack` and `--store`."""
    return _PACK(_STORE(command))


def wish_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds which lines are meant: `--locale`, `--character`, `--limit`, `--recheck`."""
    return _LOCALE(_CHARACTER(_LIMIT(_RECHECK(command))))


def wish_of(options: dict[str, Any]) -> Wish:
    """The lines that the command line means; takes its options out of `options`."""
    return Wish(
        tuple(options.pop("locales")),
        tuple(options.pop("characters")),
        options.pop("limit"),
        options.pop("recheck"),
    )


def places(project: GameProject, options: dict[str, Any]) -> Places:
    """Where pack and store lie; takes its options out of `options`."""
    return places_of(project, options.pop("pack_path"), options.pop("store_path"))


def open_agenda(
    project: GameProject,
    where: Places,
    wish: Wish,
    models: Callable[[ModelEntry], ResolvedModel | None] | None = None,
) -> Agenda:
    """The agenda of a project; without `models` no weights are fetched.

    Raises:
        UsageError, PolicyError, DriftError: see `draw_up`.
    """
    return draw_up(
        project,
        where,
        load_catalogue(),
        models or look_only(WeightStore()),
        wish,
        datetime.datetime.now(tz=datetime.UTC).date(),
    )


def open_project(path: Path, strict: bool) -> GameProject:
    """The project, read and judged.

    Raises:
        UsageError: the project file or a source is not as it must be.
    """
    return load_project(path, strict=strict)


def print_errors(project: GameProject) -> int:
    """Prints the findings that stop a run; gives their number."""
    for found in project.errors:
        click.echo(str(found), err=True)
    if project.errors:
        click.echo(f"fullcast: {len(project.errors)} errors; nothing was rendered", err=True)
    return len(project.errors)
