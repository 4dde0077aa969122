"""`fullcast models add` and `remove`: models of one's own, as entries of a registry file."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.registry_file import chosen_registry, kept_sound, project_option
from pipeline.engines.entries import EngineEntry
from pipeline.errors import UsageError
from pipeline.registry.editing import add_entries, remove_entry
from pipeline.registry.opening import catalogue_for
from pipeline.registry.own import OwnModel, model_entry_of


@click.command("add")
@click.argument("what")
@click.option("--file", "files", multiple=True, metavar="NAME=PATH", help="A file of weights of a new model.")
@click.option("--engine", help="Engine of a new model; the word before the @ if left out.")
@click.option("--language", "languages", multiple=True, help="Language of a new model; give it repeatedly.")
@click.option("--licence", help="SPDX name of the licence of its weights.")
@click.option("--hot", is_flag=True, help="Load it before any line is spoken.")
@project_option
def add(
    what: str, files: tuple[str, ...], engine: str | None, languages: tuple[str, ...], licence: str | None,
    hot: bool, project: bool,
) -> None:  # fmt: skip
    """Add WHAT: all entries of a registry file (a path that ends in .yaml), or a new model ID.

    A new model is made of the files that it is given: `models add kokoro@mine --file weights.pth=/my/file`.
    """
    target = chosen_registry(project)
    path = Path(what)
    if path.suffix in (".yaml", ".yml"):
        if files or engine or languages or licence or hot:
            raise UsageError(f"{what} says all of its entries", hint="leave the other options out")
        _add_file(path, target)
        return
    name, at, version = what.partition("@")
    if not (name and at and version):
        raise UsageError(f"'{what}' is no model", hint="write name@version, or name a registry file, *.yaml")
    own = OwnModel(what, engine or name, version, languages or ("*",), _files(files), licence, hot)
    _demand_files(own, catalogue_for(Path.cwd()).entry(own.engine))
    with kept_sound(target):
        add_entries(target, {"models": [model_entry_of(own, target.parent)]})
    click.echo(f"{target}: added {what}")


@click.command("remove")
@click.argument("name")
@project_option
def remove(name: str, project: bool) -> None:
    """Remove the entry of model NAME; its weights stay in the cache."""
    target = chosen_registry(project)
    with kept_sound(target):
        remove_entry(target, "models", name)
    click.echo(f"{target}: removed {name}")


def _add_file(path: Path, target: Path) -> None:
    """Puts the entries of a registry file into another one, local paths made absolute."""
    import yaml

    from pipeline.registry.reading import read_registry_file

    document = read_registry_file(path)
    value = yaml.safe_load(path.read_bytes())
    if any(form.embedding or form.reference or form.consent for form, _ in document.voices):
        hint = "add each with `fullcast voices add`"
        raise UsageError("voices with files of their own cannot be moved", where=str(path), hint=hint)
    models = value.get("models", [])
    for model in models:
        every = [
            *model.get("files", []),
            *(file for form in model.get("forms", []) for file in form["files"]),
        ]
        for source in (source for file in every for source in file["sources"] if "local" in source):
            source["local"] = str((path.parent / Path(source["local"]).expanduser()).absolute())
    with kept_sound(target):
        add_entries(target, {"models": models, "voices": value.get("voices", [])})
    click.echo(f"{target}: added {len(document.models)} models, {len(document.voices)} voices")


def _demand_files(own: OwnModel, engine: EngineEntry) -> None:
    """Nothing, if the model has the files that one of its engine's own models has.

    Raises:
        UsageError: it has not; says which they are.
    """
    needed = [[file.name for file in form.files] for model in engine.models for form in model.forms]
    if needed and not any(set(names) <= set(own.files) for names in needed):
        shown = ", or ".join(" and ".join(names) for names in dict.fromkeys(map(tuple, needed)))
        raise UsageError(
            f"model {own.id} has no weights: {engine.name} loads {shown}",
            hint=f"give --file {needed[0][0]}=PATH",
        )


def _files(written: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for each in written:
        name, equals, path = each.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--file {each}", hint="write the engine's name for it, '=' and its path")
        found[name] = Path(path).expanduser()
    return found
