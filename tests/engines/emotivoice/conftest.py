"""A stand-in checkout, made once a session, and an engine loaded from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from emotivoice_standin import make_checkout

from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.emotivoice.checkout import Checkout
from pipeline.engines.emotivoice.engine import EmotiVoiceEngine
from pipeline.engines.emotivoice.settings import Settings

Say = Callable[..., Utterance]
MakeEngine = Callable[..., EmotiVoiceEngine]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """A busy machine must not stall at barriers."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkout in miniature; not to be changed."""
    return make_checkout(tmp_path_factory.mktemp("emotivoice") / "checkout")


@pytest.fixture
def own_standin(standin: Path, tmp_path: Path) -> Path:
    """A copy of the checkout that a test may break."""
    return Path(shutil.copytree(standin, tmp_path / "checkout"))


@pytest.fixture(scope="session")
def checkout(standin: Path) -> Checkout:
    """The files of the stand-in."""
    return Checkout.of(Settings(home=standin))


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's converted weights lie."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="session")
def load(standin: Path, scratch: Path) -> Iterator[MakeEngine]:
    """Loads engines from the stand-in, or from `home`; keywords are parameters. They end with the session."""
    made: list[EmotiVoiceEngine] = []

    def make(home: Path = standin, **parameters: object) -> EmotiVoiceEngine:
        engine = EmotiVoiceEngine()
        made.append(engine)
        given = {"home": str(home)} | parameters
        engine.load(LoadRequest("emotivoice@test", {}, "cpu", 1, scratch, given))
        return engine

    yield make
    for engine in made:
        engine.unload()


@pytest.fixture(scope="session")
def engine(load: MakeEngine) -> EmotiVoiceEngine:
    """The engine as it runs on a CPU: one line at a time."""
    return load()


@pytest.fixture(scope="session")
def batching_engine(load: MakeEngine) -> EmotiVoiceEngine:
    """The engine as it runs on a GPU: many lines in one padded pass."""
    return load(frames_at_once=20_000)


@pytest.fixture(scope="session")
def say() -> Say:
    """Makes an utterance in reader 8051's voice unless told otherwise."""

    def make(text: str, voice: str = "8051", **more: object) -> Utterance:
        fields = {"voice": (VoicePart(voice),), "direction": Direction(), "seed": 7, "language": "zh"} | more
        return Utterance(text=text, **fields)  # type: ignore[arg-type]

    return make
