"""From a project file to a `GameProject`: sources read, locales joined, texts stripped, findings judged."""

from __future__ import annotations

from pathlib import Path

from pipeline.game.voiced import GameProject


def load_project(path: Path, *, strict: bool = False) -> GameProject:
    """The project whose file, or folder with a `fullcast-game.toml`, is `path`.

    Args:
        strict: judge warnings as errors.

    Raises:
        UsageError: the project file or a source is not as it must be.
    """
    raise NotImplementedError
