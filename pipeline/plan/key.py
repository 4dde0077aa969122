"""The key of a take: what its audio depends on, and nothing else.

A line's number, chapter, character name or file is not part of it: moving a line keeps its take, and two
lines that would sound the same share one.
"""

from __future__ import annotations

from typing import Any

from pipeline.direction import Direction
from pipeline.hashing import digest

KEY_SCHEMA = 1
SEED_BITS = 63  # non-negative in every generator's signed 64-bit seed


def key_parts(
    *,
    utterances: tuple[str, ...],
    phonemes: tuple[tuple[str, str], ...],
    language: str,
    voice: str,
    direction: Direction,
    engine: str,
    engine_version: str,
    model: str,
    weights_sha256: str | None,
    sample_rate: int,
    alt: int = 0,
) -> dict[str, Any]:
    """All that a take depends on, by name, as plain JSON values; its digest is the key.

    Args:
        utterances: spoken text as the engine gets it, piece by piece.
        phonemes: the lexicon's IPA for words that occur in it.
        voice: content hash of the voice's state.
        weights_sha256: of the model's files; None for an engine without weights.
        alt: 0 for the first take, n for the nth retake; it changes the seed.
    """
    parts: dict[str, Any] = {
        "schema": KEY_SCHEMA,
        "text": list(utterances),
        "phonemes": [list(pair) for pair in phonemes],
        "language": language,
        "voice": voice,
        "direction": direction.as_key(),
        "engine": engine,
        "engine_version": engine_version,
        "model": model,
        "weights": weights_sha256,
        "sample_rate": sample_rate,
    }
    parts["seed"] = line_seed(parts, alt)
    return parts


def line_seed(parts: dict[str, Any], alt: int) -> int:
    """The line's own seed: from what is said and by whom, not from where it stands or what runs beside it.

    It leaves out the engine's version and the weights, so that a newer model can be compared on equal noise.
    """
    own = {name: parts[name] for name in ("text", "language", "voice")}
    return int(digest({"seed of": own, "alt": alt})[:16], 16) >> (64 - SEED_BITS)


def take_key(parts: dict[str, Any]) -> str:
    """SHA-256 of the parts, 64 hexadecimal digits: the take's name in the store."""
    return digest(parts)
