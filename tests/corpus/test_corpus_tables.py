"""Real tables give the counts of the manifest."""

import os
from pathlib import Path

import pytest

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.table import read
from pipeline.game.line import Imported

ROOT = Path(__file__).parents[2]
GAMES = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus")) / "games"

pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason=f"no corpus at {GAMES}; FULLCAST_CORPUS names another folder"
)


def imported(path: str, **options) -> Imported:
    return read(SourceRequest(GAMES, GAMES / "table" / path, options, base_locale="en"))


@pytest.mark.parametrize(
    ("path", "lines", "characters", "locales"),
    [
        ("unreal-simpletest/lines_en.csv", 9, {"A": 4, "B": 2}, 1),
        ("game-subtitles-sample.csv", 3, {}, 1),
        ("godot-dialogue-manager/dialogue.csv", 11, {}, 2),
        ("godot-csv-dialog-editor.csv", 4, {}, 2),
    ],
)
def test_tables_have_the_counts_of_the_manifest(path, lines, characters, locales):
    found = imported(path)
    [facts] = found.files
    assert (facts.lines, facts.ids, facts.characters) == (lines, lines, characters)
    assert len(found.lines) == lines
    assert facts.counts["locales"] == locales
    assert found.findings == ()


@pytest.mark.parametrize(("path", "locale"), [("lines_en.csv", "en"), ("lines_fr.csv", "fr")])
def test_blank_rows_of_the_short_form_are_separators(path, locale):
    found = imported(f"unreal-simpletest/{path}", locale=locale)
    [facts] = found.files
    assert (facts.lines, facts.ids, facts.characters) == (9, 9, {"A": 4, "B": 2})
    assert (facts.counts["rows"], facts.counts["blank"]) == (14, 5)
    assert len(found.lines if locale == "en" else found.translations) == 9


def test_the_empty_subtitle_is_a_line_in_row_four_and_notes_are_direction():
    lines = imported("game-subtitles-sample.csv").lines
    assert [(line.id, line.place.row) for line in lines if not line.text] == [("3", 4)]
    assert [line.direction for line in lines] == ["keep", "keep", "empty"]


def test_the_keys_that_are_spoken_have_sounds_in_the_origin():
    found = imported("godot-dialogue-manager/dialogue.csv")
    sounds = (GAMES / "table/godot-dialogue-manager/audio-files.txt").read_text(encoding="utf-8").split()
    keys = {Path(sound).stem for sound in sounds}
    assert len(sounds) == 2 * len(keys) == 14
    assert keys < {line.id for line in found.lines}
    assert {item.locale for item in found.translations} == {"de"}
    assert [line.id for line in found.lines if line.text == "Meow."] == ["t4c11347656", "tb75d1c7a40"]


def test_semicolons_part_the_dialog_editors_table():
    found = imported("godot-csv-dialog-editor.csv")
    assert found.lines[1].text == "How're you doing?"
    assert {item.locale for item in found.translations} == {"es"}
