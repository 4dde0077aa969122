"""Which registry file a command changes, and what several commands say of registries."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.engines.catalogue import Catalogue
from pipeline.registry.opening import notes_of
from pipeline.registry.places import PROJECT_FILE, project_registry, user_registry

project_option = click.option(
    "--project",
    is_flag=True,
    help=f"In the project's registry ({PROJECT_FILE}) instead of the user-wide one.",
)


def chosen_registry(project: bool) -> Path:
    """The registry file to change: the nearest project's, or one to be made here; else the user's own."""
    if not project:
        return user_registry()
    return project_registry(Path.cwd()) or Path.cwd() / PROJECT_FILE


def say_notes(catalogue: Catalogue) -> None:
    """What registry files put in the place of something else, to the error stream."""
    for note in notes_of(catalogue):
        click.echo(note, err=True)
