"""`fullcast models`: what there is to speak with, and its weights."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from pipeline.engines.catalogue import load_catalogue
from pipeline.registry.models import list_models
from pipeline.registry.weights import WeightStore


@click.group("models", invoke_without_command=True)
@click.option("--engine", help="Only this engine's models.")
@click.option("--language", help="Only models of this language.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(context: click.Context, engine: str | None, language: str | None, as_json: bool) -> None:
    """List models: version, licence, size, and whether the weights are here."""
    if context.invoked_subcommand is not None:
        return
    rows = list_models(load_catalogue(), WeightStore(), engine, language)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        state = "here" if row.present else "not here"
        size = f"{row.bytes / 1e6:.0f} MB" if row.bytes else "no weights"
        click.echo(
            f"{row.id:<16} {row.licence:<20} {size:>11}  {state:<9} {row.form:<14} {', '.join(row.languages)}"
        )


@command.command("fetch")
@click.argument("names", nargs=-1)
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Take this file, brought by hand, into the cache; what it is, its SHA-256 says.",
)
def fetch(names: tuple[str, ...], files: tuple[Path, ...]) -> None:  # fmt: skip
    """Fetch the weights and voices of models NAMES (all of them if none is named)."""
    from pipeline.registry.progress import progress_for

    catalogue, store = load_catalogue(), WeightStore()
    for path in files:
        found = store.add_file(path)
        click.echo(f"{path}: taken as {found.name}")
    if files and not names:
        return
    wanted = [catalogue.model(name) for name in names] or [
        model for model in catalogue.models() if not catalogue.engine(model.engine).hidden
    ]
    progress = progress_for(sys.stderr)
    for model in wanted:
        resolved = store.ensure(model, progress)
        voices = [voice for voice in catalogue.voices() if voice.model == model.id and voice.file]
        there = store.ensure_voices(voices, progress)
        click.echo(f"{model.id}: {resolved.form}, {len(there)} voice files")
