"""The file `.yarnproject`: which scripts belong to a game, which languages it has and where they lie."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.locale_tags import bcp47, is_locale
from pipeline.game.formats.reading import parse_jsonc, read_text, relative
from pipeline.game.line import Finding

# Source: YarnSpinner:YarnSpinner.Compiler/Project.cs. Version 1 was Unity's own kind of file.
VERSIONS = (2, 3, 4)
_STRINGS_SUFFIX = ".strings.csv"
_UNITY_ROOT = "${UnityProjectRoot}"
_GODOT_ROOT = "res://"
_UNITY_ASSET = "unity:"


class _Foreign(BaseModel):
    """Another tool's file: what fullcast does not know is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class LocalisationForm(_Foreign):
    """Where one language's strings and sounds lie, from the project's folder."""

    strings: str | None = None
    assets: str | None = None


class ProjectForm(_Foreign):
    """The keys of a project that matter here, in small letters."""

    projectfileversion: int
    sourcefiles: list[str] = Field(default=["**/*.yarn"])
    excludefiles: list[str] = []
    baselanguage: str | None = None
    localisation: dict[str, LocalisationForm] = {}


@dataclass(frozen=True, slots=True)
class YarnSource:
    """What is to be read: scripts in order, strings and sounds by locale.

    `file` is the project's own, relative to the game's folder; None if the source is a script or a folder.
    `is_one` says that it is a script, whose strings files may be those of other scripts, too.
    """

    scripts: tuple[Path, ...]
    base_locale: str | None
    file: str | None = None
    locales: tuple[str, ...] = ()
    strings: Mapping[str, Path] = field(default_factory=dict)
    assets: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    is_one: bool = False


def find_source(request: SourceRequest) -> YarnSource:
    """The scripts and strings that a source names: a project, a folder or one script.

    Raises:
        UsageError: there is no such file, the project is not as it must be, or no script belongs to it.
    """
    path, where = request.path, relative(request.path, request.root)
    if path.is_dir():
        scripts = match_files(path, ["**/*.yarn"], [])
        source = YarnSource(scripts, request.base_locale, strings=_strings_beside(path))
    elif not path.is_file():
        raise UsageError("no such file", where, "name a .yarnproject, a .yarn file or a folder of them")
    elif path.suffix.lower() == ".yarnproject":
        source = _read_project(request, where)
    else:
        source = YarnSource((path,), request.base_locale, strings=_strings_beside(path.parent), is_one=True)
    if not source.scripts:
        raise UsageError("no Yarn script belongs to it", where, "see its sourceFiles and excludeFiles")
    return _with_options(source, request)


def _with_options(source: YarnSource, request: SourceRequest) -> YarnSource:
    """With the source's own `locale` and `strings`, which name files from the game's folder."""
    locale = request.options.get("locale")
    base = bcp47(locale, request.locales) if locale else source.base_locale
    given: Mapping[str, str] = request.options.get("strings") or {}
    strings = dict(source.strings)
    for name, file in given.items():
        path = request.root / file
        if not path.is_file():
            raise UsageError(f"strings of '{name}' not found: {file}", relative(request.path, request.root))
        strings[bcp47(name, request.locales)] = path
    locales = tuple(dict.fromkeys((*source.locales, *strings)))
    return replace(source, base_locale=base, locales=locales, strings=strings)


def _strings_beside(folder: Path) -> dict[str, Path]:
    """Strings files that belong to scripts without a project: `de-CH.strings.csv`, there or in `dialogue/`.

    Source: YarnSpinner-Rust:crates/bevy_plugin/src/localization/localizations.rs.
    """
    found: dict[str, Path] = {}
    for place in (folder, folder / "dialogue"):
        for path in sorted(place.glob(f"*{_STRINGS_SUFFIX}")):
            name = path.name.removesuffix(_STRINGS_SUFFIX)
            if is_locale(name):
                found.setdefault(bcp47(name), path)
    return found


def _read_project(request: SourceRequest, where: str) -> YarnSource:
    text, findings = read_text(request.path, request.root)
    form = _checked(parse_jsonc(text, where), where)
    language = form.baselanguage or request.base_locale
    if not language:
        raise UsageError("the project has no 'baseLanguage'", where, "add it: the language of the scripts")
    folder = request.path.parent
    scripts = match_files(folder, form.sourcefiles, form.excludefiles)
    strings: dict[str, Path] = {}
    assets: dict[str, str] = {}
    for name, entry in form.localisation.items():
        locale = bcp47(name, request.locales)
        if entry.strings:
            strings[locale] = _strings_file(entry.strings, name, request, where)
        if entry.assets:
            assets[locale] = relative(_resolve(entry.assets, request), request.root)
    base = bcp47(language, request.locales)
    locales = tuple(dict.fromkeys((base, *(bcp47(name, request.locales) for name in form.localisation))))
    return YarnSource(scripts, base, where, locales, strings, assets, findings)


def _checked(data: Any, where: str) -> ProjectForm:
    if not isinstance(data, dict):
        raise UsageError("the project is no JSON object", where)
    lowered = {key.lower(): value for key, value in data.items()}
    written = {key.lower(): key for key in data}
    languages = lowered.get("localisation")
    if isinstance(languages, dict):
        lowered["localisation"] = {
            name: {key.lower(): value for key, value in entry.items()} if isinstance(entry, dict) else entry
            for name, entry in languages.items()
        }
    # The origin leaves keys out that are null.
    lowered = {key: value for key, value in lowered.items() if value is not None}
    version = lowered.get("projectfileversion")
    if version not in VERSIONS or isinstance(version, bool):
        known = ", ".join(map(str, VERSIONS))
        raise UsageError(f"projectFileVersion is {version!r}", where, f"fullcast reads {known}")
    try:
        return ProjectForm.model_validate(lowered)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(written.get(str(step), str(step)) for step in first["loc"])
        raise UsageError(f"'{key}': {first['msg'].lower()}", where) from error


def _strings_file(written: str, language: str, request: SourceRequest, where: str) -> Path:
    if written.startswith(_UNITY_ASSET):
        hint = "only Unity can read it; export the strings as CSV and name that"
        raise UsageError(f"strings of '{language}' are a Unity asset ({written})", where, hint)
    path = _resolve(written, request)
    if not path.is_file():
        raise UsageError(f"strings of '{language}' not found: {written}", where, "correct `localisation`")
    return path


def _resolve(written: str, request: SourceRequest) -> Path:
    """A path as a project writes it: from its folder, or from the root of the Unity or Godot game."""
    folder = request.path.parent
    text = written.replace("\\", "/")
    if text.startswith(_GODOT_ROOT):
        root = _ancestor(folder, ["project.godot"]) or request.root
        return _normal(root / text.removeprefix(_GODOT_ROOT))
    if _UNITY_ROOT in text:
        root = _ancestor(folder, ["Assets", "ProjectSettings"]) or request.root
        return _normal(Path(text.replace(_UNITY_ROOT, root.as_posix())))
    return _normal(folder / text)


def _ancestor(folder: Path, holds: Sequence[str]) -> Path | None:
    for each in (folder, *folder.parents):
        if all((each / name).exists() for name in holds):
            return each
    return None


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def match_files(folder: Path, include: Iterable[str], exclude: Iterable[str]) -> tuple[Path, ...]:
    """The files that the patterns name, in the order of their paths.

    `*` stands for any part of a name, `**` for any folders, a pattern that ends in `/` for all below it. Case
    does not matter. A pattern may begin with `..`, or be the absolute path of one file.

    Source: dotnet/runtime:src/libraries/Microsoft.Extensions.FileSystemGlobbing (PatternBuilder).
    """
    unwanted = [_compiled(folder, pattern) for pattern in exclude]
    found: dict[Path, tuple[str, ...]] = {}
    walks: dict[Path, list[str]] = {}
    for pattern in include:
        if Path(pattern).is_absolute():
            if Path(pattern).is_file():
                found[Path(pattern)] = Path(pattern).parts
            continue
        base, rule = _compiled(folder, pattern)
        for name in walks.setdefault(base, list(_walk(base))):
            if rule.fullmatch(name) and not any(_covers(each, base / name) for each in unwanted):
                found[base / name] = tuple(Path(os.path.relpath(base / name, folder)).parts)
    return tuple(sorted(found, key=lambda path: found[path]))


def _walk(base: Path) -> Iterable[str]:
    for place, folders, names in os.walk(base):
        # A take store holds two files a line, and no scripts.
        folders[:] = [name for name in folders if not name.startswith(".")]
        way = Path(place).relative_to(base).as_posix()
        for name in names:
            yield name if way == "." else f"{way}/{name}"


def _covers(unwanted: tuple[Path, re.Pattern[str]], path: Path) -> bool:
    """Whether an exclusion names this file, or a folder that it lies in."""
    base, rule = unwanted
    name = Path(os.path.relpath(path, base)).as_posix()
    parts = name.split("/")
    return any(rule.fullmatch("/".join(parts[:length])) for length in range(1, len(parts) + 1))


def _compiled(folder: Path, pattern: str) -> tuple[Path, re.Pattern[str]]:
    """The folder that a pattern starts from, and what the names of files below it must match."""
    text = pattern.replace("\\", "/").lstrip("/")
    text = text + "**" if text.endswith("/") else text
    steps = [step for step in text.split("/") if step not in ("", ".")]
    while steps and steps[0] == "..":
        folder, steps = folder.parent, steps[1:]
    rule = ""
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if step == "**":
            rule += ".+" if last else "(?:[^/]+/)*"
            continue
        if step.startswith("**"):
            rule, step = rule + "(?:[^/]+/)*", step[1:]
        name = "*" if step == "*.*" else step
        rule += "[^/]*".join(re.escape(part) for part in name.split("*")) + ("" if last else "/")
    return folder, re.compile(rule, re.IGNORECASE)
