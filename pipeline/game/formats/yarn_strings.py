"""A strings file of Yarn Spinner: one language's texts by ID, checked against the base script. Pure.

Source: YarnSpinner-Unity:Runtime/YarnProject/StringTableEntry.cs; the short form is that of `ysc extract`
(YarnSpinner-Console:Commands/StringExtractCommand.cs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import UsageError
from pipeline.game.formats.csv_rows import CsvRow, csv_rows
from pipeline.game.formats.locale_tags import bcp47
from pipeline.game.formats.reading import ignored_codes
from pipeline.game.formats.yarn_text import read_speaker
from pipeline.game.line import FileFacts, Finding, GameLine, Place, Translation

_COLUMNS = ("language", "id", "text", "file", "node", "linenumber", "line", "lock", "comment", "character")
# Source: YarnSpinner-Rust:crates/bevy_plugin/src/localization/strings_file/asset.rs (UPDATE_PREFIX).
_NEEDS_UPDATE = "(NEEDS UPDATE) "


@dataclass(slots=True)
class StringsRead:
    """What a strings file gave. `ignored` has the codes that its comments silence, by row."""

    facts: FileFacts
    translations: list[Translation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ignored: dict[int, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row by the names of its columns; what is missing is empty. `others` have no meaning here."""

    cells: Mapping[str, str]
    place: Place
    others: tuple[str, ...]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def is_of(self, script: str) -> bool:
        """Whether it may be a line of that script. Cells hold other people's paths: only the name counts."""
        name = self["file"].replace("\\", "/").rpartition("/")[2].strip().casefold()
        return not name or name.removesuffix(".yarn") == script.casefold().removesuffix(".yarn")


def read_strings(
    text: str,
    file: str,
    locale: str,
    base: Mapping[str, GameLine],
    *,
    is_base: bool = False,
    script: str | None = None,
) -> StringsRead:
    """The translations of one language.

    Args:
        text: of the file.
        file: its name, for findings.
        locale: BCP 47; what the project says, not the file.
        base: the lines of the base script by ID.
        is_base: whether it is a strings file of the base language: it is checked, its texts are not used.
        script: the only script that is looked at, without folders; rows of other ones are passed over.

    Raises:
        UsageError: it has no column `id` or no column `text`.
    """
    table = csv_rows(text)
    header = _header(table.rows, file)
    check = _Check(file, locale, base, is_base, has_character="character" in header)
    for row in table.rows[1:]:
        if row.is_empty:
            check.blank += 1
            continue
        entry = _entry(row, header, file, check.findings)
        if script is None or entry["id"].strip() in base or entry.is_of(script):
            check.take(entry)
    if table.open_quote_row is not None:
        message = "a quote opens in this row and is never closed; all rows after it are lost"
        check.findings.append(Finding("D018", Place(file, table.open_quote_row), message, locale=locale))
    if not is_base:
        check.find_missing()
    return check.done(len(table.rows) - 1)


def _header(rows: Sequence[CsvRow], file: str) -> list[str]:
    names = [_plain(cell) for cell in rows[0].cells] if rows else []
    for wanted in ("id", "text"):
        if wanted not in names:
            hint = f"a strings file begins with the names of its columns: {', '.join(_COLUMNS[:6])}, ..."
            raise UsageError(f"no column '{wanted}'", f"{file}:1", hint)
    return [
        name if name in _COLUMNS else cell.strip() for name, cell in zip(names, rows[0].cells, strict=True)
    ]


def _plain(header: str) -> str:
    return header.strip().replace("_", "").replace("-", "").replace(" ", "").casefold()


def _entry(row: CsvRow, header: Sequence[str], file: str, findings: list[Finding]) -> _Entry:
    place = Place(file, row.row)
    if len(row.cells) > len(header):
        message = f"row has {len(row.cells)} cells, header has {len(header)}"
        findings.append(Finding("D018", place, message))
    cells = dict(zip(header, row.cells, strict=False))
    others = tuple(
        f"{name}: {cell.strip()}" for name, cell in cells.items() if name not in _COLUMNS and cell.strip()
    )
    return _Entry(cells, Place(file, row.row, cells.get("node", "").strip() or None), others)


class _Check:
    """Takes a file's rows one by one; keeps what they give and what is wrong with them."""

    def __init__(
        self, file: str, locale: str, base: Mapping[str, GameLine], is_base: bool, *, has_character: bool
    ) -> None:
        self.findings: list[Finding] = []
        self.blank = 0
        self._file, self._locale, self._base = file, locale, base
        self._is_base, self._has_character = is_base, has_character
        self._seen: dict[str, Place] = {}
        self._with_text: set[str] = set()
        self._translations: list[Translation] = []
        self._ignored: dict[int, frozenset[str]] = {}
        self._characters: dict[str, int] = {}
        self._counts = {"locked": 0, "moved": 0, "unknown": 0}
        self._rows = 0

    def take(self, entry: _Entry) -> None:
        self._rows += 1
        codes = ignored_codes(entry["comment"])
        if codes:
            self._ignored[entry.place.row] = codes
        id = entry["id"].strip()
        self._check_language(entry, id)
        line = self._base.get(id)
        if id in self._seen:
            first = self._seen[id].where
            self._say("D002", entry.place, f"id `{id}` is used twice, first at {first}", id)
            return
        if id:
            self._seen[id] = entry.place
        if line is None:
            self._counts["unknown"] += 1
            told = f"translation for unknown id `{id}`" if id else "row has no id, so its text is no line's"
            self._say("D010", entry.place, told, id or None)
            return
        self._count(entry, line)
        text = self._check_lock(entry, line, id)
        if text:
            self._with_text.add(id)
            self._keep(entry, id, text)

    def _check_language(self, entry: _Entry, id: str) -> None:
        written = entry["language"].strip()
        if written and bcp47(written).casefold() != self._locale.casefold():
            message = f"language column says `{written}`, project says `{self._locale}`"
            self._say("D012", entry.place, message, id or None)

    def _count(self, entry: _Entry, line: GameLine) -> None:
        if line.character is not None:
            self._characters[line.character] = self._characters.get(line.character, 0) + 1
        row = (entry["linenumber"] or entry["line"]).strip()
        self._counts["moved"] += bool(row) and row != str(line.place.row)
        self._counts["locked"] += entry["lock"].strip().casefold() == line.lock

    def _check_lock(self, entry: _Entry, line: GameLine, id: str) -> str:
        """The row's text; D011 if it was made from an older one."""
        text = entry["text"].strip()
        lock = entry["lock"].strip().casefold()
        if text.startswith(_NEEDS_UPDATE.strip()):
            text = text.removeprefix(_NEEDS_UPDATE.strip()).lstrip()
            self._say("D011", entry.place, "translation is marked as older than the base text", id)
        elif lock and lock != line.lock:
            message = f"translation is older than the base text (lock {lock}, now {line.lock})"
            self._say("D011", entry.place, message, id)
        return text

    def _keep(self, entry: _Entry, id: str, text: str) -> None:
        if self._is_base:
            return
        speaker: str | None = entry["character"].strip() or None
        if not self._has_character:
            found = read_speaker(text)
            speaker, text = found.name, text[found.words_at :]
        comment = entry["comment"].strip()
        notes = (comment, *entry.others) if comment else entry.others
        lock = entry["lock"].strip().casefold() or None
        self._translations.append(
            Translation(id, self._locale, text, entry.place, lock, speaker, notes=notes)
        )

    def find_missing(self) -> None:
        """D009 for every line of the base script without a text here; at the row here if there is one."""
        for id, line in self._base.items():
            if id not in self._with_text:
                place = self._seen.get(id, line.place)
                self._say("D009", place, f"{self._locale} has no text for `{id}`", id)

    def done(self, rows: int) -> StringsRead:
        counts = {"rows": rows, "blank": self.blank, **self._counts}
        facts = FileFacts(self._file, "strings", self._rows, len(self._seen), self._characters, counts)
        return StringsRead(facts, self._translations, self.findings, self._ignored)

    def _say(self, code: str, place: Place, message: str, id: str | None) -> None:
        self.findings.append(Finding(code, place, message, id, self._locale))
