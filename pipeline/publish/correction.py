"""What to change in a master so that its encoded file meets a preset, and the master with that change."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import AudioError
from pipeline.files import atomic_path
from pipeline.levels import SILENCE_LUFS, amplitude_of
from pipeline.stitch.limiter import CONTEXT_S, hold_peaks
from pipeline.stitch.loudness import FileLevels
from pipeline.stitch.presets import Preset

BLOCK_SAMPLES = 1 << 18
# A peak is brought this far below its ceiling: the next encoding moves it by a few hundredths.
PEAK_MARGIN_DB = 0.1
# A gain stays this far inside the range of the loudness.
LEVEL_MARGIN_DB = 0.2
# Rules that a gain or a lower ceiling can mend.
LEVEL_RULES = ("rms", "loudness", "peak", "noise-floor")


@dataclass(frozen=True)
class Correction:
    """A gain over the whole master, and the true peak that it is limited at afterwards."""

    gain_db: float
    limit_dbtp: float


def next_correction(
    now: Correction | None,
    levels: FileLevels,
    preset: Preset,
    broken: Collection[str],
    master_dbtp: float,
) -> Correction | None:
    """The correction to try after `now` (None: the master as it is); None if nothing mends what is broken.

    A loudness beyond its limits is brought to the target; a ceiling is lowered by what the peak was too
    high, and a little more. A noise floor, and a peak that a lower ceiling did not hold, are lowered with
    everything else, if the loudness has room for it.

    Args:
        levels: what the file measures that was encoded with `now`.
        broken: names of the rules that it breaks.
        master_dbtp: true peak of the master as it is.
    """
    if preset.measure is None or preset.limiter_dbtp is None:
        return None
    start = now or Correction(0.0, preset.limiter_dbtp)
    change_db, limit_dbtp = 0.0, start.limit_dbtp
    if {"rms", "loudness"} & set(broken) and levels.integrated_lufs > SILENCE_LUFS:
        change_db = preset.target - _measured(levels, preset)
    if "peak" in broken:
        over_db = excess("peak", levels, preset) + PEAK_MARGIN_DB
        # A limit above what the encoder was given would change nothing.
        limit_dbtp = min(limit_dbtp, master_dbtp + start.gain_db) - over_db
        if now is not None:
            # A lower ceiling was tried: it is the encoder's own noise that peaks, and it falls with the gain.
            change_db = _quieter(change_db, over_db, levels, preset)
    if "noise-floor" in broken:
        over_db = excess("noise-floor", levels, preset) + PEAK_MARGIN_DB
        change_db = _quieter(change_db, over_db, levels, preset)
    better = Correction(round(start.gain_db + change_db, 2), round(limit_dbtp, 2))
    return None if better == start else better


def excess(rule: str, levels: FileLevels, preset: Preset) -> float:
    """By how much a level lies beyond its limit, in dB or LU, to 0.01; below zero if it lies under it.

    Only the rules of `LEVEL_RULES` have one; any other rule gives 0.
    """
    over = 0.0
    if rule in ("rms", "loudness") and preset.accepted is not None:
        low, high = preset.accepted
        measured = _measured(levels, preset)
        over = max(low - measured, measured - high)
    elif rule == "peak" and preset.ceiling_db is not None:
        peak_db = levels.sample_peak_dbfs if preset.peak == "sample" else levels.true_peak_dbtp
        over = peak_db - preset.ceiling_db
    elif rule == "noise-floor" and preset.noise_floor_dbfs is not None:
        over = levels.noise_floor_dbfs - preset.noise_floor_dbfs
    return round(over, 2)


def write_corrected(master: Path, correction: Correction, out: Path) -> Path:
    """`out`, the master with that gain and no peak over that limit: FLAC, 24 bits, as long as it was.

    Raises:
        AudioError: the master cannot be decoded.
        StoreError: `out` cannot be written.
    """
    import soundfile

    try:
        with (
            soundfile.SoundFile(master) as source,
            atomic_path(out) as temporary,
            soundfile.SoundFile(
                temporary, "w", source.samplerate, source.channels, format="FLAC", subtype="PCM_24"
            ) as file,
        ):
            for block in _corrected(source, correction):
                file.write(block)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"master cannot be decoded: {error}", where=str(master)) from error
    return out


def _corrected(source: Any, correction: Correction) -> Iterator[Samples]:
    """Blocks of float32 (samples, channels); the limiter sees what lies around each of them.

    Before the first sample and after the last it sees silence: it fades in and out at the ends of what it
    is given, and a master that starts or ends loud would keep its peaks there.
    """
    context = round(CONTEXT_S * source.samplerate)
    factor = np.float32(amplitude_of(correction.gain_db))
    for start in range(0, source.frames, BLOCK_SAMPLES):
        first = max(0, start - context)
        last = min(source.frames, start + BLOCK_SAMPLES + context)
        source.seek(first)
        wide = source.read(last - first, dtype="float32", always_2d=True) * factor
        before = context - (start - first)
        wide = np.pad(wide, ((before, context), (0, 0)))
        held = [
            hold_peaks(np.ascontiguousarray(channel), source.samplerate, correction.limit_dbtp)
            for channel in wide.T
        ]
        count = min(BLOCK_SAMPLES, source.frames - start)
        yield np.stack(held, axis=1)[context : context + count]


def _measured(levels: FileLevels, preset: Preset) -> float:
    return levels.rms_dbfs if preset.measure == "rms" else levels.integrated_lufs


def _quieter(change_db: float, down_db: float, levels: FileLevels, preset: Preset) -> float:
    """A gain of at most `-down_db`, or `change_db` if the loudness cannot go so low."""
    if preset.accepted is None or -down_db >= change_db:
        return change_db
    lowest = preset.accepted[0] + LEVEL_MARGIN_DB
    return -down_db if _measured(levels, preset) - down_db >= lowest else change_db
