"""Each rule at its limit and beyond it: on measurements, and on real files where that is quick."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from publish_samples import RATE

from pipeline.audio import Audio, encode_flac, read_audio
from pipeline.errors import AudioError
from pipeline.publish.encode import encode_chapter
from pipeline.publish.store_rules import ACX_NOTICE, RuleResult, check_file, check_files, judge
from pipeline.publish.tags import Tags
from pipeline.stitch.loudness import FileLevels
from pipeline.stitch.presets import PRESETS

ACX = PRESETS["acx"]
# A file that meets every rule of ACX at its limit.
AT_ACX_LIMITS = FileLevels(
    integrated_lufs=-16.7,
    loudness_range_lu=5.0,
    true_peak_dbtp=-2.8,
    sample_peak_dbfs=-3.0,
    rms_dbfs=-18.0,
    noise_floor_dbfs=-60.0,
    head_s=0.5,
    tail_s=5.0,
    duration_s=7200.0,
    sample_rate=44_100,
    channels=1,
    codec="mp3",
    bit_rate=192_000,
    constant_bit_rate=True,
    loudness_curve=(),
)
AT_LIMITS = {
    "acx": AT_ACX_LIMITS,
    "audiobook": replace(
        AT_ACX_LIMITS, integrated_lufs=-17.5, true_peak_dbtp=-1.5, codec="aac", bit_rate=96_000
    ),
    "podcast": replace(AT_ACX_LIMITS, integrated_lufs=-15.0, true_peak_dbtp=-1.0, bit_rate=64_000),
    "broadcast": replace(
        AT_ACX_LIMITS, integrated_lufs=-22.8, true_peak_dbtp=-1.0, codec="pcm_s24le", sample_rate=48_000
    ),
}
BEYOND: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("acx", "rms", {"rms_dbfs": -17.9}, "-17.90 dB", "-23..-18 dB"),
    ("acx", "rms", {"rms_dbfs": -23.1}, "-23.10 dB", "-23..-18 dB"),
    ("acx", "peak", {"sample_peak_dbfs": -2.9}, "-2.90 dBFS", "<= -3 dBFS"),
    ("acx", "noise-floor", {"noise_floor_dbfs": -59.0}, "-59.00 dB RMS", "<= -60 dB RMS"),
    ("acx", "length", {"duration_s": 7201.0}, "120:01", "<= 120:00"),
    ("acx", "bit-rate", {"bit_rate": 128_000}, "128.0 kbit/s", ">= 192 kbit/s"),
    ("acx", "constant-bit-rate", {"constant_bit_rate": False}, "variable", "constant"),
    ("acx", "sample-rate", {"sample_rate": 48_000}, "48000 Hz", "44100 Hz"),
    ("acx", "channels", {"channels": 6}, "6 channels", "mono or stereo"),
    ("acx", "codec", {"codec": "aac"}, "aac", "mp3"),
    ("acx", "head", {"head_s": 0.4}, "0.400 s", "0.5..1 s"),
    ("acx", "head", {"head_s": 1.1}, "1.100 s", "0.5..1 s"),
    ("acx", "tail", {"tail_s": 0.9}, "0.900 s", "1..5 s"),
    ("acx", "tail", {"tail_s": 5.1}, "5.100 s", "1..5 s"),
    ("audiobook", "loudness", {"integrated_lufs": -17.4}, "-17.40 LUFS", "-18.5..-17.5 LUFS"),
    ("audiobook", "peak", {"true_peak_dbtp": -1.4}, "-1.40 dBTP", "<= -1.5 dBTP"),
    ("audiobook", "codec", {"codec": "mp3"}, "mp3", "aac or flac"),
    ("audiobook", "sample-rate", {"sample_rate": 22_050}, "22050 Hz", "44100 Hz"),
    ("audiobook", "bit-rate", {"bit_rate": 75_000}, "75.0 kbit/s", ">= 96 kbit/s (of variable rate 80%)"),
    ("podcast", "loudness", {"integrated_lufs": -14.9}, "-14.90 LUFS", "-17..-15 LUFS"),
    ("podcast", "peak", {"true_peak_dbtp": -0.9}, "-0.90 dBTP", "<= -1 dBTP"),
    ("podcast", "codec", {"codec": "opus"}, "opus", "aac or mp3"),
    ("broadcast", "loudness", {"integrated_lufs": -22.7}, "-22.70 LUFS", "-23.2..-22.8 LUFS"),
    ("broadcast", "sample-rate", {"sample_rate": 44_100}, "44100 Hz", "48000 Hz"),
    ("broadcast", "codec", {"codec": "mp3"}, "mp3", "flac or pcm"),
]


def failed(results: list[RuleResult]) -> list[str]:
    return [result.rule for result in results if not result.ok]


@pytest.mark.parametrize("preset", AT_LIMITS)
def test_a_file_at_all_limits_passes(preset: str) -> None:
    assert failed(judge(AT_LIMITS[preset], PRESETS[preset])) == []


def test_the_other_ends_of_acx_ranges_pass_too() -> None:
    levels = replace(AT_ACX_LIMITS, rms_dbfs=-23.0, head_s=1.0, tail_s=1.0, channels=2)
    assert failed(judge(levels, ACX)) == []


@pytest.mark.parametrize(("preset", "rule", "change", "value", "limit"), BEYOND)
def test_one_thing_beyond_its_limit_fails_that_rule_alone(
    preset: str, rule: str, change: dict[str, Any], value: str, limit: str
) -> None:
    results = judge(replace(AT_LIMITS[preset], **change), PRESETS[preset])
    assert failed(results) == [rule]
    (result,) = [result for result in results if not result.ok]
    assert (result.value, result.limit) == (value, limit)


def test_acx_names_all_its_rules() -> None:
    names = {result.rule for result in judge(AT_ACX_LIMITS, ACX)}
    assert names == {
        "rms",
        "peak",
        "noise-floor",
        "codec",
        "sample-rate",
        "constant-bit-rate",
        "bit-rate",
        "channels",
        "length",
        "head",
        "tail",
    }


def test_values_are_compared_as_they_are_shown() -> None:
    assert failed(judge(replace(AT_ACX_LIMITS, sample_peak_dbfs=-2.996), ACX)) == []
    assert failed(judge(replace(AT_ACX_LIMITS, sample_peak_dbfs=-2.994), ACX)) == ["peak"]


def test_none_refuses_nothing() -> None:
    results = judge(replace(AT_ACX_LIMITS, integrated_lufs=-70.0, true_peak_dbtp=3.0), PRESETS["none"])
    assert results
    assert failed(results) == []
    assert {result.limit for result in results} == {"none"}


def test_the_notice_says_that_narration_has_to_be_human() -> None:
    assert "human narration only" in ACX_NOTICE
    assert "ready" not in ACX_NOTICE


def chapter(
    folder: Path, rms_db: float = -20.0, floor_db: float = -70.0, head_s: float = 0.75, peak_db: float = -9.0
) -> Path:
    """A master of noise at an RMS, with one peak and quiet at both ends."""
    rng = np.random.default_rng(3)
    body = np.clip(rng.standard_normal(6 * RATE), -2.2, 2.2)
    quiet = [rng.standard_normal(round(length * RATE)) * 10 ** (floor_db / 20) for length in (head_s, 2.0)]
    total = body.size + quiet[0].size + quiet[1].size
    # Low frequencies only: codecs keep them, so that level and peak arrive as they were made.
    spectrum = np.fft.rfft(body)
    spectrum[round(3000 / RATE * body.size) :] = 0
    body = np.fft.irfft(spectrum, body.size)
    fade = round(0.02 * RATE)
    body[:fade] *= np.linspace(0, 1, fade)
    body[-fade:] *= np.linspace(1, 0, fade)
    body *= 10 ** (rms_db / 20) * np.sqrt(total / body.size) / np.sqrt(np.mean(body**2))
    body = np.clip(body, -(10 ** (-4 / 20)), 10 ** (-4 / 20))
    pulse = np.hanning(2000) * np.sin(2 * np.pi * 440 * np.arange(2000) / RATE)
    body[RATE : RATE + 2000] = pulse * 10 ** (peak_db / 20)
    path = folder / "master.flac"
    path.write_bytes(encode_flac(Audio.mono(np.concatenate([quiet[0], body, quiet[1]]), RATE)))
    return path


def as_mp3(source: Path, bit_rate: int | None = None) -> Path:
    return encode_chapter(source, source.with_suffix(".mp3"), "mp3", ACX, Tags(title="One"), bit_rate)


def as_vbr(source: Path) -> Path:
    out = source.with_suffix(".mp3")
    audio = read_audio(source)
    with av.open(str(out), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, options={"q": "0", "flags": "+qscale"})
        stream.codec_context.layout = "mono"
        stream.codec_context.format = "fltp"
        stream.codec_context.global_quality = 0
        frame = av.AudioFrame.from_ndarray(audio.samples.T.copy(), format="fltp", layout="mono")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return out


def test_a_real_mp3_that_meets_acx_passes(tmp_path: Path) -> None:
    results = check_file(as_mp3(chapter(tmp_path)), ACX)
    assert failed(results) == [], results


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("rms", {"rms_db": -17.4}),
        ("rms", {"rms_db": -23.6}),
        ("peak", {"peak_db": -2.4}),
        ("noise-floor", {"floor_db": -58.5}),
        ("head", {"head_s": 0.4}),
    ],
)
def test_a_real_mp3_beyond_a_limit_fails_that_rule(tmp_path: Path, rule: str, made: dict[str, float]) -> None:
    assert failed(check_file(as_mp3(chapter(tmp_path, **made)), ACX)) == [rule]


def test_a_real_mp3_of_128_kbps_fails_its_bit_rate(tmp_path: Path) -> None:
    assert failed(check_file(as_mp3(chapter(tmp_path), 128_000), ACX)) == ["bit-rate"]


def test_a_real_mp3_of_variable_rate_fails_that_rule(tmp_path: Path) -> None:
    assert "constant-bit-rate" in failed(check_file(as_vbr(chapter(tmp_path)), ACX))


def test_files_of_one_book_are_all_mono_or_all_stereo(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    mono = as_mp3(chapter(tmp_path))
    samples = read_audio(chapter(tmp_path / "b")).samples
    both = tmp_path / "b" / "stereo.flac"
    both.write_bytes(encode_flac(Audio(np.repeat(samples, 2, axis=1), RATE)))
    stereo = as_mp3(both)
    assert {path: failed(results) for path, results in check_files([mono], ACX).items()} == {mono: []}
    verdicts = check_files([mono, stereo], ACX)
    assert {path: failed(results) for path, results in verdicts.items()} == {
        mono: ["channels"],
        stereo: ["channels"],
    }


@pytest.mark.parametrize("name", ["a.txt", "a", "a.mp4", "a.jpg"])
def test_only_known_endings_are_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match=r"is not the ending of a sound file; known: \.flac"):
        check_file(tmp_path / name, ACX)


@pytest.mark.parametrize("content", [b"", b"plain text, no sound " * 50])
def test_a_file_without_sound_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes(content)
    with pytest.raises(AudioError) as caught:
        check_file(tmp_path / "a.mp3", ACX)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "a.mp3") in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"none\.mp3"):
        check_file(tmp_path / "none.mp3", ACX)
