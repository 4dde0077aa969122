"""`fullcast voices`: what one can cast."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from pipeline.engines.catalogue import load_catalogue
from pipeline.registry.voices import list_voices


@click.command("voices")
@click.option("--language", help="Only voices of this language: en-us, zh ... (en is all English).")
@click.option("--engine", help="Only this engine's voices.")
@click.option("--gender", type=click.Choice(["female", "male"]), help="Only these.")
@click.option("--search", help="Only voices whose name or tags contain this.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    language: str | None, engine: str | None, gender: str | None, search: str | None, as_json: bool
) -> None:
    """List voices; cast one by its ID: `Della: kokoro/af_heart`."""
    rows = list_voices(load_catalogue(), language, engine, gender, search)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        tags = ", ".join(row.tags)
        click.echo(f"{row.id:<28} {row.language:<8} {row.gender or '-':<8} {row.model:<14} {tags}".rstrip())
    click.echo(f"{len(rows)} voices", err=True)
