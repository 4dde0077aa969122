"""Dink's strings files, `{ID: text}` a locale: the base one is checked, the others are translations. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.game.formats.dink_forms import DEFAULT_LOCALE
from pipeline.game.formats.locale_tags import bcp47
from pipeline.game.line import Finding, GameLine, Place, Translation

_KEY = re.compile(r'("(?:[^"\\\n]|\\.)*")\s*:')


@dataclass(frozen=True)
class StringsFile:
    """One strings file: its locale, its texts, the row of each ID."""

    name: str
    locale: str
    texts: Mapping[str, str]
    rows: Mapping[str, int]


def key_rows(text: str) -> dict[str, int]:
    """The row of each key of a JSON object that has a key a row."""
    rows: dict[str, int] = {}
    position, row = 0, 1
    for found in _KEY.finditer(text):
        row += text.count("\n", position, found.start())
        position = found.start()
        rows.setdefault(json.loads(found[1], strict=False), row)
    return rows


def base_file(files: Sequence[StringsFile], project: str | None, given: str | None) -> StringsFile | None:
    """The strings file of the base language, which DinkCompiler writes.

    Args:
        project: the locale that the Dink project names.
        given: the base locale of ours.
    """
    by_locale = {file.locale.casefold(): file for file in files}
    if project is not None:
        return by_locale.get(bcp47(project).casefold())
    if given and given.casefold() in by_locale:
        return by_locale[given.casefold()]
    language = given.split("-")[0].casefold() if given else None
    same = [file for file in files if file.locale.split("-")[0].casefold() == language]
    if len(same) == 1:
        return same[0]
    return by_locale.get(DEFAULT_LOCALE.casefold()) or (files[0] if len(files) == 1 and not given else None)


def check_base(file: StringsFile, lines: Iterable[GameLine]) -> list[Finding]:
    """D022 for lines whose text the base strings do not have, or have otherwise."""
    findings = []
    for line in lines:
        if line.id is None or file.texts.get(line.id) == line.text:
            continue
        what = "has another text in" if line.id in file.texts else "is not in"
        place = Place(file.name, file.rows[line.id]) if line.id in file.texts else line.place
        findings.append(
            Finding("D022", place, f"`{line.id}` {what} {file.name}: run DinkCompiler again", line.id)
        )
    return findings


def translations_of(
    file: StringsFile, lines: Iterable[GameLine], known: frozenset[str]
) -> tuple[list[Translation], list[Finding]]:
    """A locale's texts of the lines, D009 for lines without one, D010 for IDs that nothing in the game has.

    `known` are all IDs of the game, in lower case: options and actions are translated, too.
    """
    translations = []
    findings = []
    for line in lines:
        if line.id is None:
            continue
        text = file.texts.get(line.id, "")
        if text.strip():
            translations.append(Translation(line.id, file.locale, text, Place(file.name, file.rows[line.id])))
        else:
            place = Place(file.name, file.rows.get(line.id, 1))
            message = f"{file.locale} has no text for `{line.id}`"
            findings.append(Finding("D009", place, message, line.id, file.locale))
    for line_id, row in file.rows.items():
        if line_id.casefold() not in known:
            message = "translation for an id that the script does not have"
            findings.append(Finding("D010", Place(file.name, row), message, line_id, file.locale))
    return translations, findings
