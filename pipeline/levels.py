"""Loudness, peaks and edges of sound in memory: each defined once, for takes, mastering and reports."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.audio import Audio, Samples
from pipeline.errors import AudioError

if TYPE_CHECKING:
    from av import AudioFrame

# What the meter says when no block passes its absolute gate. Source: ITU-R BS.1770-4, 2.8.
SILENCE_LUFS = -70.0
SILENCE_DBFS = -120.0

EDGE_WINDOW_S = 0.010
EDGE_FLOOR_DBFS = -50.0
EDGE_BELOW_PEAK_DB = 45.0
# Weak consonants lie under the threshold: a soft start needs less room than a word's fading end.
KEEP_BEFORE_S = 0.030
KEEP_AFTER_S = 0.080


@dataclass(frozen=True)
class TakeLevels:
    """What stitching needs to know of a take without opening it.

    Attributes:
        loudness_lufs: integrated, dual mono (mono + 3.01 LU); None if shorter than one 400 ms block.
        peak_dbfs: highest sample; -inf is given as -120.
        speech_start_samples, speech_end_samples: first and one past the last sample to keep: edges below
            max(-50 dBFS, peak - 45 dB) over 10 ms are off, 30 ms before and 80 ms after speech stay.
        longest_silence_s: the longest inner gap under that threshold (reported, never cut).
        onset_samples, offset_samples: first and one past the last sample of speech itself, without what
            is kept around it; pauses are counted from here. None means the edges above.
    """

    loudness_lufs: float | None
    peak_dbfs: float
    speech_start_samples: int
    speech_end_samples: int
    longest_silence_s: float
    onset_samples: int | None = None
    offset_samples: int | None = None

    @property
    def voiced_samples(self) -> tuple[int, int]:
        """[first, end) of the speech itself, in samples of the take."""
        onset = self.speech_start_samples if self.onset_samples is None else self.onset_samples
        offset = self.speech_end_samples if self.offset_samples is None else self.offset_samples
        return onset, offset


@dataclass(frozen=True)
class Loudness:
    """What the meter heard: LUFS and LU; a mono signal counts as two equal channels.

    `momentary_lufs` has one value (400 ms window) each 100 ms.
    """

    integrated_lufs: float
    range_lu: float
    momentary_lufs: tuple[float, ...]


class LoudnessMeter:
    """One measurement in blocks of any size: `push` all, then `finish` once.

    A mono signal is measured as it is heard, from two loudspeakers: 3.01 LU above what BS.1770 gives for
    one channel. Source: ITU-R BS.1770-4 and EBU Tech 3342, as FFmpeg's `ebur128` filter does them.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        from av.filter import Graph

        self._sample_rate = sample_rate
        self._layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
        # The graph must outlive its filters' use: without a reference the next push crashes the process.
        self._graph = Graph()
        self._source = self._graph.add_abuffer(
            format="flt", sample_rate=sample_rate, layout=self._layout, time_base=Fraction(1, sample_rate)
        )
        meter = self._graph.add("ebur128", "metadata=1:dualmono=1:framelog=quiet")
        self._sink = self._graph.add("abuffersink")
        self._source.link_to(meter)
        meter.link_to(self._sink)
        self._graph.configure()
        self._pushed = 0
        self._momentary: list[float] = []
        self._last: dict[str, str] = {}

    def push(self, samples: Samples) -> None:
        """Takes the next float32 (samples, channels)."""
        if samples.shape[0] == 0:
            return
        frame = packed_frame(samples, self._sample_rate, self._layout)
        frame.pts = self._pushed
        self._pushed += samples.shape[0]
        self._source.push(frame)
        self._drain()

    def finish(self) -> Loudness:
        """The measurement of everything pushed; -70 LUFS when nothing passed the gate."""
        if self._pushed:
            self._source.push(None)
            self._drain()
        integrated = float(self._last.get("lavfi.r128.I", SILENCE_LUFS))
        return Loudness(
            integrated_lufs=max(SILENCE_LUFS, integrated),
            range_lu=float(self._last.get("lavfi.r128.LRA", 0.0)),
            momentary_lufs=tuple(self._momentary),
        )

    def _drain(self) -> None:
        import av

        while True:
            try:
                frame = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if "lavfi.r128.M" not in frame.metadata:
                continue  # the rest at the end that fills no 100 ms
            self._last = frame.metadata
            self._momentary.append(max(SILENCE_LUFS, float(self._last["lavfi.r128.M"])))


def packed_frame(samples: Samples, sample_rate: int, layout: str) -> AudioFrame:
    """A frame for a filter graph from float32 (samples, channels); its `pts` is not set."""
    import av

    packed = np.ascontiguousarray(samples, dtype=np.float32).reshape(1, -1)  # (1, samples x channels)
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
    frame.sample_rate = sample_rate
    return frame


def decibels(amplitude: float) -> float:
    """dB re full scale of an amplitude, never under -120."""
    return max(SILENCE_DBFS, 20.0 * math.log10(amplitude)) if amplitude > 0.0 else SILENCE_DBFS


def amplitude_of(decibel: float) -> float:
    """The factor that so many dB are."""
    return float(10.0 ** (decibel / 20.0))


def measure_take(audio: Audio) -> TakeLevels:
    """Loudness, peak and edges of one take; a take that is silent throughout keeps all its samples.

    Raises:
        AudioError: a sample is NaN or infinite.
    """
    samples = audio.to_mono().samples[:, 0]
    peak = float(np.max(np.abs(samples))) if samples.size else 0.0
    if not math.isfinite(peak):
        raise AudioError("a take holds samples that are no numbers", hint="render the line again")
    threshold = max(amplitude_of(EDGE_FLOOR_DBFS), peak * amplitude_of(-EDGE_BELOW_PEAK_DB))
    loud = np.flatnonzero(_window_rms(samples, audio.sample_rate) > threshold)
    lufs = _take_loudness(audio)
    length = int(samples.size)
    if loud.size == 0:
        return TakeLevels(lufs, decibels(peak), 0, length, audio.duration_s, 0, length)
    onset, offset = _speech_edges(samples, loud, _window_samples(audio.sample_rate), threshold)
    return TakeLevels(
        loudness_lufs=lufs,
        peak_dbfs=round(decibels(peak), 3),
        speech_start_samples=max(0, onset - round(KEEP_BEFORE_S * audio.sample_rate)),
        speech_end_samples=min(length, offset + round(KEEP_AFTER_S * audio.sample_rate)),
        longest_silence_s=round(float(np.max(np.diff(loud), initial=1) - 1) * EDGE_WINDOW_S, 3),
        onset_samples=onset,
        offset_samples=offset,
    )


def _take_loudness(audio: Audio) -> float | None:
    meter = LoudnessMeter(audio.sample_rate, 1)
    meter.push(audio.to_mono().samples)
    lufs = meter.finish().integrated_lufs
    return lufs if lufs > SILENCE_LUFS else None


def _window_samples(sample_rate: int) -> int:
    return max(1, round(EDGE_WINDOW_S * sample_rate))


def _window_rms(samples: Samples, sample_rate: int) -> npt.NDArray[np.float64]:
    """RMS of each 10 ms of one-dimensional `samples`; the last window may be shorter."""
    width = _window_samples(sample_rate)
    starts = np.arange(0, samples.size, width)
    if starts.size == 0:
        return np.zeros(0)
    energies = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    counts = np.minimum(width, samples.size - starts)
    rms: npt.NDArray[np.float64] = np.sqrt(energies / counts)
    return rms


def _speech_edges(samples: Samples, loud: npt.NDArray[Any], width: int, threshold: float) -> tuple[int, int]:
    """[onset, offset) to the sample: the loud windows, widened into the neighbours they began or end in."""
    first = max(0, (int(loud[0]) - 1) * width)
    head = np.abs(samples[first : (int(loud[0]) + 1) * width]) >= threshold
    last = int(loud[-1]) * width
    tail = np.abs(samples[last : last + 2 * width]) >= threshold
    return first + int(np.argmax(head)), last + int(np.flatnonzero(tail)[-1]) + 1
