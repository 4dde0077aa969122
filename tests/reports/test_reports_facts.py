"""The numbers of a report, against a small book made for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.direction import Realisation
from pipeline.events import ModelEvicted, ModelLoaded, TakeDamaged, WorkerLost
from pipeline.plan.plan import Plan
from pipeline.reports.conservation import file_characters
from pipeline.text.spoken import SpokenText

# Fixtures of conftest.py; a test file cannot import the class.
MadeBook = Any
MakeBook = Callable[..., Any]


def lines_of(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All lines of a report by the beginning of their text."""
    return {line["text"][:12]: line for chapter in facts["chapters"] for line in chapter["lines"]}


def without_ben(plan: Plan) -> Plan:
    """The plan of a run that leaves Ben out."""
    return plan.restricted(lambda line: line.line.character != "Ben")


def test_totals_count_each_line_once_by_what_became_of_it(first_run: MadeBook) -> None:
    totals = first_run.facts()["totals"]
    assert totals["lines"] == 7
    assert (totals["rendered"], totals["quarantined"]) == (6, 1)
    assert (totals["reused"], totals["silent"], totals["skipped"], totals["missing"]) == (0, 0, 0, 0)


def test_a_second_run_reuses_what_the_first_rendered(second_run: MadeBook) -> None:
    totals = second_run.facts()["totals"]
    assert (totals["rendered"], totals["reused"], totals["quarantined"]) == (0, 6, 1)


def test_a_line_stands_where_the_timeline_has_it(first_run: MadeBook) -> None:
    book = first_run
    facts = book.facts()
    for one, chapter in zip(book.stitched, facts["chapters"], strict=True):
        timeline = one.master.timeline
        found = {line["id"]: line for line in chapter["lines"]}
        for span in timeline.lines:
            shown = found[span.line.id]
            assert shown["start_s"] == pytest.approx(span.start_samples / timeline.sample_rate, abs=1e-4)
            assert shown["end_s"] == pytest.approx(span.end_samples / timeline.sample_rate, abs=1e-4)
        assert chapter["duration_s"] == pytest.approx(timeline.duration_s, abs=1e-6)
    assert facts["totals"]["audio_s"] == pytest.approx(
        sum(one.master.timeline.duration_s for one in book.stitched), abs=1e-3
    )


def test_a_chapter_carries_what_its_master_measures(first_run: MadeBook) -> None:
    book = first_run
    chapter, levels = book.facts()["chapters"][0], book.stitched[0].master.levels
    assert chapter["integrated_lufs"] == levels.integrated_lufs
    assert chapter["true_peak_dbtp"] == levels.true_peak_dbtp
    assert chapter["rms_dbfs"] == levels.rms_dbfs
    assert chapter["loudness_curve"] == list(levels.loudness_curve)
    # One value a second of sound.
    assert abs(len(chapter["loudness_curve"]) - chapter["duration_s"]) <= 1.0


def test_chapter_files_are_named_as_they_lie_beside_the_page(first_run: MadeBook) -> None:
    book = first_run
    for chapter in book.facts()["chapters"]:
        assert (book.published.folder / chapter["file"]).is_file()
        assert chapter["file_start_s"] == 0.0


def test_without_chapter_files_a_chapter_is_a_stretch_of_the_book(make_book: MakeBook) -> None:
    book = make_book(formats=())
    one, two = book.facts()["chapters"]
    assert (one["file"], two["file"]) == ("book.m4b", "book.m4b")
    assert one["file_start_s"] == 0.0
    assert two["file_start_s"] == pytest.approx(book.stitched[0].master.timeline.duration_s, abs=1e-5)


def test_a_chapter_that_was_not_stitched_has_no_file_and_no_places(make_book: MakeBook) -> None:
    chapter = make_book(ready=(0,)).facts()["chapters"][1]
    assert chapter["file"] is None and chapter["duration_s"] is None
    assert {line["start_s"] for line in chapter["lines"]} == {None}


def test_every_character_is_accounted_for_when_a_line_failed(first_run: MadeBook) -> None:
    book = first_run
    text = book.facts()["text"]
    files, source = text["files"], book.plan.script
    assert text["conserved"] is True and text["problems"] == []
    assert files["characters"] == sum(source.sources.values())
    assert files["in_failed_lines"] == len("tone-error is what he said.")
    parts = ("in_takes", "in_silent_lines", "in_failed_lines", "in_skipped_lines", "silent")
    assert sum(files[part] for part in parts) == files["characters"]
    assert sum(files["silent_by_rule"].values()) == files["silent"]
    # The runs of three spaces inside a line become one: the file has two characters more than the texts.
    spoken = sum(len(fate.line.text) for fate in book.plan.lines if fate.line.id in book.takes)
    within = text["lines"]
    assert within["characters"] == spoken
    by_rule = sum(within["read_by_rule"].values()) + sum(within["not_said_by_rule"].values())
    assert within["as_written"] + by_rule == within["characters"]


def test_every_character_is_accounted_for_when_lines_were_left_out(make_book: MakeBook) -> None:
    book = make_book(restrict=without_ben, ready=())
    facts = book.facts()
    bens = [line.line for line in book.plan.lines if line.line.character == "Ben"]
    assert facts["totals"]["skipped"] == len(bens) == 2
    assert facts["text"]["files"]["in_skipped_lines"] == sum(file_characters(line) for line in bens)
    assert facts["text"]["files"]["unaccounted"] == 0
    assert facts["text"]["conserved"] is True


def test_rules_inside_lines_are_counted_by_name(first_run: MadeBook) -> None:
    within = first_run.facts()["text"]["lines"]
    assert within["read_by_rule"]["number"] in (len("12"), len("12 "))


def test_a_character_that_no_line_and_no_rule_has_is_found(first_run: MadeBook) -> None:
    book = first_run
    script = replace(book.plan.script, silent=book.plan.script.silent[:-1])
    lost = book.plan.script.silent[-1].span
    text = book.facts(plan=replace(book.plan, script=script))["text"]
    assert text["conserved"] is False
    assert text["files"]["unaccounted"] == lost.end - lost.start
    assert any("story.md" in problem for problem in text["problems"])


def test_a_piece_missing_in_a_line_s_spoken_text_is_found(first_run: MadeBook) -> None:
    book = first_run
    planned = book.plan.lines[1]
    cut = SpokenText(planned.spoken.written, planned.spoken.pieces[:-1], planned.spoken.phonemes)
    plan = replace(book.plan, lines=(book.plan.lines[0], replace(planned, spoken=cut), *book.plan.lines[2:]))
    text = book.facts(plan=plan)["text"]
    assert text["conserved"] is False
    assert text["lines"]["unaccounted"] > 0
    assert any(planned.line.id in problem and "cover" in problem for problem in text["problems"])


def test_an_utterance_that_was_lost_is_found(first_run: MadeBook) -> None:
    book = first_run
    first, *others = book.plan.lines
    plan = replace(book.plan, lines=(replace(first, utterances=()), *others))
    text = book.facts(plan=plan)["text"]
    assert text["conserved"] is False
    assert any("do not say all" in problem for problem in text["problems"])


def test_a_line_that_the_plan_forgot_is_found(first_run: MadeBook) -> None:
    book = first_run
    text = book.facts(plan=replace(book.plan, lines=book.plan.lines[:-1]))["text"]
    assert text["conserved"] is False
    assert text["files"]["unaccounted"] == file_characters(book.plan.lines[-1].line)


def test_a_take_of_other_words_is_found(first_run: MadeBook) -> None:
    book = first_run
    first, second = [line for line in book.plan.lines if line.line.id in book.takes][:2]
    takes = {**book.takes, first.line.id: book.takes[second.line.id]}
    text = book.facts(takes=takes)["text"]
    assert text["conserved"] is False
    assert any("its take says something else" in problem for problem in text["problems"])


def test_a_take_that_vanished_is_missing_with_a_reason(second_run: MadeBook) -> None:
    book = second_run
    gone = next(iter(book.takes))
    takes = {name: take for name, take in book.takes.items() if name != gone}
    facts = book.facts(takes=takes)
    assert [(line["id"], line["reason"]) for line in facts["missing"]] == [
        (gone, "its take could not be read")
    ]
    assert facts["text"]["files"]["in_failed_lines"] > 0 and facts["text"]["conserved"] is True


def test_quarantined_lines_are_listed_with_place_and_reason(first_run: MadeBook) -> None:
    (lost,) = first_run.facts()["quarantined"]
    assert lost["where"].startswith("story.md:") and lost["character"] == "Ben" and lost["chapter"] == 1
    assert "tone engine was asked to fail" in lost["reason"]


def test_emotions_are_counted_by_what_was_asked_and_how_it_was_realised(first_run: MadeBook) -> None:
    book = first_run
    sad = next(line for line in book.plan.lines if line.line.character == "Anna")
    dropped = replace(book.takes[sad.line.id], realisation=Realisation("none", (), "it cannot be sad"))
    emotions = book.facts(takes={**book.takes, sad.line.id: dropped})["emotions"]
    assert (emotions["asked"], emotions["realised"]) == (2, 1)
    rows = {row["asked"]: row for row in emotions["by_label"]}
    assert rows["angry"]["prosody"] == 1 and rows["sad"]["none"] == 1
    (lost,) = emotions["not_realised"]
    assert (lost["id"], lost["asked"], lost["note"]) == (sad.line.id, "sad", "it cannot be sad")


def test_a_neutral_line_asks_for_no_emotion(first_run: MadeBook) -> None:
    lines = lines_of(first_run.facts())
    assert lines["Who is there"]["asks_emotion"] is True
    assert lines["Who is there"]["asked"]["intensity"] == 0.5
    assert lines["The lamp wen"]["asks_emotion"] is False


def test_long_silence_inside_a_take_is_a_warning(first_run: MadeBook) -> None:
    book = first_run
    name, take = next(iter(book.takes.items()))
    quiet = replace(take, levels=replace(take.levels, longest_silence_s=2.0), warnings=("odd word",))
    facts = book.facts(takes={**book.takes, name: quiet})
    warned = next(line for chapter in facts["chapters"] for line in chapter["lines"] if line["id"] == name)
    assert warned["warnings"] == ["odd word", "2.0 s of silence inside the line"]
    assert facts["totals"]["warnings"] == 2


def test_loads_are_held_against_the_fewest_that_could_do(first_run: MadeBook) -> None:
    book = first_run
    events = [
        ModelLoaded(0, "tone@1", 1_000_000, 0.5),
        ModelEvicted(0, "tone@1", 1_000_000),
        ModelLoaded(0, "tone@1", 1_000_000, 0.25),
        WorkerLost(0, "died", 3),
        TakeDamaged("ab" * 32, "audio differs"),
    ]
    facts = book.facts(events=events)
    workers = facts["workers"]
    assert (workers["loads"], workers["loads_needed"], workers["evictions"]) == (2, 1, 1)
    assert workers["lost"] == [{"worker": 0, "reason": "died", "lines_in_hand": 3}]
    assert workers["damaged_takes"] == [{"take": "ab" * 32, "reason": "audio differs"}]
    assert facts["run"]["load_s"] == 0.75


def test_speed_is_new_audio_over_wall_time(first_run: MadeBook, second_run: MadeBook) -> None:
    book = first_run
    run = book.facts(wall_s=2.0)["run"]
    assert run["times_real_time"] == pytest.approx(book.outcome.audio_s / 2.0, abs=0.01)
    assert second_run.facts()["run"]["times_real_time"] is None


def test_voices_come_with_licence_and_consent(first_run: MadeBook) -> None:
    voices = {voice["voice"]: voice for voice in first_run.facts()["voices"]}
    assert set(voices) == {"tone/mid", "tone/high", "tone/low"}
    assert voices["tone/high"]["characters"] == ["Anna"]
    assert voices["tone/high"]["licence_weights"] == "Apache-2.0"
    assert voices["tone/high"]["consent"] == "built-in voice, no consent needed"


@pytest.mark.parametrize(
    ("changes", "consents", "said"),
    [
        ({"state": "embedding"}, {}, "no record"),
        ({"state": "embedding", "synthetic": True}, {}, "made of nobody's voice, no consent needed"),
        (
            {"state": "reference"},
            {"mine/grandpa": "Old Man agreed on 2026-01-02"},
            "Old Man agreed on 2026-01-02",
        ),
        ({"state": "published"}, {}, "built-in voice, no consent needed"),
    ],
)
def test_a_voice_made_from_a_recording_shows_its_consent(
    first_run: MadeBook, changes: dict[str, Any], consents: dict[str, str], said: str
) -> None:
    book = first_run
    lines = []
    for planned in book.plan.lines:
        part, share = planned.voice.parts[0]
        voice = replace(planned.voice, parts=((replace(part, id="mine/grandpa", **changes), share),))
        lines.append(replace(planned, voice=voice))
    voices = book.facts(plan=replace(book.plan, lines=tuple(lines)), consents=consents)["voices"]
    assert {voice["consent"] for voice in voices} == {said}
