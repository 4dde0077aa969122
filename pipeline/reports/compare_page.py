"""The blind listening page: one HTML file with the sounds in it; who is who is shown when all is judged."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipeline.hashing import digest
from pipeline.reports.page import scripted

TEMPLATE = "compare.html"


@dataclass(frozen=True)
class Heard:
    """One line as a listener meets it: its text, and two sounds as FLAC."""

    line_id: str
    character: str
    text: str
    first: bytes
    second: bytes


def compare_page(lines: Sequence[Heard], first_is_a: Sequence[bool], sealed: Mapping[str, Any]) -> str:
    """The whole page; it needs no other file and no network.

    Args:
        first_is_a: whether A is heard first, by line.
        sealed: what the listener sees at the end only: `sides` (name of `a` and `b`), figures.
    """
    hidden = {**sealed, "first": "".join("a" if one else "b" for one in first_is_a)}
    shown = {
        "lines": [
            {
                "id": line.line_id,
                "character": line.character,
                "text": line.text,
                "first": _data_address(line.first),
                "second": _data_address(line.second),
            }
            for line in lines
        ],
        "name": digest(hidden)[:16],
        # Coded, so that a glance at the source does not tell; it is no secret from who wants to know.
        "sealed": base64.b64encode(json.dumps(hidden, ensure_ascii=True).encode()).decode(),
    }
    template = (files(__package__) / TEMPLATE).read_text("utf-8")
    before, after = template.split("<!--fullcast:data-->")
    title = html.escape(f"Which do you prefer? {len(lines)} lines")
    return before.replace("<!--fullcast:title-->", title) + scripted(shown) + after


def _data_address(flac: bytes) -> str:
    return f"data:audio/flac;base64,{base64.b64encode(flac).decode()}"
