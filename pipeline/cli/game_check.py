"""`fullcast game check`: every problem of a game's lines, then the documented exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.game_reports import report_files, report_options, write_reports
from pipeline.game.ai_use import forbidden_notes
from pipeline.game.config import CONFIG_NAME
from pipeline.game.project import load_project
from pipeline.game.reports.console import file_table, finding_rows, total
from pipeline.game.reports.report import EXIT_LINT, check_report

EXIT_POLICY = 7


@click.command("check")
@click.argument("project", default=CONFIG_NAME, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option("-q", "--quiet", is_flag=True, help="Show findings and total only.")
@report_options
def command(project: Path, strict: bool, quiet: bool, **reports: Any) -> int:
    """Check the lines of PROJECT (a fullcast-game.toml or its folder); nothing is rendered.

    Exits 3 if there is an error, 7 if a source forbids synthetic voices.
    """
    files = report_files(reports)
    game = load_project(project, strict=strict)
    notes = forbidden_notes(game)
    code = EXIT_LINT if game.errors else EXIT_POLICY if notes else 0
    report = check_report(game, code, notes)
    if not quiet:
        for row in file_table(report):
            click.echo(row)
    for row in finding_rows(report):
        click.echo(row)
    for note in notes:
        click.echo(f"fullcast: {note}", err=True)
    click.echo(total(report, game.locales))
    write_reports(report, files)
    return code
