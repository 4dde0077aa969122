"""Kokoro-82M in four steps: phonemes -> durations -> F0 and energy -> sound. Inference only.

Names of modules are those of the official checkpoint, so that its keys fit. All activations are
(batch, length, channels). `T` is tokens, `frames` are 25 ms; nothing here knows text, voices or directions.

Source: Li et al. 2023, "StyleTTS 2"; Kaneko et al. 2022, "iSTFTNet"; hexgrad/kokoro:kokoro/model.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.engines.kokoro.albert import BERT_SIZE, SYMBOLS, Albert
from pipeline.engines.kokoro.layers import (
    LEAK,
    STYLE_SIZE,
    BiLSTM,
    Conv,
    Lengths,
    SnakeBlock,
    SnakeRows,
    StyledBlock,
    Upsample,
)
from pipeline.engines.kokoro.products import PackedLinear
from pipeline.engines.kokoro.source import (
    CONTOUR_PER_FRAME,
    HARMONICS,
    SAMPLES_PER_FRAME,
    SPECTRA_PER_FRAME,
    WINDOW_SAMPLES,
    excitation,
    spectrum,
    waveform,
)

HIDDEN = 512
DURATION_BINS = 50
DECODER_SIZE = 1024
TEXT_RESIDUE = 64
GENERATOR_SIZE = 512
UPSAMPLE_STRIDES = (10, 6)
SNAKE_WIDTHS = (3, 7, 11)
NOISE_WIDTHS = (7, 11)
SPECTRUM_SIZE = WINDOW_SAMPLES + 2


@dataclass(frozen=True)
class TextFeatures:
    """What the text alone says: per token a duration in frames (not rounded) and two encodings."""

    tokens: Lengths
    durations: Tensor  # (batch, T) float32, frames
    prosodic: Tensor  # (batch, T, 640), for F0 and energy
    phonetic: Tensor  # (batch, T, 512), for the decoder


@dataclass(frozen=True)
class Contours:
    """What the decoder sings from: F0 in Hz and energy, 80 values a second, and the text a frame."""

    frames: Lengths
    f0: Tensor  # (batch, 2 frames), below 10 is unvoiced, zero behind each line
    energy: Tensor  # (batch, 2 frames)
    phonetic: Tensor  # (batch, frames, 512)

    def with_f0(self, f0: Tensor) -> Contours:
        """The same with another melody."""
        return replace(self, f0=f0)


class ChannelNorm(nn.Module):
    """Layer norm over channels, with the checkpoint's names for scale and shift."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(channels))
        self.beta = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, channels) -> the same."""
        return functional.layer_norm(x, self.gamma.shape, self.gamma, self.beta)


class TextEncoder(nn.Module):
    """Phonemes as the decoder hears them: embedding, three convolutions, a two-way LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, HIDDEN)
        self.cnn = nn.ModuleList(
            nn.ModuleList([Conv(HIDDEN, HIDDEN, 5), ChannelNorm(HIDDEN)]) for _ in range(3)
        )
        self.lstm = BiLSTM(HIDDEN, HIDDEN)

    def forward(self, ids: Tensor, tokens: Lengths) -> Tensor:
        """(batch, T) -> (batch, T, 512), zero behind each line."""
        x = tokens.zero_behind(self.embedding(ids))
        for layers in self.cnn:
            conv, norm = layers.children()
            x = tokens.zero_behind(functional.leaky_relu(norm(conv(x)), LEAK))
        return tokens.zero_behind(self.lstm.over(x, tokens))


class StyledNorm(nn.Module):
    """Layer norm over channels whose scale and shift come from the style."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(STYLE_SIZE, 2 * HIDDEN)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(batch, T, 512) -> the same."""
        gain, shift = self.fc(style).unsqueeze(1).chunk(2, dim=-1)
        return (1 + gain) * functional.layer_norm(x, (HIDDEN,)) + shift


class DurationEncoder(nn.Module):
    """Text with the voice's prosodic style mixed in again after each of three LSTMs."""

    def __init__(self) -> None:
        super().__init__()
        pairs = [(BiLSTM(HIDDEN + STYLE_SIZE, HIDDEN), StyledNorm()) for _ in range(3)]
        self.lstms = nn.ModuleList(layer for pair in pairs for layer in pair)

    def forward(self, x: Tensor, style: Tensor, tokens: Lengths) -> Tensor:
        """(batch, T, 512) -> (batch, T, 640), zero behind each line."""
        styles = style.unsqueeze(1).expand(-1, x.shape[1], -1)  # (batch, T, 128)
        x = tokens.zero_behind(torch.cat((x, styles), dim=-1))
        layers = list(self.lstms)
        for lstm, norm in zip(layers[::2], layers[1::2], strict=True):
            assert isinstance(lstm, BiLSTM)
            x = norm(lstm.over(x, tokens), style)
            x = tokens.zero_behind(torch.cat((x, styles), dim=-1))
        return x


class Predictor(nn.Module):
    """Durations from text; F0 and energy from text laid out in time."""

    def __init__(self) -> None:
        super().__init__()
        self.text_encoder = DurationEncoder()
        self.lstm = BiLSTM(HIDDEN + STYLE_SIZE, HIDDEN)
        self.duration_proj = nn.ModuleDict({"linear_layer": nn.Linear(HIDDEN, DURATION_BINS)})
        self.shared = BiLSTM(HIDDEN + STYLE_SIZE, HIDDEN)
        self.F0 = _contour_blocks()
        self.N = _contour_blocks()
        self.F0_proj = Conv(HIDDEN // 2, 1, 1)
        self.N_proj = Conv(HIDDEN // 2, 1, 1)

    def durations(self, prosodic: Tensor, tokens: Lengths) -> Tensor:
        """(batch, T, 640) -> frames of each token, float32 (batch, T): a sum of 50 probabilities."""
        logits = self.duration_proj["linear_layer"](self.lstm.over(prosodic, tokens))
        return torch.sigmoid(logits).sum(dim=-1)

    def contours(self, x: Tensor, style: Tensor, frames: Lengths) -> tuple[Tensor, Tensor]:
        """(batch, frames, 640) -> F0 in Hz and energy, each (batch, 2 frames), zero behind each line."""
        x = self.shared.over(x, frames)
        values = frames.scaled(CONTOUR_PER_FRAME)
        found = []
        for blocks, last in ((self.F0, self.F0_proj), (self.N, self.N_proj)):
            y = blocks[0](x, style, frames)
            y = blocks[1](y, style, frames)  # (batch, 2 frames, 256)
            y = blocks[2](y, style, values)
            found.append(values.zero_behind(last(y)).squeeze(-1))
        return found[0], found[1]


def _contour_blocks() -> nn.ModuleList:
    half = HIDDEN // 2
    return nn.ModuleList(
        [StyledBlock(HIDDEN, HIDDEN), StyledBlock(HIDDEN, half, doubles=True), StyledBlock(half, half)]
    )


class Decoder(nn.Module):
    """Text, F0 and energy a frame -> sound."""

    def __init__(self) -> None:
        super().__init__()
        joined = DECODER_SIZE + TEXT_RESIDUE + 2
        self.encode = StyledBlock(HIDDEN + 2, DECODER_SIZE)
        self.decode = nn.ModuleList(
            [
                *(StyledBlock(joined, DECODER_SIZE) for _ in range(3)),
                StyledBlock(joined, GENERATOR_SIZE, doubles=True),
            ]
        )
        self.F0_conv = Conv(1, 1, 3, stride=CONTOUR_PER_FRAME)
        self.N_conv = Conv(1, 1, 3, stride=CONTOUR_PER_FRAME)
        self.asr_res = nn.ModuleList([Conv(HIDDEN, TEXT_RESIDUE, 1)])
        self.generator = Generator()
        # Whether a GPU may round what it multiplies to 10 bits of mantissa (TF32); sums stay float32.
        self.rounds_products = False

    def forward(self, contours: Contours, style: Tensor, noise: Tensor) -> Tensor:
        """Sound (batch, 600 frames); `noise` is standard normal of that shape."""
        with rounded_products(self.rounds_products and noise.is_cuda):
            return self._decoded(contours, style, noise)

    def _decoded(self, contours: Contours, style: Tensor, noise: Tensor) -> Tensor:
        dtype = self.F0_conv.weight.dtype
        frames = contours.frames
        style, text = style.to(dtype), contours.phonetic.to(dtype)
        f0 = self.F0_conv(contours.f0.to(dtype).unsqueeze(-1))  # (batch, frames, 1)
        energy = self.N_conv(contours.energy.to(dtype).unsqueeze(-1))
        x = self.encode(torch.cat((text, f0, energy), dim=-1), style, frames)
        residue = self.asr_res[0](text)  # (batch, frames, 64)
        for block in self.decode:
            x = block(torch.cat((x, residue, f0, energy), dim=-1), style, frames)
        # (batch, 2 frames, 512)
        return self.generator(x, style, contours.f0, noise, frames)


@contextmanager
def rounded_products(allowed: bool) -> Iterator[None]:
    """Says to CUDA's libraries whether they may use TF32, and takes it back.

    cuDNN may by torch's default; F0 computed so drifts a line's phase apart from that of the same line in a
    batch (34 dB on an H100), and a duration could round the other way.
    """
    matmul, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, convolution.allow_tf32
    matmul.allow_tf32 = convolution.allow_tf32 = allowed
    try:
        yield
    finally:
        matmul.allow_tf32, convolution.allow_tf32 = before


class Generator(nn.Module):
    """The vocoder: twice upsampled, the source's spectrum added each time, then an inverse transform."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [GENERATOR_SIZE >> stage for stage in range(len(UPSAMPLE_STRIDES) + 1)]  # 512, 256, 128
        last_stride = UPSAMPLE_STRIDES[-1]
        self.m_source = nn.ModuleDict({"l_linear": nn.Linear(HARMONICS, 1)})
        self.ups = nn.ModuleList(
            Upsample(sizes[stage], sizes[stage + 1], stride) for stage, stride in enumerate(UPSAMPLE_STRIDES)
        )
        self.noise_convs = nn.ModuleList(
            [
                Conv(SPECTRUM_SIZE, sizes[1], 2 * last_stride, stride=last_stride),
                Conv(SPECTRUM_SIZE, sizes[2], 1),
            ]
        )
        self.noise_res = nn.ModuleList(
            SnakeBlock(size, width) for size, width in zip(sizes[1:], NOISE_WIDTHS, strict=True)
        )
        self.resblocks = nn.ModuleList(
            SnakeBlock(size, width) for size in sizes[1:] for width in SNAKE_WIDTHS
        )
        self.conv_post = Conv(sizes[-1], SPECTRUM_SIZE, 7)

    def forward(self, x: Tensor, style: Tensor, f0: Tensor, noise: Tensor, frames: Lengths) -> Tensor:
        """(batch, 2 frames, 512) and F0 (batch, 2 frames) -> sound (batch, 600 frames)."""
        spectra = frames.scaled(SPECTRA_PER_FRAME, more=1)
        mixer = self.m_source.get_parameter("l_linear.weight"), self.m_source.get_parameter("l_linear.bias")
        source = excitation(f0, noise, *mixer)
        harmonics = spectrum(source, frames.scaled(SAMPLES_PER_FRAME), spectra).to(x.dtype)
        before = frames.scaled(2)
        stages = (frames.scaled(2 * UPSAMPLE_STRIDES[0]), spectra)
        for stage, lengths in enumerate(stages):
            excited = self.noise_res[stage](self.noise_convs[stage](harmonics), style, lengths)
            x = self.ups[stage](before.zero_behind(functional.leaky_relu(x, 0.1)))
            if lengths is spectra:
                x = torch.cat((x[:, 1:2], x), dim=1)  # one row mirrored at the left: 120 frames + 1
            x = excited.add_(x)
            widths = len(SNAKE_WIDTHS)
            blocks = list(self.resblocks)[stage * widths : (stage + 1) * widths]
            x = sum(block(x, style, lengths) for block in blocks) / widths
            before = lengths
        logits = self.conv_post(spectra.zero_behind(functional.leaky_relu(x)))
        return waveform(logits.float(), spectra)


class KokoroModel(nn.Module):
    """The whole network. One is enough for a process; it has no state but its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = Albert()
        self.bert_encoder = nn.Linear(BERT_SIZE, HIDDEN)
        self.text_encoder = TextEncoder()
        self.predictor = Predictor()
        self.decoder = Decoder()

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor]) -> KokoroModel:
        """The model around these tensors, which are not copied.

        Raises:
            RuntimeError: a tensor is missing, unknown or of another shape.
        """
        with torch.device("meta"):
            model = cls()
        model.load_state_dict(weights, strict=True, assign=True)
        return model.eval().requires_grad_(False)

    def prepare_for_cpu(self, dtype: torch.dtype = torch.float32) -> None:
        """From now on the vocoder convolves by tiles and the decoder multiplies in that type; for a CPU.

        What decides lengths (phonemes, durations, F0) is computed in float32 whatever the type.
        """
        for block in self._snake_blocks():
            block.use_tiles(dtype)
        for layer in self.bert.modules():
            if isinstance(layer, PackedLinear):
                layer.pack()
        if dtype is not torch.float32:
            for wide in self._wide_layers():
                wide.use_products(dtype)

    def use_snake(self, rows: SnakeRows) -> None:
        """From now on the vocoder's norms and activations are computed by this; for a GPU."""
        for block in self._snake_blocks():
            block.rows = rows

    def bytes_held(self) -> int:
        """Memory of the weights, those in other layouts included."""
        linear = (one for one in self.modules() if isinstance(one, PackedLinear))
        held = [parameter.nbytes for parameter in self.parameters()]
        held += [conv.nbytes for block in self._snake_blocks() for pair in block.tiles or () for conv in pair]
        held += [one.weight.nbytes for one in linear if one.packed is not None]
        held += [one.narrow.nbytes for one in self._wide_layers() if one.narrow is not None]
        return sum(held)

    def _wide_layers(self) -> Iterator[Conv | Upsample]:
        """Layers of the decoder that are nothing but large matrix products."""
        for block in (self.decoder.encode, *self.decoder.decode):
            yield from (layer for layer in block.modules() if isinstance(layer, Conv))
        yield from (layer for layer in self.decoder.generator.ups if isinstance(layer, Upsample))

    def _snake_blocks(self) -> Iterator[SnakeBlock]:
        return (module for module in self.decoder.generator.modules() if isinstance(module, SnakeBlock))

    def read(self, ids: Tensor, tokens: Lengths, style: Tensor) -> TextFeatures:
        """Durations and encodings of ids (batch, T), 0 at both ends and behind; `style` is (batch, 256)."""
        encoded = self.bert_encoder(self.bert(ids, tokens))  # (batch, T, 512)
        prosodic = self.predictor.text_encoder(encoded, style[:, STYLE_SIZE:], tokens)
        durations = self.predictor.durations(prosodic, tokens)
        return TextFeatures(tokens, durations, prosodic, self.text_encoder(ids, tokens))

    def intone(self, text: TextFeatures, durations: list[list[int]], style: Tensor) -> Contours:
        """F0 and energy for tokens that last `durations` frames each (a list a line, without padding)."""
        device = text.prosodic.device
        frames = Lengths([sum(line) for line in durations], device)
        index = torch.zeros(len(durations), frames.longest, dtype=torch.long)
        for line, counts in enumerate(durations):
            which = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
            index[line, : len(which)] = which
        index = index.to(device).unsqueeze(-1)  # (batch, frames, 1): the token that each frame belongs to
        prosodic = torch.gather(text.prosodic, 1, index.expand(-1, -1, text.prosodic.shape[-1]))
        phonetic = torch.gather(text.phonetic, 1, index.expand(-1, -1, text.phonetic.shape[-1]))
        f0, energy = self.predictor.contours(frames.zero_behind(prosodic), style[:, STYLE_SIZE:], frames)
        return Contours(frames, f0, energy, frames.zero_behind(phonetic))

    def sound(self, contours: Contours, style: Tensor, noise: Tensor) -> Tensor:
        """Sound (batch, 600 frames) float32 at 24 kHz; `noise` is standard normal of that shape."""
        return self.decoder(contours, style[:, :STYLE_SIZE], noise)
