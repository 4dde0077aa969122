"""Which files of a Dink project a source means, and where the project's own settings put them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.game.formats.dink_forms import PROJECT, DinkProject, checked
from pipeline.game.formats.reading import parse_jsonc, read_text, relative

_STRUCTURE = "-dink-structure.json"
_STRINGS = "-strings-"
_PROJECT = ".dinkproj"
_INCLUDE = re.compile(r"^[ \t]*INCLUDE[ \t]+(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class DinkFiles:
    """The files of a source.

    Attributes:
        folder: what file names in the structure are relative to.
        project: the settings; None where there is no project file.
        inks: main .ink files; what they include is found while reading.
        strings: (locale as the file's name has it, file).
    """

    folder: Path
    project: DinkProject | None
    project_file: Path | None
    inks: tuple[Path, ...]
    structure: Path | None
    strings: tuple[tuple[str, Path], ...]
    characters: Path | None


def find_files(path: Path, root: Path) -> DinkFiles:
    """The files that a source means: a project file, a folder, a main .ink, or a structure file.

    Raises:
        UsageError: there is nothing that Dink reads or writes, or two projects in one folder.
    """
    if not path.exists():
        raise UsageError("no such file or folder", relative(path, root))
    project_file = _project_file(path, root)
    project = read_project(project_file, root) if project_file else None
    folder = project_file.parent if project_file else path if path.is_dir() else path.parent
    inks = _inks(path, folder, project, project_file)
    structure = path if path.name.endswith(_STRUCTURE) else _structure(folder, inks, project)
    if structure and not project and path == structure:
        inks = ()
    if not inks and structure is None:
        hint = "compile it with DinkCompiler, or name the .ink file"
        raise UsageError("neither .ink files nor a structure file", relative(path, root), hint)
    return DinkFiles(
        folder,
        project,
        project_file,
        inks,
        structure,
        _strings(structure, folder, inks, project),
        _characters([*(ink.parent for ink in inks), folder, *([structure.parent] if structure else [])]),
    )


def read_project(path: Path, root: Path) -> DinkProject:
    """The settings of a project file: JSON with comments.

    Raises:
        UsageError: it is not what Dink's tools read.
    """
    text, _ = read_text(path, root)
    where = relative(path, root)
    return checked(PROJECT, parse_jsonc(text, where), where)


def _project_file(path: Path, root: Path) -> Path | None:
    """The project file that a path is, holds, or belongs to (its output may lie two folders deeper)."""
    if path.suffix == _PROJECT:
        return path
    folders = [path] if path.is_dir() else [path.parent, *path.parents[1:3]]
    for folder in folders:
        found = sorted(folder.glob(f"*{_PROJECT}"))
        if len(found) > 1 and path.is_dir():
            raise UsageError("more than one .dinkproj here", relative(path, root), "name one of them")
        for candidate in found:
            if path.is_dir() or _belongs(path, candidate, root):
                return candidate
    return None


def _belongs(path: Path, project_file: Path, root: Path) -> bool:
    project = read_project(project_file, root)
    source = project_file.parent / project.source
    wanted = (
        source if path.suffix == ".ink" else _output(project_file.parent, project) / _structure_name(source)
    )
    return wanted.resolve() == path.resolve()


def _output(folder: Path, project: DinkProject) -> Path:
    return folder / project.destfolder.replace("\\", "/")


def _structure_name(ink: Path) -> str:
    return ink.stem + _STRUCTURE


def _inks(
    path: Path, folder: Path, project: DinkProject | None, project_file: Path | None
) -> tuple[Path, ...]:
    if path.suffix == ".ink":
        return (path,)
    if project_file is not None and project is not None:
        source = folder / project.source.replace("\\", "/")
        return (source,) if project.source and source.is_file() else ()
    if not path.is_dir():
        return ()
    return mains(sorted(path.glob("*.ink")))


def mains(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Those of some files that no other of them includes; all of them if they include one another."""
    names: dict[Path, list[str]] = {}
    inks = [path for path in paths if path.suffix == ".ink"]
    included = {file.resolve() for main in inks for file in _reached(main, names)}
    return tuple(path for path in paths if path.resolve() not in included) or tuple(paths)


def _reached(main: Path, names: dict[Path, list[str]]) -> set[Path]:
    """What a main file includes, and what that includes: Ink looks for all of it beside the main file.

    `names` keeps what each file that was opened includes.
    """
    found: set[Path] = set()
    ahead = [main]
    while ahead:
        file = ahead.pop()
        if file not in names:
            names[file] = _names_included(file)
        for name in names[file]:
            near = (folder / name for folder in (main.parent, file.parent))
            target = next((each for each in near if each.is_file()), None)
            if target is not None and target not in found and target != main:
                found.add(target)
                ahead.append(target)
    return found


def _names_included(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    return [name.strip().replace("\\", "/") for name in _INCLUDE.findall(text)]


def _structure(folder: Path, inks: tuple[Path, ...], project: DinkProject | None) -> Path | None:
    if project is not None:
        name = _structure_name(Path(project.source.replace("\\", "/")))
        wanted = [_output(folder, project) / name]
    else:
        named = [ink.parent / _structure_name(ink) for ink in inks]
        # Several main files are several compilations; a structure would be that of one of them.
        wanted = named if len(named) == 1 else [] if named else sorted(folder.glob(f"*{_STRUCTURE}"))
    return next((file for file in wanted if file.is_file()), None)


def _strings(
    structure: Path | None, folder: Path, inks: tuple[Path, ...], project: DinkProject | None
) -> tuple[tuple[str, Path], ...]:
    """Strings files of the same root, by the locale in their names."""
    if structure is not None:
        places = [(structure.parent, structure.name.removesuffix(_STRUCTURE))]
    elif project is not None:
        places = [(_output(folder, project), Path(project.source.replace("\\", "/")).stem)]
    else:
        places = [(ink.parent, ink.stem) for ink in inks]
    found = []
    for place, stem in places:
        prefix = stem + _STRINGS
        files = sorted(place.glob("*.json")) if place.is_dir() else []
        found += [(file.stem.removeprefix(prefix), file) for file in files if file.name.startswith(prefix)]
    return tuple(found)


def _characters(folders: Iterable[Path]) -> Path | None:
    """The list of characters, beside the source or in the project.

    Source: dink:csharp/SharedTool/ProjectSettings.cs (FindFileInSource).
    """
    return next((file for folder in folders if (file := folder / "characters.json").is_file()), None)
