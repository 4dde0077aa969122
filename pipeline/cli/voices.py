"""`fullcast voices`: what one can cast, and voices of one's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipeline.cli.match import match
from pipeline.cli.registry_file import say_notes
from pipeline.cli.voices_edit import add, remove
from pipeline.engines.catalogue import Catalogue
from pipeline.errors import UsageError, did_you_mean
from pipeline.registry.opening import catalogue_for
from pipeline.registry.voices import list_voices, speaks
from pipeline.script.counting import counted


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
    if language is not None:
        _say_unknown(language, catalogue, bool(rows))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        tags = ", ".join(row.tags)
        click.echo(f"{row.id:<28} {row.language:<8} {row.gender or '-':<8} {row.model:<14} {tags}".rstrip())
    click.echo(counted(len(rows), "voice"), err=True)


def _say_unknown(language: str, catalogue: Catalogue, others: bool) -> None:
    """Says that no voice is made for a language, if that is so.

    Args:
        others: whether voices are listed all the same, those that take any language.

    Raises:
        UsageError: none are.
    """
    named = [row for row in list_voices(catalogue) if row.language != "*"]
    if any(speaks(row.language, language) for row in named):
        return
    message = f"no voice is made for language '{language}'"
    hint = did_you_mean(language, {row.language for row in named})
    if not others:
        raise UsageError(message, hint=hint)
    click.echo(f"{message}; {hint}; these take any language that their server does", err=True)


command.add_command(add)
command.add_command(match)
command.add_command(remove)
