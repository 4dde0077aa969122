"""A voice cloned from a recording: what the recording must be, and what the book says of it."""

import hashlib

import pytest
import soundfile

from pipeline.cli.main import run
from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import create_engine, load_catalogue
from pipeline.registry.places import user_registry

pytestmark = pytest.mark.slow  # the speaker encoder listens

CONSENT = """consent: 1
person: Old Tester
given: 2026-01-02
uses: [audiobook]
references: [{sha256}]
statement: "Yes, use my voice."
signed_by: Old Tester
"""
TEXT = "The boat has left without us, and so we will have to walk along the coast until the evening comes."


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def recording(tmp_path):
    """Somebody speaks for some ten seconds; and the consent that covers it."""
    engine = create_engine("espeak")
    model = next(model for model in load_catalogue().models() if model.engine == "espeak")
    engine.load(LoadRequest(model.id, {}, "cpu", 1, tmp_path, model.parameters))
    said = [Utterance(TEXT, "en-us", (VoicePart("en-us"),), Direction(), seed) for seed in range(1)]
    (speech,) = engine.synthesize(said)
    engine.unload()
    path = tmp_path / "grandpa.wav"
    soundfile.write(path, speech.audio.samples, speech.audio.sample_rate)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "consent.yaml").write_text(CONSENT.format(sha256=sha256))
    return path


def add(path, *more):
    return run(
        ["voices", "add", "grandpa", "--model", "tone@1", "--language", "en-us", "--reference", str(path)]
        + ["--consent", "consent.yaml", *more]
    )


def test_a_good_recording_with_consent_becomes_a_voice_of_the_book(desk, recording, capsys):
    assert add(recording) == 0
    desk.edit("tone/high", "mine/grandpa")
    assert desk.render("--preset", "none") == 0
    said = {voice["voice"]: voice["consent"] for voice in desk.report()["voices"]}
    assert said["mine/grandpa"] == "Old Tester agreed on 2026-01-02 to audiobook"


def test_a_recording_that_cannot_be_used_is_refused_with_its_reason(recording, tmp_path, capsys):
    samples, rate = soundfile.read(recording)
    for name, part, reason in (("short", samples[:rate], "speech"), ("silent", samples * 1e-5, "")):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, part, rate)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        (tmp_path / "consent.yaml").write_text(CONSENT.format(sha256=sha256))
        assert add(path) == 5
        said = capsys.readouterr().err
        assert f"{name}.wav" in said and reason in said
    assert not user_registry().exists()


def test_an_enrolment_that_is_refused_leaves_no_print_of_the_voice_behind(recording, tmp_path, capsys):
    (tmp_path / "consent.yaml").write_text(CONSENT.format(sha256="a" * 64))
    # Whether he may be heard comes first: this one could not be used either.
    silent = tmp_path / "silent.wav"
    samples, rate = soundfile.read(recording)
    soundfile.write(silent, samples * 1e-5, rate)
    assert add(recording) == 7 and add(silent) == 7
    assert "consent" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.voice.json")) and not user_registry().exists()


def test_an_enrolment_under_a_name_that_is_taken_leaves_no_print_either(recording, tmp_path):
    assert add(recording) == 0
    (tmp_path / "grandpa.wav.voice.json").unlink()
    assert add(recording) == 2
    assert not (tmp_path / "grandpa.wav.voice.json").exists()
