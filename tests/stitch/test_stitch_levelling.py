"""Voices brought to one level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.stitch.levelling import line_gain_db, voice_gains, voice_levels


@pytest.fixture
def heard(bench):
    """A take that is as loud as it is told to be."""
    take = bench.take("x", bench.burst(0.5))

    def make(lufs: float | None, voice: str = "v", **asked: object):
        return replace(take, voice=voice, asked=asked, levels=replace(take.levels, loudness_lufs=lufs))

    return make


def test_a_voice_is_brought_from_its_median_to_the_working_level(heard):
    takes = [heard(lufs) for lufs in (-30.0, -26.2, -26.0, -25.9, -10.0)]
    assert voice_gains(takes) == {"v": 3.0}


def test_each_voice_has_its_own_gain(heard):
    takes = [heard(-20.0, "loud"), heard(-29.0, "quiet")]
    assert voice_gains(takes) == {"loud": -3.0, "quiet": 6.0}


def test_gains_come_in_half_decibels_so_that_one_changed_line_changes_no_other_chapter(heard):
    takes = [heard(-26.0 + number / 100) for number in range(9)]
    changed = [*takes[:4], heard(-26.3), *takes[5:]]
    assert voice_gains(takes) == voice_gains(changed) == {"v": 3.0}


def test_a_voice_that_cannot_be_measured_gets_the_usual_gain(heard):
    takes = [heard(None, "short"), heard(-26.0, "a"), heard(-26.0, "b")]
    assert voice_gains(takes)["short"] == 3.0
    assert voice_gains([heard(None, "short")]) == {"short": 0.0}


@pytest.mark.parametrize(
    ("lufs", "correction_db"), [(-26.0, 0.0), (-30.0, 0.0), (-22.0, 0.0), (-30.5, 3.0), (-21.0, -3.0)]
)
def test_a_line_is_corrected_only_if_it_is_far_off_and_by_three_decibels_at_most(heard, lufs, correction_db):
    levels = voice_levels([heard(-26.0)] * 3)
    assert line_gain_db(heard(lufs), levels) == 3.0 + correction_db


def test_a_line_too_short_to_measure_has_its_voices_gain(heard):
    assert line_gain_db(heard(None), voice_levels([heard(-26.0)])) == 3.0


@pytest.mark.parametrize(
    "asked",
    [{"point": [0.0, 0.6, 0.0]}, {"point": [0.0, -0.5, 0.0]}, {"point": [0, 0, 0], "style": "in a whisper"}],
)
def test_a_whisper_or_a_shout_is_left_as_it_was_asked(heard, asked):
    levels = voice_levels([heard(-26.0)] * 3)
    assert line_gain_db(heard(-36.0, **asked), levels) == 3.0
    assert line_gain_db(heard(-36.0, point=[0.8, 0.3, 0.0], style=None), levels) == 6.0
