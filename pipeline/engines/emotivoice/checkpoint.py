"""Weights from the released checkpoints: read without running code, converted once, memory-mapped after that.

Both are pickles. A process of its own reads them (`engines/unpickling.py`), their bytes are checked against
the sums that the archive holds, and what is needed of them is kept as safetensors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.engines.converted import opened
from pipeline.engines.emotivoice.fingerprint import fingerprint
from pipeline.engines.unpickling import read_pickled
from pipeline.errors import EngineError

# Raised whenever what is kept changes, so that an older converted file is not taken for a new one.
LAYOUT = 2
# The parts of each file, and how the names of their tensors begin.
JOINT = {"acoustic": "am.", "vocoder": "generator."}
STYLE = {"style": ""}
# Needed for training only.
UNUSED_ACOUSTIC = ("am.alignment_module.",)

State = dict[str, Tensor]


def joint_weights(path: Path, scratch: Path) -> State:
    """The acoustic model (`am.*`) and vocoder (`generator.*`), float32, without weight norm, memory-mapped.

    Raises:
        EngineError: the file is no such checkpoint, is damaged, or would run code.
    """
    return _kept(_joint_file(path, scratch), JOINT, lambda: _joint(path, scratch))


def style_weights(path: Path, base: Path | None, scratch: Path) -> State:
    """The BERT of the style encoder (`embeddings.*`, `encoder.*`, `pooler.*`), float32, memory-mapped.

    Args:
        base: the pretrained BERT that the encoder began as; asked only for tensors that `path` lacks.
    Raises:
        EngineError: as `joint_weights`.
    """
    return _kept(_style_file(path, base, scratch), STYLE, lambda: _style(path, base, scratch))


def joint_digests(path: Path, scratch: Path) -> dict[str, str]:
    """SHA-256 of what is in the acoustic model and in the vocoder, of weights that were read before."""
    return _digests(_joint_file(path, scratch))


def style_digests(path: Path, base: Path | None, scratch: Path) -> dict[str, str]:
    """SHA-256 of what is in the style encoder, of weights that were read before."""
    return _digests(_style_file(path, base, scratch))


def _joint_file(path: Path, scratch: Path) -> Path:
    return scratch / f"emotivoice-{fingerprint(path)}-{LAYOUT}.safetensors"


def _style_file(path: Path, base: Path | None, scratch: Path) -> Path:
    marks = [fingerprint(path)] + ([fingerprint(base)] if base else [])
    return scratch / f"emotivoice-style-{'-'.join(marks)}-{LAYOUT}.safetensors"


def _digests(converted: Path) -> dict[str, str]:
    """The digests that were noted in a converted file when it was made."""
    from safetensors import safe_open

    with safe_open(converted, framework="pt") as file:
        return dict(file.metadata() or {})


def _kept(converted: Path, parts: Mapping[str, str], convert: Callable[[], State]) -> State:
    """The tensors in `converted`, mapped; written first if they are not there or damaged.

    Args:
        parts: how the names of each part's tensors begin; what is in a part is noted in the file.
    """
    from safetensors.torch import load_file, save_file

    def write(target: Path) -> None:
        state = convert()
        save_file(state, target, {name: _digest(state, start) for name, start in parts.items()})

    return opened(converted, write, load_file)


def _digest(state: Mapping[str, Tensor], start: str) -> str:
    """SHA-256 of the tensors whose names begin so: of names, shapes and float32 bytes, in order of name."""
    sha = hashlib.sha256()
    for name in sorted(state):
        if name.startswith(start):
            tensor = state[name].contiguous()
            sha.update(f"{name.removeprefix(start)} {list(tensor.shape)}\n".encode())
            sha.update(tensor.numpy().data)
    return sha.hexdigest()


def _joint(path: Path, scratch: Path) -> State:
    state = _tensors(read_pickled(path, scratch, ["generator"]), "generator", path)
    used = {name: tensor for name, tensor in state.items() if not name.startswith(UNUSED_ACOUSTIC)}
    return _separate(without_weight_norm(used))


def _style(path: Path, base: Path | None, scratch: Path) -> State:
    trained = _bert(_tensors(read_pickled(path, scratch, ["model"]), "model", path))
    begun = _bert(_tensors({"model": read_pickled(base, scratch)}, "model", base)) if base else {}
    return _separate(begun | trained)


def _separate(state: Mapping[str, Tensor]) -> State:
    """The tensors in float32, each with memory of its own: a checkpoint may hold one under two names."""
    result: State = {}
    seen: set[int] = set()
    for name, tensor in state.items():
        plain = tensor.to(torch.float32).contiguous()
        place = plain.untyped_storage().data_ptr()
        result[name] = plain.clone() if place in seen else plain
        seen.add(place)
    return result


def _bert(state: Mapping[str, Tensor]) -> State:
    """The BERT's own tensors under plain names: `module.bert.pooler.dense.bias` -> `pooler.dense.bias`."""
    plain = {name.removeprefix("module.").removeprefix("bert."): tensor for name, tensor in state.items()}
    # Checkpoints of BERT's youth call a layer norm's weight and bias gamma and beta.
    plain = {
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
            "LayerNorm.beta", "LayerNorm.bias"
        ): tensor
        for name, tensor in plain.items()
    }
    wanted = ("embeddings.", "encoder.", "pooler.")
    return {
        name: tensor
        for name, tensor in plain.items()
        if name.startswith(wanted) and not name.endswith("position_ids")
    }


def _tensors(parts: Any, key: str, path: Path) -> dict[str, Tensor]:
    """The state dict under `key` of what was read.

    Raises:
        EngineError: there is none, or it holds something else than tensors.
    """
    state = parts.get(key) if isinstance(parts, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise EngineError(f"not a checkpoint of EmotiVoice: no tensors under '{key}'", where=str(path))
    return dict(state)


def without_weight_norm(state: Mapping[str, Tensor]) -> State:
    """The state with each length and direction joined to one weight; both spellings of the pair are known.

    Source: Salimans & Kingma 2016, "Weight normalization", eq. 2; one length for each first index.
    """
    pairs = (
        (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
        (".weight_g", ".weight_v"),
    )
    result: State = {}
    for name, tensor in state.items():
        pair = next((pair for pair in pairs if name.endswith(pair)), None)
        if pair is None:
            result[name] = tensor
        elif name.endswith(pair[1]):
            stem = name.removesuffix(pair[1])
            length = state.get(stem + pair[0])
            if length is None:
                raise EngineError(f"not a checkpoint of EmotiVoice: '{name}' has no length beside it")
            direction = tensor.to(torch.float32)
            norm = direction.square().sum(dim=(1, 2), keepdim=True).sqrt()
            result[f"{stem}.weight"] = direction * (length.to(torch.float32) / norm)
    return result
