"""Tags of MP3 and WAV files, as ID3.

Version 2.3, not 2.4: Windows' own tools and many car and portable players read no 2.4, and nothing that
books need is lost. Text outside Latin-1 is stored as UTF-16, the only Unicode that 2.3 knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import AudioError
from pipeline.publish.chapters import ChapterMark, rounded_ms
from pipeline.publish.languages import iso_639_2

if TYPE_CHECKING:
    from pipeline.publish.tags import Tags

# A table of contents counts its entries in one byte. Source: ID3v2 Chapter Frame Addendum 1.0, 3.2.
MAX_CONTENTS_ENTRIES = 255
TOP_LEVEL_ORDERED = 3
ORDERED = 1
# Chapters are found by time alone. Source: the same addendum, 3.1.
NO_BYTE_OFFSET = 0xFFFFFFFF
UTF16 = 1
FRONT_COVER = 3
# A tag's header is as long as a frame's. Source: ID3v2.3, 3.1 and 3.3.
ID3_HEADER_BYTES = 10
RIFF_HEADER_BYTES = 12


def write_mp3(path: Path, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int) -> None:
    """Replaces the ID3 tag of an MP3 file; its frames of sound stay."""
    from mutagen.mp3 import MP3

    _save(MP3(path), tags, chapters, sample_rate, v1=0)
    _sort_chapters(path, 0)


def write_wav(path: Path, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int) -> None:
    """Replaces the `id3 ` chunk of a WAV file; its samples stay."""
    from mutagen.wave import WAVE

    _save(WAVE(path), tags, chapters, sample_rate)
    _sort_chapters(path, _riff_tag_start(path))


def _save(file: Any, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int, **options: int) -> None:
    if file.tags is None:
        file.add_tags()
    file.tags.clear()
    for frame in _frames(tags):
        file.tags.add(frame)
    for frame in chapter_frames(chapters, sample_rate):
        file.tags.add(frame)
    file.tags.update_to_v23()
    file.save(v2_version=3, padding=lambda info: 0, **options)


def _sort_chapters(path: Path, start: int) -> None:
    """Puts the CHAP frames of the tag at byte `start` in the order of their names.

    mutagen sorts frames by size, and FFmpeg, which many players are built on, reads no CTOC but takes the
    chapters as they come.
    """
    with path.open("rb+") as file:
        file.seek(start)
        header = file.read(ID3_HEADER_BYTES)
        size_bytes = sum(
            (byte & 0x7F) << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True)
        )
        body = file.read(size_bytes)
        frames = list(_split_frames(body))
        chapters = [frame for frame in frames if frame.startswith(b"CHAP")]
        # Names are numbered with equal width, so they sort as the chapters do.
        chapters.sort(key=lambda frame: frame[ID3_HEADER_BYTES:].partition(b"\0")[0])
        others = [frame for frame in frames if not frame.startswith(b"CHAP")]
        ordered = b"".join([*others, *chapters])
        file.seek(start + ID3_HEADER_BYTES)
        file.write(ordered + body[len(ordered) :])


def _split_frames(body: bytes) -> Iterator[bytes]:
    at = 0
    while at + ID3_HEADER_BYTES <= len(body) and body[at]:
        end = at + ID3_HEADER_BYTES + int.from_bytes(body[at + 4 : at + 8], "big")
        yield body[at:end]
        at = end


def _riff_tag_start(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(RIFF_HEADER_BYTES)
        while chunk := file.read(8):
            if chunk[:4].lower() == b"id3 ":
                return file.tell()
            size_bytes = int.from_bytes(chunk[4:], "little")
            file.seek(size_bytes + size_bytes % 2, os.SEEK_CUR)
    raise AudioError("no tag was written", where=str(path))


def _frames(tags: Tags) -> Iterator[Any]:
    from mutagen import id3

    narrators = ", ".join(tags.narrators)
    year = str(tags.year) if tags.year is not None else None
    texts = (
        (id3.TIT2, tags.title),
        (id3.TALB, tags.album),
        (id3.TPE1, tags.author),
        (id3.TPE2, tags.author),
        (id3.TCOM, narrators),
        (id3.TIT3, tags.subtitle),
        (id3.TPUB, tags.publisher),
        (id3.TLAN, iso_639_2(tags.language) if tags.language else None),
        (id3.TDRC, year),
        (id3.TCON, tags.genre),
        (id3.TCOP, tags.copyright),
        (id3.TRCK, _track(tags)),
    )
    for frame, text in texts:
        if text:
            yield frame(encoding=UTF16, text=[text])
    yield from _named_frames(tags)
    yield from _comment_frames(tags)
    if tags.cover is not None:
        yield id3.APIC(encoding=0, mime=tags.cover_mime, type=FRONT_COVER, desc="", data=tags.cover)


def _named_frames(tags: Tags) -> Iterator[Any]:
    from mutagen.id3 import TXXX

    texts = {
        "SERIES": tags.series,
        "SERIES-PART": tags.series_part,
        "LANGUAGE": tags.language,
        "ISBN": tags.isbn,
        "ASIN": tags.asin,
        "NARRATOR": ", ".join(tags.narrators),
        "DIGITALSOURCETYPE": tags.digital_source,
    }
    for name, text in texts.items():
        if text:
            yield TXXX(encoding=UTF16, desc=name, text=[text])


def _comment_frames(tags: Tags) -> Iterator[Any]:
    from mutagen.id3 import COMM

    language = iso_639_2(tags.language) if tags.language else "und"
    # Players show the comment without a name; the description has to be told from it by its own.
    for name, text in (("", tags.comment), ("description", tags.description)):
        if text:
            yield COMM(encoding=UTF16, lang=language, desc=name, text=[text])


def _track(tags: Tags) -> str | None:
    if tags.track is None:
        return None
    return f"{tags.track}/{tags.tracks}" if tags.tracks is not None else str(tags.track)


def chapter_frames(chapters: Sequence[ChapterMark], sample_rate: int) -> Iterator[Any]:
    """One CHAP a chapter and the CTOCs that name them all, at most 255 entries each, under one root.

    Raises:
        AudioError: more chapters than two levels of contents can name (65,025).

    Source: ID3v2 Chapter Frame Addendum 1.0.
    """
    from mutagen.id3 import CHAP, TIT2

    if not chapters:
        return
    if len(chapters) > MAX_CONTENTS_ENTRIES**2:
        raise AudioError(f"MP3 can hold {MAX_CONTENTS_ENTRIES**2} chapters, there are {len(chapters)}")
    names = [f"chp{number:05d}" for number in range(len(chapters))]
    for name, mark in zip(names, chapters, strict=True):
        yield CHAP(
            element_id=name,
            start_time=rounded_ms(mark.start_samples, sample_rate),
            end_time=rounded_ms(mark.end_samples, sample_rate),
            start_offset=NO_BYTE_OFFSET,
            end_offset=NO_BYTE_OFFSET,
            sub_frames=[TIT2(encoding=UTF16, text=[mark.title])],
        )
    yield from _contents(names)


def _contents(names: Sequence[str]) -> Iterator[Any]:
    from mutagen.id3 import CTOC

    children = list(names)
    if len(names) > MAX_CONTENTS_ENTRIES:
        children = []
        for first in range(0, len(names), MAX_CONTENTS_ENTRIES):
            part = list(names[first : first + MAX_CONTENTS_ENTRIES])
            children.append(f"toc{len(children):03d}")
            yield CTOC(element_id=children[-1], flags=ORDERED, child_element_ids=part, sub_frames=[])
    yield CTOC(element_id="toc", flags=TOP_LEVEL_ORDERED, child_element_ids=children, sub_frames=[])
