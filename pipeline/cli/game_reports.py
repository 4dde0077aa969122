"""The options of reports that every verb of `fullcast game` has, and writing what they ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.files import write_json, write_text
from pipeline.game.reports.report import Report

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True)
class ReportFiles:
    """Where reports go; None where nobody asked for one."""

    json: Path | None = None
    junit: Path | None = None
    sarif: Path | None = None
    markdown: Path | None = None
    github: bool = False


def report_options(command: CommandT) -> CommandT:
    """Adds `--json --junit --sarif --markdown --github`; `report_files` takes their values out."""
    path = click.Path(dir_okay=False, path_type=Path)
    options = (
        click.option("--json", "json_file", type=path, help="Write the report as JSON."),
        click.option("--junit", "junit_file", type=path, help="Write it as JUnit XML."),
        click.option("--sarif", "sarif_file", type=path, help="Write it as SARIF 2.1.0."),
        click.option("--markdown", "markdown_file", type=path, help="Write a summary in Markdown."),
        click.option(
            "--github", is_flag=True, help="Print GitHub annotations; add the summary to the job's page."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def report_files(values: dict[str, Any]) -> ReportFiles:
    """The values of `report_options`, taken out of a command's keyword arguments."""
    names = ("json_file", "junit_file", "sarif_file", "markdown_file")
    files = {name.removesuffix("_file"): values.pop(name) for name in names}
    return ReportFiles(**files, github=values.pop("github"))


def write_reports(report: Report, files: ReportFiles) -> None:
    """Writes every report that was asked for; annotations go to the output.

    Raises:
        StoreError: a file cannot be written.
    """
    if files.json is not None:
        from pipeline.game.reports.json_report import json_text

        write_text(files.json, json_text(report))
    if files.junit is not None:
        from pipeline.game.reports.junit import junit_text

        write_text(files.junit, junit_text(report))
    if files.sarif is not None:
        from pipeline.game.reports.sarif import sarif_value

        write_json(files.sarif, sarif_value(report))
    if files.markdown is not None:
        from pipeline.game.reports.github import markdown

        write_text(files.markdown, markdown(report))
    if files.github:
        _for_github(report)


def _for_github(report: Report) -> None:
    from pipeline.game.reports.github import annotation_rows, markdown

    for row in annotation_rows(report):
        click.echo(row)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.writelines(markdown(report))
