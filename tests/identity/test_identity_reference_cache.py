"""What is known of a recording lies beside it, belongs to its bytes, and may be thrown away."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import AudioError
from pipeline.identity.reference_cache import cache_path, known_reference


@pytest.fixture
def recording(speech, tmp_path: Path) -> Path:
    path = tmp_path / "grandpa.wav"
    audio = speech["heart", "morning"]
    soundfile.write(path, audio.samples, audio.sample_rate)
    return path


@pytest.fixture
def opened(encoder):
    """Gives the encoder, and counts how often it was asked for."""

    class Opened:
        times = 0

        def __call__(self):
            self.times += 1
            return encoder

    return Opened()


def test_a_second_look_needs_no_encoder_and_finds_the_same(recording, opened):
    first, second = known_reference(recording, opened), known_reference(recording, opened)
    assert opened.times == 1
    np.testing.assert_allclose(first.embedding, second.embedding, atol=1e-7)
    for name in ("path", "sha256", "speech_s", "snr_db", "unity", "peak_dbfs", "duration_s"):
        assert getattr(first, name) == getattr(second, name)


def test_ephemeral_leaves_nothing_behind_and_reads_nothing(recording, opened):
    known_reference(recording, opened, ephemeral=True)
    assert list(recording.parent.iterdir()) == [recording]
    known_reference(recording, opened, ephemeral=True)
    assert opened.times == 2


def test_another_recording_under_the_same_name_is_looked_at_anew(recording, opened, speech):
    before = known_reference(recording, opened)
    audio = speech["onyx", "morning"]
    soundfile.write(recording, audio.samples, audio.sample_rate)
    after = known_reference(recording, opened)
    assert opened.times == 2 and after.sha256 != before.sha256
    assert json.loads(cache_path(recording).read_text())["sha256"] == after.sha256


@pytest.mark.parametrize("damage", ["", "{}", '{"sha256": 1}', "not JSON"])
def test_a_damaged_file_beside_it_is_no_trouble(recording, opened, damage):
    cache_path(recording).write_text(damage)
    known_reference(recording, opened)
    assert json.loads(cache_path(recording).read_text())["speech_s"] > 3


def test_what_another_encoder_found_does_not_count(recording, opened):
    known_reference(recording, opened)
    path = cache_path(recording)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"encoder": "0" * 64}))
    known_reference(recording, opened)
    assert opened.times == 2


def test_a_refused_recording_leaves_nothing(tmp_path, opened):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(5 * 16_000, dtype=np.float32), 16_000)
    with pytest.raises(AudioError, match="silent"):
        known_reference(path, opened)
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_to_is_no_trouble(recording, opened):
    cache_path(recording).mkdir()
    assert known_reference(recording, opened).speech_s > 3
