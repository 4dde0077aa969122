"""The quiet of a room under everything: digital zero reads as a dropout, and stores reject it."""

from __future__ import annotations

import numpy as np

from pipeline.audio import Samples
from pipeline.levels import amplitude_of

ROOM_TONE_DBFS = -75.0
# Rooms are darker than white noise: level up to here, then 6 dB less each octave.
CORNER_HZ = 300.0
LOWEST_HZ = 40.0
# The tone repeats after this; at -75 dB nobody hears that it does.
LOOP_S = 19.0


class RoomTone:
    """Shaped noise of one seed, the same at the same place whatever blocks it is asked for in.

    It is a loop made by an inverse FFT, so its end runs into its beginning and there is no seam anywhere.
    """

    def __init__(self, seed: int, sample_rate: int, rms_dbfs: float = ROOM_TONE_DBFS) -> None:
        length = round(LOOP_S * sample_rate)
        frequencies = np.fft.rfftfreq(length, 1.0 / sample_rate)
        spectrum = np.random.default_rng(seed).standard_normal((frequencies.size, 2)) @ np.array([1.0, 1.0j])
        spectrum /= np.sqrt(1.0 + (frequencies / CORNER_HZ) ** 2)
        spectrum[frequencies < LOWEST_HZ] = 0.0
        noise = np.fft.irfft(spectrum, length)
        noise *= amplitude_of(rms_dbfs) / np.sqrt(np.mean(noise**2))
        self._loop: Samples = noise.astype(np.float32)

    def add_to(self, block: Samples, start: int) -> None:
        """Adds the tone to a one-dimensional block whose first sample is the `start`-th of the chapter."""
        done = 0
        while done < block.size:
            place = (start + done) % self._loop.size
            count = min(block.size - done, self._loop.size - place)
            block[done : done + count] += self._loop[place : place + count]
            done += count
