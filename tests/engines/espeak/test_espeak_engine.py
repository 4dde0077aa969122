import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.direction import BASE_POINTS, Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.espeak.engine import EspeakEngine
from pipeline.engines.espeak.library import EspeakLibrary
from pipeline.engines.espeak.prosody import parameters_of, prosody_of
from pipeline.errors import EngineError, LineError

# Voiced throughout, so that pitch can be measured everywhere.
VOICED = "All year long we were away in Rome, rolling our minds over one idea."


@pytest.fixture(name="engine", scope="module")
def _engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EspeakEngine]:
    engine = EspeakEngine()
    engine.load(LoadRequest("espeak@1.52", {}, "cpu", 1, tmp_path_factory.mktemp("scratch")))
    yield engine
    engine.unload()


def utterance(text: str = VOICED, voice: str = "en-us", **fields: Any) -> Utterance:
    known: dict[str, Any] = {"language": "en-us", "direction": Direction(), "seed": 1} | fields
    return Utterance(text=text, voice=(VoicePart(voice),), **known)


def spoken(engine: EspeakEngine, text: str = VOICED, voice: str = "en-us", **fields: Any) -> Speech:
    (speech,) = engine.synthesize([utterance(text, voice, **fields)])
    assert isinstance(speech, Speech), speech
    return speech


def felt(label: str) -> Direction:
    return Direction(emotion=Emotion.from_label(label))


def median_hz(samples: npt.NDArray[np.float32], sample_rate: int) -> float:
    """Median pitch by autocorrelation between 35 and 220 Hz over frames that are loud and periodic."""
    frame, found = 2048, []
    shortest, longest = sample_rate // 220, sample_rate // 35
    for start in range(0, samples.size - frame, 512):
        piece = samples[start : start + frame] * np.hanning(frame)
        correlation = np.correlate(piece, piece, "full")[frame - 1 :]
        lag = shortest + int(np.argmax(correlation[shortest:longest]))
        if np.mean(piece**2) > 1e-4 and correlation[lag] > 0.5 * correlation[0]:
            found.append(sample_rate / lag)
    return float(np.median(found))


def pitch_hz(speech: Speech) -> float:
    return median_hz(speech.audio.samples[:, 0], speech.audio.sample_rate)


def test_speech_is_mono_at_the_promised_rate_and_as_long_as_the_words_take(engine: EspeakEngine) -> None:
    speech = spoken(engine)
    capabilities = load_catalogue().engine("espeak").capabilities
    assert (speech.audio.sample_rate, speech.audio.channels) == (capabilities.sample_rate, 1)
    assert 3 < speech.audio.duration_s < 6
    assert 0.1 < float(np.abs(speech.audio.samples).max()) < 1
    assert speech.phonemes is not None
    assert speech.phonemes.startswith("ˈɔːl jˈɪɹ")


@pytest.mark.parametrize("voice", ["en-us", "en-us+whisper", "en-gb+f3", "de", "cmn"])
def test_a_line_sounds_the_same_whatever_was_spoken_before(engine: EspeakEngine, voice: str) -> None:
    first = spoken(engine, "The same again, please.", voice).audio.samples
    spoken(engine, "Something else in between!", "fr-fr", direction=felt("angry"))
    ctypes.CDLL(None).rand()
    np.testing.assert_array_equal(first, spoken(engine, "The same again, please.", voice).audio.samples)


# The voices with breath or noise, and one without.
_NOISY = ("en-us", "en-us+f2", "en-us+f3", "en-us+f5", "en-us+whisper")


def test_breath_and_noise_are_the_same_in_a_library_that_starts_a_second_later(tmp_path: Path) -> None:
    """espeak seeds its noise by the clock, in whole seconds."""

    def said_by_a_fresh_library() -> list[bytes]:
        library = EspeakLibrary(tmp_path)
        try:
            neutral = parameters_of(Direction())
            return [library.speak("Hush, she sighed.", voice, neutral)[0].tobytes() for voice in _NOISY]
        finally:
            library.close()

    first = said_by_a_fresh_library()
    time.sleep(1.1)
    assert said_by_a_fresh_library() == first


def test_another_process_gives_the_same_sound(engine: EspeakEngine, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from pipeline.direction import Direction\n"
        "from pipeline.engines.base import LoadRequest, Utterance, VoicePart\n"
        "from pipeline.engines.espeak.engine import create\n"
        "engine = create()\n"
        "engine.load(LoadRequest('espeak@1.52', {}, 'cpu', 1, Path(sys.argv[1])))\n"
        "for name in sys.argv[2:]:\n"
        "    said = engine.synthesize([Utterance('Hush.', 'en-us', (VoicePart(name),), Direction(), 1)])\n"
        "    sys.stdout.buffer.write(said[0].audio.samples.tobytes())\n"
    )
    here = b"".join(spoken(engine, "Hush.", voice).audio.samples.tobytes() for voice in _NOISY)
    time.sleep(1.1)
    command = [sys.executable, "-c", program, str(tmp_path), *_NOISY]
    said = subprocess.run(command, capture_output=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert said.stdout == here


def test_the_engine_and_a_g2p_front_end_do_not_disturb_each_other(engine: EspeakEngine) -> None:
    """misaki and phonemizer load the very same library; it keeps one voice a process."""
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    front_end = EspeakBackend("en-us", with_stress=True)
    phonemes = front_end.phonemize(["Schadenfreude is a word."])
    said = spoken(engine, "Ein Wort, bitte.", "de")
    for _ in range(3):
        assert front_end.phonemize(["Schadenfreude is a word."]) == phonemes
        again = spoken(engine, "Ein Wort, bitte.", "de")
        np.testing.assert_array_equal(again.audio.samples, said.audio.samples)
        assert again.phonemes == said.phonemes


def test_a_direct_user_of_the_same_library_file_does_not_disturb_the_engine(engine: EspeakEngine) -> None:
    import espeakng_loader

    said = spoken(engine).audio.samples
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0x8000)
    library.espeak_SetVoiceByName(b"gmw/de+croak")
    library.espeak_SetParameter(1, 400, 0)
    np.testing.assert_array_equal(spoken(engine).audio.samples, said)
    library.espeak_Terminate()


def test_every_voice_of_the_catalogue_says_something(engine: EspeakEngine) -> None:
    voices = [voice.name for voice in load_catalogue().engine("espeak").voices]
    results = engine.synthesize([utterance("mama 1 2 3", voice) for voice in voices])
    silent = [
        voice
        for voice, result in zip(voices, results, strict=True)
        if not isinstance(result, Speech) or not result.phonemes or result.audio.duration_s < 0.4
    ]
    assert (len(voices) > 130, silent) == (True, [])


def test_every_variant_changes_the_sound(engine: EspeakEngine) -> None:
    plain = spoken(engine, "Well now.").audio.samples
    for variant in load_catalogue().engine("espeak").variants:
        varied = spoken(engine, "Well now.", f"en-us+{variant}").audio.samples
        assert not np.array_equal(varied, plain), variant


@pytest.mark.parametrize("voice", ["tlh", "en-us+nobody", "../../etc/passwd"])
def test_an_unknown_voice_is_an_error_of_its_line_alone(engine: EspeakEngine, voice: str) -> None:
    results = engine.synthesize([utterance("One."), utterance("Two.", voice), utterance("Three.")])
    assert [type(result) for result in results] == [Speech, LineError, Speech]
    assert voice in str(results[1])


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("<break time='5s'/> hi", "bɹˈeɪk"),
        ("<voice name='de'>hi</voice>", "vˈɔɪs"),
        ("[[h@l'oU]] hi", "hˈaɪ"),
        ("\x0150P hi", "fˈɪfti"),
        ("a &amp; b", "ˈæmp"),
    ],
)
def test_markup_is_read_and_never_obeyed(engine: EspeakEngine, text: str, heard: str) -> None:
    speech = spoken(engine, text)
    assert speech.phonemes is not None
    assert heard in speech.phonemes
    assert "həlˈoʊ" not in speech.phonemes


def test_phoneme_brackets_in_a_book_do_not_speak_phonemes(engine: EspeakEngine) -> None:
    """The brackets are punctuation: with or without them the letters are spelled alike."""
    with_brackets, without = spoken(engine, "[[h@l'oU]] hi"), spoken(engine, "h@l'oU hi")
    assert with_brackets.phonemes == without.phonemes


@pytest.mark.parametrize("text", ["...", "—", "[[", "?!"])
def test_punctuation_alone_is_a_short_rest_with_a_warning(engine: EspeakEngine, text: str) -> None:
    speech = spoken(engine, text)
    assert speech.audio.duration_s == pytest.approx(0.2, abs=1e-4)
    assert not speech.audio.samples.any()
    assert text in speech.warnings[0]


def test_half_a_surrogate_is_an_error_of_its_line(engine: EspeakEngine) -> None:
    (result,) = engine.synthesize([utterance("broken \ud800 text")])
    assert isinstance(result, LineError)


def test_a_long_text_is_spoken_to_its_end(engine: EspeakEngine) -> None:
    once = spoken(engine, "A dog runs home. ")
    many = spoken(engine, "A dog runs home. " * 100)
    assert once.phonemes is not None
    assert many.phonemes is not None
    assert many.phonemes.split() == once.phonemes.split() * 100
    assert many.audio.duration_s > 80 * once.audio.duration_s


@pytest.mark.parametrize(("rate", "bounds"), [(0.5, (1.6, 2.6)), (0.8, (1.1, 1.45)), (1.5, (0.5, 0.75))])
def test_rate_changes_how_long_a_line_takes(
    engine: EspeakEngine, rate: float, bounds: tuple[float, float]
) -> None:
    """Not exactly by the factor: espeak scales pauses and sounds differently."""
    ratio = spoken(engine, direction=Direction(rate=rate)).audio.duration_s / spoken(engine).audio.duration_s
    assert bounds[0] < ratio < bounds[1]


@pytest.mark.parametrize("semitones", [-6.0, -3.0, 3.0, 9.0])
def test_pitch_moves_by_the_semitones_asked(engine: EspeakEngine, semitones: float) -> None:
    moved = pitch_hz(spoken(engine, direction=Direction(pitch_semitones=semitones)))
    # espeak's scale has steps of a fifth of a semitone; intonation moves the median a little.
    assert 12 * np.log2(moved / pitch_hz(spoken(engine))) == pytest.approx(semitones, abs=0.8)


def test_a_pitch_out_of_reach_is_a_warning(engine: EspeakEngine) -> None:
    assert "pitch 100 instead of 111" in spoken(engine, direction=Direction(pitch_semitones=12)).warnings[0]


def test_anger_is_quicker_higher_and_louder_and_sadness_the_reverse(engine: EspeakEngine) -> None:
    def heard(speech: Speech) -> tuple[float, float, float]:
        return speech.audio.duration_s, pitch_hz(speech), float(np.std(speech.audio.samples))

    neutral = heard(spoken(engine))
    angry = heard(spoken(engine, direction=felt("angry")))
    sad = heard(spoken(engine, direction=felt("sad")))
    assert angry[0] < neutral[0] < sad[0]
    assert angry[1] > neutral[1] > sad[1]
    assert angry[2] > neutral[2] > sad[2]


@pytest.mark.parametrize("label", sorted(BASE_POINTS))
def test_no_emotion_clips(engine: EspeakEngine, label: str) -> None:
    assert float(np.abs(spoken(engine, direction=felt(label)).audio.samples).max()) < 0.98


@pytest.mark.parametrize(
    ("label", "quicker", "higher", "wider"),
    [
        ("angry", True, True, True),
        ("happy", True, True, True),
        ("surprised", True, True, True),
        ("afraid", True, True, False),
        ("sad", False, False, False),
        ("tender", False, False, False),
        ("calm", False, False, False),
    ],
)
def test_emotions_go_the_way_that_speech_goes(label: str, quicker: bool, higher: bool, wider: bool) -> None:
    prosody = prosody_of(Emotion.from_label(label))
    assert (prosody.rate > 1, prosody.semitones > 0, prosody.pitch_range > 1) == (quicker, higher, wider)


def test_intensity_zero_is_neutral(engine: EspeakEngine) -> None:
    faint = spoken(engine, direction=Direction(emotion=Emotion.from_label("angry"), intensity=0.0))
    np.testing.assert_array_equal(faint.audio.samples, spoken(engine).audio.samples)
    assert faint.realisation.level == "none"


def test_what_is_not_followed_is_said(engine: EspeakEngine) -> None:
    speech = spoken(
        engine, direction=Direction(emotion=Emotion(style="like rain")), phonemes=(("Rome", "ɹoʊm"),)
    )
    assert speech.realisation.note is not None
    assert "'Rome'" in speech.warnings[0]


def test_unload_gives_all_back(tmp_path: Path) -> None:
    engine = EspeakEngine()
    engine.load(LoadRequest("espeak@1.52", {}, "cpu", 1, tmp_path))
    assert engine.bytes_held() > 0
    engine.unload()
    engine.unload()
    assert (engine.bytes_held(), list(tmp_path.iterdir())) == (0, [])
    with pytest.raises(EngineError):
        engine.synthesize([utterance()])
