"""A chapter as samples: joins, ducking, room tone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.audio import Audio
from pipeline.errors import AudioError, StoreError
from pipeline.levels import decibels
from pipeline.script.model import Pacing
from pipeline.stitch.master import place_score
from pipeline.stitch.mix import mix_blocks
from pipeline.stitch.room_tone import RoomTone
from pipeline.stitch.timeline import CastTake, ChapterScore

RATE = 24_000
PLAIN = Pacing(vary=0.0)


def mixed(score: ChapterScore, block_s: float = 4.0) -> np.ndarray:
    return np.concatenate(list(mix_blocks(score, place_score(score), block_s)))


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def three_lines(bench, edges=(0.0, 0.2, 1.5)) -> ChapterScore:
    takes = [
        bench.take(f"l{number}", bench.burst(1.0, before_s=edge, after_s=edge))
        for number, edge in enumerate(edges)
    ]
    items = [bench.line(take.line_id, "sentence" if index else "start") for index, take in enumerate(takes)]
    return bench.score(items, takes, pacing=PLAIN)


def sounding(samples: np.ndarray) -> list[tuple[int, int]]:
    """Stretches over -50 dBFS with no more than 20 ms of quiet inside."""
    places = np.flatnonzero(np.abs(samples) > 10 ** (-50 / 20))
    cuts = np.flatnonzero(np.diff(places) > 0.02 * RATE)
    starts = [places[0], *places[cuts + 1]]
    ends = [*places[cuts] + 1, places[-1] + 1]
    return list(zip(starts, ends, strict=True))


def test_heard_gaps_are_as_planned_whatever_silence_the_takes_carry(bench):
    heard = sounding(mixed(three_lines(bench)))
    gaps = [(start - end) / RATE for (_, end), (start, _) in pairwise(heard)]
    assert gaps == [pytest.approx(0.45, abs=0.010)] * 2


def test_speech_is_heard_where_the_timeline_says(bench):
    score = three_lines(bench)
    for (start, end), span in zip(sounding(mixed(score)), place_score(score).lines, strict=True):
        assert start == pytest.approx(span.start_samples, abs=0.010 * RATE)
        assert end == pytest.approx(span.end_samples, abs=0.010 * RATE)


def test_the_mix_is_as_long_as_the_timeline(bench):
    score = three_lines(bench)
    assert mixed(score).size == place_score(score).length_samples


@given(block_s=st.floats(0.01, 9.0))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_of_any_size_give_the_same_samples(bench, block_s: float):
    score = three_lines(bench)
    assert np.array_equal(mixed(score, block_s), mixed(score, 60.0))


def test_no_join_steps_by_more_than_minus_40_dbfs(bench):
    """A take that begins and ends in the middle of a loud wave: a cut there would step by -20 dBFS."""
    loud = Audio.mono(np.full(RATE, 0.1), RATE)
    items = [bench.line("a", "start"), bench.line("b", "tag"), bench.line("c", "paragraph")]
    samples = mixed(bench.score(items, [bench.take(name, loud) for name in "abc"]))
    assert decibels(float(np.max(np.abs(np.diff(samples))))) < -40.0


def test_a_long_inner_pause_keeps_all_its_samples(bench):
    part = bench.burst(1.0).samples[:, 0]
    hum = 1e-4 * np.sin(np.arange(2 * RATE))
    take = bench.take("a", Audio.mono(np.concatenate([part, hum, part]), RATE))
    samples = mixed(bench.score([bench.line("a", "start")], [take]))
    start = round(0.75 * RATE) - take.levels.voiced_samples[0] + RATE
    assert np.max(np.abs(samples[start : start + 2 * RATE] - hum)) < 2**-22  # one step of 24 bits


def test_a_lines_gain_is_applied(bench):
    score = three_lines(bench, (0.0,))
    quiet = {key: CastTake(cast.take, -6.0) for key, cast in score.takes.items()}
    louder, softer = mixed(score), mixed(replace(score, takes=quiet))
    assert decibels(rms(softer)) - decibels(rms(louder)) == pytest.approx(-6.0, abs=0.01)


def test_a_take_at_another_rate_sounds_the_same(bench):
    take = bench.take("a", bench.burst(1.0, 44_100, before_s=0.3))
    samples = mixed(bench.score([bench.line("a", "start")], [take]))
    same = mixed(bench.score([bench.line("b", "start")], [bench.take("b", bench.burst(1.0))]))
    middle = slice(RATE, round(1.5 * RATE))
    assert decibels(rms(samples[middle])) == pytest.approx(decibels(rms(same[middle])), abs=0.1)


def test_a_bed_goes_down_under_speech_by_what_was_asked(bench):
    steady = 0.01 * np.sin(2 * np.pi * 3000 * np.arange(12 * RATE) / RATE)
    bed = bench.sound("bed.flac", Audio.mono(steady, RATE), under=True, duck_db=-12.0)
    silent_speech = bench.take("a", bench.burst(3.0))
    items = [bed, bench.pause(4.0), bench.line("a", "start"), bench.pause(4.0)]
    score = bench.score(items, [silent_speech])
    with_bed = mixed(score)
    alone = with_bed - mixed(replace(score, items=score.items[1:]))
    (span,) = place_score(score).lines
    under = alone[span.start_samples : span.end_samples]
    before = alone[2 * RATE : 4 * RATE]
    after = alone[span.end_samples + RATE : span.end_samples + 2 * RATE]
    assert decibels(rms(under)) - decibels(rms(before)) == pytest.approx(-12.0, abs=0.1)
    assert decibels(rms(after)) == pytest.approx(decibels(rms(before)), abs=0.1)


def test_a_bed_stays_down_between_sentences(bench):
    bed = bench.sound("bed.flac", Audio.mono(np.full(20 * RATE, 0.01), RATE), under=True)
    score = three_lines(bench)
    with_bed = replace(score, items=(bed, *score.items))
    alone = mixed(with_bed) - mixed(score)
    lines = place_score(with_bed).lines
    between = alone[lines[0].start_samples : lines[-1].end_samples]
    assert between[RATE // 2 :].max() == pytest.approx(0.01 * 10 ** (-8 / 20), rel=0.02)


def test_a_cut_bed_fades_instead_of_clicking(bench):
    bed = bench.sound("bed.flac", Audio.mono(np.full(60 * RATE, 0.5), RATE), under=True)
    score = three_lines(bench)
    alone = mixed(replace(score, items=(*score.items[:2], bed, score.items[2]))) - mixed(score)
    assert decibels(float(np.max(np.abs(np.diff(alone))))) < -40.0
    assert decibels(rms(alone)) > -30.0


def test_fades_of_a_sound_are_as_long_as_asked(bench):
    steady = Audio.mono(np.full(4 * RATE, 0.1), RATE)
    cue = replace(bench.sound("cue.flac", steady), fade_in_s=1.0, fade_out_s=2.0)
    samples = mixed(bench.score([cue], []))[round(0.75 * RATE) :]
    assert samples[RATE // 2] == pytest.approx(0.05, rel=0.05)
    assert samples[3 * RATE // 2] == pytest.approx(0.1, rel=0.01)
    assert samples[3 * RATE] == pytest.approx(0.05, rel=0.05)


def test_a_stereo_sound_at_another_rate_is_brought_to_the_chapters(bench):
    tone = np.sin(2 * np.pi * 500 * np.arange(2 * 44_100) / 44_100)
    stereo = Audio(np.stack([0.2 * tone, 0.1 * tone], axis=1).astype(np.float32), 44_100)
    cue = bench.sound("cue.flac", stereo, gain_db=6.0)
    samples = mixed(bench.score([cue], []))[RATE : 2 * RATE]
    assert decibels(rms(samples)) == pytest.approx(decibels(0.15 / np.sqrt(2)) + 6.0, abs=0.05)


def test_sounds_in_wav_and_mp3_are_read_without_a_program(bench):
    import soundfile

    for suffix in ("wav", "mp3", "ogg"):
        cue = bench.sound(f"cue.{suffix}", bench.burst(2.0))
        soundfile.write(cue.file, bench.burst(2.0).samples, RATE)
        samples = mixed(bench.score([cue], []))
        assert samples.size / RATE == pytest.approx(5.75, abs=0.1)
        assert decibels(rms(samples[RATE : 2 * RATE])) == pytest.approx(-18.7, abs=0.5)


def test_a_sound_over_ten_minutes_is_refused(bench):
    cue = bench.sound("long.flac", Audio.mono(np.zeros(8000 * 601), 8000), under=True)
    with pytest.raises(AudioError, match=r"long\.flac: .*longer than 10 minutes"):
        mixed(bench.score([cue], []))


def test_a_missing_sound_is_an_error_that_names_it(bench):
    cue = bench.sound("gone.flac", bench.burst(1.0))
    cue.file.unlink()
    with pytest.raises(AudioError, match=r"gone\.flac"):
        mixed(bench.score([cue], []))


def test_a_take_that_is_not_what_its_metadata_say_is_an_error(bench):
    score = three_lines(bench, (0.0,))
    cast = score.takes["l0"]
    other = bench.take("other", bench.burst(0.7))
    wrong = replace(cast.take, path=other.path, audio_sha256=other.audio_sha256)
    score.takes["l0"] = replace(cast, take=wrong)
    with pytest.raises(AudioError, match="line 'l0' has 16800 samples"):
        mixed(score)


def test_a_take_that_was_damaged_after_it_was_looked_at_is_not_mixed(bench):
    score = three_lines(bench, (0.0,))
    path = score.takes["l0"].take.path
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(StoreError, match="line 'l0' is damaged"):
        mixed(score)


def test_a_chapter_without_a_head_starts_with_its_first_word(bench):
    take = bench.take("a", bench.burst(1.0, before_s=0.3))
    samples = mixed(bench.score([bench.line("a", "start")], [take], pacing=Pacing(head_s=0.0)))
    assert sounding(samples)[0][0] < 0.005 * RATE


def test_room_tone_has_its_level_everywhere_and_no_seam():
    tone = RoomTone(7, RATE)
    samples = np.zeros(60 * RATE, dtype=np.float32)
    tone.add_to(samples, 0)
    assert decibels(rms(samples)) == pytest.approx(-75.0, abs=0.2)
    assert np.max(np.abs(np.diff(samples))) < 10 ** (-60 / 20)
    seconds = samples.reshape(-1, RATE)
    assert max(abs(decibels(rms(second)) + 75.0) for second in seconds) < 2.0


@given(start=st.integers(0, 10**9), cut=st.integers(0, 4_000))
@settings(max_examples=20, deadline=None)
def test_room_tone_is_the_same_in_whatever_blocks_it_is_asked_for(start: int, cut: int):
    tone = RoomTone(7, 800)
    whole = np.zeros(4_000, dtype=np.float32)
    tone.add_to(whole, start)
    first, second = np.zeros(cut, dtype=np.float32), np.zeros(4_000 - cut, dtype=np.float32)
    tone.add_to(first, start)
    tone.add_to(second, start + cut)
    assert np.array_equal(whole, np.concatenate([first, second]))


def test_another_seed_is_another_tone():
    one, other = np.zeros(RATE, dtype=np.float32), np.zeros(RATE, dtype=np.float32)
    RoomTone(1, RATE).add_to(one, 0)
    RoomTone(2, RATE).add_to(other, 0)
    assert not np.allclose(one, other)
