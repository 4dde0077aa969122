"""`fullcast game plan`: what would be rendered, for how long, at what cost; writes nothing but reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline.cli.game_options import (
    has_lines,
    open_agenda,
    open_project,
    place_options,
    places,
    project_argument,
    project_report,
    run_verb,
    sound_row,
    strict_option,
    wish_of,
    wish_options,
)
from pipeline.cli.game_reports import report_files, report_options
from pipeline.game.agenda import Agenda
from pipeline.game.pack_state import Wanted
from pipeline.game.policy import demand_budget
from pipeline.game.reports.report import Report

SHOWN_LINES = 40
COLUMNS = ("lines", "to render", "cached", "recorded", "stale", "characters", "seconds")


@click.command("plan")
@project_argument
@place_options
@wish_options
@click.option("--all", "show_all", is_flag=True, help="List every line that would be rendered.")
@strict_option
@report_options
def command(project: Path, strict: bool, show_all: bool, **options: Any) -> int:
    """Show what `render` would do for PROJECT, its project file or folder: lines, seconds, cost."""
    files = report_files(options)
    game = open_project(project, strict)
    where, wish = places(game, options), wish_of(options)

    def body() -> Report:
        agenda = open_agenda(game, where, wish)
        for row in plan_rows(agenda, show_all):
            click.echo(row)
        demand_budget(agenda.cost(), game.config.budget)
        return plan_report(agenda, has_lines(files))

    return run_verb("plan", game, files, body)


def plan_report(agenda: Agenda, with_lines: bool) -> Report:
    """The plan for programs: sums, costs, and every sound with what becomes of it and why."""
    sums = {name.replace(" ", "_"): round(value, 1) for name, value in summed(agenda, agenda.wanted).items()}
    costs = {engine: vars(cost) for engine, cost in agenda.costs().items()}
    wanted = agenda.wanted if with_lines else ()
    rows = [sound_row(one, status=agenda.status(one), reason=one.reason) for one in wanted]
    base = project_report("plan", agenda.project, 0, lines=rows)
    return replace(base, counts={**base.counts, "plan": sums, "costs": costs})


def plan_rows(agenda: Agenda, show_all: bool) -> Iterator[str]:
    """The table of locales and characters, costs by engine, and the lines to render."""
    yield f"{agenda.project.name}: {agenda.project.config.engine} pack in {len(agenda.locales)} locales"
    yield ""
    yield f"{'locale':<8} {'character':<20}" + "".join(f" {name:>10}" for name in COLUMNS)
    groups: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
    for wanted in agenda.wanted:
        name = wanted.line.voiced.line.character or "(narrator)"
        groups[wanted.line.voiced.locale, name].append(wanted)
    for (locale, name), lines in groups.items():
        yield _row(locale, name, agenda, lines)
    yield _row("total", "", agenda, agenda.wanted)
    yield ""
    yield from _costs(agenda)
    for model, facts in agenda.plan.models.items():
        if model not in agenda.resolved:
            yield f"{model}: weights of {facts.engine} are not here yet, so its takes are not looked for"
    yield from _to_render(agenda, show_all)


def _row(locale: str, name: str, agenda: Agenda, lines: Iterable[Wanted]) -> str:
    numbers = summed(agenda, lines)
    cells = "".join(f" {round(numbers[column]):>10}" for column in COLUMNS)
    return f"{locale:<8.8} {name:<20.20}{cells}"


def summed(agenda: Agenda, lines: Iterable[Wanted]) -> dict[str, float]:
    """The columns of the table for some lines; characters and seconds are those to render."""
    numbers = dict.fromkeys(COLUMNS, 0.0)
    for wanted in lines:
        status = agenda.status(wanted)
        numbers["lines"] += 1
        numbers["to render"] += status == "render"
        numbers["cached"] += status in ("cached", "reuse") and wanted.recording is None
        numbers["recorded"] += wanted.recording is not None and wanted.recording.recorded
        numbers["stale"] += wanted.stale is not None
        if status == "render":
            for planned in agenda.planned[wanted.line.key]:
                if planned.status == "render":
                    numbers["characters"] += planned.characters
                    numbers["seconds"] += planned.audio_s
    return numbers


def _costs(agenda: Agenda) -> Iterator[str]:
    for engine, cost in agenda.costs().items():
        yield f"{engine}: {cost.characters} characters, {cost.seconds:.0f} s of sound, cost {cost.cost:.2f}"
    total = agenda.cost()
    yield f"total: {total.characters} characters, {total.seconds:.0f} s of sound, cost {total.cost:.2f}"


def _to_render(agenda: Agenda, show_all: bool) -> Iterator[str]:
    listed = [one for one in agenda.wanted if agenda.status(one) in ("render", "silent")]
    if listed:
        yield ""
    for wanted in listed if show_all else listed[:SHOWN_LINES]:
        line = wanted.line
        why = wanted.reason
        if agenda.status(wanted) == "silent":
            why = next(part.reason for part in agenda.planned[line.key] if part.status == "silent")
        yield f"  {line.voiced.place.where}: {line.voiced.locale} {line.sound_id}: {why}"
    if not show_all and len(listed) > SHOWN_LINES:
        yield f"  ... and {len(listed) - SHOWN_LINES} more (--all)"
