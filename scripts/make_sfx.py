"""Makes the two sounds of the demo scripts, `manifests/sfx/*.wav`: a fog horn and a ship's bell.

Run it from the repository's root; equal runs give equal bytes. Both are synthesised here, from sines.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

SAMPLE_RATE = 22_050
FOLDER = Path(__file__).parent.parent / "manifests" / "sfx"
FOGHORN_S = 3.0
BELL_S = 2.5
# Partials of a bell: hum, prime, tierce, quint, nominal and two above, relative to the prime.
# Source: Rossing, "Science of Percussion Instruments" (2000), chapter 11.
BELL_PARTIALS = (
    (0.5, 0.5, 2.2),
    (1.0, 1.0, 1.6),
    (1.2, 0.8, 1.2),
    (1.5, 0.4, 0.9),
    (2.0, 0.9, 0.7),
    (2.5, 0.3, 0.4),
    (3.0, 0.25, 0.3),
)

Wave = npt.NDArray[np.float64]


def foghorn() -> Wave:
    """A low horn in two reeds that beat against each other, with a grunt at the end; -1..1, mono."""
    time_s = np.arange(int(FOGHORN_S * SAMPLE_RATE)) / SAMPLE_RATE
    pitch_hz = np.where(time_s < 2.3, 92.0, 92.0 * np.exp(-0.5 * (time_s - 2.3)))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    wave = sum(np.sin(number * phase) / number**1.3 for number in range(1, 9))
    wave = wave + 0.6 * sum(np.sin(1.008 * number * phase) / number**1.5 for number in range(1, 7))
    envelope = np.minimum(1, time_s / 0.18) * np.minimum(1, (FOGHORN_S - time_s) / 0.6)
    return _to_peak(np.asarray(wave) * envelope, 0.7)


def bell() -> Wave:
    """A ship's bell struck twice; -1..1, mono."""
    time_s = np.arange(int(BELL_S * SAMPLE_RATE)) / SAMPLE_RATE
    wave = np.zeros_like(time_s)
    for strike_s in (0.0, 0.42):
        since_s = np.maximum(0, time_s - strike_s)
        for ratio, share, decay_s in BELL_PARTIALS:
            ring = share * np.sin(2 * np.pi * 880.0 * ratio * since_s) * np.exp(-since_s / (0.45 * decay_s))
            wave += np.where(time_s >= strike_s, ring, 0)
    return _to_peak(wave * np.minimum(1, (BELL_S - time_s) / 0.3), 0.6)


def _to_peak(wave: Wave, peak: float) -> Wave:
    return wave * (peak / np.max(np.abs(wave)))


def main() -> None:
    """Writes both files, 16-bit WAV."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, wave in (("foghorn", foghorn()), ("bell", bell())):
        soundfile.write(FOLDER / f"{name}.wav", wave, SAMPLE_RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
