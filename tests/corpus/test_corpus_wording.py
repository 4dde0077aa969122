"""The comparison forgives how a recognizer writes and never forgives what it did not hear."""

import matching
import pytest
import wording
from hypothesis import given
from hypothesis import strategies as st

SAME = [
    ("on the twelfth of May", "On the 12 of May"),
    ("the fourteenth of November, nineteen sixty-two", "the 14th of November, 1962"),
    ("two hundred and seventeen steps", "217 steps"),
    ("twelve pounds and fifty pence", "£12.50"),
    ("twelve pounds fifty", "£12.50"),
    ("two dollars and seventy-five cents", "$2.75"),
    ("left at eleven forty", "left at 11:40"),
    ("at half past six", "at 6:30"),
    ("one point five miles", "1.5 miles"),
    ("one hundred and one thousand and five", "101,005"),
    ("Chapter Four", "Chapter 4"),
    ("N A S A", "NASA"),
    ("the F B I", "the FBI"),
    ("Doctor Moore", "Dr. Moore"),
    ("the colour of the harbour", "the color of the harbor"),
    ("pine-apple and every one", "pineapple and everyone"),
    ("It's ten seconds!", "its 10 seconds"),
    ("forty-one years", "41 years"),
    ("twenty percent", "20%"),
    ("nineteen oh five", "1905"),
    ("Dinah'll miss me, and I can't", "Dinah will miss me and I cannot"),
    ("“Oh dear!”", "oh, dear"),
]
DIFFERENT = [
    ("two hundred and seventeen steps", "218 steps"),
    ("the fourteenth of November", "the 15th of November"),
    ("twelve pounds fifty", "£12.15"),
    ("half past six", "6:45"),
    ("one point five miles", "1.6 miles"),
    ("nineteen sixty-two", "1926"),
    ("she sat down and cried", "she sat down and"),
    ("down, down, down", "down, down"),
    ("he said", "he said he said"),
    ("the lamp turned", "the lamb turned"),
    ("the F B I", "the FBA"),
    ("not one of them", "one of them"),
    ("I can't see", "I can see"),
    ("She looked at HIM", "she looked at H.I.M."),
]


def errors(reference: str, heard: str, free: frozenset[str] = frozenset(), chinese: bool = False) -> int:
    said = wording.words(reference)
    figured = matching.said_figures(said, wording.words(heard), lambda _: False, chinese)
    return sum(step.errors for step in matching.match(said, figured, lambda at: said[at] in free))


@pytest.mark.parametrize(("reference", "heard"), SAME)
def test_the_same_words_written_otherwise_are_no_errors(reference: str, heard: str) -> None:
    assert errors(reference, heard) == 0


@pytest.mark.parametrize(("reference", "heard"), DIFFERENT)
def test_other_words_are_errors(reference: str, heard: str) -> None:
    assert errors(reference, heard) > 0


def test_chinese_figures_are_read_as_counted_or_digit_by_digit() -> None:
    assert errors("二零二六年四月五日", "2026年4月5日", chinese=True) == 0
    assert errors("三十五块", "35块", chinese=True) == 0
    assert errors("一千零五", "1005", chinese=True) == 0
    assert errors("三十五块", "53块", chinese=True) > 0


def test_a_free_name_may_be_heard_as_any_word_of_like_length_but_not_be_left_out() -> None:
    free = frozenset({"skerravoe"})
    assert errors("at Skerravoe tonight", "at scarab tonight") > 0
    assert errors("at Skerravoe tonight", "at scarabo tonight", free) == 0
    assert errors("at Skerravoe tonight", "at tonight", free) == 1


TEXT = "the keeper climbed all the steps to the lamp and lit it again before the night came down"


def verdict(heard: str) -> matching.Verdict:
    said, other = wording.words(TEXT), wording.words(heard)
    return matching.judge(said, other, matching.match(said, other, lambda _: False))


def test_a_line_that_is_heard_as_written_has_no_faults() -> None:
    assert verdict(TEXT) == matching.Verdict(18, 0, 0, ())


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        (TEXT.removesuffix(" came down"), "its end is missing"),
        (f"{TEXT} thank you", "words after its end"),
        (TEXT.replace("climbed all the steps", "brought his good coat"), "a run of words differs"),
        (TEXT.replace("lit it again", "lit it again lit it again"), "words are repeated"),
        (TEXT.replace("the", "a"), "many words differ"),
    ],
)
def test_each_fault_of_a_line_has_its_name(heard: str, fault: str) -> None:
    assert fault in verdict(heard).faults


@given(
    st.lists(st.sampled_from(TEXT.split()), max_size=12), st.lists(st.sampled_from(TEXT.split()), max_size=12)
)
def test_every_word_of_both_sides_is_in_one_step(reference: list[str], heard: list[str]) -> None:
    steps = matching.match(reference, heard, lambda _: False)
    assert [at for step in steps for at in range(*step.reference)] == list(range(len(reference)))
    assert [at for step in steps for at in range(*step.heard)] == list(range(len(heard)))
    assert sum(step.errors for step in steps) <= max(len(reference), len(heard))
