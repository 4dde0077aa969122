"""What is changed in a master when its encoded file breaks a rule, and the master with that change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from publish_samples import RATE, master

from pipeline.audio import Audio, encode_flac, read_audio
from pipeline.errors import AudioError
from pipeline.publish.correction import Correction, excess, next_correction, write_corrected
from pipeline.stitch.limiter import hold_peaks
from pipeline.stitch.loudness import FileLevels, measure_file
from pipeline.stitch.presets import PRESETS

ACX, AUDIOBOOK, BROADCAST = PRESETS["acx"], PRESETS["audiobook"], PRESETS["broadcast"]
GOOD = FileLevels(
    integrated_lufs=-18.0,
    loudness_range_lu=5.0,
    true_peak_dbtp=-3.4,
    sample_peak_dbfs=-3.5,
    rms_dbfs=-20.0,
    noise_floor_dbfs=-75.0,
    head_s=0.75,
    tail_s=3.0,
    duration_s=60.0,
    sample_rate=RATE,
    channels=1,
    codec="mp3",
    bit_rate=192_000,
    constant_bit_rate=True,
    loudness_curve=(),
)


def test_nothing_broken_needs_no_correction() -> None:
    assert next_correction(None, GOOD, ACX, [], -3.5) is None


def test_a_loudness_beyond_its_limits_is_brought_to_the_target() -> None:
    levels = replace(GOOD, integrated_lufs=-23.4)
    assert next_correction(None, levels, BROADCAST, ["loudness"], -9.0) == Correction(0.4, -1.2)


def test_a_second_correction_adds_to_the_first() -> None:
    levels = replace(GOOD, integrated_lufs=-22.7)
    better = next_correction(Correction(0.5, -1.2), levels, BROADCAST, ["loudness"], -9.0)
    assert better == Correction(0.2, -1.2)


def test_a_peak_lowers_the_ceiling_by_what_it_was_too_high() -> None:
    levels = replace(GOOD, sample_peak_dbfs=-2.6)
    assert next_correction(None, levels, ACX, ["peak"], -3.0) == Correction(0.0, -4.0)


def test_a_ceiling_is_counted_from_what_the_encoder_was_given() -> None:
    """A limit of -3.5 less 0.5 would touch nothing in a master that peaks at -7."""
    levels = replace(GOOD, sample_peak_dbfs=-2.6)
    assert next_correction(None, levels, ACX, ["peak"], -7.0) == Correction(0.0, -7.5)


def test_a_peak_that_a_ceiling_did_not_hold_is_lowered_with_everything() -> None:
    levels = replace(GOOD, sample_peak_dbfs=-2.6)
    assert next_correction(Correction(0.0, -7.5), levels, ACX, ["peak"], -7.0) == Correction(-0.5, -8.0)


def test_hiss_is_lowered_while_the_loudness_has_room() -> None:
    levels = replace(GOOD, noise_floor_dbfs=-58.0)
    assert next_correction(None, levels, ACX, ["noise-floor"], -4.0) == Correction(-2.1, -3.5)


def test_hiss_beyond_that_room_cannot_be_mended() -> None:
    levels = replace(GOOD, noise_floor_dbfs=-57.0)
    assert next_correction(None, levels, ACX, ["noise-floor"], -4.0) is None


@pytest.mark.parametrize("rule", ["head", "tail", "length", "codec", "bit-rate"])
def test_no_gain_mends_what_is_no_level(rule: str) -> None:
    assert next_correction(None, GOOD, ACX, [rule], -3.5) is None


def test_silence_has_no_loudness_to_correct() -> None:
    assert next_correction(None, replace(GOOD, integrated_lufs=-70.0), AUDIOBOOK, ["loudness"], -90.0) is None


def test_the_preset_none_corrects_nothing() -> None:
    assert next_correction(None, GOOD, PRESETS["none"], ["peak"], 0.0) is None


@given(peak=st.floats(-20, 3), rms=st.floats(-40, -5), floor=st.floats(-90, -30), top=st.floats(-20, 3))
def test_a_ceiling_only_ever_falls_and_the_loudness_aimed_at_is_accepted(
    peak: float, rms: float, floor: float, top: float
) -> None:
    levels = replace(GOOD, sample_peak_dbfs=peak, rms_dbfs=rms, noise_floor_dbfs=floor)
    broken = [rule for rule in ("rms", "peak", "noise-floor") if excess(rule, levels, ACX) > 0]
    better = next_correction(None, levels, ACX, broken, top)
    if better is None:
        return
    assert better.limit_dbtp <= -3.5
    low, high = ACX.accepted or (0.0, 0.0)
    assert low - 0.01 <= rms + better.gain_db <= high + 0.01


def test_a_corrected_master_is_as_long_as_it_was_and_holds_its_ceiling(tmp_path: Path) -> None:
    source = master(tmp_path / "a.flac", 7 * RATE + 11, peak=0.5)
    out = write_corrected(source, Correction(3.0, -6.0), tmp_path / "b.flac")
    levels = measure_file(out)
    assert read_audio(out).length_samples == 7 * RATE + 11
    assert levels.true_peak_dbtp <= -5.9  # the limiter holds to 0.1 dB
    assert levels.integrated_lufs > measure_file(source).integrated_lufs


def test_a_gain_alone_is_exact_to_a_step_of_24_bits(tmp_path: Path) -> None:
    source = master(tmp_path / "a.flac", 7 * RATE, peak=0.2)
    out = write_corrected(source, Correction(-6.0, -1.0), tmp_path / "b.flac")
    expected = read_audio(source).samples * 10 ** (-6 / 20)
    assert float(np.abs(read_audio(out).samples - expected).max()) < 2**-22


def test_a_master_corrected_block_by_block_is_the_one_corrected_at_once(tmp_path: Path) -> None:
    """Seven seconds are two blocks; the limiter must not see the cut between them."""
    source = master(tmp_path / "a.flac", 7 * RATE, peak=0.9)
    whole = hold_peaks(read_audio(source).samples[:, 0], RATE, -6.0)
    pieces = read_audio(write_corrected(source, Correction(0.0, -6.0), tmp_path / "b.flac")).samples[:, 0]
    inner = slice(RATE // 2, -RATE // 2)  # the master's own ends are the limiter's ends in `whole` only
    # Runs of loud cells may be joined otherwise; what differs is the resampler's rounding.
    assert float(np.abs(whole - pieces)[inner].max()) < 1e-3


def test_both_channels_of_a_stereo_master_are_corrected(tmp_path: Path) -> None:
    tone = 0.8 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    path = tmp_path / "s.flac"
    path.write_bytes(encode_flac(Audio(np.stack([tone, 0.5 * tone], axis=1).astype(np.float32), RATE)))
    made = read_audio(write_corrected(path, Correction(-6.0, -1.0), tmp_path / "c.flac"))
    assert made.channels == 2
    assert np.abs(made.samples).max(axis=0) == pytest.approx([0.401, 0.2005], abs=0.002)


def test_a_master_that_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.flac").write_bytes(b"nothing")
    with pytest.raises(AudioError, match=r"x\.flac: master cannot be decoded"):
        write_corrected(tmp_path / "x.flac", Correction(0.0, -1.0), tmp_path / "y.flac")
    assert [path.name for path in tmp_path.iterdir()] == ["x.flac"]
