"""A pack's index: one row a line and sound, as JSON and CSV; read strictly, written only where it changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.errors import DriftError, UsageError
from pipeline.files import json_rows, write_text

INDEX_SCHEMA = "fullcast.pack-index/1"
PACK_SCHEMA = "fullcast.pack/1"
INDEX_JSON = "index.json"
INDEX_CSV = "index.csv"
PACK_JSON = "pack.json"
SUMS = "SHA256SUMS"
# A row of the index is a row of the file: a change of one line is one line of its diff.
INDEX_DEPTH = 2
LIST_MARK = " | "
_SHA = r"^[0-9a-f]{64}$"

Sha = Annotated[str, Field(pattern=_SHA)]


class IndexRow(BaseModel):
    """One sound of the pack, or one line that has none and why.

    `status` is `voiced` for one that has its sound, `failed` for one that could not be spoken, `missing` for
    one that was left out this time, else why the project gives it none.
    `origin` is `tts`, or the folder of the recording: `final`, `recorded`, `scratch`. `sha256` is that of the
    first of `wav` and `ogg` that is there.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str | None
    stem: str | None
    kind: str
    status: str
    character: str | None
    qualifier: str | None = None
    text: str | None = None
    spoken: str | None = None
    direction: str | None = None
    notes: list[str] = []
    emotion: str | None = None
    locale: str
    source: str
    node: str | None = None
    tags: list[str] = []
    lock: str
    speech_hash: Sha | None = None
    variant: list[str] = []
    take: int = 1
    voice: str | None = None
    engine: str | None = None
    model: str | None = None
    origin: str | None = None
    recording: str | None = None
    stale: bool = False
    take_keys: list[str] = []
    synthetic: bool | None = None
    unrealised: str | None = None
    reason: str | None = None
    wav: str | None = None
    ogg: str | None = None
    viseme: str | None = None
    duration_s: float | None = None
    lufs: float | None = None
    peak_dbtp: float | None = None
    sha256: Sha | None = None

    @property
    def key(self) -> str:
        """`locale/stem`, as `PackLine.key`."""
        return f"{self.locale}/{self.stem}"

    @property
    def sounds(self) -> tuple[str, ...]:
        """Its sound files, relative to the pack."""
        return tuple(path for path in (self.wav, self.ogg) if path is not None)

    @property
    def files(self) -> tuple[str, ...]:
        """All its files, relative to the pack."""
        return (*self.sounds, self.viseme) if self.viseme is not None else self.sounds


class IndexForm(BaseModel):
    """`index.json` of one locale."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    schema_: Annotated[Literal["fullcast.pack-index/1"], Field(alias="schema")]
    locale: str
    lines: list[IndexRow]


class PackForm(BaseModel):
    """`pack.json`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    schema_: Annotated[Literal["fullcast.pack/1"], Field(alias="schema")]
    project: str
    engine: str
    tool: str
    revision: str
    base_locale: str
    locales: list[str]
    counts: dict[str, dict[str, int]]


_INDEX = TypeAdapter(IndexForm)


def index_path(pack: Path, locale: str) -> Path:
    """Where the index of a locale lies."""
    return pack / locale / INDEX_JSON


def read_index(pack: Path, locale: str) -> tuple[IndexRow, ...]:
    """The rows of a locale's index; none if there is no index.

    Raises:
        DriftError: it is not of its form.
    """
    path = index_path(pack, locale)
    try:
        return tuple(_INDEX.validate_json(path.read_bytes()).lines)
    except FileNotFoundError:
        return ()
    except (ValidationError, OSError) as error:
        first = str(error).splitlines()[-1].strip()
        raise DriftError(
            f"the pack's index is damaged: {first}", str(path), "remove it and render again; no take is lost"
        ) from error


def read_pack(pack: Path) -> PackForm | None:
    """What `pack.json` says; None if there is no pack.

    Raises:
        DriftError: it is not of its form.
    """
    path = pack / PACK_JSON
    try:
        return PackForm.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        raise DriftError("pack.json is damaged", str(path), "remove it and render again") from error


def write_index(pack: Path, locale: str, rows: Sequence[IndexRow]) -> None:
    """Writes `index.json` and `index.csv` of a locale where they changed."""
    lines = [row.model_dump() for row in rows]
    value = {"schema": INDEX_SCHEMA, "locale": locale, "lines": lines}
    write_text(index_path(pack, locale), _json(value), keep_same=True)
    write_text(pack / locale / INDEX_CSV, as_csv(lines), keep_same=True)


def write_pack(pack: Path, form: PackForm) -> None:
    """Writes `pack.json` where it changed."""
    write_text(pack / PACK_JSON, _json(form.model_dump(by_alias=True)), keep_same=True)


def _json(value: Mapping[str, object]) -> Iterator[str]:
    yield from json_rows(value, INDEX_DEPTH)
    yield "\n"


def as_csv(lines: Iterable[Mapping[str, object]]) -> str:
    """The rows as CSV, RFC 4180: lists joined by ` | `, nothing as an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    names = list(IndexRow.model_fields)
    writer.writerow(names)
    for line in lines:
        writer.writerow([_cell(line[name]) for name in names])
    return buffer.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return LIST_MARK.join(str(item) for item in value)
    return str(value)


def read_sums(pack: Path) -> dict[str, str]:
    """SHA-256 by file, relative to the pack, as `SHA256SUMS` says; empty if there is none."""
    try:
        text = (pack / SUMS).read_text("utf-8")
    except FileNotFoundError:
        return {}
    rows = (row.partition("  ") for row in text.splitlines())
    return {name: sha256 for sha256, mark, name in rows if mark}


def own_sums(pack: Path) -> dict[str, str]:
    """The checksums of a pack of ours; none if there is no pack yet.

    Raises:
        UsageError: there are some that are not of a pack: `pack.json` is written before them.
    """
    sums = read_sums(pack)
    if sums and read_pack(pack) is None:
        hint = "name another folder as `pack`, or remove it"
        raise UsageError(f"{SUMS} is there already and of no pack", str(pack), hint)
    return sums


def write_sums(pack: Path, sums: Mapping[str, str]) -> None:
    """Writes `SHA256SUMS`, sorted by name, for `sha256sum -c`, where it changed."""
    write_text(pack / SUMS, (f"{sums[name]}  {name}\n" for name in sorted(sums)), keep_same=True)
