"""Keys and shapes of EmotiVoice's checkpoints at any size, and the weights of its parity check."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

Shapes = dict[str, tuple[int, ...]]
MEL = 80


@dataclass(frozen=True)
class Size:
    """What of the model's size may differ; the defaults are the released checkpoint's."""

    width: int = 384
    text_width: int = 768
    layers: int = 4
    heads: int = 8
    tokens: int = 502
    voices: int = 2014
    channels: int = 512
    kernels: tuple[int, ...] = (3, 7, 11)


FULL = Size()
SMALL = Size(width=16, text_width=16, layers=1, heads=2, channels=32, kernels=(3,))


def joint_shapes(size: Size = FULL) -> Shapes:
    """The `generator` state dict of the joint checkpoint."""
    shapes: Shapes = {}
    for part in ("encoder", "decoder"):
        shapes |= {f"am.{part}.{key}": shape for key, shape in _encoder(size)}
    for name, layers in (("duration", 2), ("pitch", 3), ("energy", 2)):
        shapes |= {f"am.{name}_predictor.{key}": shape for key, shape in _predictor(size, layers)}
    for name in ("pitch", "energy"):
        shapes |= _with_bias(f"am.{name}_embed.0", (size.width, 1, 9))
    shapes |= dict(_alignment(size))
    shapes |= _with_bias("am.to_mel", (MEL, size.width))
    shapes["am.spk_tokenizer.weight"] = (size.voices, size.width)
    shapes["am.src_word_emb.weight"] = (size.tokens, size.width)
    shapes |= _with_bias("am.embed_projection1", (size.width, 2 * size.width + 2 * size.text_width))
    return shapes | dict(_vocoder(size))


def style_shapes(
    width: int = 768, layers: int = 12, inner: int = 3072, words: int = 13685, head: str = "bert."
) -> Shapes:
    """The style encoder's BERT, and with `head` as it is the classifiers that it was trained with."""
    shapes: Shapes = {
        f"{head}embeddings.word_embeddings.weight": (words, width),
        f"{head}embeddings.position_embeddings.weight": (512, width),
        f"{head}embeddings.token_type_embeddings.weight": (2, width),
    } | _norm(f"{head}embeddings.LayerNorm", width)
    for number in range(layers):
        stem = f"{head}encoder.layer.{number}"
        for name in ("query", "key", "value"):
            shapes |= _with_bias(f"{stem}.attention.self.{name}", (width, width))
        shapes |= _with_bias(f"{stem}.attention.output.dense", (width, width))
        shapes |= _norm(f"{stem}.attention.output.LayerNorm", width)
        shapes |= _with_bias(f"{stem}.intermediate.dense", (inner, width))
        shapes |= _with_bias(f"{stem}.output.dense", (width, inner))
        shapes |= _norm(f"{stem}.output.LayerNorm", width)
    shapes |= _with_bias(f"{head}pooler.dense", (width, width))
    for name, classes in (("pitch", 3), ("speed", 3), ("energy", 3), ("emotion", 7)):
        shapes |= _with_bias(f"{name}_clf.classifier", (classes, width))
    return shapes | _with_bias("style_embed_proj", (128 if width == 768 else 8, width))


def filled(shapes: Mapping[str, tuple[int, ...]], scale: float) -> dict[str, torch.Tensor]:
    """Weights that every implementation can make alike: a sine over each tensor, its phase from its key."""
    return {key: _filled(key, shape, scale) for key, shape in shapes.items()}


def _filled(key: str, shape: tuple[int, ...], scale: float) -> torch.Tensor:
    if key == "am.duration_predictor.linear.bias":
        return torch.full(shape, 1.5)
    ones = key.endswith(("original0", ".2.weight", "embed.0.alpha")) or (
        "norm" in key.lower() and key.endswith("weight")
    )
    if ones:
        return torch.ones(shape)
    phase = (zlib.crc32(key.encode()) % 628) / 100
    values = scale * np.sin(0.37 * np.arange(math.prod(shape), dtype=np.float64) + phase)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def _with_bias(stem: str, shape: tuple[int, ...]) -> Shapes:
    return {f"{stem}.weight": shape, f"{stem}.bias": shape[:1]}


def _norm(stem: str, width: int) -> Shapes:
    return {f"{stem}.weight": (width,), f"{stem}.bias": (width,)}


def _encoder(size: Size) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, inner = size.width, 4 * size.width
    yield "embed.0.alpha", ()
    for number in range(size.layers):
        stem = f"encoders.{number}"
        for name in ("q", "k", "v", "out"):
            yield from _with_bias(f"{stem}.self_attn.linear_{name}", (width, width)).items()
        yield from _with_bias(f"{stem}.feed_forward.w_1", (inner, width, 3)).items()
        yield from _with_bias(f"{stem}.feed_forward.w_2", (width, inner, 3)).items()
        yield from (_norm(f"{stem}.norm1", width) | _norm(f"{stem}.norm2", width)).items()
    yield from _norm("after_norm", width).items()


def _predictor(size: Size, layers: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number in range(layers):
        yield from _with_bias(f"conv.{number}.0", (size.width, size.width, 3)).items()
        yield from _norm(f"conv.{number}.2", size.width).items()
    yield from _with_bias("linear", (1, size.width)).items()


def _alignment(size: Size) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, inputs, taps in (
        ("t_conv1", size.width, 3),
        ("t_conv2", size.width, 1),
        ("f_conv1", MEL, 3),
        ("f_conv2", size.width, 3),
        ("f_conv3", size.width, 1),
    ):
        yield from _with_bias(f"am.alignment_module.{name}", (size.width, inputs, taps)).items()


def _vocoder(size: Size) -> Iterator[tuple[str, tuple[int, ...]]]:
    def normed(stem: str, shape: tuple[int, ...], bias: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"generator.{stem}.bias", (bias,)
        yield f"generator.{stem}.parametrizations.weight.original0", (shape[0], 1, 1)
        yield f"generator.{stem}.parametrizations.weight.original1", shape

    channels = size.channels
    yield from normed("conv_pre", (channels, MEL, 7), channels)
    for stage, taps in enumerate((16, 16, 4, 4)):
        yield from normed(f"ups.{stage}", (channels, channels // 2, taps), channels // 2)
        channels //= 2
        for number, kernel in enumerate(size.kernels):
            block = f"resblocks.{stage * len(size.kernels) + number}"
            for kind in ("convs1", "convs2"):
                for step in range(3):
                    yield from normed(f"{block}.{kind}.{step}", (channels, channels, kernel), channels)
    yield from normed("conv_post", (1, channels, 7), 1)
