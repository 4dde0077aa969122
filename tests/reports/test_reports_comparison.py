"""Which lines are compared, in which order they are heard, equally loud; words counted and errors in them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import Audio
from pipeline.levels import measure_take
from pipeline.reports.comparison import a_first, choose_lines, heard_alike
from pipeline.reports.hearing import spoken_words, word_errors

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), max_size=8)


@given(st.integers(0, 60), st.integers(0, 1000))
def test_each_side_is_heard_first_in_half_of_the_lines_and_the_lot_is_the_seed_s(count, seed):
    order = a_first(count, seed)
    assert len(order) == count and sum(order) == (count + 1) // 2
    assert order == a_first(count, seed)


def test_the_order_is_no_pattern():
    orders = {tuple(a_first(20, seed)) for seed in range(50)}
    assert len(orders) == 50


def test_lines_are_drawn_without_titles_or_repetitions_in_reading_order(plan_text):
    body = "\n\n".join(
        f"Ann: This is sentence number {number}, and it is long enough." for number in range(30)
    )
    plan = plan_text(
        "---\nfullcast: 1\nbook: {title: T}\ncast: {narrator: tone/mid, Ann: tone/high}\n---\n"
        f"# One\n\n{body}\n\nAnn: This is sentence number 3, and it is long enough.\n\n…\n"
    )
    drawn = choose_lines(plan.lines, 10, seed=1)
    assert len(drawn) == 10 and not any(line.line.title for line in drawn)
    places = [plan.lines.index(line) for line in drawn]
    assert places == sorted(places)
    assert drawn == choose_lines(plan.lines, 10, seed=1) != choose_lines(plan.lines, 10, seed=2)
    every = choose_lines(plan.lines, 1000, seed=1)
    assert len(every) == 30 and len({line.utterances for line in every}) == 30


@pytest.mark.parametrize("gains", [(0.5, 0.05), (0.02, 0.9), (0.3, 0.3)])
def test_both_are_heard_equally_loud_without_edges_and_without_clipping(gains):
    time_s = np.arange(2 * 24_000) / 24_000
    quiet = np.zeros(12_000)
    pair = []
    for gain, hz in zip(gains, (200, 300), strict=True):
        sound = gain * np.sin(2 * np.pi * hz * time_s) * (1 + np.sin(2 * np.pi * 3 * time_s)) / 2
        pair.append(Audio.mono(np.concatenate([quiet, sound, quiet]), 24_000))
    heard = [soundfile.read(io.BytesIO(flac), dtype="float32") for flac in heard_alike(*pair)]
    levels = [measure_take(Audio.mono(samples, rate)) for samples, rate in heard]
    assert levels[0].loudness_lufs == pytest.approx(levels[1].loudness_lufs, abs=0.2)
    for samples, _ in heard:
        assert samples.size < 2.3 * 24_000 and np.abs(samples).max() < 0.9


@given(WORDS, WORDS)
def test_word_errors_are_a_distance(said, heard):
    errors = word_errors(said, heard)
    assert errors == word_errors(heard, said)
    assert (errors == 0) == (said == heard)
    assert abs(len(said) - len(heard)) <= errors <= max(len(said), len(heard))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("“I won’t,” he said—twice!", ["i", "won't", "he", "said", "twice"]),
        ("你好，世界 two", ["你", "好", "世", "界", "two"]),
        ("…", []),
    ],
)
def test_words_are_compared_without_marks_and_chinese_by_character(text, words):
    assert spoken_words(text) == words
