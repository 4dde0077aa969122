"""Whether a take sounds like its voice: only where there is enough speech to say."""

import numpy as np
import pytest

from pipeline.audio import Audio
from pipeline.identity.likeness import likeness


@pytest.fixture(scope="module")
def prints(encoder, speech):
    return {name: encoder.embed(speech[name, "morning"]) for name in ("heart", "onyx")}


def test_a_take_in_its_own_voice_raises_no_doubt(encoder, speech, prints):
    found = likeness(speech["heart", "house"], prints["heart"], {"onyx": prints["onyx"]}, encoder)
    assert found.doubt is None and found.own > 0.88
    assert found.other == "onyx" and found.other_alike < 0.75


def test_a_take_in_another_voice_of_the_book_names_it(encoder, speech, prints):
    found = likeness(speech["heart", "house"], prints["onyx"], {"heart": prints["heart"]}, encoder)
    assert found.doubt == f"{found.own:.2f} like its voice, {found.other_alike:.2f} like heart"


def test_a_take_in_a_voice_of_nobody_is_doubted_too(encoder, speech, prints):
    found = likeness(speech["espeak", "morning"], prints["onyx"], {}, encoder)
    assert found.other is None
    assert found.doubt == f"{found.own:.2f} like its voice, at least 0.80 is usual"


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.2])
def test_of_too_little_speech_nothing_is_said(encoder, speech, prints, seconds):
    audio = speech["heart", "house"]
    start = audio.sample_rate // 2
    short = Audio(audio.samples[start : start + round(seconds * audio.sample_rate)], audio.sample_rate)
    found = likeness(short, prints["onyx"], {"heart": prints["heart"]}, encoder)
    assert found.own is None and found.doubt is None and found.speech_s < 1.6


def test_silence_is_too_little_speech(encoder, prints):
    found = likeness(Audio.mono(np.zeros(48_000), 16_000), prints["heart"], {}, encoder)
    assert found.speech_s == 0 and found.doubt is None
