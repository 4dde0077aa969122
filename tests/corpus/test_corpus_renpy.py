"""Real Ren'Py games: identifiers by our formula are those that the engine wrote."""

import os
import re
from pathlib import Path

import pytest

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.renpy import read
from pipeline.game.formats.renpy_ids import digest_of
from pipeline.game.formats.renpy_tab import read_tab
from pipeline.game.line import Imported

ROOT = Path(__file__).parents[2]
GAMES = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus")) / "games"
pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason=f"no corpus at {GAMES}; FULLCAST_CORPUS names another folder"
)
BROOKLYN = GAMES / "renpy" / "brooklyn-kids"


def imported(path: str, **options) -> Imported:
    if not (GAMES / path).exists():
        pytest.skip(f"the corpus names the repository of {path} only")
    return read(SourceRequest(GAMES, GAMES / path, options, {"french": "fr", "spanish": "es"}))


def test_the_hash_of_each_row_of_an_export_is_that_of_its_script_and_text():
    rows, _ = read_tab((BROOKLYN / "dialogue.tab").read_text(encoding="utf-8-sig"), "dialogue.tab")
    assert len(rows) == 26
    for row in rows:
        assert row.say is not None
        code = row.say._replace(what=row.text).code
        assert row.identifier.rpartition("_")[2] == digest_of([code]), row.text


def test_the_exports_lines_have_their_speakers_and_labels():
    found = imported("renpy/brooklyn-kids/dialogue.tab")
    (export,) = (file for file in found.files if file.role == "export")
    assert (export.lines, export.ids, export.characters) == (26, 26, {"ollie": 19, "kit": 7})
    assert export.counts["nointeract"] == 2
    assert all(str(line.id).startswith(f"{line.place.node}_") for line in found.lines)


def test_the_games_own_voice_files_are_named_after_its_lines():
    listing = (BROOKLYN / "audio-files.txt").read_text(encoding="utf-8").split()
    names = {Path(name).stem for name in listing}
    ids = {line.id for line in imported("renpy/brooklyn-kids/dialogue.tab").lines}
    assert (len(names), ids - names) == (28, set())
    assert names - ids == {"go-to-oyster-city", "see-whos-taller"}


@pytest.mark.parametrize(
    ("path", "locale", "lines"),
    [
        ("renpy/the_question/game/script.rpy", "fr", 70),
        ("renpy/tutorial/game/indepth_character.rpy", "es", 35),
    ],
)
def test_identifiers_are_those_of_the_translations(path, locale, lines):
    found = imported(path)
    there = [each for each in found.translations if each.locale == locale]
    assert (len(found.lines), len(there)) == (lines, lines)
    assert {each.id for each in there} == {line.id for line in found.lines}
    assert [each for each in found.findings if each.code in {"D009", "D010"}] == []
    locks = {line.id: line.lock for line in found.lines}
    assert [each.id for each in there if each.lock != locks[each.id]] == []


def test_a_script_and_its_export_agree_but_for_rows():
    found = imported("renpy/brooklyn-kids/game/script.rpy")
    (export,) = (file for file in found.files if file.role == "export")
    assert {name: export.counts[name] for name in ("matched", "moved", "text differs")} == {
        "matched": 26, "moved": 26, "text differs": 0,
    }  # fmt: skip
    assert found.findings == ()
    faces = [line.place.row for line in found.lines if re.search("[\U0001f600-\U0001f64f]", line.text)]
    assert faces == [60]


def test_the_tutorials_speakers_are_those_an_independent_script_counted():
    found = imported("renpy/tutorial/game/indepth_character.rpy")
    facts = next(
        file for file in found.files if file.file.endswith("indepth_character.rpy") and file.role == "script"
    )
    assert facts.characters == {
        "e": 13, "e7": 4, "e5": 3, "e2": 2, "e4": 2, "e8": 2, "e_shout": 1, "e_whisper": 1, "e1": 1, "e1a": 1,
        "e3": 1, "e6": 1, "e9": 1, "l8": 1, "(narrator)": 1,
    }  # fmt: skip
