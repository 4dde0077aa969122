"""`fullcast game verify`: is the pack what was written, what its engine wants, what the script says today?"""

from __future__ import annotations

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
)
from pipeline.cli.game_reports import report_files, report_options
from pipeline.game.agenda import Agenda, Wish
from pipeline.game.findings import PACK_CODES, Judged
from pipeline.game.reports.report import Report
from pipeline.game.verify import listed_files, verify_names, verify_pack

EXIT_DRIFT = 6


@click.command("verify")
@project_argument
@place_options
@click.option("--locale", "locales", multiple=True, help="Only this locale; may be given again.")
@click.option(
    "--names",
    type=click.Path(path_type=Path, exists=True),
    help="Only compare names: of a list of paths, one a row, or of the sounds under a folder.",
)
@strict_option
@report_options
def command(project: Path, strict: bool, locales: tuple[str, ...], names: Path | None, **options: Any) -> int:
    """Check PROJECT's pack: checksums, formats, levels, missing, unknown and stale files."""
    files = report_files(options)
    game = open_project(project, strict)
    where = places(game, options)

    def body() -> Report:
        agenda = open_agenda(game, where, Wish(locales=locales), to_speak=False)
        found = verify_pack(agenda) if names is None else verify_names(agenda, listed_files(names))
        for one in found:
            click.echo(f"{one.severity}: {one}")
        click.echo(totals(agenda, found))
        code = EXIT_DRIFT if any(one.severity == "error" for one in found) else 0
        return verify_report(agenda, found, code, has_lines(files))

    return run_verb("verify", game, files, body, lint_first=names is None)


def totals(agenda: Agenda, found: Sequence[Judged]) -> str:
    """One row: how many sounds there are, and how many findings of each kind."""
    counts = Counter(one.code for one in found)
    told = ", ".join(f"{counts[code]} {PACK_CODES[code].title}" for code in sorted(counts))
    return f"{len(agenda.wanted)} sounds in {len(agenda.locales)} locales: {told or 'all is well'}"


def verify_report(agenda: Agenda, found: Sequence[Judged], code: int, with_lines: bool) -> Report:
    """The findings of a pack for programs, after those of its lines."""
    rows = [sound_row(one) for one in agenda.wanted] if with_lines else []
    base = project_report("verify", agenda.project, code, [totals(agenda, found)], rows)
    counts = {"codes": Counter(one.code for one in found), "sounds": len(agenda.wanted)}
    return replace(base, counts={**base.counts, "pack": counts}, findings=(*base.findings, *found))
