"""The same weights and voices in the forms that the peers read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.kokoro.checkpoint import OFFICIAL, PACKAGED, read_packaged
from pipeline.registry.weights import WeightStore


def official_form(folder: Path, peers: Path, voices: Sequence[str]) -> None:
    """Puts `kokoro.pth`, `int8.onnx`, `fp32.onnx`, `config.json` and voices in `folder`, what is not there.

    The peers speak with our verified weights. From the packaged 8-bit graph the reference gets them back in
    float32 and a weight norm of its own; `fp32.onnx` is exported from the reference.
    """
    (folder / "voices").mkdir(parents=True, exist_ok=True)
    store, catalogue = WeightStore(), load_catalogue()
    files = store.ensure(catalogue.model("kokoro@1.0")).files
    packs = {name: _pack(store.ensure_voice(catalogue.voice(f"kokoro/{name}"))) for name in voices}
    for name, pack in packs.items():
        torch.save(torch.from_numpy(pack), folder / "voices" / f"{name}.pt")
    np.savez(folder / "voices.npz", **packs)
    (site,) = (peers / "lib").glob("python*/site-packages")
    shutil.copy(site / "kokoro_onnx" / "config.json", folder / "config.json")
    if not (folder / "kokoro.pth").exists():
        if OFFICIAL in files:
            shutil.copy(files[OFFICIAL], folder / "kokoro.pth")
        else:
            torch.save(_in_parts(read_packaged(files[PACKAGED])), folder / "kokoro.pth")
    if PACKAGED in files:
        shutil.copy(files[PACKAGED], folder / "int8.onnx")
    if not (folder / "fp32.onnx").exists():
        python = str(peers / "bin" / "python")
        subprocess.run(
            [python, str(Path(__file__).with_name("engine_peer.py")), "export", str(folder)], check=True
        )


def _pack(path: Path) -> np.ndarray:
    return np.fromfile(path, dtype="<f4").reshape(510, 1, 256)


def _in_parts(flat: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Five state dicts as the official file has them; a row of zeros gets any direction and no length."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in flat.items():
        part, rest = name.split(".", 1)
        state = parts.setdefault(part, {})
        plain = "noise_convs" in rest or "_proj" in rest or tensor.ndim != 3 or not rest.endswith("weight")
        if plain:
            state[f"module.{rest}"] = tensor
            continue
        length = tensor.flatten(1).norm(dim=1).view(-1, 1, 1)
        state[f"module.{rest}_g"] = length
        state[f"module.{rest}_v"] = torch.where(length > 0, tensor, torch.ones(()))
    return parts
