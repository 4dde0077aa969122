"""The whole book as one M4B: AAC, chapters in both forms, tags in the places where players look."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import AudioError
from pipeline.files import atomic_path
from pipeline.publish.aac_packets import SeamError, joined
from pipeline.publish.aac_parts import BookCoder, PartCache
from pipeline.publish.aac_plan import FRAME_SAMPLES
from pipeline.publish.chapters import ChapterMark, check_marks, shortened
from pipeline.publish.encode import Encoding, Shape, masters_shape, mux
from pipeline.publish.tags import Tags, write_tags
from pipeline.stitch.presets import Preset

log = logging.getLogger(__name__)

# What Apple's store and old players want.
AAC_SAMPLE_RATE = 44_100
# Below this FFmpeg's AAC raises hard-limited peaks by 1 dB and more (measured, docs/publishing.md).
MIN_BIT_RATE_PER_CHANNEL = 96_000
# The Nero list counts its chapters in one byte; players that prefer it would hide those beyond.
MAX_NERO_CHAPTERS = 255


def write_m4b(
    masters: Sequence[Path],
    chapters: Sequence[ChapterMark],
    tags: Tags,
    out: Path,
    preset: Preset,
    bit_rate: int | None = None,
    cache: PartCache | None = None,
    threads: int | None = None,
) -> Path:
    """`out`, an M4B that plays from its first bytes on: index and tags before the sound.

    The chapters stand in it as a QuickTime text track and, up to 255, as a Nero list too, timed by sample
    counts to the millisecond. Titles above 255 UTF-8 bytes are shortened.

    Args:
        masters: FLAC files, in order, equal in sample rate and channels.
        chapters: cover the masters' sound without a gap; one need not be one master.
        preset: gives the bit rate if AAC is its codec; the sample rate is always AAC_SAMPLE_RATE.
        bit_rate: bits a second instead, at least 96,000 a channel (the default of other presets).
        cache: where the AAC of each chapter is kept; without it everything is encoded.
        threads: how many parts are encoded at once (one a core without it); the bytes do not differ.

    Raises:
        AudioError: a master cannot be decoded or has changed since the chapters were counted.
        StoreError: `out` cannot be written.
    """
    shape = masters_shape(masters)
    least = MIN_BIT_RATE_PER_CHANNEL * shape.channels
    if bit_rate is not None and bit_rate < least:
        raise AudioError(f"AAC of {bit_rate} bit/s is too little, {least} is the least that keeps its peaks")
    default = max(least, preset.bit_rate) if preset.codec == "aac" else least
    encoding = m4b_encoding(len(chapters), bit_rate or default)
    marks = [replace(mark, title=shortened(mark.title)) for mark in chapters]
    coder = BookCoder(masters, shape, encoding, cache)
    check_marks(chapters, coder.total_samples)
    with atomic_path(out) as temporary:
        _write_sound(coder, temporary, encoding, shape, marks, threads)
        write_tags(temporary, tags)
    coder.remember()
    return out


def _write_sound(
    coder: BookCoder,
    out: Path,
    encoding: Encoding,
    shape: Shape,
    marks: Sequence[ChapterMark],
    threads: int | None,
) -> None:
    """Writes the parts one after the other; if two of them have no seam, the book in one pass instead."""
    try:
        mux(joined(coder.parts(threads), shape.channels), FRAME_SAMPLES, out, encoding, shape, marks)
    except SeamError:
        log.info("%s: chapters cannot be encoded apart, the book is encoded in one pass", out)
        mux(joined([coder.whole()], shape.channels), FRAME_SAMPLES, out, encoding, shape, marks)


def m4b_encoding(chapter_count: int, bit_rate: int) -> Encoding:
    """AAC-LC in an `M4B ` file with that many chapters.

    FFmpeg's `fast` coder has 9 dB less error than its default one on speech at 96 kbps and takes a third
    of the time (measured, docs/publishing.md).
    """
    flags = "+faststart" if chapter_count <= MAX_NERO_CHAPTERS else "+faststart+disable_chpl"
    return Encoding(
        "ipod",
        "aac",
        "fltp",
        AAC_SAMPLE_RATE,
        bit_rate,
        codec_options={"aac_coder": "fast"},
        muxer_options={"movflags": flags, "brand": "M4B "},
    )
