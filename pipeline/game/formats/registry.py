"""Which formats there are: a name and the function that reads it, imported when a project uses it."""

from __future__ import annotations

import importlib
from typing import Literal, NamedTuple

from pipeline.game.formats.base import Importer

Markup = Literal["yarn", "renpy", "ink", "rich", "fountain", "plain"]


class Format(NamedTuple):
    """One format: `module:function` in this folder that reads it, and whose markup its texts hold."""

    reader: str
    markup: Markup


# A new format is one file and one line here.
FORMATS = {
    "yarn": Format("yarn:read", "yarn"),
    "renpy": Format("renpy:read", "renpy"),
    "dink": Format("dink:read", "ink"),
    "table": Format("table:read", "rich"),
    "fountain": Format("fountain:read", "fountain"),
}


def importer_of(name: str) -> Importer:
    """The function that reads sources of this format.

    Raises:
        KeyError: no format of that name; a project's file is checked before.
    """
    module, function = FORMATS[name].reader.split(":")
    found: Importer = getattr(importlib.import_module(f"pipeline.game.formats.{module}"), function)
    return found
