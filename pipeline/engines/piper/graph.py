"""A Piper network whose noise comes from outside, so that a seed decides it.

A voice as it is published draws noise inside (`RandomNormalLike`, for durations and for the sound), from a
generator that runs on from call to call: the same line never sounds the same twice, and how a line sounds
depends on what was said before. Here each such node is replaced by a look-up in a table that is an input of
the network. Its indices wrap around, so that a table of fixed size serves a line of any length.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.engines.converted import converted
from pipeline.errors import EngineError
from pipeline.hashing import digest_file

# (1, 192, 2048): 192 channels is what Piper's networks have, 2048 frames are 24 s at 22,050 Hz; in a longer
# sentence the noise repeats after that, which nobody hears.
NOISE_CHANNELS, NOISE_FRAMES = 192, 2048
NOISE_PREFIX = "fullcast_noise_"
GRAPH_VERSION = 1
_RANDOM = frozenset({"RandomNormalLike", "RandomNormal", "RandomUniform", "RandomUniformLike", "Multinomial",
                     "Bernoulli"})  # fmt: skip
# Slice and Range with their indices as inputs. Source: ONNX operators, versions of `Range` and `Mod`.
OLDEST_OPSET = 11


def seeded_graph(source: Path, scratch: Path, sha256: str | None = None) -> Path:
    """The path of the converted network; made once for each network and kept in `scratch`.

    Args:
        sha256: of the source, where it is known: a file that was verified is not hashed again.
    Raises:
        EngineError: it is no ONNX file, or draws noise in a way that is not known here.
        StoreError: it cannot be written.
    """
    stem = f"piper-{(sha256 or digest_file(source))[:24]}-{GRAPH_VERSION}"
    return converted(scratch / f"{stem}.onnx", partial(_convert, source))


def _convert(source: Path, target: Path) -> None:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(str(source))
    except (OSError, DecodeError, ValueError) as error:
        raise EngineError(f"no network of a Piper voice: {error}", where=str(source)) from error
    _draw_from_inputs(model, source)
    target.write_bytes(model.SerializeToString())


def _draw_from_inputs(model: Any, source: Path) -> None:
    from onnx import TensorProto, helper

    opset = max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=0)
    nodes: list[Any] = []
    count = 0
    for node in model.graph.node:
        if node.op_type not in _RANDOM:
            nodes.append(node)
            continue
        if node.op_type != "RandomNormalLike" or opset < OLDEST_OPSET or _is_scaled(node):
            raise EngineError(
                f"the voice draws noise by '{node.op_type}' (opset {opset}), which cannot be seeded",
                where=str(source),
            )
        name = f"{NOISE_PREFIX}{count}"
        nodes += _look_up(name, node.input[0], node.output[0])
        shape = [1, NOISE_CHANNELS, NOISE_FRAMES]
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        count += 1
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(_constants())


def _is_scaled(node: Any) -> bool:
    """Whether the noise is not of mean 0 and scale 1, the defaults."""
    values = {attribute.name: attribute.f for attribute in node.attribute}
    return values.get("mean", 0.0) != 0.0 or values.get("scale", 1.0) != 1.0


def _constants() -> list[Any]:
    from onnx import TensorProto, helper

    values = {"zero": 0, "one": 1, "two": 2, "size_1": NOISE_CHANNELS, "size_2": NOISE_FRAMES}
    return [
        helper.make_tensor(f"{NOISE_PREFIX}{name}", TensorProto.INT64, [], [value])
        for name, value in values.items()
    ]


def _look_up(name: str, like: str, output: str) -> list[Any]:
    """Nodes that give `output` the shape of `like`, (1, channels, frames), from the table `name`."""
    from onnx import helper

    def constant(which: str) -> str:
        return f"{NOISE_PREFIX}{which}"

    nodes = [helper.make_node("Shape", [like], [f"{name}_shape"])]
    table = name
    for axis, which in ((1, "one"), (2, "two")):
        length, steps, wrapped = (f"{name}_{step}_{axis}" for step in ("length", "steps", "wrapped"))
        result = f"{name}_taken" if axis == 1 else output
        nodes += [
            helper.make_node("Gather", [f"{name}_shape", constant(which)], [length], axis=0),
            helper.make_node("Range", [constant("zero"), length, constant("one")], [steps]),
            helper.make_node("Mod", [steps, constant(f"size_{axis}")], [wrapped]),
            helper.make_node("Gather", [table, wrapped], [result], axis=axis),
        ]
        table = result
    return nodes
