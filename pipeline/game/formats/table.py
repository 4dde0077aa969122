"""Tables of lines: CSV, TSV and JSON lines, from spreadsheets, Godot, Unreal.

Columns are found in `table_columns.py`, rows in `table_rows.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.csv_rows import CsvRow
from pipeline.game.formats.locale_tags import bcp47
from pipeline.game.formats.reading import ignored_codes, read_text, relative
from pipeline.game.formats.table_columns import Columns, find_columns
from pipeline.game.formats.table_rows import TableFormat, TableRows, format_of, read_rows
from pipeline.game.line import FileFacts, Finding, GameLine, Imported, Place, Translation

FORMAT = "table"
# `{{name}}` (Godot's dialogue), `{name}`, `{0}`, `%s`, `%1$d`, `%(name)s`; not `%%`, nor a percentage.
_PLACEHOLDER = re.compile(
    r"%%|\$?\{\{(?P<double>[^{}\n]+)\}\}|\$?\{(?P<single>[^{}\n]+)\}|%(?:\((?P<named>\w+)\))?"
    r"(?:\d+\$)?[-+0#]*\d*(?:\.\d+)?[sdifgxXeEu@](?![A-Za-z])"
)
# A text as Unreal writes it into the cells of a data table.
_UNREAL_TEXT = re.compile(
    r'(?:NSLOCTEXT\(\s*"(?:[^"\\]|\\.)*"\s*,\s*"(?:[^"\\]|\\.)*"\s*,|INVTEXT\()'
    r'\s*"(?P<text>(?:[^"\\]|\\.)*)"\s*\)',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"} | {
    same: same for same in "\\'\"?"
}
_SOUND_SUFFIX = re.compile(r"\.(?:wav|ogg|mp3|flac)$", re.IGNORECASE)
_PLURAL_RULE = "?pluralrule"


class TableOptions(BaseModel):
    """What the project says of a table; other keys of its entry are not the importer's business."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    format: str | None = None
    delimiter: str | None = None
    locale: str | None = None
    columns: dict[str, str | list[str]] = {}


def read(request: SourceRequest) -> Imported:
    """All lines of a table, and the translations that stand beside them.

    A table whose `locale` is not the project's base language holds translations only. What lines they belong
    to, only the whole project knows: neither missing nor unknown IDs are reported for such a table.

    Raises:
        UsageError: the table is missing, has no header, or its columns are not clear.
    """
    file = relative(request.path, request.root)
    options = _options(request, file)
    if not request.path.is_file():
        raise UsageError("no such file", file, "correct the table's `path`")
    text, findings = read_text(request.path, request.root)
    table = read_rows(text, file, _format(options, request), options.delimiter)
    columns = find_columns(table.header, file, options.columns, request.locales)
    importer = _Importer(file, columns, _Locales(columns, options, request, file))
    for row in table.rows:
        importer.take(row)
    return importer.done(table, findings)


def _options(request: SourceRequest, file: str) -> TableOptions:
    try:
        return TableOptions.model_validate(dict(request.options))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        raise UsageError(f"'{key}': {first['msg'].lower()}", file) from error


def _format(options: TableOptions, request: SourceRequest) -> TableFormat:
    match options.format:
        case "csv" | "tsv" | "jsonl" as known:
            return known
        case None | "table":
            return format_of(request.path.suffix)
    raise UsageError(f"no table is written in '{options.format}'", None, "there are: csv, tsv, jsonl")


class _Locales:
    """Which column holds the base text, and which languages the others are."""

    def __init__(self, columns: Columns, options: TableOptions, request: SourceRequest, where: str) -> None:
        own = bcp47(options.locale, request.locales) if options.locale else None
        project = bcp47(request.base_locale) if request.base_locale else None
        self.names = request.locales
        self.base = own or project
        self.text = columns.text
        self.others = dict(columns.texts or {})
        self.is_translation = False
        if columns.text is not None:
            self.is_translation = own is not None and project is not None and own != project
            if self.base in self.others:
                hint = "say which in `columns.text`"
                raise UsageError(f"a column of text and one of {self.base}", f"{where}:1", hint)
            return
        found = self._base_among(self.others)
        if found is None and own is not None:
            hint = f"there are: {', '.join(self.others)}"
            raise UsageError(f"no column of the table's `locale` {own}", f"{where}:1", hint)
        if found is None and self.base is None:
            found = next(iter(self.others))
        if found is not None:
            self.base, self.text = self.base or found, self.others.pop(found)

    def _base_among(self, texts: Mapping[str, int]) -> str | None:
        if self.base is None or self.base in texts:
            return self.base
        language = self.base.partition("-")[0]
        same = [locale for locale in texts if locale.partition("-")[0] == language]
        return same[0] if len(same) == 1 else None


class _Importer:
    """Takes a table's rows one by one."""

    def __init__(self, file: str, columns: Columns, locales: _Locales) -> None:
        self._file, self._columns, self._locales = file, columns, locales
        self._lines: list[GameLine] = []
        self._translations: list[Translation] = []
        self._findings: list[Finding] = []
        self._ignored: dict[tuple[str, int], frozenset[str]] = {}
        self._seen: dict[tuple[str, str | None], Place] = {}
        self._characters: Counter[str] = Counter()
        self._counts = Counter(blank=0)
        self._ids = 0

    def take(self, row: CsvRow) -> None:
        """Reads one row: a line with its translations, or one translation."""
        if row.is_empty:
            self._counts["blank"] += 1
            return
        id = self._id(row)
        if id == _PLURAL_RULE or (id is None and self._columns.has_plurals):
            self._counts["plural"] += 1
            return
        place = Place(self._file, row.row)
        locale = self._row_locale(row)
        self._check_id(id, locale, place)
        self._counts["rows"] += 1
        self._ids += id is not None
        character = self._cell(row, self._columns.character).strip() or None
        if character is not None:
            self._characters[character] += 1
        if locale is not None:
            self._take_translation(row, id, locale, place, character, self._locales.text)
            return
        if self._locales.text is not None:
            self._take_line(row, id, place, character)
        for other, at in self._locales.others.items():
            self._take_other(row, id, other, place, at)

    def _id(self, row: CsvRow) -> str | None:
        id = self._cell(row, self._columns.id).strip()
        return (_SOUND_SUFFIX.sub("", id) if self._columns.is_keyed_by_sound else id) or None

    def _row_locale(self, row: CsvRow) -> str | None:
        """The language of a row that is a translation; None if it is of the base script."""
        if self._columns.locale is not None:
            written = self._cell(row, self._columns.locale).strip()
            locale = bcp47(written, self._locales.names) if written else self._locales.base
            if self._locales.base is None:
                self._locales.base = locale
            return None if locale == self._locales.base else locale
        return self._locales.base if self._locales.is_translation else None

    def _check_id(self, id: str | None, locale: str | None, place: Place) -> None:
        if id is None:
            self._findings.append(Finding("D001", place, f"line has no id; {self._id_hint()}", locale=locale))
            return
        first = self._seen.setdefault((id, locale), place)
        if first != place:
            message = f"id `{id}` is used twice, first at {first.where}"
            self._findings.append(Finding("D002", place, message, id, locale))

    def _id_hint(self) -> str:
        at = self._columns.id
        return "add a column `id`" if at is None else "fill the first column" if at == 0 else "fill its cell"

    def _take_line(self, row: CsvRow, id: str | None, place: Place, character: str | None) -> None:
        text = self._text(row, self._locales.text)
        direction, *notes = self._remarks(row, place)
        self._lines.append(
            GameLine(
                id=id,
                kind="narration" if character is None else "line",
                character=character,
                text=text,
                place=place,
                format=FORMAT,
                direction=direction or None,
                notes=tuple(filter(None, notes)),
                emotion=self._cell(row, self._columns.emotion).strip() or None,
                values=placeholders(text),
                generated=self._columns.is_keyed_by_text and id is not None,
                audio=self._cell(row, self._columns.audio).strip() or None,
            )
        )

    def _remarks(self, row: CsvRow, place: Place) -> list[str]:
        """Direction, then notes, without what they silence."""
        cells = [self._cell(row, at).strip() for at in (self._columns.direction, *self._columns.notes)]
        codes = frozenset[str]().union(*map(ignored_codes, cells))
        if codes:
            self._ignored[self._file, place.row] = codes
            cells = [re.sub(r"[\s#;,(\[]*fullcast:\s*ignore\b.*", "", cell, flags=re.I) for cell in cells]
        return cells

    def _take_translation(
        self, row: CsvRow, id: str | None, locale: str, place: Place, character: str | None, at: int | None
    ) -> None:
        text = self._text(row, at)
        self._remarks(row, place)
        if id is None:
            return
        if not text.strip():
            self._findings.append(Finding("D009", place, f"{locale} has no text for `{id}`", id, locale))
            return
        audio = self._cell(row, self._columns.audio).strip() or None
        self._translations.append(Translation(id, locale, text, place, speaker=character, audio=audio))

    def _take_other(self, row: CsvRow, id: str | None, locale: str, place: Place, at: int) -> None:
        """A column of another language. Where the base has no text either, that is said once, of the base."""
        text = self._text(row, at)
        if id is None or (not text.strip() and not self._text(row, self._locales.text).strip()):
            return
        if not text.strip():
            self._findings.append(Finding("D009", place, f"{locale} has no text for `{id}`", id, locale))
            return
        self._translations.append(Translation(id, locale, text, place))

    def _text(self, row: CsvRow, at: int | None) -> str:
        cell = self._cell(row, at)
        unreal = _UNREAL_TEXT.fullmatch(cell.strip()) if cell.endswith(")") else None
        if unreal:
            return unescape(unreal["text"])
        return unescape(cell) if self._columns.is_escaped and "\\" in cell else cell

    @staticmethod
    def _cell(row: CsvRow, at: int | None) -> str:
        return row.cells[at] if at is not None and at < len(row.cells) else ""

    def done(self, table: TableRows, findings: tuple[Finding, ...]) -> Imported:
        locales = [self._locales.base] if self._lines else []
        locales += [item.locale for item in self._translations]
        counts = {
            "rows": len(table.rows),
            "blank": self._counts["blank"],
            "narrator": sum(line.character is None for line in self._lines),
            "directions": sum(line.direction is not None for line in self._lines),
            "interpolated": sum(bool(line.values) for line in self._lines),
            "locales": len(set(locales)),
        }
        facts = FileFacts(
            self._file, "table", self._counts["rows"], self._ids, dict(self._characters), counts
        )
        return Imported(
            lines=tuple(self._lines),
            translations=tuple(self._translations),
            findings=(*findings, *table.findings, *self._findings),
            files=(facts,),
            base_locale=None if self._locales.is_translation else self._locales.base,
            ignored=self._ignored,
        )


def placeholders(text: str) -> dict[str, str]:
    """What stands in a text for values of the game: as written -> its name, or itself if it has none."""
    if "{" not in text and "%" not in text:
        return {}
    found = {}
    for match in _PLACEHOLDER.finditer(text):
        if match[0] == "%%":
            continue
        name = match["double"] or match["single"] or match["named"] or match[0]
        found[match[0]] = name.strip()
    return found


def unescape(cell: str) -> str:
    """A cell with `\\n`, `\\t`, `\\"` and the like resolved, in one pass; other backslashes stay.

    Source: godotengine/godot:core/string/ustring.cpp (c_unescape).
    """
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), cell)
