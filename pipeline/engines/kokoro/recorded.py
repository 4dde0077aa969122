"""Passes of the decoder recorded once for a size and replayed: a GPU is not kept waiting for Python.

A line is some two thousand small kernels, which a GPU carries out faster than Python can ask for them. Sizes
are rounded up to few, so that few recordings serve a book; what is added is padding, and unheard.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor

from pipeline.engines.kokoro.layers import STYLE_SIZE, Lengths
from pipeline.engines.kokoro.model import HIDDEN, Contours, Decoder, KokoroModel
from pipeline.engines.kokoro.source import CONTOUR_PER_FRAME, SAMPLES_PER_FRAME

# Sizes between one power of two and the next: at most an eighth of a recording is padding.
STEPS_PER_DOUBLING = 8
SMALLEST_FRAMES = 32
RECORDINGS_KEPT = 32
# What CUDA asks for before a capture, so that libraries have chosen their kernels and made their plans.
REHEARSALS = 3


class Recorder:
    """Speaks as the model does, from recordings. Owns the 32 recordings last used."""

    def __init__(self, model: KokoroModel) -> None:
        self._decoder = model.decoder
        self._recordings: OrderedDict[tuple[int, int], Recording] = OrderedDict()

    def sound(self, contours: Contours, style: Tensor, noise: Tensor) -> Tensor:
        """As `KokoroModel.sound`: (batch, 600 frames) float32."""
        size = (rounded_lines(len(style)), rounded_frames(contours.frames.longest))
        if size not in self._recordings:
            self._recordings[size] = Recording(self._decoder, *size, style.device)
            if len(self._recordings) > RECORDINGS_KEPT:
                self._recordings.popitem(last=False)
        self._recordings.move_to_end(size)
        return self._recordings[size].played(contours, style[:, :STYLE_SIZE], noise)


class Recording:
    """The decoder for one size: fixed memory for what goes in and comes out, and on CUDA a graph between."""

    def __init__(self, decoder: Decoder, lines: int, frames: int, device: torch.device) -> None:
        self._decoder = decoder
        self._longest = frames
        self._ends = torch.ones(lines, dtype=torch.long, device=device)
        self._f0 = torch.zeros(lines, frames * CONTOUR_PER_FRAME, device=device)
        self._energy = torch.zeros_like(self._f0)
        self._text = torch.zeros(lines, frames, HIDDEN, device=device)
        self._style = torch.zeros(lines, STYLE_SIZE, device=device)
        self._noise = torch.zeros(lines, frames * SAMPLES_PER_FRAME, device=device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._sound = self._noise
        if device.type == "cuda":
            self._record()

    def played(self, contours: Contours, style: Tensor, noise: Tensor) -> Tensor:
        """The sound (batch, 600 frames) of lines no more and no longer than this recording's."""
        lines, frames = len(style), contours.frames.longest
        self._ends.fill_(1)
        self._ends[:lines] = contours.frames.ends
        for kept, given in (
            (self._f0, contours.f0),
            (self._energy, contours.energy),
            (self._text, contours.phonetic),
            (self._noise, noise),
        ):
            kept.zero_()
            kept[:lines, : given.shape[1]] = given
        self._style[:lines] = style
        if self._graph is None:
            self._sound = self._decoded()
        else:
            self._graph.replay()
        # A copy: the next replay writes to the same memory.
        return self._sound[:lines, : frames * SAMPLES_PER_FRAME].clone()

    def _decoded(self) -> Tensor:
        frames = Lengths.on_device(self._ends, self._longest)
        return self._decoder(Contours(frames, self._f0, self._energy, self._text), self._style, self._noise)

    def _record(self) -> None:
        """Captures one pass as a graph. Source: CUDA C++ programming guide, "CUDA graphs", stream capture."""
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(REHEARSALS):
                self._decoded()
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._sound = self._decoded()


def rounded_frames(frames: int) -> int:
    """The size of the recording for that many frames: an eighth more at most."""
    if frames <= SMALLEST_FRAMES:
        return SMALLEST_FRAMES
    step = 2 ** ((frames - 1).bit_length() - 1) // STEPS_PER_DOUBLING
    return -(-frames // step) * step


def rounded_lines(lines: int) -> int:
    """The next power of two."""
    return 1 << (lines - 1).bit_length()
