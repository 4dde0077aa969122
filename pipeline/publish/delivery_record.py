"""`delivery.json`: what each delivered file measures, for people, and so that none is measured twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError
from pipeline.publish.acx import Shortfall
from pipeline.publish.verdict import Verdict

log = logging.getLogger(__name__)

RECORD_FILE = "delivery.json"
RECORD_SCHEMA = 1


@dataclass(frozen=True)
class Delivered:
    """One verdict and what it is of: a file, or one chapter (by title) of the book's file.

    `key` says what the sound depends on; `made` whether it was judged in this publication.
    """

    file: str
    chapter: str | None
    key: str
    verdict: Verdict
    made: bool = True


def read_record(path: Path, preset: str) -> list[Delivered]:
    """The verdicts of the last publication; empty if there are none for this preset that can be used.

    Raises:
        StoreError: the record cannot be read.
    """
    try:
        value = json.loads(path.read_bytes())
        if (value["schema"], value["preset"]) != (RECORD_SCHEMA, preset):
            return []
        return [
            Delivered(entry["file"], entry["chapter"], entry["key"], Verdict.from_json(entry), made=False)
            for entry in value["files"]
        ]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        log.warning("%s is damaged, all files are measured again: %s", path, error)
        return []
    except OSError as error:
        raise StoreError(f"cannot read: {error.strerror}", where=str(path)) from error


def record(preset: str, delivered: Sequence[Delivered], missing: Sequence[Shortfall]) -> dict[str, Any]:
    """The record as plain JSON values; the same files give the same."""
    return {
        "schema": RECORD_SCHEMA,
        "preset": preset,
        "files": [
            {"file": one.file, "chapter": one.chapter, "key": one.key, **one.verdict.as_json()}
            for one in delivered
        ],
        "missing": [vars(one) for one in missing],
    }
