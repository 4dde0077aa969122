"""The acoustic model of EmotiVoice: phoneme ids, a voice, two text vectors in; mel spectrogram out.

Written from the layers and shapes of the released checkpoint; sizes are read off the tensors. What stands
between text and sound is open: durations, pitch and energy of each token are plain numbers on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline.engines.emotivoice.layers import NORM_EPSILON, Conv, Encoder

# The predictors' units. Source: the training set's mean and deviation, facts of the released checkpoint.
PITCH_MEAN_HZ, PITCH_DEVIATION_HZ = 225.089, 53.78
ENERGY_MEAN, ENERGY_DEVIATION = 30.610, 21.78
# How sharply a frame belongs to the token whose middle is near.
# Source: Donahue et al. 2021, "End-to-end adversarial text-to-speech", section 2.4 (Gaussian upsampling).
UPSAMPLING_SHARPNESS = 0.1
MEL_BANDS = 80


@dataclass(frozen=True)
class Sizes:
    """How large each part is; all but the heads can be seen in the weights."""

    tokens: int
    voices: int
    width: int
    text_width: int
    inner: int
    taps: int
    encoder_layers: int
    decoder_layers: int
    encoder_heads: int
    decoder_heads: int

    @classmethod
    def of(cls, state: Mapping[str, Tensor], encoder_heads: int, decoder_heads: int) -> Sizes:
        """The sizes that the tensors of a checkpoint have.

        Raises:
            KeyError: a tensor that tells a size is not there.
        """
        tokens, width = state["src_word_emb.weight"].shape
        inner, _, taps = state["encoder.encoders.0.feed_forward.w_1.weight"].shape
        joined = state["embed_projection1.weight"].shape[1]
        return cls(
            tokens=tokens,
            voices=len(state["spk_tokenizer.weight"]),
            width=width,
            text_width=(joined - width - state["spk_tokenizer.weight"].shape[1]) // 2,
            inner=inner,
            taps=taps,
            encoder_layers=_layers(state, "encoder"),
            decoder_layers=_layers(state, "decoder"),
            encoder_heads=encoder_heads,
            decoder_heads=decoder_heads,
        )


def _layers(state: Mapping[str, Tensor], part: str) -> int:
    start = f"{part}.encoders."
    return 1 + max(int(name.removeprefix(start).split(".")[0]) for name in state if name.startswith(start))


@dataclass(frozen=True)
class Reading:
    """What the model makes of the tokens of one line, before it is timed.

    Attributes:
        hidden: (tokens, width) of each token, voice and texts mixed in.
        durations: (tokens,) whole frames of 16 ms, 0 or more.
        pitch: (tokens,) in deviations from the mean (`PITCH_MEAN_HZ`).
        energy: (tokens,) in deviations from the mean (`ENERGY_MEAN`).
    """

    hidden: Tensor
    durations: Tensor
    pitch: Tensor
    energy: Tensor


class Predictor(nn.Module):
    """One number for each token from the tokens around it.

    Source: Ren et al. 2021, "FastSpeech 2", section 2.3.
    """

    def __init__(self, width: int, hidden: int, layers: int, taps: int) -> None:
        super().__init__()
        self.conv = nn.ModuleList(
            nn.Sequential(
                Conv(width if number == 0 else hidden, hidden, taps),
                nn.ReLU(),
                nn.LayerNorm(hidden, eps=NORM_EPSILON),
            )
            for number in range(layers)
        )
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) -> (tokens,)."""
        for layer in self.conv:
            x = layer(x)
        return self.linear(x).flatten()


class AcousticModel(nn.Module):
    """Reads a line, spreads its tokens over frames, draws their mel spectrogram.

    Source: Lim, Jung & Kim 2022, "JETS"; voice and text vectors are joined to the encoder's output.
    """

    def __init__(self, sizes: Sizes, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        width, inner, taps = sizes.width, sizes.inner, sizes.taps
        self.src_word_emb = nn.Embedding(sizes.tokens, width)
        self.spk_tokenizer = nn.Embedding(sizes.voices, state["spk_tokenizer.weight"].shape[1])
        self.encoder = Encoder(sizes.encoder_layers, width, sizes.encoder_heads, inner, taps)
        joined = width + self.spk_tokenizer.embedding_dim + 2 * sizes.text_width
        self.embed_projection1 = nn.Linear(joined, width)
        self.duration_predictor = _predictor(state, "duration_predictor")
        self.pitch_predictor = _predictor(state, "pitch_predictor")
        self.energy_predictor = _predictor(state, "energy_predictor")
        self.pitch_embed = nn.ModuleList([Conv(1, width, state["pitch_embed.0.weight"].shape[2])])
        self.energy_embed = nn.ModuleList([Conv(1, width, state["energy_embed.0.weight"].shape[2])])
        self.decoder = Encoder(sizes.decoder_layers, width, sizes.decoder_heads, inner, taps)
        self.to_mel = nn.Linear(width, state["to_mel.weight"].shape[0])

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.to_mel.weight.device

    def voice(self, parts: list[tuple[int, float]]) -> Tensor:
        """The vector (width,) of a voice or blend: rows of the voice table, weighted."""
        table = self.spk_tokenizer.weight
        return torch.stack([table[row] * share for row, share in parts]).sum(dim=0)

    def read(self, ids: list[int], voice: Tensor, style: Tensor, content: Tensor) -> Reading:
        """What the tokens of one line sound like: how long, how high, how strong each is.

        Args:
            ids: the tokens, at least 1.
            voice: (width,), see `voice`.
            style: (text width,) of the style prompt.
            content: (text width,) of the line's own text.
        """
        tokens = torch.tensor([ids], device=self.device)
        encoded = self.encoder(self.src_word_emb(tokens))  # (1, tokens, width)
        whole = torch.cat((voice, style, content)).expand(1, len(ids), -1)
        hidden = self.embed_projection1(torch.cat((encoded, whole), dim=2))
        durations = torch.round(torch.exp(self.duration_predictor(hidden)) - 1).clamp(min=0)
        pitch, energy = self.pitch_predictor(hidden), self.energy_predictor(hidden)
        return Reading(hidden[0], durations.long(), pitch, energy)

    def spread(self, reading: Reading) -> Tensor:
        """The hidden frames (frames, width) of a line whose durations add up to at least 1."""
        moved = self.pitch_embed[0](reading.pitch.view(1, -1, 1))
        moved = moved + self.energy_embed[0](reading.energy.view(1, -1, 1))
        tokens = reading.hidden + moved[0]
        lengths = reading.durations.to(tokens.dtype)
        ends = lengths.cumsum(0)
        middles = ends - lengths / 2
        frames = torch.arange(int(reading.durations.sum()), device=tokens.device, dtype=tokens.dtype)
        away = frames.unsqueeze(1) - middles.unsqueeze(0)  # (frames, tokens)
        return torch.softmax(-UPSAMPLING_SHARPNESS * away.square(), dim=1) @ tokens

    def draw(self, frames: Tensor, inside: Tensor | None) -> Tensor:
        """The mel spectrogram (batch, frames, 80) of hidden frames (batch, frames, width)."""
        return self.to_mel(self.decoder(frames, inside))


def _predictor(state: Mapping[str, Tensor], name: str) -> Predictor:
    start = f"{name}.conv."
    layers = 1 + max(int(key.removeprefix(start).split(".")[0]) for key in state if key.startswith(start))
    hidden, width, taps = state[f"{name}.conv.0.0.weight"].shape
    return Predictor(width, hidden, layers, taps)
