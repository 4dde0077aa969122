"""`fullcast models`: what there is to speak with, and its weights."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import click

from pipeline.cli.models_edit import add, remove
from pipeline.cli.models_log import show_log
from pipeline.cli.registry_file import say_notes
from pipeline.engines.catalogue import Catalogue, ModelEntry
from pipeline.registry.models import ModelRow, list_models
from pipeline.registry.opening import catalogue_for
from pipeline.registry.weights import ResolvedModel, WeightStore

EXIT_MISSING = 4
NAMES_SHOWN = 6


@click.group("models", invoke_without_command=True)
@click.option("--engine", help="Only this engine's models.")
@click.option("--language", help="Only models of this language.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(context: click.Context, engine: str | None, language: str | None, as_json: bool) -> None:
    """List models: version, licence, size, and whether the weights are here."""
    if context.invoked_subcommand is not None:
        return
    catalogue = catalogue_for(Path.cwd())
    say_notes(catalogue)
    rows = list_models(catalogue, WeightStore(catalogue=catalogue), engine, language)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for line in _lines(rows):
        click.echo(line)


def _lines(rows: list[ModelRow]) -> list[str]:
    """A line for each model, in columns as wide as the longest of each."""
    table = [_cells(row) for row in rows]
    widths = [max(len(cells[column]) for cells in table) for column in range(5)] if table else []
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), cells[-1]])
        for cells in table
    ]


def _cells(row: ModelRow) -> list[str]:
    state = "served" if row.served else "here" if row.present else "not here"
    size = f"{row.bytes / 1e6:.0f} MB" if row.bytes else "no weights"
    facts = [", ".join(row.languages)]
    facts += ["hot"] * row.hot
    facts += [f"no {use}" for use in row.forbids]
    return [row.id, row.licence, f"{size:>11}", state, row.form, "; ".join(facts)]


@command.command("fetch")
@click.argument("names", nargs=-1)
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Take this file, brought by hand, into the cache; what it is, its SHA-256 says.",
)
def fetch(names: tuple[str, ...], files: tuple[Path, ...]) -> None:
    """Fetch the weights and voices of models NAMES (all that are loaded here if none is named).

    The weights of a model that a server speaks are fetched only by name, for that server.
    """
    from pipeline.registry.progress import progress_for

    catalogue = catalogue_for(Path.cwd())
    store = WeightStore(catalogue=catalogue)
    for path in files:
        found = store.add_file(path)
        click.echo(f"{path}: taken as {found.name}")
    if files and not names:
        return
    progress = progress_for(sys.stderr)
    for model in _named(catalogue, names):
        if model.served and not names:
            continue
        resolved = store.ensure(replace(model, served=False), progress)
        voices = [voice for voice in catalogue.voices() if voice.model == model.id and voice.file]
        there = store.ensure_voices(voices, progress)
        click.echo(f"{model.id}: {resolved.form}, {len(there)} voice files")
        if model.served:
            _say_how_to_serve(model, resolved)


@command.command("verify")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def verify(names: tuple[str, ...], as_json: bool) -> int:
    """Hash every file of models NAMES and their voices again (of all of them if none is named).

    What was converted for loading is hashed too. A damaged file is set aside and shown with both hashes and
    its source; exit code 4.
    """
    from pipeline.registry.verify import verify_converted, verify_files

    catalogue = catalogue_for(Path.cwd())
    models = _named(catalogue, names)
    chosen = {model.id for model in models}
    voices = (voice for voice in catalogue.voices() if voice.model in chosen)
    store = WeightStore(catalogue=catalogue)
    rows = [*verify_files(models, voices, store), *verify_converted(store)]
    damaged = [row for row in rows if row.state == "damaged"]
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
    else:
        for row in rows:
            if row.state != "not here":
                click.echo(row.describe())
        absent = [f"{row.owner}: {row.name}" for row in rows if row.state == "not here"]
        right = len(rows) - len(damaged) - len(absent)
        named = f" ({_some(absent)})" if absent else ""
        click.echo(
            f"{right} files are right, {len(damaged)} damaged, {len(absent)} not here{named}", err=True
        )
    return EXIT_MISSING if damaged else 0


def _some(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _say_how_to_serve(model: ModelEntry, resolved: ResolvedModel) -> None:
    """Where the weights lie, and what their server needs."""
    for name, path in resolved.files.items():
        click.echo(f"  {name}: {path}")
    if (needs := model.environment) is not None:
        click.echo(f"  its server needs Python {needs.python}: {', '.join(needs.packages)}")
        for command_row in needs.start:
            click.echo(f"    {command_row}")


def _model(catalogue: Catalogue, name: str) -> ModelEntry:
    """The model of that ID; of an engine's bare name, `kokoro`, the model that its voices have."""
    engine = catalogue.engines.get(name)
    return catalogue.model(name if engine is None else engine.default_model)


def _named(catalogue: Catalogue, names: tuple[str, ...]) -> list[ModelEntry]:
    """The models of these IDs, or their engines' usual ones; all that are advertised if none is named."""
    return [_model(catalogue, name) for name in names] or [
        model for model in catalogue.models() if not catalogue.entry(model.engine).hidden
    ]


command.add_command(add)
command.add_command(remove)
command.add_command(show_log)
