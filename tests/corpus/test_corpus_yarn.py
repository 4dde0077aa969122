"""Real Yarn Spinner files give the counts that their own tools and an independent script found."""

import os
from collections import Counter
from pathlib import Path

import pytest

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.yarn import read
from pipeline.game.line import FileFacts, Imported, text_lock

ROOT = Path(__file__).parents[2]
GAMES = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus")) / "games"

pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason=f"no corpus at {GAMES}; FULLCAST_CORPUS names another folder"
)
VOICEOVER = "yarn/voiceover/VoiceOver-BuiltInLocalization.yarnproject"
SIMPLE = "table/unreal-simpletest/SimpleTest.yarnproject"
BEVY = "yarn/bevy-lines/lines_with_ids.yarn"


def imported(path: str, **options) -> Imported:
    return read(SourceRequest(GAMES, GAMES / path, options, base_locale="en"))


def facts(found: Imported, name: str) -> FileFacts:
    return next(file for file in found.files if file.file.endswith(name))


def rows(found: Imported, code: str, locale: str | None = None) -> list[int]:
    return [each.place.row for each in found.findings if (each.code, each.locale) == (code, locale)]


@pytest.mark.parametrize(
    ("path", "lines", "ids", "characters", "counts"),
    [
        ("yarn/voiceover/VoiceOver.yarn", 17, 17, {"Tom": 11, "Anne": 6}, {"options": 2, "directions": 11}),
        (
            "yarn/space-journey/SpaceJourney_FinalVersion.yarn", 129, 0,
            {"Captain": 45, "Player": 24, "Engineer": 20, "Crewmate": 8, "Intercom": 2, "Crewemate": 1},
            {"options": 28, "nodes": 5, "narrator": 29},
        ),
        (
            "yarn/ghosty-lads/GhostyLads.yarn", 40, 0,
            {"Ghost": 7, "Louise": 4, "Carol": 4, "Ruby": 4}, {"options": 21, "nodes": 6},
        ),
        (BEVY, 12, 12, {"Hag": 5, "Man": 3}, {"narrator": 4}),
        ("yarn/compiler-tests/DuplicateLineTags.yarn", 3, 3, {}, {}),
        ("yarn/compiler-tests/ShadowLines.yarn", 2, 1, {}, {"shadows": 1}),
        (
            "table/unreal-simpletest/Test1.yarn", 29, 27, {"A": 4, "B": 2},
            {"options": 7, "interpolated": 8},
        ),
    ],
)  # fmt: skip
def test_scripts_have_the_counts_of_the_manifest(path, lines, ids, characters, counts):
    found = facts(imported(path), Path(path).name)
    assert (found.lines, found.ids, found.characters) == (lines, ids, characters)
    assert {name: found.counts[name] for name in counts} == counts


def test_the_sample_with_voices_is_clean_but_for_its_language_columns():
    found = imported(VOICEOVER)
    project = facts(found, ".yarnproject")
    assert project.counts == {"scripts": 1, "locales": 5, "strings": 4}
    assert found.base_locale == "en"
    assert set(found.asset_folders) == {"en", "es", "zh-Hans", "pt-BR", "de"}
    told = Counter((each.code, each.locale) for each in found.findings)
    assert told == {("D012", "de"): 17, ("D012", "pt-BR"): 17, ("D012", "zh-Hans"): 17}
    assert next(each for each in found.findings if each.locale == "de").place.row == 2
    assert "says `es`" in next(each for each in found.findings if each.locale == "zh-Hans").message


@pytest.mark.parametrize(("name", "moved"), [("de", 0), ("es", 17), ("pt_BR", 0), ("zh_Hans", 17)])
def test_every_lock_of_its_translations_is_that_of_the_base_text(name, moved):
    found = facts(imported(VOICEOVER), f"- {name}.csv")
    assert (found.lines, found.ids, found.characters) == (17, 17, {"Tom": 11, "Anne": 6})
    assert (found.counts["locked"], found.counts["moved"]) == (17, moved)


def test_emotions_by_command_point_to_the_command():
    found = imported("yarn/voiceover/VoiceOver.yarn", emotion_commands={"expression": [1, 2]})
    tom = next(line for line in found.lines if line.character == "Tom")
    assert (tom.emotion, tom.emotion_place and tom.emotion_place.row) == ("frowning", 29)
    assert tom.direction == "tentative"
    journey = "yarn/space-journey/SpaceJourney_FinalVersion.yarn"
    lines = imported(journey, emotion_commands={"expression": [1, 2]}).lines
    angry = next(line for line in lines if line.character == "Engineer")
    assert (angry.emotion, angry.emotion_place and angry.emotion_place.row) == ("angry", 27)


@pytest.mark.parametrize(
    ("path", "first", "count"),
    [
        ("yarn/space-journey/SpaceJourney_FinalVersion.yarn", 10, 129),
        ("yarn/ghosty-lads/GhostyLads.yarn", 9, 40),
    ],
)
def test_scripts_without_ids_are_told_line_by_line(path, first, count):
    found = imported(path)
    assert {each.code for each in found.findings} == {"D001"}
    without = rows(found, "D001")
    assert (without[0], len(without)) == (first, count)


def test_the_space_journey_has_one_line_without_a_speaker_that_is_no_option():
    lines = imported("yarn/space-journey/SpaceJourney_FinalVersion.yarn").lines
    assert [line.place.row for line in lines if line.kind == "narration"] == [228]
    assert [line.place.row for line in lines if line.character == "Crewemate"] == [79]


def test_the_narrators_long_line_is_no_speaker_and_one_translation_is_missing():
    found = imported(BEVY)  # its strings file is named as YarnSpinner-Rust names it
    assert rows(found, "D004") == [3]
    assert len(found.lines[0].text) == 319
    assert [(each.code, each.id) for each in found.findings if each.locale] == [("D009", "line:10")]
    strings = facts(found, "de-CH.strings.csv")
    assert (strings.lines, strings.ids, strings.counts["locked"]) == (11, 11, 11)
    speakers = {item.id: item.speaker for item in found.translations}
    assert (speakers["line:6"], speakers["line:8"]) == ("Hexe", "Hag")


def test_an_id_used_twice_and_a_shadow_line_are_read_as_the_compiler_reads_them():
    twice = imported("yarn/compiler-tests/DuplicateLineTags.yarn")
    [found] = twice.findings
    assert (found.code, found.place.row, found.id) == ("D002", 10, "line:line1")
    assert found.message.endswith("DuplicateLineTags.yarn:4")
    assert len({line.id for line in twice.lines}) == 2
    shadow = imported("yarn/compiler-tests/ShadowLines.yarn")
    assert shadow.findings == ()
    assert [line.shadow_of for line in shadow.lines] == [None, "line:source"]


def test_the_short_form_of_strings_files_is_read():
    found = imported(SIMPLE)
    assert rows(found, "D001") == [19, 44]
    assert rows(found, "D004") == [22, 36, 64, 65]
    valued = [line.place.row for line in found.lines if line.values]
    assert valued == [22, 23, 36, 54, 55, 64, 65, 66]
    assert next(line for line in found.lines if line.place.row == 55).values["{0}"] == "$explainCount"
    assert len(rows(found, "D009", "fr")) == 18
    assert rows(found, "D009", "en") == []
    for name in ("lines_en.csv", "lines_fr.csv"):
        strings = facts(found, name)
        assert (strings.lines, strings.ids, strings.characters) == (9, 9, {"A": 4, "B": 2})
        assert (strings.counts["rows"], strings.counts["blank"]) == (14, 5)
    assert len(found.translations) == 9
    base = facts(found, "Test1.yarn")
    assert base.ids - facts(found, "lines_en.csv").ids == 18


def test_one_changed_word_makes_four_translations_stale(tmp_path):
    folder = GAMES / "yarn" / "voiceover"
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(text.replace("is weird, Anne", "is odd, Anne"), encoding="utf-8")
    found = read(SourceRequest(tmp_path, tmp_path / Path(VOICEOVER).name))
    stale = [each for each in found.findings if each.code == "D011"]
    assert sorted(each.locale or "" for each in stale) == ["de", "es", "pt-BR", "zh-Hans"]
    assert {each.id for each in stale} == {"line:tutorial-tom-09"}
    assert text_lock("Tom: This is odd, Anne.") in stale[0].message
