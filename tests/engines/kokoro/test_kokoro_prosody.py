"""A direction becomes durations, F0 and level: bounded, exact, and heard with real weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.direction import BASE_POINTS, Direction, Emotion, Realisation
from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import KokoroModel
from pipeline.engines.kokoro.passages import Passage
from pipeline.engines.kokoro.prosody import PLAIN, WEAK_VALENCE, Delivery, deliver, emotional, melody, timed
from pipeline.engines.kokoro.voices import VoiceTables

PHONEMES = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɑɡ, ænd ɹˈʌnz əwˈA."
Measure = Callable[[Direction], tuple[int, float, float]]
units = st.floats(-1, 1)
frame_lists = st.lists(st.floats(0, 30), min_size=1, max_size=80)


def felt(label: str, intensity: float = 1.0) -> Direction:
    return Direction(emotion=Emotion.from_label(label), intensity=intensity)


def test_a_neutral_direction_changes_nothing() -> None:
    assert deliver(Direction()) == (PLAIN, Realisation("none"), ())
    assert deliver(felt("angry", intensity=0))[0] == PLAIN


def test_a_realised_emotion_names_what_it_did() -> None:
    delivery, realisation, warnings = deliver(felt("angry"))
    values = dict(realisation.parameters)
    assert realisation.level == "prosody"
    assert set(values) >= {"rate", "f0_level", "f0_range", "gain_db"}
    assert values["rate"] == round(delivery.rate, 3)
    assert (realisation.note, warnings) == (None, ())


def test_a_valence_that_prosody_cannot_carry_is_said() -> None:
    assert deliver(felt("sad"))[1].note == WEAK_VALENCE


def test_style_text_is_not_followed_and_that_is_said() -> None:
    realisation = deliver(Direction(emotion=Emotion(style="like a pirate")))[1]
    assert (realisation.level, realisation.note) == ("none", "kokoro follows no style text")


@pytest.mark.parametrize(
    ("direction", "held"),
    [
        (Direction(rate=1.6), "rate 1.60 is out of kokoro's bounds, held at 1.25"),
        (Direction(rate=0.5), "rate 0.50 is out of kokoro's bounds, held at 0.70"),
        (
            Direction(pitch_semitones=-7),
            "pitch -7.00 semitones is out of kokoro's bounds, held at -4.00 semitones",
        ),
    ],
)
def test_what_is_out_of_bounds_is_held_and_told(direction: Direction, held: str) -> None:
    assert deliver(direction)[2] == (held,)


@given(units, units, units, st.floats(0.5, 2), st.floats(-12, 12))
def test_whatever_is_asked_stays_inside_the_bounds(
    valence: float, arousal: float, dominance: float, rate: float, pitch: float
) -> None:
    direction = Direction(Emotion(valence, arousal, dominance), rate=rate, pitch_semitones=pitch)
    delivery = deliver(direction)[0]
    assert 0.7 <= delivery.rate <= 1.25
    assert abs(delivery.f0_level) <= 4
    assert 0.5 <= delivery.f0_range <= 1.6
    assert abs(delivery.gain_db) <= 3
    assert 0.6 <= delivery.pause <= 1.6


def test_base_emotions_go_where_listeners_expect_them() -> None:
    found = {label: emotional(Emotion.from_label(label)) for label in BASE_POINTS}
    for label in ("happy", "angry", "afraid", "surprised"):
        assert found[label].rate > 1, label
        assert found[label].f0_level > 0.5, label
        assert found[label].pause < 1, label
    assert found["sad"].rate < 1
    assert found["sad"].f0_level < -1
    assert found["sad"].f0_range < 0.7
    assert found["sad"].f0_slope < 0 < found["happy"].f0_slope < found["surprised"].f0_slope
    assert (
        found["sad"].gain_db < found["afraid"].gain_db < found["angry"].gain_db < found["happy"].gain_db + 1
    )
    assert found["happy"].f0_range > found["afraid"].f0_range


@given(frame_lists)
def test_a_plain_delivery_rounds_as_the_network_was_trained(frames: list[float]) -> None:
    assert timed(frames, [False] * len(frames), PLAIN) == [max(1, round(value)) for value in frames]


@given(frame_lists, st.floats(0.7, 1.25))
def test_a_rate_is_kept_to_a_frame_wherever_a_token_is_left_to_shorten(
    frames: list[float], rate: float
) -> None:
    plain = timed(frames, [False] * len(frames), PLAIN)
    found = timed(frames, [False] * len(frames), Delivery(rate=rate))
    assert min(found) >= 1
    # Only tokens of one frame, which cannot be shorter, may make a line longer than asked.
    assert sum(plain) / rate - 0.5 <= sum(found) <= sum(plain) / rate + 0.5 + plain.count(1)


def test_pauses_stretch_and_words_do_not() -> None:
    found = timed([4, 10, 4], [False, True, False], Delivery(pause=1.5))
    assert found == [4, 15, 4]


voiced = st.lists(st.one_of(st.just(0.0), st.floats(60, 400)), min_size=3, max_size=60)


@given(voiced, st.floats(-4, 4))
def test_a_level_moves_every_voiced_value_and_no_other(values: list[float], semitones: float) -> None:
    f0 = torch.tensor(values)
    moved = melody(f0, Delivery(f0_level=semitones))
    torch.testing.assert_close(moved, f0 * 2 ** (semitones / 12), rtol=1e-4, atol=1e-3)


@given(voiced, st.floats(0.5, 1.6))
def test_a_range_keeps_the_median_and_the_order(values: list[float], factor: float) -> None:
    f0 = torch.tensor(values)
    voices = f0[f0 > 10]
    moved = melody(f0, Delivery(f0_range=factor))[f0 > 10]
    if len(voices):
        torch.testing.assert_close(moved.median(), voices.median(), rtol=1e-4, atol=1e-3)
        assert torch.equal(moved[voices.argsort()], moved[voices.argsort()].sort().values)


def test_a_slope_tilts_around_the_middle() -> None:
    moved = melody(torch.full((101,), 200.0), Delivery(f0_slope=2.0))
    steps = 12 * torch.log2(moved / 200)
    np.testing.assert_allclose(steps[[0, 50, 100]], [-1, 0, 1], atol=1e-3)


@pytest.fixture(scope="module")
def spoken(
    model: KokoroModel, voice: Callable[..., tuple]
) -> Callable[[Direction], tuple[int, float, float]]:
    """What real weights make of a direction: frames, median F0 in Hz, spread of F0 in semitones."""
    style = VoiceTables().row(voice("af_heart"), len(PHONEMES)).unsqueeze(0)
    passage = Passage(PHONEMES)
    with torch.inference_mode():
        tokens = Lengths([len(passage.ids)], torch.device("cpu"))
        text = model.read(torch.tensor([passage.ids]), tokens, style)

    def measure(direction: Direction) -> tuple[int, float, float]:
        delivery = deliver(direction)[0]
        frames = timed(text.durations[0].tolist(), passage.pauses, delivery)
        with torch.inference_mode():
            f0 = melody(model.intone(text, [frames], style).f0[0], delivery)
        hertz = f0[f0 > 60]
        return sum(frames), float(hertz.median()), float((12 * torch.log2(hertz)).std())

    return measure


def test_a_known_line_has_exactly_these_frames_and_this_pitch(
    spoken: Measure,
) -> None:
    frames, hertz, _ = spoken(Direction())
    assert frames == 169
    assert hertz == pytest.approx(192.1, abs=0.5)


@pytest.mark.parametrize(("label", "sign"), [("sad", -1), ("happy", 1), ("angry", 1)])
def test_real_weights_speak_an_emotion_slower_and_lower_or_faster_and_higher(
    label: str, sign: int, spoken: Measure
) -> None:
    frames, hertz, spread = spoken(Direction())
    felt_frames, felt_hertz, felt_spread = spoken(felt(label))
    assert (frames - felt_frames) * sign > 0.05 * frames
    assert 12 * np.log2(felt_hertz / hertz) * sign > 1.0
    assert (felt_spread - spread) * sign > 0


def test_intensity_grades_an_emotion(spoken: Measure) -> None:
    frames = [spoken(felt("sad", intensity))[0] for intensity in (0.0, 0.5, 1.0)]
    assert frames == sorted(set(frames))


def test_a_rate_asked_for_is_the_rate_of_the_line(
    spoken: Measure,
) -> None:
    plain = spoken(Direction())[0]
    for rate in (0.7, 0.9, 1.1):
        assert spoken(replace(Direction(), rate=rate))[0] == pytest.approx(plain / rate, rel=0.02)
