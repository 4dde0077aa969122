"""`fullcast audition`: the same sentence in several voices, one file each."""

import numpy as np
import pytest

from pipeline.audio import read_audio
from pipeline.cli.main import run


def audition(folder, *arguments):
    return run(["audition", *arguments, "-o", str(folder)])


def test_each_voice_gets_a_file_of_its_own_in_the_order_asked(tmp_path, capsys):
    assert audition(tmp_path, "Good morning.", "--voice", "tone/low", "--voice", "tone/high") == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == [
        str(tmp_path / "tone-low.wav"),
        str(tmp_path / "tone-high.wav"),
    ]
    for row in rows:
        path, seconds, unit = row.split()
        assert float(seconds) == pytest.approx(read_audio(tmp_path / path).duration_s, abs=0.01)
        assert unit == "s"


def test_voices_are_heard_to_differ_and_a_second_time_is_the_same(tmp_path, capsys):
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert audition(folder, "Good morning.", "--voice", "tone/low", "--voice", "tone/high") == 0
    low, high = read_audio(tmp_path / "a" / "tone-low.wav"), read_audio(tmp_path / "a" / "tone-high.wav")
    assert low.length_samples != high.length_samples or not np.array_equal(low.samples, high.samples)
    for name in ("tone-low.wav", "tone-high.wav"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_voices_of_two_engines_may_be_compared(tmp_path, capsys):
    assert audition(tmp_path, "Good morning.", "--voice", "tone/low", "--voice", "espeak/en-us") == 0
    assert {path.name for path in tmp_path.iterdir()} == {"tone-low.wav", "espeak-en-us.wav"}
    assert np.abs(read_audio(tmp_path / "espeak-en-us.wav").samples).max() > 0.05, "somebody speaks"


def test_an_emotion_is_heard(tmp_path, capsys):
    assert audition(tmp_path / "a", "Good morning.", "--voice", "espeak/en-us") == 0
    assert audition(tmp_path / "b", "Good morning.", "--voice", "espeak/en-us", "--emotion", "furious") == 0
    plain, angry = ((tmp_path / name / "espeak-en-us.wav").read_bytes() for name in "ab")
    assert plain != angry


def test_the_language_of_the_text_may_be_told(tmp_path, capsys):
    assert audition(tmp_path / "a", "12", "--voice", "tone/low", "--language", "en-us") == 0
    assert audition(tmp_path / "b", "12", "--voice", "tone/low", "--language", "de") == 0


def test_a_long_text_is_spoken_to_its_end(tmp_path, capsys):
    text = "This is a sentence of some length. " * 30
    assert audition(tmp_path, text, "--voice", "tone/low") == 0
    assert read_audio(tmp_path / "tone-low.wav").duration_s > 20


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Hi.", "--voice", "tone/lwo"], 2, "tone/low"),
        (["Hi.", "--voice", "nobody/low"], 2, "nobody"),
        (["Hi.", "--voice", "tone/low", "--emotion", "furius"], 2, "did you mean 'furious'?"),
        (["...", "--voice", "tone/low"], 2, "'...' has nothing to say"),
        (["Hi."], 2, "--voice"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do_and_leaves_no_file(
    tmp_path, capsys, arguments, code, said
):
    assert audition(tmp_path / "out", *arguments) == code
    printed = capsys.readouterr().err
    assert said in printed and "Traceback" not in printed
    assert not list(tmp_path.rglob("*.wav"))


def test_a_text_that_an_engine_cannot_speak_is_said_and_ends_in_1(tmp_path, capsys):
    assert audition(tmp_path, "tone-error is what he said.", "--voice", "tone/low") == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_exit_5(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert audition(tmp_path / "file" / "deeper", "Hi.", "--voice", "tone/low") == 5
