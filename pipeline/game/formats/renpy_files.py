"""Which files of a Ren'Py game a source means, and reading them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.game.formats.reading import ignored_codes, read_text, relative
from pipeline.game.formats.renpy_rows import Row, rows_of
from pipeline.game.line import Finding

_PYTHON = "_ren.py"
_SCRIPTS = (".rpy", ".rpym", _PYTHON)
_SILENCED = re.compile(
    r"^(?P<before>[^#\n]*(?:\"[^\"\n]*\")?[^#\n]*)#(?P<comment>.*fullcast:.*)$", re.MULTILINE
)


@dataclass(frozen=True)
class GameFiles:
    """The files of a source.

    Attributes:
        project: the folder that the export's file names are relative to.
        game: the folder with the scripts.
        scripts: all scripts outside `tl`, in the order in which the engine loads them.
        wanted: those of them whose lines are meant; the others are read for definitions and IDs.
        translations: (the engine's name of the language, file).
        tab: the export, if there is one.
    """

    project: Path
    game: Path
    scripts: tuple[Path, ...]
    wanted: frozenset[Path]
    translations: tuple[tuple[str, Path], ...]
    tab: Path | None

    @property
    def whole(self) -> bool:
        """Whether all of the game's scripts are meant, so that a name defined in none of them is unknown."""
        return len(self.wanted) == len(self.scripts)


@dataclass(frozen=True)
class ScriptFile:
    """One script as rows, with what was found on the way."""

    path: Path
    name: str
    text: str
    rows: list[Row]
    findings: tuple[Finding, ...]
    ignored: Mapping[int, frozenset[str]]


def find_files(path: Path, root: Path, options: Mapping[str, Any]) -> GameFiles:
    """The files that a source means: a project, its `game` folder, one script, or a `dialogue.tab`.

    Raises:
        UsageError: there is nothing that Ren'Py reads or writes.
    """
    if not path.exists():
        raise UsageError("no such file or folder", relative(path, root))
    project, game = _folders(path)
    scripts = _scripts_in(game)
    wanted = frozenset({path}) if _is_script(path) else frozenset(scripts)
    if _is_script(path) and path not in scripts:
        scripts = (path,)
    tab = path if path.is_file() and not _is_script(path) else _tab(project, root, options)
    if not wanted and tab is None:
        raise UsageError(
            "neither .rpy files nor dialogue.tab", relative(path, root), "name the game's folder"
        )
    return GameFiles(project, game, scripts, wanted, _translations(game, wanted, len(scripts)), tab)


def _folders(path: Path) -> tuple[Path, Path]:
    """The project's folder and its `game` folder; both are the same where a game is not laid out so."""
    folder = path if path.is_dir() else path.parent
    if (folder / "game").is_dir():
        return folder, folder / "game"
    for candidate in (folder, *folder.parents) if _is_script(path) or path.is_dir() else (folder,):
        if candidate.name == "game":
            return candidate.parent, candidate if _is_script(path) else folder
    return folder, folder


def _is_script(path: Path) -> bool:
    return path.name.endswith(_SCRIPTS)


def _found_in(folder: Path) -> list[Path]:
    return [file for ending in _SCRIPTS for file in folder.rglob(f"*{ending}") if file.is_file()]


def _name_in(folder: Path, file: Path) -> str:
    """A script's name as the engine has it: from a folder, without ending."""
    name = file.relative_to(folder).as_posix()
    return name.removesuffix(next(ending for ending in _SCRIPTS if name.endswith(ending)))


def _scripts_in(game: Path) -> tuple[Path, ...]:
    """All scripts outside `tl`, in load order. Source: renpy:renpy/script.py (sort_script_files)."""
    found = _found_in(game)
    names = {file: _name_in(game, file) for file in found}
    outside = [file for file in found if not names[file].startswith("tl/")]
    ranks = {
        folder: rank
        for folder, rank in (("libs", 0), ("mods", 2))
        if (game / folder / f"{folder}.txt").is_file()
    }

    def order(file: Path) -> tuple[int, bool, str, str]:
        name = names[file]
        first = name.split("/")[0]
        rank = ranks.get(first, 1)
        return rank, name >= "A", name.split("/", 2)[-1] if first in ranks else name, name

    return tuple(sorted(outside, key=order))


def _translations(game: Path, wanted: frozenset[Path], count: int) -> tuple[tuple[str, Path], ...]:
    """The scripts under `tl/LANGUAGE`; of a part of the game those of the same names."""
    found = []
    for folder in sorted((game / "tl").iterdir()) if (game / "tl").is_dir() else []:
        if not folder.is_dir():
            continue
        files = sorted(_found_in(folder))
        if len(wanted) < count:
            names = {_name_in(game, file) for file in wanted}
            files = [file for file in files if _name_in(folder, file) in names]
        found += [(folder.name, file) for file in files]
    return tuple(found)


def _tab(project: Path, root: Path, options: Mapping[str, Any]) -> Path | None:
    if options.get("tab"):
        given = root / str(options["tab"])
        if not given.is_file():
            raise UsageError("no such export", relative(given, root), "write it: renpy PROJECT dialogue None")
        return given
    usual = project / "dialogue.tab"
    return usual if usual.is_file() else None


def read_script_file(path: Path, root: Path) -> ScriptFile:
    """One script cut into rows.

    Raises:
        UsageError: it cannot be read, or the engine itself could not.
    """
    name = relative(path, root)
    text, findings = read_text(path, root)
    if path.name.endswith(_PYTHON):
        text = python_as_script(text)
    ignored = _silenced(text) if "fullcast:" in text else {}
    return ScriptFile(path, name, text, rows_of(text, name), findings, ignored)


def python_as_script(text: str) -> str:
    """A `_ren.py` file as the script that it stands for, row by row.

    Statements stand in strings that start with `\"\"\"renpy`; Python after one goes under the last of them.

    Source: renpy:renpy/lexer.py (ren_py_to_rpy).
    """
    rows: list[str] = []
    indent: str | None = None  # None before the first string; then that of the Python which follows
    in_string = False
    for row in text.split("\n"):
        said = row.strip()
        if not in_string and row.startswith('"""renpy'):
            in_string, said, row = True, "", ""
            indent = ""
        elif in_string and row.startswith('"""'):
            in_string, said, row = False, "", ""
        elif in_string and said and not said.startswith("#"):
            indent = row[: len(row) - len(row.lstrip())] + ("    " if said.endswith(":") else "")
        if in_string or not said:
            rows.append(row)
        else:
            rows.append("" if indent is None else indent + row)
    return "\n".join(rows)


def _silenced(text: str) -> dict[int, frozenset[str]]:
    """Codes that comments silence, by row; a comment on its own row silences the next row with content."""
    found: dict[int, frozenset[str]] = {}
    rows = text.split("\n")
    for number, row in enumerate(rows, start=1):
        match = _SILENCED.match(row) if "fullcast:" in row else None
        if match is None:
            continue
        at = number
        if not match["before"].strip():
            rest = range(number, len(rows))
            at = next(
                (n + 1 for n in rest if rows[n].strip() and not rows[n].lstrip().startswith("#")), number
            )
        codes = ignored_codes(match["comment"])
        if codes:
            found[at] = found.get(at, frozenset()) | codes
    return found
