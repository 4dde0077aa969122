"""The sounds of a pack: format, level, edges, and bytes that repeat."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.ogg import OggPage

from pipeline.audio import Audio
from pipeline.errors import AudioError
from pipeline.game.pack_sound import SAMPLE_RATE, SoundTarget, line_sound, measured, ogg_bytes, wav_bytes
from pipeline.levels import LoudnessMeter, measure_take
from pipeline.stitch.true_peak import TruePeak

HASH = "89abcdef" + "0" * 56


def voice(seconds, rate=24_000, level=0.2, lead_s=0.4, tail_s=0.6):
    """Something like speech: syllables of a tone with overtones, between silences."""
    t = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * 180 * t) + 0.5 * np.sin(2 * np.pi * 950 * t)
    syllables = (0.55 + 0.45 * np.sin(2 * np.pi * 3 * t)) * level
    noise = np.random.default_rng(1).standard_normal(round((seconds + lead_s + tail_s) * rate)) * 1e-5
    noise[round(lead_s * rate) :][: t.size] += tone * syllables
    return Audio.mono(noise, rate)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_wav_holds_fmt_and_data_and_nothing_else(rate):
    data = wav_bytes(line_sound(voice(1.0, rate), SoundTarget()).pcm)
    assert data[:4] == b"RIFF" and data[8:16] == b"WAVEfmt "
    size, form, channels, hertz, _, _, bits = struct.unpack("<IHHIIHH", data[16:36])
    assert (size, form, channels, hertz, bits) == (16, 1, 1, 48_000, 16)
    assert data[36:40] == b"data" and struct.unpack("<I", data[40:44])[0] == len(data) - 44


def test_a_long_line_is_at_its_lufs_as_a_meter_of_one_channel_sees_it():
    sound = line_sound(voice(6.0), SoundTarget())
    meter = LoudnessMeter(SAMPLE_RATE, 1)
    meter.push((sound.pcm / 32768).astype(np.float32).reshape(-1, 1))
    # The meter counts mono as two loudspeakers, 3.01 LU more.
    assert meter.finish().integrated_lufs - 3.01 == pytest.approx(-23, abs=0.1)
    assert sound.lufs == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("seconds", [0.15, 0.4, 1.0, 2.5])
def test_a_short_line_has_its_level_over_its_voiced_parts(seconds):
    sound = line_sound(voice(seconds), SoundTarget())
    pcm = sound.pcm / 32768
    windows = pcm[: pcm.size // 480 * 480].reshape(-1, 480)
    energies = np.square(windows).mean(axis=1)
    loud = energies[energies > np.abs(pcm).max() ** 2 * 1e-4]
    assert 10 * np.log10(loud.mean()) == pytest.approx(-23, abs=0.1)


def test_head_and_tail_are_no_longer_than_asked_and_no_word_is_cut():
    take = voice(1.0)
    for target in (SoundTarget(), SoundTarget(lead_s=0.01, tail_s=0.02)):
        sound = line_sound(take, target)
        onset, offset = measure_take(Audio.mono(sound.pcm / 32768, SAMPLE_RATE)).voiced_samples
        assert onset / SAMPLE_RATE <= target.lead_s + 0.01
        assert (sound.pcm.size - offset) / SAMPLE_RATE <= target.tail_s + 0.01
        assert offset - onset >= 0.97 * SAMPLE_RATE
        assert sound.start_s == pytest.approx(0.4 - min(0.03, target.lead_s), abs=0.02)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.001, 1.0), st.floats(0.05, 4.0), st.floats(-12, 12), st.sampled_from([-1.0, -3.0, -6.0]))
def test_no_peak_is_over_the_limit_whatever_the_take_and_gain(level, seconds, gain_db, limit):
    target = SoundTarget(lufs=-16.0, true_peak_dbtp=limit)
    sound = line_sound(voice(seconds, level=level), target, gain_db)
    assert measured(sound.pcm, target.short_s)[1] <= limit
    decoded, _ = soundfile.read(io.BytesIO(ogg_bytes(sound.pcm, HASH)), dtype="float32")
    meter = TruePeak()
    meter.push(decoded)
    assert 20 * np.log10(meter.finish()) <= limit


def test_the_same_samples_and_hash_give_the_same_ogg_with_that_serial():
    pcm = line_sound(voice(1.2), SoundTarget()).pcm
    first, second = ogg_bytes(pcm, HASH), ogg_bytes(pcm, HASH)
    assert first == second != ogg_bytes(pcm, "0" * 64)
    buffer = io.BytesIO(first)
    while buffer.tell() < len(first):
        assert OggPage(buffer).serial == 0x89ABCDEF
    decoded, rate = soundfile.read(io.BytesIO(first), dtype="int16")
    info = soundfile.info(io.BytesIO(first))
    assert (rate, decoded.size, info.subtype, info.channels) == (48_000, pcm.size, "VORBIS", 1)
    # Quality 6 of a quiet voice: the error lies 20 dB under it at least.
    error = decoded.astype(float) - pcm
    assert np.square(error).mean() < np.square(pcm.astype(float)).mean() / 100


def test_silence_stays_silence_and_nothing_at_all_is_an_error():
    sound = line_sound(Audio.mono(np.zeros(24_000), 24_000), SoundTarget())
    assert not sound.pcm.any() and sound.lufs == -70
    with pytest.raises(AudioError):
        line_sound(Audio.mono(np.zeros(0), 24_000), SoundTarget())


def test_stereo_is_made_mono():
    mono = voice(1.0)
    stereo = Audio(np.repeat(mono.samples, 2, axis=1), mono.sample_rate)
    assert np.array_equal(line_sound(mono, SoundTarget()).pcm, line_sound(stereo, SoundTarget()).pcm)
