import numpy as np
import pytest
import torch
from emotivoice_shapes import FULL
from emotivoice_standin import make_checkout
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.direction import BASE_POINTS, Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, VoicePart
from pipeline.engines.catalogue import create_engine, load_catalogue
from pipeline.engines.emotivoice.engine import EmotiVoiceEngine
from pipeline.engines.emotivoice.vocoder import SAMPLES_PER_FRAME
from pipeline.errors import EngineError, LineError

LINES = [
    "我来到北京，我。",
    "Hello, lamp!",
    "我",
    "来来来来来来我我我我我我北京北京北京北京。",
    "Lamp lamp, 我 hello.",
]
# Sums of float32 in another order: far above what 16 bits hold, whose noise lies at 98 dB.
SAME_DB = 90.0
PROMISED_DB = 45.0


def spoken(engine, *utterances) -> list[Speech]:
    results = engine.synthesize(utterances)
    assert all(isinstance(result, Speech) for result in results), results
    return results


def likeness_db(one: Speech, other: Speech) -> float:
    """Signal over difference; infinite for equal sound."""
    a, b = one.audio.samples, other.audio.samples
    assert a.shape == b.shape
    noise = float(np.square(a - b).sum())
    return np.inf if noise == 0 else 10 * np.log10(float(np.square(a).sum()) / noise)


def test_a_line_is_mono_speech_of_whole_frames_at_16_khz(engine, say):
    (speech,) = spoken(engine, say("我来到北京"))
    assert (speech.audio.sample_rate, speech.audio.channels) == (16_000, 1)
    assert speech.audio.length_samples % SAMPLES_PER_FRAME == 0 and speech.audio.length_samples > 4_000
    assert 0.01 < float(np.abs(speech.audio.samples).max()) <= 1.0
    assert speech.phonemes == "<sos/eos> zh105 zh69 zh40 zh71 zh140 <sos/eos>"


def test_equal_utterances_are_equal_to_the_bit_whatever_their_seeds(engine, load, say):
    first, second = spoken(engine, say("Hello, 我"), say("Hello, 我", seed=99))
    other = load()
    (third,) = spoken(other, say("Hello, 我"))
    assert np.array_equal(first.audio.samples, second.audio.samples)
    assert np.array_equal(first.audio.samples, third.audio.samples)


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=6))
@settings(max_examples=8, deadline=None)
def test_a_line_in_a_batch_sounds_as_it_does_alone(engine, batching_engine, say, texts):
    together = spoken(batching_engine, *(say(text) for text in texts))
    for text, speech in zip(texts, together, strict=True):
        (alone,) = spoken(engine, say(text))
        assert likeness_db(alone, speech) >= SAME_DB


def test_small_passes_and_large_ones_give_the_same(engine, load, say):
    pairs = zip(
        spoken(load(frames_at_once=120), *map(say, LINES)), spoken(engine, *map(say, LINES)), strict=True
    )
    assert min(likeness_db(one, other) for one, other in pairs) >= SAME_DB


@pytest.mark.parametrize("label", [label for label in BASE_POINTS if label != "neutral"])
def test_every_label_is_heard_and_told(engine, say, label):
    plain, felt = spoken(
        engine, say("我来到北京"), say("我来到北京", direction=Direction(Emotion.from_label(label)))
    )
    assert plain.audio.samples.shape != felt.audio.samples.shape or not np.allclose(
        plain.audio.samples, felt.audio.samples, atol=1e-3
    )
    assert felt.realisation.level == "native"
    assert dict(felt.realisation.parameters)[f"style_{label}"] == 1.0


def test_a_prompt_alone_changes_the_voice_without_rate_pitch_or_energy(engine, say):
    style = Direction(Emotion(style="开心"))
    plain, prompted = spoken(engine, say("我来到北京"), say("我来到北京", direction=style))
    assert prompted.realisation.level == "native"
    assert plain.audio.samples.shape != prompted.audio.samples.shape or not np.array_equal(
        plain.audio.samples, prompted.audio.samples
    )


@pytest.mark.parametrize("rate", [0.7, 1.25, 1.6])
def test_a_rate_is_kept_to_a_frame(engine, say, rate):
    plain, quick = spoken(engine, say(LINES[3]), say(LINES[3], direction=Direction(rate=rate)))
    frames = plain.audio.length_samples / SAMPLES_PER_FRAME
    assert quick.audio.length_samples / SAMPLES_PER_FRAME == pytest.approx(frames / rate, abs=0.51)


def test_a_rate_out_of_bounds_is_held_with_a_warning(engine, say):
    (speech,) = spoken(engine, say("我", direction=Direction(rate=2.0)))
    assert speech.warnings == ("rate 2.00 is out of emotivoice's bounds, held at 1.60",)


def test_voices_differ_and_a_blend_lies_between_them(engine, say):
    network = engine._network
    assert network is not None
    one, other = (network.voice([VoicePart(name)]) for name in ("8051", "9017"))
    blend = network.voice([VoicePart("8051", 0.25), VoicePart("9017", 0.75)])
    assert not torch.equal(one, other)
    assert torch.allclose(blend, one * 0.25 + other * 0.75)
    first, second = spoken(engine, say("我来到北京"), say("我来到北京", voice="9017"))
    assert first.audio.samples.shape != second.audio.samples.shape or not np.array_equal(
        first.audio.samples, second.audio.samples
    )


def test_what_cannot_be_spoken_is_an_error_in_its_place_and_the_rest_is_spoken(engine, say):
    results = engine.synthesize(
        [
            say("カナ"),
            say("Hello"),
            say("please stumble"),
            say("我", voice="1"),
            say("unlisted"),
            say("a " * 600),
        ]
    )
    assert [isinstance(result, LineError) for result in results] == [True, False, True, True, True, True]
    said = [str(result) for result in results if isinstance(result, LineError)]
    assert "nothing of 'カナ'" in said[0] and "stumbled" in said[1] and "no voice '1'" in said[2]
    assert "no phoneme '[QX9]'" in said[3] and "too long" in said[4]


def test_punctuation_alone_is_silence_with_a_warning(engine, say):
    (speech,) = spoken(engine, say("……"))
    assert not speech.audio.samples.any() and speech.warnings == ("nothing to say: silence",)


def test_an_engine_holds_nothing_before_it_is_loaded_and_after_it_is_unloaded(load, say):
    assert create_engine("emotivoice").bytes_held() == 0
    loaded = load()
    assert loaded.bytes_held() > 0
    loaded.unload()
    loaded.unload()
    assert loaded.bytes_held() == 0
    with pytest.raises(EngineError, match="not loaded"):
        loaded.synthesize([say("我")])


@pytest.mark.parametrize("device", ["tpu", "mps", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(standin, tmp_path, device):
    request = LoadRequest("emotivoice@test", {}, device, 1, tmp_path, {"home": str(standin)})
    with pytest.raises(EngineError, match=device):
        EmotiVoiceEngine().load(request)


def test_the_catalogues_model_loads_as_it_is_found(standin, tmp_path, monkeypatch, say):
    monkeypatch.setenv("FULLCAST_EMOTIVOICE", str(standin))
    catalogue = load_catalogue()
    voice = catalogue.resolve_voice("emotivoice/6097")
    model = catalogue.model(voice.model)
    monkeypatch.delenv("FULLCAST_EMOTIVOICE")  # a worker elsewhere has only what the model says
    engine = create_engine(voice.engine)
    engine.load(LoadRequest(model.id, {}, "cpu", 1, tmp_path, model.parameters))
    try:
        assert spoken(engine, say("我", voice="6097"))
    finally:
        engine.unload()


@pytest.mark.slow
def test_the_released_models_true_shapes_load_mapped_and_speak_alike_alone_and_in_a_batch(
    tmp_path, load, say
):
    home = make_checkout(tmp_path / "checkout", FULL, (768, 12, 3072, 12))
    alone, batching = load(home), load(home, frames_at_once=20_000)
    texts = ["我来到", "Hello, lamp."]
    together = spoken(batching, *map(say, texts))
    for text, speech in zip(texts, together, strict=True):
        assert likeness_db(*spoken(alone, say(text)), speech) >= PROMISED_DB
    weights = 4 * (53_277_015 - 1_271_808)
    assert alone.bytes_held() > weights
