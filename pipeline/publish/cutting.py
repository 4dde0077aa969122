"""A piece of a book's masters as a master of its own, with room tone where it lost its head or tail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import AudioError
from pipeline.files import atomic_path
from pipeline.hashing import digest
from pipeline.publish.acx import HEAD_S, TAIL_S, Cut
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.room_tone import RoomTone

# Raised when the same cuts would give other bytes.
CUT_VERSION = 1
# What is kept around speech, so that no consonant is cut, and how it runs into the room tone.
BEFORE_S, AFTER_S = 0.03, 0.08
FADE_IN_S, FADE_OUT_S = 0.005, 0.010
BLOCK_SAMPLES = 1 << 18


def is_whole(cuts: Sequence[Cut], stitched: Sequence[StitchedChapter]) -> bool:
    """Whether the cuts are one chapter from its first sample to its last."""
    if len(cuts) != 1:
        return False
    length = stitched[cuts[0].chapter].master.timeline.length_samples
    return (cuts[0].start_samples, cuts[0].end_samples) == (0, length)


def cut_key(cuts: Sequence[Cut], stitched: Sequence[StitchedChapter]) -> str:
    """What the bytes of the cuts depend on."""
    pieces = [[stitched[cut.chapter].master.key, cut.start_samples, cut.end_samples] for cut in cuts]
    return digest({"version": CUT_VERSION, "pieces": pieces, "edges": [HEAD_S, TAIL_S, BEFORE_S, AFTER_S]})


def write_cut(cuts: Sequence[Cut], stitched: Sequence[StitchedChapter], out: Path) -> Path:
    """`out`, the cuts one after the other as mono FLAC of 24 bits.

    Where they begin or end inside a chapter there is a head of 0.75 s or a tail of 3 s of room tone.

    Raises:
        AudioError: a master cannot be decoded, or is not mono.
        StoreError: `out` cannot be written.
    """
    import soundfile

    rate = stitched[cuts[0].chapter].master.timeline.sample_rate
    tone = RoomTone(int(cut_key(cuts, stitched)[:16], 16), rate)
    try:
        with (
            atomic_path(out) as temporary,
            soundfile.SoundFile(temporary, "w", rate, 1, format="FLAC", subtype="PCM_24") as file,
        ):
            for block in _blocks(cuts, stitched, tone, rate):
                file.write(block)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"chapters cannot be cut: {error}", where=str(out)) from error
    return out


def _blocks(
    cuts: Sequence[Cut], stitched: Sequence[StitchedChapter], tone: RoomTone, rate: int
) -> Iterator[Samples]:
    last = stitched[cuts[-1].chapter].master.timeline
    headless = cuts[0].start_samples > 0
    tailless = cuts[-1].end_samples < last.length_samples
    if headless:
        yield _room(tone, round((HEAD_S - BEFORE_S) * rate), 0)
    for number, cut in enumerate(cuts):
        first = cut.start_samples - (round(BEFORE_S * rate) if number == 0 and headless else 0)
        final = number == len(cuts) - 1 and tailless
        end = cut.end_samples + (round(AFTER_S * rate) if final else 0)
        fade_in = round(FADE_IN_S * rate) if number == 0 and headless else 0
        fade_out = round(FADE_OUT_S * rate) if final else 0
        yield from _piece(stitched[cut.chapter].master.path, max(0, first), end, fade_in, fade_out, tone)
    if tailless:
        yield _room(tone, round((TAIL_S - AFTER_S) * rate), round(HEAD_S * rate))


def _piece(
    master: Path, start: int, end: int, fade_in: int, fade_out: int, tone: RoomTone
) -> Iterator[Samples]:
    """Samples [start, end) of a master; its edges fade out of and into the room tone where asked."""
    import soundfile

    with soundfile.SoundFile(master) as file:
        if file.channels != 1:
            raise AudioError(f"master has {file.channels} channels, not one", where=str(master))
        file.seek(start)
        for place in range(start, end, BLOCK_SAMPLES):
            block: Any = file.read(min(BLOCK_SAMPLES, end - place), dtype="float32")
            if fade_in and place == start:
                _fade(block[:fade_in], tone, np.linspace(0.0, 1.0, fade_in, dtype=np.float32))
            left = end - place - block.size
            if fade_out and left < fade_out:
                share = np.linspace(1.0, 0.0, fade_out, dtype=np.float32)
                tail = block[max(0, block.size - (fade_out - left)) :]
                _fade(tail, tone, share[fade_out - left - tail.size : fade_out - left])
            yield block


def _fade(part: Samples, tone: RoomTone, share: Samples) -> None:
    part *= share[: part.size]
    room = _room(tone, part.size, 0)
    part += room * (1.0 - share[: part.size])


def _room(tone: RoomTone, length: int, start: int) -> Samples:
    block = np.zeros(max(0, length), dtype=np.float32)
    tone.add_to(block, start)
    return block
