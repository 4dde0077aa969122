"""How voices sound, by what they are made of: one small file for each in the user's cache."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pipeline.engines.entries import ResolvedVoice
from pipeline.files import write_json
from pipeline.hashing import digest
from pipeline.identity.encoder import DIMENSIONS, Embedding
from pipeline.identity.encoder_weights import ENCODER_SHA256
from pipeline.identity.sentences import sentences_for

DIGITS = 7


def print_key(voice: ResolvedVoice) -> str:
    """What a print depends on, as a key: the voice's state, its model, what it says, who listens."""
    return digest([voice.digest(), voice.model, list(sentences_for(voice.language)), ENCODER_SHA256])


class PrintShelf:
    """Embeddings of voices under `cache`/voices. Owns these files; may be removed at any time."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "voices"

    def path_of(self, voice: ResolvedVoice) -> Path:
        """Where the print lies, or would lie."""
        key = print_key(voice)
        return self._folder / key[:2] / f"{key}.json"

    def get(self, voice: ResolvedVoice) -> Embedding | None:
        """How the voice sounds, float32 (256,); None if nobody listened yet, or the file is damaged."""
        try:
            numbers = json.loads(self.path_of(voice).read_bytes())["embedding"]
            found = np.array(numbers, dtype=np.float32)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.shape == (DIMENSIONS,) else None

    def put(self, voice: ResolvedVoice, embedding: Embedding) -> None:
        """Keeps how the voice sounds.

        Raises:
            StoreError: the cache cannot be written.
        """
        numbers = [round(float(number), DIGITS) for number in embedding]
        write_json(self.path_of(voice), {"voice": voice.written, "model": voice.model, "embedding": numbers})


def known_prints(cache: Path, voices: Iterable[ResolvedVoice]) -> dict[str, Embedding]:
    """How those of the voices sound that someone listened to before, by `print_key`; nothing is loaded."""
    shelf = PrintShelf(cache)
    found = {print_key(voice): shelf.get(voice) for voice in dict.fromkeys(voices)}
    return {key: one for key, one in found.items() if one is not None}
