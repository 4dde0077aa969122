"""What needs no server: directions in words, waiting times, the bytes of sound."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.direction import Direction, Emotion
from pipeline.engines.openai.refusals import retry_after_s
from pipeline.engines.openai.sound import SoundError, decode, kind_of
from pipeline.engines.openai.wording import SPEED_RANGE, word


@given(
    st.floats(0.5, 2.0), st.sampled_from(["sad", "angry", "neutral", "calm"]), st.floats(0, 1), st.booleans()
)
def test_no_direction_leaves_the_interfaces_bounds(
    rate: float, label: str, intensity: float, instructed: bool
) -> None:
    wording = word(Direction(Emotion.from_label(label), intensity, rate), instructed, seeded=True)
    assert SPEED_RANGE[0] <= wording.speed <= SPEED_RANGE[1]
    assert (wording.instructions is not None) <= instructed


@pytest.mark.parametrize(
    ("emotion", "words"),
    [
        (Emotion(style="whispering with delight."), "Speak whispering with delight."),
        (Emotion(valence=-0.6, arousal=-0.3, dominance=-0.3), "Speak in a sad voice."),
        (Emotion(valence=0.9, arousal=-0.9), "Sound pleased and quiet."),
    ],
)
def test_a_style_and_a_point_are_words_too(emotion: Emotion, words: str) -> None:
    assert word(Direction(emotion=emotion), True, seeded=True).instructions == words


def test_without_a_direction_nothing_is_instructed() -> None:
    assert word(Direction(), True, seeded=True).instructions is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("5", 5.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), (None, None), ("nan", None), ("", None)],
)
def test_retry_after_may_be_a_number(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, time.time()) == seconds


def test_retry_after_may_be_a_date() -> None:
    assert retry_after_s(formatdate(1_000_060, usegmt=True), 1_000_000) == 60
    assert retry_after_s(formatdate(999_000, usegmt=True), 1_000_000) == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_sound_or_one_clear_error(data: bytes) -> None:
    for beginning in (b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata", b"fLaC", b"ID3", b"\xff\xfb"):
        try:
            audio = decode(beginning + data, "audio/wav", 24_000, pcm_asked=False)
        except SoundError as error:
            assert "\n" not in str(error)
        else:
            assert audio.channels == 1


def test_text_is_never_taken_for_sound() -> None:
    assert [kind_of(data) for data in (b"", b"{}", b"<html>", "ÿþ".encode("latin-1"))] == [None] * 4
