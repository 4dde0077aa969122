import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from emotivoice_shapes import SMALL, joint_shapes
from emotivoice_standin import save

from pipeline.engines.emotivoice.checkpoint import joint_weights, style_weights
from pipeline.engines.emotivoice.fingerprint import fingerprint
from pipeline.engines.unpickling import read_pickled
from pipeline.errors import EngineError


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_would_run_code_is_refused_by_name_and_runs_none(tmp_path, zipped):
    path, mark = tmp_path / "g_evil", tmp_path / "it-ran"
    torch.save({"generator": Trap(f"touch '{mark}'")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(EngineError, match=r"g_evil: refused: loading it would run '(posix|nt)\.system'"):
        joint_weights(path, tmp_path / "scratch")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Trap(f"touch '{mark}'")))
    assert mark.exists()  # the trap itself works


def test_a_checkpoint_is_converted_once_and_mapped_after_that(checkout, tmp_path):
    first = joint_weights(checkout.generator, tmp_path)
    (kept,) = tmp_path.glob("emotivoice-*.safetensors")
    written = kept.stat().st_mtime_ns
    second = joint_weights(checkout.generator, tmp_path)
    assert kept.stat().st_mtime_ns == written
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not any("alignment_module" in key or "parametrizations" in key for key in first)
    assert str(kept) in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_a_damaged_converted_file_is_made_anew(checkout, tmp_path):
    whole = joint_weights(checkout.generator, tmp_path)
    (kept,) = tmp_path.glob("*.safetensors")
    kept.unlink()
    kept.write_bytes(b"no weights at all")
    assert joint_weights(checkout.generator, tmp_path).keys() == whole.keys()


def test_both_spellings_of_weight_norm_give_the_same_weights(checkout, tmp_path):
    parts = read_pickled(checkout.generator, tmp_path)
    ending = {
        ".parametrizations.weight.original0": ".weight_g",
        ".parametrizations.weight.original1": ".weight_v",
    }
    older = {}
    for key, tensor in parts["generator"].items():
        for new, old in ending.items():
            key = key.replace(new, old)
        older[key] = tensor
    save(tmp_path / "older", {"generator": older})
    one, other = joint_weights(checkout.generator, tmp_path), joint_weights(tmp_path / "older", tmp_path)
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_a_changed_byte_inside_a_checkpoint_is_found(checkout, tmp_path):
    path = tmp_path / "g_damaged"
    data = bytearray(checkout.generator.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(EngineError, match="g_damaged: damaged"):
        joint_weights(path, tmp_path)


@pytest.mark.parametrize("keep", [0.001, 0.5, 0.999])
def test_a_truncated_checkpoint_is_an_incomplete_download(checkout, tmp_path, keep):
    path = tmp_path / "g_cut"
    data = checkout.generator.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(EngineError, match="g_cut: not a checkpoint"):
        joint_weights(path, tmp_path)


@pytest.mark.parametrize(
    "value", [{"model": {}}, {"generator": [1]}, {"generator": {"a": 1}}, [torch.ones(1)]]
)
def test_another_kind_of_checkpoint_is_refused(tmp_path, value):
    save(tmp_path / "other", value)
    with pytest.raises(EngineError, match="no tensors under 'generator'"):
        joint_weights(tmp_path / "other", tmp_path)


def test_tensors_that_the_style_encoder_lacks_come_from_the_bert_it_began_as(checkout, tmp_path):
    trained = read_pickled(checkout.style_encoder, tmp_path)["model"]
    pooler = {key: value for key, value in trained.items() if ".pooler." in key}
    save(tmp_path / "headless", {"model": {key: trained[key] for key in trained if key not in pooler}})
    begun = {key.removeprefix("module."): value for key, value in trained.items()}
    begun["bert.embeddings.LayerNorm.gamma"] = begun.pop("bert.embeddings.LayerNorm.weight") * 0
    save(tmp_path / "begun", begun)
    state = style_weights(tmp_path / "headless", tmp_path / "begun", tmp_path)
    whole = style_weights(checkout.style_encoder, None, tmp_path)
    assert state.keys() == whole.keys() and all(torch.equal(state[key], whole[key]) for key in whole)
    assert "pooler.dense.weight" not in style_weights(tmp_path / "headless", None, tmp_path)


def test_a_fingerprint_follows_contents_and_not_names(checkout, tmp_path):
    mark = fingerprint(checkout.generator)
    copy = shutil.copy(checkout.generator, tmp_path / "renamed")
    assert fingerprint(tmp_path / "renamed") == mark and len(mark) == 16
    state = torch.load(copy, weights_only=True)
    torch.save(state, tmp_path / "resaved")
    assert fingerprint(tmp_path / "resaved") == mark
    state["generator"]["am.to_mel.bias"][0] += 1e-3
    torch.save(state, tmp_path / "changed")
    assert fingerprint(tmp_path / "changed") != mark


def test_the_stand_in_is_saved_as_the_released_files_are(checkout):
    assert zipfile.is_zipfile(checkout.generator)
    state = torch.load(checkout.generator, weights_only=True)["generator"]
    assert {key: tuple(value.shape) for key, value in state.items()} == joint_shapes(SMALL)
    assert all(key.startswith("module.") for key in torch.load(checkout.style_encoder)["model"])
