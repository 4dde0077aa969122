"""What comes out of the encoders: rates, lengths, places of sound, and errors in one line."""

from __future__ import annotations

import wave
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from publish_readers import ffprobe, packets_digest
from publish_samples import RATE, TAGS, master

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.espeak.engine import create as espeak
from pipeline.errors import AudioError, MissingError, StoreError
from pipeline.publish.chapters import chapter_marks
from pipeline.publish.encode import Format, encode_book, encode_chapter, encoding_of, masters_shape, stream
from pipeline.publish.m4b import write_m4b
from pipeline.publish.tags import Tags
from pipeline.stitch.limiter import hold_peaks
from pipeline.stitch.loudness import measure_file
from pipeline.stitch.presets import PRESETS

PLAIN = Tags(title="One")
ACX = PRESETS["acx"]


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


def test_mp3_is_of_constant_192_kbps_at_the_rate_of_the_preset(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", 3 * RATE)
    out = encode_chapter(source, tmp_path / "a.mp3", "mp3", ACX, PLAIN)
    levels = measure_file(out)
    assert (levels.codec, levels.sample_rate, levels.channels) == ("mp3", 44_100, 1)
    assert levels.constant_bit_rate
    assert levels.bit_rate == pytest.approx(192_000, rel=0.01)


def test_a_preset_of_mp3_gives_its_bit_rate_and_a_call_another(tmp_path: Path) -> None:
    assert encoding_of("mp3", PRESETS["podcast"]).bit_rate == PRESETS["podcast"].bit_rate
    assert encoding_of("mp3", PRESETS["audiobook"]).bit_rate == 192_000
    assert encoding_of("mp3", ACX, 64_000).bit_rate == 64_000


def test_opus_is_of_32_kbps_at_48_khz(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", 5 * RATE, peak=0.5)
    out = encode_chapter(source, tmp_path / "a.opus", "opus", ACX, PLAIN)
    stream = ffprobe(out)["streams"][0]
    assert (stream["codec_name"], stream["sample_rate"], stream["channels"]) == ("opus", "48000", 1)
    assert 16_000 < measure_file(out).bit_rate < 48_000
    larger = encode_chapter(source, tmp_path / "b.opus", "opus", ACX, PLAIN, bit_rate=96_000)
    assert measure_file(larger).bit_rate > 2 * measure_file(out).bit_rate


def test_wav_is_16_bits_at_the_rate_of_the_preset_and_the_samples_of_the_master(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    out = encode_chapter(source, tmp_path / "a.wav", "wav", ACX, TAGS)
    with wave.open(str(out)) as file:
        assert (file.getsampwidth(), file.getframerate(), file.getnframes()) == (2, RATE, RATE)
    original = soundfile.read(source)[0]
    assert np.abs(soundfile.read(out)[0] - original).max() <= 1 / (1 << 15)


def test_a_wav_for_broadcast_is_resampled_to_48_khz(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    out = encode_chapter(source, tmp_path / "a.wav", "wav", PRESETS["broadcast"], PLAIN)
    info = soundfile.info(out)
    assert (info.samplerate, info.frames) == (48_000, 48_000)


def test_flac_keeps_every_bit_of_the_master_and_the_master_itself(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    before = source.read_bytes()
    out = encode_chapter(source, tmp_path / "a.flac", "flac", ACX, TAGS)
    assert packets_digest(out) == packets_digest(source)
    assert source.read_bytes() == before
    assert soundfile.info(out).subtype == "PCM_24"


@pytest.mark.parametrize("form", ["mp3", "opus", "wav", "flac"])
def test_sound_lies_where_it_lay_in_the_master(tmp_path: Path, form: Format) -> None:
    """A click stays at its sample, give or take one period of the codec's ringing."""
    samples = np.zeros(2 * RATE, dtype=np.float32)
    samples[RATE : RATE + 30] = 0.8
    (tmp_path / "m.flac").write_bytes(encode_flac(Audio.mono(samples, RATE)))
    out = encode_chapter(tmp_path / "m.flac", tmp_path / f"a.{form}", form, ACX, PLAIN)
    sound = decoded(out).astype(np.float64)
    sound_rate = 48_000 if form == "opus" else RATE
    first = int(np.argmax(np.abs(sound) > 0.4 * np.abs(sound).max()))
    assert first / sound_rate == pytest.approx(1.0, abs=0.0003)
    assert len(sound) / sound_rate == pytest.approx(2.0, abs=1e-4)


def test_stereo_stays_stereo(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).standard_normal((RATE, 2)).astype(np.float32) * 0.05
    (tmp_path / "m.flac").write_bytes(encode_flac(Audio(samples, RATE)))
    marks = chapter_marks(["One"], [RATE])
    out = write_m4b([tmp_path / "m.flac"], marks, PLAIN, tmp_path / "a.m4b", PRESETS["audiobook"])
    levels = measure_file(out)
    assert levels.channels == 2
    assert levels.bit_rate == pytest.approx(192_000, rel=0.15)


def test_an_m4b_of_masters_at_48_khz_is_aac_at_44_100(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", 48_000 * 3, sample_rate=48_000)
    marks = chapter_marks(["One", "Two"], [48_000, 96_000])
    out = write_m4b([source], marks, PLAIN, tmp_path / "a.m4b", PRESETS["audiobook"])
    stream = ffprobe(out)["streams"][0]
    assert (stream["codec_name"], stream["profile"], stream["sample_rate"]) == ("aac", "LC", "44100")
    # The last packet is filled up; no more than one of 1024 samples.
    assert 0 <= len(decoded(out)) - 3 * RATE < 1024
    assert float(ffprobe(out)["chapters"][1]["start_time"]) == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("gain_db", [3.35, 8.0], ids=["at -18 LUFS", "limited hard"])
def test_speech_at_the_limiter_is_under_the_ceiling_in_the_m4b(tmp_path: Path, gain_db: float) -> None:
    preset = PRESETS["audiobook"]
    assert preset.limiter_dbtp is not None
    assert preset.ceiling_db is not None
    speech = sibilant_speech()
    raised = speech.samples[:, 0] * np.float32(10 ** (gain_db / 20))
    loud = hold_peaks(raised, speech.sample_rate, preset.limiter_dbtp)
    (tmp_path / "m.flac").write_bytes(encode_flac(Audio.mono(loud, speech.sample_rate)))
    marks = chapter_marks(["One"], [len(loud)])
    out = measure_file(write_m4b([tmp_path / "m.flac"], marks, PLAIN, tmp_path / "a.m4b", preset))
    source = measure_file(tmp_path / "m.flac")
    assert out.true_peak_dbtp <= preset.ceiling_db
    # FFmpeg's coder takes off some of what lies above 16 kHz.
    assert out.integrated_lufs == pytest.approx(source.integrated_lufs, abs=0.1)


@cache
def sibilant_speech() -> Audio:
    """About 5 s that eSpeak says, full of s."""
    text = "She sells sea shells by the sea shore; suddenly, six sizzling sausages splashed!"
    engine = espeak()
    engine.load(LoadRequest("espeak", {}, "cpu", 1, Path()))
    (speech,) = engine.synthesize([Utterance(text, "en-us", (VoicePart("en-us"),), Direction(), 1)])
    engine.unload()
    assert isinstance(speech, Speech)
    return speech.audio


@pytest.mark.parametrize("form", ["mp3", "opus", "wav", "flac"])
def test_a_damaged_master_is_named_and_nothing_is_left(tmp_path: Path, form: Format) -> None:
    (tmp_path / "m.flac").write_bytes(b"fLaC no sound in here")
    with pytest.raises(AudioError, match=r"m\.flac: master cannot be read"):
        encode_chapter(tmp_path / "m.flac", tmp_path / f"a.{form}", form, ACX, PLAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["m.flac"]


def test_a_missing_master_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"none\.flac: master cannot be read"):
        encode_chapter(tmp_path / "none.flac", tmp_path / "a.mp3", "mp3", ACX, PLAIN)


def test_masters_of_different_rates_are_refused(tmp_path: Path) -> None:
    masters = [master(tmp_path / "a.flac", RATE), master(tmp_path / "b.flac", 48_000, 48_000)]
    with pytest.raises(AudioError, match=r"b\.flac: master has 48000 Hz and 1 channels"):
        encode_book(masters, (), tmp_path / "a.mp3", "mp3", ACX, PLAIN)


def test_no_master_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no master"):
        write_m4b([], [], PLAIN, tmp_path / "a.m4b", PRESETS["audiobook"])


def test_two_masters_make_no_flac(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    with pytest.raises(AudioError, match="one master, 2 were given"):
        encode_book([source, source], (), tmp_path / "a.flac", "flac", ACX, PLAIN)


def test_a_wav_master_is_no_flac(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "m.wav", np.zeros(RATE), RATE)
    with pytest.raises(AudioError, match="no FLAC file"):
        encode_chapter(tmp_path / "m.wav", tmp_path / "a.flac", "flac", ACX, PLAIN)


def test_a_rate_that_mp3_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="MP3 cannot be written at 96000 Hz"):
        encoding_of("mp3", replace(ACX, sample_rate=96_000))


def test_too_little_for_aac_is_refused(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    with pytest.raises(AudioError, match="64000 bit/s is too little, 96000"):
        write_m4b([source], (), PLAIN, tmp_path / "a.m4b", PRESETS["audiobook"], bit_rate=64_000)


def test_an_output_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    with pytest.raises(StoreError, match="cannot write"):
        encode_chapter(source, tmp_path / "m.flac" / "a.mp3", "mp3", ACX, PLAIN)


def test_an_older_file_stays_when_encoding_fails(tmp_path: Path) -> None:
    (tmp_path / "a.m4b").write_bytes(b"older")
    source = master(tmp_path / "m.flac", RATE)
    with pytest.raises(AudioError):
        marks = chapter_marks(["One"], [5])
        write_m4b([source], marks, PLAIN, tmp_path / "a.m4b", PRESETS["audiobook"])
    assert (tmp_path / "a.m4b").read_bytes() == b"older"


def test_a_wav_beyond_4_gib_is_refused_before_its_header_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.publish.encode.MAX_WAV_BYTES", RATE)
    with pytest.raises(AudioError, match="longer than 4 GiB"):
        encode_chapter(master(tmp_path / "m.flac", RATE), tmp_path / "a.wav", "wav", ACX, PLAIN)
    assert not (tmp_path / "a.wav").exists()


def test_an_encoder_that_ffmpeg_was_built_without_is_missing(tmp_path: Path) -> None:
    source = master(tmp_path / "m.flac", RATE)
    encoding = replace(encoding_of("mp3", ACX), codec="libnone")
    with pytest.raises(MissingError, match="FFmpeg has no encoder 'libnone'"):
        stream([source], tmp_path / "a.mp3", encoding, masters_shape([source]))
