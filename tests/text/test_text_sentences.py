"""Where sentences end, and how short ones are joined."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.text.sentences import join_short, split_sentences

# `|` marks where a sentence ends.
ENGLISH = [
    "“Go!” he said. |He went.",
    "‘Stop!’ cried Al. |He ran.",
    "“Really?” Alice asked. |“Go!” Tom cried.",
    "“Why?” |“Because.” |“Oh.”",
    "Mr. Smith met J. R. R. Tolkien at 5 p.m. in No. 5. |He said e.g. this. |The U.S. Army came.",
    "We met in the U.S. |He left.",
    "Wait... what? |“Oh… no.” |Yes.",
    "Oh… |No. |Wait ... |What?",
    "1. First item. |Version 2.0.1 is out.",
    "Was it I? |It was I. |Then he left.",
    "He said, “Well. |I must go.” |Then came more.",
    "“No.” |He left. |(Really.) |Yes.",
    "I saw No. 5. |No. |He said no. |Yes.",
    "It is 3.50. |At 10:30. |He ran.",
    "It was etc. |The end.",
    "What?! |No!! |“Yes...” he said.",
    "Plan B. |We go. |See fig. 3. |It is.",
    "Samuel L. Jackson came. |John Smith Jr. was here.",
    "He lives on Main St. |She lives there.",
    "St. Paul spoke. |Mt. Etna did not.",
    "para one\n\n|para two. |More.",
    "line one.\nline two.",
    "A. A. Milne wrote it. |J. P. Morgan and V. S. Naipaul did not.",
    "Come here, hon. |Then we ran 5 m. |Col. Sanders stayed.",
    "First, this:\n1. One thing. |It is 5. |Good.",
    "He (never!) went. |She did (why?). |Good.",
    ". . . and then. |So",
    "He left at 9 a.m. Tuesday. |At 9 a.m. John left. |It's 2 a.m. |I can't sleep. |At 9 a.m. I left.",
    "“When?” |“At 9 a.m. |The usual place.”",
    "He stood 6 ft. 2 in. tall. |He was 6 ft. |The room was 10 ft. 2 in. wide. |It took 5 min. |He ran.",
    "The bar, est. 1850, burned. |See Eq. 4. |It holds. |She lives at Apt. 4. |He rents an apt. |The end.",
    "The city had c. 5,000 people. |Take Rte. 66. |Read 1 Cor. 13:4.",
    "You are Lv. 12. |He weighs 14 st. 6 lb. now.",
    "…",
    "Hello world",
]
OTHERS = [
    ("zh", "“你好！”他说。|“走吧……”她说。|真的吗？！|好。|（是。）|完"),
    ("zh", "他说：“好。”|然后走了。"),
    ("zh", "「走！」他喊道。|「不。」"),
    ("zh", "价格是3.14元。|好"),
    ("zh", "你好……我走了。|再见"),
    ("de", "Das ist z.B. gut. |Herr Dr. Müller kam am 3. Mai. |Er ging."),
    ("fr", "M. Dupont est là. |« Oui ! » dit-il. |Bon."),
    ("es", "¿Qué? |¡No! |El Sr. Pérez vino. |Bien."),
    ("hi", "वह गया। |वह आया।"),
]
words = st.text(alphabet="abcdefgh ", min_size=1, max_size=40).filter(lambda text: text.strip() == text)
sentences = words.map(lambda text: text.capitalize() + ". ")


def _parts(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize("marked", ENGLISH)
def test_english_sentences_end_where_a_reader_ends_them(marked: str) -> None:
    assert _parts(marked.replace("|", ""), "en-us") == marked.split("|")


@pytest.mark.parametrize(("language", "marked"), OTHERS)
def test_sentences_of_other_languages_end_where_a_reader_ends_them(language: str, marked: str) -> None:
    assert _parts(marked.replace("|", ""), language) == marked.split("|")


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=80), st.text(alphabet="aA .!?…”’\n。！1I", max_size=80)),
    st.sampled_from(["en", "zh", "fr"]),
)
def test_spans_cover_any_text_exactly(text: str, language: str) -> None:
    spans = split_sentences(text, language)
    assert all(start < end for start, end in spans)
    assert "".join(text[start:end] for start, end in spans) == text
    joined = join_short(spans, text)
    assert "".join(text[start:end] for start, end in joined) == text
    assert {end for _, end in joined} <= {end for _, end in spans}


def test_no_text_has_no_sentences() -> None:
    assert split_sentences("", "en-us") == []
    assert join_short([], "") == []


def test_short_sentences_join_the_next_one_or_at_the_end_the_one_before() -> None:
    text = "No. No. He went to the far shore of the lake. She waited for him all night. Oh. Yes.\n\nHi. Go."
    joined = join_short(split_sentences(text, "en-us"), text)
    assert [text[start:end] for start, end in joined] == [
        "No. No. He went to the far shore of the lake. ",
        "She waited for him all night. Oh. Yes.\n\n",
        "Hi. Go.",
    ]


def test_a_chinese_character_counts_for_more_than_a_letter() -> None:
    text = "他昨天去了北京的故宫。他们今天回来了没有呢？"
    spans = split_sentences(text, "zh")
    assert join_short(spans, text) == spans
    assert join_short(spans, text, min_characters=40) == [(0, len(text))]


@settings(max_examples=300, deadline=None)
@given(st.lists(sentences, min_size=3, max_size=14), st.data())
def test_editing_a_sentence_regroups_only_its_own_group_and_the_ones_beside_it(
    written: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(written) - 1))
    edited = [*written[:place], data.draw(sentences), *written[place + 1 :]]
    assume(edited != written)
    before, after = _groups(written), _groups(edited)
    own = next(index for index, group in enumerate(before) if place in group)
    touched = {sentence for group in before[max(0, own - 1) : own + 2] for sentence in group}
    assert [group for group in before if not touched & set(group)] == [
        group for group in after if not touched & set(group)
    ]


def _groups(written: list[str]) -> list[tuple[int, ...]]:
    """Which sentences, by number, stand together."""
    ends: list[int] = []
    for sentence in written:
        ends.append((ends[-1] if ends else 0) + len(sentence))
    spans = list(zip([0, *ends[:-1]], ends, strict=True))
    joined = join_short(spans, "".join(written))
    return [
        tuple(number for number, (start, _) in enumerate(spans) if first <= start < last)
        for first, last in joined
    ]
