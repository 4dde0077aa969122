"""Weights from either source as one flat state dict, converted once and memory-mapped after that.

Sources: the official `weights.pth` (five state dicts, weight norm apart) and the packaged `weights.onnx`
(the same network, weights in 8 bits, weight norm folded). Both end as float32 tensors under the names of
the official checkpoint, convolutions without weight norm, in the memory layout that `model.py` computes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.engines.converted import opened
from pipeline.engines.unpickling import read_pickled
from pipeline.errors import EngineError
from pipeline.hashing import digest_file

if TYPE_CHECKING:
    import onnx

OFFICIAL = "weights.pth"
PACKAGED = "weights.onnx"
# Raised whenever the layout below changes, so that an older converted file is not taken for a new one.
LAYOUT = 1
STEM_DIGITS = 16

Array = npt.NDArray[Any]


def load_weights(
    files: Mapping[str, Path], scratch: Path, digests: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """The network's weights, float32, in the layout of `model.py`, memory-mapped from `scratch`.

    The first call converts and keeps the result under a name made of the source's SHA-256.

    Args:
        digests: SHA-256 of the files, where they are known: a file that was verified is not hashed again.
    Raises:
        EngineError: neither source is among the files, or what is there is damaged.
    """
    from safetensors.torch import load_file

    source = files.get(OFFICIAL) or files.get(PACKAGED)
    if source is None:
        raise EngineError(
            f"no weights for kokoro among {sorted(files)}", hint=f"it needs '{OFFICIAL}' or '{PACKAGED}'"
        )
    name = OFFICIAL if OFFICIAL in files else PACKAGED
    sha256 = (digests or {}).get(name) or digest_file(source)
    target = scratch / f"kokoro-{sha256[:STEM_DIGITS]}-{LAYOUT}.safetensors"
    return opened(target, partial(_convert, source, name == OFFICIAL), load_file)


def _convert(source: Path, official: bool, target: Path) -> None:
    from safetensors.torch import save_file

    state = read_official(source, target.parent) if official else read_packaged(source)
    save_file(to_layout(state), target)


def to_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with each weight stored as the model multiplies by it.

    Convolutions [out, in, k] -> [out, k, in] (channels last); upsampling transposed convolutions
    [in, out, k] -> [k * out, in] (one matrix product); depthwise [channels, 1, 3] -> [3, channels];
    snake's alpha [1, channels, 1] -> [channels].
    """
    result: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if re.search(r"\.ups\.\d\.weight$", name):
            tensor = tensor.permute(2, 1, 0).flatten(0, 1)
        elif name.endswith(".pool.weight"):
            tensor = tensor[:, 0].T
        elif ".alpha" in name:
            tensor = tensor.flatten()
        elif tensor.ndim == 3:
            tensor = tensor.permute(0, 2, 1)
        result[name] = tensor.to(torch.float32).contiguous()
    return result


def read_official(path: Path, scratch: Path) -> dict[str, Tensor]:
    """The official checkpoint's weights, flat, weight norm folded into the weights.

    Raises:
        EngineError: not a checkpoint of Kokoro, damaged, or one that would run code.
    """
    parts = read_pickled(path, scratch)
    states = parts.values() if isinstance(parts, dict) else ()
    if not all(isinstance(state, dict) for state in states) or not states:
        raise EngineError("not a Kokoro checkpoint: it holds no state dicts", where=str(path))
    flat = {
        f"{part}.{name.removeprefix('module.')}": tensor
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
        if isinstance(tensor, Tensor)
    }
    return {name: tensor for name, tensor in _without_weight_norm(flat) if _is_used(name)}


def _without_weight_norm(flat: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Each tensor; a pair weight_g, weight_v becomes the weight `g * v / ||v||`, norm over all but axis 0."""
    for name, tensor in flat.items():
        if name.endswith(".weight_g"):
            continue
        if name.endswith(".weight_v"):
            stem = name.removesuffix("_v")
            length = tensor.flatten(1).norm(dim=1).view(-1, *[1] * (tensor.ndim - 1))
            yield stem, flat[f"{stem}_g"] * tensor / length
        else:
            yield name, tensor


def _is_used(name: str) -> bool:
    """Whether the model has this tensor; not so BERT's pooler and AdaIN's identity scale and shift."""
    return not re.search(r"\.pooler\.|\.norm\.(weight|bias)$|position_ids$|token_type_ids$", name)


def read_packaged(path: Path) -> dict[str, Tensor]:
    """The weights of the 8-bit ONNX graph, flat, back in float32. Nothing in the graph is executed.

    The node's name carries the module's path; the initializer of a folded weight norm is anonymous.

    Raises:
        EngineError: not an ONNX graph of Kokoro.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]

    try:
        graph = onnx.load(path).graph
    except (DecodeError, OSError) as error:
        raise EngineError(f"not an ONNX graph: {_first_line(error)}", where=str(path)) from error
    try:
        return {name: torch.from_numpy(np.array(array)) for name, array in _Graph(graph).weights()}
    except KeyError as error:
        raise EngineError(f"not a Kokoro graph: it has no {error}", where=str(path)) from error


class _Graph:
    """Reads weights out of one graph; knows ONNX Runtime's names of quantised operators."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.nodes = list(graph.node)
        self.tensors = {tensor.name: tensor for tensor in graph.initializer}
        self.readers = {node.input[0]: node for node in self.nodes if node.op_type == "DequantizeLinear"}

    def array(self, name: str) -> Array:
        from onnx import numpy_helper

        return numpy_helper.to_array(self.tensors[name])

    def weights(self) -> Iterator[tuple[str, Array]]:
        """Every weight once, by the official checkpoint's name and in torch's layout."""
        yield from self._floats()
        for node in self.nodes:
            if node.op_type == "DynamicQuantizeLSTM":
                yield from self._lstm(node)
            elif (weight := self._weight(node)) is not None:
                yield f"{_module(node.name)}.weight", weight

    def _floats(self) -> Iterator[tuple[str, Array]]:
        """Initializers that kept their module's name: biases, norms, snake's alphas."""
        kept = re.compile(r"(encoder|decoder)\..*(\.bias|\.beta|\.gamma|\.alpha[12]\.\d|orm\.weight)$")
        for name in self.tensors:
            if kept.match(name):
                yield re.sub(r"^(encoder\.|decoder\.(?=decoder\.))", "", name), self.array(name)

    def _weight(self, node: onnx.NodeProto) -> Array | None:
        """The weight of one node in torch's layout, or None if the node has none of its own."""
        if len(node.input) < 2 or ".istft" in node.name or "/istft/" in node.name:
            return None
        name = node.input[0] if node.op_type == "Gather" else node.input[1]
        if name not in self.tensors:
            return None
        if node.op_type in ("Conv", "ConvTranspose"):
            return self.array(name)
        if node.op_type == "MatMul":
            return self.array(name).T
        if node.op_type == "ConvInteger":
            return self._scaled(name, node.input[3])
        if node.op_type == "MatMulInteger":
            return self._scaled(name, node.input[3]).T
        if node.op_type == "Gather" and name.endswith("_quantized"):
            reader = self.readers[node.output[0]]
            return self._scaled(name, reader.input[2])
        return None

    def _scaled(self, name: str, zero_point: str) -> Array:
        """`(q - zero point) * scale`: one scale for all, or one for each column."""
        scale = self.array(f"{name.removesuffix('_quantized')}_scale")
        shifted = self.array(name).astype(np.int32) - self.array(zero_point).astype(np.int32)
        return shifted.astype(np.float32) * scale

    def _lstm(self, node: onnx.NodeProto) -> Iterator[tuple[str, Array]]:
        """The eight tensors of a two-way LSTM; ONNX orders the gates i, o, f, c and torch i, f, g, o."""
        stem = _module(node.name)
        biases = self.array(node.input[3])  # (2, 8 * hidden): input's, then recurrent
        for way, suffix in enumerate(("_l0", "_l0_reverse")):
            for kind, weight, scale, zero in (("ih", 1, 8, 9), ("hh", 2, 10, 11)):
                quantized = self.array(node.input[weight])[way].astype(np.int32)
                shifted = quantized - int(self.array(node.input[zero])[way])
                rows = shifted.T.astype(np.float32) * self.array(node.input[scale])[way]
                yield f"{stem}.weight_{kind}{suffix}", _gates(rows)
            half = biases.shape[1] // 2
            yield f"{stem}.bias_ih{suffix}", _gates(biases[way, :half])
            yield f"{stem}.bias_hh{suffix}", _gates(biases[way, half:])


def _gates(rows: Array) -> Array:
    """Rows of gates i, o, f, c in torch's order i, f, g (= c), o."""
    i, o, f, c = np.split(rows, 4)
    return np.concatenate([i, f, c, o])


def _module(node: str) -> str:
    """The official path of a node: `/encoder/F0.0/conv1/Conv_quant` -> `predictor.F0.0.conv1`."""
    parts = node.strip("/").split("/")[:-1]
    parts = [re.sub(r"_\d+$", "", part) for part in parts]  # repeats of ALBERT's one shared layer
    parts = parts[1:]  # `encoder` or the first `decoder`
    if re.match(r"(F0|N)(\.|_proj)|shared", parts[0]):
        parts.insert(0, "predictor")
    # A child of a Sequential is named with its parent's path before it: `cnn.0/cnn.0.0`.
    following = [*parts[1:], ""]
    return ".".join(a for a, b in zip(parts, following, strict=True) if not b.startswith(f"{a}."))


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
