"""A report as JSON, schema `fullcast.game/1`, which `game-report.schema.json` beside this file describes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipeline.files import json_rows
from pipeline.game.findings import Judged
from pipeline.game.reports.report import Report

SCHEMA = "fullcast.game/1"
# Findings and lines are a row each.
_DEPTH = 2


def json_text(report: Report) -> Iterator[str]:
    """The report in pieces: keys sorted, a row for each line and finding; equal runs give equal bytes."""
    yield from json_rows(json_value(report), _DEPTH)
    yield "\n"


def json_value(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "schema": SCHEMA,
        "verb": report.verb,
        "exit": report.exit_code,
        "name": report.name,
        "counts": dict(report.counts),
        "findings": [_finding(found) for found in report.findings],
        "lines": [dict(row) for row in report.lines],
        "notes": list(report.notes),
    }


def _finding(found: Judged) -> dict[str, Any]:
    return {
        "code": found.code,
        "severity": found.severity,
        "file": found.file,
        "line": found.row,
        "id": found.id,
        "locale": found.locale,
        "message": found.message,
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of what `json_value` gives."""
    from importlib.resources import files

    text = files(__package__).joinpath("game-report.schema.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    return value
