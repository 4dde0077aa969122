"""Markdown: who speaks, how lines relate, and what an author's slips are told as."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from script_files import write_sound

from pipeline.direction import Emotion
from pipeline.script.model import Pause, SceneBreak, Script, Sound

Check = Callable[..., Any]
Read = Callable[..., Script]


def said(script: Script) -> list[tuple[str, str]]:
    return [(line.character, line.text) for line in script.lines()]


def messages(check: Check, body: str) -> str:
    _, problems = check(body)
    return "\n".join(map(str, problems))


def test_a_novel_without_annotation_is_all_narration(read: Read) -> None:
    script = read('# One\nHe said: go. “Where?” she asked.\nNote: this is prose.\n\n"Home," he said.\n')
    assert {line.character for line in script.lines()} == {"narrator"}
    assert " ".join(line.text for line in script.lines()).endswith('this is prose. "Home," he said.')


def test_a_label_gives_its_paragraph_to_a_character(read: Read) -> None:
    script = read("Della (sad, 0.7): Jim, darling,\ndon't look at me.\n\nMrs. Young: No.\n\n**Jim:** Dell.\n")
    assert said(script) == [("Della", "Jim, darling, don't look at me."), ("Della", "No."), ("Jim", "Dell.")]
    direction = next(script.lines()).direction
    assert direction.emotion == Emotion.from_label("sad") and direction.intensity == 0.7


def test_a_label_takes_every_direction_by_key(read: Read) -> None:
    line = next(
        read('Jim (rate=0.9 pitch=+2 gain=-3 id=jim-4 style="half asleep" language=en-gb): Yes.\n').lines()
    )
    assert (line.id, line.named, line.language) == ("jim-4", True, "en-gb")
    wanted = (0.9, 2.0, -3.0, "half asleep")
    got = line.direction
    assert (got.rate, got.pitch_semitones, got.gain_db, got.emotion.style) == wanted


def test_full_width_marks_make_a_label_too(read: Read) -> None:
    assert said(read("Jim（sad，0.5）：你好。\n")) == [("Jim", "你好。")]


def test_an_attribute_gives_just_the_quoted_words(read: Read) -> None:
    script = read("“Jim, darling,”{Della sad} she cried, “don't look at me.”{Della} Then she wept.\n")
    assert said(script) == [
        ("Della", "“Jim, darling,”"),
        ("narrator", "she cried,"),
        ("Della", "“don't look at me.”"),
        ("narrator", "Then she wept."),
    ]
    assert [line.relation for line in script.lines()] == ["start", "tag", "tag", "speaker"]


@pytest.mark.parametrize(
    "quotation", ["“Yes”", '"Yes"', "‘Yes’", "'Yes'", "«Yes»", "»Yes«", "„Yes“", "「Yes」", "『Yes』"]
)
def test_every_usual_quotation_mark_takes_an_attribute(read: Read, quotation: str) -> None:
    script = read(f"It's so: {quotation}{{Jim}} he said.\n")
    assert ("Jim", quotation) in said(script)


def test_the_attribute_belongs_to_the_quotation_that_it_closes(read: Read) -> None:
    script = read("“First” and “he said ‘inner’ words”{Della} end.\n")
    assert ("Della", "“he said ‘inner’ words”") in said(script)


def test_bracketed_words_need_no_quotation_marks(read: Read) -> None:
    script = read("[Give it to me]{character=Della emotion=excited intensity=.7 id=x}, she said.\n")
    first, second = script.lines()
    assert (first.character, first.text, first.id) == ("Della", "Give it to me,", "x")
    assert first.direction.intensity == 0.7 and second.text == "she said."


def test_words_with_a_direction_alone_stay_with_their_speaker(read: Read) -> None:
    script = read("Jim: I am [very]{emotion=angry} sorry.\n")
    assert [(line.character, line.relation) for line in script.lines()] == [
        ("Jim", "start"),
        ("Jim", "split"),
        ("Jim", "split"),
    ]
    assert [line.direction.emotion.label for line in script.lines()] == ["tender", "angry", "tender"]


def test_relations_tell_how_lines_follow_one_another(read: Read) -> None:
    script = read(
        "# One\nThe first sentence of all is this one. The second one follows it here.\n\nNext.\n\n"
        "Jim: Me.\n\n“Yes.”{Jim} He left.\n\n***\n\nJim: Later.\n"
    )
    wanted = ["start", "title", "sentence", "paragraph", "paragraph", "paragraph", "speaker", "scene"]
    assert [line.relation for line in script.lines()] == wanted


def test_cues_stand_between_lines(read: Read) -> None:
    script = read("One.\n\n{pause 1.5}\n\n* * *\n\nTwo.\n")
    pause, scene = [item for item in script.chapters[0].items if isinstance(item, Pause | SceneBreak)]
    assert isinstance(pause, Pause) and pause.duration_s == 1.5 and isinstance(scene, SceneBreak)


def test_a_sound_is_found_beside_the_script(check: Check, tmp_path: Path) -> None:
    write_sound(tmp_path / "door.wav")
    script, _ = check("One.\n\n{sound door.wav gain=-6 under fade_out=2 duck=-10}\n\nTwo.\n")
    assert script is not None
    (sound,) = [item for item in script.chapters[0].items if isinstance(item, Sound)]
    assert (sound.gain_db, sound.under, sound.fade_out_s, sound.duck_db) == (-6.0, True, 2.0, -10.0)
    assert sound.file == tmp_path / "door.wav"
    assert "there is no sound file" in messages(check, "One.\n\n{sound dor.wav}\n")


def test_headings_start_chapters_and_sections(read: Read) -> None:
    script = read("Before.\n\n# One #\nText.\n\n## Part\nMore.\n\n# Two\nEnd.\n")
    assert [chapter.title for chapter in script.chapters] == ["The Trial", "One", "Two"]
    assert [line.text for line in script.lines() if line.title] == ["One", "Part", "Two"]
    part = next(line for line in script.lines() if line.text == "Part")
    assert part.relation == "scene"


def test_a_book_may_keep_its_titles_silent(read: Read) -> None:
    head = "---\nbook: {title: T, announce_chapters: no}\ncast: {narrator: tone/low}\n---\n"
    script = read("# One\nText.\n", head=head)
    assert [line.text for line in script.lines()] == ["Text."]
    assert script.chapters[0].title == "One"


def test_a_comment_over_many_rows_is_silent(read: Read) -> None:
    script = read("One <!-- a\n\nb # c\n--> two.\n\n<!-- alone -->\n\nThree.\n")
    assert [line.text for line in script.lines()] == ["One two.", "Three."]


def test_chinese_rows_are_joined_without_a_space(read: Read) -> None:
    assert [line.text for line in read("今天天气\n很好。\n").lines()] == ["今天天气很好。"]


def test_a_list_is_read_item_by_item(read: Read) -> None:
    script = read("- One thing.\n- Another\n  thing.\n\n1. First.\n2. Second.\n")
    assert [line.text for line in script.lines()] == ["One thing.", "Another thing.", "First.", "Second."]


def test_a_year_at_the_start_of_a_paragraph_is_no_list(read: Read) -> None:
    assert next(read("1914. The war began.\n").lines()).text.startswith("1914.")


def test_a_number_that_a_list_swallows_is_told(check: Check) -> None:
    assert "'7.' is a list's number" in messages(check, "7. Juli war es.\n")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("Dela: hi.\n", "no character 'Dela' in the cast; did you mean 'Della'?"),
        ("jim: hi.\n", "no character 'jim' in the cast; did you mean 'Jim'?"),
        ("Xavier (sad): hi.\n", "no character 'Xavier' in the cast"),
        ("Captain Brown: hi.\n", "no character 'Captain Brown' in the cast"),
        ("Della (sda): hi.\n", "no emotion 'sda'; did you mean 'sad'?"),
        ("Della (rate=9): hi.\n", "'rate' of Della must be at most 2, not 9"),
        ("Della (character=Jim): hi.\n", "no key 'character' in Della"),
        ("Della (sad happy): hi.\n", "'emotion' is given twice: 'sad' and 'happy'"),
        ("“A”{Jom sad} b.\n", "no character 'Jom' in the cast"),
        ("“A”{Della sadd} b.\n", "no emotion 'sadd'; did you mean 'sad'?"),
        ("“A” {Della} b.\n", "'{Della}' stands behind no closing quotation mark or bracket"),
        ("A”{Della} b.\n", "no quotation mark opens the words before '{Della}'"),
        ("“A”{} b.\n", "an empty attribute '{}'"),
        ("He said\nDella: hi.\n", "'Della:' stands within a paragraph"),
        ("A {pause 1} b.\n", "the cue '{pause 1}' must be a row of its own"),
        ("A.\n\n[pause 1.2]\n", "a cue is written in braces, not '[pause 1.2]'; write '{pause 1.2}'"),
        ("A.\n\n{pause long}\n", "'pause' of a pause must be a number, not 'long'"),
        ("A.\n\n{sound a.wav gian=3}\n", "no key 'gian' in a sound; did you mean 'gain'?"),
        ("A <!-- b\n", "the comment '<!--' has no end"),
        ("Della:\n\nNext.\n", "Della says nothing"),
        ("“A”{Della id=x}\n\n“B”{Jim id=x}\n", "ID 'x' is given twice; first at"),
        ("“A”{Della id=a/b}\n", "'a/b' cannot be the 'id' of Della"),
    ],
)
def test_a_slip_is_told_with_its_row_and_what_to_do(check: Check, body: str, wanted: str) -> None:
    script, problems = check(body)
    assert script is None
    found = [problem for problem in problems if wanted in str(problem)]
    assert found, [str(problem) for problem in problems]
    assert not found[0].warning


def test_all_problems_are_told_at_once_in_their_rows(check: Check, front_matter: str) -> None:
    _, problems = check("Dela: hi.\n\nDella (sda): hi.\n\n“A”{Jom}\n")
    rows = [problem.line - front_matter.count("\n") for problem in problems if not problem.warning]
    assert rows == [1, 3, 5]


def test_a_backslash_makes_a_name_prose(read: Read) -> None:
    assert said(read("Della\\: a short life.\n")) == [("narrator", "Della: a short life.")]


def test_crlf_and_a_byte_order_mark_change_nothing(read: Read, front_matter: str) -> None:
    body = "# One\nText of\nrows.\n\nDella (sad): Yes.\n"
    plain = read(body)
    other = read(body.replace("\n", "\r\n"), head="\ufeff" + front_matter.replace("\n", "\r\n"))
    assert said(plain) == said(other)
    assert [line.id for line in plain.lines()] == [line.id for line in other.lines()]
    assert [line.spans[0].line for line in plain.lines()] == [line.spans[0].line for line in other.lines()]


def test_moving_a_line_keeps_its_id_and_changing_it_does_not(read: Read) -> None:
    first = [line.id for line in read("Della: Yes.\n\nJim: No.\n").lines()]
    moved = [line.id for line in read("# One\n\nJim: No.\n\nDella: Yes.\n").lines()]
    assert set(first) < set(moved)
    assert not set(first) & {line.id for line in read("Della: Yes!\n").lines()}


def test_the_same_words_twice_get_numbered_ids(read: Read) -> None:
    ids = [line.id for line in read("Della: Yes.\n\nDella: Yes.\n\nDella: Yes.\n").lines()]
    assert ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_a_script_without_front_matter_says_what_to_write(check: Check) -> None:
    _, problems = check("Text.\n", head="")
    assert [problem.message for problem in problems] == ["the script has no front matter"]
    _, problems = check("Text.\n", head="---\nbook: {title: T}\n")
    assert problems[0].message == "the front matter has no end"
