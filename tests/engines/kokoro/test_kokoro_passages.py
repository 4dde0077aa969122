"""Long texts are parted where it is heard least, and no phoneme is lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.kokoro.passages import MAX_TOKENS, Passage, is_sounded, join, part

texts = st.text(alphabet="abc ,.;!”", min_size=0, max_size=300)


@given(texts, st.integers(8, 60))
def test_parting_loses_no_symbol_but_spaces_at_seams(phonemes: str, limit: int) -> None:
    passages = part(phonemes, limit)
    assert "".join(one.phonemes for one in passages).replace(" ", "") == phonemes.replace(" ", "")
    assert all(0 < len(one.phonemes) <= limit for one in passages)


@given(texts)
def test_what_fits_is_not_parted(phonemes: str) -> None:
    assert [one.phonemes for one in part(phonemes)] == ([phonemes.strip()] if phonemes.strip() else [])


def test_a_seam_is_at_the_last_sentence_else_comma_else_space() -> None:
    assert [one.phonemes for one in part("aa bb. cc, dd ee ff", 12)] == ["aa bb.", "cc, dd ee ff"]
    assert [one.phonemes for one in part("aa bb, cc dd ee ff", 12)] == ["aa bb,", "cc dd ee ff"]
    assert [one.phonemes for one in part("aa bb cc dd ee ff", 12)] == ["aa bb cc dd", "ee ff"]
    assert [one.phonemes for one in part("a" * 30, 12)] == ["a" * 12, "a" * 12, "a" * 6]


def test_a_closing_quotation_mark_stays_with_its_sentence() -> None:
    assert [one.phonemes for one in part("“aa bb.” cc dd ee", 12)] == ["“aa bb.”", "cc dd ee"]


def test_tokens_have_a_zero_at_both_ends_and_fit_the_network() -> None:
    assert Passage("ab").ids == [0, 43, 44, 0]
    assert len(part("a" * 600)[0].ids) == MAX_TOKENS + 2 == 512


def test_pauses_are_punctuation_and_the_space_behind_it() -> None:
    assert Passage("a, b.").pauses == [False, False, True, True, False, True, False]


def test_punctuation_alone_is_not_sounded() -> None:
    assert not is_sounded("…! “”")
    assert is_sounded("…a")


def test_joining_takes_the_silence_out_of_a_seam_inside_a_sentence() -> None:
    frames = [[4, 6, 5], [8, 6, 3]]
    sounds = [np.ones(15 * 600, np.float32), np.ones(17 * 600, np.float32)]
    inside = join([Passage("a,"), Passage("b.")], frames, sounds)
    between = join([Passage("a."), Passage("b.")], frames, sounds)
    assert len(between) == (15 + 17 - 1) * 600
    assert len(inside) == (15 - 4 + 17 - 7 - 1) * 600
    # Blended, not cut: a steady sound stays steady.
    np.testing.assert_allclose(inside, 1.0, atol=1e-6)
