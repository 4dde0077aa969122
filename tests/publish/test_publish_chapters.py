"""Chapter marks in M4B, MP3 and Opus, read back by parsers that are not FFmpeg's."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publish_readers import (
    Found,
    atom,
    comment_chapters,
    ffprobe_chapters,
    flac_comments,
    has_atom,
    id3_chapters,
    id3_frames,
    nero_chapters,
    opus_chapters,
    quicktime_chapters,
)
from publish_samples import LONG_TITLE, RATE, TAGS, master

from pipeline.errors import AudioError
from pipeline.publish.chapters import ChapterMark, chapter_marks, check_marks, clock, rounded_ms, shortened
from pipeline.publish.encode import encode_book
from pipeline.publish.id3_tags import chapter_frames
from pipeline.publish.m4b import write_m4b
from pipeline.publish.vorbis_tags import chapter_comments
from pipeline.stitch.presets import PRESETS

# Chapters of odd lengths, so that rounding them one by one would add up to more than the tolerance.
ODD_SAMPLES = (2203, 2207, 2213, 2221)
TOLERANCE_S = 0.001
COUNTS = (3, 255, 256, 300)


def marks_of(count: int) -> tuple[ChapterMark, ...]:
    titles = [f"Kapitel {number} · Ä童" for number in range(count)]
    titles[1] = LONG_TITLE
    return chapter_marks(titles, [ODD_SAMPLES[number % 4] for number in range(count)])


@pytest.fixture(scope="module", params=COUNTS)
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("book")
    count: int = request.param
    marks = marks_of(count)
    whole = master(folder / "whole.flac", marks[-1].end_samples)
    write_m4b([whole], marks, TAGS, folder / "book.m4b", PRESETS["audiobook"])
    for form in ("mp3", "opus", "flac"):
        encode_book([whole], marks, folder / f"book.{form}", form, PRESETS["podcast"], TAGS)
    return folder, count


def assert_chapters(found: Found, count: int, cut_titles: bool = False) -> None:
    marks = marks_of(count)
    assert len(found) == count
    for (title, start_s), mark in zip(found, marks, strict=True):
        assert title == (shortened(mark.title) if cut_titles else mark.title)
        assert start_s == pytest.approx(mark.start_samples / RATE, abs=TOLERANCE_S)


def test_the_text_track_of_an_m4b_holds_every_chapter(book: tuple[Path, int]) -> None:
    folder, count = book
    assert_chapters(quicktime_chapters((folder / "book.m4b").read_bytes()), count, cut_titles=True)


def test_the_nero_list_holds_every_chapter_or_is_not_there(book: tuple[Path, int]) -> None:
    folder, count = book
    data = (folder / "book.m4b").read_bytes()
    if count <= 255:
        assert_chapters(nero_chapters(data), count, cut_titles=True)
    else:
        assert not has_atom(data, b"moov", b"udta", b"chpl")


def test_the_contents_of_an_mp3_reach_every_chapter(book: tuple[Path, int]) -> None:
    folder, count = book
    assert_chapters(id3_chapters((folder / "book.mp3").read_bytes()), count)


def test_the_comments_of_an_opus_file_hold_every_chapter(book: tuple[Path, int]) -> None:
    folder, count = book
    assert_chapters(opus_chapters((folder / "book.opus").read_bytes()), count)


def test_the_comments_of_a_flac_file_hold_every_chapter(book: tuple[Path, int]) -> None:
    folder, count = book
    assert_chapters(comment_chapters(flac_comments((folder / "book.flac").read_bytes())), count)


@pytest.mark.parametrize("form", ["m4b", "mp3", "opus"])
def test_ffprobe_finds_every_chapter(book: tuple[Path, int], form: str) -> None:
    folder, count = book
    found = ffprobe_chapters(folder / f"book.{form}")
    assert [start_s for _, start_s in found] == pytest.approx(
        [mark.start_samples / RATE for mark in marks_of(count)], abs=TOLERANCE_S
    )


def test_chapters_of_several_masters_start_where_their_sound_starts(tmp_path: Path) -> None:
    """A click at the start of each master is found at its mark after AAC (a few samples of pre-echo)."""
    import numpy as np

    from pipeline.audio import Audio, encode_flac

    lengths = [RATE * 2 + 17, RATE + 331, RATE * 3 + 5]
    masters = []
    for number, length in enumerate(lengths):
        samples = np.zeros(length, dtype=np.float32)
        samples[:40] = 0.8
        masters.append(tmp_path / f"{number}.flac")
        masters[-1].write_bytes(encode_flac(Audio.mono(samples, RATE)))
    marks = chapter_marks(["a", "b", "c"], lengths)
    out = write_m4b(masters, marks, TAGS, tmp_path / "book.m4b", PRESETS["audiobook"])
    with av.open(str(out)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    for mark in marks:
        window = np.abs(sound[max(0, mark.start_samples - 2000) : mark.start_samples + 2000])
        first = int(np.argmax(window > 0.3)) + max(0, mark.start_samples - 2000)
        assert abs(first - mark.start_samples) <= 8


def test_the_index_stands_before_the_sound_and_the_brand_is_m4b(book: tuple[Path, int]) -> None:
    data = (book[0] / "book.m4b").read_bytes()
    assert atom(data, b"ftyp")[:4] == b"M4B "
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_master_that_changed_since_is_refused(tmp_path: Path) -> None:
    whole = master(tmp_path / "a.flac", RATE)
    marks = chapter_marks(["One"], [RATE + 1])
    with pytest.raises(AudioError, match="chapters end at sample 44101, but the sound ends at 44100"):
        write_m4b([whole], marks, TAGS, tmp_path / "book.m4b", PRESETS["audiobook"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ([ChapterMark("a", 0, 0)], "'a' is 0 samples long"),
        ([ChapterMark("a", 0, 5), ChapterMark("b", 6, 4)], "'b' starts at sample 6"),
        ([ChapterMark("a", 0, 5), ChapterMark("b", 4, 6)], "'b' starts at sample 4"),
        ([ChapterMark("a", 1, 9)], "'a' starts at sample 1"),
    ],
)
def test_marks_with_a_gap_or_an_overlap_are_refused(marks: list[ChapterMark], said: str) -> None:
    with pytest.raises(AudioError, match=said):
        check_marks(marks, 10)


def test_titles_and_lengths_must_be_as_many() -> None:
    with pytest.raises(AudioError, match="2 chapter titles for 1 chapters"):
        chapter_marks(["a", "b"], [1])


@settings(deadline=None)
@given(st.text(max_size=400), st.integers(8, 300))
def test_a_shortened_title_fits_and_is_the_title_from_its_beginning(title: str, limit_bytes: int) -> None:
    short = shortened(title, limit_bytes)
    assert len(short.encode("utf-8")) <= limit_bytes
    assert short == title or (title.startswith(short[:-1]) and short.endswith("…"))


def test_a_title_is_not_cut_between_a_letter_and_its_accent() -> None:
    assert shortened("abcde\u0301fghij", 9) == "abcd…"
    assert shortened("abcde\u0301fghij", 10) == "abcde\u0301…"


@settings(deadline=None)
@given(st.integers(0, 10**11), st.sampled_from([22_050, 24_000, 44_100, 48_000]))
def test_milliseconds_are_the_nearest(samples: int, sample_rate: int) -> None:
    assert abs(rounded_ms(samples, sample_rate) * sample_rate - 1000 * samples) * 2 <= sample_rate


def test_the_clock_has_two_digits_of_hours_or_more() -> None:
    assert clock(0) == "00:00:00.000"
    assert clock(3_599_999, ",") == "00:59:59,999"
    assert clock(360_000_000) == "100:00:00.000"


def test_more_chapters_than_a_format_can_name_are_refused() -> None:
    marks = chapter_marks(["x"] * 65_026, [1] * 65_026)
    with pytest.raises(AudioError, match="MP3 can hold 65025 chapters, there are 65026"):
        next(chapter_frames(marks, RATE))
    with pytest.raises(AudioError, match="1000 chapters fit in an Opus or FLAC file"):
        next(chapter_comments(marks[:1001], RATE))


def test_chapters_of_an_mp3_lie_in_order_for_readers_that_know_no_contents(
    book: tuple[Path, int],
) -> None:
    """mutagen sorts frames by size; FFmpeg takes chapters as they lie."""
    frames = id3_frames((book[0] / "book.mp3").read_bytes())
    starts = [body.partition(b"\0")[2][:4] for name, body in frames if name == "CHAP"]
    assert starts == sorted(starts)
    assert len(starts) == book[1]
