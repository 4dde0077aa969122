"""Where this user's things lie: the cache, which may be deleted, and the registry, which may not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

USER_FILE = "registry.yaml"
PROJECT_FILE = "fullcast.registry.yaml"


def default_cache() -> Path:
    """The user's cache folder of fullcast: $FULLCAST_CACHE, or `fullcast` where the system keeps caches."""
    return _folder("FULLCAST_CACHE", "XDG_CACHE_HOME", Path("Library/Caches"), Path(".cache"))


def config_folder() -> Path:
    """Where the user's own registry lies: $FULLCAST_CONFIG, or `fullcast` where the system keeps settings."""
    mac = Path("Library/Application Support")
    return _folder("FULLCAST_CONFIG", "XDG_CONFIG_HOME", mac, Path(".config"))


def user_registry() -> Path:
    """The file of the user-wide registry, whether it is there or not."""
    return config_folder() / USER_FILE


def project_registry(folder: Path) -> Path | None:
    """The nearest project registry: in `folder`, or in the first folder above it that has one."""
    start = folder.absolute()
    return next((place / PROJECT_FILE for place in (start, *start.parents) if _is_there(place)), None)


def _is_there(folder: Path) -> bool:
    """Whether the folder has a registry, or something else of its name, of which the reader will tell."""
    try:
        return (folder / PROJECT_FILE).exists()
    except OSError:  # a folder above that may not be looked into
        return False


def _folder(own: str, system: str, mac: Path, other: Path) -> Path:
    if named := os.environ.get(own):
        return Path(named).expanduser()
    given = os.environ.get(system)
    if given and Path(given).is_absolute():
        return Path(given) / "fullcast"
    return Path.home() / (mac if sys.platform == "darwin" else other) / "fullcast"
