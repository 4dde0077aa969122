"""`fullcast master check`: a table a person reads, JSON a program reads, and an exit code for both."""

import json

import numpy as np
import pytest

from pipeline.audio import Audio, encode_flac
from pipeline.cli.main import run

RATE = 44_100


def sound(path, peak_db=-3.0, channels=1, rate=RATE):
    """Four seconds of a tone with a fade at both ends."""
    time = np.arange(4 * rate) / rate
    tone = 10 ** (peak_db / 20) * np.sin(2 * np.pi * 400 * time) * np.sin(np.pi * time / 4)
    samples = np.stack([tone] * channels, axis=1).astype(np.float32)
    path.write_bytes(encode_flac(Audio(samples, rate)))
    return path


def checked(capsys, *arguments):
    """Exit code and what is printed."""
    capsys.readouterr()
    code = run(["master", "check", *map(str, arguments)])
    return code, capsys.readouterr()


def values(capsys, *arguments):
    code, said = checked(capsys, *arguments, "--json")
    return code, json.loads(said.out)


def test_a_finished_book_passes_the_preset_it_was_made_for(rendered, capsys):
    chapters = sorted((rendered.output / "chapters").glob("*.flac"))
    code, said = checked(capsys, rendered.output / "book.m4b", *chapters)
    assert code == 0, said.out
    assert "FAIL" not in said.out
    assert said.out.count("ok   loudness") == 3


def test_a_broken_rule_is_named_with_value_and_limit_and_exits_1(tmp_path, capsys):
    code, said = checked(capsys, sound(tmp_path / "loud.flac", peak_db=-0.5))
    assert code == 1
    (row,) = [row for row in said.out.splitlines() if "peak" in row]
    assert row.split() == ["FAIL", "peak", "-0.50", "dBTP", "<=", "-1.5", "dBTP"]


def test_json_holds_every_rule_of_every_file(tmp_path, capsys):
    loud = sound(tmp_path / "loud.flac", peak_db=-0.5)
    code, said = values(capsys, loud)
    assert code == 1
    rules = {rule["rule"]: rule for rule in said[str(loud)]}
    assert set(rules) == {"loudness", "peak", "codec", "sample-rate", "bit-rate", "channels"}
    assert rules["peak"] == {"rule": "peak", "value": "-0.50 dBTP", "limit": "<= -1.5 dBTP", "ok": False}


def test_one_bad_file_among_good_ones_is_enough_to_exit_1(rendered, capsys):
    bad = sound(rendered.folder / "loud.flac", peak_db=-0.5)
    code, said = checked(capsys, rendered.output / "book.m4b", bad)
    assert code == 1
    assert said.out.index("book.m4b") < said.out.index("loud.flac")


def test_the_preset_decides(tmp_path, capsys):
    path = sound(tmp_path / "a.flac", peak_db=-0.5)
    assert checked(capsys, path, "--preset", "none")[0] == 0
    assert checked(capsys, path, "--preset", "podcast")[0] == 1


def test_acx_wants_all_files_mono_or_all_stereo(tmp_path, capsys):
    mono, stereo = sound(tmp_path / "mono.flac"), sound(tmp_path / "stereo.flac", channels=2)
    _, said = values(capsys, mono, stereo, "--preset", "acx")
    channels = [rule for rules in said.values() for rule in rules if rule["rule"] == "channels"]
    assert [(rule["value"], rule["ok"]) for rule in channels] == [("mono", False), ("stereo", False)]
    _, alone = values(capsys, mono, "--preset", "acx")
    assert [rule["ok"] for rule in alone[str(mono)] if rule["rule"] == "channels"] == [True]
    _, podcast = values(capsys, mono, stereo, "--preset", "podcast")
    assert all(rule["ok"] for rules in podcast.values() for rule in rules if rule["rule"] == "channels")


def test_acx_is_never_called_ready(tmp_path, capsys):
    _, said = checked(capsys, sound(tmp_path / "a.flac"), "--preset", "acx")
    assert "human narration only" in said.out
    assert "human narration" not in checked(capsys, tmp_path / "a.flac")[1].out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nowhere.mp3", None, "cannot read sound"),
        ("notes.txt", b"words", "'.txt' is not the ending of a sound file"),
        ("broken.flac", b"fLaC and nothing else", "cannot read sound"),
    ],
)
def test_what_is_no_sound_file_is_one_line_and_exit_5(tmp_path, capsys, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    code, printed = checked(capsys, path)
    assert code == 5
    assert printed.err.startswith(f"fullcast: {path}: ") and said in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_an_unknown_preset_and_no_file_are_wrong_usage(tmp_path, capsys):
    code, said = checked(capsys, tmp_path / "a.flac", "--preset", "loud")
    assert code == 2 and "'audiobook'" in said.err
    assert checked(capsys)[0] == 2
