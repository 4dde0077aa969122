"""From a checked script to complete directions: paragraphs, scenes, and what an author wrote himself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.direction import NEUTRAL, Emotion
from pipeline.emotion.resolve import ResolvedEmotion, resolve_emotions, resolved_line
from pipeline.script.model import Line, Script

Book = Callable[..., Script]
SENTENCES = [
    "She waited.", "Jim laughed.", "“Go!”{Della}", "“Stay.”{Jim sad}", "“Why?”{Jim}", "she sobbed.",
    "Della: I'm so scared.", "“怎么是你？”{Mei}小梅惊道。", "\n\n", "\n\n***\n\n",
]  # fmt: skip


def by_text(script: Script) -> dict[str, ResolvedEmotion]:
    """What was inferred, by the line's words."""
    found = resolve_emotions(script)
    return {line.text: found[line.id] for line in script.lines() if line.id in found}


def test_a_tag_behind_a_quotation_is_found(book: Book):
    script = book("“The boat has left,”{Della} she sobbed, “and I am late.”{Della}\n")
    found = by_text(script)
    assert {text: each.label for text, each in found.items()} == {
        "“The boat has left,”": "sad",
        "“and I am late.”": "sad",
    }
    assert found["“and I am late.”"].direction.emotion == Emotion.from_label("sad")


def test_evidence_names_the_line_its_place_and_the_words(book: Book):
    script = book("It was late.\n\n“No,”{Della} said Della bitterly.\n")
    (found,) = resolve_emotions(script).values()
    words = found.words[0]
    line = next(line for line in script.lines() if line.id == words.line_id)
    assert line.text[words.start : words.end] == words.quote == "bitterly"
    assert words.where == line.where and words.where.endswith("book.md:13")
    assert words.rule == "tag-adverb"
    assert found.describe().startswith('auto: bitter (0.92), tag-adverb "bitterly" at ')


def test_a_beat_that_begins_a_sentence_belongs_to_the_paragraph(book: Book):
    found = by_text(book("“Who left this open?”{Della} Her eyes blazed.\n"))
    assert found["“Who left this open?”"].label == "angry"


def test_narration_of_the_next_paragraph_is_not_of_this_one(book: Book):
    found = by_text(book("“Who left this open?”{Della}\n\nHer eyes blazed.\n"))
    assert found["“Who left this open?”"].label == "neutral"


def test_rows_of_one_paragraph_are_one_paragraph(book: Book):
    found = by_text(book("“Who left this open?”{Della}\nHer eyes blazed.\n"))
    assert found["“Who left this open?”"].label == "angry"


def test_aliases_are_names_of_the_speaker(book: Book):
    script = book("“Keep it.”{Della} Mrs. Young wept. “Keep it.”{Jim} Mrs. Young wept.\n")
    found = resolve_emotions(script)
    labels = [found[line.id].label for line in script.lines() if line.id in found]
    assert labels == ["sad", "neutral"]


def test_a_cast_member_without_a_line_is_still_somebody_else(book: Book):
    # Jim says nothing in this chapter, but he is in the cast.
    found = by_text(book("“Keep it.”{Della} Jim wept.\n"))
    assert found["“Keep it.”"].label == "neutral"


def test_intensity_rate_and_style_of_the_role_stay(book: Book):
    (found,) = by_text(book("Jim (auto, style=low): I'm so tired.\n")).values()
    assert found.label == "tired"
    assert found.direction.rate == 0.9
    assert found.direction.emotion.style == "low"
    # 0.8, which words of the line itself get, of the author's 1 (a new emotion without one has 1).
    assert found.direction.intensity == pytest.approx(0.8)


def test_a_roles_intensity_is_multiplied(book: Book):
    (found,) = by_text(book("Jim: I'm so tired.\n")).values()
    assert found.direction.intensity == pytest.approx(0.8 * 0.8)


def test_nothing_found_is_neutral_with_the_rest_kept(book: Book):
    (found,) = by_text(book("Jim: The key is under the pot.\n")).values()
    assert found.direction.emotion == NEUTRAL and found.words == ()
    assert found.direction.intensity == 0.8 and found.direction.rate == 0.9
    assert found.direction.as_key()["emotion"] == [0.0, 0.0, 0.0]


def test_lines_that_do_not_ask_are_not_in_it(book: Book):
    script = book("“No,”{Della sad} she laughed.\n")
    assert resolve_emotions(script) == {}
    assert [resolved_line(line, {}) for line in script.lines()] == list(script.lines())


def test_the_narrator_is_left_neutral(book: Book):
    head = "---\nbook: {title: T}\ncast: {narrator: {voice: tone/low, emotion: auto}}\n---\n# One\n\n"
    script = book("She sobbed. I hate you!\n", head=head)
    assert {each.label for each in resolve_emotions(script).values()} == {"neutral"}


def test_a_scene_break_ends_what_was_felt(book: Book):
    body = "“No,”{Della} she sobbed.\n\n“Who?”{Jim}\n\n%s“The pier is empty.”{Della}\n"
    assert by_text(book(body % ""))["“The pier is empty.”"].label == "sad"
    assert by_text(book(body % "***\n\n"))["“The pier is empty.”"].label == "neutral"


def test_a_chapter_begins_anew(book: Book):
    found = by_text(book("“No,”{Della} she sobbed.\n\n# Two\n\n“The pier is empty.”{Della}\n"))
    assert found["“The pier is empty.”"].label == "neutral"


def test_chinese_lines_in_an_english_book_have_chinese_rules(book: Book):
    found = by_text(book("“怎么是你？”{Mei}小梅惊道。\n"))
    assert found["“怎么是你？”"].label == "surprised"


def test_tags_of_a_yaml_script_stand_in_rows_of_their_own(book: Book):
    head = (
        "book: {title: T}\ncast: {narrator: tone/low, Ann: {voice: tone/high, emotion: auto}}\n"
        "chapters:\n  - title: One\n    lines:\n"
    )
    body = "      - Ann: It was mine,\n      - she sobbed.\n      - Ann: It rains.\n      - Bob wept.\n"
    found = by_text(book(body, head=head, name="book.yaml"))
    assert found["It was mine,"].label == "sad"
    assert found["It was mine,"].words[0].quote == "sobbed"


def test_narration_of_a_yaml_row_that_leads_in_a_line_is_its_tag(book: Book):
    head = (
        "book: {title: T}\ncast: {narrator: tone/low, Ann: {voice: tone/high, emotion: auto}}\n"
        "chapters:\n  - title: One\n    lines:\n"
    )
    body = '      - "Ann turned and said bitterly:"\n      - Ann: It rains.\n      - She was furious.\n'
    found = by_text(book(body, head=head, name="book.yaml"))
    assert found["It rains."].label == "bitter"


@given(st.lists(st.sampled_from(SENTENCES), max_size=8).map(" ".join))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_lines_that_ask_are_changed_and_only_in_their_direction(book: Book, body: str):
    script = book("It began.\n\n" + body + "\n")
    found = resolve_emotions(script)
    assert found == resolve_emotions(script)
    lines: dict[str, Line] = {line.id: line for line in script.lines()}
    assert set(found) == {line.id for line in lines.values() if line.direction.emotion.auto}
    for line in lines.values():
        after = resolved_line(line, found)
        assert not after.direction.emotion.auto
        assert (after.id, after.text, after.spans) == (line.id, line.text, line.spans)
        if line.id not in found:
            assert after is line
    for each in found.values():
        for words in each.words:
            assert lines[words.line_id].text[words.start : words.end] == words.quote
