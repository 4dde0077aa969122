"""`fullcast game render`: what is missing is spoken, then put where the game's engine looks for it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
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
from pipeline.engines.catalogue import ModelEntry, load_catalogue
from pipeline.errors import UsageError, did_you_mean
from pipeline.game.agenda import Agenda, Places, all_locales
from pipeline.game.as_script import PackLine, slug_of
from pipeline.game.pack_index import own_sums, read_index
from pipeline.game.pack_write import Filled, fill_pack
from pipeline.game.policy import demand_budget
from pipeline.game.reports.report import Report
from pipeline.game.takes import write_lock
from pipeline.game.verify import stale_findings
from pipeline.game.voiced import GameProject
from pipeline.journey.options import RunOptions
from pipeline.journey.plan_takes import PlannedWork, make_plan_takes
from pipeline.registry.progress import progress_for
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.run import Outcome
from pipeline.takes.choose import Choices
from pipeline.takes.store import TakeStore

EXIT_FAILED = 1
EXIT_DRIFT = 6


@click.command("render")
@project_argument
@place_options
@wish_options
@click.option("--accept-takes", is_flag=True, help="Note new recordings as made for today's text.")
@click.option(
    "--retake",
    "retakes",
    multiple=True,
    metavar="ID",
    help="Another take of this line; ID@LOCALE for one locale.",
)
@click.option(
    "--drop-unused", is_flag=True, help="Remove takes that no line of this pack uses from the store."
)
@click.option("--workers", type=int, help="How many workers; as many as this machine feeds if left out.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--address", help="Ray cluster to join: auto or HOST:PORT. A local one if left out.")
@click.option("--memory", help="Budget for models in each worker: 800M, 4G.")
@click.option("--local", is_flag=True, help="Work in this process, without Ray.")
@click.option("-q", "--quiet", is_flag=True, help="Print no line for what was cached.")
@strict_option
@report_options
def command(
    project: Path,
    strict: bool,
    accept_takes: bool,
    retakes: tuple[str, ...],
    quiet: bool,
    drop_unused: bool,
    **options: Any,
) -> int:
    """Render what PROJECT's pack lacks: its project file or folder. Interrupt it whenever you like."""
    files = report_files(options)
    game = open_project(project, strict)
    where, wish, asked = places(game, options), wish_of(options), RunOptions(**options)

    def body() -> Report:
        weights = WeightStore()
        own_sums(where.pack)  # nothing is spoken for a folder that cannot become a pack
        ask_again(game, where, retakes)
        agenda = open_agenda(game, where, wish, weights.present, check_takes=True)
        for layout in agenda.rules.layouts.values():
            layout.demand_playable()
        demand_budget(agenda.cost(), game.config.budget)
        agenda = _with_weights(agenda, game, where, wish, weights)
        filled = fill(agenda, speak(agenda, weights, asked), quiet)
        takes = agenda.takes.values()
        accepted = write_lock(where.lock, agenda.accepted, takes) if accept_takes else None
        if drop_unused:
            click.echo(f"{drop_takes(agenda)} takes that no line uses were removed")
        return render_report(agenda, filled, conclude(agenda, filled, accepted), has_lines(files))

    return run_verb("render", game, files, body)


def render_report(agenda: Agenda, filled: Filled, code: int, with_lines: bool) -> Report:
    """The run for programs: what became of every sound, and what its engine could not do."""
    rows = {row.key: row for lines in filled.rows.values() for row in lines}
    lines = []
    for one in agenda.wanted if with_lines else ():
        row = rows[one.line.key]
        more = {"status": filled.statuses[one.line.key], "origin": row.origin, "unrealised": row.unrealised}
        lines.append(sound_row(one, **more, **({"failed": row.reason} if row.status == "failed" else {})))
    counts = {
        **Counter(filled.statuses.values()),
        "unrealised": sum(row.unrealised is not None for row in rows.values()),
        "without_visemes": sum(filled.no_times.values()),
        "removed_files": len(filled.removed),
    }
    base = project_report("render", agenda.project, code, lines=lines)
    found = (*base.findings, *stale_findings(agenda))
    return replace(base, counts={**base.counts, "render": counts}, findings=found)


def _with_weights(
    agenda: Agenda, game: GameProject, where: Places, wish: Any, weights: WeightStore
) -> Agenda:
    """The agenda with all weights here: fetched only now that policy and budget allow the run."""
    needed = {line.voice.model for line in agenda.plan.to_render()}
    if needed <= set(agenda.resolved):
        return agenda

    def ensure(model: ModelEntry) -> ResolvedModel | None:
        if model.id not in needed:
            return weights.present(model)
        return weights.present(model) or weights.ensure(model, progress_for(sys.stderr))

    return open_agenda(game, where, wish, ensure, check_takes=True)


def ask_again(game: GameProject, where: Places, retakes: Sequence[str]) -> None:
    """Notes that some lines are to be spoken with another seed from now on.

    Raises:
        UsageError: there is no such line.
    """
    if not retakes:
        return
    from pipeline.game.as_script import pack_lines

    lines = pack_lines(game, load_catalogue())
    choices = Choices(where.store, slug_of(game))
    for wanted in retakes:
        found = [line for line in lines if _is_meant(line, wanted)]
        if not found:
            known = {line.sound_id for line in lines}
            raise UsageError(f"no line '{wanted}'", hint=did_you_mean(wanted, known))
        for line in found:
            before = choices.get(line.key)
            choices.put(line.key, type(before)(before.alt + 1, before.direction))


def _is_meant(line: PackLine, wanted: str) -> bool:
    names = {line.voiced.id or "", line.sound_id, line.stem}
    return wanted in names | {f"{name}@{line.voiced.locale}" for name in names}


def speak(agenda: Agenda, weights: WeightStore, options: RunOptions) -> Outcome:
    """Makes the takes that the agenda lacks; progress goes to the error stream."""
    from pipeline.reports.reporters import make_reporter

    if not any(agenda.plan.to_render()):
        return Outcome()
    reporter = make_reporter(False)
    store = TakeStore(agenda.places.store)
    try:
        work = PlannedWork(agenda.plan, agenda.resolved, store, weights, agenda.history)
        return make_plan_takes(work, options, reporter.on, progress_for(sys.stderr))
    finally:
        reporter.close()


def fill(agenda: Agenda, outcome: Outcome, quiet: bool) -> Filled:
    """Fills the pack, with a line for each sound on the output stream."""

    def tell(status: str, line: PackLine) -> None:
        if not (quiet and status == "cached"):
            click.echo(f"{status} {line.sound_id} {line.stem} {line.voiced.locale}")

    reasons = {key: reason for key, (_, reason) in outcome.quarantined.items()}
    return fill_pack(agenda, outcome.made, reasons, finding_dicts(agenda.project), tell)


def drop_takes(agenda: Agenda) -> int:
    """Removes the takes that no row of the pack was made of, in any locale; gives their number."""
    pack, store = agenda.places.pack, TakeStore(agenda.places.store)
    rows = (row for locale in all_locales(agenda.project, pack) for row in read_index(pack, locale))
    used = {key for row in rows for key in row.take_keys}
    return sum(store.drop(key) for key in list(store.all_keys()) if key not in used)


def finding_dicts(project: GameProject) -> list[dict[str, object]]:
    """The findings as the viewer wants them."""
    return [
        {
            "code": found.code,
            "severity": found.severity,
            "file": found.file,
            "line": found.row,
            "id": found.id,
            "locale": found.locale,
            "message": found.message,
        }
        for found in project.findings
    ]


def conclude(agenda: Agenda, filled: Filled, accepted: int | None) -> int:
    """Prints totals and what is not as it should be; gives the exit code."""
    counts = Counter(filled.statuses.values())
    order = ("rendered", "cached", "taken", "failed", "missing")
    click.echo(", ".join(f"{counts[name]} {name}" for name in order if counts[name] or name == "rendered"))
    unrealised = Counter(row.unrealised for rows in filled.rows.values() for row in rows if row.unrealised)
    for note, number in unrealised.items():
        click.echo(f"{number} lines not wholly as directed: {note}", err=True)
    for locale, rows in filled.rows.items():
        for row in rows:
            if row.status == "failed":
                click.echo(f"{row.source}: failed: {locale} {row.id}: {row.reason}", err=True)
    for engine, number in filled.no_times.items():
        click.echo(f"{engine} does not tell when phonemes sound: {number} lines have no visemes", err=True)
    if filled.removed:
        click.echo(f"{len(filled.removed)} files of lines that are no more were removed")
    if accepted is not None:
        click.echo(f"{accepted} recordings accepted in {agenda.places.lock.name}")
    fresh = sum(take.state == "new" for take in agenda.takes.values())
    if fresh and accepted is None:
        click.echo(f"{fresh} recordings are not accepted yet: render --accept-takes", err=True)
    click.echo(f"pack: {agenda.places.pack}")
    stale = stale_findings(agenda)
    for found in stale:
        click.echo(f"{found.severity}: {found}", err=True)
    drift = any(found.severity == "error" for found in stale)
    return EXIT_FAILED if filled.failed else EXIT_DRIFT if drift else 0
