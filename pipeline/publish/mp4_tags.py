"""Tags of M4B and M4A files, as iTunes atoms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError
from pipeline.publish.chapters import ChapterMark

if TYPE_CHECKING:
    from pipeline.publish.tags import Tags

AUDIOBOOK_KIND = 2
FREEFORM = "----:com.apple.iTunes:"


def write(path: Path, tags: Tags, chapters: Sequence[ChapterMark], sample_rate: int) -> None:
    """Replaces all atoms of `ilst`; tracks, chapters and sound stay, `moov` stays before `mdat`."""
    from mutagen.mp4 import MP4

    if chapters:
        raise UsageError("chapters of an M4B are written together with its sound", str(path))
    file: Any = MP4(path)
    if file.tags is None:
        file.add_tags()
    file.tags.clear()
    for name, value in {**_text_atoms(tags), **_number_atoms(tags), **_freeform_atoms(tags)}.items():
        file.tags[name] = value
    _add_cover(file.tags, tags)
    # No padding: bytes then depend on the tags alone, not on what was written there before.
    file.save(padding=lambda info: 0)


def _text_atoms(tags: Tags) -> dict[str, list[str]]:
    narrators = ", ".join(tags.narrators)
    texts = {
        "©nam": tags.title,
        "©alb": tags.album,
        "©ART": tags.author,
        "aART": tags.author,
        # Players look for the narrator under composer; Apple's own atom is read by few.
        "©wrt": narrators,
        "©nrt": narrators,
        "©mvn": tags.series,
        "©pub": tags.publisher,
        "©day": str(tags.year) if tags.year is not None else None,
        "©gen": tags.genre,
        "©cmt": tags.comment,
        "desc": tags.description,
        "ldes": tags.description,
        "cprt": tags.copyright,
    }
    return {name: [text] for name, text in texts.items() if text}


def _number_atoms(tags: Tags) -> dict[str, Any]:
    atoms: dict[str, Any] = {"stik": [AUDIOBOOK_KIND]}
    if tags.series:
        atoms["shwm"] = [1]
        if tags.series_number is not None:
            atoms["©mvi"] = [tags.series_number]
    if tags.track is not None:
        atoms["trkn"] = [(tags.track, tags.tracks or 0)]
    return atoms


def _freeform_atoms(tags: Tags) -> dict[str, list[Any]]:
    from mutagen.mp4 import AtomDataType, MP4FreeForm

    texts = {
        "SERIES": tags.series,
        "SERIES-PART": tags.series_part,
        "SUBTITLE": tags.subtitle,
        "PUBLISHER": tags.publisher,
        "LANGUAGE": tags.language,
        "ISBN": tags.isbn,
        "ASIN": tags.asin,
        "NARRATOR": ", ".join(tags.narrators),
        "DIGITALSOURCETYPE": tags.digital_source,
    }
    return {
        FREEFORM + name: [MP4FreeForm(text.encode("utf-8"), AtomDataType.UTF8)]
        for name, text in texts.items()
        if text
    }


def _add_cover(atoms: Any, tags: Tags) -> None:
    from mutagen.mp4 import MP4Cover

    if tags.cover is not None:
        png = tags.cover_mime == "image/png"
        image_format = MP4Cover.FORMAT_PNG if png else MP4Cover.FORMAT_JPEG
        atoms["covr"] = [MP4Cover(tags.cover, imageformat=image_format)]
