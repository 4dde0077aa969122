"""Real weights, converted once a session; one thread, so that a busy machine does not stall at barriers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.kokoro.checkpoint import load_weights
from pipeline.engines.kokoro.engine import KokoroEngine
from pipeline.engines.kokoro.model import KokoroModel
from pipeline.registry.weights import WeightStore

MakeVoice = Callable[..., tuple[VoicePart, ...]]
Say = Callable[..., Utterance]


@pytest.fixture(scope="session")
def weight_files() -> dict[str, Path]:
    """The model's verified files from the user's cache, fetched if need be."""
    return dict(WeightStore().ensure(load_catalogue().model("kokoro@1.0")).files)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's converted weights lie."""
    return tmp_path_factory.mktemp("kokoro")


@pytest.fixture(scope="session")
def weights(weight_files: dict[str, Path], scratch: Path) -> dict[str, torch.Tensor]:
    """The network's weights in the model's layout."""
    return load_weights(weight_files, scratch)


@pytest.fixture(scope="session")
def model(weights: dict[str, torch.Tensor]) -> KokoroModel:
    """The real network on the CPU."""
    torch.set_num_threads(1)
    return KokoroModel.from_weights(weights)


@pytest.fixture(scope="session")
def tiled_model(weights: dict[str, torch.Tensor]) -> KokoroModel:
    """The real network as it runs on a CPU: convolving by tiles."""
    torch.set_num_threads(1)
    model = KokoroModel.from_weights(weights)
    model.prepare_for_cpu()
    return model


@pytest.fixture(scope="session")
def voice() -> MakeVoice:
    """Makes a voice or blend: `voice("af_heart")`, `voice(af_heart=0.6, af_bella=0.4)`."""
    store, catalogue = WeightStore(), load_catalogue()

    def make(*names: str, **shares: float) -> tuple[VoicePart, ...]:
        wanted = dict.fromkeys(names, 1.0) | shares
        entries = {name: catalogue.voice(f"kokoro/{name}") for name in wanted}
        return tuple(
            VoicePart(name, share, store.ensure_voice(entries[name])) for name, share in wanted.items()
        )

    return make


@pytest.fixture(scope="session")
def say(voice: MakeVoice) -> Say:
    """Makes an utterance in af_heart's voice unless told otherwise."""

    def make(text: str, speaker: str = "af_heart", language: str = "en-us", **more: object) -> Utterance:
        fields = {"voice": voice(speaker), "direction": Direction(), "seed": 7} | more
        return Utterance(text, language, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def request_for(weight_files: dict[str, Path], weights: object, scratch: Path) -> Callable[..., LoadRequest]:
    """Makes a load request for the CPU; keywords are parameters."""

    def make(**parameters: object) -> LoadRequest:
        return LoadRequest("kokoro@1.0", weight_files, "cpu", 1, scratch, parameters)

    return make


@pytest.fixture(scope="session")
def engine(request_for: Callable[..., LoadRequest]) -> KokoroEngine:
    """The engine as it runs on a CPU: one line at a time."""
    loaded = KokoroEngine()
    loaded.load(request_for())
    return loaded


@pytest.fixture(scope="session")
def batching_engine(request_for: Callable[..., LoadRequest]) -> KokoroEngine:
    """The engine as it runs on a GPU: many lines in one padded pass."""
    loaded = KokoroEngine()
    loaded.load(request_for(tokens_at_once=4096))
    return loaded
