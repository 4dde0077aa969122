"""Where everything of a chapter lies."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import AudioError
from pipeline.script.check import read_script
from pipeline.script.model import Line, Pacing, Relation, Sound, Span
from pipeline.stitch.timeline import ChapterScore, Timeline, convert_samples, gap_before_s, place

RATE = 24_000
PLAIN = Pacing(vary=0.0)
RELATIONS: list[Relation] = ["tag", "split", "sentence", "paragraph", "speaker", "scene", "title"]


def gaps_s(timeline: Timeline) -> list[float]:
    """Seconds between each line's end and the next one's start."""
    return [
        (after.start_samples - before.end_samples) / timeline.sample_rate
        for before, after in pairwise(timeline.lines)
    ]


def two_lines(
    bench, *between, pacing: Pacing = PLAIN, relation: Relation = "sentence", **first
) -> ChapterScore:
    audio = bench.burst(1.0)
    items = [bench.line("a", "start", **first), *between, bench.line("b", relation)]
    return bench.score(items, [bench.take("a", audio), bench.take("b", audio)], pacing=pacing)


@pytest.mark.parametrize(
    ("relation", "expected_s"),
    [
        ("split", 0.12),
        ("tag", 0.12),
        ("sentence", 0.45),
        ("speaker", 0.40),
        ("paragraph", 0.75),
        ("scene", 2.25),
        ("title", 2.5),
    ],
)
def test_the_relation_of_the_next_line_sets_the_gap(bench, relation: Relation, expected_s: float):
    timeline = place(two_lines(bench, relation=relation), {})
    assert gaps_s(timeline) == [pytest.approx(expected_s, abs=1 / RATE)]


def test_head_and_tail_stand_around_the_lines(bench):
    timeline = place(two_lines(bench), {})
    assert timeline.lines[0].start_samples == round(0.75 * RATE)
    assert timeline.length_samples - timeline.lines[-1].end_samples == 3 * RATE


def test_edge_silence_of_an_engine_never_counts(bench):
    takes = [
        bench.take(name, bench.burst(1.0, before_s=edge, after_s=edge))
        for name, edge in (("a", 0.0), ("b", 0.2), ("c", 1.5), ("d", 0.0))
    ]
    items = [bench.line(name, "sentence" if name != "a" else "start") for name in "abcd"]
    timeline = place(bench.score(items, takes, pacing=PLAIN), {})
    assert gaps_s(timeline) == [pytest.approx(0.45, abs=0.001)] * 3
    lengths = {span.end_samples - span.start_samples for span in timeline.lines}
    assert max(lengths) - min(lengths) <= 1


def test_a_pause_replaces_the_gap_and_is_exactly_that_long(bench):
    timeline = place(two_lines(bench, bench.pause(1.0), relation="scene"), {})
    assert gaps_s(timeline) == [1.0]


def test_two_pauses_add(bench):
    assert gaps_s(place(two_lines(bench, bench.pause(1.0), bench.pause(0.25)), {})) == [1.25]


def test_a_pause_before_the_first_line_follows_the_head_and_one_after_the_last_precedes_the_tail(bench):
    take = bench.take("a", bench.burst(1.0))
    items = [bench.pause(2.0), bench.line("a", "start"), bench.pause(1.0)]
    timeline = place(bench.score(items, [take]), {})
    assert timeline.lines[0].start_samples == round(2.75 * RATE)
    assert timeline.length_samples - timeline.lines[0].end_samples == 4 * RATE


def test_after_a_spoken_title_comes_the_title_gap(bench):
    assert gaps_s(place(two_lines(bench, title=True, relation="paragraph"), {})) == [2.5]


def test_pace_scales_gaps_but_neither_head_tail_nor_pauses(bench):
    slow = Pacing(vary=0.0, pace=1.5)
    timeline = place(two_lines(bench, pacing=slow), {})
    assert gaps_s(timeline) == [pytest.approx(0.675, abs=1 / RATE)]
    assert timeline.lines[0].start_samples == round(0.75 * RATE)
    assert timeline.length_samples - timeline.lines[-1].end_samples == 3 * RATE
    assert gaps_s(place(two_lines(bench, bench.pause(1.0), pacing=slow), {})) == [1.0]


def test_no_gap_is_longer_than_3_5_s_unless_the_author_asked(bench):
    endless = Pacing(vary=0.0, scene_s=10.0)
    assert gaps_s(place(two_lines(bench, pacing=endless, relation="scene"), {})) == [3.5]
    assert gaps_s(place(two_lines(bench, bench.pause(8.0), pacing=endless, relation="scene"), {})) == [8.0]


@given(line_id=st.text(min_size=1), relation=st.sampled_from(["sentence", "paragraph"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_gaps_vary_by_at_most_15_percent_and_only_with_the_id(bench, line_id: str, relation: Relation):
    pacing = Pacing()
    usual = {"sentence": pacing.sentence_s, "paragraph": pacing.paragraph_s}[relation]
    gap = gap_before_s(bench.line(line_id, relation), pacing)
    assert abs(gap / usual - 1.0) <= 0.15 + 1e-9
    assert gap == gap_before_s(bench.line(line_id, relation), pacing)


def test_gaps_do_vary(bench):
    gaps = {gap_before_s(bench.line(f"line-{number}"), Pacing()) for number in range(50)}
    assert len(gaps) == 50
    assert max(gaps) - min(gaps) > 0.45 * 0.2


@given(relations=st.lists(st.sampled_from(RELATIONS), max_size=8), pauses=st.lists(st.integers(0, 7)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_chapter_is_as_long_as_its_takes_and_pauses_to_the_sample(bench, relations, pauses):
    take = bench.take("all", bench.burst(0.5))
    lines = [bench.line(f"l{number}", relation) for number, relation in enumerate(["start", *relations])]
    items, expected = [], round(0.75 * RATE) + 3 * RATE
    onset, offset = take.levels.voiced_samples
    for number, line in enumerate(lines):
        before = pauses.count(number)
        items += [bench.pause(0.3)] * before
        quiet = before * round(0.3 * RATE) or round(gap_before_s(line, Pacing()) * RATE)
        expected += quiet + offset - onset
        items.append(line)
    timeline = place(bench.score(items, [replace(take, line_id=line.id) for line in lines]), {})
    assert timeline.length_samples == expected


def test_a_quarantined_line_leaves_its_pauses_and_nothing_else(bench):
    take = bench.take("a", bench.burst(1.0))
    other = bench.take("c", bench.burst(1.0))
    items = [bench.line("a", "start"), bench.line("b", "speaker"), bench.line("c", "paragraph")]
    timeline = place(bench.score(items, [take, other], pacing=PLAIN), {})
    assert timeline.missing == ("b",)
    assert gaps_s(timeline) == [pytest.approx(0.40 + 0.75, abs=2 / RATE)]


def test_a_sound_stands_after_speech_and_the_next_line_waits_for_its_end(bench):
    door = bench.sound("door.flac", bench.burst(2.0))
    timeline = place(two_lines(bench, door), {door.file: 2.0})
    (span,) = timeline.sounds
    first, second = timeline.lines
    assert span.start_samples - first.end_samples == round(0.45 * RATE)
    assert span.end_samples - span.start_samples == 2 * RATE
    assert second.start_samples - span.end_samples == round(0.45 * RATE)


def test_a_pause_before_a_sound_replaces_only_that_gap(bench):
    door = bench.sound("door.flac", bench.burst(2.0))
    timeline = place(two_lines(bench, bench.pause(1.0), door), {door.file: 2.0})
    assert timeline.sounds[0].start_samples - timeline.lines[0].end_samples == RATE
    assert timeline.lines[1].start_samples - timeline.sounds[0].end_samples == round(0.45 * RATE)


def test_a_bed_starts_where_it_stands_and_takes_no_time(bench):
    rain = bench.sound("rain.flac", bench.burst(1.2), under=True)
    timeline = place(two_lines(bench, rain), {rain.file: 1.2})
    assert timeline.sounds[0].start_samples == timeline.lines[0].end_samples
    assert not timeline.sounds[0].cut
    assert gaps_s(timeline) == [pytest.approx(0.45, abs=1 / RATE)]


def test_a_bed_ends_in_the_middle_of_the_gap_at_a_scene_break(bench):
    rain = bench.sound("rain.flac", bench.burst(1.0), under=True)
    audio = bench.burst(1.0)
    items = [rain, bench.line("a", "start"), bench.scene_break(), bench.line("b", "scene")]
    score = bench.score(items, [bench.take("a", audio), bench.take("b", audio)], pacing=PLAIN)
    timeline = place(score, {rain.file: 60.0})
    first, second = timeline.lines
    assert timeline.sounds[0].end_samples == (first.end_samples + second.start_samples) // 2
    assert timeline.sounds[0].cut


def scenes(bench, *between, begins: Relation = "scene") -> Timeline:
    """A line, a scene break, then `between`, then the new scene's first line."""
    lengths = {item.file: 2.0 for item in between if isinstance(item, Sound)}
    return place(two_lines(bench, bench.scene_break(), *between, relation=begins), lengths)


def test_a_bed_after_a_scene_break_starts_with_the_scenes_first_words(bench):
    rain = bench.sound("rain.flac", bench.burst(2.0), under=True)
    timeline = scenes(bench, rain)
    assert gaps_s(timeline) == [2.25]
    assert timeline.sounds[0].start_samples == timeline.lines[1].start_samples


def test_a_bed_may_be_heard_alone_after_the_scenes_pause(bench):
    rain = bench.sound("rain.flac", bench.burst(2.0), under=True)
    timeline = scenes(bench, rain, bench.pause(1.5))
    assert timeline.sounds[0].start_samples - timeline.lines[0].end_samples == round(2.25 * RATE)
    assert timeline.lines[1].start_samples - timeline.sounds[0].start_samples == round(1.5 * RATE)


def test_a_pause_before_the_new_scenes_bed_replaces_the_scenes_pause(bench):
    rain = bench.sound("rain.flac", bench.burst(2.0), under=True)
    timeline = scenes(bench, bench.pause(1.0), rain)
    assert gaps_s(timeline) == [1.0]
    assert timeline.sounds[0].start_samples == timeline.lines[1].start_samples


def test_a_bed_starts_with_the_sound_that_opens_its_scene(bench):
    rain = bench.sound("rain.flac", bench.burst(2.0), under=True)
    door = bench.sound("door.flac", bench.burst(2.0))
    bed, knock = scenes(bench, rain, door).sounds
    assert bed.start_samples == knock.start_samples
    timeline = scenes(bench, rain, door)
    assert knock.start_samples - timeline.lines[0].end_samples == round(2.25 * RATE)
    assert timeline.lines[1].start_samples - knock.end_samples == round(0.45 * RATE)


def test_the_old_scenes_bed_is_gone_before_the_new_scenes_bed_begins(bench):
    old = bench.sound("old.flac", bench.burst(2.0), under=True)
    new = bench.sound("new.flac", bench.burst(2.0), under=True)
    audio = bench.burst(1.0)
    items = [
        old,
        bench.line("a", "start"),
        bench.scene_break(),
        new,
        bench.pause(4.0),
        bench.line("b", "scene"),
    ]
    score = bench.score(items, [bench.take("a", audio), bench.take("b", audio)], pacing=PLAIN)
    first, second = place(score, {old.file: 60.0, new.file: 60.0}).sounds
    assert second.start_samples - first.end_samples == pytest.approx(1.125 * RATE, abs=1)


def test_a_sound_after_a_scene_break_comes_after_the_scenes_pause_and_close_to_the_words(bench):
    door = bench.sound("door.flac", bench.burst(2.0))
    timeline = scenes(bench, door)
    first, second = timeline.lines
    (span,) = timeline.sounds
    assert span.start_samples - first.end_samples == round(2.25 * RATE)
    assert second.start_samples - span.end_samples == round(0.45 * RATE)


def test_a_sound_that_ends_a_scene_leaves_the_scenes_pause_where_it_was(bench):
    door = bench.sound("door.flac", bench.burst(2.0))
    timeline = place(two_lines(bench, door, bench.scene_break(), relation="scene"), {door.file: 2.0})
    first, second = timeline.lines
    assert timeline.sounds[0].start_samples - first.end_samples == round(0.45 * RATE)
    assert second.start_samples - timeline.sounds[0].end_samples == round(2.25 * RATE)


def test_each_scene_break_gives_one_scene_pause(bench):
    """Whatever cues open the scene, and though the pause of a title stands before its first break."""
    door = bench.sound("door.flac", bench.burst(2.0))
    rain = bench.sound("rain.flac", bench.burst(2.0), under=True)
    audio = bench.burst(1.0)
    items = [bench.line("a", "start", title=True), bench.scene_break(), rain, door, bench.line("b", "scene")]
    items += [bench.scene_break(), door, rain, bench.line("c", "scene"), bench.line("d")]
    score = bench.score(items, [bench.take(name, audio) for name in "abcd"], pacing=PLAIN)
    timeline = place(score, {door.file: 2.0, rain.file: 0.5})
    assert gaps_s(timeline) == [
        pytest.approx(expected, abs=2 / RATE) for expected in (2.5 + 2.0 + 0.45, 2.25 + 2.0 + 0.45, 0.45)
    ]


def says(bench, line_id: str, character: str, relation: Relation, row: int) -> Line:
    return replace(
        bench.line(line_id, relation),
        character=character,
        spans=(Span("book.md", row, 40 * row, 40 * row + 30),),
    )


@pytest.mark.parametrize(("relation", "expected_s"), [("paragraph", 0.75), ("speaker", 0.40)])
def test_a_new_speakers_own_paragraph_has_a_paragraphs_gap(bench, relation: Relation, expected_s: float):
    """In the same paragraph it is the gap of a change of speaker."""
    lines = [says(bench, "a", "Ann", "start", 1), says(bench, "b", "Bob", relation, 3)]
    score = bench.score(lines, [bench.take(name, bench.burst(1.0)) for name in "ab"], pacing=PLAIN)
    assert gaps_s(place(score, {})) == [pytest.approx(expected_s, abs=1 / RATE)]


@pytest.mark.parametrize(("speaker_s", "expected_s"), [(0.4, 0.75), (1.5, 1.5)])
def test_a_new_paragraph_of_someone_else_has_the_longer_gap(bench, speaker_s, expected_s):
    pacing = Pacing(vary=0.0, speaker_s=speaker_s)
    before, after = says(bench, "a", "Ann", "start", 1), says(bench, "b", "Bob", "paragraph", 3)
    assert gap_before_s(after, pacing, before=before) == expected_s
    assert gap_before_s(replace(after, character="Ann", relation="paragraph"), pacing, before=before) == 0.75


def test_a_written_dialogue_has_a_paragraphs_gap_at_each_new_speaker(tmp_path, bench):
    """Read from a script, where the rows come from; narration inside a paragraph keeps the shorter gap."""
    rows = ["---", "fullcast: 1", "book: {title: A, language: en-us, announce_chapters: false}", "cast:"]
    rows += ["  narrator: tone/low", "  Ann: tone/high", "  Bob: tone/mid", "---", "# One", ""]
    rows += ["Ann: Are you there?", "", "Bob: I am.", "", "“So am I.”{Ann} She left.", ""]
    (tmp_path / "book.md").write_text("\n".join(rows), encoding="utf-8")
    chapter = read_script(tmp_path / "book.md").chapters[0]
    takes = [bench.take(line.id, bench.burst(1.0)) for line in chapter.lines]
    timeline = place(bench.score(chapter.items, takes, pacing=PLAIN), {})
    assert gaps_s(timeline) == [pytest.approx(gap, abs=1 / RATE) for gap in (0.75, 0.75, 0.40)]


def test_whole_frames_only_add_to_the_tail_and_never_a_whole_frame(bench):
    timeline = place(two_lines(bench), {}).at_rate(44_100)
    framed = timeline.in_whole_frames()
    assert framed.length_samples % 1024 == 0
    assert 0 <= framed.length_samples - timeline.length_samples < 1024
    assert replace(framed, length_samples=timeline.length_samples) == timeline
    assert framed.in_whole_frames() == framed
    assert timeline.at_rate(48_000).in_whole_frames() == timeline.at_rate(48_000)


def test_a_bed_never_outlasts_the_chapter(bench):
    rain = bench.sound("rain.flac", bench.burst(1.0), under=True)
    timeline = place(two_lines(bench, rain), {rain.file: 600.0})
    assert timeline.lines[-1].end_samples < timeline.sounds[0].end_samples < timeline.length_samples


def test_a_sound_of_unknown_length_is_an_error_that_says_where(bench):
    door = bench.sound("door.flac", bench.burst(1.0))
    with pytest.raises(AudioError, match=r"book\.md:1: .*door\.flac"):
        place(two_lines(bench, door), {})


def test_takes_of_other_rates_keep_their_length(bench):
    takes = [bench.take("a", bench.burst(1.0, 16_000)), bench.take("b", bench.burst(1.0, 44_100))]
    items = [bench.line("a", "start"), bench.line("b")]
    timeline = place(bench.score(items, takes), {})
    for span in timeline.lines:
        assert (span.end_samples - span.start_samples) / RATE == pytest.approx(1.0, abs=0.001)


@given(samples=st.integers(0, 10**10), rates=st.permutations([16_000, 22_050, 24_000, 44_100, 48_000]))
def test_counting_at_another_rate_is_exact(samples: int, rates: list[int]):
    there = convert_samples(samples, rates[0], rates[1])
    assert abs(there * rates[0] - samples * rates[1]) * 2 <= rates[0]


def test_another_rate_keeps_everything_within_half_a_sample(bench):
    door = bench.sound("door.flac", bench.burst(1.0))
    timeline = place(two_lines(bench, door), {door.file: 1.0})
    moved = timeline.at_rate(44_100)
    assert moved.duration_s == pytest.approx(timeline.duration_s, abs=0.5 / 44_100)
    for before, after in zip([*timeline.lines, *timeline.sounds], [*moved.lines, *moved.sounds], strict=True):
        assert after.start_samples / 44_100 == pytest.approx(before.start_samples / RATE, abs=0.5 / 44_100)
        assert after.end_samples / 44_100 == pytest.approx(before.end_samples / RATE, abs=0.5 / 44_100)
    assert timeline.at_rate(RATE) == timeline


def test_an_empty_chapter_is_head_and_tail(bench):
    assert place(bench.score([], []), {Path("x"): 1.0}).duration_s == 3.75
