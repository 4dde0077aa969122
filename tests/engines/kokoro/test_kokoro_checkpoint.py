"""Both sources of weights end as the same tensors; what is converted once is not converted again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from pipeline.engines.kokoro.checkpoint import load_weights, read_official, read_packaged, to_layout
from pipeline.engines.kokoro.model import KokoroModel
from pipeline.errors import EngineError


def test_the_packaged_weights_are_all_that_the_model_needs_and_nothing_more(
    weights: dict[str, torch.Tensor],
) -> None:
    with torch.device("meta"):
        wanted = {name: tensor.shape for name, tensor in KokoroModel().state_dict().items()}
    assert {name: tensor.shape for name, tensor in weights.items()} == wanted
    assert sum(tensor.numel() for tensor in weights.values()) == 81_140_664
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights.values())


def test_an_official_checkpoint_gives_the_same_weights(
    weight_files: dict[str, Path], weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    torch.save(_as_official(read_packaged(weight_files["weights.onnx"])), path)
    found = to_layout(read_official(path, tmp_path))
    assert found.keys() == weights.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, weights[name], rtol=1e-5, atol=1e-7, msg=name)


def _as_official(flat: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """Five state dicts with `module.` before each name and weight norm apart, as the hub's file is."""
    parts: dict[str, dict[str, torch.Tensor]] = {"bert": {"module.pooler.weight": torch.zeros(2, 2)}}
    for name, tensor in flat.items():
        part, rest = name.split(".", 1)
        state = parts.setdefault(part, {})
        if tensor.ndim == 3 and rest.endswith("weight") and "noise_convs" not in rest and "_proj" not in rest:
            length = tensor.flatten(1).norm(dim=1).view(-1, 1, 1)
            # A row of zeros has no direction; any will do, since its length is 0.
            state[f"module.{rest}_v"] = torch.where(length > 0, 3 * tensor, torch.ones(()))
            state[f"module.{rest}_g"] = length
        else:
            state[f"module.{rest}"] = tensor
    parts["decoder"]["module.encode.norm1.norm.weight"] = torch.ones(514)
    return parts


def test_weights_are_converted_once(weight_files: dict[str, Path], scratch: Path, weights: object) -> None:
    (converted,) = scratch.glob("*.safetensors")
    before = converted.stat().st_mtime_ns
    load_weights(weight_files, scratch)
    assert [path.stat().st_mtime_ns for path in scratch.glob("*.safetensors")] == [before]


def test_a_damaged_converted_file_is_made_anew(
    weight_files: dict[str, Path], weights: dict[str, torch.Tensor], scratch: Path, tmp_path: Path
) -> None:
    (good,) = scratch.glob("*.safetensors")
    mine = tmp_path / good.name
    shutil.copyfile(good, mine)
    shutil.copyfile(f"{good}.sha256.json", f"{mine}.sha256.json")
    with mine.open("rb+") as file:
        # In the middle of a tensor: the file can be read, and would be spoken with.
        file.seek(good.stat().st_size // 2)
        file.write(bytes(4096))
    found = load_weights(weight_files, tmp_path)
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())
    assert mine.read_bytes() == good.read_bytes()


@pytest.mark.parametrize("name", ["weights.pth", "weights.onnx"])
def test_a_file_that_is_no_model_is_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"<html>404</html>")
    with pytest.raises(EngineError, match=name):
        load_weights({name: tmp_path / name}, tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))


def test_without_weights_the_error_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"weights\.onnx"):
        load_weights({"config.json": tmp_path / "config.json"}, tmp_path)
