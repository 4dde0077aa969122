import json
import time
from pathlib import Path
from typing import Any

import pytest
from openai_server import KEY, SpeechHost

from pipeline.cli.main import run
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.openai.pace import Pace
from pipeline.engines.openai.settings import read_settings
from pipeline.errors import EngineError, UsageError

BOOK = """---
fullcast: 1
book: {title: Two Voices, author: A. Tester}
cast:
  narrator: openai/alloy
  Ann: {voice: openai/onyx, rate: 1.2}
---
# One

The boat has left without us.

Ann: Then we will have to walk.
"""
PARAMETERS = {
    "base_url": "http://127.0.0.1:1/v1",
    "model": "tts-1",
    "key_env": "KEY",
    "environment": "SPEECH",
}


def render(script: Path, *more: str) -> int:
    folder = script.parent
    return run(["render", str(script), "--local", "--preset", "none", "--format", "wav",
                "--store", str(folder / "store"), "-o", str(folder / "out"), *more])  # fmt: skip


def keys(script: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert run(["plan", str(script), "--json", "--store", str(script.parent / "store")]) == 0
    return [line["key"] for line in json.loads(capsys.readouterr().out)["lines"]]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "two.md"
    path.write_text(BOOK)
    return path


@pytest.mark.slow
def test_a_book_is_read_by_a_server_and_the_key_is_nowhere_in_what_is_written(
    host: SpeechHost, script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host.wants_key = True
    monkeypatch.setenv("FULLCAST_OPENAI_BASE_URL", host.url)
    monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", KEY)
    assert render(script) == 0
    assert sorted(host.texts()) == ["One", "The boat has left without us.", "Then we will have to walk."]
    assert {request.get("speed") for request in host.requests if request["voice"] == "onyx"} == {1.2}
    written = [path for path in script.parent.rglob("*") if path.is_file() and path != script]
    assert len(written) > 5
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
    out = capsys.readouterr()
    assert KEY not in out.out + out.err
    asked = len(host.requests)
    assert render(script) == 0
    assert len(host.requests) == asked  # all takes are there


@pytest.mark.slow
def test_a_server_that_is_gone_ends_with_4_and_says_what_to_do(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FULLCAST_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert render(script) == 4
    shown = capsys.readouterr()
    assert "http://127.0.0.1:9/v1: no server answers" in shown.out + shown.err


def test_another_server_or_model_gives_another_take_and_the_same_one_the_same(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = keys(script, capsys)
    assert keys(script, capsys) == usual
    for variable, value in {
        "BASE_URL": "http://127.0.0.1:8881/v1",
        "MODEL": "tts-1-hd",
        "INSTRUCTIONS": "yes",
        "FORMAT": "mp3",
    }.items():
        monkeypatch.setenv(f"FULLCAST_OPENAI_{variable}", value)
        assert set(keys(script, capsys)).isdisjoint(usual), variable
        monkeypatch.delenv(f"FULLCAST_OPENAI_{variable}")
    monkeypatch.setenv("FULLCAST_OPENAI_CONCURRENCY", "9")
    assert keys(script, capsys) == usual


def test_any_name_is_a_voice_and_may_name_its_model() -> None:
    catalogue = load_catalogue()
    plain = catalogue.resolve_voice("openai/af_bella(2)+af_sky(1)")
    assert [part.name for part, _ in plain.parts] == ["af_bella(2)+af_sky(1)"]
    assert plain.model == "openai@tts-1@127.0.0.1:8880"
    instructed = catalogue.resolve_voice("openai/alloy@gpt-4o-mini-tts").model
    assert catalogue.model(instructed).parameters["model"] == "gpt-4o-mini-tts"
    assert catalogue.capabilities(instructed).emotion_level == "native"
    assert catalogue.capabilities(plain.model).emotion_level == "prosody"
    owned = catalogue.resolve_voice("openai/en-us:amy@org/Kokoro-82M")
    assert catalogue.model(owned.model).parameters["model"] == "org/Kokoro-82M"


def test_the_usual_names_are_listed_with_the_server_that_would_be_asked() -> None:
    listed = {voice.id: voice for voice in load_catalogue().engine("openai").voices}
    assert listed["openai/alloy"].model == "openai@tts-1@127.0.0.1:8880"
    assert load_catalogue().model(listed["openai/alloy"].model).engine == "openai"


@pytest.mark.parametrize("name", ["openai/", "openai/@tts-1", "openai/ "])
def test_a_voice_without_a_name_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="voice"):
        load_catalogue().resolve_voice(name)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BASE_URL", "ftp://here/v1", "SPEECH_BASE_URL: 'ftp://here/v1' is no address"),
        ("BASE_URL", "localhost:8880", "is no address"),
        ("BASE_URL", "http://here:port/v1", "is no address"),
        ("BASE_URL", "https://me:secret@here/v1", "SPEECH_BASE_URL: write it without user"),
        ("BASE_URL", "https://here/v1?key=secret", "write it without user"),
        ("FORMAT", "aac", "SPEECH_FORMAT"),
        ("CONCURRENCY", "many", "SPEECH_CONCURRENCY"),
        ("SEED", "perhaps", "SPEECH_SEED"),
    ],
)
def test_a_wrong_setting_names_its_variable_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"SPEECH_{variable}", value)
    with pytest.raises(UsageError) as caught:
        read_settings(PARAMETERS)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_environment_is_heard_and_text_becomes_what_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SEED": "yes",
        "CONCURRENCY": " 8 ",
        "BASE_URL": "https://Here.example/api/v1/",
    }.items():
        monkeypatch.setenv(f"SPEECH_{name}", value)
    settings = read_settings(PARAMETERS)
    assert (settings.seed, settings.concurrency, settings.place) == (True, 8, "here.example/api")


@pytest.mark.parametrize(
    ("model", "given", "follows"),
    [
        ("gpt-4o-mini-tts", None, True),
        ("gpt-4o-mini-tts-2025-12-15", None, True),
        ("tts-1-hd", None, False),
        ("gpt-sovits", None, False),
        ("gpt-4o-mini-tts", False, False),
        ("parler", True, True),
    ],
)
def test_whether_a_model_follows_instructions_is_its_name_or_ones_own_word(
    model: str, given: bool | None, follows: bool
) -> None:
    parameters: dict[str, Any] = PARAMETERS | {"model": model, "instructions": given}
    assert read_settings(parameters).follows_instructions is follows


def test_a_pause_holds_for_everyone_and_a_stop_ends_it(tmp_path: Path) -> None:
    pace = Pace(0.0, tmp_path / "next")
    began = time.monotonic()
    pace.wait_turn()
    pace.hold_all(0.3)
    pace.wait_turn()
    assert time.monotonic() - began >= 0.3
    pace.stop()
    with pytest.raises(EngineError, match="given up meanwhile"):
        pace.wait_turn()
    pace.resume()
    pace.wait_turn()


def test_a_moment_far_in_the_future_is_not_waited_for(tmp_path: Path) -> None:
    """A clock that was wrong for a while left it there."""
    file = tmp_path / "next"
    for written in (repr(time.time() + 1e6), "", "soon"):
        file.write_text(written)
        Pace(60_000, file).wait_turn()
        assert float(file.read_text()) < time.time() + 60
