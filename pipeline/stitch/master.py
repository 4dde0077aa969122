"""Takes, pauses and sounds of a chapter -> its mastered FLAC at a preset's level."""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import AudioError, StoreError
from pipeline.files import atomic_path, make_folder, store_error
from pipeline.hashing import digest, digest_file
from pipeline.levels import SILENCE_LUFS, LoudnessMeter, amplitude_of, decibels
from pipeline.script.model import Item, Line, Pause, Sound
from pipeline.stitch.limiter import CONTEXT_S, convert_blocks, hold_peaks
from pipeline.stitch.loudness import FileLevels, LevelMeter
from pipeline.stitch.mix import mix_blocks
from pipeline.stitch.presets import Preset
from pipeline.stitch.room_tone import RoomTone
from pipeline.stitch.sounds import sound_lengths
from pipeline.stitch.timeline import ChapterScore, Timeline, opens_anothers_paragraph, place

logger = logging.getLogger(__name__)

# Part of every master's key: raise it when the same score would give other bytes.
STITCH_VERSION = 2
# Long enough that Python's own time and the limiter's context do not count, short enough for the cache.
BLOCK_SAMPLES = 1 << 17
# libFLAC's level 4 of 8: the default's size to a thousandth, a quarter less time (docs/performance.md).
FLAC_LEVEL = 0.5
CORRECTIONS = 3
# Corrections start before the tolerance is used up: encoders move the level a little more.
TOLERANCE_SHARE = 0.5
PEAK_ERROR_DB = 0.1
FLOAT_BYTES = 4


@dataclass(frozen=True)
class ChapterMaster:
    """A chapter ready to encode: FLAC, 24 bits, mono, at the preset's sample rate.

    `timeline` is laid out at the master's rate; `gain_db` is what was applied to the whole chapter.
    `warnings` say where the result is not what the preset asks.
    """

    path: Path
    key: str
    timeline: Timeline
    levels: FileLevels
    gain_db: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Mix:
    """The assembled chapter: raw float32 at the timeline's rate in `spool`, and what it measures."""

    spool: IO[bytes]
    timeline: Timeline
    integrated_lufs: float
    rms_dbfs: float


@dataclass(frozen=True)
class _Setting:
    """One try at the preset's levels; without a limit nothing is held down and nothing corrected."""

    gain_db: float
    limit_dbtp: float | None


def stitch_chapter(score: ChapterScore, out: Path, preset: Preset) -> ChapterMaster:
    """The mastered chapter, written to `out`; the same score and preset give the same bytes.

    Raises:
        AudioError: a take or a sound cannot be read.
        StoreError: the disk is full or the folder not writable.
    """
    key = chapter_key(score, preset)
    placed = place_score(score)
    timeline = _delivered(placed, preset)
    make_folder(out.parent)
    with _spool(out.parent) as spool:
        mix = _assemble(score, _as_long_as(placed, timeline), spool, out)
        tone = RoomTone(int(key[:16], 16), score.sample_rate)
        with atomic_path(out) as temporary:
            setting, levels = _master(mix, tone, preset, timeline, temporary)
    problems = _problems(levels, preset, timeline)
    for problem in problems:
        logger.warning("chapter '%s': %s", score.title, problem)
    return ChapterMaster(out, key, timeline, levels, setting.gain_db, problems)


def place_score(score: ChapterScore) -> Timeline:
    """The chapter's layout at the score's rate, with its sound files' lengths looked up.

    Raises:
        AudioError: a sound file cannot be read.
    """
    return place(score, sound_lengths(score.items))


def master_timeline(score: ChapterScore, preset: Preset) -> Timeline:
    """The layout of the chapter's master: at the preset's rate, and as long as the file, to the sample.

    Raises:
        AudioError: a sound file cannot be read.
    """
    return _delivered(place_score(score), preset)


def _delivered(placed: Timeline, preset: Preset) -> Timeline:
    return placed.at_rate(preset.sample_rate).in_whole_frames()


def _as_long_as(placed: Timeline, delivered: Timeline) -> Timeline:
    """The layout with a tail that lasts as long as the master's, and a sample for the rounding."""
    needed = -(-delivered.length_samples * placed.sample_rate // delivered.sample_rate)
    return replace(placed, length_samples=max(needed, placed.length_samples))


def chapter_key(score: ChapterScore, preset: Preset) -> str:
    """SHA-256 of everything that the master's bytes depend on.

    Raises:
        AudioError: a sound file cannot be read.
    """
    items = [_item_key(item, score) for item in score.items]
    lines = [item for item in score.items if isinstance(item, Line)]
    openings = [number for number, pair in enumerate(pairwise(lines)) if opens_anothers_paragraph(*pair)]
    return digest(
        {
            "version": STITCH_VERSION,
            "items": items,
            "openings": openings,
            "pacing": asdict(score.pacing),
            "sample_rate": score.sample_rate,
            "preset": asdict(preset),
        }
    )


def _item_key(item: Item, score: ChapterScore) -> list[Any]:
    if isinstance(item, Line):
        cast = score.takes.get(item.id)
        take = None if cast is None else [cast.take.key, cast.take.audio_sha256, round(cast.gain_db, 4)]
        # The ID decides how the gap before the line varies.
        return ["line", item.id, item.relation, item.title, take]
    if isinstance(item, Pause):
        return ["pause", item.duration_s]
    if isinstance(item, Sound):
        try:
            content = digest_file(item.file)
        except OSError as error:
            raise AudioError(f"cannot read sound: {error.strerror}", where=str(item.file)) from error
        shape = [item.gain_db, item.under, item.fade_in_s, item.fade_out_s, item.duck_db]
        return ["sound", content, *shape]
    return ["scene"]


def _spool(folder: Path) -> IO[bytes]:
    """A nameless file for the assembled chapter: an hour is too much for memory, mixing twice too slow."""
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise store_error(error, folder) from error


def _assemble(score: ChapterScore, timeline: Timeline, spool: IO[bytes], out: Path) -> _Mix:
    meter = LoudnessMeter(timeline.sample_rate, 1)
    energy = 0.0
    for block in mix_blocks(score, timeline):
        meter.push(block.reshape(-1, 1))
        # Not `np.dot`: BLAS divides a long sum among its threads, whose number must not be heard; and those
        # that wait for the next one take more time than all of stitching.
        energy += float(np.einsum("i,i->", block, block))
        try:
            spool.write(block.tobytes())
        except OSError as error:
            raise store_error(error, out) from error
    rms = math.sqrt(energy / max(1, timeline.length_samples))
    return _Mix(spool, timeline, meter.finish().integrated_lufs, decibels(rms))


def _master(
    mix: _Mix, tone: RoomTone, preset: Preset, timeline: Timeline, temporary: Path
) -> tuple[_Setting, FileLevels]:
    """Writes the master, measures it, and does it again with what was off, at most three times."""
    setting = _first_setting(mix, preset)
    for attempt in range(1 + CORRECTIONS):
        levels = _write(mix, tone, setting, timeline, temporary)
        better = _corrected(setting, levels, preset)
        if better == setting or attempt == CORRECTIONS:
            break
        logger.debug("mastering again: %s -> %s", setting, better)
        setting = better
    return setting, levels


def _first_setting(mix: _Mix, preset: Preset) -> _Setting:
    measured = mix.rms_dbfs if preset.measure == "rms" else mix.integrated_lufs
    if preset.measure is None or preset.limiter_dbtp is None or measured <= SILENCE_LUFS:
        return _Setting(0.0, None)
    return _Setting(round(preset.target - measured, 2), preset.limiter_dbtp)


def _corrected(setting: _Setting, levels: FileLevels, preset: Preset) -> _Setting:
    """The setting for the next try; the same one if nothing is off."""
    gain_db, limit_dbtp = setting.gain_db, setting.limit_dbtp
    if preset.limiter_dbtp is None or limit_dbtp is None:
        return setting
    off = preset.target - _measured(levels, preset)
    if abs(off) > preset.tolerance * TOLERANCE_SHARE:
        gain_db = round(gain_db + off, 2)
    over = levels.true_peak_dbtp - preset.limiter_dbtp
    if over > PEAK_ERROR_DB:
        limit_dbtp = round(limit_dbtp - over, 2)
    return _Setting(gain_db, limit_dbtp)


def _measured(levels: FileLevels, preset: Preset) -> float:
    return levels.rms_dbfs if preset.measure == "rms" else levels.integrated_lufs


def _write(mix: _Mix, tone: RoomTone, setting: _Setting, timeline: Timeline, path: Path) -> FileLevels:
    """Writes the master, exactly as long as its `timeline`, and measures it on the way.

    Raises:
        StoreError: the disk is full, or fails.
    """
    import soundfile

    sample_rate, length = timeline.sample_rate, timeline.length_samples
    blocks = convert_blocks(_raised(mix, tone, setting), mix.timeline.sample_rate, sample_rate)
    meter = LevelMeter(sample_rate, 1)
    try:
        with soundfile.SoundFile(
            path,
            "w",
            samplerate=sample_rate,
            channels=1,
            format="FLAC",
            subtype="PCM_24",
            compression_level=FLAC_LEVEL,
        ) as file:
            for block in _fitted(blocks, length):
                file.write(block)
                meter.push(np.clip(block, -1.0, 1.0).reshape(-1, 1))
    except soundfile.LibsndfileError as error:
        # Of writing only: takes are read by the mix, which has errors of its own. The library says no more.
        raise StoreError(
            f"cannot write the chapter: {error}",
            where=str(path.parent),
            hint="is the disk full? free some space and run the same command again",
        ) from error
    return FileLevels(
        **vars(meter.finish()),
        sample_rate=sample_rate,
        channels=1,
        codec="flac",
        bit_rate=round(path.stat().st_size * 8 * sample_rate / length),
        constant_bit_rate=False,
    )


def _fitted(blocks: Iterable[Samples], length: int) -> Iterator[Samples]:
    """The blocks gathered to a second or more, together exactly `length` samples long."""
    parts: list[Samples] = []
    held, left = 0, length
    for block in blocks:
        parts.append(block[: left - held])
        held += parts[-1].size
        if held >= BLOCK_SAMPLES:
            yield np.concatenate(parts)
            left -= held
            parts, held = [], 0
    yield np.concatenate([*parts, np.zeros(left - held, dtype=np.float32)])


def _raised(mix: _Mix, tone: RoomTone, setting: _Setting) -> Iterator[Samples]:
    """The mix with its gain, room tone under it (which the gain would lift), and its peaks held."""
    rate, length = mix.timeline.sample_rate, mix.timeline.length_samples
    context = round(CONTEXT_S * rate)
    factor = np.float32(amplitude_of(setting.gain_db))
    for start in range(0, length, BLOCK_SAMPLES):
        first = max(0, start - context)
        last = min(length, start + BLOCK_SAMPLES + context)
        mix.spool.seek(first * FLOAT_BYTES)
        block = np.frombuffer(mix.spool.read((last - first) * FLOAT_BYTES), dtype=np.float32) * factor
        tone.add_to(block, first)
        if setting.limit_dbtp is not None:
            block = hold_peaks(block, rate, setting.limit_dbtp)
        yield block[start - first : start - first + BLOCK_SAMPLES]


def _problems(levels: FileLevels, preset: Preset, timeline: Timeline) -> tuple[str, ...]:
    problems = [f"line '{line_id}' has no take" for line_id in timeline.missing]
    if preset.measure is None:
        return tuple(problems)
    measured, unit = _measured(levels, preset), "dB RMS" if preset.measure == "rms" else "LUFS"
    if abs(measured - preset.target) > preset.tolerance:
        problems.append(f"it measures {measured:.1f} {unit}, not {preset.target:.1f}")
    if preset.ceiling_db is not None and levels.true_peak_dbtp > preset.ceiling_db:
        problems.append(f"it peaks at {levels.true_peak_dbtp:.1f} dBTP, over {preset.ceiling_db:.1f}")
    return tuple(problems)
