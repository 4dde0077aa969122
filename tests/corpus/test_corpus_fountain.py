"""Real screenplays: cues and speeches are those that another parser's own dumps hold."""

import os
import re
from pathlib import Path

import pytest

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.fountain import read
from pipeline.game.line import Imported

ROOT = Path(__file__).parents[2]
GAMES = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus")) / "games"
pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason=f"no corpus at {GAMES}; FULLCAST_CORPUS names another folder"
)
PLAYS = GAMES / "fountain"


def imported(name: str) -> Imported:
    return read(SourceRequest(PLAYS, PLAYS / name))


def dumped(name: str) -> list[tuple[str, str | None, bool, str]]:
    """Speaker, what stands behind it in brackets, whether it is dual, and the speech, of each in a dump."""
    text = (PLAYS / "screenplay-tools" / name).read_text(encoding="utf-8")
    found: list[tuple[str, str | None, bool, str]] = []
    cue: tuple[str, str | None, bool] = ("", None, False)
    element = re.compile(
        r'^(?:CHARACTER:"(?P<name>[^"]*)"(?: "\((?P<extension>[^"]*)\)")?(?P<dual> \(Dual\))?'
        r'|DIALOGUE:"(?P<speech>(?:[^"]|\n)*?)")$',
        re.MULTILINE,
    )
    for match in element.finditer(text):
        if match["name"] is not None:
            cue = (match["name"], match["extension"], bool(match["dual"]))
        else:
            found.append((*cue, match["speech"]))
    return found


@pytest.mark.parametrize(("play", "dump"), [("Character", "Character"), ("Dialogue", "Dialogue-Merged")])
def test_speeches_are_those_of_the_other_parsers_dump(play, dump):
    lines = [
        (line.character, line.qualifier, "dual" in line.tags, line.text)
        for line in imported(f"screenplay-tools/{play}.fountain").lines
    ]
    assert lines == dumped(f"{dump}.txt")
    assert lines


@pytest.mark.parametrize(
    ("name", "lines", "cues", "counts"),
    [
        (
            "Brick And Steel.txt",
            22,
            {"STEEL": 9, "BRICK": 4, "COGNITO": 3, "JACK": 1, "DAN": 1, "MINION": 1, "HANDSOME MAN": 1},
            {"cues": 20, "parentheticals": 6, "dual": 1},
        ),
        (
            "Dialogue.fountain",
            12,
            {"EVE": 6, "ADAM": 5, "R2D2": 1},
            {"cues": 12, "parentheticals": 4, "dual": 1},
        ),
        ("DualDialogue.fountain", 2, {"ADAM": 1, "EVE": 1}, {"dual": 1}),
        (
            "screenplay-tools/Dialogue.fountain",
            5,
            {"SANBORN": 1, "DAN": 1, "BOB": 1, "FISH": 1},
            {"cues": 4, "parentheticals": 2},
        ),
        ("screenplay-tools/Notes.fountain", 1, {"JACK": 1}, {"cues": 1, "parentheticals": 1}),
    ],
)
def test_counts_are_those_of_the_manifest(name, lines, cues, counts):
    found = imported(name)
    (facts,) = found.files
    assert (len(found.lines), facts.characters) == (lines, cues)
    assert {key: facts.counts[key] for key in counts} == counts


def test_ids_are_made_from_the_text_and_differ():
    found = imported("Brick And Steel.txt")
    assert len({line.id for line in found.lines}) == 22
    assert found.lines[0].id == "Brick And Steel_001_STEEL_38620708"
    made = [each.place.row for each in found.findings if each.code == "D014"]
    assert (len(made), made[0]) == (22, 19)
