import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.direction import BASE_POINTS, LABEL_POINTS, Direction, Emotion
from pipeline.engines.emotivoice.feeling import (
    ENERGY_BOUND_DB,
    PITCH_BOUND_SEMITONES,
    PROMPTS,
    RATE_BOUNDS,
    deliver,
    prompt_shares,
)

axis = st.floats(-1, 1).map(lambda value: round(value, 3))
points = st.builds(Emotion, axis, axis, axis)


def felt(label: str, intensity: float = 1.0, **more) -> Direction:
    return Direction(Emotion.from_label(label), intensity, **more)


@pytest.mark.parametrize("label", sorted(PROMPTS))
def test_a_base_label_is_its_own_prompt_wholly_and_half_of_it_at_half_intensity(label):
    assert prompt_shares(felt(label).felt) == ((label, 1.0),)
    ((half, share),) = prompt_shares(felt(label, 0.5).felt)
    assert half == label and share == pytest.approx(0.5, abs=2e-3)


def test_neutral_asks_for_nothing():
    delivery, realisation, warnings = deliver(Direction())
    assert (delivery.prompts, delivery.rate, delivery.pitch_semitones, delivery.energy_db) == (
        (),
        1.0,
        0.0,
        0.0,
    )
    assert (realisation.level, realisation.parameters, warnings) == ("none", (), ())


@pytest.mark.parametrize(
    ("label", "prompt"),
    [
        ("furious", "angry"),
        ("terrified", "afraid"),
        ("joyful", "happy"),
        ("melancholy", "sad"),
        ("shocked", "surprised"),
    ],
)
def test_a_synonym_leans_on_the_nearest_label(label, prompt):
    assert prompt_shares(felt(label).felt)[0][0] == prompt


@given(points)
def test_shares_add_up_to_one_at_most_and_everything_stays_in_bounds(emotion):
    delivery, realisation, warnings = deliver(Direction(emotion))
    shares = [share for _, share in delivery.prompts]
    assert all(0 < share <= 1 for share in shares) and sum(shares) <= 1 + 1e-3
    assert RATE_BOUNDS[0] <= delivery.rate <= RATE_BOUNDS[1]
    assert abs(delivery.pitch_semitones) <= PITCH_BOUND_SEMITONES
    assert abs(delivery.energy_db) <= ENERGY_BOUND_DB
    assert warnings == ()
    assert (realisation.level == "none") == emotion.is_neutral


@given(points, st.floats(0.05, 1))
def test_less_intensity_is_never_more_of_a_prompt(emotion, intensity):
    whole, part = dict(prompt_shares(emotion)), dict(prompt_shares(emotion.scaled(intensity)))
    # Points and shares are rounded to four digits.
    assert all(share <= whole.get(label, 0.02) + 2e-3 for label, share in part.items())


@pytest.mark.parametrize(
    ("lower", "higher"), [("sad", "angry"), ("sad", "happy"), ("calm", "excited"), ("weary", "afraid")]
)
def test_arousal_makes_faster_higher_and_stronger(lower, higher):
    one, other = deliver(felt(lower))[0], deliver(felt(higher))[0]
    assert (
        one.rate < other.rate
        and one.pitch_semitones < other.pitch_semitones
        and one.energy_db < other.energy_db
    )


def test_a_style_text_is_the_prompt_and_an_english_one_is_said_to_be_weak():
    emotion = Emotion(*LABEL_POINTS["angry"], label="angry", style="咬牙切齿地")
    delivery, realisation, _ = deliver(Direction(emotion, 0.6))
    assert delivery.prompts == (("咬牙切齿地", 0.6),)
    assert (realisation.level, realisation.note) == ("native", None)
    assert dict(realisation.parameters)["style_text"] == 0.6
    english = deliver(Direction(Emotion(style="through clenched teeth")))[1]
    assert english.level == "native" and "best in Chinese" in str(english.note)


def test_a_rate_or_pitch_out_of_bounds_is_held_and_told():
    delivery, realisation, warnings = deliver(Direction(rate=2.0, pitch_semitones=-9.0))
    assert (delivery.rate, delivery.pitch_semitones) == (1.6, -6.0)
    assert [warning.split()[0] for warning in warnings] == ["rate", "pitch"]
    assert realisation.level == "none"  # no emotion was asked


def test_what_was_done_for_an_emotion_is_told_without_what_the_author_set():
    parameters = dict(deliver(felt("angry", rate=0.8, pitch_semitones=2.0))[1].parameters)
    assert parameters["style_angry"] == 1.0
    valence, arousal, _ = BASE_POINTS["angry"]
    assert parameters["rate"] == pytest.approx(math.exp(0.03 * valence + 0.14 * arousal), abs=1e-3)
