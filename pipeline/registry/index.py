"""One registry file, looked up in: read once whenever it changes, then one row of a database a look-up.

<cache>/registry/<mark of the path>.sqlite   what was read, and size, time and inode of the file then
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from pipeline import __version__
from pipeline.errors import StoreError, UsageError
from pipeline.files import make_folder
from pipeline.hashing import digest_bytes
from pipeline.registry.form import RegistryModelForm, RegistryVoiceForm
from pipeline.registry.reading import Document, read_registry_file

_log = logging.getLogger(__name__)

# Raised whenever the tables or the forms change, so that an older index is not taken for a new one.
INDEX_SCHEMA = 2
_TABLES = """
create table models (id text primary key, line integer, form text) without rowid;
create table voices (
  id text primary key, place integer, line integer, namespace text, model text, language text, folded text,
  gender text, tags text, searched text, form text
) without rowid;
create index by_namespace on voices (namespace);
create index by_model on voices (model);
create table source (mark text, path text);
"""


class RegistryIndex:
    """The models and voices of one registry file. Holds no voice in memory; makes the one that is asked for.

    Args:
        path: the registry file.
        folder: where the index is kept; where that cannot be written the file is read each time.
    Raises:
        UsageError: the file is not of its form.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._rows = _connection(path, folder)

    def model(self, model_id: str) -> tuple[RegistryModelForm, int] | None:
        """The model of this ID and its row."""
        found = self._rows.execute("select form, line from models where id = ?", (model_id,)).fetchone()
        return None if found is None else (RegistryModelForm.model_validate_json(found[0]), found[1])

    def model_ids(self) -> dict[str, int]:
        """All models' IDs with their rows, in the order of the file."""
        return dict(self._rows.execute("select id, line from models order by line, id"))

    def voice(self, voice_id: str) -> tuple[RegistryVoiceForm, int] | None:
        """The voice of this ID and its row."""
        found = self._rows.execute("select form, line from voices where id = ?", (voice_id,)).fetchone()
        return None if found is None else (RegistryVoiceForm.model_validate_json(found[0]), found[1])

    def has_voice(self, voice_id: str) -> bool:
        """Whether there is such a voice; nothing is made of it."""
        return self._rows.execute("select 1 from voices where id = ?", (voice_id,)).fetchone() is not None

    def voices(self) -> Iterator[tuple[RegistryVoiceForm, int]]:
        """All voices with their rows, in the order of the file, one at a time."""
        for form, line in self._rows.execute("select form, line from voices order by place"):
            yield RegistryVoiceForm.model_validate_json(form), line

    def voice_ids(self, namespace: str) -> dict[str, int]:
        """IDs and rows of the voices with this word before the slash, in the order of the file."""
        asked = "select id, line from voices where namespace = ? order by place"
        return dict(self._rows.execute(asked, (namespace,)))

    def namespaces(self) -> list[str]:
        """The words before the slash."""
        return [row[0] for row in self._rows.execute("select distinct namespace from voices")]

    def voice_models(self) -> dict[str, int]:
        """IDs of the models that its voices name, each with the first row that does."""
        return dict(self._rows.execute("select model, min(line) from voices group by model"))

    def found(
        self, language: str | None, gender: str | None, words: Sequence[str]
    ) -> Iterator[tuple[str, str, str, str | None, str]]:
        """ID, model, language, gender and tags (joined by line feeds) of the voices that fit all of it.

        Args:
            language: folded; it fits itself, what is narrower, and voices that speak all.
            words: folded; each stands in the ID, language, gender or tags.
        """
        where: list[str] = ["1"]
        values: list[str | int] = []
        if language is not None:
            where.append("(folded = '*' or folded = ? or substr(folded, 1, ?) = ?)")
            values += [language, len(language) + 1, f"{language}-"]
        if gender is not None:
            where.append("gender = ?")
            values.append(gender)
        for word in words:
            where.append("instr(searched, ?)")
            values.append(word)
        asked = f"select id, model, language, gender, tags from voices where {' and '.join(where)}"
        yield from self._rows.execute(f"{asked} order by place", values)


def _connection(path: Path, folder: Path) -> sqlite3.Connection:
    try:
        status = path.stat()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    mark = f"{__version__} {INDEX_SCHEMA} {status.st_size} {status.st_mtime_ns} {status.st_ino}"
    index = folder / "registry" / f"{digest_bytes(str(path.absolute()).encode())[:32]}.sqlite"
    kept = _kept(index, mark)
    if kept is not None:
        return kept
    document = read_registry_file(path)
    made = sqlite3.connect(":memory:")
    _fill(made, document, mark, path)
    _forget_gone(index.parent)
    return _keep(made, index)


def _kept(index: Path, mark: str) -> sqlite3.Connection | None:
    """The index that was made of the file as it is now, if there is one."""
    if not index.is_file():
        return None
    try:
        rows = sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        if rows.execute("select mark from source").fetchone() == (mark,):
            return rows
        rows.close()
    except sqlite3.Error as error:
        _log.debug("%s is made anew: %s", index, error)
    return None


def _keep(made: sqlite3.Connection, index: Path) -> sqlite3.Connection:
    """The index, written for the next time and opened from there; the one in memory where that cannot be."""
    from pipeline.files import write_bytes

    try:
        make_folder(index.parent)
        write_bytes(index, made.serialize())
        kept = sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except (StoreError, sqlite3.Error) as error:
        _log.debug("the index %s is not kept: %s", index, error)
        return made
    with suppress(sqlite3.Error):
        made.close()
    return kept


def _forget_gone(folder: Path) -> None:
    """Removes indexes of registries that are not there any more, and those of older versions."""
    for index in folder.glob("[!.]*.sqlite"):  # with a dot before them they are being written
        try:
            rows = sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            with closing(rows):
                found = rows.execute("select path from source").fetchone()
        except sqlite3.Error:
            found = None
        if found is None or not Path(found[0]).exists():
            with suppress(OSError):
                index.unlink()


def _fill(rows: sqlite3.Connection, document: Document, mark: str, path: Path) -> None:
    rows.executescript(_TABLES)
    rows.executemany(
        "insert into models values (?, ?, ?)",
        [(form.id, line, form.model_dump_json(exclude_defaults=True)) for form, line in document.models],
    )
    rows.executemany(
        "insert into voices values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_voice_row(place, form, line) for place, (form, line) in enumerate(document.voices)],
    )
    rows.execute("insert into source values (?, ?)", (mark, str(path.absolute())))
    rows.commit()


def _voice_row(place: int, form: RegistryVoiceForm, line: int) -> tuple[str | int | None, ...]:
    searched = " ".join((form.id, form.language, form.gender or "", *form.tags)).casefold()
    return (
        form.id, place, line, form.id.partition("/")[0], form.model, form.language, form.language.casefold(),
        form.gender, "\n".join(form.tags), searched, form.model_dump_json(exclude_defaults=True),
    )  # fmt: skip
