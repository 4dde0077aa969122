"""WebVTT and SRT against grammars of our own: the usual readers accept broken files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publish_samples import RATE, line_span, timeline

from pipeline.errors import AudioError
from pipeline.publish.captions import book_timeline, line_captions, wrapped, write_srt, write_vtt
from pipeline.stitch.timeline import Timeline

TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)%s(\d{3})"
VTT_TIMES = re.compile(f"{TIME % '[.]'} --> {TIME % '[.]'}")
SRT_TIMES = re.compile(f"{TIME % ','} --> {TIME % ','}")
VOICE = re.compile(r"<v ([^<>\n]+)>")
LONG = "It was a bright cold day in April, and the clocks were striking thirteen. " * 6


@dataclass(frozen=True)
class Cue:
    id: str
    start_ms: int
    end_ms: int
    speaker: str | None
    rows: tuple[str, ...]


def times_ms(found: re.Match[str]) -> tuple[int, int]:
    parts = [int(part) for part in found.groups()]
    start, end = (((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (parts[:4], parts[4:]))
    return start, end


def unescaped(text: str) -> str:
    assert not re.search(r"&(?!(amp|lt|gt);)|[<>]", text), f"not escaped: {text!r}"
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def check_order(cues: list[Cue]) -> list[Cue]:
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(cues))
    return cues


def read_vtt(path: Path) -> list[Cue]:
    """The cues of a file that keeps to the syntax of WebVTT, section 4, as far as we use it."""
    text = path.read_bytes().decode("utf-8")
    assert "\r" not in text
    assert "\0" not in text
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT", "the header, then an empty row"
    cues = []
    for block in blocks:
        rows = block.split("\n")
        assert all(rows), f"an empty row inside a block: {block!r}"
        if rows[0] == "NOTE":
            assert "-->" not in block
            continue
        assert "-->" not in rows[0], "a cue's ID"
        found = VTT_TIMES.fullmatch(rows[1])
        assert found, rows[1]
        voice = VOICE.match(rows[2])
        assert voice, rows[2]
        payload = "\n".join(rows[2:])[voice.end() :]
        assert "-->" not in payload
        cues.append(
            Cue(rows[0], *times_ms(found), unescaped(voice[1]), tuple(unescaped(payload).split("\n")))
        )
    assert len({cue.id for cue in cues}) == len(cues), "IDs are unique"
    return check_order(cues)


def read_srt(path: Path) -> list[Cue]:
    """The cues of a file with running numbers, two rows of text at most and an empty row after each."""
    text = path.read_bytes().decode("utf-8")
    cues = []
    for number, block in enumerate(text.removesuffix("\n").split("\n\n"), start=1):
        rows = block.strip("\n").split("\n")
        assert rows[0] == str(number)
        found = SRT_TIMES.fullmatch(rows[1])
        assert found, rows[1]
        cues.append(Cue(rows[0], *times_ms(found), None, tuple(rows[2:])))
    return check_order(cues)


def sample(*texts: str, characters: tuple[str, ...] = ("narrator",), ids: str = "l") -> Timeline:
    """Lines of 2.5 s with half a second between them, starting at odd samples."""
    spans = [
        line_span(
            f"{ids}-{at}", characters[at % len(characters)], text, at * 3 * RATE + 13, at * 3 * RATE + 110263
        )
        for at, text in enumerate(texts)
    ]
    return timeline(*spans, length_samples=len(texts) * 3 * RATE)


def test_a_cue_is_a_line_with_its_id_speaker_and_times(tmp_path: Path) -> None:
    (cue,) = read_vtt(write_vtt(sample("Hello there."), tmp_path / "a.vtt"))
    assert cue == Cue("l-0", 0, 2500, "narrator", ("Hello there.",))


def test_a_speaker_named_with_signs_of_markup_survives_in_both(tmp_path: Path) -> None:
    chapter = sample("1 < 2 & 3 --> 4", characters=("A & <B>",))
    (cue,) = read_vtt(write_vtt(chapter, tmp_path / "a.vtt"))
    assert (cue.speaker, cue.rows) == ("A & <B>", ("1 < 2 & 3 --> 4",))
    assert (tmp_path / "a.vtt").read_text().count("<v A &amp; &lt;B&gt;>") == 1
    (cue,) = read_srt(write_srt(chapter, tmp_path / "a.srt"))
    assert cue.rows == ("A & <B>: 1 < 2 & 3 --> 4",)


def test_srt_names_the_speaker_only_where_it_changes(tmp_path: Path) -> None:
    chapter = timeline(
        line_span("a", "Jim", "One.", 0, 10_000),
        line_span("b", "Jim", "Two.", 20_000, 30_000),
        line_span("c", "Della", "Three.", 40_000, 50_000),
    )
    rows = [cue.rows for cue in read_srt(write_srt(chapter, tmp_path / "a.srt"))]
    assert rows == [("Jim: One.",), ("Two.",), ("Della: Three.",)]


def test_both_formats_agree_on_when_each_line_starts_and_ends(tmp_path: Path) -> None:
    chapter = sample("Short.", LONG, "Another one.", LONG[:200], characters=("Jim", "Della"))
    vtt = read_vtt(write_vtt(chapter, tmp_path / "a.vtt"))
    srt = read_srt(write_srt(chapter, tmp_path / "a.srt"))
    for span in chapter.lines:
        start_ms = round(span.start_samples * 1000 / RATE)
        end_ms = round(span.end_samples * 1000 / RATE)
        for cues in (vtt, srt):
            inside = [cue for cue in cues if start_ms - 1 <= cue.start_ms and cue.end_ms <= end_ms + 1]
            assert abs(inside[0].start_ms - start_ms) <= 1
            assert abs(inside[-1].end_ms - end_ms) <= 1


def test_a_long_line_becomes_several_cues_marked_as_estimated(tmp_path: Path) -> None:
    cues = read_vtt(write_vtt(sample(LONG), tmp_path / "a.vtt"))
    assert [cue.id for cue in cues] == [
        f"l-0 ({part} of {len(cues)}, estimated)" for part in range(1, len(cues) + 1)
    ]
    assert " ".join(row for cue in cues for row in cue.rows) == LONG.strip()
    assert "estimated" in (tmp_path / "a.vtt").read_text().split("\n\n")[1]
    assert cues[0].end_ms == cues[1].start_ms


def test_parts_of_a_line_last_in_proportion_to_their_text() -> None:
    captions = line_captions(sample(LONG), 65)
    letters = [sum(map(len, caption.rows)) for caption in captions]
    for caption, share in zip(captions, letters, strict=True):
        assert caption.end_ms - caption.start_ms == pytest.approx(
            2500 * share / sum(letters), abs=len(captions)
        )


def test_rows_keep_to_their_widths(tmp_path: Path) -> None:
    chapter = sample(LONG, "长" * 100, characters=("Someone", "骆驼"))
    for cue in read_vtt(write_vtt(chapter, tmp_path / "a.vtt")):
        assert len(cue.rows) <= 2
        assert all(len(row) <= 65 for row in cue.rows)
    for cue in read_srt(write_srt(chapter, tmp_path / "a.srt")):
        assert len(cue.rows) <= 2
        assert all(len(row) <= 32 for row in cue.rows)


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(2, 70))
def test_wrapping_loses_no_letter(text: str, row_cells: int) -> None:
    assert "".join("".join(wrapped(text, row_cells)).split()) == "".join(text.split())


@settings(deadline=None)
@given(st.text("abc äö,.", max_size=300), st.integers(2, 70))
def test_no_row_is_wider_than_asked(text: str, row_cells: int) -> None:
    assert all(len(row) <= row_cells for row in wrapped(text, row_cells))


def test_a_letter_keeps_its_accent_when_a_word_is_cut() -> None:
    assert wrapped("aaaae\u0301bbb", 5) == ["aaaae\u0301", "bbb"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200).filter(
                lambda text: bool(text.split())
            ),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
                lambda name: bool(name.split())
            ),
            st.integers(1, 5 * RATE),
        ),
        max_size=6,
    )
)
def test_any_text_by_anyone_keeps_to_the_grammar(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, int]]
) -> None:
    spans, at = [], 0
    for number, (text, name, length) in enumerate(lines):
        spans.append(line_span(f"l-{number}", name, text, at, at + length))
        at += length + 100
    chapter = timeline(*spans, length_samples=at + 1)
    folder = tmp_path_factory.mktemp("captions")
    cues = read_vtt(write_vtt(chapter, folder / "a.vtt"))
    said = "".join("".join(row for cue in cues for row in cue.rows).split())
    assert said == "".join("".join(text.split()) for text, _, _ in lines)
    if lines:
        read_srt(write_srt(chapter, folder / "a.srt"))


def test_captions_of_a_book_are_those_of_its_chapters_moved(tmp_path: Path) -> None:
    first, second = sample("One.", "Two."), sample("Three.", ids="m")
    book = book_timeline("Book", [first, second])
    assert book.length_samples == first.length_samples + second.length_samples
    cues = read_vtt(write_vtt(book, tmp_path / "book.vtt"))
    assert [cue.start_ms for cue in cues] == [0, 3000, 6000]


def test_chapters_of_different_rates_make_no_book() -> None:
    with pytest.raises(AudioError, match="one sample rate"):
        book_timeline("Book", [sample("One."), Timeline("Two", 48_000, 10, (), ())])


def test_a_chapter_without_lines_is_a_header_alone(tmp_path: Path) -> None:
    assert write_vtt(timeline(), tmp_path / "a.vtt").read_text() == "WEBVTT\n"
    assert write_srt(timeline(), tmp_path / "a.srt").read_text() == ""
