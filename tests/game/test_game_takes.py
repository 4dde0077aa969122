"""Recorded takes: which one wins, what is stale, what is never touched."""

import json
import shutil

import pytest
import soundfile
from pack_games import sample, table

from pipeline.game.line import text_lock

ROWS = "id,character,text\na,Ann,Hello there.\nb,Tom,Good evening to you.\n"
FOLDERS = ("Final", "Recorded", "Scratch", "TTS")


@pytest.fixture
def game(tmp_path):
    """A game of two lines, rendered once, so that there are sounds to be taken for recordings."""
    made = table(
        tmp_path, ROWS, '[takes]\nfolders = ["Audio/Final", "Audio/Recorded", "Audio/Scratch", "Audio/TTS"]\n'
    )
    assert made.render() == 0
    return made


def record(game, folder, name, source="en/wav/b.wav"):
    """Puts a sound of the pack where recordings lie, at another rate."""
    place = game.folder / "Audio" / folder
    place.mkdir(parents=True, exist_ok=True)
    samples, _ = soundfile.read(game.pack / source)
    soundfile.write(place / name, samples * 0.5, 44_100)
    return place / name


@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_best_folder_that_has_a_file_wins_and_tts_is_the_last(game, best, capsys):
    for folder in FOLDERS[best:]:
        record(game, folder, "a.wav")
    assert game.render() == 0
    assert "taken a a en" in capsys.readouterr().out
    row = game.row("a")
    assert (row["origin"], row["synthetic"]) == (FOLDERS[best].casefold(), False)
    assert row["recording"] == f"Audio/{FOLDERS[best]}/a.wav"
    assert game.row("b")["origin"] == "tts" and game.row("b")["synthetic"] is True
    recorded = game.report("plan")["counts"]["plan"]["recorded"]
    assert recorded == (1 if best < 2 else 0)  # a scratch take is no recording


def test_a_file_in_the_tts_folder_is_no_take(game):
    record(game, "TTS", "a.wav")
    game.render()
    assert game.row("a")["origin"] == "tts"


def test_a_take_is_resampled_into_the_pack_and_never_changed_in_place(game):
    path = record(game, "Recorded", "a.wav")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    game.render()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert game.row("a")["lufs"] == pytest.approx(-23, abs=0.1)
    assert game.run("verify") == 0  # 48 kHz, 16 bits, trimmed, at its level


def test_a_take_is_found_whatever_case_and_format_it_has(game):
    samples, rate = soundfile.read(game.pack / "en/wav/b.wav")
    place = game.folder / "Audio" / "Final"
    place.mkdir(parents=True)
    soundfile.write(place / "A.FLAC", samples, rate, format="FLAC")
    game.render()
    assert game.row("a")["recording"] == "Audio/Final/A.FLAC"


def test_dink_finds_a_take_by_the_beginning_of_its_name(tmp_path, capsys):
    game = sample("dink", tmp_path)
    game.render()
    place = game.folder / "Audio" / "Recorded"
    place.mkdir(parents=True)
    shutil.copy(game.pack / "Audio/TTS/harbor_K002.wav", place / "Harbor_K001 take 3.wav")
    assert game.render() == 0
    assert game.row("harbor_K001")["recording"] == "Audio/Recorded/Harbor_K001 take 3.wav"
    assert game.row("harbor_K002")["origin"] == "tts"
    shutil.copy(game.pack / "Audio/TTS/harbor_K002.wav", place / "Harbor_K001_old.wav")
    assert game.render() == 2


def test_two_files_for_one_line_in_one_folder_end_with_2_and_both_names(game, capsys):
    record(game, "Recorded", "a.wav")
    record(game, "Recorded", "a.flac")
    assert game.render() == 2
    assert "Audio/Recorded/a.flac and Audio/Recorded/a.wav" in capsys.readouterr().err


def test_takes_of_another_locale_lie_in_its_folder(tmp_path):
    game = sample("godot", tmp_path)
    game.render()
    place = game.folder / "Audio" / "Final" / "de"
    place.mkdir(parents=True)
    shutil.copy(game.pack / "voice/de/HARBOR_02.ogg", place / "HARBOR_01.ogg")
    game.render()
    assert game.row("HARBOR_01", "de")["origin"] == "final"
    assert game.row("HARBOR_01", "en")["origin"] == "tts"


def test_accepted_takes_are_noted_with_sound_and_text(game, capsys):
    record(game, "Recorded", "a.wav")
    game.render()
    assert "1 recordings are not accepted yet" in capsys.readouterr().err
    game.render("--accept-takes")
    value = json.loads((game.folder / "takes.lock.json").read_text("utf-8"))
    assert [(row["id"], row["locale"], row["lock"]) for row in value["takes"]] == [
        ("a", "en", text_lock("Hello there."))
    ]
    stamp = (game.folder / "takes.lock.json").stat().st_mtime_ns
    assert game.render("--accept-takes") == 0
    assert (game.folder / "takes.lock.json").stat().st_mtime_ns == stamp


@pytest.fixture
def stale(game):
    """The game with an accepted recording of a line whose text was changed since."""
    record(game, "Recorded", "a.wav")
    game.render("--accept-takes")
    game.edit("lines.csv", "Hello there.", "Hello stranger.")
    return game


def test_a_stale_take_fails_the_run_with_6_and_is_named(stale, capsys):
    assert stale.render() == 6
    assert "Audio/Recorded/a.wav:1: P007: recorded for text" in capsys.readouterr().err
    assert stale.row("a")["stale"] is True and stale.row("a")["origin"] == "recorded"
    assert stale.run("verify") == 6
    assert stale.render("--accept-takes") == 6  # the sound is the old one: nobody said the new text


def test_a_stale_take_may_be_kept_with_a_warning(stale, capsys):
    stale.edit("fullcast-game.toml", "[takes]\n", '[takes]\nstale = "keep"\n')
    assert stale.render() == 0
    assert "warning: Audio/Recorded/a.wav" in capsys.readouterr().err
    assert stale.row("a")["origin"] == "recorded"
    assert stale.run("verify") == 0


def test_a_stale_take_may_be_replaced_by_tts_and_is_flagged(stale):
    stale.edit("fullcast-game.toml", "[takes]\n", '[takes]\nstale = "tts"\n')
    assert stale.render() == 0
    row = stale.row("a")
    assert (row["origin"], row["stale"], row["spoken"]) == ("tts", True, "Hello stranger.")


def test_a_new_recording_of_the_new_text_is_accepted(stale):
    record(stale, "Recorded", "a.wav", source="en/wav/a.wav")
    assert stale.render("--accept-takes") == 0
    assert stale.row("a")["stale"] is False
    assert stale.run("verify") == 0


def test_a_recording_of_an_old_renpy_identifier_is_stale(tmp_path, capsys):
    game = sample("renpy", tmp_path)
    game.render()
    place = game.folder / "Audio" / "Recorded"
    place.mkdir(parents=True)
    shutil.copy(game.pack / "game/voice/start_8d8a9853.ogg", place / "start_00000000.ogg")
    shutil.copy(game.pack / "game/voice/start_8d8a9853.ogg", place / "theme_song.ogg")
    assert game.render() == 6
    told = capsys.readouterr().err
    assert "start_00000000.ogg:1: P007" in told and "theme_song" not in told


def test_a_damaged_lock_file_is_named(game, capsys):
    (game.folder / "takes.lock.json").write_text('{"schema": "other"}', "utf-8")
    assert game.render() == 2
    assert "takes.lock.json: cannot read accepted takes" in capsys.readouterr().err


def test_a_recording_that_cannot_be_read_fails_its_line_alone(game, capsys):
    place = game.folder / "Audio" / "Final"
    place.mkdir(parents=True)
    (place / "a.wav").write_bytes(b"no sound at all")
    assert game.render() == 1
    told = capsys.readouterr()
    assert "failed a a en" in told.out and "Audio/Final/a.wav: cannot read sound" in told.err
    assert game.row("b")["status"] == "voiced"
