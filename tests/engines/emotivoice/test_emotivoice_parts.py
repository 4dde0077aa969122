"""Two checkpoints with one vocoder and one style encoder: each is in memory once, and they sound as alone."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
import yaml
from emotivoice_standin import save

from pipeline.engines.base import LoadRequest
from pipeline.engines.emotivoice import parts
from pipeline.engines.emotivoice.engine import EmotiVoiceEngine
from pipeline.engines.emotivoice.settings import GENERATOR
from pipeline.engines.engine_file import PartForm
from pipeline.engines.entries import Part
from pipeline.errors import EngineError
from pipeline.render.parts import PartShelf, part_id

TUNED = "outputs/tuned/g_1"


@pytest.fixture
def home(own_standin):
    """A checkout with a second checkpoint whose acoustic model was trained further."""
    state = torch.load(own_standin / GENERATOR, weights_only=True)["generator"]
    tuned = {name: tensor + 0.01 if name == "am.to_mel.bias" else tensor for name, tensor in state.items()}
    save(own_standin / TUNED, {"generator": tuned})
    return own_standin


@pytest.fixture
def declared(home, capsys, monkeypatch):
    """The parts of the checkout as its command prints them, by name."""
    assert parts.main([str(home)]) == 0
    rows = yaml.safe_load(capsys.readouterr().out)["parts"]
    forms = [PartForm.model_validate(row) for row in rows]
    return {form.name: Part(form.name, form.sha256, form.bytes) for form in forms}


@pytest.fixture
def loaded(home, tmp_path):
    """Loads a checkpoint with the parts of a shelf."""
    engines = []

    def load(generator, given):
        engines.append(EmotiVoiceEngine())
        parameters = {"home": str(home), "generator": generator}
        engines[-1].load(
            LoadRequest("emotivoice@x", {}, "cpu", 1, tmp_path / "scratch", parameters, parts=given)
        )
        return engines[-1]

    yield load
    for engine in engines:
        engine.unload()


@pytest.mark.slow
def test_two_models_with_a_vocoder_in_common_hold_it_once_and_sound_as_they_do_alone(declared, loaded, say):
    shared = (declared["vocoder"], declared["style"])
    shelf = PartShelf({"old": shared, "new": shared})
    old, new = loaded(GENERATOR, shelf.of("old")), loaded(TUNED, shelf.of("new"))
    assert old._network.vocoder is new._network.vocoder
    assert old._network.style is new._network.style
    assert old._network.acoustic is not new._network.acoustic
    assert set(shelf.held()) == {part_id(part) for part in shared}
    alone = loaded(TUNED, PartShelf({}).of("alone"))
    held = sum(part.bytes for part in shared)
    assert alone.bytes_held() - new.bytes_held() == held > 0
    (first,) = alone.synthesize([say("我来到北京")])
    (second,) = new.synthesize([say("我来到北京")])
    (third,) = old.synthesize([say("我来到北京")])
    assert np.array_equal(first.audio.samples, second.audio.samples)
    assert not np.array_equal(third.audio.samples, second.audio.samples)
    old.unload()
    (again,) = new.synthesize([say("我来到北京")])  # the shared parts outlive the other model
    assert np.array_equal(again.audio.samples, second.audio.samples)


@pytest.mark.slow
def test_a_part_that_differs_is_refused_with_both_hashes(declared, loaded):
    shelf = PartShelf({"new": (declared["acoustic"],)})
    with pytest.raises(
        EngineError,
        match=f"part 'acoustic' has SHA-256 [0-9a-f]{{64}}, must be {declared['acoustic'].sha256}",
    ):
        loaded(TUNED, shelf.of("new"))
    assert shelf.held() == ()


def test_a_checkout_that_lacks_files_is_told_in_one_line(tmp_path, capsys):
    assert parts.main([str(tmp_path / "nowhere")]) == 4
    assert "nowhere" in capsys.readouterr().err
    assert "torch" in sys.modules
