"""Which registry file a command changes, and what several commands say of registries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pipeline.engines.catalogue import Catalogue
from pipeline.errors import UsageError
from pipeline.files import write_bytes
from pipeline.registry.opening import catalogue_for, notes_of
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


@contextmanager
def kept_sound(target: Path) -> Iterator[None]:
    """A change of a registry file that is taken back if it leaves an entry without its model or engine.

    Raises:
        UsageError: it would; the file is as it was.
    """
    before = target.read_bytes() if target.exists() else None
    was_sound = _fault() is None
    yield
    fault = _fault() if was_sound else None
    if fault is None:
        return
    if before is None:
        target.unlink()
    else:
        write_bytes(target, before)
    raise UsageError(f"nothing was changed: {fault}")


def _fault() -> UsageError | None:
    """What is wrong with the registries that hold in the working folder."""
    try:
        catalogue_for(Path.cwd())
    except UsageError as error:
        return error
    return None


def say_notes(catalogue: Catalogue) -> None:
    """What registry files put in the place of something else, to the error stream."""
    for note in notes_of(catalogue):
        click.echo(note, err=True)
