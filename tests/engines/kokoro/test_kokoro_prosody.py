"""A direction becomes durations, F0 and level: bounded, exact, and heard with real weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.direction import Direction, Emotion, Realisation
from pipeline.engines.base import Speech, Utterance
from pipeline.engines.kokoro.engine import KokoroEngine, Piece, speak
from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import KokoroModel
from pipeline.engines.kokoro.passages import Passage
from pipeline.engines.kokoro.prosody import PLAIN, WEAK, Delivery, deliver, emotional, melody, timed, tinted
from pipeline.engines.kokoro.voices import VoiceTables

PHONEMES = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɑɡ, ænd ɹˈʌnz əwˈA."
Measure = Callable[[Direction], tuple[int, float, float]]
units = st.floats(-1, 1)
# A busy machine may stall for seconds between two examples.
unhurried = settings(deadline=None)
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


@pytest.mark.parametrize("label", sorted(WEAK))
def test_what_the_engine_realises_weakly_is_said(label: str) -> None:
    note = deliver(felt(label))[1].note
    assert note is not None
    assert note.startswith("weak: ")


def test_what_the_engine_realises_well_needs_no_note() -> None:
    assert [deliver(felt(label))[1].note for label in ("sad", "angry", "happy")] == [None, None, None]


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


@unhurried
@given(units, units, units, st.floats(0.5, 2), st.floats(-12, 12))
def test_whatever_is_asked_stays_inside_the_bounds(
    valence: float, arousal: float, dominance: float, rate: float, pitch: float
) -> None:
    direction = Direction(Emotion(valence, arousal, dominance), rate=rate, pitch_semitones=pitch)
    delivery = deliver(direction)[0]
    assert 0.7 <= delivery.rate <= 1.25
    assert abs(delivery.f0_level) <= 4
    assert 0.5 <= delivery.f0_range <= 1.8
    assert abs(delivery.f0_slope) <= 4.5
    assert abs(delivery.f0_final) <= 8
    assert 0.8 <= delivery.stress <= 1.3
    assert 0.8 <= delivery.ending <= 1.3
    assert 0 <= delivery.tremor <= 0.5
    assert abs(delivery.tension) <= 1
    assert abs(delivery.gain_db) <= 3
    assert 0.6 <= delivery.pause <= 1.6


@unhurried
@given(frame_lists)
def test_a_plain_delivery_rounds_as_the_network_was_trained(frames: list[float]) -> None:
    assert timed(frames, [False] * len(frames), PLAIN) == [max(1, round(value)) for value in frames]


@unhurried
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


def test_stressed_vowels_and_the_last_syllable_stretch() -> None:
    phonemes = "ə bˈɪɡ mˈæn."
    frames = [4.0] * (len(phonemes) + 2)
    pauses = Passage(phonemes).pauses

    def lengths(delivery: Delivery) -> dict[int, int]:
        found = timed(frames, pauses, delivery, phonemes)
        return {index - 1: count for index, count in enumerate(found) if count != 4}

    assert lengths(Delivery(stress=1.25)) == {3: 5, 4: 5, 8: 5, 9: 5}
    assert lengths(Delivery(ending=1.25)) == {8: 5, 9: 5, 10: 5}


def test_each_sentence_has_an_ending_and_a_line_without_a_mark_too() -> None:
    phonemes = "nˈO. jˈɛs"
    found = timed([4.0] * (len(phonemes) + 2), [False] * (len(phonemes) + 2), Delivery(ending=1.25), phonemes)
    assert [index - 1 for index, count in enumerate(found) if count == 5] == [1, 2, 6, 7, 8]


@unhurried
@given(st.text(alphabet="ˈˌbnsəɪæː .,!?…”", max_size=40), st.floats(0.8, 1.3), st.floats(0.8, 1.3))
def test_any_phonemes_can_be_timed(phonemes: str, stress: float, ending: float) -> None:
    frames = [2.5] * (len(phonemes) + 2)
    found = timed(frames, [False] * len(frames), Delivery(stress=stress, ending=ending), phonemes)
    assert len(found) == len(frames)
    assert min(found) >= 1


voiced = st.lists(st.one_of(st.just(0.0), st.floats(60, 400)), min_size=3, max_size=60)


@unhurried
@given(voiced, st.floats(-4, 4))
def test_a_level_moves_every_voiced_value_and_no_other(values: list[float], semitones: float) -> None:
    f0 = torch.tensor(values)
    moved = melody(f0, Delivery(f0_level=semitones))
    torch.testing.assert_close(moved, f0 * 2 ** (semitones / 12), rtol=1e-4, atol=1e-3)


@unhurried
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


def semitones_of(moved: torch.Tensor, hertz: float = 200.0) -> torch.Tensor:
    return 12 * torch.log2(moved / hertz)


def test_a_final_rise_turns_the_last_syllable_alone() -> None:
    steps = semitones_of(melody(torch.full((160,), 200.0), Delivery(f0_final=6.0)))
    assert torch.equal(steps[:119], torch.zeros(119))
    assert bool((steps.diff() >= -1e-4).all())
    np.testing.assert_allclose(steps[-8:], 6, atol=1e-3)


def test_a_final_rise_is_heard_where_the_voice_falls_by_itself() -> None:
    falling = 200 * 2 ** (torch.linspace(3, -5, 160) / 12)
    moved = melody(falling, Delivery(f0_final=4.0))
    assert moved[-1] > falling.median()
    assert torch.equal(moved[:100].argsort(), falling[:100].argsort())


def test_a_final_fall_lowers_the_end_further() -> None:
    steps = semitones_of(melody(torch.full((160,), 200.0), Delivery(f0_final=-3.0)))
    np.testing.assert_allclose(steps[[0, 100, 159]], [0, 0, -3], atol=1e-3)


def test_phrases_have_ends_of_their_own_and_the_last_one_closes_the_line() -> None:
    phrase, silence = torch.full((120,), 200.0), torch.zeros(40)
    moved = melody(torch.cat((phrase, silence, phrase)), Delivery(f0_final=6.0))
    assert bool((moved[120:160] == 0).all())
    np.testing.assert_allclose(semitones_of(moved)[[0, 119, 160, 279]], [0, 3, 0, 6], atol=1e-3)


def test_a_short_word_is_not_sung() -> None:
    short = semitones_of(melody(torch.full((21,), 200.0), Delivery(f0_slope=2.0)))
    np.testing.assert_allclose(short[[0, 20]], [-0.25, 0.25], atol=1e-3)


def test_a_tremor_trembles_six_times_a_second_around_the_melody() -> None:
    steps = semitones_of(melody(torch.full((240,), 200.0), Delivery(tremor=0.4)))
    spectrum = torch.fft.rfft(steps).abs()
    assert int(spectrum[1:].argmax()) + 1 == 18  # 3 s
    assert float(steps.abs().max()) == pytest.approx(0.4, abs=0.02)


@unhurried
@given(voiced, units, units, units)
def test_a_feeling_keeps_what_is_unvoiced_unvoiced(
    values: list[float], valence: float, arousal: float, dominance: float
) -> None:
    f0 = torch.tensor(values)
    moved = melody(f0, emotional(Emotion(valence, arousal, dominance)))
    assert torch.equal(moved[f0 <= 10], f0[f0 <= 10])
    assert bool(torch.isfinite(moved).all())
    assert bool((moved[f0 > 10] > 10).all())


def test_tension_moves_the_timbre_and_leaves_the_prosody_half() -> None:
    style = torch.linspace(-1, 1, 256)
    assert tinted(style, PLAIN) is style
    soft, pressed = tinted(style, Delivery(tension=-1.0)), tinted(style, Delivery(tension=1.0))
    assert torch.equal(soft[128:], style[128:])
    torch.testing.assert_close(soft + pressed, 2 * style)
    # A quarter of how far voices lie apart (1.5): everyone stays themselves.
    assert float((pressed - style).norm()) == pytest.approx(0.4, abs=0.001)


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
        frames = timed(text.durations[0].tolist(), passage.pauses, delivery, PHONEMES)
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


# Anger is the least high: its end falls, and it is told by speed, range and a pressed voice.
@pytest.mark.parametrize(("label", "sign", "least"), [("sad", -1, 1.0), ("happy", 1, 1.0), ("angry", 1, 0.3)])
def test_real_weights_speak_an_emotion_slower_and_lower_or_faster_and_higher(
    label: str, sign: int, least: float, spoken: Measure
) -> None:
    frames, hertz, spread = spoken(Direction())
    felt_frames, felt_hertz, felt_spread = spoken(felt(label))
    assert (frames - felt_frames) * sign > 0.05 * frames
    assert 12 * np.log2(felt_hertz / hertz) * sign > least
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


def test_neutral_and_no_intensity_give_the_very_same_sound(
    engine: KokoroEngine, say: Callable[..., Utterance]
) -> None:
    sounds = [
        speech.audio.samples
        for speech in engine.synthesize([say("Yes."), say("Yes.", direction=felt("angry", 0.0))])
        if isinstance(speech, Speech)
    ]
    assert len(sounds) == 2
    np.testing.assert_array_equal(*sounds)


def test_a_pressed_voice_has_more_above_one_kilohertz_and_a_soft_one_less(
    model: KokoroModel, voice: Callable[..., tuple]
) -> None:
    plain = VoiceTables().row(voice("bf_emma"), len(PHONEMES))
    passage = Passage(PHONEMES)

    def alpha_db(tension: float) -> float:
        piece = Piece(passage, tinted(plain, Delivery(tension=tension)), PLAIN, seed=3)
        sound = speak(model, [piece], torch.device("cpu"))[0].sound
        power = np.abs(np.fft.rfft(sound)) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / 24_000)
        high, low = ((hertz >= 1000) & (hertz < 5000)), ((hertz >= 50) & (hertz < 1000))
        return float(10 * np.log10(power[high].sum() / power[low].sum()))

    soft, own, pressed = alpha_db(-1.0), alpha_db(0.0), alpha_db(1.0)
    assert soft < own - 1.5
    assert pressed > own + 1.5
