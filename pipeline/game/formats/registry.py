"""Which formats there are: a name and the function that reads it, imported when a project uses it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipeline.game.formats.base import Importer

Markup = Literal["yarn", "renpy", "ink", "rich", "fountain", "plain"]


class Format(NamedTuple):
    """One format: `module:function` in this folder that reads it, and whose markup its texts hold.

    `mains` is the function that takes, of files that wildcards name, those that no other one includes.
    """

    reader: str
    markup: Markup
    mains: str | None = None


# A new format is one file and one line here.
FORMATS = {
    "yarn": Format("yarn:read", "yarn"),
    "renpy": Format("renpy:read", "renpy"),
    "dink": Format("dink:read", "ink", "dink_files:mains"),
    "table": Format("table:read", "rich"),
    "fountain": Format("fountain:read", "fountain"),
}


def importer_of(name: str) -> Importer:
    """The function that reads sources of this format.

    Raises:
        KeyError: no format of that name; a project's file is checked before.
    """
    found: Importer = _function(FORMATS[name].reader)
    return found


def mains_of(name: str, paths: Sequence[Path]) -> Sequence[Path]:
    """Those of the files that are to be read by themselves: what one includes is read with it."""
    mains = FORMATS[name].mains
    if mains is None or len(paths) < 2:
        return paths
    found: Sequence[Path] = _function(mains)(paths)
    return found


def _function(named: str) -> Any:
    module, function = named.split(":")
    return getattr(importlib.import_module(f"pipeline.game.formats.{module}"), function)
