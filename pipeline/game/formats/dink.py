"""Ink with Dink: .ink files, what DinkCompiler makes of them, strings of each locale, characters.

Settings given on: `dink.tts_voice.CHARACTER` (a hint of characters.json), `dink.audio.STATUS` (its folder).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.dink_files import DinkFiles, find_files
from pipeline.game.formats.dink_forms import (
    CHARACTERS,
    STRINGS,
    STRUCTURE,
    CharacterForm,
    checked,
    checked_json,
)
from pipeline.game.formats.dink_ink import InkFacts, read_ink
from pipeline.game.formats.dink_lines import (
    DIRECTION_PREFIXES,
    PlacedBeat,
    Rules,
    counts_of,
    game_line,
    stale_structure,
    structure_beats,
    used_twice,
    without_id,
)
from pipeline.game.formats.dink_strings import (
    StringsFile,
    base_file,
    check_base,
    key_rows,
    translations_of,
)
from pipeline.game.formats.locale_tags import bcp47
from pipeline.game.formats.reading import ignored_codes, parse_jsonc, read_text, relative
from pipeline.game.line import FileFacts, Finding, GameLine, Imported, Place, Translation


@dataclass(frozen=True)
class _Ink:
    """The .ink files that are read, in the order in which Ink includes them."""

    files: tuple[tuple[str, InkFacts], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def beats(self) -> list[PlacedBeat]:
        return [PlacedBeat(beat, name) for name, facts in self.files for beat in facts.beats]

    @property
    def others(self) -> list[tuple[str, Place]]:
        return [(line_id, Place(name, row)) for name, facts in self.files for line_id, row in facts.others]


@dataclass(frozen=True)
class _Structure:
    """A structure file, or nothing."""

    name: str = ""
    beats: tuple[PlacedBeat, ...] = ()
    rows: dict[str, int] | None = None
    findings: tuple[Finding, ...] = ()


def read(request: SourceRequest) -> Imported:
    """All dialogue of a Dink project.

    The path is a `.dinkproj`, a folder, a main .ink file or a `*-dink-structure.json`. Where .ink files and a
    structure file are there, they must agree (D022); lines come from the former, whose comments are fuller.

    Raises:
        UsageError: nothing to read, a file of another form, an included file that is missing.
    """
    got = _read_all(request)
    rules = Rules(
        tuple(request.options.get("direction_prefixes", DIRECTION_PREFIXES)),
        got.files.project,
        bool(request.options.get("ignore_writing_status")),
    )
    lines = [game_line(placed, rules) for placed in got.beats if placed.beat.character]
    project = got.files.project
    base = base_file(got.strings, project.defaultlocalecode if project else None, request.base_locale)
    translations, strings_findings = _translate(got.strings, base, lines, _known_ids(got, base))
    own_base = bcp47(project.defaultlocalecode) if project else base.locale if base else None
    characters = got.characters
    return Imported(
        lines=tuple(lines),
        translations=tuple(translations),
        findings=(*_findings(got), *strings_findings),
        files=_facts(got, request.root),
        base_locale=request.base_locale or own_base,
        cast=None if characters is None else {form.ID.upper(): form.ID.upper() for form in characters},
        ignored=_ignored(got.ink, got.beats),
        settings=_settings(got.files, characters or ()),
    )


@dataclass(frozen=True)
class _Got:
    """All files of a source, read. `beats` are those of the .ink files, or of the structure without them."""

    files: DinkFiles
    ink: _Ink
    structure: _Structure
    beats: tuple[PlacedBeat, ...]
    strings: tuple[StringsFile, ...]
    strings_findings: tuple[Finding, ...]
    exports: tuple[FileFacts, ...]
    exported_ids: frozenset[str]
    characters: tuple[CharacterForm, ...] | None


def _read_all(request: SourceRequest) -> _Got:
    files = find_files(request.path, request.root)
    ink = _read_inks(files, request.root)
    structure = _read_structure(files, request.root)
    strings, strings_findings = _read_strings(files, request)
    exports, exported_ids = _exports(files, request.root)
    characters = _read_characters(files, request.root)
    return _Got(
        files,
        ink,
        structure,
        tuple(ink.beats) if ink.files else structure.beats,
        tuple(strings),
        tuple(strings_findings),
        tuple(exports),
        frozenset(exported_ids),
        None if characters is None else tuple(characters),
    )


def _findings(got: _Got) -> list[Finding]:
    """What is wrong with the base script and with what was compiled from it."""
    places = [(placed.beat.id, placed.place) for placed in got.beats if placed.beat.id]
    return [
        *got.ink.findings,
        *got.structure.findings,
        *got.strings_findings,
        *_not_dink(got.ink),
        *without_id(got.beats),
        *used_twice(_in_order(places + got.ink.others, got.ink)),
        *_stale(got.ink, got.structure),
    ]


def _facts(got: _Got, root: Path) -> tuple[FileFacts, ...]:
    return (
        *_ink_facts(got.ink),
        *_structure_facts(got.structure),
        *got.exports,
        *(FileFacts(file.name, "strings", len(file.texts), len(file.texts)) for file in got.strings),
        *_cast_facts(got.files, got.characters, root),
        *_project_facts(got.files, root),
    )


def _stale(ink: _Ink, structure: _Structure) -> list[Finding]:
    if not ink.files or not structure.name:
        return []
    return stale_structure(ink.beats, structure.beats, structure.name, structure.rows or {})


def _read_inks(files: DinkFiles, root: Path) -> _Ink:
    found: list[tuple[str, InkFacts]] = []
    findings: list[Finding] = []
    seen: set[Path] = set()

    def follow(path: Path, main: Path) -> None:
        if path.resolve() in seen:
            return
        seen.add(path.resolve())
        text, faults = read_text(path, root)
        facts = read_ink(text)
        findings.extend(faults)
        name = relative(path, root)
        found.append((name, facts))
        for include, row in facts.includes:
            follow(_included(include, path, main, f"{name}:{row}"), main)

    for main in files.inks:
        follow(main, main)
    return _Ink(tuple(found), tuple(findings))


def _included(name: str, path: Path, main: Path, where: str) -> Path:
    """An included file: Ink looks beside the main file, editors beside the one that includes."""
    written = name.replace("\\", "/")
    found = next(
        (file for folder in (main.parent, path.parent) if (file := folder / written).is_file()), None
    )
    if found is None:
        raise UsageError(f"INCLUDE '{name}': no such file", where)
    return found


def _read_structure(files: DinkFiles, root: Path) -> _Structure:
    if files.structure is None:
        return _Structure()
    name = relative(files.structure, root)
    text, findings = read_text(files.structure, root)
    scenes = checked_json(STRUCTURE, text, name)
    folder = relative(files.folder, root)
    rows = _id_rows(text)
    prefix = "" if folder in {"", "."} else f"{folder}/"
    return _Structure(name, tuple(structure_beats(scenes, prefix, name, rows)), rows, findings)


def _id_rows(text: str) -> dict[str, int]:
    """The row of each `"LineID"` of a structure file."""
    rows = {}
    for number, row in enumerate(text.split("\n"), start=1):
        if '"LineID"' in row:
            rows[row.partition(":")[2].strip().strip(',"')] = number
    return rows


def _read_strings(files: DinkFiles, request: SourceRequest) -> tuple[list[StringsFile], list[Finding]]:
    found = []
    findings: list[Finding] = []
    for locale, path in files.strings:
        name = relative(path, request.root)
        text, faults = read_text(path, request.root)
        findings += faults
        texts = checked_json(STRINGS, text, name)
        found.append(StringsFile(name, bcp47(locale, request.locales), texts, key_rows(text)))
    return found, findings


def _translate(
    strings: Sequence[StringsFile], base: StringsFile | None, lines: Sequence[GameLine], known: frozenset[str]
) -> tuple[list[Translation], list[Finding]]:
    translations: list[Translation] = []
    findings = check_base(base, lines) if base else []
    for file in strings:
        if file is not base:
            texts, faults = translations_of(file, lines, known)
            translations += texts
            findings += faults
    return translations, findings


def _known_ids(got: _Got, base: StringsFile | None) -> frozenset[str]:
    """All IDs of the game, in lower case: options and actions have translations, too."""
    others = (line_id for line_id, _ in got.ink.others)
    beats = (placed.beat.id for placed in got.beats)
    every = chain(beats, others, got.exported_ids, base.texts if base else ())
    return frozenset(line_id.casefold() for line_id in every)


def _exports(files: DinkFiles, root: Path) -> tuple[list[FileFacts], set[str]]:
    """What else DinkCompiler writes, the beats for the game and where each ID stands; and all IDs in it."""
    ids: set[str] = set()
    if files.structure is None:
        return [], ids
    stem = files.structure.name.removesuffix("-dink-structure.json")
    found = []
    for ending in ("-dink.json", "-origins.json"):
        path = files.structure.with_name(stem + ending)
        if not path.is_file():
            continue
        name = relative(path, root)
        data: Any = parse_jsonc(read_text(path, root)[0], name)
        if not isinstance(data, dict) or not all(isinstance(entry, dict) for entry in data.values()):
            raise UsageError("no object of IDs", name, "write it again with DinkCompiler")
        ids.update(data)
        speakers = [str(entry.get("CharacterID")) for entry in data.values() if entry.get("Type") == "Line"]
        counts = Counter(
            "actions" if "Type" in entry else str(entry.get("File", "")) for entry in data.values()
        )
        counts["actions"] -= len(speakers)
        kept = {key: count for key, count in counts.items() if count > 0 and key}
        found.append(FileFacts(name, "export", len(speakers), len(data), dict(Counter(speakers)), kept))
    return found, ids


def _read_characters(files: DinkFiles, root: Path) -> list[CharacterForm] | None:
    if files.characters is None:
        return None
    name = relative(files.characters, root)
    return checked(CHARACTERS, parse_jsonc(read_text(files.characters, root)[0], name), name)


def _not_dink(ink: _Ink) -> list[Finding]:
    """D016: a condition and content on one row, and lines in knots without `#dink`."""
    findings = []
    for name, facts in ink.files:
        for row, _ in facts.one_row:
            message = "condition and line on one row are not Dink: put the line on the next row"
            findings.append(Finding("D016", Place(name, row), message))
        for beat in facts.outside:
            message = "a Dink line outside a #dink knot is not voiced: tag the knot"
            findings.append(Finding("D016", Place(name, beat.row, beat.node), message, beat.id or None))
    return sorted(findings, key=lambda finding: finding.place.row)


def _in_order(places: list[tuple[str, Place]], ink: _Ink) -> list[tuple[str, Place]]:
    """IDs in source order: by file as included, then by row."""
    rank = {name: number for number, (name, _) in enumerate(ink.files)}
    return sorted(places, key=lambda item: (rank.get(item[1].file, 0), item[1].row)) if ink.files else places


def _speakers(beats: Iterable[PlacedBeat]) -> dict[str, int]:
    return dict(Counter(placed.beat.character for placed in beats if placed.beat.character))


def _ink_facts(ink: _Ink) -> list[FileFacts]:
    found = []
    for name, facts in ink.files:
        beats = [PlacedBeat(beat, name) for beat in facts.beats]
        ids = {placed.beat.id for placed in beats if placed.beat.id} | {
            line_id for line_id, _ in facts.others
        }
        counts = counts_of(beats) | ({"not dink": len(facts.others)} if facts.others else {})
        lines = sum(placed.beat.character is not None for placed in beats)
        found.append(FileFacts(name, "script", lines, len(ids), _speakers(beats), counts))
    return found


def _structure_facts(structure: _Structure) -> list[FileFacts]:
    if not structure.name:
        return []
    lines = sum(placed.beat.character is not None for placed in structure.beats)
    ids = len({placed.beat.id for placed in structure.beats})
    counts = counts_of(structure.beats)
    return [FileFacts(structure.name, "export", lines, ids, _speakers(structure.beats), counts)]


def _cast_facts(files: DinkFiles, characters: Sequence[CharacterForm] | None, root: Path) -> list[FileFacts]:
    if files.characters is None or characters is None:
        return []
    without = sum(not form.Actor for form in characters)
    name = relative(files.characters, root)
    return [
        FileFacts(name, "cast", ids=len(characters), counts={"without actor": without} if without else {})
    ]


def _project_facts(files: DinkFiles, root: Path) -> list[FileFacts]:
    if files.project is None or files.project_file is None:
        return []
    statuses = {
        "audio statuses": len(files.project.audiostatus),
        "writing statuses": len(files.project.writingstatus),
    }
    return [FileFacts(relative(files.project_file, root), "project", counts=statuses)]


def _ignored(ink: _Ink, beats: Iterable[PlacedBeat]) -> dict[tuple[str, int], frozenset[str]]:
    found = {(name, row): codes for name, facts in ink.files for row, codes in facts.ignored.items()}
    if not ink.files:
        for placed in beats:
            codes = frozenset[str]().union(*(ignored_codes(comment) for comment in placed.beat.comments))
            if codes:
                found[placed.file, placed.beat.row] = codes
    return found


def _settings(files: DinkFiles, characters: Iterable[CharacterForm]) -> dict[str, str]:
    settings = {f"dink.tts_voice.{form.ID.upper()}": form.TTSVoice for form in characters if form.TTSVoice}
    for status in files.project.audiostatus if files.project else ():
        settings[f"dink.audio.{status.status}"] = status.folder
    return settings
