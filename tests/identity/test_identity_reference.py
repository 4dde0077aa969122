"""Recordings from which a voice may be known, and those that are refused with the reason."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio import Audio, resample
from pipeline.errors import AudioError
from pipeline.hashing import digest_file
from pipeline.identity.encoder import similarity
from pipeline.identity.reference import clipped_share, demand_usable, speech_to_noise_db
from pipeline.identity.voiced import listened


@pytest.fixture
def write(tmp_path: Path):
    """Writes samples (or an Audio) as a WAV file."""

    def written(samples, sample_rate: int = 24_000, name: str = "grandpa.wav") -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, sample_rate, subtype="FLOAT")
        return path

    return written


def samples_of(audio: Audio):
    return audio.samples[:, 0]


def with_noise(samples, snr_db: float, seed: int = 1):
    power = np.mean(np.square(samples, dtype=np.float64)) * 10 ** (-snr_db / 10)
    noise = np.random.Generator(np.random.PCG64(seed)).standard_normal(samples.size)
    return (samples + noise * np.sqrt(power)).astype(np.float32)


def test_clean_speech_of_one_voice_is_usable_and_described(encoder, speech, write):
    both = np.concatenate([samples_of(speech["heart", "morning"]), samples_of(speech["heart", "house"])])
    path = write(both)
    facts = demand_usable(path, encoder)
    assert facts.sha256 == digest_file(path)
    assert facts.duration_s == pytest.approx(both.size / 24_000, abs=0.001)
    assert 8 < facts.speech_s < facts.duration_s
    assert facts.unity > 0.85 and facts.snr_db > 30 and facts.clipped_share == 0
    assert facts.notes() == ()
    assert similarity(facts.embedding, encoder.embed(speech["heart", "house"])) > 0.9


@pytest.mark.parametrize("voice", ["heart", "onyx", "espeak"])
@pytest.mark.parametrize("changed", ["as it is", "stereo 44.1 kHz", "-30 dB", "25 dB of noise"])
def test_what_a_good_recording_may_be_like(encoder, speech, write, voice, changed):
    audio = speech[voice, "morning"]
    sample_rate, samples = audio.sample_rate, samples_of(audio)
    if changed == "stereo 44.1 kHz":
        samples, sample_rate = np.repeat(resample(audio, 44_100).samples, 2, axis=1), 44_100
    elif changed == "-30 dB":
        samples = samples * np.float32(10 ** (-30 / 20))
    elif changed == "25 dB of noise":
        samples = with_noise(samples, 25)
    assert demand_usable(write(samples, sample_rate), encoder).speech_s > 3


def test_a_short_but_sufficient_recording_gets_a_note(encoder, speech, write):
    facts = demand_usable(write(samples_of(speech["heart", "morning"])[: 4 * 24_000]), encoder)
    assert facts.notes() == (f"{facts.speech_s:.1f} s of speech; 10 s describe a voice better",)


def refused(path: Path, encoder) -> str:
    with pytest.raises(AudioError) as error:
        demand_usable(path, encoder)
    assert error.value.exit_code == 5
    said = str(error.value)
    assert said.startswith(f"{path}: ") and "\n" not in said and error.value.hint
    return said


def test_a_recording_of_two_seconds_is_too_short(encoder, speech, write):
    said = refused(write(samples_of(speech["heart", "morning"])[: 2 * 24_000]), encoder)
    assert "too short: it is 2.0 s long; at least 3 s of speech are needed" in said


def test_a_long_recording_with_little_speech_is_too_short(encoder, speech, write):
    samples = np.zeros(20 * 24_000, dtype=np.float32)
    samples[24_000 : 3 * 24_000] = samples_of(speech["heart", "morning"])[12_000 : 12_000 + 2 * 24_000]
    assert "s of speech in it" in refused(write(samples), encoder)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_is_refused(encoder, write, level):
    hiss = np.random.Generator(np.random.PCG64(1)).standard_normal(5 * 24_000) * level
    assert "it is silent" in refused(write(hiss.astype(np.float32)), encoder)


def test_clipped_speech_is_refused_also_after_it_was_turned_down(encoder, speech, write):
    samples = samples_of(speech["onyx", "morning"])
    limit = np.abs(samples).max() / 2
    cut = np.clip(samples, -limit, limit)
    for name, gain in (("loud.wav", 1 / limit), ("soft.wav", 0.2)):
        said = refused(write((cut * gain).astype(np.float32), name=name), encoder)
        assert "it is clipped" in said and "less gain" in said


@pytest.mark.parametrize("snr_db", [0, 5, 10, 13])
def test_noisy_speech_is_refused(encoder, speech, write, snr_db):
    said = refused(write(with_noise(samples_of(speech["onyx", "morning"]), snr_db)), encoder)
    assert "it is noisy" in said and "20 dB are needed" in said


@pytest.mark.parametrize("what", ["noise alone", "a steady tone"])
def test_what_is_no_speech_is_refused_as_noisy(encoder, write, what):
    time_s = np.arange(5 * 24_000) / 24_000
    noise = np.random.Generator(np.random.PCG64(1)).standard_normal(time_s.size)
    samples = 0.1 * noise if what == "noise alone" else 0.3 * np.sin(2 * np.pi * 220 * time_s)
    assert "it is noisy" in refused(write(samples.astype(np.float32)), encoder)


@pytest.mark.parametrize("turns", [1, 2])
def test_two_people_are_refused(encoder, speech, write, turns):
    heart, onyx = (samples_of(speech[name, "morning"]) for name in ("heart", "onyx"))
    length = 3 * 24_000
    pieces = [voice[turn * length : (turn + 1) * length] for turn in range(turns) for voice in (heart, onyx)]
    said = refused(write(np.concatenate(pieces)), encoder)
    assert "two people seem to speak in it" in said and "cut out what one person says" in said


def test_what_is_no_sound_or_holds_no_numbers_is_refused(encoder, speech, write, tmp_path):
    text = tmp_path / "grandpa.wav"
    text.write_text("not a sound")
    with pytest.raises(AudioError, match="cannot read sound"):
        demand_usable(text, encoder)
    with pytest.raises(AudioError, match="there is no such file"):
        demand_usable(tmp_path / "nobody.wav", encoder)
    samples = samples_of(speech["heart", "morning"]).copy()
    samples[1000] = np.nan
    assert "no numbers" in refused(write(samples), encoder)


@pytest.mark.parametrize("snr_db", [5, 10, 15, 20, 25, 30])
@pytest.mark.parametrize("voice", ["heart", "onyx", "espeak"])
def test_noise_is_measured_to_two_decibels(speech, voice, snr_db):
    """The louder half of speech is 3 dB above its mean; more than 30 dB speech itself hides."""
    audio = speech[voice, "morning"]
    noisy = with_noise(samples_of(resample(audio, 16_000)), snr_db)
    measured = speech_to_noise_db(listened(Audio.mono(noisy, 16_000)))
    assert measured == pytest.approx(snr_db + 3, abs=2)


def test_natural_peaks_are_not_clipping(speech):
    for audio in speech.values():
        assert clipped_share(samples_of(audio)) < 1e-5
