"""The meter against the EBU's and the ITU's test signals, made here by their formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import Audio
from pipeline.errors import AudioError
from pipeline.stitch.loudness import LevelMeter, SampleLevels, measure_file
from pipeline.stitch.true_peak import TruePeak

RATE = 48_000


def tone(level_dbfs: float, duration_s: float, frequency_hz: float = 1000.0, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(duration_s * rate)) / rate
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time)


def levels_of(*channels: np.ndarray, rate: int = RATE) -> SampleLevels:
    samples = np.stack(channels, axis=1).astype(np.float32)
    meter = LevelMeter(rate, samples.shape[1])
    for block in np.array_split(samples, 7):
        meter.push(block)
    return meter.finish()


def steps(*parts: tuple[float, float]) -> np.ndarray:
    return np.concatenate([tone(level, duration) for level, duration in parts])


CASES = {
    "3341-1": (steps((-23, 20)), -23.000),
    "3341-2": (steps((-33, 20)), -33.000),
    "3341-3": (steps((-36, 10), (-23, 60), (-36, 10)), -23.021),
    "3341-4": (steps((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.021),
    "3341-5": (steps((-26, 20), (-20, 20.1), (-26, 20)), -22.985),
    "5 kHz": (tone(0, 20, 5000), 3.320),
}


@pytest.mark.parametrize("case", CASES)
def test_integrated_loudness_is_what_the_standard_asks(case: str):
    signal, expected = CASES[case]
    assert levels_of(signal, signal).integrated_lufs == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("case", CASES)
def test_a_mono_file_reads_as_its_two_channel_copy(case: str):
    signal, expected = CASES[case]
    assert levels_of(signal).integrated_lufs == pytest.approx(expected, abs=0.05)


def test_a_full_scale_tone_in_the_left_channel_alone_reads_3_lu_less():
    left = tone(0, 20, 997)
    assert levels_of(left, np.zeros_like(left)).integrated_lufs == pytest.approx(-3.016, abs=0.05)


@pytest.mark.parametrize(("levels", "expected"), [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20)])
def test_loudness_range_is_what_the_standard_asks(levels: tuple[int, int], expected: int):
    signal = steps(*((level, 20.0) for level in levels))
    assert levels_of(signal, signal).loudness_range_lu == pytest.approx(expected, abs=0.1)


def faded(signal: np.ndarray) -> np.ndarray:
    ramp = np.linspace(0, 1, round(0.020 * RATE))
    signal[: ramp.size] *= ramp
    signal[-ramp.size :] *= ramp[::-1]
    return signal


@pytest.mark.parametrize(("part", "phase_degrees"), [(4, 0), (4, 45), (6, 60), (8, 67.5)])
def test_true_peak_of_a_tone_between_samples_is_found(part: int, phase_degrees: float):
    """3341-15 to -18: a tone at a part of the rate that touches -6 dB between samples; +0.2/-0.4 allowed."""
    angle = 2 * np.pi * np.arange(RATE) / part + np.radians(phase_degrees)
    signal = faded(0.50 * np.sin(angle))
    peak = levels_of(signal, signal).true_peak_dbtp
    assert -6.4 <= peak <= -5.8
    assert peak == pytest.approx(-6.021, abs=0.05)


@given(seed=st.integers(0, 1000), cutoff=st.floats(0.05, 0.95), pieces=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_leaving_rows_out_never_loses_the_true_peak(seed: int, cutoff: float, pieces: int):
    """Against an interpolation of the whole signal by its spectrum, at eight times the rate."""
    rng = np.random.default_rng(seed)
    spectrum = np.zeros(2049, dtype=complex)
    used = max(2, round(cutoff * 0.8 * 2048))
    spectrum[1:used] = rng.standard_normal(used - 1) + 1j * rng.standard_normal(used - 1)
    signal = np.fft.irfft(spectrum) * rng.uniform(0.1, 1.0, 4096).cumsum() / 4096
    signal = signal / np.abs(signal).max() * 0.5 * np.hanning(4096)
    finer = np.fft.irfft(np.pad(np.fft.rfft(signal), (0, 2048 * 7)), 4096 * 8) * 8
    meter = TruePeak()
    for piece in np.array_split(signal.astype(np.float32), pieces):
        meter.push(piece)
    assert 20 * np.log10(meter.finish() / np.abs(finer).max()) == pytest.approx(0.0, abs=0.35)


def test_rms_counts_silence_and_loudness_does_not():
    signal = np.concatenate([tone(-20, 20), np.zeros(10 * RATE)])
    levels = levels_of(signal)
    assert levels.rms_dbfs == pytest.approx(-23.01 - 1.76, abs=0.02)
    assert levels.integrated_lufs == pytest.approx(-20.0, abs=0.3)


def test_the_noise_floor_is_the_quietest_half_second():
    noise = np.random.default_rng(1).standard_normal(RATE)
    signal = np.concatenate(
        [tone(-20, 2), noise[: RATE // 4] * 1e-4, tone(-20, 1), noise * 1e-3, tone(-20, 2)]
    )
    assert levels_of(signal).noise_floor_dbfs == pytest.approx(-60.0, abs=0.3)


def test_head_and_tail_are_told_to_the_sample():
    noise = np.random.default_rng(1).standard_normal(4 * RATE) * 10 ** (-65 / 20)
    noise[36_000 : 36_000 + RATE] = 0.1
    levels = levels_of(noise)
    assert levels.head_s == pytest.approx(0.75, abs=1 / RATE)
    assert levels.tail_s == pytest.approx(2.25, abs=1 / RATE)


def test_a_silent_file_is_all_head_and_all_tail():
    levels = levels_of(np.zeros(RATE))
    assert (levels.head_s, levels.tail_s) == (1.0, 1.0)
    assert (levels.integrated_lufs, levels.true_peak_dbtp, levels.rms_dbfs) == (-70.0, -120.0, -120.0)


def test_the_curve_has_one_value_a_second():
    curve = levels_of(np.concatenate([tone(-20, 3), np.zeros(3 * RATE), tone(-30, 4)])).loudness_curve
    assert len(curve) == 10
    assert curve[1] == pytest.approx(-20, abs=0.1)
    assert curve[4] == -70
    assert curve[8] == pytest.approx(-30, abs=0.1)


def encoded(path: Path, codec: str, rate: int, bit_rate: int, vbr: bool = False) -> Path:
    import av

    samples = np.tile(tone(-20, 5, 997, rate), 2).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        if vbr:
            stream.codec_context.options = {"compression_level": "0", "abr": "1"}
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate", "bit_rate", "constant"),
    [
        ("a.mp3", "libmp3lame", 44_100, 192_000, True),
        ("a.m4a", "aac", 44_100, 96_000, False),
        ("a.opus", "libopus", 48_000, 32_000, False),
        ("a.wav", "pcm_s16le", 44_100, 705_600, True),
        ("a.flac", "flac", 44_100, 0, False),
    ],
)
def test_any_format_is_measured_alike(
    tmp_path: Path, name: str, codec: str, rate: int, bit_rate: int, constant: bool
):
    levels = measure_file(encoded(tmp_path / name, codec, rate, bit_rate))
    # Lossy coders take up to half a decibel off a lone tone.
    assert levels.integrated_lufs == pytest.approx(-20.0, abs=0.5)
    assert levels.duration_s == pytest.approx(10.0, abs=0.1)
    assert (levels.sample_rate, levels.channels) == (rate, 1)
    assert levels.constant_bit_rate is constant
    if constant:
        assert levels.bit_rate == bit_rate


def test_an_mp3_of_varying_bit_rate_is_not_called_constant(tmp_path: Path):
    assert not measure_file(
        encoded(tmp_path / "a.mp3", "libmp3lame", 44_100, 128_000, True)
    ).constant_bit_rate


def test_a_stereo_file_is_measured_in_both_channels(tmp_path: Path):
    left, right = tone(-20, 5), tone(-40, 5)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    levels = measure_file(path)
    assert levels.channels == 2
    assert levels.sample_peak_dbfs == pytest.approx(-20.0, abs=0.01)
    assert levels.integrated_lufs == pytest.approx(-22.97, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"fLaC" + bytes(200)])
def test_a_file_that_is_no_sound_is_an_error_that_names_it(tmp_path: Path, content: bytes):
    path = tmp_path / "noise.flac"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"noise\.flac"):
        measure_file(path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(AudioError, match=r"gone\.flac"):
        measure_file(tmp_path / "gone.flac")


def test_a_file_of_no_samples_is_an_error(tmp_path: Path):
    path = tmp_path / "empty.wav"
    soundfile.write(path, Audio.mono([], RATE).samples, RATE)
    with pytest.raises(AudioError, match=r"empty\.wav"):
        measure_file(path)
