"""What the verbs of `fullcast game` that need voices have in common: options, the agenda, what they print."""

from __future__ import annotations

import datetime
import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.cli.game_reports import ReportFiles, write_reports
from pipeline.engines.catalogue import ModelEntry, load_catalogue
from pipeline.errors import PolicyError
from pipeline.game.agenda import Agenda, Places, Wish, draw_up, look_only, places_of
from pipeline.game.pack_state import Wanted
from pipeline.game.project import load_project
from pipeline.game.reports.report import EXIT_LINT, Report, count, line_row, repository_prefix
from pipeline.game.voiced import GameProject
from pipeline.registry.weights import ResolvedModel, WeightStore

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
    added: Callable[..., Any] = _PACK(_STORE(command))
    return added


def wish_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds which lines are meant: `--locale`, `--character`, `--limit`, `--recheck`."""
    added: Callable[..., Any] = _LOCALE(_CHARACTER(_LIMIT(_RECHECK(command))))
    return added


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
    to_speak: bool = True,
    check_takes: bool = False,
) -> Agenda:
    """The agenda of a project; without `models` no weights are fetched.

    Args:
        to_speak: whether something is to be rendered, which consent and licences must allow.
        check_takes: read the takes that are to be used, so that a damaged one is made anew.

    Raises:
        UsageError, PolicyError, DriftError: see `draw_up`.
    """
    return draw_up(
        project,
        where,
        load_catalogue(),
        models or look_only(WeightStore()),
        wish,
        datetime.datetime.now(tz=datetime.UTC).date() if to_speak else None,
        check_takes,
    )


def open_project(path: Path, strict: bool) -> GameProject:
    """The project, read and judged.

    Raises:
        UsageError: the project file or a source is not as it must be.
    """
    # All that an importer makes lives to the end: looking through it for garbage would be a third of the
    # time, and be done again with every later collection.
    was_on = gc.isenabled()
    gc.disable()
    try:
        return load_project(path, strict=strict)
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def run_verb(
    verb: str, project: GameProject, files: ReportFiles, body: Callable[[], Report], lint_first: bool = True
) -> int:
    """Runs a verb and writes its reports, also where lint or a policy stops it; gives the exit code.

    Args:
        lint_first: whether errors of the lines stop it before anything else is done.

    Raises:
        PolicyError: the policy forbids it; the reports say so.
    """
    if lint_first and project.errors:
        for found in project.errors:
            click.echo(str(found), err=True)
        number = len(project.errors)
        click.echo(f"fullcast: {number} error{'s' * (number > 1)}; nothing was rendered", err=True)
        report = project_report(verb, project, EXIT_LINT, lines=_lines_of(project))
    else:
        try:
            report = body()
        except PolicyError as error:
            notes, lines = str(error).splitlines(), _lines_of(project)
            write_reports(project_report(verb, project, error.exit_code, notes, lines), files)
            raise
    write_reports(report, files)
    return report.exit_code


def project_report(
    verb: str,
    project: GameProject,
    exit_code: int,
    notes: Sequence[str] = (),
    lines: Sequence[Mapping[str, Any]] = (),
) -> Report:
    """What a verb has to say of a project; it adds counts and findings of its own."""
    return Report(
        verb=verb,
        exit_code=exit_code,
        findings=project.findings,
        counts=count(project),
        lines=lines,
        notes=notes,
        name=project.name,
        prefix=repository_prefix(project.root),
    )


def _lines_of(project: GameProject) -> list[dict[str, Any]]:
    return [line_row(voiced) for voiced in project.voiced]


def has_lines(files: ReportFiles) -> bool:
    """Whether any report that was asked for names single lines: 50,000 rows are not made for nothing."""
    return files.json is not None or files.junit is not None


def sound_row(wanted: Wanted, **more: Any) -> dict[str, Any]:
    """One sound in a report: its line, its file's stem and what a verb adds."""
    return {
        **line_row(wanted.line.voiced),
        "id": wanted.line.sound_id,
        "stem": wanted.line.stem,
        "take": wanted.line.take,
        **more,
    }
