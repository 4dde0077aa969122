"""Rows of a pack's index from lines and what became of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.game.line import text_lock
from pipeline.game.pack_index import IndexRow
from pipeline.game.pack_make import Made
from pipeline.game.pack_state import Wanted
from pipeline.game.voiced import VoicedLine

TTS = "tts"


def voiced_row(wanted: Wanted, made: Made) -> IndexRow:
    """The row of a sound that was put into the pack now."""
    first = next(iter(wanted.paths.values()))
    taken = wanted.recording
    return _row(wanted, "voiced").model_copy(
        update={
            "speech_hash": wanted.speech_hash,
            "origin": TTS if taken is None else origin_of(taken.folder),
            "recording": None if taken is None else taken.file,
            "take_keys": list(made.take_keys),
            "synthetic": taken is None,
            "unrealised": made.note,
            "wav": wanted.paths.get("wav"),
            "ogg": wanted.paths.get("ogg"),
            "viseme": made.viseme,
            "duration_s": made.duration_s,
            "lufs": made.lufs,
            "peak_dbtp": made.peak_dbtp,
            "sha256": made.sums[first],
        }
    )


def cached_row(wanted: Wanted) -> IndexRow:
    """The row of a sound that is there: what the script says of it may be new (its place, its notes)."""
    assert wanted.before is not None
    facts = _facts(wanted, "voiced")
    if wanted.recording is not None:
        facts["recording"] = wanted.recording.file
        facts["origin"] = origin_of(wanted.recording.folder)
    return wanted.before.model_copy(update=facts)


def soundless_row(wanted: Wanted, status: str, reason: str | None = None) -> IndexRow:
    """The row of a sound that could not be made (`failed`) or was left out this time (`missing`)."""
    return _row(wanted, status).model_copy(update={"reason": reason})


def unvoiced_row(voiced: VoicedLine, stem: str | None) -> IndexRow:
    """The row of a line that the project gives no sound; its text is not told."""
    line = voiced.line
    return IndexRow.model_construct(
        id=line.id,
        stem=stem,
        kind=line.kind,
        status=voiced.unvoiced or "missing",
        character=line.character,
        qualifier=line.qualifier,
        locale=voiced.locale,
        source=voiced.place.where,
        node=voiced.place.node,
        tags=list(line.tags),
        notes=list(line.notes),
        lock=text_lock(voiced.text),
        variant=list(voiced.variant),
    )


def origin_of(folder: str) -> str:
    """The name of a folder of takes as the index says it: `final`, `recorded`, `scratch`."""
    return folder.replace("/{locale}", "").rstrip("/").rpartition("/")[2].casefold()


def _row(wanted: Wanted, status: str) -> IndexRow:
    return IndexRow.model_construct(**_facts(wanted, status))


def _facts(wanted: Wanted, status: str) -> dict[str, Any]:
    """What the script and the project say of a sound."""
    line, voiced = wanted.line, wanted.line.voiced
    base = voiced.line
    return {
        "id": base.id,
        "stem": line.stem,
        "kind": base.kind,
        "status": status,
        "character": base.character,
        "qualifier": base.qualifier,
        "text": voiced.text,
        "spoken": voiced.spoken,
        "direction": voiced.direction_text,
        "notes": list(base.notes),
        "emotion": voiced.emotion,
        "locale": voiced.locale,
        "source": voiced.place.where,
        "node": voiced.place.node,
        "tags": list(base.tags),
        "lock": text_lock(voiced.text),
        "variant": list(voiced.variant),
        "take": line.take,
        "voice": line.voice.written,
        "engine": line.voice.engine,
        "model": line.voice.model,
        "stale": wanted.stale is not None,
    }


def counted(rows: Iterable[IndexRow]) -> dict[str, int]:
    """How many rows of each kind a locale has: voiced ones by origin, the others by status."""
    found: Counter[str] = Counter()
    for row in rows:
        found["lines"] += 1
        found[row.status] += 1
        if row.origin is not None:
            found[f"origin {row.origin}"] += 1
        if row.stale:
            found["stale"] += 1
    return dict(sorted(found.items()))


def owned_files(rows: Mapping[str, Iterable[IndexRow]]) -> set[str]:
    """All files that the rows of all locales name, relative to the pack."""
    return {path for lines in rows.values() for row in lines for path in row.files}
