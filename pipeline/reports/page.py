"""`report.json` and `report.html`: the facts for programs, and the page that people listen on."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError
from pipeline.files import write_json, write_text
from pipeline.hashing import digest

JSON_NAME = "report.json"
PAGE_NAME = "report.html"
TEMPLATE = "page.html"
# Parts of the page in files of their own, by the mark that they replace.
PARTS = {
    "style": "page_style.html",
    "player": "page_player.html",
    "notes": "page_notes.html",
    "list": "page_list.html",
}
# How a run went is for report.json; of workers the page shows counts only, which no clock decides.
UNSTEADY = ("run", "workers")
_MARK = re.compile(r"<!--fullcast:(\w+)-->")
_STEADY_MARK = re.compile(r'<meta name="fullcast-facts" content="([0-9a-f]{64})">')
# What could end a script element or begin a comment in it; inside JSON strings these escapes mean the same.
_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def write_page(facts: Mapping[str, Any], folder: Path) -> Path:
    """Writes `report.json` and `report.html` into `folder` where they changed; returns the page's path.

    The page tells takes made by this run from older ones. A run that made none and changed nothing else
    leaves the page as it is, so that the last retakes can still be found on it.

    Raises:
        StoreError: the folder cannot be read or written.
    """
    write_json(folder / JSON_NAME, facts, keep_same=True)
    path = folder / PAGE_NAME
    steady = steady_digest(facts)
    if facts["totals"]["rendered"] or _steady_digest_of(path) != steady:
        write_text(path, _pieces(facts, steady), keep_same=True)
    return path


def page(facts: Mapping[str, Any]) -> str:
    """The whole page: one HTML document that needs nothing but the sound files beside it."""
    return "".join(_pieces(facts, steady_digest(facts)))


def _pieces(facts: Mapping[str, Any], steady: str) -> Iterator[str]:
    """The page piece by piece: that of a long book is never in memory as a whole."""
    filled = {
        "title": html.escape(str(facts["book"]["title"])),
        "language": html.escape(str(facts["book"]["language"]), quote=True),
        "facts": f'<meta name="fullcast-facts" content="{steady}">',
    }
    # One pass: what an author wrote is put in and never looked at again.
    for number, part in enumerate(_MARK.split(_template())):
        if number % 2 == 0:
            yield part
        elif part == "data":
            yield from _data(facts)
        else:
            yield filled[part]


def _data(facts: Mapping[str, Any]) -> Iterator[str]:
    """What the page shows, as JSON that may stand in a script element; a chapter at a time."""
    shown = {name: value for name, value in facts.items() if name not in ("run", "chapters")}
    yield scripted(shown)[:-1] + ',"chapters":['
    for number, chapter in enumerate(facts["chapters"]):
        yield "," if number else ""
        yield scripted({**chapter, "lines": [_shown_line(line) for line in chapter["lines"]]})
    yield "]}"


def scripted(value: Mapping[str, Any]) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def steady_digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the page's layout and of the facts that do not depend on which run made a take."""
    steady = {name: value for name, value in facts.items() if name not in UNSTEADY}
    totals = dict(steady["totals"])
    totals["with_take"] = totals.pop("rendered") + totals.pop("reused")
    # A chapter's warnings are told when it is stitched, not when it is found; they follow from its levels
    # and its missing lines, which are here.
    chapters = [
        digest({**chapter, "warnings": [], "lines": [_steady_line(line) for line in chapter["lines"]]})
        for chapter in steady["chapters"]
    ]
    return digest({**steady, "totals": totals, "chapters": chapters, "template": _template()})


def _shown_line(line: Mapping[str, Any]) -> dict[str, Any]:
    # A browser's numbers have 53 bits, a seed has 63.
    return {**line, "seed": None if line["seed"] is None else str(line["seed"])}


def _steady_line(line: Mapping[str, Any]) -> dict[str, Any]:
    if line["status"] not in ("rendered", "reused"):
        return dict(line)
    return {**line, "status": "with_take", "reason": ""}


@cache
def _template() -> str:
    """The page with its parts in place and its marks for facts still open."""
    room = files(__package__)

    def part(mark: re.Match[str]) -> str:
        name = PARTS.get(mark.group(1))
        return mark.group(0) if name is None else (room / name).read_text("utf-8")

    return _MARK.sub(part, (room / TEMPLATE).read_text("utf-8"))


def _steady_digest_of(path: Path) -> str | None:
    """What a page that is there says it shows; None if there is none or it is another kind of file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _STEADY_MARK.search(file.read(4096))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot read: {error.strerror}", where=str(path)) from error
    return found.group(1) if found else None
