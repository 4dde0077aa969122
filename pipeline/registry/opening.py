"""The catalogue of a project: engines, the user's registry, the project's; quick where there is none."""

from __future__ import annotations

from pathlib import Path

from pipeline.engines.catalogue import Catalogue, load_catalogue
from pipeline.registry.places import default_cache, project_registry, user_registry


def catalogue_for(folder: Path, cache: Path | None = None) -> Catalogue:
    """The engines with the user's registry and that of the project in which `folder` lies.

    Args:
        folder: where the script lies; the working folder where there is none.
        cache: where indexes are kept; the user's own if None.
    Raises:
        UsageError: a registry file is not of its form, or names a model or engine that is not there.
    """
    base = load_catalogue()
    paths = [path for path in (user_registry(), project_registry(folder)) if path is not None]
    there = [path for path in dict.fromkeys(paths) if path.exists()]
    if not there:
        return base
    # A database and the forms of a registry: `fullcast check` need not wait for them without one.
    from pipeline.registry.files import RegistryFiles
    from pipeline.registry.index import RegistryIndex

    where = cache or default_cache()
    files = RegistryFiles(base, [RegistryIndex(path, where) for path in there])
    files.check()
    return base.with_additions(files)


def notes_of(catalogue: Catalogue) -> list[str]:
    """What registry files put in the place of something else; nothing where there are none."""
    return list(catalogue.additions.notes())
