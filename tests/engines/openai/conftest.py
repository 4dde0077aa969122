from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_server import SpeechHost, start

from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.openai import server as server_module
from pipeline.engines.openai.engine import SpeechServerEngine

Load = Callable[..., SpeechServerEngine]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SpeechHost]:
    """A real server on this machine."""
    host, server = start(tmp_path / "espeak")
    yield host
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second before the second try is for servers, not for tests; no key of the developer's."""
    monkeypatch.setattr(server_module, "FIRST_WAIT_S", 0.01)
    for name in ("BASE_URL", "API_KEY", "MODEL", "FORMAT", "INSTRUCTIONS", "SEED"):
        monkeypatch.delenv(f"FULLCAST_OPENAI_{name}", raising=False)


@pytest.fixture
def load(host: SpeechHost, tmp_path: Path) -> Iterator[Load]:
    """Makes an engine for the server; keyword arguments are settings."""
    made: list[SpeechServerEngine] = []

    def make(**settings: Any) -> SpeechServerEngine:
        parameters = {"base_url": host.url, "model": "tts-1", "key_env": "FULLCAST_OPENAI_API_KEY"} | settings
        engine = SpeechServerEngine()
        engine.load(LoadRequest("openai@tts-1@here", {}, "cpu", 1, tmp_path / "scratch", parameters))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.unload()


def utterance(text: str = "The boat has left.", voice: str = "alloy", **fields: Any) -> Utterance:
    """An utterance for the server."""
    known: dict[str, Any] = {"language": "en-us", "direction": Direction(), "seed": 7} | fields
    return Utterance(text=text, voice=(VoicePart(voice),), **known)


@pytest.fixture(name="utterance")
def _utterance() -> Callable[..., Utterance]:
    return utterance
