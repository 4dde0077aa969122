"""A sound that is made anew in every test, and what another program made of it."""

from __future__ import annotations

import numpy as np

from pipeline.audio import Samples

LISTEN_HZ = 16_000


def buzz(seconds: float, pitch_hz: float, seed: int) -> Samples:
    """Something like a voice: twenty harmonics of a moving pitch, in syllables, with a little noise."""
    noise = np.random.Generator(np.random.PCG64(seed))
    time_s = np.arange(round(seconds * LISTEN_HZ)) / LISTEN_HZ
    moving_hz = pitch_hz * (1 + 0.1 * np.sin(2 * np.pi * 2.3 * time_s))
    phase = 2 * np.pi * np.cumsum(moving_hz) / LISTEN_HZ
    tone = sum(np.sin(number * phase) / number for number in range(1, 20))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time_s)
    return (0.05 * (tone * syllables + 0.01 * noise.standard_normal(time_s.size))).astype(np.float32)
