"""The phoneme language model that reads a whole line before anything is timed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.products import PackedLinear

SYMBOLS = 178
MAX_POSITIONS = 512
BERT_SIZE = 768
BERT_EMBEDDING = 128
BERT_HEADS = 12
BERT_LAYERS = 12
BERT_INNER = 2048
BERT_EPSILON = 1e-12


class Albert(nn.Module):
    """The phoneme language model: one transformer layer applied twelve times.

    Source: Lan et al. 2019, "ALBERT"; Li et al. 2023, "PL-BERT".
    """

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(SYMBOLS, BERT_EMBEDDING),
                "position_embeddings": nn.Embedding(MAX_POSITIONS, BERT_EMBEDDING),
                "token_type_embeddings": nn.Embedding(2, BERT_EMBEDDING),
                "LayerNorm": nn.LayerNorm(BERT_EMBEDDING, eps=BERT_EPSILON),
            }
        )
        layer = AlbertLayer()
        group = nn.ModuleDict({"albert_layers": nn.ModuleList([layer])})
        self.encoder = nn.ModuleDict(
            {
                "embedding_hidden_mapping_in": nn.Linear(BERT_EMBEDDING, BERT_SIZE),
                "albert_layer_groups": nn.ModuleList([group]),
            }
        )

    def forward(self, ids: Tensor, tokens: Lengths) -> Tensor:
        """(batch, T) -> (batch, T, 768); padding queries hold anything."""
        embed = self.embeddings
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = embed["word_embeddings"](ids) + embed["position_embeddings"](positions)
        x = embed["LayerNorm"](x + embed["token_type_embeddings"](torch.zeros_like(positions)))
        x = self.encoder["embedding_hidden_mapping_in"](x)
        keys = None if tokens.mask is None else tokens.mask.view(ids.shape[0], 1, 1, -1)
        layer = self.encoder.get_submodule("albert_layer_groups.0.albert_layers.0")
        for _ in range(BERT_LAYERS):
            x = layer(x, keys)
        return x


class AlbertLayer(nn.Module):
    """Self-attention, then two linear layers, each with a shortcut and a norm after it."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({name: PackedLinear(BERT_SIZE, BERT_SIZE) for name in _ATTENTION})
        self.attention["LayerNorm"] = nn.LayerNorm(BERT_SIZE, eps=BERT_EPSILON)
        self.ffn = PackedLinear(BERT_SIZE, BERT_INNER)
        self.ffn_output = PackedLinear(BERT_INNER, BERT_SIZE)
        self.full_layer_layer_norm = nn.LayerNorm(BERT_SIZE, eps=BERT_EPSILON)

    def forward(self, x: Tensor, keys: Tensor | None) -> Tensor:
        """(batch, T, 768) -> the same; `keys` (batch, 1, 1, T) is False on padding."""
        batch, length, _ = x.shape
        query, key, value = (
            self.attention[name](x).view(batch, length, BERT_HEADS, -1).transpose(1, 2)  # (batch, 12, T, 64)
            for name in _ATTENTION[:3]
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=keys)
        mixed = self.attention["dense"](mixed.transpose(1, 2).reshape(batch, length, BERT_SIZE))
        x = self.attention["LayerNorm"](x + mixed)
        inner = functional.gelu(self.ffn(x), approximate="tanh")
        return self.full_layer_layer_norm(self.ffn_output(inner) + x)


_ATTENTION = ("query", "key", "value", "dense")
