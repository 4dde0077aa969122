import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.direction import Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.tone.engine import SAMPLE_RATE, ToneEngine, create
from pipeline.errors import EngineError, LineError

RATE_HZ = SAMPLE_RATE


def loaded(model: str = "tone@1") -> ToneEngine:
    engine = ToneEngine()
    entry = load_catalogue().model(model)
    engine.load(LoadRequest(model, {}, "cpu", 1, Path("unused"), entry.parameters))
    return engine


def utterance(text: str = "Some words to say.", voice: str = "low", **fields: Any) -> Utterance:
    known: dict[str, Any] = {"language": "en-us", "direction": Direction(), "seed": 1} | fields
    return Utterance(text=text, voice=(VoicePart(voice),), **known)


def spoken(asked: Utterance, model: str = "tone@1") -> Speech:
    (speech,) = loaded(model).synthesize([asked])
    assert isinstance(speech, Speech)
    return speech


def main_hz(speech: Speech) -> float:
    samples = speech.audio.samples[:, 0]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * RATE_HZ / samples.size)


@pytest.fixture(name="engine")
def _engine() -> Iterator[ToneEngine]:
    engine = loaded()
    yield engine
    engine.unload()


def test_sound_has_the_sample_rate_that_the_catalogue_promises() -> None:
    assert spoken(utterance()).audio.sample_rate == load_catalogue().engine("tone").capabilities.sample_rate


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80), st.floats(0.5, 2.0))
def test_a_line_lasts_as_long_as_its_text_asks_at_its_rate(text: str, rate: float) -> None:
    speech = spoken(utterance(text, direction=Direction(rate=rate)))
    asked_s = (0.2 + 0.06 * len(text)) / rate + 2 * 0.1
    assert speech.audio.duration_s == pytest.approx(asked_s, abs=2 / RATE_HZ)


def test_the_tone_stands_at_minus_20_dbfs_between_quiet_edges() -> None:
    samples = spoken(utterance("x" * 40)).audio.samples[:, 0]
    edge, middle = samples[: int(0.1 * RATE_HZ)], samples[int(0.2 * RATE_HZ) : -int(0.2 * RATE_HZ)]
    assert 20 * np.log10(np.sqrt(np.mean(middle**2))) == pytest.approx(-20, abs=0.1)
    assert 20 * np.log10(np.sqrt(np.mean(edge**2))) == pytest.approx(-75, abs=1)


@pytest.mark.parametrize(("voice", "hz"), [("low", 110), ("mid", 165), ("high", 220)])
def test_each_voice_has_its_own_pitch(voice: str, hz: float) -> None:
    speech = spoken(utterance("x" * 60, voice))
    assert main_hz(speech) == pytest.approx(hz, abs=RATE_HZ / speech.audio.length_samples)


def test_a_blend_lies_between_its_voices() -> None:
    parts = (VoicePart("low", 0.5), VoicePart("high", 0.5))
    blend = Utterance("x" * 60, "en-us", parts, Direction(), 1)
    assert main_hz(spoken(blend)) == pytest.approx(165, abs=0.5)


def test_pitch_moves_by_semitones_and_arousal_lifts_it() -> None:
    octave = spoken(utterance("x" * 60, direction=Direction(pitch_semitones=12)))
    assert main_hz(octave) == pytest.approx(220, abs=0.5)
    excited = spoken(utterance("x" * 60, direction=Direction(emotion=Emotion.from_label("excited"))))
    assert main_hz(excited) > 115
    assert excited.realisation.level == "prosody"
    assert excited.audio.duration_s < spoken(utterance("x" * 60)).audio.duration_s


def test_nothing_asked_is_nothing_realised_and_a_style_text_is_owned_up_to() -> None:
    assert spoken(utterance()).realisation.level == "none"
    styled = spoken(utterance(direction=Direction(emotion=Emotion(style="like rain"))))
    assert (styled.realisation.level, bool(styled.realisation.note)) == ("none", True)


def test_the_same_utterance_sounds_the_same_alone_and_in_a_batch(engine: ToneEngine) -> None:
    asked = utterance()
    batch = engine.synthesize([utterance("First."), asked, utterance("Last.", "high")])
    assert isinstance(batch[1], Speech)
    np.testing.assert_array_equal(batch[1].audio.samples, spoken(asked).audio.samples)


def test_another_seed_or_model_is_another_sound() -> None:
    first = spoken(utterance()).audio.samples
    assert not np.array_equal(first, spoken(utterance(seed=2)).audio.samples)
    assert not np.array_equal(first, spoken(utterance(), "tone@2").audio.samples)


def test_a_line_that_asks_for_an_error_leaves_its_neighbours_alone(engine: ToneEngine) -> None:
    results = engine.synthesize([utterance("One."), utterance("tone-error here"), utterance("Two.")])
    assert [type(result) for result in results] == [Speech, LineError, Speech]


def test_an_unknown_voice_is_an_error_of_that_line(engine: ToneEngine) -> None:
    (result,) = engine.synthesize([utterance(voice="shrill")])
    assert isinstance(result, LineError)
    assert "shrill" in str(result)


def test_a_line_that_asks_for_a_crash_ends_the_process() -> None:
    program = (
        "from pathlib import Path\n"
        "from pipeline.direction import Direction\n"
        "from pipeline.engines.base import LoadRequest, Utterance, VoicePart\n"
        "from pipeline.engines.tone.engine import create\n"
        "engine = create()\n"
        "engine.load(LoadRequest('tone@1', {}, 'cpu', 1, Path('.'), {'overtone_db': -20}))\n"
        "engine.synthesize([Utterance('a tone-crash', 'en-us', (VoicePart('low'),), Direction(), 1)])\n"
        "print('still alive')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (17, "")


def test_memory_is_held_from_load_to_unload(engine: ToneEngine) -> None:
    assert (create().bytes_held(), engine.bytes_held()) == (0, 1_000_000)
    engine.unload()
    engine.unload()
    assert engine.bytes_held() == 0
    with pytest.raises(EngineError):
        engine.synthesize([utterance()])
