"""How the sound was made: words for people, `provenance.json` for machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pipeline.errors import MissingError
from pipeline.script.model import Book
from pipeline.takes.take import Take

PROVENANCE_SCHEMA = 1
# Source: IPTC NewsCodes, Digital Source Type; the same term is used by C2PA's `c2pa.created` action.
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# `/home/ann/voices/ann.wav`, `C:\voices\ann.wav`: everything of it that is not the file's own name.
_FOLDERS = re.compile(r"(?<![\w.@-])(?:[A-Za-z]:)?[\\/](?:[^\\/:+\"']+[\\/])*")


def disclosure(book: Book, voices: Sequence[str]) -> str:
    """The words that say that the voices are synthetic: for DISCLOSURE.txt and the comment tag.

    `book.disclosure` replaces them. Whether they go into tags is `book.disclose`, which is not asked here.
    """
    if book.disclosure:
        return book.disclosure
    named = ", ".join(dict.fromkeys(without_folders(voice) for voice in voices))
    told = "This audiobook is narrated by a digital voice."
    if len(dict.fromkeys(voices)) > 1:
        told = "This audiobook is narrated by digital voices."
    return f"{told} AI voice: {named}." if named else told


def disclosure_file(book: Book, voices: Sequence[str]) -> str:
    """The text of DISCLOSURE.txt: which book, and the words of `disclosure`."""
    author = f" by {book.author}" if book.author else ""
    return f"{book.title}{author}\n\n{disclosure(book, voices)}\n"


def provenance(
    takes: Iterable[Take], tool_version: str, models: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """What `provenance.json` says: each line's engine, model, voice and seed, and each model's checksums.

    Nothing in it tells of the machine or its user: no folders, no times, no names of theirs.

    Args:
        takes: the chosen takes, in reading order.
        models: of every model in `takes`: its files' names and their SHA-256; empty for a model without
            files.

    Raises:
        MissingError: a take's model is not in `models`.
    """
    chosen = tuple(takes)
    for take in chosen:
        if take.model not in models:
            raise MissingError(f"no checksums are known for the model '{take.model}'", where=take.line_id)
    engine_of = {take.model: take.engine for take in chosen}
    return {
        "schema": PROVENANCE_SCHEMA,
        "tool": {"name": "fullcast", "version": tool_version},
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "models": [
            {"model": model, "engine": engine, "files": _files(models[model])}
            for model, engine in sorted(engine_of.items())
        ],
        "voices": _voices(chosen),
        "lines": [_line(take) for take in chosen],
    }


def without_folders(text: str) -> str:
    """The text with every absolute path in it cut to the file's own name."""
    return _FOLDERS.sub("", text)


def _files(digests: Mapping[str, str]) -> dict[str, str]:
    return {PurePath(without_folders(name)).name: digest for name, digest in sorted(digests.items())}


def _voices(takes: Sequence[Take]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for take in takes:
        counts[take.model, take.voice] = counts.get((take.model, take.voice), 0) + 1
    return [
        {"model": model, "voice": without_folders(voice), "lines": count}
        for (model, voice), count in sorted(counts.items())
    ]


def _line(take: Take) -> dict[str, Any]:
    return {
        "line": take.line_id,
        "character": take.character,
        "engine": take.engine,
        "model": take.model,
        "voice": without_folders(take.voice),
        "seed": take.seed,
        "take": take.key,
        "audio_sha256": take.audio_sha256,
    }
