"""Which column of a table is what: by the project's word, else by the header. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import UsageError, did_you_mean
from pipeline.game.formats.locale_tags import bcp47, is_locale, named_locale

# Header names by field, best first; small letters, without blanks, `_` and `-`.
# Source: UnrealEngine:ExportDialogueScriptCommandlet.h (FDialogueScriptEntry), its string tables, and sheets
# of games.
KNOWN: dict[str, tuple[str, ...]] = {
    "id": ("id", "key", "keys", "lineid", "dialogueid", "identifier", "name", "rowname"),
    "character": ("character", "charactername", "speaker", "speakingvoice", "actor", "who"),
    "text": ("text", "dialogue", "line", "subtitle", "sourcestring", "spokendialogue", "spokentext"),
    "direction": ("direction", "voiceactordirection", "note", "notes", "comment"),
    "emotion": ("emotion", "mood", "tone", "expression"),
    "audio": ("audio", "audiofile", "audiofilename", "voice", "voicefile"),
}
FIELDS = (*KNOWN, "locale", "notes")
# Unreal's first column; other exports leave the first header empty.
_ROW_NAME = "---"
_REMARKS = ("note", "notes", "comment")
Wanted = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Places in a row, from 0; None where the table has no such column.

    Attributes:
        text: of a table with one column of text.
        texts: of a table with a column a language: locale -> place.
        notes: all columns with remarks that are not direction.
        is_keyed_by_text: the first column is both the ID and a language's text, as Godot allows.
        is_keyed_by_sound: there is no ID but the sound's file name, as in Unreal's dialogue scripts.
        has_plurals: rows without a key hold further plural forms of the row above (Godot).
        is_escaped: cells hold `\\n` and the like for what they mean (Godot, Unreal's string tables).
    """

    id: int | None = None
    character: int | None = None
    text: int | None = None
    texts: Mapping[str, int] | None = None
    direction: int | None = None
    emotion: int | None = None
    audio: int | None = None
    locale: int | None = None
    notes: tuple[int, ...] = ()
    is_keyed_by_text: bool = False
    is_keyed_by_sound: bool = False
    has_plurals: bool = False
    is_escaped: bool = False


def find_columns(
    header: Sequence[str], where: str, wanted: Wanted, names: Mapping[str, str] | None = None
) -> Columns:
    """What each column is.

    Args:
        header: cells of the first row.
        where: the file, for errors.
        wanted: field -> column's name, from the project; it wins over the header's own names.
        names: the project's own names of languages: a header that is one of them is a column of text.

    Raises:
        UsageError: a wanted column is not there, two columns may be the text, or none is.
    """
    return _Finder(header, where, names or {}).find(wanted)


def plain(header: str) -> str:
    """A header without what people write differently: case, blanks, `_` and `-`."""
    return "".join(header.split()).replace("_", "").replace("-", "").casefold()


class _Finder:
    """One header; `_free` are the columns that nothing claimed yet."""

    def __init__(self, header: Sequence[str], where: str, names: Mapping[str, str]) -> None:
        self._header = [cell.strip() for cell in header]
        self._where = where
        self._names = names
        # Godot's importer skips columns with `_`, and `?context` and the like are its own.
        self._free = [at for at, cell in enumerate(self._header) if not cell.startswith(("_", "?"))]
        self._plain = [plain(cell) for cell in self._header]

    def find(self, wanted: Wanted) -> Columns:
        given = {field: self._wanted(field, wanted[field]) for field in FIELDS if field in wanted}
        claimed = {at for places in given.values() for at in places}
        self._free = [at for at in self._free if at not in claimed]
        text, texts = self._texts(given.get("text"))
        id, is_keyed_by_text = self._id(given.get("id"), texts)
        found = {field: self._one(field, given) for field in ("character", "emotion", "audio", "direction")}
        by_sound = id is None and "audiofilename" in self._plain
        if by_sound:
            id = self._plain.index("audiofilename")
        notes = given.get("notes")
        if notes is None:
            notes = [at for at in self._free if self._plain[at] in _REMARKS and at != found["direction"]]
        return Columns(
            id=id,
            text=text,
            texts=texts,
            **found,
            locale=next(iter(given.get("locale", ())), None),
            notes=tuple(notes),
            is_keyed_by_text=is_keyed_by_text,
            is_keyed_by_sound=by_sound,
            has_plurals="?plural" in (cell.casefold() for cell in self._header),
            is_escaped=text is None or self._plain[text] == "sourcestring",
        )

    def _wanted(self, field: str, columns: str | Sequence[str]) -> list[int]:
        """The places of the columns that the project names; several are allowed for `text` and `notes`."""
        asked = [columns] if isinstance(columns, str) else list(columns)
        places = []
        for name in filter(None, asked):
            same = [at for at, cell in enumerate(self._header) if cell == name]
            same = same or [at for at, cell in enumerate(self._plain) if cell == plain(name)]
            if not same:
                hint = did_you_mean(name, [cell for cell in self._header if cell])
                raise UsageError(f"no column '{name}' for `columns.{field}`", f"{self._where}:1", hint)
            places.append(same[0])
        if field not in ("text", "notes") and len(places) > 1:
            raise UsageError(f"`columns.{field}` names several columns", f"{self._where}:1", "name one")
        return places

    def _texts(self, given: list[int] | None) -> tuple[int | None, dict[str, int] | None]:
        """The one column of text, or a column a language, or both: a text and its translations."""
        if given and (len(given) > 1 or self._locale(given[0], any_case=True)):
            texts = {}
            for at in given:
                locale = self._locale(at, any_case=True)
                if locale is None:
                    hint = (
                        "give one column, or one for each language, named `en`, `de` or as in [locale_names]"
                    )
                    told = f"`columns.text` names '{self._header[at]}', which is no language"
                    raise UsageError(told, f"{self._where}:1", hint)
                texts[locale] = at
            return None, texts
        text = given[0] if given else self._text()
        texts = {}
        for at in self._free:
            locale = self._locale(at, any_case=text is None)
            if locale is not None and at != text:
                texts.setdefault(locale, at)
        if text is None and not texts:
            known = ", ".join(KNOWN["text"])
            hint = f"name it in `columns.text`; names known are {known}, and languages (`en`)"
            raise UsageError("no column of text", f"{self._where}:1", hint)
        self._free = [at for at in self._free if at != text and at not in texts.values()]
        return text, texts or None

    def _text(self) -> int | None:
        same = [at for at in self._free if self._plain[at] in KNOWN["text"]]
        if len(same) > 1:
            shown = " and ".join(f"'{self._header[at]}'" for at in same)
            hint = "say which in `columns.text`"
            raise UsageError(f"columns {shown} may both be the text", f"{self._where}:1", hint)
        return same[0] if same else None

    def _locale(self, at: int, *, any_case: bool) -> str | None:
        """The language that a header names.

        Beside a column of text `No` is a number, and `English` the text that a translator had before him.
        """
        cell = self._header[at]
        named = named_locale(cell, self._names) if any_case else self._names.get(cell)
        if named is not None:
            return named
        if any(self._plain[at] in names for names in KNOWN.values()) or not is_locale(cell):
            return None
        return bcp47(cell) if any_case or cell[:2].islower() else None

    def _id(self, given: list[int] | None, texts: Mapping[str, int] | None) -> tuple[int | None, bool]:
        """The column of the ID. In a table of languages it is the first one, whatever its name (Godot)."""
        if given is not None:
            return next(iter(given), None), False
        if self._header and self._header[0] == _ROW_NAME:
            return 0, False
        at = self._best("id")
        if at is None and self._header and self._header[0] == "":
            at = 0
        if at is not None or texts is None:
            return at, False
        if 0 in texts.values():
            return 0, len(texts) > 1
        return (0 if 0 in self._free else None), False

    def _one(self, field: str, given: Mapping[str, list[int]]) -> int | None:
        return next(iter(given[field]), None) if field in given else self._best(field)

    def _best(self, field: str) -> int | None:
        """The free column whose name is nearest to the front of the known ones."""
        for name in KNOWN[field]:
            for at in self._free:
                if self._plain[at] == name:
                    self._free.remove(at)
                    return at
        return None
