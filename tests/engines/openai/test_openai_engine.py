import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai_server import KEY, SLOW_S, SpeechHost, start

from pipeline.direction import Direction, Emotion
from pipeline.engines.base import Speech, Utterance
from pipeline.engines.openai.engine import SpeechServerEngine
from pipeline.errors import EngineError, LineError

Load = Callable[..., SpeechServerEngine]
Say = Callable[..., Utterance]


def spoken(engine: SpeechServerEngine, utterance: Utterance) -> Speech:
    (speech,) = engine.synthesize([utterance])
    assert isinstance(speech, Speech), speech
    return speech


def refused(engine: SpeechServerEngine, utterance: Utterance) -> LineError:
    (error,) = engine.synthesize([utterance])
    assert isinstance(error, LineError), error
    return error


@pytest.mark.parametrize("form", ["wav", "pcm", "flac", "mp3"])
def test_every_format_gives_the_same_speech(load: Load, utterance: Say, form: str) -> None:
    plain = spoken(load(), utterance()).audio
    audio = spoken(load(format=form), utterance()).audio
    assert (audio.sample_rate, audio.channels) == (22_050, 1)
    if form == "mp3":  # lossy, with the coder's delay before it
        assert audio.duration_s == pytest.approx(plain.duration_s, abs=0.1)
    else:
        # 16 bits, scaled by 32767 on one way and by 32768 on the other.
        np.testing.assert_allclose(audio.samples, plain.samples, atol=2 / 32768)


def test_the_request_says_what_the_interface_asks_for_and_no_more(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    spoken(load(), utterance("Hello there."))
    wanted = {"model": "tts-1", "input": "Hello there.", "voice": "alloy", "response_format": "wav"}
    assert host.requests == [wanted]


def test_rate_is_the_servers_speed(host: SpeechHost, load: Load, utterance: Say) -> None:
    engine = load()
    slow = spoken(engine, utterance(direction=Direction(rate=0.7))).audio.duration_s
    quick = spoken(engine, utterance(direction=Direction(rate=1.4))).audio.duration_s
    assert [request["speed"] for request in host.requests] == [0.7, 1.4]
    assert slow > 1.4 * quick


def test_a_voice_may_name_its_model_and_be_a_blend_of_the_servers(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    spoken(load(), utterance(voice="af_a(2)+af_b(1)@tts-1"))
    assert host.requests[0]["voice"] == "af_a(2)+af_b(1)"


def test_a_batch_is_asked_for_at_once_and_answered_in_its_order(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    host.always = "slow"
    texts = ["One.", "Two words.", "Now three words.", "And here are four."]
    speeches = load(concurrency=4).synthesize([utterance(text) for text in texts])
    assert host.most_at_once == 4
    host.always = None
    alone = [spoken(load(concurrency=1), utterance(text)) for text in texts]
    for one, other in zip(speeches, alone, strict=True):
        assert isinstance(one, Speech)
        np.testing.assert_array_equal(one.audio.samples, other.audio.samples)


def test_no_more_requests_run_at_once_than_is_set(host: SpeechHost, load: Load, utterance: Say) -> None:
    load(concurrency=2).synthesize([utterance(f"Number {number}.") for number in range(6)])
    assert host.most_at_once <= 2


@pytest.mark.parametrize(
    "fault", ["429", "500", "502", "503", "504", "408", "cut", "half-wav", "empty", "noise"]
)
def test_what_may_pass_is_tried_again(host: SpeechHost, load: Load, utterance: Say, fault: str) -> None:
    host.faults.extend([fault, fault])
    speech = spoken(load(), utterance())
    assert (len(host.requests), speech.audio.duration_s > 0.5) == (3, True)


@pytest.mark.parametrize("fault", ["429-after-1", "429-date"])
def test_a_pause_that_the_server_asks_for_is_kept(
    host: SpeechHost, load: Load, utterance: Say, fault: str
) -> None:
    host.faults.append(fault)
    spoken(load(), utterance())
    # A date has whole seconds, so that up to one of its 1.2 may be lost.
    assert host.moments[1] - host.moments[0] >= (0.19 if fault == "429-date" else 0.99)


def test_a_pause_of_an_hour_ends_the_engine_at_once(host: SpeechHost, load: Load, utterance: Say) -> None:
    host.always = "429-after-3600"
    with pytest.raises(EngineError, match="asks for a pause of 3600 s"):
        load().synthesize([utterance()])
    assert len(host.requests) == 1


def test_too_many_requests_for_ever_end_the_engine(host: SpeechHost, load: Load, utterance: Say) -> None:
    host.always = "429"
    with pytest.raises(EngineError, match=r"status 429: 'fault 429' \(tried 3 times\)"):
        load(tries=3).synthesize([utterance()])


def test_a_line_on_which_the_server_fails_is_an_error_in_its_place(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    host.faults.extend(["500", "500"])
    results = load(tries=2, concurrency=1).synthesize([utterance("Bad."), utterance("Good.")])
    assert [type(result) for result in results] == [LineError, Speech]
    assert "status 500: 'fault 500' (tried 2 times)" in str(results[0])


def test_a_server_that_fails_on_line_after_line_is_given_up(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    host.always = "500"
    with pytest.raises(EngineError, match="failed on 5 lines in a row"):
        load(tries=1, concurrency=1).synthesize([utterance(f"Line {number}.") for number in range(9)])
    assert len(host.requests) < 9


def test_what_was_spoken_before_the_server_went_is_kept_and_the_next_call_says_that_it_is_gone(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    engine = load(tries=1, concurrency=1)
    host.faults.extend(["octets", "503"])
    host.always = "503"
    results = engine.synthesize([utterance("One."), utterance("Two."), utterance("Three.")])
    assert [type(result) for result in results] == [Speech, LineError, LineError]
    assert all("status 503" in str(result) for result in results[1:])
    with pytest.raises(EngineError, match="status 503"):
        engine.synthesize([utterance("Two."), utterance("Three.")])


def test_an_answer_that_takes_too_long_is_tried_again(host: SpeechHost, load: Load, utterance: Say) -> None:
    host.faults.append("slow")
    spoken(load(timeout_s=SLOW_S / 3, timeout_s_per_character=0.0), utterance())
    assert len(host.requests) >= 2  # the second may be slow on a busy machine


def test_an_answer_that_drips_is_not_waited_for_to_its_end(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    host.always = "drip"
    error = refused(load(timeout_s=0.6, timeout_s_per_character=0.0, tries=1), utterance())
    assert "no whole answer within 1 s (tried once)" in str(error)


def test_a_longer_text_may_take_longer(host: SpeechHost, load: Load, utterance: Say) -> None:
    host.always = "slow"
    engine = load(timeout_s=0.2, timeout_s_per_character=0.1, tries=1)
    assert "no whole answer" in str(refused(engine, utterance("Short.")))
    assert isinstance(spoken(engine, utterance("A much longer text than the other one was.")), Speech)


def test_a_server_that_is_not_there_says_what_to_start_or_set(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    with pytest.raises(EngineError) as caught:
        load(base_url="http://127.0.0.1:9/v1", tries=2).synthesize([utterance()])
    said = str(caught.value)
    assert said.startswith("http://127.0.0.1:9/v1: no server answers")
    assert "FULLCAST_OPENAI_BASE_URL" in said
    assert "\n" not in said


def test_a_server_that_comes_back_is_used_again(tmp_path: Any, load: Load, utterance: Say) -> None:
    host, server = start(tmp_path / "other")
    port = server.server_port
    server.shutdown()
    server.server_close()
    engine = load(base_url=host.url, tries=1)
    with pytest.raises(EngineError, match="no server answers"):
        engine.synthesize([utterance()])
    _, server = start(tmp_path / "other", port)
    assert isinstance(spoken(engine, utterance()), Speech)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("key", "said"), [(None, "is not set"), ("sk-wrong-key", "was refused")])
def test_a_missing_or_wrong_key_says_which_variable_and_never_the_key(
    host: SpeechHost, load: Load, utterance: Say, monkeypatch: pytest.MonkeyPatch, key: str | None, said: str
) -> None:
    host.wants_key = True
    if key:
        monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", key)
    with pytest.raises(EngineError, match=f"FULLCAST_OPENAI_API_KEY {said}") as caught:
        load().synthesize([utterance()])
    assert "sk-" not in str(caught.value)
    assert len(host.requests) == 1


def test_the_key_goes_to_the_server_and_nowhere_else(
    host: SpeechHost, load: Load, utterance: Say, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    host.wants_key = True
    monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", KEY)
    with caplog.at_level("DEBUG"):
        engine = load()
        speech = spoken(engine, utterance())
        monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", "changed-after-load")
        host.always = "400"
        refused(engine, utterance())
    assert host.keys == [f"Bearer {KEY}"] * 2
    assert KEY not in caplog.text + repr(speech)


def test_a_key_that_a_server_quotes_is_struck_out(
    host: SpeechHost, load: Load, utterance: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", "no-such-voice")
    assert str(refused(load(), utterance(voice="no-such-voice"))).endswith("'Unknown voice '***''")


@pytest.mark.parametrize("key", ["two words", "línea"])
def test_a_key_that_cannot_be_one_is_told_before_anything_is_sent(
    load: Load, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", key)
    with pytest.raises(EngineError, match="FULLCAST_OPENAI_API_KEY cannot be an API key") as caught:
        load()
    assert key not in str(caught.value)


def test_an_unknown_voice_is_an_error_of_its_line_alone(load: Load, utterance: Say) -> None:
    results = load().synthesize([utterance("One."), utterance("Two.", "nobody"), utterance("Three.")])
    assert [type(result) for result in results] == [Speech, LineError, Speech]
    assert "Unknown voice 'nobody'" in str(results[1])


@pytest.mark.parametrize(
    ("settings", "fault", "said"),
    [
        ({"model": "no-model"}, None, "no model 'no-model' here: 'The model `no-model` does not exist'"),
        ({"path": "/api"}, None, "check FULLCAST_OPENAI_BASE_URL and FULLCAST_OPENAI_MODEL"),
        ({}, "html", "sends a page"),
        ({}, "moved", "https://elsewhere.example/v1"),
        ({}, "quota", "nothing left to spend"),
        ({}, "405", "has no speech"),
    ],
)
def test_what_no_line_can_help_ends_the_engine_at_once(
    host: SpeechHost, load: Load, utterance: Say, settings: dict[str, str], fault: str | None, said: str
) -> None:
    host.always = fault
    if "path" in settings:
        settings = {"base_url": host.url.replace("/v1", settings["path"])}
    with pytest.raises(EngineError) as caught:
        load(concurrency=1, **settings).synthesize([utterance(), utterance()])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(host.requests) <= 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("json", "sent 'application/json' instead of sound: 'no sound today'"),
        ("empty", "the server sent no sound (tried 2 times)"),
        ("short", "0.01 s of sound for 18 characters"),
        ("silence", "the server sent silence"),
        ("half-wav", "the WAV ends after"),
        ("noise", "neither WAV, FLAC, Ogg nor MP3"),
        ("cut", "the connection broke off"),
        ("422", "refuses it (status 422): 'fault 422'"),
    ],
)
def test_sound_that_is_no_speech_is_an_error_of_its_line(
    host: SpeechHost, load: Load, utterance: Say, fault: str, said: str
) -> None:
    host.always = fault
    assert said in str(refused(load(tries=2), utterance()))


@pytest.mark.parametrize("fault", ["streamed", "octets"])
def test_headers_that_are_vague_do_no_harm(host: SpeechHost, load: Load, utterance: Say, fault: str) -> None:
    plain = spoken(load(), utterance())
    host.always = fault
    np.testing.assert_array_equal(spoken(load(), utterance()).audio.samples, plain.audio.samples)


def test_a_rate_limit_holds_for_all_engines_of_the_machine(
    load: Load, utterance: Say, tmp_path: Path
) -> None:
    """Workers are processes of their own: they draw their moments from one file, as these two engines do."""
    began = time.time()
    one, other = load(requests_per_minute=300, concurrency=3), load(requests_per_minute=300)
    one.synthesize([utterance(f"One {number}.") for number in range(3)])
    other.synthesize([utterance("Other.")])
    (file,) = (tmp_path / "scratch").glob("speech-server-*.next")
    # Four requests, 0.2 s apart: the last begins 0.6 s after the first, the next might after 0.8 s.
    assert time.time() - began >= 0.59
    assert float(file.read_text()) - began >= 0.79


def test_a_model_that_follows_instructions_gets_the_direction_in_words(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    emotion = Emotion.from_label("sad")
    direction = Direction(emotion=emotion, intensity=0.5, pitch_semitones=-3)
    speech = spoken(load(instructions=True), utterance(direction=direction))
    assert (
        host.requests[0]["instructions"] == "Speak in a somewhat sad voice. Speak clearly lower than usual."
    )
    assert "speed" not in host.requests[0]
    assert speech.realisation.level == "native"
    assert "somewhat sad" in (speech.realisation.note or "")


def test_a_model_that_follows_none_changes_its_speed_and_says_that_this_is_all(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    direction = Direction(emotion=Emotion(-0.63, -0.27, -0.33, style="in tears"), pitch_semitones=2)
    speech = spoken(load(), utterance(direction=direction, phonemes=(("boat", "boʊt"),)))
    assert host.requests[0]["speed"] < 1
    assert "instructions" not in host.requests[0]
    assert speech.realisation.level == "prosody"
    assert "speed only" in (speech.realisation.note or "")
    said = " ".join(speech.warnings)
    assert ("style text ('in tears')" in said, "+2 semitones" in said, "'boat'" in said) == (True, True, True)


def test_a_seed_is_sent_where_it_is_taken_and_otherwise_the_take_says_that_it_may_differ(
    host: SpeechHost, load: Load, utterance: Say
) -> None:
    plain = spoken(load(), utterance(seed=2**40 + 5))
    seeded = spoken(load(seed=True), utterance(seed=2**40 + 5))
    assert ["seed" in request for request in host.requests] == [False, True]
    assert host.requests[1]["seed"] == (2**40 + 5) % 2**31
    assert "otherwise another time" in (plain.realisation.note or "")
    assert seeded.realisation.note is None


def test_an_engine_that_is_not_loaded_or_unloaded_says_so(load: Load, utterance: Say) -> None:
    engine = load()
    assert engine.bytes_held() > 0
    engine.unload()
    engine.unload()
    assert engine.bytes_held() == 0
    with pytest.raises(EngineError, match="not loaded"):
        engine.synthesize([utterance()])
