"""`fullcast voices`: what one can cast, and voices of one's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipeline.cli.counting import counted
from pipeline.cli.match import match
from pipeline.cli.registry_file import say_notes
from pipeline.cli.voices_edit import add, remove
from pipeline.errors import UsageError, did_you_mean
from pipeline.registry.opening import catalogue_for
from pipeline.registry.voices import list_voices


@click.group("voices", invoke_without_command=True)
@click.option("--language", help="Only voices of this language: en-us, zh ... (en is all English).")
@click.option("--engine", help="Only this engine's voices.")
@click.option("--gender", type=click.Choice(["female", "male"]), help="Only these.")
@click.option("--search", help="Only voices whose name or tags contain this.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(
    context: click.Context, language: str | None, engine: str | None, gender: str | None, search: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List voices; cast one by its ID: `Della: kokoro/af_heart`."""
    if context.invoked_subcommand is not None:
        return
    catalogue = catalogue_for(Path.cwd())
    say_notes(catalogue)
    rows = list_voices(catalogue, language, engine, gender, search)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    if not rows and language is not None and not list_voices(catalogue, language):
        known = {row.language for row in list_voices(catalogue)} - {"*"}
        raise UsageError(f"no voice for language '{language}'", hint=did_you_mean(language, known))
    for row in rows:
        tags = ", ".join(row.tags)
        click.echo(f"{row.id:<28} {row.language:<8} {row.gender or '-':<8} {row.model:<14} {tags}".rstrip())
    click.echo(counted(len(rows), "voice"), err=True)


command.add_command(add)
command.add_command(match)
command.add_command(remove)
