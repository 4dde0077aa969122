"""What one run of a verb has to say, whichever way it is written: counts, findings, lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.game.findings import Judged
from pipeline.game.line import FileFacts
from pipeline.game.voiced import GameProject, VoicedLine

EXIT_LINT = 3
# What importers and reports call whoever has no name.
NARRATOR = "(narrator)"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """One run of a verb.

    Attributes:
        verb: `check`, `plan`, `render`, `diff`, `verify`.
        exit_code: that the run ends with.
        findings: in the order of files and rows.
        counts: of lines, characters, findings; a verb adds its own.
        lines: one mapping for each line, locale and variant, as `line_row` makes them; a verb may add keys.
        notes: lines for a person that no finding says: what was stopped by a policy, what was rendered.
        name: of the game.
        prefix: what makes a file of the project one of the repository (`game/dialogue/`).
    """

    verb: str
    exit_code: int
    findings: Sequence[Judged] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[Row] = ()
    notes: Sequence[str] = ()
    name: str = "game"
    prefix: str = ""


def check_report(project: GameProject, exit_code: int, notes: Sequence[str] = ()) -> Report:
    """What `check` has to say of a project."""
    return Report(
        verb="check",
        exit_code=exit_code,
        findings=project.findings,
        counts=count(project),
        lines=[line_row(voiced) for voiced in project.voiced],
        notes=notes,
        name=project.name,
        prefix=repository_prefix(project.root),
    )


def repository_prefix(root: Path) -> str:
    """The way from the repository's folder down to the project's, with `/` at its end; empty for one."""
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            way = root.relative_to(folder).as_posix()
            return "" if way == "." else f"{way}/"
    return ""


def line_row(voiced: VoicedLine) -> dict[str, Any]:
    """One line of a report: only plain values, no times, no absolute paths."""
    line = voiced.line
    row: dict[str, Any] = {
        "id": line.id,
        "kind": line.kind,
        "locale": voiced.locale,
        "character": line.character,
        "qualifier": line.qualifier,
        "text": voiced.text,
        "spoken": voiced.spoken,
        "direction": voiced.direction_text,
        "emotion": voiced.emotion,
        "file": voiced.place.file,
        "line": voiced.place.row,
        "node": line.place.node,
        "lock": line.lock,
        "voice": voiced.voice,
        "unvoiced": voiced.unvoiced,
    }
    if line.notes:
        row["notes"] = list(line.notes)
    if line.tags:
        row["tags"] = list(line.tags)
    if voiced.pauses:
        row["pauses"] = [[pause.at, pause.duration_s] for pause in voiced.pauses]
    if voiced.variant:
        row["variant"] = list(voiced.variant)
    if voiced.takes > 1:
        row["takes"] = voiced.takes
    return row


def count(project: GameProject) -> dict[str, Any]:
    """All counts of a project: in total, by locale, by code, by file."""
    characters = Counter(line.character for line in project.lines if line.character is not None)
    ids = {line.id for line in project.lines if line.id is not None}
    severities = Counter(found.severity for found in project.findings)
    voiced = [line for line in project.voiced if line.unvoiced is None]
    return {
        "lines": len(project.lines),
        "ids": len(ids),
        "characters": dict(characters),
        "narrator": sum(line.character is None for line in project.lines),
        "options": sum(line.kind == "option" for line in project.lines),
        "directions": sum(line.direction is not None for line in project.lines),
        "not_ready": sum(not line.ready for line in project.lines),
        "voiced": len(voiced),
        "unvoiced": dict(Counter(line.unvoiced for line in project.voiced if line.unvoiced is not None)),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "codes": dict(Counter(found.code for found in project.findings)),
        "locales": _by_locale(project),
        "files": _by_file(project.files, project.findings),
    }


def _by_locale(project: GameProject) -> dict[str, dict[str, int]]:
    """For each locale: lines that have a text, files to be made of them, characters to be spoken."""
    found: dict[str, dict[str, int]] = {
        locale: {"lines": 0, "voiced": 0, "spoken_characters": 0} for locale in project.locales
    }
    seen: set[tuple[str, int]] = set()
    for line in project.voiced:
        counts = found[line.locale]
        if (line.locale, id(line.line)) not in seen:
            seen.add((line.locale, id(line.line)))
            counts["lines"] += 1
        if line.unvoiced is None:
            counts["voiced"] += 1
            counts["spoken_characters"] += len(line.spoken)
    return found


def _by_file(files: Iterable[FileFacts], findings: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """What each file holds, and how many findings stand in it; files without lines, too."""
    severities = Counter((found.file, found.severity) for found in findings)
    codes: dict[str, Counter[str]] = {}
    for found in findings:
        codes.setdefault(found.file, Counter())[found.code] += 1
    rows: dict[str, dict[str, Any]] = {}
    for facts in files:
        counts = dict(facts.counts)
        characters = dict(facts.characters)
        narrator = characters.pop(NARRATOR, 0) + counts.pop("narrator", 0)
        rows[facts.file] = {
            "role": facts.role,
            "lines": facts.lines,
            "ids": facts.ids,
            "characters": characters,
            "narrator": narrator,
            "counts": counts,
        }
    for file in sorted({found.file for found in findings} - rows.keys()):
        rows[file] = {"role": "other", "lines": 0, "ids": 0, "characters": {}, "narrator": 0, "counts": {}}
    for file, row in rows.items():
        row["errors"] = severities[file, "error"]
        row["warnings"] = severities[file, "warning"]
        row["codes"] = dict(codes.get(file, {}))
    return rows
