"""What a finished sound file measures: loudness, peaks, noise floor, head and tail, as stores see them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.audio import Samples
from pipeline.errors import AudioError
from pipeline.levels import LoudnessMeter, amplitude_of, decibels
from pipeline.stitch.true_peak import TruePeak

if TYPE_CHECKING:
    from av import AudioFrame
    from av.container import InputContainer

# The floor is the RMS of the quietest half second, looked for in steps of a twentieth of a second.
FLOOR_WINDOW_S = 0.5
FLOOR_STEP_S = 0.05
# Sound begins at the first 10 ms above this; 10 dB over the highest noise floor that ACX takes.
SOUND_DBFS = -50.0
SOUND_WINDOW_S = 0.01
BLOCK_S = 2.0
CURVE_STEPS_PER_S = 10
# Frames of a constant rate differ by one byte of padding.
PADDING_BYTES = 1


@dataclass(frozen=True)
class FileLevels:
    """One file's measurements, decoded.

    Attributes:
        integrated_lufs: whole file, gated; a mono file counts as two equal channels; -70 for silence.
        loudness_range_lu: EBU Tech 3342.
        true_peak_dbtp, sample_peak_dbfs: highest of all channels; -120 for digital silence.
        rms_dbfs: whole file, ungated, mean of all channels: what ACX measures.
        noise_floor_dbfs: RMS of the quietest 0.5 s (of the whole file if it is shorter).
        head_s, tail_s: quiet before the first and after the last sound above -50 dBFS; a silent file is
            all head and all tail.
        bit_rate: bits a second of the sound stream; constant_bit_rate: whether every packet keeps to it.
        loudness_curve: momentary loudness in LUFS, the loudest of each second.
    """

    integrated_lufs: float
    loudness_range_lu: float
    true_peak_dbtp: float
    sample_peak_dbfs: float
    rms_dbfs: float
    noise_floor_dbfs: float
    head_s: float
    tail_s: float
    duration_s: float
    sample_rate: int
    channels: int
    codec: str
    bit_rate: int
    constant_bit_rate: bool
    loudness_curve: tuple[float, ...]


@dataclass(frozen=True)
class SampleLevels:
    """What the samples themselves measure, whatever file they came from; names as in FileLevels."""

    integrated_lufs: float
    loudness_range_lu: float
    true_peak_dbtp: float
    sample_peak_dbfs: float
    rms_dbfs: float
    noise_floor_dbfs: float
    head_s: float
    tail_s: float
    duration_s: float
    loudness_curve: tuple[float, ...]


class LevelMeter:
    """All measurements of a stream of blocks at once: `push` each, then `finish` once."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._sample_rate = sample_rate
        self._loudness = LoudnessMeter(sample_rate, channels)
        self._peaks = [TruePeak() for _ in range(channels)]
        self._window = max(1, round(SOUND_WINDOW_S * sample_rate))
        self._threshold = amplitude_of(SOUND_DBFS)
        self._waiting: Samples = np.zeros((0, channels), dtype=np.float32)
        self._energies: list[npt.NDArray[np.float64]] = []  # mean square of each window
        self._measured = 0
        self._first: int | None = None
        self._last = 0

    def push(self, samples: Samples) -> None:
        """Takes the next float32 (samples, channels)."""
        self._loudness.push(samples)
        for channel, peak in enumerate(self._peaks):
            peak.push(samples[:, channel])
        joined = np.concatenate([self._waiting, samples])
        whole = joined.shape[0] // self._window * self._window
        self._take_windows(joined[:whole])
        self._waiting = joined[whole:].copy()

    def finish(self) -> SampleLevels:
        """The levels of everything pushed.

        Raises:
            AudioError: nothing was pushed, or samples that are no numbers.
        """
        rest = self._waiting.shape[0]
        length = self._measured + rest
        if length == 0:
            raise AudioError("there is no sound to measure")
        energies = np.concatenate(self._energies) if self._energies else np.zeros(0)
        total = float(energies.sum()) * self._window + float(_mean_square(self._waiting)) * rest
        if not math.isfinite(total):
            raise AudioError("the sound holds samples that are no numbers")
        heard = self._loudness.finish()
        head = length if self._first is None else self._first
        tail = length if self._first is None else length - 1 - self._last
        return SampleLevels(
            integrated_lufs=round(heard.integrated_lufs, 2),
            loudness_range_lu=round(heard.range_lu, 2),
            true_peak_dbtp=round(decibels(max(peak.finish() for peak in self._peaks)), 2),
            sample_peak_dbfs=round(decibels(max(peak.sample_peak for peak in self._peaks)), 2),
            rms_dbfs=round(decibels(math.sqrt(total / length)), 2),
            noise_floor_dbfs=round(decibels(_quietest_rms(energies, total / length)), 2),
            head_s=head / self._sample_rate,
            tail_s=tail / self._sample_rate,
            duration_s=length / self._sample_rate,
            loudness_curve=_curve(heard.momentary_lufs),
        )

    def _take_windows(self, samples: Samples) -> None:
        if samples.shape[0] == 0:
            return
        windows = samples.reshape(-1, self._window * samples.shape[1])
        energies = np.einsum("ij,ij->i", windows, windows).astype(np.float64) / windows.shape[1]
        self._energies.append(energies)
        loud = np.flatnonzero(energies > self._threshold**2)
        if loud.size:
            if self._first is None:
                self._first = self._measured + self._sounding(samples, int(loud[0]))[0]
            self._last = self._measured + self._sounding(samples, int(loud[-1]))[1]
        self._measured += samples.shape[0]

    def _sounding(self, samples: Samples, window: int) -> tuple[int, int]:
        """First and last sample of a window that reach the threshold."""
        start = window * self._window
        high = np.abs(samples[start : start + self._window]).max(axis=1) >= self._threshold
        places = np.flatnonzero(high)
        return start + int(places[0]), start + int(places[-1])


def measure_file(path: Path) -> FileLevels:
    """The measurements of any sound file that FFmpeg decodes, block by block.

    Raises:
        AudioError: no such file, no sound in it, or it is damaged.
    """
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioError("there is no sound in this file", where=str(path))
            return _measure(container)
    except (OSError, av.error.FFmpegError) as error:
        raise AudioError(f"cannot read sound: {error.strerror or error}", where=str(path)) from error
    except AudioError as error:
        raise AudioError(error.message, where=str(path), hint=error.hint) from error


def _measure(container: InputContainer) -> FileLevels:
    stream = container.streams.audio[0]
    packets = _Packets()
    rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if rate <= 0 or channels <= 0:
        raise AudioError("there is no sound in this file")
    meter = LevelMeter(rate, channels)
    for block in _blocks(_frames(container, packets), channels, round(BLOCK_S * rate)):
        meter.push(block)
    levels = meter.finish()
    constant = packets.constant
    declared = stream.codec_context.bit_rate or 0
    average = round(packets.total_bytes * 8 / levels.duration_s)
    return FileLevels(
        **vars(levels),
        sample_rate=rate,
        channels=channels,
        codec=stream.codec_context.codec.canonical_name,
        bit_rate=declared if constant and declared else average,
        constant_bit_rate=constant,
    )


class _Packets:
    """How big a stream's packets are; the last one may be short and does not count."""

    def __init__(self) -> None:
        self.total_bytes = 0
        self._smallest: int | None = None
        self._largest = 0
        self._previous: int | None = None

    def add(self, size_bytes: int) -> None:
        self.total_bytes += size_bytes
        if self._previous is not None:
            smallest = self._previous if self._smallest is None else self._smallest
            self._smallest = min(smallest, self._previous)
            self._largest = max(self._largest, self._previous)
        self._previous = size_bytes

    @property
    def constant(self) -> bool:
        """Whether all packets are of one size, padding aside."""
        return self._smallest is None or self._largest - self._smallest <= PADDING_BYTES


def _frames(container: InputContainer, packets: _Packets) -> Iterator[AudioFrame]:
    """Decoded frames as packed float, at the rate and in the channels of the first."""
    import av

    stream = container.streams.audio[0]
    to_float = av.AudioResampler(format="flt")
    for packet in container.demux(stream):
        if packet.size:
            packets.add(packet.size)
        for frame in packet.decode():
            yield from to_float.resample(frame)
    yield from to_float.resample(None)


def _blocks(frames: Iterator[AudioFrame], channels: int, length: int) -> Iterator[Samples]:
    """Float32 (samples, channels) of at least `length` samples each, but for the last."""
    parts: list[Samples] = []
    held = 0
    for frame in frames:
        part = np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1, channels)
        parts.append(part)
        held += part.shape[0]
        if held >= length:
            yield np.concatenate(parts)
            parts, held = [], 0
    if held:
        yield np.concatenate(parts)


def _mean_square(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).mean()) if samples.size else 0.0


def _quietest_rms(energies: npt.NDArray[np.float64], overall: float) -> float:
    """RMS of the quietest half second; of everything (`overall`, a mean square) if there is no more."""
    per_step = round(FLOOR_STEP_S / SOUND_WINDOW_S)
    steps = energies[: energies.size // per_step * per_step].reshape(-1, per_step).mean(axis=1)
    per_window = round(FLOOR_WINDOW_S / FLOOR_STEP_S)
    if steps.size < per_window:
        return math.sqrt(overall)
    windows = np.lib.stride_tricks.sliding_window_view(steps, per_window)
    return math.sqrt(float(windows.mean(axis=1).min()))


def _curve(momentary: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(
        round(max(momentary[start : start + CURVE_STEPS_PER_S]), 1)
        for start in range(0, len(momentary), CURVE_STEPS_PER_S)
    )
