"""Token lists the network can take, and the joining of their sounds. No word is ever cut off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from pydantic import BaseModel, ConfigDict

from pipeline.audio import Samples
from pipeline.engines.kokoro.source import SAMPLES_PER_FRAME

MAX_TOKENS = 510  # 512 positions less the 0 at both ends
EDGE = 0
CLOSERS = frozenset('”")')
# Where a text that is too long is parted, best first; the last resort is anywhere.
BREAKS = (frozenset(".!?…"), frozenset(";:"), frozenset(",—"), frozenset(" "))
PAUSES = frozenset(".!?…;:,—")
# Symbols that make no sound by themselves.
UNSOUNDED = frozenset(' .!?…;:,—"“”()ˈˌː')
# A part below a quarter of the limit is worse spoken than a cut at a comma is heard.
SHORTEST_TOKENS = MAX_TOKENS // 4


class _Vocabulary(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    source: str
    table_size: int
    symbols: dict[str, int]


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """The token of each phoneme symbol."""
    text = files(__package__).joinpath("vocab.json").read_text(encoding="utf-8")
    return _Vocabulary.model_validate_json(text).symbols


@dataclass(frozen=True)
class Passage:
    """Phonemes the network speaks at once: at most 510, all of them in the vocabulary."""

    phonemes: str

    @property
    def ids(self) -> list[int]:
        """The tokens with 0 at both ends."""
        symbols = vocabulary()
        return [EDGE, *(symbols[symbol] for symbol in self.phonemes), EDGE]

    @property
    def pauses(self) -> list[bool]:
        """For each token of `ids` whether it is punctuation or the space behind it."""
        before = ["", *self.phonemes]
        marks = [
            symbol in PAUSES or (symbol == " " and previous in PAUSES)
            for symbol, previous in zip(self.phonemes, before, strict=False)
        ]
        return [False, *marks, False]

    @property
    def ends_sentence(self) -> bool:
        """Whether a full pause belongs behind it."""
        return self.phonemes.rstrip('”") ')[-1:] in BREAKS[0]


def is_sounded(phonemes: str) -> bool:
    """Whether there is anything but punctuation in it."""
    return any(symbol not in UNSOUNDED for symbol in phonemes)


def part(phonemes: str, limit: int = MAX_TOKENS) -> tuple[Passage, ...]:
    """The phonemes in passages of at most `limit`; only spaces at the seams are lost.

    Parted at the last sentence end that fits, else at ; or :, else at a comma or dash, else at a space.
    """
    rest = phonemes.strip()
    passages = []
    while len(rest) > limit:
        end = _seam(rest, limit)
        passages.append(Passage(rest[:end].rstrip()))
        rest = rest[end:].lstrip()
    return (*passages, Passage(rest)) if rest else tuple(passages)


def _seam(text: str, limit: int) -> int:
    """The best index <= limit to part a longer text at."""
    shortest = min(SHORTEST_TOKENS, limit // 4)
    for marks in BREAKS:
        for index in range(limit, shortest, -1):
            end = index
            while end > 1 and text[end - 1] in CLOSERS:
                end -= 1
            if text[end - 1] in marks and text[index : index + 1] not in CLOSERS:
                return index
    return limit


def join(passages: list[Passage], frames: list[list[int]], sounds: list[Samples]) -> Samples:
    """One sound of all passages' sounds, the silence at inner seams that end no sentence taken out.

    Seams are blended over one frame (25 ms), so that neither a click nor a gap is heard.
    """
    result = sounds[0]
    for i in range(1, len(sounds)):
        following = sounds[i]
        if not passages[i - 1].ends_sentence:
            # The tokens at both ends are silence; one frame of each is left to blend over.
            result = result[: len(result) - (frames[i - 1][-1] - 1) * SAMPLES_PER_FRAME]
            following = following[(frames[i][0] - 1) * SAMPLES_PER_FRAME :]
        ramp = np.linspace(0, 1, SAMPLES_PER_FRAME, dtype=np.float32)
        blend = result[-SAMPLES_PER_FRAME:] * (1 - ramp) + following[:SAMPLES_PER_FRAME] * ramp
        result = np.concatenate((result[:-SAMPLES_PER_FRAME], blend, following[SAMPLES_PER_FRAME:]))
    return result
