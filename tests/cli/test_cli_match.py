"""`fullcast voices match`: the nearest voices to a recording, and what is kept of it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.cli.main import run
from pipeline.engines.catalogue import load_catalogue
from pipeline.hashing import digest_file
from pipeline.registry.places import default_cache
from pipeline.registry.weights import WeightStore
from pipeline.render.sampling import Sampler

# Two voices, so that a first comparison is four sentences.
ITALIAN = ("--language", "it")
SAID = "Sette uccelli marroni volarono sopra il muro del giardino mentre i bambini cercavano le scarpe."


@pytest.fixture(scope="module")
def sara(tmp_path_factory) -> Path:
    """Kokoro's Sara says something that prints are not made of."""
    catalogue = load_catalogue()
    with Sampler(catalogue, WeightStore()) as sampler:
        audio = sampler.speak(SAID, catalogue.resolve_voice("kokoro/if_sara"))
    path = tmp_path_factory.mktemp("recordings") / "sara.wav"
    soundfile.write(path, audio.samples, audio.sample_rate)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """A cache with this machine's weights in which nobody listened to a voice yet."""
    WeightStore()
    folder = tmp_path_factory.mktemp("cache")
    for name in ("weights", "converted"):
        (default_cache() / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(default_cache() / name)
    return folder


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    monkeypatch.setenv("FULLCAST_CACHE", str(cache))


@pytest.fixture
def recording(sara, tmp_path) -> Path:
    path = tmp_path / "sara.wav"
    path.write_bytes(sara.read_bytes())
    return path


def test_the_voice_that_was_recorded_is_the_nearest_and_is_heard_once(recording, capsys):
    assert run(["voices", "match", str(recording), *ITALIAN]) == 0
    said = capsys.readouterr()
    rows = [row.split() for row in said.out.splitlines()]
    assert [row[1] for row in rows] == ["kokoro/if_sara", "kokoro/im_nicola"]
    assert float(rows[0][0]) > 0.88 > 0.8 > float(rows[1][0])
    assert "listening to kokoro/if_sara" in said.err and "2 voices compared" in said.err
    assert "clon" not in said.out + said.err

    assert run(["voices", "match", str(recording), *ITALIAN, "--top", "1", "--json"]) == 0
    again = capsys.readouterr()
    found = json.loads(again.out)
    assert [voice["voice"] for voice in found["voices"]] == ["kokoro/if_sara"]
    assert found["voices"][0]["similarity"] == float(rows[0][0])
    assert found["reference"]["speech_s"] > 3
    assert "listening" not in again.err


def test_what_is_found_lies_beside_the_recording_unless_it_must_not(recording, capsys):
    assert run(["voices", "match", str(recording), *ITALIAN, "--ephemeral"]) == 0
    assert list(recording.parent.iterdir()) == [recording]
    assert run(["voices", "match", str(recording), *ITALIAN]) == 0
    beside = {path.name for path in recording.parent.iterdir()}
    assert beside == {"sara.wav", "sara.wav.voice.json"}


def test_a_recording_that_cannot_be_used_is_refused_before_any_voice_speaks(tmp_path, capsys):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(5 * 16_000, dtype=np.float32), 16_000)
    assert run(["voices", "match", str(path), "--language", "hi"]) == 5
    said = capsys.readouterr().err
    assert f"fullcast: {path}: it is silent" in said and "listening" not in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--language", "xx"], 2, "no voice is of that language"),
        (["--engine", "kokro"], 2, "did you mean 'kokoro'?"),
        (["--top", "0"], 2, "--top"),
    ],
)
def test_a_mistake_is_one_line(recording, capsys, arguments, code, said):
    assert run(["voices", "match", str(recording), *arguments]) == code
    assert said in capsys.readouterr().err


def test_a_recording_that_is_not_there_is_named(tmp_path, capsys):
    assert run(["voices", "match", str(tmp_path / "nobody.wav"), *ITALIAN]) == 5
    assert "nobody.wav: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("flag", [(), ("--ephemeral",)])
def test_a_voice_that_is_added_leaves_beside_its_recording_what_may_be_left(
    recording, flag, tmp_path, monkeypatch
):
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    consent = tmp_path / "consent.yaml"
    consent.write_text(
        "consent: 1\nperson: Sara\ngiven: 2026-01-02\nuses: [any]\nstatement: Yes.\nsigned_by: Sara\n"
        f"references: [{digest_file(recording)}]\n"
    )
    arguments = ["--model", "tone@1", "--language", "it", "--reference", str(recording)]
    assert run(["voices", "add", "sara", *arguments, "--consent", str(consent), *flag]) == 0
    assert (tmp_path / "sara.wav.voice.json").exists() == (not flag)
