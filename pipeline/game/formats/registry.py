"""Which formats there are: a name and the function that reads it, imported when a project uses it."""

from __future__ import annotations

import importlib

from pipeline.game.formats.base import Importer

# Format -> `module:function`, relative to this folder. A new format is one file and one line here.
FORMATS = {
    "yarn": "yarn:read",
    "renpy": "renpy:read",
    "dink": "dink:read",
    "table": "table:read",
    "fountain": "fountain:read",
}


def importer_of(name: str) -> Importer:
    """The function that reads sources of this format.

    Raises:
        KeyError: no format of that name; a project's file is checked before.
    """
    module, function = FORMATS[name].split(":")
    found: Importer = getattr(importlib.import_module(f"pipeline.game.formats.{module}"), function)
    return found
