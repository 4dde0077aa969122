"""Engines that other packages or the user's own folders bring. Nothing of theirs is imported here.

A package announces an engine by an entry point in the group `fullcast.engines`: its name is the engine's,
its value the package in which `engine.yaml` lies. $FULLCAST_ENGINES names folders that hold
`<engine>/engine.yaml` each, for engines that are a description only: another server, a voice of one's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines.engine_file import read_engine_file
from pipeline.engines.entries import EngineEntry
from pipeline.engines.from_forms import engine_entry
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "fullcast.engines"
FOLDERS_VARIABLE = "FULLCAST_ENGINES"


def outside_engines(built_in: Mapping[str, EngineEntry]) -> dict[str, EngineEntry]:
    """The engines from outside by name; looking through all installed packages takes some 20 ms.

    Raises:
        UsageError: an `engine.yaml` is not of its form, or two engines have one name.
    """
    found: dict[str, EngineEntry] = {}
    for entry in (*_from_folders(), *_from_packages()):
        other = found.get(entry.name) or built_in.get(entry.name)
        if other is not None:
            raise UsageError(
                f"engine '{entry.name}' comes from {entry.origin} and also from {other.origin}",
                hint="uninstall one of the two, or give it another name",
            )
        found[entry.name] = entry
    return found


def _from_folders() -> Iterator[EngineEntry]:
    for name in filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)):
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise UsageError("there is no such folder", where=f"{FOLDERS_VARIABLE}={name}")
        for path in sorted(folder.glob("*/engine.yaml")):
            yield engine_entry(read_engine_file(path), f"folder {path.parent}")


def _from_packages() -> Iterator[EngineEntry]:
    # Slow to import, and only lists and unknown names come here.
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        package = point.dist.name if point.dist is not None else point.value
        yield engine_entry(read_engine_file(_engine_file(point, package), point.name), f"package {package}")


def _engine_file(point: EntryPoint, package: str) -> Path:
    """Where the package's `engine.yaml` lies; a package inside another imports that other one."""
    try:
        spec = find_spec(point.value)
    except (ImportError, ValueError) as error:
        raise UsageError(f"engine '{point.name}': {error}", where=f"package {package}") from error
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise UsageError(
            f"engine '{point.name}': '{point.value}' is no package of Python that is installed",
            where=f"package {package}",
            hint="its entry point must name the folder that holds engine.yaml",
        )
    return Path(places[0]) / "engine.yaml"
