"""Tags of FLAC and Opus files, as Vorbis comments."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import AudioError
from pipeline.publish.chapters import ChapterMark, clock, rounded_ms

if TYPE_CHECKING:
    from pipeline.publish.tags import Tags

FRONT_COVER = 3
# Source: the chapter extension of Vorbis comments gives a chapter's number three digits.
MAX_CHAPTERS = 1000


def write_flac(path: Path, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int) -> None:
    """Replaces comments and pictures of a FLAC file; its frames of sound stay."""
    from mutagen.flac import FLAC

    file = FLAC(path)
    if file.tags is None:
        file.add_tags()
    file.clear_pictures()
    if tags.cover is not None:
        file.add_picture(_picture(tags))
    _save(file, tags, chapters, sample_rate)


def write_opus(path: Path, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int) -> None:
    """Replaces the comment header of an Ogg Opus file; its packets of sound stay."""
    from mutagen.oggopus import OggOpus

    file = OggOpus(path)
    pictures = []
    if tags.cover is not None:
        pictures.append(base64.b64encode(_picture(tags).write()).decode("ascii"))
    _save(file, tags, chapters, sample_rate, pictures)


def _save(
    file: Any, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int, pictures: Sequence[str] = ()
) -> None:
    file.tags.clear()
    for name, text in [*_comments(tags), *chapter_comments(chapters, sample_rate)]:
        file.tags.append((name, text))
    for picture in pictures:
        file.tags.append(("METADATA_BLOCK_PICTURE", picture))
    file.save(padding=lambda info: 0)


def _comments(tags: Tags) -> Iterator[tuple[str, str]]:
    texts = (
        ("TITLE", tags.title),
        ("ALBUM", tags.album),
        ("ARTIST", tags.author),
        ("ALBUMARTIST", tags.author),
        ("COMPOSER", ", ".join(tags.narrators)),
        *(("PERFORMER", narrator) for narrator in tags.narrators),
        ("NARRATOR", ", ".join(tags.narrators)),
        ("SERIES", tags.series),
        ("SERIES-PART", tags.series_part),
        ("SUBTITLE", tags.subtitle),
        ("PUBLISHER", tags.publisher),
        ("LANGUAGE", tags.language),
        ("ISBN", tags.isbn),
        ("ASIN", tags.asin),
        ("DESCRIPTION", tags.description),
        ("DATE", str(tags.year) if tags.year is not None else None),
        ("GENRE", tags.genre),
        ("COPYRIGHT", tags.copyright),
        ("COMMENT", tags.comment),
        ("DIGITALSOURCETYPE", tags.digital_source),
        ("TRACKNUMBER", str(tags.track) if tags.track is not None else None),
        ("TRACKTOTAL", str(tags.tracks) if tags.tracks is not None else None),
    )
    yield from ((name, text) for name, text in texts if text)


def chapter_comments(chapters: Sequence[ChapterMark], sample_rate: int) -> Iterator[tuple[str, str]]:
    """`CHAPTER000=HH:MM:SS.mmm` and `CHAPTER000NAME=title` of each chapter.

    Raises:
        AudioError: more than the 1000 chapters that three digits can number.
    """
    if len(chapters) > MAX_CHAPTERS:
        raise AudioError(f"{MAX_CHAPTERS} chapters fit in an Opus or FLAC file, there are {len(chapters)}")
    for number, mark in enumerate(chapters):
        yield f"CHAPTER{number:03d}", clock(rounded_ms(mark.start_samples, sample_rate))
        yield f"CHAPTER{number:03d}NAME", mark.title


def _picture(tags: Tags) -> Any:
    import io

    from mutagen.flac import Picture
    from PIL import Image

    picture = Picture()
    picture.data = tags.cover
    picture.mime = tags.cover_mime
    picture.type = FRONT_COVER
    with Image.open(io.BytesIO(tags.cover or b"")) as image:
        picture.width, picture.height = image.size
    picture.depth = 24
    return picture
