"""From a checkout's checkpoints to a network that can speak: built without memory of its own, then mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from pipeline.engines.base import MadePart, NoParts, Parts, VoicePart
from pipeline.engines.emotivoice.acoustic import AcousticModel, Sizes
from pipeline.engines.emotivoice.checkout import SPEAKERS, TOKENS, BertConfig, Checkout
from pipeline.engines.emotivoice.checkpoint import (
    joint_digests,
    joint_weights,
    style_digests,
    style_weights,
)
from pipeline.engines.emotivoice.style import StyleEncoder
from pipeline.engines.emotivoice.vocoder import Vocoder
from pipeline.engines.emotivoice.wordpiece import WordPieces
from pipeline.errors import EngineError, LineError
from pipeline.hashing import digest

KEYS_NAMED = 3
# What two models may have in common, by the names of a registry entry.
PARTS = ("acoustic", "vocoder", "style")
_Module = TypeVar("_Module", bound=nn.Module)


@dataclass(frozen=True)
class Network:
    """All of one loaded model, and the lists that say which row is which phoneme or voice.

    `shared` names the parts (of `PARTS`) that other models have too.
    """

    acoustic: AcousticModel
    vocoder: Vocoder
    style: StyleEncoder
    pieces: WordPieces
    tokens: Mapping[str, int]
    speakers: Mapping[str, int]
    shared: frozenset[str] = frozenset()

    def ids(self, tokens: Sequence[str]) -> list[int]:
        """The numbers of phonemes.

        Raises:
            LineError: the model knows no such phoneme.
        """
        unknown = next((token for token in tokens if token not in self.tokens), None)
        if unknown is not None:
            raise LineError(f"EmotiVoice has no phoneme '{unknown}'", hint="word the line otherwise")
        return [self.tokens[token] for token in tokens]

    def voice(self, parts: Sequence[VoicePart]) -> Tensor:
        """The vector of a voice or blend.

        Raises:
            LineError: the model has no voice of this name.
        """
        for part in parts:
            if part.name not in self.speakers:
                raise LineError(f"this EmotiVoice has no voice '{part.name}'")
        return self.acoustic.voice([(self.speakers[part.name], part.weight) for part in parts])

    def embed(self, text: str) -> Tensor:
        """The vector of a text, a line's own or a prompt's.

        Raises:
            LineError: the text is too long for the style encoder.
        """
        ids = self.pieces.ids(text)
        if len(ids) > self.style.longest:
            raise LineError(
                f"a text of {len(ids)} pieces is too long for EmotiVoice's style encoder"
                f" (at most {self.style.longest})",
                hint="shorten the line, or the style text",
            )
        return self.style(ids)

    def bytes_held(self) -> int:
        """Bytes of all weights that are this model's own."""
        return sum(module_bytes(getattr(self, part)) for part in PARTS if part not in self.shared)


def module_bytes(module: nn.Module) -> int:
    """Bytes of a module's weights."""
    return sum(tensor.nbytes for tensor in module.parameters())


def load_network(
    checkout: Checkout, scratch: Path, device: torch.device, parts: Parts | None = None
) -> Network:
    """The network of a checkout on a device; on a CPU its weights stay mapped from `scratch`.

    Args:
        parts: what it may have in common with other models: `acoustic`, `vocoder`, `style`.
    Raises:
        EngineError: checkpoints, lists and settings do not fit each other, or a file is damaged.
    """
    weights = joint_weights(checkout.generator, scratch)
    spoken, voiced = _part(weights, "am."), _part(weights, "generator.")
    felt = style_weights(checkout.style_encoder, checkout.pretrained_bert, scratch)
    heads, bert = checkout.heads(), checkout.bert()
    marks = _marks(checkout, scratch, heads, bert)
    common = parts or NoParts()

    def part(name: str, path: Path, state: Mapping[str, Tensor], make: Callable[[], _Module]) -> _Module:
        def made() -> MadePart:
            module = _placed(_built(path, state, make), device)
            return MadePart(module, marks[name], module_bytes(module))

        module: _Module = common.share(name, made)
        return module

    joint, encoder = checkout.generator, checkout.style_encoder
    acoustic = part("acoustic", joint, spoken, lambda: AcousticModel(Sizes.of(spoken, *heads), spoken))
    vocoder = part("vocoder", joint, voiced, lambda: Vocoder(voiced))
    style = part(
        "style", encoder, felt, lambda: StyleEncoder(felt, bert.num_attention_heads, bert.layer_norm_eps)
    )
    pieces = WordPieces.read(checkout.vocabulary, checkout.lower_case())
    tokens, speakers = checkout.tokens(), checkout.speakers()
    _check_rows(checkout, TOKENS, len(tokens), acoustic.src_word_emb.num_embeddings)
    _check_rows(checkout, SPEAKERS, len(speakers), acoustic.spk_tokenizer.num_embeddings)
    words = style.embeddings.word_embeddings.num_embeddings
    _check_rows(checkout, checkout.vocabulary, len(pieces.vocabulary), words)
    _check_fit(checkout, spoken, voiced, felt, (*heads, bert.num_attention_heads))
    shared = frozenset(name for name in PARTS if name in common)
    return Network(acoustic, vocoder, style, pieces, tokens, speakers, shared)


def _marks(checkout: Checkout, scratch: Path, heads: tuple[int, int], bert: BertConfig) -> dict[str, str]:
    """SHA-256 of what each part is: its weights, and the heads that do not show in them."""
    joint = joint_digests(checkout.generator, scratch)
    style = style_digests(checkout.style_encoder, checkout.pretrained_bert, scratch)["style"]
    return {
        "acoustic": digest([joint["acoustic"], *heads]),
        "vocoder": joint["vocoder"],
        "style": digest([style, bert.num_attention_heads, bert.layer_norm_eps]),
    }


def _placed(module: _Module, device: torch.device) -> _Module:
    try:
        return module.to(device)
    except RuntimeError as error:
        raise EngineError(f"cannot load EmotiVoice: {str(error).splitlines()[0]}") from error


def _part(state: Mapping[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): tensor for name, tensor in state.items() if name.startswith(start)}


def _built(path: Path, state: Mapping[str, Tensor], make: Callable[[], _Module]) -> _Module:
    """The module that `make` makes, with the tensors of `state` themselves as its weights.

    Raises:
        EngineError: a tensor is missing, unknown, or of another shape; the first are named.
    """
    try:
        with torch.device("meta"):
            module = make()
        found = module.load_state_dict(state, strict=False, assign=True)
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise EngineError(f"not a checkpoint of EmotiVoice: no tensor {error}", where=str(path)) from error
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1].strip()
        raise EngineError(f"not a checkpoint of EmotiVoice: {said}", where=str(path)) from error
    for kind, keys in (("lacks", found.missing_keys), ("has besides", found.unexpected_keys)):
        if keys:
            named = ", ".join(keys[:KEYS_NAMED]) + (" ..." if len(keys) > KEYS_NAMED else "")
            raise EngineError(f"not a checkpoint of EmotiVoice: it {kind} {named}", where=str(path))
    return module.requires_grad_(False).eval()


def _check_fit(
    checkout: Checkout,
    spoken: Mapping[str, Tensor],
    voiced: Mapping[str, Tensor],
    felt: Mapping[str, Tensor],
    heads: tuple[int, int, int],
) -> None:
    """Nothing, if the parts fit each other and the heads that the settings say.

    Raises:
        EngineError: they are of two versions.
    """
    width, joined = spoken["embed_projection1.weight"].shape
    text_width = len(felt["pooler.dense.bias"])
    # What the acoustic model joins: its own tokens, the voice, the prompt and the line's text.
    if joined != width + spoken["spk_tokenizer.weight"].shape[1] + 2 * text_width:
        raise EngineError(
            f"a style encoder of width {text_width} does not fit {checkout.generator.name}",
            where=str(checkout.style_encoder),
        )
    if len(spoken["to_mel.bias"]) != voiced["conv_pre.weight"].shape[1]:
        raise EngineError("acoustic model and vocoder do not fit", where=str(checkout.generator))
    for of, count in ((width, heads[0]), (width, heads[1]), (text_width, heads[2])):
        if of % count:
            raise EngineError(f"{count} heads do not divide a width of {of}", where=str(checkout.home))


def _check_rows(checkout: Checkout, name: str | Path, rows: int, wanted: int) -> None:
    if rows != wanted:
        raise EngineError(
            f"{rows} rows, but the checkpoint has {wanted}",
            where=str(checkout.home / name),
            hint="the list and the weights are of two versions",
        )
