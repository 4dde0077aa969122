"""Levels and edges of takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import Audio
from pipeline.errors import AudioError
from pipeline.levels import SILENCE_LUFS, LoudnessMeter, decibels, measure_take

RATE = 24_000


def tone(duration_s: float, amplitude: float = 0.2, rate: int = RATE) -> np.ndarray:
    return amplitude * np.cos(2 * np.pi * 997 * np.arange(round(duration_s * rate)) / rate)


def silence(duration_s: float, rate: int = RATE) -> np.ndarray:
    return np.zeros(round(duration_s * rate))


def test_a_mono_take_is_as_loud_as_the_same_sound_in_two_channels():
    mono = Audio.mono(tone(3.0), RATE)
    stereo = Audio(np.repeat(mono.samples, 2, axis=1), RATE)
    meter = LoudnessMeter(RATE, 2)
    meter.push(stereo.samples)
    heard = measure_take(mono).loudness_lufs
    assert heard == pytest.approx(meter.finish().integrated_lufs, abs=0.01)
    assert heard == pytest.approx(decibels(0.2), abs=0.1)  # BS.1770: 0 dBFS at 997 Hz in both is 0 LUFS


def test_a_take_too_short_for_one_block_has_no_loudness():
    assert measure_take(Audio.mono(tone(0.39), RATE)).loudness_lufs is None
    assert measure_take(Audio.mono(tone(0.5), RATE)).loudness_lufs is not None


def test_a_silent_take_keeps_all_its_samples():
    levels = measure_take(Audio.mono(silence(1.0), RATE))
    assert levels.loudness_lufs is None
    assert levels.peak_dbfs == -120.0
    assert (levels.speech_start_samples, levels.speech_end_samples) == (0, RATE)


def test_a_take_without_samples_is_measured_as_silence():
    levels = measure_take(Audio.mono([], RATE))
    assert (levels.speech_start_samples, levels.speech_end_samples, levels.loudness_lufs) == (0, 0, None)


def test_a_sample_that_is_no_number_is_an_error():
    samples = tone(1.0)
    samples[100] = np.nan
    with pytest.raises(AudioError, match="no numbers"):
        measure_take(Audio.mono(samples, RATE))


@given(
    before=st.integers(0, 20_000),
    after=st.integers(0, 20_000),
    rate=st.sampled_from([16_000, 22_050, 24_000, 44_100]),
)
@settings(max_examples=40, deadline=None)
def test_edges_are_found_to_the_sample_wherever_speech_lies(before: int, after: int, rate: int):
    speech = tone(0.5, rate=rate)
    levels = measure_take(Audio.mono(np.concatenate([np.zeros(before), speech, np.zeros(after)]), rate))
    onset, offset = levels.voiced_samples
    # The tone crosses the threshold within a quarter of its period.
    quarter = rate / 997 / 4
    assert abs(onset - before) <= quarter
    assert abs(offset - (before + speech.size)) <= quarter
    assert levels.speech_start_samples == max(0, onset - round(0.03 * rate))
    assert levels.speech_end_samples == min(before + speech.size + after, offset + round(0.08 * rate))


def test_engine_noise_45_db_under_the_peak_is_no_speech():
    noise = np.random.default_rng(1).standard_normal(RATE) * 10 ** (-70 / 20)
    levels = measure_take(Audio.mono(np.concatenate([noise, tone(1.0), noise]), RATE))
    onset, offset = levels.voiced_samples
    assert onset == pytest.approx(RATE, abs=10)
    assert offset == pytest.approx(2 * RATE, abs=10)


def test_the_threshold_never_lies_under_minus_50_dbfs():
    hiss = np.random.default_rng(1).standard_normal(RATE) * 10 ** (-54 / 20)
    quiet = tone(1.0, 10 ** (-20 / 20))  # its peak less 45 dB is -65, under the hiss
    onset, _ = measure_take(Audio.mono(np.concatenate([hiss, quiet]), RATE)).voiced_samples
    assert onset == pytest.approx(RATE, abs=RATE // 100)


def test_the_longest_inner_silence_is_told_and_edges_do_not_count():
    parts = [silence(3.0), tone(1.0), silence(2.0), tone(1.0), silence(0.5), tone(1.0), silence(4.0)]
    levels = measure_take(Audio.mono(np.concatenate(parts), RATE))
    assert levels.longest_silence_s == pytest.approx(2.0, abs=0.02)


def test_pushing_in_pieces_measures_the_same_as_pushing_at_once():
    samples = np.concatenate([tone(2.0, 0.1), tone(2.0, 0.4)]).astype(np.float32).reshape(-1, 1)
    at_once, pieces = LoudnessMeter(RATE, 1), LoudnessMeter(RATE, 1)
    at_once.push(samples)
    for piece in np.array_split(samples, 37):
        pieces.push(piece)
    assert at_once.finish() == pieces.finish()


def test_a_meter_that_heard_nothing_says_silence():
    assert LoudnessMeter(RATE, 1).finish().integrated_lufs == SILENCE_LUFS
