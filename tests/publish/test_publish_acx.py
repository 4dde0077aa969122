"""What ACX takes of a book: credits, numbered chapters with spoken titles, a retail sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publish_samples import LEVELS, RATE, line_span

from pipeline.audio import Audio, encode_flac, read_audio
from pipeline.events import Event
from pipeline.publish.acx import (
    HEAD_S,
    LONGEST_SAMPLE_S,
    SHORTEST_SAMPLE_S,
    TAIL_S,
    AcxPlan,
    Cut,
    acx_plan,
    retail_sample,
)
from pipeline.publish.book import Edition, Published, publish_book
from pipeline.publish.cutting import cut_key, is_whole, write_cut
from pipeline.publish.delivery_events import FileCorrected, RuleBroken
from pipeline.publish.store_rules import check_file
from pipeline.script.model import Book, Chapter, Relation, Script, Span
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.master import ChapterMaster
from pipeline.stitch.presets import PRESETS
from pipeline.stitch.timeline import LineSpan, Timeline

ACX = PRESETS["acx"]
BOOK = Book(title="The Lamp", author="Ann Ü. Writer")
LONGEST_S = 7200.0
Spoken = tuple[str, float, Relation]  # text, seconds, relation


def chapter(
    number: int, title: str, spoken: Sequence[Spoken], titled: bool = True, folder: Path | None = None
) -> StitchedChapter:
    """A chapter of those lines, a second apart; with a folder its master is there, tones at -20 dB RMS."""
    lines: list[LineSpan] = []
    at = HEAD_S
    said: list[Spoken] = [(f"{title}.", 1.0, "start"), *spoken] if titled else list(spoken)
    for index, (text, seconds, relation) in enumerate(said):
        span = line_span(
            f"{number}-{index}", "narrator", text, round(at * RATE), round((at + seconds) * RATE)
        )
        line = replace(span.line, relation=relation, title=titled and index == 0)
        lines.append(replace(span, line=line))
        at += seconds + 1.0
    length = round((at - 1.0 + TAIL_S) * RATE)
    path = Path(f"master-{number}.flac")
    if folder is not None:
        path = tones(folder / path, length, lines)
    timeline = Timeline(title, RATE, length, tuple(lines), ())
    own = Chapter(title, tuple(span.line for span in lines), Span("book.md", 1, 0, 1))
    return StitchedChapter(number, own, ChapterMaster(path, f"key-{number}", timeline, LEVELS, 0.0), False)


def tones(path: Path, length: int, lines: Sequence[LineSpan]) -> Path:
    """A tone for each line, another pitch for each, over quiet noise, at -20 dB RMS over all."""
    samples = np.zeros(length)
    for number, span in enumerate(lines):
        time = np.arange(span.end_samples - span.start_samples) / RATE
        samples[span.start_samples : span.end_samples] = np.sin(2 * np.pi * (200 + 50 * number) * time)
    samples *= 0.1 / max(1e-9, float(np.sqrt(np.mean(samples**2))))
    samples += np.random.default_rng(0).standard_normal(length) * 10 ** (-75 / 20)
    path.write_bytes(encode_flac(Audio.mono(samples, RATE)))
    return path


def text(seconds: float, count: int, relation: Relation = "paragraph") -> list[Spoken]:
    return [(f"Words of line {index}.", seconds, relation) for index in range(count)]


CREDITS: list[Spoken] = [("The Lamp, written by Ann Ü. Writer.", 3.0, "title")]


def whole_book(folder: Path | None = None) -> list[StitchedChapter]:
    return [
        chapter(1, "Opening Credits", CREDITS, folder=folder),
        chapter(2, "One", text(6.0, 10), folder=folder),
        chapter(3, "Two", text(6.0, 4), folder=folder),
        chapter(4, "Closing Credits", [("This was The Lamp.", 2.0, "title")], folder=folder),
    ]


def plan(stitched: Sequence[StitchedChapter], book: Book = BOOK, longest_s: float = LONGEST_S) -> AcxPlan:
    return acx_plan(stitched, book, longest_s)


def test_a_book_with_credits_gives_every_file_in_order_and_lacks_nothing() -> None:
    made = plan(whole_book())
    assert [(one.name, one.role) for one in made.files] == [
        ("01-opening-credits", "opening credits"),
        ("02-one", "chapter"),
        ("03-two", "chapter"),
        ("04-closing-credits", "closing credits"),
        ("retail-sample", "retail sample"),
    ]
    assert made.missing == ()


def test_headings_of_credits_are_not_heard_and_titles_of_chapters_are() -> None:
    stitched = whole_book()
    opening, one, *_ = plan(stitched).files
    assert opening.cuts[0].start_samples == stitched[0].master.timeline.lines[1].start_samples
    assert is_whole(one.cuts, stitched)


def test_text_above_the_first_title_that_names_the_book_is_its_opening_credits() -> None:
    first = chapter(1, BOOK.title, CREDITS, titled=False)
    made = plan([first, *whole_book()[1:]])
    assert made.files[0].role == "opening credits"
    assert is_whole(made.files[0].cuts, [first])


def test_a_prologue_above_the_first_title_is_no_credits() -> None:
    first = chapter(1, BOOK.title, [("It was night.", 3.0, "start")], titled=False)
    made = plan([first, *whole_book()[1:]])
    assert made.files[0].role == "chapter"
    assert "opening-credits" in [lack.rule for lack in made.missing]


def test_the_end_is_a_closing_that_is_read_aloud() -> None:
    stitched = [*whole_book()[:3], chapter(4, "The End", [])]
    closing = plan(stitched).files[3]
    assert closing.role == "closing credits"
    assert is_whole(closing.cuts, stitched)


def test_missing_credits_are_named_with_what_to_write() -> None:
    made = plan(whole_book()[1:3])
    assert [lack.rule for lack in made.missing] == ["opening-credits", "closing-credits"]
    assert "Opening Credits" in made.missing[0].advice
    assert "The End" in made.missing[1].advice
    assert {one.role for one in made.files} == {"chapter", "retail sample"}, "none is invented"


def test_a_heading_without_words_is_no_credits() -> None:
    made = plan([chapter(1, "Opening Credits", []), *whole_book()[1:]])
    assert [lack.rule for lack in made.missing] == ["opening-credits"]


def test_opening_credits_that_do_not_name_the_author_are_told() -> None:
    first = chapter(1, "Opening Credits", [("The Lamp.", 3.0, "title")])
    (lack,) = plan([first, *whole_book()[1:]]).missing
    assert (lack.rule, lack.value) == ("opening-credits", "without 'Ann Ü. Writer'")


def test_a_chapter_whose_title_nobody_reads_is_told() -> None:
    stitched = whole_book()
    stitched[1] = chapter(2, "One", text(6.0, 10), titled=False)
    (lack,) = plan(stitched).missing
    assert (lack.rule, lack.value) == ("chapter-title", "'One' is not read")
    stitched[1] = chapter(2, "One", [("One. It was night.", 80.0, "start")], titled=False)
    assert plan(stitched).missing == ()


def test_a_book_too_short_for_a_sample_is_told() -> None:
    stitched = [whole_book()[0], chapter(2, "One", text(5.0, 3)), whole_book()[3]]
    made = plan(stitched)
    assert [lack.rule for lack in made.missing] == ["retail-sample"]
    assert not [one for one in made.files if one.role == "retail sample"]


def timelines(chapters: Sequence[Sequence[Spoken]]) -> list[Timeline]:
    return [chapter(n, f"Part {n}", lines).master.timeline for n, lines in enumerate(chapters, start=1)]


RELATIONS: list[Relation] = ["tag", "split", "sentence", "paragraph", "speaker", "scene"]
LINES = st.lists(
    st.tuples(st.just("Words."), st.floats(0.5, 40.0), st.sampled_from(RELATIONS)), min_size=1, max_size=25
)


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_a_sample_is_one_to_five_minutes_from_a_lines_start_to_a_lines_end(
    chapters: list[list[Spoken]],
) -> None:
    made = timelines(chapters)
    cuts = retail_sample(made, range(len(made)))
    if not cuts:
        return
    total_s = HEAD_S + TAIL_S + sum(cut.end_samples - cut.start_samples for cut in cuts) / RATE
    assert SHORTEST_SAMPLE_S <= total_s <= LONGEST_SAMPLE_S
    first, last = made[cuts[0].chapter], made[cuts[-1].chapter]
    assert cuts[0].start_samples in {span.start_samples for span in first.lines if not span.line.title}
    ends = {
        span.end_samples
        for span, after in pairwise([*last.lines, None])  # type: ignore[list-item]
        if span and (after is None or after.line.relation not in ("tag", "split"))
    }
    assert cuts[-1].end_samples in ends
    assert [cut.chapter for cut in cuts] == list(range(cuts[0].chapter, cuts[-1].chapter + 1))
    for cut in cuts[:-1]:
        assert cut.end_samples == made[cut.chapter].length_samples
    for cut in cuts[1:]:
        assert cut.start_samples == 0


def test_a_sample_ends_with_a_paragraph_rather_than_within_one() -> None:
    (made,) = timelines([[*text(10.0, 14), *text(10.0, 4, "sentence"), *text(10.0, 4)]])
    (cut,) = retail_sample([made], [0])
    following = next(span for span in made.lines if span.start_samples > cut.end_samples)
    assert following.line.relation == "paragraph"


def test_a_chapter_over_two_hours_is_parted_at_scene_breaks_without_losing_a_sample_of_speech() -> None:
    long = [*text(1500.0, 3), ("After it.", 1500.0, "scene"), *text(1500.0, 2), ("Late.", 3000.0, "scene")]
    stitched = [whole_book()[0], chapter(2, "One", long), whole_book()[3]]
    parts = [one for one in plan(stitched).files if one.role == "chapter"]
    assert [one.title for one in parts] == ["One, part 1", "One, part 2", "One, part 3"]
    assert [one.name for one in parts] == ["02-one-part-1", "03-one-part-2", "04-one-part-3"]
    timeline = stitched[1].master.timeline
    for span in timeline.lines:
        holding = [
            one
            for one in parts
            if one.cuts[0].start_samples <= span.start_samples and span.end_samples <= one.cuts[0].end_samples
        ]
        assert len(holding) == 1
    for one in parts:
        (cut,) = one.cuts
        assert (cut.end_samples - cut.start_samples) / RATE + HEAD_S + TAIL_S <= LONGEST_S


def test_scenes_that_fit_together_stay_together() -> None:
    long = [("Line.", 2000.0, "scene") for _ in range(6)]
    stitched = [whole_book()[0], chapter(2, "One", long), whole_book()[3]]
    assert len([one for one in plan(stitched).files if one.role == "chapter"]) == 2


def test_a_long_chapter_without_scene_breaks_stays_whole_and_breaks_the_rule_of_length() -> None:
    stitched = [whole_book()[0], chapter(2, "One", text(1500.0, 6)), whole_book()[3]]
    (one,) = [one for one in plan(stitched).files if one.role == "chapter"]
    assert is_whole(one.cuts, stitched)


def test_a_cut_holds_its_lines_sample_for_sample_between_room_tone(tmp_path: Path) -> None:
    stitched = [chapter(1, "One", text(2.0, 4), folder=tmp_path)]
    timeline = stitched[0].master.timeline
    cut = Cut(0, timeline.lines[1].start_samples, timeline.lines[2].end_samples)
    made = read_audio(write_cut([cut], stitched, tmp_path / "cut.flac")).samples[:, 0]
    whole = read_audio(stitched[0].master.path).samples[:, 0]
    length = cut.end_samples - cut.start_samples
    head = round(HEAD_S * RATE)
    assert abs(made.size - (head + length + round(TAIL_S * RATE))) <= 2  # each edge is rounded once
    start = head - 1 + int(np.argmax(made[head - 1 : head + 2] == whole[cut.start_samples]))
    assert np.array_equal(made[start : start + length], whole[cut.start_samples : cut.end_samples])
    for quiet in (made[: head - 2000], made[start + length + 5000 :]):
        level_db = 20 * np.log10(np.sqrt(np.mean(quiet**2)))
        assert -76 < level_db < -74
    assert not np.any(made == 0.0) or np.max(np.diff(np.flatnonzero(made != 0.0))) < RATE // 100


def test_cuts_of_the_same_masters_are_the_same_bytes(tmp_path: Path) -> None:
    stitched = whole_book(tmp_path)
    cuts = plan(stitched).files[-1].cuts
    first = write_cut(cuts, stitched, tmp_path / "a.flac").read_bytes()
    assert write_cut(cuts, stitched, tmp_path / "b.flac").read_bytes() == first
    other = [replace(cuts[0], start_samples=cuts[0].start_samples + 1), *cuts[1:]]
    assert cut_key(cuts, stitched) != cut_key(other, stitched)


def published(
    folder: Path, stitched: Sequence[StitchedChapter], told: list[Event], book: Book = BOOK
) -> Published:
    chapters = tuple(one.chapter for one in stitched)
    script = Script("lamp", folder / "lamp.md", book, {}, (), chapters)
    edition = Edition(("flac",), ACX)
    return publish_book(script, stitched, [], {}, folder / "out", edition, told.append)


def test_the_acx_folder_holds_mp3_files_that_pass_every_rule(tmp_path: Path) -> None:
    told: list[Event] = []
    made = published(tmp_path, whole_book(tmp_path), told)
    files = sorted((tmp_path / "out" / "acx").iterdir())
    assert [path.name for path in files] == [
        "01-opening-credits.mp3",
        "02-one.mp3",
        "03-two.mp3",
        "04-closing-credits.mp3",
        "retail-sample.mp3",
    ]
    for path in files:
        assert [rule.rule for rule in check_file(path, ACX) if not rule.ok] == []
    assert made.findings == ()


def test_what_is_missing_is_a_finding_and_an_event(tmp_path: Path) -> None:
    told: list[Event] = []
    made = published(tmp_path, whole_book(tmp_path)[1:3], told)
    assert [one.rule for one in made.findings] == ["opening-credits", "closing-credits"]
    assert [event for event in told if isinstance(event, RuleBroken)] == list(made.findings)


def test_another_title_of_the_book_measures_nothing_again(tmp_path: Path) -> None:
    stitched = whole_book(tmp_path)
    published(tmp_path, stitched, [])
    record = tmp_path / "out" / "delivery.json"
    before = record.read_bytes()
    told: list[Event] = []
    published(tmp_path, stitched, told, replace(BOOK, publisher="House"))
    assert record.read_bytes() == before
    assert not [event for event in told if isinstance(event, FileCorrected)]


@pytest.mark.parametrize("preset", ["audiobook", "podcast", "broadcast", "none"])
def test_other_presets_have_no_acx_folder(tmp_path: Path, preset: str) -> None:
    stitched = [chapter(1, "One", text(2.0, 2), folder=tmp_path)]
    script = Script("lamp", tmp_path / "lamp.md", BOOK, {}, (), (stitched[0].chapter,))
    edition = Edition(("flac",), PRESETS[preset])
    publish_book(script, stitched, [], {}, tmp_path / "out", edition, lambda event: None)
    assert not (tmp_path / "out" / "acx").exists()
    assert (tmp_path / "out" / "delivery.json").exists() == (preset != "none")
