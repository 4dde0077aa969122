"""From a project file to a `GameProject`: sources read, locales joined, texts stripped, findings judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError, nearest
from pipeline.game.casting import Deliveries, Voices
from pipeline.game.config import CONFIG_NAME, GameConfig, SourceForm, TableForm, read_config
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.registry import importer_of, mains_of
from pipeline.game.line import FileFacts, Imported
from pipeline.game.lint import judge, lint, texts_of
from pipeline.game.lint_ids import duplicates
from pipeline.game.locales import ENGLISH_NAMES, is_locale, locale_of
from pipeline.game.speaking import LineText, Speaking
from pipeline.game.voiced import GameProject, SourceRead

# What a source without a word about its language is taken to be.
DEFAULT_LOCALE = "en"


def load_project(path: Path, *, strict: bool = False) -> GameProject:
    """The project whose file, or folder with a `fullcast-game.toml`, is `path`.

    Args:
        strict: judge warnings as errors.

    Raises:
        UsageError: the project file or a source is not as it must be.
    """
    file = path / CONFIG_NAME if path.is_dir() else path
    config = read_config(file)
    root = file.resolve().parent
    sources = tuple(_read_sources(root, config))
    locales = _locales(config, sources)
    speaking = _speak(config, sources, locales)
    findings = lint(sources, config, locales, speaking.findings)
    return GameProject(
        root=root,
        file=file.name,
        config=config,
        base_locale=sources[0].base_locale,
        locales=locales,
        sources=sources,
        lines=tuple(line for source in sources for line in source.imported.lines),
        voiced=tuple(speaking.voiced),
        findings=judge(findings, sources, config, strict=strict),
        files=_files(sources),
        cast=_cast(sources),
        asset_folders=_joined(source.imported.asset_folders for source in sources),
        settings=_joined(source.imported.settings for source in sources),
    )


def _read_sources(root: Path, config: GameConfig) -> Iterator[SourceRead]:
    entries: list[tuple[str, SourceForm | TableForm]] = [
        *((source.format, source) for source in config.sources),
        *(("table", table) for table in config.tables),
    ]
    names = {**ENGLISH_NAMES, **config.names_of_locales}
    asked = _asked_base(config, entries[0][1])
    scripts: set[str] = set()
    for format, entry in entries:
        for path in mains_of(format, _paths(root, entry.path)):
            request = SourceRequest(
                root=root,
                path=path,
                options={**_section(config, format), **entry.model_dump(exclude_none=True)},
                locales=names,
                base_locale=asked,
            )
            imported = _only_new(_canonical(importer_of(format)(request), names), scripts)
            scripts.update(facts.file for facts in imported.files if facts.role == "script")
            said = config.base_locale and asked
            base = said or imported.base_locale or asked or DEFAULT_LOCALE
            # What the first source is written in, the others are, too, or they are translations of it.
            asked = asked or base
            forbidden = (entry.ai_use or config.ai_use) == "forbidden"
            yield SourceRead(format, Path(os.path.relpath(path, root)).as_posix(), imported, base, forbidden)


def _only_new(imported: Imported, scripts: set[str]) -> Imported:
    """Without what stands in scripts that an earlier source has, too: two main files may include one."""
    twice = scripts.intersection(facts.file for facts in imported.files if facts.role == "script")
    if not twice:
        return imported
    return replace(
        imported,
        lines=tuple(line for line in imported.lines if line.place.file not in twice),
        findings=tuple(found for found in imported.findings if found.place.file not in twice),
    )


def _section(config: GameConfig, format: str) -> dict[str, Any]:
    section = getattr(config, format, None)
    return section.model_dump() if section is not None else {}


def _asked_base(config: GameConfig, first: SourceForm | TableForm) -> str | None:
    """The base language by the project: `base_locale`, the first of `locales`, the first source's own."""
    listed = config.locales if isinstance(config.locales, list) else []
    asked = next((name for name in (config.base_locale, *listed, first.locale) if name), None)
    return locale_of(asked, config.names_of_locales) if asked else None


def _paths(root: Path, written: str) -> list[Path]:
    """The files that a source's path names, in order of their names; a path with wildcards names several.

    Raises:
        UsageError: there is none.
    """
    path = root / written
    if path.exists():
        return [path]
    if any(mark in written for mark in "*?["):
        if found := sorted(path for path in root.glob(written) if not _is_made(path, root)):
            return found
        raise UsageError(f"no file matches '{written}'", CONFIG_NAME, "mend the path of the source")
    beside = list(path.parent.iterdir()) if path.parent.is_dir() else []
    near = nearest(path.name, [each.name for each in beside])
    hint = f"did you mean '{near}'?" if near else "mend the path of the source"
    raise UsageError(f"no source '{written}'", CONFIG_NAME, hint)


def _is_made(path: Path, root: Path) -> bool:
    """Whether fullcast made it: it lies in a take store or in a pack, whose tables are no sources."""
    for folder in path.relative_to(root).parents:
        if folder.name.startswith(".") or (folder != Path() and (root / folder / "pack.json").is_file()):
            return True
    return path.name in ("index.csv", "import.csv") and (path.parent.parent / "pack.json").is_file()


def _canonical(imported: Imported, names: Mapping[str, str]) -> Imported:
    """The same with all locales as BCP 47 writes them; one that nobody knows (`piglatin`) stays as it is."""
    known: dict[str, str] = {}

    def tag(name: str) -> str:
        if name not in known:
            known[name] = locale_of(name, names) if is_locale(name, names) else name
        return known[name]

    return replace(
        imported,
        base_locale=None if imported.base_locale is None else tag(imported.base_locale),
        translations=tuple(
            row if row.locale == tag(row.locale) else replace(row, locale=tag(row.locale))
            for row in imported.translations
        ),
        findings=tuple(
            found if found.locale is None or found.locale == tag(found.locale)
            else replace(found, locale=tag(found.locale))
            for found in imported.findings
        ),
        asset_folders={tag(name): folder for name, folder in imported.asset_folders.items()},
    )  # fmt: skip


def _locales(config: GameConfig, sources: Sequence[SourceRead]) -> tuple[str, ...]:
    """The locales to voice: those that the project lists, else all that its sources name; bases first.

    Raises:
        UsageError: one of them is no locale, and nothing says what it means.
    """
    if isinstance(config.locales, list) and config.locales:
        return tuple(dict.fromkeys(locale_of(name, config.names_of_locales) for name in config.locales))
    found = dict.fromkeys(source.base_locale for source in sources)
    for source in sources:
        found |= dict.fromkeys(row.locale for row in source.imported.translations)
        # A column or file without any text names its locale, too: it is what D009 is about.
        named = (each.locale for each in source.imported.findings if each.code == "D009")
        found |= dict.fromkeys(locale for locale in named if locale is not None)
    return tuple(locale_of(name, config.names_of_locales) for name in found)


def _speak(config: GameConfig, sources: Sequence[SourceRead], locales: Sequence[str]) -> Speaking:
    twice = (pair[0] for pair in duplicates(line for source in sources for line in source.imported.lines))
    speaking = Speaking(
        config=config,
        voices=Voices(config.voices, _cast(sources) or {}),
        deliveries=Deliveries(config.emotions),
        duplicates=frozenset(id(line) for line in twice),
    )
    texts = texts_of(sources)
    for locale in locales:
        for source in sources:
            for line in source.imported.lines:
                if locale == source.base_locale:
                    speaking.add(LineText(line, locale, line.text, line.place))
                    continue
                row = texts.get((line.shadow_of or line.id or "", locale))
                if row is not None and row.text.strip():
                    speaking.add(LineText(line, locale, row.text, row.place, row))
    speaking.finish()
    return speaking


def _files(sources: Iterable[SourceRead]) -> tuple[FileFacts, ...]:
    """What was read, each file once; two sources may share one (a cast, a project)."""
    found: dict[tuple[str, str], FileFacts] = {}
    for source in sources:
        for facts in source.imported.files:
            found.setdefault((facts.file, facts.role), facts)
    return tuple(found.values())


def _cast(sources: Iterable[SourceRead]) -> dict[str, str] | None:
    casts = [source.imported.cast for source in sources if source.imported.cast is not None]
    return _joined(casts) if casts else None


def _joined(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """All mappings in one; what an earlier source says of a key holds."""
    found: dict[str, str] = {}
    for part in parts:
        for key, value in part.items():
            found.setdefault(key, value)
    return found
