"""`fullcast game verify` finds what is not as it was written, wanted or said."""

import numpy as np
import pytest
import soundfile
from game_files import write_game
from pack_games import Game, table

from pipeline.cli.main import run
from pipeline.game.pack_sound import wav_bytes

ROWS = "id,character,text\na,Ann,Hello there.\nb,Tom,Good evening to you.\n"


@pytest.fixture
def game(tmp_path):
    """A rendered game of two lines."""
    made = table(tmp_path, ROWS)
    assert made.render() == 0
    return made


def codes(game):
    """Code and ID of what verify finds."""
    report = game.report("verify")
    return {(one["code"], one["id"]) for one in report["findings"]}


def test_a_pack_as_it_was_written_is_sound(game, capsys):
    assert game.run("verify") == 0
    assert "2 sounds in 1 locales: all is well" in capsys.readouterr().out


def test_no_pack_is_a_finding(tmp_path, capsys):
    assert table(tmp_path, ROWS).run("verify") == 6
    assert "there is no pack here" in capsys.readouterr().out


def test_a_lost_file_is_found_and_made_again(game):
    (game.pack / "en/ogg/a.ogg").unlink()
    assert ("P001", None) in codes(game)
    assert game.render() == 0 and game.run("verify") == 0


def test_a_changed_byte_is_found_and_made_again_on_recheck(game):
    path = game.pack / "en/wav/a.wav"
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert ("P002", None) in codes(game)
    assert game.render("--recheck") == 0 and game.run("verify") == 0


def test_an_unknown_file_is_found(game):
    (game.pack / "en/wav/extra.wav").write_bytes((game.pack / "en/wav/a.wav").read_bytes())
    report = game.report("verify")
    assert [(one["code"], one["file"]) for one in report["findings"]] == [("P005", "en/wav/extra.wav")]


@pytest.mark.parametrize("form", ["rate", "bits", "channels", "chunk", "empty"])
def test_a_sound_of_another_format_is_found(game, form):
    path = game.pack / "en/wav/a.wav"
    samples, rate = soundfile.read(path)
    if form == "rate":
        soundfile.write(path, samples, 44_100)
    elif form == "bits":
        soundfile.write(path, samples, rate, subtype="PCM_24")
    elif form == "channels":
        soundfile.write(path, samples.repeat(2).reshape(-1, 2), rate)
    elif form == "chunk":
        path.write_bytes(path.read_bytes() + b"LIST\x04\0\0\0abcd")
    else:
        path.write_bytes(wav_bytes((samples[:0]).astype("int16")))
    assert ("P003", "a") in codes(game)


def test_a_peak_over_the_limit_is_found(game):
    path = game.pack / "en/wav/a.wav"
    samples, _ = soundfile.read(path)
    path.write_bytes(wav_bytes((samples / abs(samples).max() * 32_700).astype("int16")))
    assert ("P004", "a") in codes(game)


def test_silence_around_speech_is_found(game):
    path = game.pack / "en/wav/a.wav"
    samples, _ = soundfile.read(path, dtype="int16")
    path.write_bytes(wav_bytes(np.pad(samples, (9600, 0))))
    assert ("P004", "a") in codes(game)


def test_an_edit_after_the_render_is_found_at_its_line(game):
    game.edit("lines.csv", "Hello there.", "Hello stranger.")
    found = game.report("verify")["findings"]
    assert [(one["code"], one["file"], one["line"], one["id"]) for one in found] == [
        ("P006", "lines.csv", 2, "a")
    ]
    assert found[0]["message"] == "en/wav/a.wav: text changed"


def test_added_and_removed_lines_are_found(game):
    game.edit("lines.csv", "b,Tom,Good evening to you.\n", "c,Tom,Good night.\n")
    assert codes(game) == {("P001", "c"), ("P005", "b")}


def test_a_damaged_index_is_one_line_and_6(game, capsys):
    (game.pack / "en/index.json").write_text("{}", "utf-8")
    assert game.run("verify") == 6
    assert "the pack's index is damaged" in capsys.readouterr().err


def test_names_of_foreign_voices_are_compared_without_their_endings(tmp_path, capsys):
    config = (
        'engine = "renpy"\nvoices = { "*" = "tone/mid" }\nsources = [{ format = "renpy", path = "game" }]\n'
    )
    write_game(tmp_path, config)
    (tmp_path / "game").mkdir()
    script = 'label start:\n    "The sea was calm."\n    "Nobody spoke."\n    return\n'
    (tmp_path / "game" / "script.rpy").write_text(script, "utf-8")
    game = Game(tmp_path)
    ids = [row["id"] for row in game.report("plan")["lines"]]
    listed = tmp_path / "list.txt"
    listed.write_text(
        f"old/game/voice/{ids[0]}.mp3\nold/game/voice/theme.mp3\nold/game/music/x.mp3\n", "utf-8"
    )
    assert run(["game", "verify", str(tmp_path), "--names", str(listed)]) == 6
    rows = capsys.readouterr().out
    assert f"game/voice/{ids[1]}.ogg: no file for this line" in rows
    assert "old/game/voice/theme.mp3:1: P005" in rows and "music" not in rows
    assert "1 file is missing, 1 unknown file" in rows
