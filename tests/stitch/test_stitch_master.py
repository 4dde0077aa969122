"""Chapters at their presets' levels, to the sample and to the byte."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import read_audio
from pipeline.errors import AudioError, StoreError
from pipeline.script.model import Pacing
from pipeline.stitch.loudness import measure_file
from pipeline.stitch.master import (
    BLOCK_SAMPLES,
    chapter_key,
    master_timeline,
    place_score,
    stitch_chapter,
)
from pipeline.stitch.presets import PRESETS
from pipeline.stitch.room_tone import RoomTone
from pipeline.stitch.timeline import CastTake, ChapterScore

MEASURED = ["audiobook", "acx", "podcast", "broadcast"]


@pytest.fixture
def chapter(bench) -> ChapterScore:
    """Half a minute with peaks that must be held to reach the presets' levels."""
    return bench.chapter(bench.take("x", bench.speechlike(4.0)), 6)


@pytest.mark.parametrize("name", MEASURED)
def test_a_chapter_measures_what_its_preset_asks(bench, chapter, name):
    preset = PRESETS[name]
    master = stitch_chapter(chapter, bench.folder / "out.flac", preset)
    levels = measure_file(master.path)
    measured = levels.rms_dbfs if preset.measure == "rms" else levels.integrated_lufs
    assert measured == pytest.approx(preset.target, abs=preset.tolerance)
    assert levels.true_peak_dbtp <= preset.limiter_dbtp + 0.1
    assert levels.noise_floor_dbfs == pytest.approx(-75.0, abs=1.0)
    assert (levels.sample_rate, levels.channels, levels.codec) == (preset.sample_rate, 1, "flac")
    assert master.warnings == ()


def test_acx_heads_tails_and_floor_are_within_its_rules(bench, chapter):
    preset = PRESETS["acx"]
    levels = stitch_chapter(chapter, bench.folder / "out.flac", preset).levels
    assert preset.head_s[0] <= levels.head_s <= preset.head_s[1]
    assert preset.tail_s[0] <= levels.tail_s <= preset.tail_s[1]
    assert levels.noise_floor_dbfs <= preset.noise_floor_dbfs


def test_levels_told_are_levels_of_the_file(bench, chapter):
    master = stitch_chapter(chapter, bench.folder / "out.flac", PRESETS["audiobook"])
    told, read = vars(master.levels), vars(measure_file(master.path))
    for name in set(told) - {"bit_rate", "loudness_curve"}:
        assert told[name] == pytest.approx(read[name], abs=0.01), name
    assert told["bit_rate"] == pytest.approx(read["bit_rate"], rel=0.05)  # file headers count here
    assert told["loudness_curve"] == pytest.approx(read["loudness_curve"], abs=0.1)


def test_the_preset_none_leaves_levels_alone(bench, chapter):
    none = stitch_chapter(chapter, bench.folder / "none.flac", PRESETS["none"])
    assert none.gain_db == 0.0
    take = next(iter(chapter.takes.values())).take
    assert none.levels.sample_peak_dbfs == pytest.approx(take.levels.peak_dbfs, abs=0.1)


@pytest.mark.parametrize("name", [*MEASURED, "none"])
def test_a_master_is_as_long_as_its_timeline_to_the_sample(bench, chapter, name):
    master = stitch_chapter(chapter, bench.folder / "out.flac", PRESETS[name])
    assert read_audio(master.path).length_samples == master.timeline.length_samples
    assert master.timeline == place_score(chapter).at_rate(PRESETS[name].sample_rate).in_whole_frames()
    assert master.timeline == master_timeline(chapter, PRESETS[name])


@pytest.mark.parametrize("name", ["audiobook", "acx", "podcast", "none"])
def test_a_master_fills_whole_frames_of_aac_with_room_tone(bench, name):
    take = bench.take("x", bench.burst(1.0))
    for tail_s in (3.0, 3.001, 3.02):
        score = bench.chapter(take, 2, Pacing(vary=0.0, tail_s=tail_s))
        samples = read_audio(stitch_chapter(score, bench.folder / "out.flac", PRESETS[name]).path).samples
        assert samples.shape[0] % 1024 == 0
        assert 0 <= samples.shape[0] / 44_100 - place_score(score).duration_s < 1024 / 44_100 + 1e-4
        assert 1e-5 < np.sqrt(np.mean(samples[-2048:] ** 2)) < 1e-3


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_master_at_the_takes_own_rate_has_the_samples_of_the_mix(bench, rate):
    preset = next(preset for preset in PRESETS.values() if preset.sample_rate == rate)
    score = bench.chapter(bench.take("x", bench.speechlike(2.0, rate)), 3)
    master = stitch_chapter(score, bench.folder / "out.flac", preset)
    expected = place_score(score).in_whole_frames().length_samples
    assert read_audio(master.path).length_samples == expected


@pytest.mark.parametrize("name", ["audiobook", "podcast", "none"])
def test_the_same_takes_give_the_same_bytes(bench, chapter, name):
    first = stitch_chapter(chapter, bench.folder / "one.flac", PRESETS[name])
    second = stitch_chapter(chapter, bench.folder / "two.flac", PRESETS[name])
    assert first.path.read_bytes() == second.path.read_bytes()
    assert replace(first, path=second.path) == second


def test_speech_rises_where_the_timeline_of_the_master_says(bench):
    take = bench.take("x", bench.burst(1.0, before_s=0.2, after_s=0.3))
    master = stitch_chapter(bench.chapter(take, 4), bench.folder / "out.flac", PRESETS["audiobook"])
    samples = np.abs(read_audio(master.path).samples[:, 0])
    near = round(0.020 * 44_100)
    for span in master.timeline.lines:
        before = samples[span.start_samples - 3 * near : span.start_samples - near]
        after = samples[span.start_samples + near : span.start_samples + 3 * near]
        assert before.max() < 0.001 < 0.1 < after.max()


def test_there_is_no_digital_zero_anywhere(bench):
    take = bench.take("x", bench.burst(1.0, before_s=0.5, after_s=0.5))
    score = bench.chapter(take, 3, Pacing(sentence_s=2.0))
    for name in ("audiobook", "none"):
        master = stitch_chapter(score, bench.folder / "out.flac", PRESETS[name])
        zero = np.flatnonzero(read_audio(master.path).samples[:, 0] != 0.0)
        longest = np.max(np.diff(np.concatenate([[-1], zero, [master.timeline.length_samples]])))
        assert longest < 0.010 * 44_100


def test_room_tone_is_at_its_level_whatever_the_gain(bench):
    quiet = bench.burst(2.0)
    score = bench.chapter(bench.take("x", replace(quiet, samples=quiet.samples * np.float32(0.1))), 4)
    levels = stitch_chapter(score, bench.folder / "out.flac", PRESETS["podcast"]).levels
    assert levels.noise_floor_dbfs == pytest.approx(-75.0, abs=1.5)


def test_room_tone_runs_on_from_block_to_block(bench):
    """Twenty seconds are several blocks; the master's own rate, so that nothing is resampled."""
    score = bench.score([bench.pause(20.0)], [], sample_rate=44_100)
    master = stitch_chapter(score, bench.folder / "out.flac", PRESETS["none"])
    tone = np.zeros(master.timeline.length_samples, dtype=np.float32)
    RoomTone(int(master.key[:16], 16), 44_100).add_to(tone, 0)
    assert tone.size > 3 * BLOCK_SAMPLES
    assert np.max(np.abs(read_audio(master.path).samples[:, 0] - tone)) <= 2**-23


def test_a_chapter_whose_lines_were_all_quarantined_is_room_tone_and_a_warning(bench):
    score = bench.score([bench.line("a", "start"), bench.line("b")], [])
    master = stitch_chapter(score, bench.folder / "out.flac", PRESETS["audiobook"])
    assert master.gain_db == 0.0
    assert master.levels.rms_dbfs == pytest.approx(-75.0, abs=0.5)
    assert master.timeline.missing == ("a", "b")
    assert master.warnings[0] == "line 'a' has no take"
    assert "LUFS" in master.warnings[-1]


def test_an_error_leaves_neither_a_file_nor_a_spool(bench, chapter):
    folder = bench.folder / "out"
    take = next(iter(chapter.takes.values())).take
    take.path.write_bytes(b"damaged")
    with pytest.raises(StoreError):
        stitch_chapter(chapter, folder / "one.flac", PRESETS["audiobook"])
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_store_error(bench, chapter):
    (bench.folder / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        stitch_chapter(chapter, bench.folder / "file" / "one.flac", PRESETS["audiobook"])


def changes(bench, score: ChapterScore) -> dict[str, ChapterScore]:
    first, second, *rest = score.items
    takes = dict(score.takes)
    cue = bench.sound("cue.flac", bench.burst(1.0))
    return {
        "another take": replace(
            score, takes={**takes, "l-1": CastTake(replace(takes["l-1"].take, key="k"), 0.0)}
        ),
        "another gain": replace(score, takes={**takes, "l-1": CastTake(takes["l-1"].take, 1.0)}),
        "a lost take": replace(score, takes={key: takes[key] for key in takes if key != "l-1"}),
        "another order": replace(score, items=(second, first, *rest)),
        "another relation": replace(score, items=(first, replace(second, relation="speaker"), *rest)),
        "a pause": replace(score, items=(first, bench.pause(1.0), second, *rest)),
        "a scene break": replace(score, items=(first, bench.scene_break(), second, *rest)),
        "a sound": replace(score, items=(first, cue, second, *rest)),
        "a ducked sound": replace(score, items=(first, replace(cue, duck_db=-3.0), second, *rest)),
        "a paragraph of someone else": replace(
            score,
            items=(first, replace(second, relation="paragraph", character="Ann"), *rest),
        ),
        "a paragraph": replace(score, items=(first, replace(second, relation="paragraph"), *rest)),
        "pacing": replace(score, pacing=Pacing(pace=1.1)),
        "rate": replace(score, sample_rate=48_000),
    }


def test_a_chapters_key_changes_with_all_that_is_heard(bench, chapter):
    keys = {name: chapter_key(score, PRESETS["acx"]) for name, score in changes(bench, chapter).items()}
    keys["nothing"] = chapter_key(chapter, PRESETS["acx"])
    keys["preset"] = chapter_key(chapter, PRESETS["podcast"])
    assert len(set(keys.values())) == len(keys)


def test_a_chapters_key_does_not_change_with_what_is_not_heard(bench, chapter):
    key = chapter_key(chapter, PRESETS["acx"])
    retitled = replace(chapter, title="Another")
    reworded = replace(chapter, items=tuple(replace(item, text="b") for item in chapter.items))
    assert {chapter_key(score, PRESETS["acx"]) for score in (retitled, reworded)} == {key}


def test_a_sound_file_with_other_content_gives_another_key(bench, chapter):
    cue = bench.sound("cue.flac", bench.burst(1.0))
    score = replace(chapter, items=(cue, *chapter.items))
    before = chapter_key(score, PRESETS["acx"])
    bench.sound("cue.flac", bench.burst(1.1))
    assert chapter_key(score, PRESETS["acx"]) != before
    cue.file.unlink()
    with pytest.raises(AudioError, match=r"cue\.flac"):
        chapter_key(score, PRESETS["acx"])


STITCH_AND_TELL_MEMORY = """
import pickle, re, sys
from pathlib import Path
from pipeline.stitch.master import stitch_chapter
from pipeline.stitch.presets import PRESETS
score = pickle.loads(Path(sys.argv[1]).read_bytes())
master = stitch_chapter(score, Path(sys.argv[1] + ".flac"), PRESETS["audiobook"])
# Not ru_maxrss: it begins with what the process that started this one held.
peak_kib = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(master.timeline.duration_s, peak_kib)
"""


def peak_memory_kib(file: Path, score: ChapterScore) -> tuple[float, int]:
    """Seconds of the chapter, and the most memory that a process which stitches it ever holds."""
    file.write_bytes(pickle.dumps(score))
    command = [sys.executable, "-c", STITCH_AND_TELL_MEMORY, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    duration_s, kib = done.stdout.split()
    return float(duration_s), int(kib)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_chapter(bench):
    """Forty minutes are 230 MB of samples; measurements grow by about 1 kB for each second."""
    take = bench.take("x", bench.speechlike(20.0))
    short_s, short_kib = peak_memory_kib(bench.folder / "short", bench.chapter(take, 15))
    long_s, long_kib = peak_memory_kib(bench.folder / "long", bench.chapter(take, 120))
    assert long_s - short_s > 2100
    assert long_kib - short_kib < 20 * 1024
    assert long_kib < 300 * 1024
