"""The speaker encoder: 256 numbers that are near each other when the same person speaks.

Source: Wan et al. 2018, "Generalized end-to-end loss for speaker verification", as trained by the project
Resemblyzer: a mel spectrogram of 40 bands, three LSTM layers, a projection, over windows of 1.6 s.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.audio import Audio, Samples
from pipeline.engines.converted import opened
from pipeline.engines.unpickling import read_pickled
from pipeline.errors import AudioError, EngineError
from pipeline.identity.encoder_weights import ENCODER_SHA256
from pipeline.identity.voiced import LISTEN_HZ, listened, voiced

if TYPE_CHECKING:
    from torch import Tensor

Embedding = npt.NDArray[np.float32]

DIMENSIONS = 256
LAYERS = 3
MEL_BANDS = 40
FFT_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms
WINDOW_FRAMES = 160  # 1.6 s
WINDOW_S = WINDOW_FRAMES * HOP_SAMPLES / LISTEN_HZ
STEP_FRAMES = 77  # 1.3 windows begin in each second
# A last window that is mostly padding would say more of the padding than of the voice.
LEAST_FILLED = 0.75


class SpeakerEncoder:
    """The encoder in memory, 6 MB. Owns its weights; knows nothing of takes, voices or files of sound.

    Args:
        weights: the checkpoint, verified.
        scratch: folder in which the converted weights may be kept.
    Raises:
        EngineError: not the encoder's checkpoint.
    """

    def __init__(self, weights: Path, scratch: Path) -> None:
        # Before torch is imported: threads that spin while they wait are slow on a busy machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        import torch

        state = _state(weights, scratch)
        self._lstm = torch.nn.LSTM(MEL_BANDS, DIMENSIONS, LAYERS, batch_first=True)
        self._linear = torch.nn.Linear(DIMENSIONS, DIMENSIONS)
        for name, module in (("lstm", self._lstm), ("linear", self._linear)):
            mine = {key.partition(".")[2]: value for key, value in state.items() if key.startswith(name)}
            module.load_state_dict(mine)
            module.eval()
        self._bands = _mel_bands()

    def embed(self, audio: Audio) -> Embedding:
        """Who speaks: float32 (256,) of length 1, from all that is spoken in `audio`.

        Raises:
            AudioError: nothing is spoken in it.
        """
        speech = voiced(listened(audio))
        if speech.size == 0:
            raise AudioError("there is no speech in it")
        return mean_embedding(self.windows(speech))

    def windows(self, speech: Samples, step_frames: int = STEP_FRAMES) -> Embedding:
        """Who speaks in each window of 1.6 s: float32 (windows, 256), each of length 1.

        Args:
            speech: float32 (samples,), 16 kHz, at least one sample; a short one is padded with silence.
            step_frames: from one window to the next, in frames of 10 ms.
        """
        import torch

        starts = window_starts(speech.size, step_frames)
        padded = np.zeros(max(speech.size, (starts[-1] + WINDOW_FRAMES) * HOP_SAMPLES), dtype=np.float32)
        padded[: speech.size] = speech
        with torch.inference_mode():
            mel = self._mel(torch.from_numpy(padded))  # (frames, bands)
            batch = torch.stack([mel[start : start + WINDOW_FRAMES] for start in starts])
            _, (hidden, _) = self._lstm(batch)
            raw = torch.relu(self._linear(hidden[-1]))  # (windows, 256)
            found: Embedding = (raw / raw.norm(dim=1, keepdim=True)).numpy()
        return found

    def _mel(self, samples: Tensor) -> Tensor:
        """Power in 40 mel bands each 10 ms, (frames, bands), not in dB."""
        import torch

        spectrum = torch.stft(
            samples,
            FFT_SAMPLES,
            HOP_SAMPLES,
            window=torch.hann_window(FFT_SAMPLES),
            center=True,
            pad_mode="constant",
            return_complex=True,
        )  # (bins, frames)
        return spectrum.abs().square().T @ self._bands


def window_starts(length_samples: int, step_frames: int = STEP_FRAMES) -> list[int]:
    """The first frame of each window over speech of that length at 16 kHz; always one at least."""
    frames = -(-(length_samples + 1) // HOP_SAMPLES)
    starts = list(range(0, max(1, frames - WINDOW_FRAMES + step_frames + 1), step_frames))
    filled = (length_samples / HOP_SAMPLES - starts[-1]) / WINDOW_FRAMES
    return starts[:-1] if filled < LEAST_FILLED and len(starts) > 1 else starts


def mean_embedding(embeddings: Embedding) -> Embedding:
    """The direction in the middle of (n, 256) embeddings: float32 (256,) of length 1."""
    middle = embeddings.mean(axis=0)
    mean: Embedding = (middle / np.linalg.norm(middle)).astype(np.float32)
    return mean


def similarity(one: Embedding, other: Embedding) -> float:
    """Cosine of two embeddings, 0 to 1 here: the encoder's numbers are never negative."""
    return float(np.clip(np.dot(one, other), 0.0, 1.0))


def _mel_bands() -> Tensor:
    from torchaudio.functional import melscale_fbanks

    bins = FFT_SAMPLES // 2 + 1
    bands: Tensor = melscale_fbanks(
        bins, 0.0, LISTEN_HZ / 2, MEL_BANDS, LISTEN_HZ, norm="slaney", mel_scale="slaney"
    )
    return bands  # (bins, bands)


def _state(weights: Path, scratch: Path) -> dict[str, Tensor]:
    """The encoder's tensors, memory-mapped; a sandboxed process reads the pickled checkpoint, once."""
    from safetensors.torch import load_file, save_file

    def write(target: Path) -> None:
        save_file(read_checkpoint(weights, scratch), target)

    return opened(scratch / f"speaker-encoder-{ENCODER_SHA256[:16]}.safetensors", write, load_file)


def read_checkpoint(path: Path, scratch: Path) -> dict[str, Tensor]:
    """The LSTM's and the projection's tensors; the optimizer's, which lie beside them, are left out.

    Raises:
        EngineError: it would run code (named), is damaged, or is another network's.
    """
    import torch

    parts = read_pickled(path, scratch, ["model_state"])
    state = parts.get("model_state") if isinstance(parts, Mapping) else None
    if not isinstance(state, Mapping):
        raise EngineError("not the speaker encoder's checkpoint: no 'model_state' in it", where=str(path))
    return {
        str(name): tensor.to(torch.float32).contiguous().clone()
        for name, tensor in state.items()
        if str(name).startswith(("lstm.", "linear."))
    }
