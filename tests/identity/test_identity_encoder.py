"""The speaker encoder: the same numbers as the program whose weights it uses, and what they mean."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from identity_sounds import buzz

from pipeline.audio import Audio, resample
from pipeline.errors import AudioError, EngineError
from pipeline.identity.encoder import (
    SpeakerEncoder,
    mean_embedding,
    read_checkpoint,
    similarity,
    window_starts,
)
from pipeline.identity.voiced import LISTEN_HZ, voiced

PARITY = json.loads((Path(__file__).parent / "resemblyzer_parity.json").read_text())["sounds"]


@pytest.mark.parametrize("sound", PARITY, ids=lambda sound: f"{sound['seconds']}s")
def test_embeddings_are_those_of_the_program_that_trained_it(encoder, sound):
    windows = encoder.windows(buzz(sound["seconds"], sound["pitch_hz"], sound["seed"]))
    theirs = np.array(sound["embedding"], dtype=np.float32)
    assert windows.shape == (sound["windows"], 256)
    # Seven digits were written down; float32 sums over two hundred frames differ in the seventh.
    np.testing.assert_allclose(mean_embedding(windows), theirs, atol=2e-5)
    assert similarity(mean_embedding(windows), theirs) > 0.99999


def test_a_voice_is_nearer_to_itself_in_other_words_than_to_another_in_the_same_words(encoder, speech):
    heart = encoder.embed(speech["heart", "morning"])
    again = encoder.embed(speech["heart", "house"])
    onyx = encoder.embed(speech["onyx", "morning"])
    assert similarity(heart, again) > 0.88
    assert similarity(heart, onyx) < 0.75
    assert heart.shape == (256,) and heart.dtype == np.float32
    assert np.linalg.norm(heart) == pytest.approx(1.0, abs=1e-5)


def test_level_sample_rate_channels_and_pauses_hardly_matter(encoder, speech):
    audio = speech["heart", "morning"]
    plain = encoder.embed(audio)
    quiet = Audio(audio.samples * np.float32(0.1), audio.sample_rate)
    stereo = Audio(np.repeat(audio.samples, 2, axis=1), audio.sample_rate)
    pause = np.zeros((2 * audio.sample_rate, 1), dtype=np.float32)
    paused = Audio(np.concatenate([pause, audio.samples, pause]), audio.sample_rate)
    for other in (quiet, stereo, paused, resample(audio, 44_100)):
        assert similarity(plain, encoder.embed(other)) > 0.99


def test_the_same_sound_twice_is_the_same_to_the_bit(encoder, speech):
    one, two = (encoder.embed(speech["onyx", "morning"]) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_windows_cover_all_speech_and_begin_in_order():
    for length in range(1, 30 * LISTEN_HZ, 4999):
        starts = window_starts(length)
        assert starts[0] == 0 and starts == sorted(set(starts))
        covered = (starts[-1] + 160) * 160
        assert covered > length - 0.75 * 160 * 160, "less than three quarters of a window may be left out"


def test_silence_has_no_speaker(encoder):
    silence = Audio.mono(np.zeros(3 * LISTEN_HZ), LISTEN_HZ)
    assert voiced(silence.samples[:, 0]).size == 0
    with pytest.raises(AudioError, match="no speech"):
        encoder.embed(silence)


def test_converted_weights_are_kept_and_used_without_the_checkpoint(encoder, tmp_path):
    from pipeline.identity.encoder_weights import ENCODER
    from pipeline.registry.weights import WeightStore

    weights = WeightStore().ensure(ENCODER).files["pretrained.pt"]
    SpeakerEncoder(weights, tmp_path)
    (kept,) = tmp_path.glob("*.safetensors")
    assert kept.stat().st_size < weights.stat().st_size / 2
    sound = buzz(2.0, 150, 1)
    again = SpeakerEncoder(tmp_path / "not there.pt", tmp_path)
    np.testing.assert_array_equal(again.windows(sound), encoder.windows(sound))


class _Runs:
    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_a_checkpoint_that_would_run_code_is_refused_and_nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model_state": _Runs()}, "evil.pt")
    Path("old.pt").write_bytes(pickle.dumps(_Runs()))
    for name in ("evil.pt", "old.pt"):
        with pytest.raises(EngineError, match="refused: loading it would run|not a checkpoint"):
            read_checkpoint(tmp_path / name, tmp_path / "scratch")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("value", [{"weights": torch.ones(2)}, {"model_state": 1}])
def test_another_network_s_checkpoint_is_refused(tmp_path, value):
    torch.save(value, tmp_path / "other.pt")
    with pytest.raises(EngineError, match="no 'model_state'"):
        read_checkpoint(tmp_path / "other.pt", tmp_path / "scratch")


@pytest.mark.parametrize("length", [0, 1, 479, 480, 481, 2000, 20_000])
def test_sounds_of_any_length_are_heard_or_hold_no_speech(encoder, length):
    sound = buzz(2.0, 150, 1)[:length]
    speech = voiced(sound)
    assert speech.size <= length
    if speech.size:
        assert encoder.windows(speech).shape == (len(window_starts(speech.size)), 256)


def test_weights_that_were_brought_by_hand_are_taken(tmp_path):
    from pipeline.identity.encoder_weights import ENCODER
    from pipeline.registry.weights import WeightStore

    brought = tmp_path / "from a friend.bin"
    brought.write_bytes(WeightStore().ensure(ENCODER).files["pretrained.pt"].read_bytes())
    store = WeightStore(cache=tmp_path / "cache")
    assert store.present(ENCODER) is None
    assert store.add_file(brought).name == "pretrained.pt"
    assert store.present(ENCODER) is not None
