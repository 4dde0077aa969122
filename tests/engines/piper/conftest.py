"""The real voice from the weight cache and the real piper-tts, which `.[test]` installs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines.base import LoadRequest
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.piper.engine import PiperEngine
from pipeline.registry.weights import WeightStore

MODEL = "piper@en_US-joe-medium"


@pytest.fixture(scope="session")
def joe_files() -> dict[str, Path]:
    """The voice's verified files from the user's cache, fetched if need be."""
    return dict(WeightStore().ensure(load_catalogue().model(MODEL)).files)


@pytest.fixture(scope="session")
def joe_request(joe_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> LoadRequest:
    """How the voice is loaded, in one thread."""
    return LoadRequest(MODEL, joe_files, "cpu", 1, tmp_path_factory.mktemp("piper"))


@pytest.fixture(scope="session")
def joe(joe_request: LoadRequest) -> Iterator[PiperEngine]:
    """The engine with the voice loaded."""
    engine = PiperEngine()
    engine.load(joe_request)
    yield engine
    engine.unload()
