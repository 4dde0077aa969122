"""A point in valence-arousal-dominance becomes moves of prosody: exact at labels, smooth between, graded."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.direction import BASE_POINTS, LABEL_POINTS, Emotion
from pipeline.engines.kokoro.feeling import ANCHORS, NAMES, Moves, kindred, moves_of
from pipeline.engines.kokoro.prosody import PLAIN, Delivery, emotional

units = st.floats(-1, 1)
# A busy machine may stall for seconds between two examples.
unhurried = settings(deadline=None)


def test_base_emotions_go_where_listeners_expect_them() -> None:
    found = {label: emotional(Emotion.from_label(label)) for label in (*BASE_POINTS, "tender")}
    for label in ("happy", "angry", "afraid", "surprised"):
        assert found[label].rate > 1, label
        assert found[label].f0_level > 0.5, label
    for label in ("sad", "tender", "disgusted"):
        assert found[label].rate < 1, label
        assert found[label].f0_level < -0.5, label
        assert found[label].gain_db < 0, label
    assert (
        found["sad"].tension < found["tender"].tension < 0 < found["happy"].tension < found["angry"].tension
    )
    assert found["afraid"].gain_db < 0 < found["angry"].gain_db


def test_what_lies_close_in_arousal_is_parted_by_contour_and_range() -> None:
    happy, angry, afraid, surprised = (
        emotional(Emotion.from_label(label)) for label in ("happy", "angry", "afraid", "surprised")
    )
    assert angry.f0_final < 0 < happy.f0_final < surprised.f0_final
    assert angry.f0_slope < 0 < happy.f0_slope
    assert afraid.f0_range < 1 < happy.f0_range < surprised.f0_range
    assert (afraid.tremor > 0, happy.tremor) == (True, 0)


@pytest.mark.parametrize("label", sorted(ANCHORS))
def test_a_label_with_moves_of_its_own_gets_exactly_those(label: str) -> None:
    found, wanted = moves_of(Emotion.from_label(label)), ANCHORS[label]
    assert [getattr(found, name) for name in NAMES] == pytest.approx(
        [getattr(wanted, name) for name in NAMES], abs=1e-9
    )
    assert kindred(Emotion.from_label(label)) == label


def test_neutral_moves_nothing_and_is_like_nothing() -> None:
    assert moves_of(Emotion()) == Moves()
    assert kindred(Emotion()) is None


@unhurried
@given(units, units, units, units, units, units)
def test_a_small_step_between_labels_is_a_small_step_of_the_voice(
    valence: float, arousal: float, dominance: float, x: float, y: float, z: float
) -> None:
    here = Emotion(valence, arousal, dominance)
    step = 1e-5
    there = Emotion(valence + step * x, arousal + step * y, dominance + step * z)
    one, other = moves_of(here), moves_of(there)
    # Steepest between anger and disgust, 0.35 rad apart; no label jumps.
    assert all(abs(getattr(one, name) - getattr(other, name)) < 0.02 for name in NAMES)


@unhurried
@given(units, units, units, st.integers(0, 19))
def test_more_intensity_never_takes_anything_back(
    valence: float, arousal: float, dominance: float, step: int
) -> None:
    emotion = Emotion(valence, arousal, dominance)
    less, more = (emotional(emotion.scaled(part / 20)) for part in (step, step + 1))
    for field in fields(Delivery):
        plain, low, high = (getattr(one, field.name) for one in (PLAIN, less, more))
        sign = 1 if getattr(emotional(emotion), field.name) >= plain else -1
        # A point is rounded to four digits, which turns it a little.
        assert (high - low) * sign >= -0.01, field.name


@pytest.mark.parametrize("label", sorted(set(LABEL_POINTS) - {"neutral"}))
def test_every_word_an_author_may_write_moves_the_voice_more_with_more_intensity(label: str) -> None:
    steps = [emotional(Emotion.from_label(label).scaled(part / 10)) for part in range(11)]
    assert steps[0] == PLAIN
    for field in fields(Delivery):
        away = [abs(getattr(step, field.name) - getattr(PLAIN, field.name)) for step in steps]
        assert all(low <= high + 0.005 for low, high in zip(away, away[1:], strict=False)), field.name
