import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.direction import LABEL_POINTS, Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.piper.engine import PiperEngine
from pipeline.engines.piper.graph import NOISE_FRAMES, seeded_graph
from pipeline.engines.piper.prosody import at_level, moved_in_pitch, prosody_of
from pipeline.errors import EngineError, LineError, UsageError

VOICED = "All year long we were away in Rome."


def utterance(text: str = VOICED, voice: str = "en_US-joe-medium", **fields: Any) -> Utterance:
    known: dict[str, Any] = {"language": "en-us", "direction": Direction(), "seed": 1} | fields
    return Utterance(text=text, voice=(VoicePart(voice),), **known)


def spoken(engine: PiperEngine, text: str = VOICED, **fields: Any) -> Speech:
    (speech,) = engine.synthesize([utterance(text, **fields)])
    assert isinstance(speech, Speech), speech
    return speech


def median_hz(samples: npt.NDArray[np.float32], sample_rate: int) -> float:
    """Median pitch by autocorrelation between 60 and 300 Hz over frames that are loud and periodic."""
    frame, found = 1024, []
    shortest, longest = sample_rate // 300, sample_rate // 60
    for start in range(0, samples.size - frame, 256):
        piece = samples[start : start + frame] * np.hanning(frame)
        correlation = np.correlate(piece, piece, "full")[frame - 1 :]
        lag = shortest + int(np.argmax(correlation[shortest:longest]))
        if np.mean(piece**2) > 1e-4 and correlation[lag] > 0.5 * correlation[0]:
            found.append(sample_rate / lag)
    return float(np.median(found))


def test_speech_is_mono_at_the_voices_rate_and_as_long_as_the_words_take(joe: PiperEngine) -> None:
    speech = spoken(joe)
    assert (speech.audio.sample_rate, speech.audio.channels) == (22_050, 1)
    assert 1.2 < speech.audio.duration_s < 4
    assert 0.05 < float(np.abs(speech.audio.samples).max()) <= 1
    assert speech.phonemes is not None
    assert "lˈɔŋ" in speech.phonemes


def test_a_line_sounds_the_same_whatever_was_spoken_before(joe: PiperEngine) -> None:
    first = spoken(joe, "The same again, please.").audio.samples
    spoken(joe, "Something else in between!", seed=99)
    np.testing.assert_array_equal(spoken(joe, "The same again, please.").audio.samples, first)


def test_another_process_and_more_threads_give_the_same_sound(
    joe: PiperEngine, joe_request: LoadRequest
) -> None:
    other = PiperEngine()
    other.load(LoadRequest(joe_request.model, joe_request.files, "cpu", 2, joe_request.scratch))
    again = spoken(other, "Hush, now.").audio.samples
    other.unload()
    # Sums may be taken in another order; 24 bits are kept of a take, and this is below 16.
    np.testing.assert_allclose(again, spoken(joe, "Hush, now.").audio.samples, atol=1e-5)


def test_another_seed_is_another_take(joe: PiperEngine) -> None:
    one, other = spoken(joe, seed=1).audio.samples, spoken(joe, seed=2).audio.samples
    assert one.shape != other.shape or not np.array_equal(one, other)


@pytest.mark.slow
def test_a_sentence_longer_than_the_table_of_noise_is_spoken_to_its_end(joe: PiperEngine) -> None:
    """The table's frames wrap around; the network would refuse shapes that do not fit."""
    long = "and then the dog ran home " * 24
    speech = spoken(joe, f"First {long}.")
    assert speech.audio.duration_s > NOISE_FRAMES * 256 / 22_050
    assert speech.phonemes is not None
    assert speech.phonemes.count("dˈɑːɡ") == 24


@pytest.mark.parametrize(("rate", "bounds"), [(0.7, (1.2, 1.7)), (1.4, (0.6, 0.85))])
def test_rate_changes_how_long_a_line_takes(
    joe: PiperEngine, rate: float, bounds: tuple[float, float]
) -> None:
    """Not exactly by the factor: every phoneme has a whole number of frames, and the edges stay."""
    ratio = spoken(joe, direction=Direction(rate=rate)).audio.duration_s / spoken(joe).audio.duration_s
    assert bounds[0] < ratio < bounds[1]


@pytest.mark.parametrize("semitones", [-3.0, 3.0])
def test_pitch_moves_by_the_semitones_asked_and_the_length_stays(joe: PiperEngine, semitones: float) -> None:
    plain, moved = spoken(joe), spoken(joe, direction=Direction(pitch_semitones=semitones))
    hz = [median_hz(one.audio.samples[:, 0], 22_050) for one in (plain, moved)]
    # The network's durations are whole frames, so that it does not say quite the same.
    assert 12 * np.log2(hz[1] / hz[0]) == pytest.approx(semitones, abs=1.0)
    assert moved.audio.duration_s == pytest.approx(plain.audio.duration_s, rel=0.12)


def test_anger_is_quicker_and_louder_and_sadness_the_reverse(joe: PiperEngine) -> None:
    def heard(label: str) -> tuple[float, float]:
        speech = spoken(joe, direction=Direction(emotion=Emotion.from_label(label)))
        assert speech.realisation.level == ("none" if label == "neutral" else "prosody")
        return speech.audio.duration_s, float(np.std(speech.audio.samples))

    angry, neutral, sad = heard("angry"), heard("neutral"), heard("sad")
    assert angry[0] < neutral[0] < sad[0]
    assert angry[1] > neutral[1] > sad[1]


def test_the_lexicons_phonemes_are_spoken_and_a_sound_the_voice_lacks_is_a_warning(joe: PiperEngine) -> None:
    text = "Dillingham said: Dillinghams!"
    assert "ˈdɪlɪŋəm" in (spoken(joe, text, phonemes=(("Dillingham", "ˈdɪlɪŋəm"),)).phonemes or "")
    plain = spoken(joe, text)
    speech = spoken(joe, text, phonemes=(("Dillingham", "dɪ☂"),))
    assert speech.warnings == ("the voice has no sound ☂: 'Dillingham' is said its own way",)
    assert speech.phonemes == plain.phonemes


def test_brackets_in_a_book_do_not_speak_phonemes(joe: PiperEngine) -> None:
    assert "h@l" not in (spoken(joe, "[[h@l]] hi").phonemes or "")


@pytest.mark.parametrize("text", ["...", "—", "?!"])
def test_punctuation_alone_is_no_error(joe: PiperEngine, text: str) -> None:
    speech = spoken(joe, text)
    assert speech.audio.length_samples > 0


def test_a_blend_and_an_unknown_speaker_are_errors_of_their_lines(joe: PiperEngine) -> None:
    blend = Utterance("Two.", "en-us", (VoicePart("a", 0.5), VoicePart("b", 0.5)), Direction(), 1)
    results = joe.synthesize([utterance("One."), blend, utterance("Three.", "en_US-joe-medium/p9")])
    assert [type(result) for result in results] == [Speech, LineError, LineError]
    assert "no speaker 'p9'" in str(results[2])


def test_unload_gives_all_back(joe_request: LoadRequest) -> None:
    engine = PiperEngine()
    engine.load(joe_request)
    assert engine.bytes_held() > 50_000_000
    engine.unload()
    engine.unload()
    assert engine.bytes_held() == 0
    with pytest.raises(EngineError, match="not loaded"):
        engine.synthesize([utterance()])


def test_piper_is_never_imported_by_fullcast(joe_request: LoadRequest) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from pipeline.engines.base import LoadRequest\nfrom pipeline.engines.piper.engine import create\n"
        "engine = create()\n"
        "files = {'voice.onnx': Path(sys.argv[1]), 'voice.json': Path(sys.argv[2])}\n"
        "engine.load(LoadRequest('piper@joe', files, 'cpu', 1, Path(sys.argv[3])))\n"
        "engine.unload()\n"
        "print([name for name in ('piper', 'onnxruntime') if name in sys.modules])\n"
    )
    files = [str(joe_request.files[name]) for name in ("voice.onnx", "voice.json")]
    done = subprocess.run(
        [sys.executable, "-c", program, *files, str(joe_request.scratch)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr


def test_a_file_that_is_no_network_is_one_clear_error(joe_request: LoadRequest, tmp_path: Path) -> None:
    (tmp_path / "voice.onnx").write_bytes(b"no network at all")
    files = {"voice.onnx": tmp_path / "voice.onnx", "voice.json": joe_request.files["voice.json"]}
    with pytest.raises(EngineError, match=r"voice\.onnx: no network of a Piper voice") as caught:
        PiperEngine().load(LoadRequest("piper@bad", files, "cpu", 1, tmp_path))
    assert "\n" not in str(caught.value)


def test_noise_that_cannot_be_seeded_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("RandomNormal", [], ["y"], shape=[1])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    path = tmp_path / "voice.onnx"
    onnx.save(helper.make_model(helper.make_graph([node], "g", [], [output])), str(path))
    with pytest.raises(EngineError, match="draws noise by 'RandomNormal'"):
        seeded_graph(path, tmp_path / "scratch")


def test_the_converted_network_is_made_once(joe_files: dict[str, Path], tmp_path: Path) -> None:
    first = seeded_graph(joe_files["voice.onnx"], tmp_path)
    made_at = first.stat().st_mtime_ns
    assert seeded_graph(joe_files["voice.onnx"], tmp_path) == first
    assert first.stat().st_mtime_ns == made_at


@given(
    st.floats(0.5, 2.0), st.floats(-12, 12), st.sampled_from(sorted(LABEL_POINTS)), st.floats(0, 1)
)  # fmt: skip
def test_no_direction_leaves_pipers_bounds_unsaid(
    rate: float, pitch: float, label: str, intensity: float
) -> None:
    prosody = prosody_of(Direction(Emotion.from_label(label), intensity, rate, pitch))
    assert 0.5 <= prosody.rate <= 2.0
    assert -3 <= prosody.semitones <= 3
    assert bool(prosody.warnings) or abs(prosody.semitones - pitch) <= 2.5


@given(st.floats(-3, 3))
def test_a_tone_moved_in_pitch_is_the_tone_at_that_pitch(semitones: float) -> None:
    time_s = np.arange(22_050) / 22_050
    window = np.hanning(time_s.size)
    tone = (window * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)
    moved = moved_in_pitch(tone, semitones)
    peak_hz = np.argmax(np.abs(np.fft.rfft(moved))) * 22_050 / moved.size
    assert peak_hz == pytest.approx(200 * 2 ** (semitones / 12), abs=1.5)  # bins are 1 Hz apart
    assert np.abs(moved).max() == pytest.approx(np.abs(tone).max(), rel=0.02)


@given(st.floats(-6, 6), st.floats(0.01, 1.0))
def test_a_change_of_level_never_clips_what_did_not(level_db: float, peak: float) -> None:
    samples = np.array([0.0, peak, -peak / 2], dtype=np.float32)
    louder = at_level(samples, level_db)
    assert np.abs(louder).max() <= max(0.981, peak)
    assert (np.abs(louder).max() < peak) == (level_db < 0) or abs(level_db) < 1e-3 or peak > 0.97


def choir_network(path: Path) -> None:
    """A network with the inputs of a Piper voice of several speakers: faint noise around sid / 10."""
    import onnx
    from onnx import TensorProto, helper

    def node(kind: str, inputs: list[str], output: str, **settings: Any) -> Any:
        return helper.make_node(kind, inputs, [output], **settings)

    nodes = [
        node("Cast", ["input"], "ids", to=TensorProto.FLOAT),  # (1, phonemes)
        node("Unsqueeze", ["ids", "axis"], "x"),  # (1, 1, phonemes)
        node("RandomNormalLike", ["x"], "noise", dtype=TensorProto.FLOAT),
        node("Mul", ["noise", "hundredth"], "faint"),
        node("Cast", ["sid"], "speaker", to=TensorProto.FLOAT),
        node("Mul", ["speaker", "tenth"], "level"),
        node("Add", ["faint", "level"], "output"),
    ]
    whole, real = TensorProto.INT64, TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("input", whole, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", whole, [1]),
        helper.make_tensor_value_info("scales", real, [3]),
        helper.make_tensor_value_info("sid", whole, [1]),
    ]
    constants = [
        helper.make_tensor("axis", whole, [1], [1]),
        helper.make_tensor("hundredth", real, [], [0.01]),
        helper.make_tensor("tenth", real, [], [0.1]),
    ]
    output = helper.make_tensor_value_info("output", real, [1, 1, "phonemes"])
    graph = helper.make_graph(nodes, "choir", inputs, [output], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.save(made, str(path))


def test_a_speaker_of_a_voice_of_several_is_the_one_that_speaks(
    joe_files: dict[str, Path], tmp_path: Path
) -> None:
    choir_network(tmp_path / "voice.onnx")
    said = json.loads(joe_files["voice.json"].read_text())
    said |= {"num_speakers": 3, "speaker_id_map": {"ann": 0, "bob": 2}}
    (tmp_path / "voice.json").write_text(json.dumps(said))
    files = {name: tmp_path / name for name in ("voice.onnx", "voice.json")}
    engine = PiperEngine()
    engine.load(LoadRequest("piper@choir", files, "cpu", 1, tmp_path / "scratch"))
    batch = [utterance("Hello.", f"choir{speaker}") for speaker in ("", "/ann", "/bob", "/bob")]
    answers = engine.synthesize(batch)
    engine.unload()
    levels = [float(each.audio.samples.mean()) for each in answers if isinstance(each, Speech)]
    assert levels == pytest.approx([0.0, 0.0, 0.2, 0.2], abs=0.01)
    assert levels[2] == levels[3]  # the noise too is the seed's


def own_voice(folder: Path, files: dict[str, Path], name: str, **config: Any) -> None:
    folder.mkdir(exist_ok=True)
    shutil.copy(files["voice.onnx"], folder / f"{name}.onnx")
    said = json.loads(files["voice.json"].read_text()) | config
    (folder / f"{name}.onnx.json").write_text(json.dumps(said))


def test_a_voice_in_a_folder_of_the_users_is_cast_by_its_files_name(
    joe_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_voice(tmp_path / "voices", joe_files, "my-voice", audio={"sample_rate": 16_000, "quality": "low"})
    monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(tmp_path / "voices"))
    catalogue = load_catalogue()
    voice = catalogue.resolve_voice("piper/my-voice")
    model = catalogue.model(voice.model)
    assert (voice.model, voice.language) == ("piper@my-voice", "en-us")
    assert catalogue.capabilities(voice.model).sample_rate == 16_000
    assert [file.name for file in model.forms[0].files] == ["voice.onnx", "voice.json"]
    assert "piper/my-voice" in [each.id for each in catalogue.engine("piper").voices]


def test_the_model_changes_with_what_is_in_the_file_and_not_with_where_it_lies(
    joe_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digests(folder: Path) -> list[str]:
        monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(folder))
        load_catalogue().resolve_voice("piper/moved")
        return [file.sha256 for file in load_catalogue().model("piper@moved").forms[0].files]

    own_voice(tmp_path / "a", joe_files, "moved")
    own_voice(tmp_path / "b", joe_files, "moved")
    own_voice(tmp_path / "c", joe_files, "moved", inference={"noise_scale": 0.1})
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_a_speaker_is_named_after_its_voice(
    joe_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_voice(tmp_path, joe_files, "choir", num_speakers=2, speaker_id_map={"p225": 0, "p226": 1})
    monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(tmp_path))
    one = load_catalogue().resolve_voice("piper/choir/p225")
    other = load_catalogue().resolve_voice("piper/choir/p226")
    assert one.model == other.model
    assert one.digest() != other.digest()
    with pytest.raises(UsageError, match=r"has no speaker 'p227'; did you mean 'p22[56]'"):
        load_catalogue().resolve_voice("piper/choir/p227")


@pytest.mark.parametrize(
    ("written", "said"),
    [("no json", "no JSON"), ('{"audio": {}}', "audio.sample_rate: Field required")],
)
def test_a_config_that_is_none_is_one_row_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    (tmp_path / "odd.onnx").touch()
    (tmp_path / "odd.onnx.json").write_text(written)
    monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(tmp_path))
    with pytest.raises(UsageError) as caught:
        load_catalogue().resolve_voice("piper/odd")
    assert (said in str(caught.value), "odd.onnx.json" in str(caught.value)) == (True, True)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="FULLCAST_PIPER_VOICES=.*none: there is no such folder"):
        load_catalogue().resolve_voice("piper/anything")


def test_a_voice_that_is_a_link_is_found_beside_its_own_config(
    joe_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    (voices / "linked.onnx").symlink_to(joe_files["voice.onnx"])
    (voices / "linked.onnx.json").symlink_to(joe_files["voice.json"])
    monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(voices))
    catalogue = load_catalogue()
    model = catalogue.model(catalogue.resolve_voice("piper/linked").model)
    assert model.forms[0].files[1].sources[0].path == str(voices / "linked.onnx.json")


def test_a_network_without_its_config_is_told_when_it_is_cast_and_when_voices_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "half.onnx").write_bytes(b"onnx")
    monkeypatch.setenv("FULLCAST_PIPER_VOICES", str(tmp_path))
    with pytest.raises(UsageError, match=r"half\.onnx: this voice has no 'half\.onnx\.json' beside it"):
        load_catalogue().resolve_voice("piper/half")
    assert "half.onnx.json" in caplog.text
