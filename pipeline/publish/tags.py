"""What a player shows of a book: one set of tags, written the way each format wants them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import AudioError, UsageError
from pipeline.files import store_error
from pipeline.publish.chapters import ChapterMark
from pipeline.publish.cover import Cover, book_cover, make_cover, read_cover
from pipeline.publish.provenance import DIGITAL_SOURCE_TYPE, disclosure, without_folders
from pipeline.script.model import Book

__all__ = ["Tags", "book_tags", "chapter_tags", "make_cover", "read_cover", "write_tags"]

log = logging.getLogger(__name__)

AI_VOICE = "AI voice"


@dataclass(frozen=True)
class Tags:
    """All that is said of a file besides its sound; None and empty are not written.

    Attributes:
        title: of the file: the book's, or the chapter's where a file is one chapter.
        narrators: who reads, in the order of their names on the title page.
        series_part: as written, `2` or `2.5`; a whole number also fills Apple's movement number.
        language: BCP 47.
        comment: the AI-voice disclosure.
        digital_source: IPTC's name for how the sound was made, for machines to read.
        track, tracks: which file of how many.
        cover, cover_mime: the picture's bytes, `image/jpeg` or `image/png`.
    """

    title: str
    album: str | None = None
    author: str | None = None
    narrators: tuple[str, ...] = ()
    series: str | None = None
    series_part: str | None = None
    subtitle: str | None = None
    publisher: str | None = None
    language: str | None = None
    isbn: str | None = None
    asin: str | None = None
    description: str | None = None
    year: int | None = None
    genre: str | None = None
    copyright: str | None = None
    comment: str | None = None
    digital_source: str | None = None
    track: int | None = None
    tracks: int | None = None
    cover: bytes | None = None
    cover_mime: str | None = None

    @property
    def series_number(self) -> int | None:
        """The part of the series where it is a whole number that Apple's 16 bits can hold."""
        with suppress(TypeError, ValueError):
            number = int(self.series_part or "")
            return number if 0 <= number < 1 << 15 else None
        return None


def book_tags(book: Book, voices: Sequence[str], cover: Cover | None = None) -> Tags:
    """The tags of a whole book.

    With `book.disclose` (the default) the comment says that the voices are synthetic, the description
    begins with the same words, as stores ask, and the narrators are given as `AI voice: <voice>`.

    Args:
        voices: names of all voices that speak, in the order of their first line.
        cover: read already; without it the book's own is read, or one is drawn.

    Raises:
        AudioError: the book's cover is no picture.
    """
    picture = book_cover(book) if cover is None else cover
    for warning in picture.warnings:
        log.warning("%s", warning)
    told = disclosure(book, voices) if book.disclose else None
    return Tags(
        title=book.title,
        album=book.title,
        author=book.author,
        narrators=_narrators(book, voices),
        series=book.series,
        series_part=book.series_part,
        subtitle=book.subtitle,
        publisher=book.publisher,
        language=book.language,
        isbn=book.isbn,
        asin=book.asin,
        description="\n\n".join(part for part in (told, book.description) if part) or None,
        year=book.year,
        genre=book.genre,
        copyright=book.copyright,
        comment=told,
        digital_source=DIGITAL_SOURCE_TYPE if book.disclose else None,
        cover=picture.data,
        cover_mime=picture.mime,
    )


def chapter_tags(book: Tags, title: str, track: int, tracks: int) -> Tags:
    """The book's tags for the file of one chapter: its own title, the book as album, `track` of `tracks`."""
    return replace(book, title=title, album=book.album or book.title, track=track, tracks=tracks)


def write_tags(
    path: Path, tags: Tags, chapters: Sequence[ChapterMark] = (), sample_rate: int | None = None
) -> None:
    """Puts the tags (and chapter marks) into a published file in place of those it has.

    The sound's packets stay as they are; equal files and tags give equal bytes. Call it on a file that
    nobody reads yet.

    Args:
        path: its ending says the format: .m4b .m4a .mp3 .flac .opus .ogg .wav
        chapters: for .mp3 .flac .opus .ogg; an M4B gets its chapters together with its sound.
        sample_rate: Hz in which the chapters are counted; needed where there are chapters.

    Raises:
        UsageError: the ending is unknown, or the format takes no chapters here.
        AudioError: the file is not what its ending says.
    """
    from mutagen import MutagenError

    suffix = path.suffix.lower()
    writers = _writers()
    if suffix not in writers:
        known = ", ".join(sorted(writers))
        raise UsageError(f"no tags for '{suffix}' files", str(path), f"there are: {known}")
    if chapters and sample_rate is None:
        raise UsageError("chapters need the sample rate that they are counted in", str(path))
    try:
        writers[suffix](path, tags, chapters, sample_rate or 1)
    except MutagenError as error:
        # mutagen wraps the operating system's own errors.
        if error.args and isinstance(error.args[0], OSError):
            raise store_error(error.args[0], path) from error
        raise AudioError(f"not a {suffix} file that takes tags: {error}", where=str(path)) from error


Writer = Callable[[Path, Tags, Sequence[ChapterMark], int], None]


def _writers() -> dict[str, Writer]:
    from pipeline.publish import id3_tags, mp4_tags, vorbis_tags

    return {
        ".m4b": mp4_tags.write,
        ".m4a": mp4_tags.write,
        ".mp3": id3_tags.write_mp3,
        ".wav": id3_tags.write_wav,
        ".flac": vorbis_tags.write_flac,
        ".opus": vorbis_tags.write_opus,
        ".ogg": vorbis_tags.write_opus,
    }


def _narrators(book: Book, voices: Sequence[str]) -> tuple[str, ...]:
    if book.narrator:
        return (book.narrator,)
    if not book.disclose:
        return tuple(without_folders(voice) for voice in voices)
    return tuple(f"{AI_VOICE}: {without_folders(voice)}" for voice in voices)
