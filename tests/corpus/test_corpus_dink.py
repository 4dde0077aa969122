"""A real Dink project: beats, statuses and IDs are those that its own compiler wrote."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.dink import read
from pipeline.game.line import FileFacts, Imported

ROOT = Path(__file__).parents[2]
GAMES = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus")) / "games"
pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason=f"no corpus at {GAMES}; FULLCAST_CORPUS names another folder"
)
TEST1 = GAMES / "ink-dink" / "test1"
OUTPUT = TEST1 / "output"


def imported(path: str) -> Imported:
    if not (GAMES / path).exists():
        pytest.skip(f"the corpus names the repository of {path} only")
    return read(SourceRequest(GAMES, GAMES / path))


def facts(found: Imported, ending: str) -> FileFacts:
    return next(file for file in found.files if file.file.endswith(ending))


def golden(name: str) -> dict:
    return json.loads((OUTPUT / name).read_text(encoding="utf-8-sig"))


def test_lines_are_those_of_the_games_own_table():
    found = imported("ink-dink/test1/output/main-dink-structure.json")
    table = {key: entry for key, entry in golden("main-dink.json").items() if entry["Type"] == "Line"}
    assert {line.id: (line.character, line.qualifier or "") for line in found.lines} == {
        key: (entry["CharacterID"], entry["Qualifier"]) for key, entry in table.items()
    }
    strings = golden("main-strings-en-GB.json")
    assert {line.id: line.text for line in found.lines} == {key: strings[key] for key in table}


def test_places_are_those_of_the_compilers_list_of_origins():
    origins = golden("main-origins.json")
    for line in imported("ink-dink/test1/dink.dinkproj").lines:
        origin = origins[line.id]
        assert line.place.where == f"ink-dink/test1/{origin['File']}:{origin['LineNumber']}"
        assert line.place.node == ".".join(name for name in (origin["Knot"], origin["Stitch"]) if name)


def test_counts_are_those_of_the_manifest():
    found = imported("ink-dink/test1/dink.dinkproj")
    structure = facts(found, "structure.json")
    assert (structure.lines, structure.ids) == (76, 86)
    assert structure.characters == {"FRED": 33, "JIM": 20, "DAVE": 13, "GEORGE": 8, "LAURA": 2}
    assert structure.counts == {
        "actions": 10, "qualifiers": 1, "directions": 6,
        "ws:stub": 12, "ws:draft1": 14, "ws:draft2": 1, "ws:final": 7, "ws:": 42,
    }  # fmt: skip
    assert Counter(line.ready for line in found.lines) == {True: 7, False: 69}
    assert facts(found, "main-dink.json").ids == 86
    assert facts(found, "main-origins.json").ids == 100
    assert facts(found, "main-strings-en-GB.json").ids == 90
    assert facts(found, "characters.json").counts == {"without actor": 3}
    assert facts(found, "dink.dinkproj").counts == {"audio statuses": 4, "writing statuses": 4}
    assert found.base_locale == "en-GB"
    assert set(found.cast or ()) == {"FRED", "LAURA", "DAVE", "GEORGE", "JIM"}


def test_one_comment_of_a_line_is_for_its_voice():
    directions = [
        line.direction
        for line in imported("ink-dink/test1/output/main-dink-structure.json").lines
        if line.direction and "voice actor" in line.direction
    ]
    assert directions == ["This comment goes to the voice actor."]


def test_the_script_gives_the_beats_of_the_structure_and_comments_it_lost():
    script = imported("ink-dink/test1/main.ink")
    by_id = {line.id: line for line in script.lines}
    ids = sum(file.ids for file in script.files if file.file.endswith(".ink"))
    assert (len(by_id), ids) == (76, 100)
    assert [(each.code, each.place.where) for each in script.findings] == [
        ("D016", "ink-dink/test1/main.ink:17")
    ]
    assert by_id["main_Barks_O037"].direction == "This is for the one-legged version."


def test_conditions_and_lines_on_one_row_are_found_where_the_origin_says():
    found = imported("ink-dink/expression_lines.ink")
    assert [each.place.row for each in found.findings if each.code == "D016"] == [15, 16]
    assert {line.id for line in found.lines} == {None}
