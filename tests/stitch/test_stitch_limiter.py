"""Peaks held down without moving anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.levels import amplitude_of, decibels
from pipeline.stitch import limiter, true_peak
from pipeline.stitch.limiter import CONTEXT_S, convert_blocks, hold_peaks
from pipeline.stitch.true_peak import REACH_SAMPLES, ROW_SAMPLES, TruePeak, rows_over

RATE = 24_000


def true_peak_db(samples: np.ndarray) -> float:
    meter = TruePeak()
    meter.push(samples)
    return decibels(meter.finish())


@pytest.fixture
def voice(bench) -> np.ndarray:
    """Ten seconds, loud in the middle alone."""
    samples = bench.speechlike(10.0, peak=0.9).samples[:, 0].copy()
    samples[: 4 * RATE] *= 0.3
    samples[6 * RATE :] *= 0.3
    return samples


def test_no_true_peak_stands_over_the_limit(voice):
    assert true_peak_db(voice) > -1.0
    assert true_peak_db(hold_peaks(voice, RATE, -3.0)) == pytest.approx(-3.0, abs=0.05)


def test_what_is_under_the_limit_stays_to_the_bit(voice):
    held = hold_peaks(voice, RATE, -3.0)
    assert held.size == voice.size
    assert np.array_equal(held[: 3 * RATE], voice[: 3 * RATE])
    assert np.array_equal(held[7 * RATE :], voice[7 * RATE :])
    assert hold_peaks(voice * 0.5, RATE, -3.0).tobytes() == (voice * 0.5).tobytes()


def test_limiting_moves_nothing_in_time(voice):
    held = hold_peaks(voice, RATE, -3.0)
    part, original = held[5 * RATE : 5 * RATE + 4096], voice[5 * RATE - 64 : 5 * RATE + 4096 + 64]
    assert int(np.argmax(np.correlate(original, part))) == 64


def test_limiting_only_where_it_is_needed_equals_limiting_all(voice, monkeypatch):
    held = hold_peaks(voice, RATE, -3.0)
    monkeypatch.setattr(limiter, "_hot_cells", lambda samples, cell, limit: np.ones(1000, dtype=bool))
    everything = hold_peaks(voice, RATE, -3.0)
    # 4x and back costs what lies close under half the rate; the fixture has little there.
    assert np.max(np.abs(held - everything)) < amplitude_of(-50.0)


def test_limiting_in_blocks_equals_limiting_at_once(voice):
    whole = hold_peaks(voice, RATE, -3.0)
    context = round(CONTEXT_S * RATE)
    for cut in range(4 * RATE, 6 * RATE, 7001):
        first = hold_peaks(voice[: cut + context], RATE, -3.0)[:cut]
        second = hold_peaks(voice[cut - context :], RATE, -3.0)[context:]
        assert np.max(np.abs(np.concatenate([first, second]) - whole)) < amplitude_of(-50.0)


@pytest.mark.parametrize("to_hz", [16_000, 24_000, 44_100, 48_000])
def test_another_rate_keeps_length_and_place(voice, to_hz: int):
    blocks = [voice[start : start + 5000] for start in range(0, voice.size, 5000)]
    converted = np.concatenate(list(convert_blocks(blocks, RATE, to_hz)))
    assert abs(converted.size - voice.size * to_hz / RATE) <= 2
    tone = np.zeros(RATE, dtype=np.float32)
    tone[RATE // 2 : RATE // 2 + 480] = np.hanning(480)
    moved = np.concatenate(list(convert_blocks([tone], RATE, to_hz)))
    assert int(np.argmax(moved)) / to_hz == pytest.approx((RATE // 2 + 239.5) / RATE, abs=0.0005)


@settings(max_examples=60, deadline=None)
@example(seed=13834, kind="clicks", limit=0.0625, length=158)  # a row of zeros that a click rings into
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["noise", "tone", "clicks", "steps"]),
    limit=st.floats(0.02, 1.2),
    length=st.integers(1, 3000),
)
def test_no_row_with_a_peak_over_the_limit_is_overlooked(seed: int, kind: str, limit: float, length: int):
    """Most rows are passed over unseen; here every point between samples is computed, in double precision."""
    chooser = np.random.default_rng(seed)
    samples = {
        "noise": lambda: chooser.standard_normal(length) * 0.3,
        "tone": lambda: 0.9 * np.sin(chooser.uniform(0, np.pi) * np.arange(length) + chooser.uniform(0, 6)),
        "clicks": lambda: (chooser.random(length) < 0.01) * chooser.uniform(-1, 1, length),
        "steps": lambda: np.repeat(chooser.uniform(-1, 1, length // 50 + 1), 50)[:length],
    }[kind]().astype(np.float32)
    rows = -(-length // ROW_SAMPLES)
    padded = np.zeros((rows + 2) * ROW_SAMPLES + 4 * REACH_SAMPLES)
    padded[REACH_SAMPLES - 1 :][:length] = samples
    matrix = true_peak._interpolation_matrix().astype(np.float64)
    for row in range(rows):
        around = padded[row * ROW_SAMPLES :][: matrix.shape[0]]
        own = around[REACH_SAMPLES - 1 :][:ROW_SAMPLES]
        peak = max(float(np.abs(own).max()), float(np.abs(around @ matrix).max()))
        if abs(peak - limit) > 1e-4 * limit:  # single precision may differ on which side it lies
            assert (row in rows_over(samples, limit)) == (peak > limit)
