"""The style encoder: a text in, the vector by which EmotiVoice is told how to speak. A BERT of 12 layers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional


class _SelfAttention(nn.Module):
    """Each token looks at all others."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) -> the same shape."""
        query, key, value = (
            linear(x).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (1, heads, tokens, width / heads)
            for linear in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).flatten(2)


class _Joined(nn.Module):
    """A dense layer beside a shortcut, with a layer norm behind both."""

    def __init__(self, inputs: int, width: int, epsilon: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.LayerNorm = nn.LayerNorm(width, eps=epsilon)

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        """(1, tokens, inputs) and (1, tokens, width) -> (1, tokens, width)."""
        return self.LayerNorm(shortcut + self.dense(x))


class _Attention(nn.Module):
    """Self-attention beside a shortcut."""

    def __init__(self, width: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.self = _SelfAttention(width, heads)
        self.output = _Joined(width, width, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) -> the same shape."""
        return self.output(self.self(x), x)


class _Dense(nn.Module):
    """A dense layer under the name that the published checkpoints give it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)."""
        return self.dense(x)


class _Layer(nn.Module):
    """Attention, then two dense layers beside a shortcut."""

    def __init__(self, width: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.attention = _Attention(width, heads, epsilon)
        self.intermediate = _Dense(width, inner)
        self.output = _Joined(inner, width, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) -> the same shape."""
        x = self.attention(x)
        return self.output(functional.gelu(self.intermediate(x)), x)


class _Embeddings(nn.Module):
    """Word, place and kind of each token; there is one kind of text here, the first."""

    def __init__(self, words: int, places: int, kinds: int, width: int, epsilon: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(words, width)
        self.position_embeddings = nn.Embedding(places, width)
        self.token_type_embeddings = nn.Embedding(kinds, width)
        self.LayerNorm = nn.LayerNorm(width, eps=epsilon)

    def forward(self, ids: Tensor) -> Tensor:
        """(1, tokens) -> (1, tokens, width)."""
        places = self.position_embeddings.weight[: ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(ids) + self.token_type_embeddings.weight[0] + places)


class _Stack(nn.Module):
    """The layers one after the other."""

    def __init__(self, layers: int, width: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(width, heads, inner, epsilon) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) -> the same shape."""
        for layer in self.layer:
            x = layer(x)
        return x


class StyleEncoder(nn.Module):
    """The pooled output of a BERT; sizes are those of the tensors of `state`.

    Source: Devlin et al. 2019, "BERT: Pre-training of deep bidirectional transformers for language
    understanding", sections 3 and A; layer norm behind the shortcut, exact GELU, tanh of the first token.
    """

    def __init__(self, state: Mapping[str, Tensor], heads: int, epsilon: float) -> None:
        super().__init__()
        words, width = state["embeddings.word_embeddings.weight"].shape
        places = len(state["embeddings.position_embeddings.weight"])
        kinds = len(state["embeddings.token_type_embeddings.weight"])
        inner = len(state["encoder.layer.0.intermediate.dense.weight"])
        start = "encoder.layer."
        layers = 1 + max(int(key.split(".")[2]) for key in state if key.startswith(start))
        self.embeddings = _Embeddings(words, places, kinds, width, epsilon)
        self.encoder = _Stack(layers, width, heads, inner, epsilon)
        self.pooler = _Dense(width, width)

    @property
    def longest(self) -> int:
        """How many tokens a text may have, both marks at its ends counted."""
        return self.embeddings.position_embeddings.num_embeddings

    def forward(self, ids: list[int]) -> Tensor:
        """The vector (width,) of a text of at most `longest` tokens."""
        tokens = torch.tensor([ids], device=self.pooler.dense.weight.device)
        x = self.encoder(self.embeddings(tokens))  # (1, tokens, width)
        return torch.tanh(self.pooler(x[:, 0]))[0]
