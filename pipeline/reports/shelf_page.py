"""The morning page of a shelf: every book with its state, its time, its cost, and a link to its own page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.files import write_json, write_text
from pipeline.reports.page import JSON_NAME, PAGE_NAME, PARTS

TEMPLATE = "shelf_page.html"
REFRESH_S = 20
_MARK = re.compile(r"<!--fullcast:(\w+)-->")
STATES = {
    "waiting": "waiting",
    "rendering": "rendering",
    "stitching": "stitching",
    "done": "done",
    "unsound": "done, with faults",
    "failed": "failed",
    "unfinished": "not finished",
}


def write_shelf_page(facts: Mapping[str, Any], folder: Path) -> Path:
    """Writes `report.json` and `report.html` of a shelf into `folder`; returns the page's path.

    Raises:
        StoreError: the folder cannot be written.
    """
    write_json(folder / JSON_NAME, facts)
    write_text(folder / PAGE_NAME, shelf_page(facts))
    return folder / PAGE_NAME


def shelf_page(facts: Mapping[str, Any]) -> str:
    """The whole page: one HTML document without scripts; it looks again by itself while the run goes on."""
    room = files(__package__)
    run = facts["run"]
    running = f'<meta http-equiv="refresh" content="{REFRESH_S}">' if run["state"] == "running" else ""
    filled = {
        "refresh": running,
        "title": html.escape(_headline(facts)),
        "style": (room / PARTS["style"]).read_text("utf-8"),
        "summary": "\n".join(_summary(facts)),
        "rows": "\n".join(_row(book) for book in facts["books"]),
    }
    parts = _MARK.split((room / TEMPLATE).read_text("utf-8"))
    return "".join(part if number % 2 == 0 else filled[part] for number, part in enumerate(parts))


def _headline(facts: Mapping[str, Any]) -> str:
    totals = facts["totals"]
    made = totals["done"] + totals["unsound"]
    return f"{made} of {totals['books']} book{'' if totals['books'] == 1 else 's'} done"


def _summary(facts: Mapping[str, Any]) -> Iterator[str]:
    run, totals = facts["run"], facts["totals"]
    ended = f", {html.escape(run['state'])} {_when(run['ended_at'])}" if run["ended_at"] else ", running"
    yield (
        f'<p class="sum">Started {_when(run["started_at"])}{ended}, <b>{clock(run["wall_s"])}</b>'
        f" with {run['workers']} worker{'' if run['workers'] == 1 else 's'}</p>"
    )
    yield (
        f'<p class="sum"><b>{clock(totals["audio_s"])}</b> of sound; {totals["rendered"]} takes made, '
        f"{totals['reused']} lines reused, {totals['quarantined']} set aside</p>"
    )
    yield (
        f'<p class="sum"><b>{totals["device_s"]:,.1f} device-seconds</b> of speaking; {run["loads"]} '
        f"model loads took {run['load_s']:,.1f} s more; workers were held {run['held_s']:,.1f} s in all</p>"
    )
    if run["workers_lost"]:
        yield f'<p class="sum">{run["workers_lost"]} times a worker was lost; its lines were tried again</p>'
    if run["reason"]:
        yield f'<p class="stop">{html.escape(run["reason"])}</p>'


def _row(book: Mapping[str, Any]) -> str:
    ready = "" if book["ended_s"] is None else clock(book["ended_s"])
    length = clock(book["audio_s"]) if book["audio_s"] else ""
    return (
        f'<tr class="{html.escape(book["state"], quote=True)}"><td class="title">{_title(book)}</td>'
        f'<td class="state">{STATES[book["state"]]}</td>'
        f'<td class="number" data-name="Length">{length}</td>'
        f'<td class="number" data-name="Lines">{book["lines"] or ""}</td>'
        f'<td class="number" data-name="New">{book["rendered"] or ""}</td>'
        f'<td class="number" data-name="Device">{_seconds(book["device_s"])}</td>'
        f'<td class="number" data-name="Ready after">{ready}</td></tr>'
    )


def _title(book: Mapping[str, Any]) -> str:
    name = html.escape(book["title"])
    if book["report"]:
        name = f'<a href="{html.escape(quote(book["report"]), quote=True)}">{name}</a>'
    facts = [html.escape(book["file"]), html.escape(book["preset"])]
    if book["priority"]:
        facts.append(f"priority {book['priority']}")
    if book["added"]:
        facts.append("added while it ran")
    if book["book"]:
        facts.append(f'<a href="{html.escape(quote(book["book"]), quote=True)}">book.m4b</a>')
    pieces = [f'<div class="name">{name}</div><div class="soft">{" · ".join(facts)}</div>']
    if book["reason"]:
        pieces.append(f'<p class="why">{html.escape(book["reason"])}</p>')
    if book["lost"]:
        items = "".join(
            f"<li>{html.escape(line['where'])}: {html.escape(line['line_id'])}: "
            f"{html.escape(line['reason'])}</li>"
            for line in book["lost"]
        )
        number = len(book["lost"])
        pieces.append(
            f"<details><summary>{number} line{'' if number == 1 else 's'} set aside</summary>"
            f"<ul>{items}</ul></details>"
        )
    pieces.extend(f'<p class="why">{html.escape(rule)}</p>' for rule in book["broken_rules"])
    return "".join(pieces)


def _seconds(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds else ""


def _when(text: str) -> str:
    """`2026-11-28T07:05:07+01:00` as a person reads it."""
    return html.escape(text[:16].replace("T", " "))


def clock(seconds: float) -> str:
    """`0:09`, `12:30`, `1:02:03`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
