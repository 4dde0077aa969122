"""`report.html` of a pack: every line with its sound, to be heard, searched and filtered in a browser."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from pipeline.files import write_text
from pipeline.game.pack_index import IndexRow, PackForm

PAGE_NAME = "report.html"
TEMPLATE = "viewer.html"
# What the page shows of a row; the rest stands in the index.
SHOWN = (
    "id", "stem", "kind", "status", "character", "text", "spoken", "direction", "notes", "emotion", "locale",
    "source", "node", "tags", "variant", "take", "voice", "origin", "recording", "stale", "unrealised",
    "reason", "wav", "ogg", "viseme", "duration_s", "lufs", "peak_dbtp",
)  # fmt: skip
_MARK = re.compile(r"<!--fullcast:(\w+)-->")
# What could end a script element or begin a comment in it; inside JSON strings these escapes mean the same.
_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def write_viewer(
    pack: Path,
    form: PackForm,
    rows: Mapping[str, Sequence[IndexRow]],
    findings: Iterable[Mapping[str, object]],
) -> None:
    """Writes the page into the pack's folder where it changed.

    Args:
        findings: of lint: `code`, `severity`, `file`, `line`, `id`, `locale`, `message`.
    """
    write_text(pack / PAGE_NAME, viewer(form, rows, findings), keep_same=True)


def viewer(
    form: PackForm, rows: Mapping[str, Sequence[IndexRow]], findings: Iterable[Mapping[str, object]]
) -> Iterator[str]:
    """The page piece by piece: one HTML document that needs nothing but the sounds beside it."""
    filled = {
        "title": html.escape(form.project),
        "language": html.escape(form.base_locale, quote=True),
    }
    template = (files(__package__) / TEMPLATE).read_text("utf-8")
    # One pass: what an author wrote is put in and never looked at again.
    for number, part in enumerate(_MARK.split(template)):
        if number % 2 == 0:
            yield part
        elif part == "data":
            yield from _data(form, rows, findings)
        else:
            yield filled[part]


def _data(
    form: PackForm, rows: Mapping[str, Sequence[IndexRow]], findings: Iterable[Mapping[str, object]]
) -> Iterator[str]:
    """What the page shows as JSON that may stand in a script element, a row at a time."""
    pack, found = _scripted(form.model_dump(by_alias=True)), _scripted(list(findings))
    yield f'{{"pack":{pack},"findings":{found},"lines":['
    first = True
    for lines in rows.values():
        for row in lines:
            shown = {name: value for name in SHOWN if (value := getattr(row, name)) not in (None, [], False)}
            yield f"{'' if first else ','}\n{_scripted(shown)}"
            first = False
    yield "]}"


def _scripted(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)
