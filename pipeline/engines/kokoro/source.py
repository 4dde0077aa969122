"""What excites the vocal tract, and the short Fourier transforms around the decoder's last stage.

The source is nine harmonics of F0 where the voice sounds and noise where it does not, as magnitude and
phase of a 20-sample transform; the decoder's output is such a transform again.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.engines.kokoro.layers import Lengths

SAMPLE_RATE = 24_000
SAMPLES_PER_FRAME = 600
CONTOUR_PER_FRAME = 2  # F0 and energy have two values a frame, 80 a second
SAMPLES_PER_VALUE = SAMPLES_PER_FRAME // CONTOUR_PER_FRAME
HARMONICS = 9
SINE_LEVEL = 0.1
NOISE_VOICED = 0.003
NOISE_UNVOICED = SINE_LEVEL / 3
# Below this the predictor means "unvoiced". Source: hexgrad/kokoro:kokoro/istftnet.py (voiced threshold).
VOICED_HZ = 10.0
WINDOW_SAMPLES = 20
HOP_SAMPLES = 5
BINS = WINDOW_SAMPLES // 2 + 1
SPECTRA_PER_FRAME = SAMPLES_PER_FRAME // HOP_SAMPLES


def excitation(f0: Tensor, noise: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The source signal (batch, samples), float32.

    Args:
        f0: (batch, values) in Hz, 80 a second, zero behind each line.
        noise: (batch, samples) standard normal; one value a sample instead of one a harmonic, scaled by
            the length of the mixing weights, has the same distribution as nine.
        weight, bias: how the nine harmonics are mixed, (1, 9) and (1,).

    Source: Wang et al. 2019, "Neural source-filter waveform models", section III-B.
    """
    # Phase in cycles, in double: in float32 it drifts audibly against F0 over a long line.
    cycles = torch.cumsum(f0.double() * (SAMPLES_PER_VALUE / SAMPLE_RATE), dim=1)
    cycles = functional.interpolate(
        cycles.unsqueeze(1), scale_factor=SAMPLES_PER_VALUE, mode="linear"
    ).squeeze(1)
    angle = (cycles % 1.0).float() * (2 * math.pi)  # (batch, samples)
    sines = sum(share * torch.sin(angle * (h + 1)) for h, share in enumerate(weight[0]))
    voiced = (f0 > VOICED_HZ).float().repeat_interleave(SAMPLES_PER_VALUE, dim=1)
    level = voiced * NOISE_VOICED + (1 - voiced) * NOISE_UNVOICED
    return torch.tanh(sines * voiced * SINE_LEVEL + level * noise * weight.norm() + bias)


def spectrum(signal: Tensor, samples: Lengths, spectra: Lengths) -> Tensor:
    """Magnitude and phase (batch, spectra, 2 * 11) of the signal, each line mirrored at its own ends.

    Source: a centered STFT with reflection, Hann window of 20, hop 5.
    """
    half = WINDOW_SAMPLES // 2
    # Where each sample of the longer line comes from, both ends mirrored at the line's own.
    place = torch.arange(-half, samples.longest + half, device=signal.device).abs()
    last = samples.ends.unsqueeze(1) - 1  # (batch, 1)
    place = (last - (last - place).abs()).clamp(min=0)  # (batch, longest + 20)
    padded = signal.gather(1, place)
    windows = padded.unfold(1, WINDOW_SAMPLES, HOP_SAMPLES)  # (batch, spectra, 20), a view
    # A real FFT, not a product with sines: bins 0 and 10 must have an angle of exactly 0 or pi.
    bins = torch.fft.rfft(windows * _window(signal.device))
    return spectra.zero_behind(torch.cat((bins.abs(), bins.angle()), dim=-1))


def waveform(logits: Tensor, spectra: Lengths) -> Tensor:
    """The sound (batch, samples) that the decoder's last layer (batch, spectra, 22) describes.

    The first 11 values are log magnitudes, the others go through a sine to be phases. Windows are added
    over each line's own spectra and divided by what its own windows add up to.
    """
    magnitude = torch.exp(logits[..., :BINS])
    phase = torch.sin(logits[..., BINS:])
    parts = torch.cat((magnitude * torch.cos(phase), magnitude * torch.sin(phase)), dim=-1)
    basis, squared = _inverse_basis(logits.device)
    windows = spectra.zero_behind(parts @ basis)  # (batch, spectra, 20)
    envelope = spectra.zero_behind(squared.expand(len(logits), spectra.longest, -1))
    envelope = _overlap_add(envelope)
    sound = _overlap_add(windows) / torch.where(envelope > 0, envelope, 1.0)
    half = WINDOW_SAMPLES // 2
    return sound[:, half:-half]


def _overlap_add(windows: Tensor) -> Tensor:
    """(batch, count, 20) -> (batch, 5 * (count + 3)): each window 5 samples after the one before."""
    batch, count, _ = windows.shape
    steps = WINDOW_SAMPLES // HOP_SAMPLES
    quarters = windows.view(batch, count, steps, HOP_SAMPLES)
    total = windows.new_zeros(batch, count + steps - 1, HOP_SAMPLES)
    for step in range(steps):
        total[:, step : step + count] += quarters[:, :, step]
    return total.flatten(1)


def _window(device: torch.device) -> Tensor:
    return torch.hann_window(WINDOW_SAMPLES, periodic=True, device=device)


def _inverse_basis(device: torch.device) -> tuple[Tensor, Tensor]:
    """The windowed inverse transform as a matrix (22, 20) from real and imaginary parts, and the window^2."""
    window = _window(device)
    identity = torch.eye(BINS, device=device)
    real = torch.fft.irfft(torch.complex(identity, torch.zeros_like(identity)), n=WINDOW_SAMPLES)
    imaginary = torch.fft.irfft(torch.complex(torch.zeros_like(identity), identity), n=WINDOW_SAMPLES)
    return torch.cat((real, imaginary)) * window, window.square()
