"""Every row of the tag table in every format, the disclosure, and bytes that depend on nothing else."""

from __future__ import annotations

import base64
import io
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.flac import Picture
from PIL import Image
from publish_readers import (
    atom,
    atoms,
    ffprobe,
    ffprobe_tags,
    flac_comments,
    has_atom,
    id3_frames,
    opus_comments,
    packets_digest,
    quicktime_chapters,
)
from publish_samples import LONG_TITLE, RATE, TAGS, master

from pipeline.errors import AudioError, UsageError
from pipeline.publish.chapters import chapter_marks
from pipeline.publish.encode import encode_chapter
from pipeline.publish.languages import iso_639_2
from pipeline.publish.m4b import write_m4b
from pipeline.publish.provenance import DIGITAL_SOURCE_TYPE, disclosure, disclosure_file
from pipeline.publish.tags import Tags, book_tags, chapter_tags, write_tags
from pipeline.script.model import Book
from pipeline.stitch.presets import PRESETS

NARRATORS = "Ann Ü. Reader, Zoë"
FORMS = ("m4b", "mp3", "wav", "flac", "opus")
ITUNES = "----:com.apple.iTunes:"

MP4_TABLE: dict[str, Any] = {
    "©nam": [TAGS.title],
    "©alb": [TAGS.album],
    "©ART": [TAGS.author],
    "aART": [TAGS.author],
    "©wrt": [NARRATORS],
    "©nrt": [NARRATORS],
    "©mvn": [TAGS.series],
    "©mvi": [2],
    "shwm": [1],
    "desc": [TAGS.description],
    "ldes": [TAGS.description],
    "©day": ["1812"],
    "©gen": ["Audiobook"],
    "©cmt": [TAGS.comment],
    "©pub": [TAGS.publisher],
    "cprt": [TAGS.copyright],
    "stik": [2],
    "trkn": [(3, 12)],
}
NAMED_TABLE = {
    "SERIES": TAGS.series,
    "SERIES-PART": TAGS.series_part,
    "LANGUAGE": TAGS.language,
    "ISBN": TAGS.isbn,
    "ASIN": TAGS.asin,
    "NARRATOR": NARRATORS,
    "DIGITALSOURCETYPE": TAGS.digital_source,
}
MP4_NAMED_TABLE = {**NAMED_TABLE, "SUBTITLE": TAGS.subtitle, "PUBLISHER": TAGS.publisher}
ID3_TABLE = {
    "TIT2": TAGS.title,
    "TALB": TAGS.album,
    "TPE1": TAGS.author,
    "TPE2": TAGS.author,
    "TCOM": NARRATORS,
    "TIT3": TAGS.subtitle,
    "TPUB": TAGS.publisher,
    "TLAN": "deu",
    "TCON": "Audiobook",
    "TCOP": TAGS.copyright,
    "TRCK": "3/12",
}
COMMENT_TABLE = [
    ("TITLE", TAGS.title),
    ("ALBUM", TAGS.album),
    ("ARTIST", TAGS.author),
    ("ALBUMARTIST", TAGS.author),
    ("COMPOSER", NARRATORS),
    ("PERFORMER", TAGS.narrators[0]),
    ("PERFORMER", TAGS.narrators[1]),
    *MP4_NAMED_TABLE.items(),
    ("DESCRIPTION", TAGS.description),
    ("DATE", "1812"),
    ("GENRE", "Audiobook"),
    ("COPYRIGHT", TAGS.copyright),
    ("COMMENT", TAGS.comment),
    ("TRACKNUMBER", "3"),
    ("TRACKTOTAL", "12"),
]


def picture(side_px: int = 8, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side_px, side_px), (200, 30, 60)).save(buffer, kind)
    return buffer.getvalue()


FULL = replace(TAGS, cover=picture(), cover_mime="image/jpeg")


def published(folder: Path, form: str, tags: Tags, name: str = "out") -> Path:
    source = folder / "master.flac"
    if not source.exists():
        master(source, RATE)
    out = folder / f"{name}.{form}"
    if form == "m4b":
        return write_m4b([source], chapter_marks(["One"], [RATE]), tags, out, PRESETS["audiobook"])
    return encode_chapter(source, out, form, PRESETS["acx"], tags)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tags")
    return {form: published(folder, form, FULL) for form in FORMS}


def test_the_table_is_tested_with_a_title_of_300_bytes_and_every_field_set() -> None:
    assert len(LONG_TITLE.encode()) >= 300
    assert all(getattr(FULL, field.name) not in (None, ()) for field in fields(Tags))


@pytest.mark.parametrize(("name", "value"), MP4_TABLE.items())
def test_an_m4b_has_the_atom(files: dict[str, Path], name: str, value: Any) -> None:
    assert mutagen.File(files["m4b"]).tags[name] == value


@pytest.mark.parametrize(("name", "value"), MP4_NAMED_TABLE.items())
def test_an_m4b_has_the_named_tag(files: dict[str, Path], name: str, value: str) -> None:
    (found,) = mutagen.File(files["m4b"]).tags[ITUNES + name]
    assert bytes(found).decode() == value


@pytest.mark.parametrize("form", ["mp3", "wav"])
@pytest.mark.parametrize(("name", "value"), ID3_TABLE.items())
def test_id3_has_the_frame(files: dict[str, Path], form: str, name: str, value: str) -> None:
    assert str(mutagen.File(files[form]).tags[name]) == value


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_id3_has_what_it_names_itself_and_both_comments(files: dict[str, Path], form: str) -> None:
    tags = mutagen.File(files[form]).tags
    assert {frame.desc: str(frame) for frame in tags.getall("TXXX")} == NAMED_TABLE
    assert {frame.desc: (frame.lang, str(frame)) for frame in tags.getall("COMM")} == {
        "": ("deu", TAGS.comment),
        "description": ("deu", TAGS.description),
    }
    assert str(tags["TDRC"]) == "1812"


def test_an_mp3_tag_is_of_version_2_3_and_its_year_in_the_frame_of_that_version(
    files: dict[str, Path],
) -> None:
    frames = dict(id3_frames(files["mp3"].read_bytes()))
    assert frames["TYER"][1:].decode("utf-16").rstrip("\0") == "1812"
    assert "TDRC" not in frames


def test_flac_and_opus_have_every_comment(files: dict[str, Path]) -> None:
    assert sorted(flac_comments(files["flac"].read_bytes())) == sorted(COMMENT_TABLE)
    found = opus_comments(files["opus"].read_bytes())
    assert sorted(pair for pair in found if pair[0] != "METADATA_BLOCK_PICTURE") == sorted(COMMENT_TABLE)


def test_the_cover_comes_back_from_every_format(files: dict[str, Path]) -> None:
    assert bytes(mutagen.File(files["m4b"]).tags["covr"][0]) == FULL.cover
    for form in ("mp3", "wav"):
        (frame,) = mutagen.File(files[form]).tags.getall("APIC")
        assert (frame.data, frame.mime, frame.type) == (FULL.cover, "image/jpeg", 3)
    opus = Picture(base64.b64decode(mutagen.File(files["opus"])["metadata_block_picture"][0]))
    for found in (mutagen.File(files["flac"]).pictures[0], opus):
        assert (found.data, found.mime, found.type) == (FULL.cover, "image/jpeg", 3)
        assert (found.width, found.height) == (8, 8)


def test_a_png_cover_is_marked_as_one(tmp_path: Path) -> None:
    tags = replace(TAGS, cover=picture(kind="PNG"), cover_mime="image/png")
    (found,) = mutagen.File(published(tmp_path, "m4b", tags)).tags["covr"]
    assert found.imageformat == found.FORMAT_PNG


@pytest.mark.parametrize("form", FORMS)
def test_ffprobe_reads_title_author_narrator_and_disclosure(files: dict[str, Path], form: str) -> None:
    tags = ffprobe_tags(files[form])
    assert (tags["title"], tags["artist"]) == (TAGS.title, TAGS.author)
    assert (tags["composer"], tags["comment"]) == (NARRATORS, TAGS.comment)
    assert tags["series"] == TAGS.series


def test_ffprobe_finds_the_kind_of_an_m4b(files: dict[str, Path]) -> None:
    found = ffprobe(files["m4b"])
    assert found["format"]["tags"]["media_type"] == "2"
    assert found["format"]["tags"]["major_brand"] == "M4B "


@pytest.mark.parametrize("form", FORMS)
def test_other_tags_leave_every_packet_of_sound_as_it_was(
    files: dict[str, Path], form: str, tmp_path: Path
) -> None:
    before = packets_digest(files[form])
    changed = tmp_path / f"changed.{form}"
    changed.write_bytes(files[form].read_bytes())
    write_tags(changed, Tags(title="Other", description="long " * 5000))
    assert packets_digest(changed) == before
    assert ffprobe_tags(changed)["title"] == "Other"
    assert "composer" not in ffprobe_tags(changed), "the tags that were there are replaced"


def test_other_tags_leave_chapters_and_the_index_of_an_m4b_in_place(
    files: dict[str, Path], tmp_path: Path
) -> None:
    changed = tmp_path / "changed.m4b"
    changed.write_bytes(files["m4b"].read_bytes())
    write_tags(changed, Tags(title="Other", description="long " * 5000))
    data = changed.read_bytes()
    assert quicktime_chapters(data) == [("One", 0.0)]
    assert has_atom(data, b"moov", b"udta", b"chpl")
    kinds = [kind for kind, _ in atoms(data)]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert atom(data, b"ftyp")[:4] == b"M4B "


@pytest.mark.parametrize("form", FORMS)
def test_the_same_sound_and_tags_give_the_same_bytes(
    files: dict[str, Path], form: str, tmp_path: Path
) -> None:
    again = published(tmp_path, form, FULL, "again")
    assert again.read_bytes() == files[form].read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_bytes_do_not_depend_on_tags_that_were_there_before(
    files: dict[str, Path], form: str, tmp_path: Path
) -> None:
    path = published(tmp_path, form, Tags(title="First", comment="x" * 3000))
    write_tags(path, FULL)
    assert path.read_bytes() == files[form].read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_every_format_discloses_the_voices_by_default(form: str, tmp_path: Path) -> None:
    book = Book(title="B", cover=small_cover(tmp_path))
    tags = ffprobe_tags(published(tmp_path, form, book_tags(book, ["tone/mid", "tone/low"])))
    assert tags["comment"] == ("This audiobook is narrated by digital voices. AI voice: tone/mid, tone/low.")
    assert tags["composer"] == "AI voice: tone/mid, AI voice: tone/low"
    assert tags["digitalsourcetype"] == DIGITAL_SOURCE_TYPE


@pytest.mark.parametrize("form", FORMS)
def test_a_book_can_turn_the_tag_off(form: str, tmp_path: Path) -> None:
    book = Book(title="B", disclose=False, cover=small_cover(tmp_path))
    tags = ffprobe_tags(published(tmp_path, form, book_tags(book, ["tone/mid"])))
    assert "comment" not in tags
    assert "digitalsourcetype" not in tags
    assert tags["composer"] == "tone/mid"


def test_a_book_can_say_it_in_its_own_words(tmp_path: Path) -> None:
    book = Book(title="B", author="A", disclosure="Spoken by machines.", description="A story.")
    assert disclosure(book, ["x"]) == "Spoken by machines."
    tags = book_tags(book, ["x"])
    assert tags.comment == "Spoken by machines."
    assert tags.description == "Spoken by machines.\n\nA story."
    assert disclosure_file(book, ["x"]) == "B by A\n\nSpoken by machines.\n"


def test_no_voice_names_a_folder_of_the_machine() -> None:
    book = Book(title="B")
    tags = book_tags(book, ["clone//home/ann/voices/ann.wav", "kokoro/af_heart:0.6+af_bella:0.4"])
    assert tags.narrators == ("AI voice: clone/ann.wav", "AI voice: kokoro/af_heart:0.6+af_bella:0.4")
    assert "home" not in (tags.comment or "")


def test_a_narrator_of_the_book_stands_before_its_voices() -> None:
    assert book_tags(Book(title="B", narrator="Ann"), ["x"]).narrators == ("Ann",)


def test_a_chapter_has_its_own_title_and_number_in_the_album_of_the_book() -> None:
    tags = chapter_tags(Tags(title="Book", author="A"), "One", 2, 9)
    assert (tags.title, tags.album, tags.author) == ("One", "Book", "A")
    assert (tags.track, tags.tracks) == (2, 9)


@pytest.mark.parametrize(
    ("part", "number"), [("2", 2), ("2.5", None), ("II", None), (None, None), ("99999", None)]
)
def test_only_whole_parts_of_a_series_are_movement_numbers(part: str | None, number: int | None) -> None:
    assert Tags(title="T", series="S", series_part=part).series_number == number


@pytest.mark.parametrize(
    ("language", "code"), [("en-us", "eng"), ("zh", "zho"), ("pt-BR", "por"), ("yue", "yue"), ("xx", "und")]
)
def test_languages_have_three_letters_in_id3(language: str, code: str) -> None:
    assert iso_639_2(language) == code


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no tags for '\.aiff' files; there are: \.flac, \.m4a"):
        write_tags(tmp_path / "a.aiff", TAGS)


@pytest.mark.parametrize("form", [*FORMS, "m4a"])
def test_a_file_that_is_not_what_its_ending_says_is_refused_in_one_line(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{form}"
    path.write_bytes(b"no sound at all " * 100)
    with pytest.raises(AudioError, match=f"not a .{form} file") as caught:
        write_tags(path, TAGS)
    assert "\n" not in str(caught.value)


def test_chapters_without_their_sample_rate_are_refused(files: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="sample rate"):
        write_tags(files["mp3"], TAGS, chapter_marks(["One"], [RATE]))


def test_chapters_of_an_m4b_are_not_tags(files: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="together with its sound"):
        write_tags(files["m4b"], TAGS, chapter_marks(["One"], [RATE]), RATE)


def small_cover(folder: Path) -> Path:
    path = folder / "cover.jpg"
    path.write_bytes(picture())
    return path
