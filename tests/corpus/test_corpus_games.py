"""Real files of games, read where they lie: every count that their own tools or a script of no kin states."""

import csv
import json
import os
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run

ROOT = Path(__file__).parents[2]
GAMES = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus")) / "games"
pytestmark = pytest.mark.skipif(
    not (GAMES / "MANIFEST.tsv").exists(),
    reason=f"no corpus at {GAMES}; FULLCAST_CORPUS names another folder",
)
VOICES = 'voices = { "*" = "narrator" }\n'


def _source(format: str, path: str, engine: str, more: str = "") -> str:
    return f'engine = "{engine}"\n{VOICES}sources = [{{ format = "{format}", path = "{path}" }}]\n{more}'


def _table(path: str, more: str = "") -> str:
    return f'engine = "godot"\n{VOICES}[[tables]]\npath = "{path}"\n{more}'


BEVY = {
    "projectFileVersion": 3, "sourceFiles": ["*.yarn"], "baseLanguage": "en",
    "localisation": {"de-CH": {"strings": "de-CH.strings.csv"}},
}  # fmt: skip

# A project of ours for each folder of the corpus: name -> folder, project file. Ren'Py and Ink scripts are
# read where the corpus has them.
PROJECTS = {
    "voiceover": ("yarn/voiceover", _source("yarn", "VoiceOver-BuiltInLocalization.yarnproject", "unity")),
    "space": ("yarn/space-journey", _source("yarn", "SpaceJourney_FinalVersion.yarn", "unity")),
    "ghosty": ("yarn/ghosty-lads", _source("yarn", "GhostyLads.yarn", "unity")),
    "bevy": ("yarn/bevy-lines", _source("yarn", "ours.yarnproject", "unity")),
    "duplicates": ("yarn/compiler-tests", _source("yarn", "DuplicateLineTags.yarn", "unity")),
    "shadows": ("yarn/compiler-tests", _source("yarn", "ShadowLines.yarn", "unity")),
    "simpletest": ("table/unreal-simpletest", _source("yarn", "SimpleTest.yarnproject", "unreal")),
    "lines-en": ("table/unreal-simpletest", _table("lines_en.csv")),
    "lines-fr": ("table/unreal-simpletest", _table("lines_fr.csv", 'locale = "fr"')),
    "subtitles": ("table", _table("game-subtitles-sample.csv")),
    "godot": ("table/godot-dialogue-manager", _table("dialogue.csv")),
    "godot-editor": ("table", _table("godot-csv-dialog-editor.csv")),
    "brooklyn": ("renpy/brooklyn-kids", _source("renpy", ".", "renpy")),
    "brooklyn-tab": ("renpy/brooklyn-kids", _source("renpy", "dialogue.tab", "renpy")),
    "question": ("renpy/the_question", _source("renpy", ".", "renpy")),
    "tutorial": ("renpy/tutorial", _source("renpy", ".", "renpy")),
    "dink": ("ink-dink/test1", _source("dink", "dink.dinkproj", "dink")),
    "ink": ("ink-dink/test1", _source("dink", "main.ink", "dink")),
    "expressions": ("ink-dink", _source("dink", "expression_lines.ink", "dink")),
    "brick": ("fountain", _source("fountain", "Brick And Steel.txt", "plain")),
    "dialogue": ("fountain", _source("fountain", "Dialogue.fountain", "plain")),
    "dual": ("fountain", _source("fountain", "DualDialogue.fountain", "plain")),
    "st-character": ("fountain/screenplay-tools", _source("fountain", "Character.fountain", "plain")),
    "st-dialogue": ("fountain/screenplay-tools", _source("fountain", "Dialogue.fountain", "plain")),
    "st-notes": ("fountain/screenplay-tools", _source("fountain", "Notes.fountain", "plain")),
}
# File of the corpus -> the project that reads it.
READ_BY = {
    "yarn/voiceover/VoiceOver.yarn": "voiceover",
    "yarn/voiceover/VoiceOver - de.csv": "voiceover",
    "yarn/voiceover/VoiceOver - es.csv": "voiceover",
    "yarn/voiceover/VoiceOver - pt_BR.csv": "voiceover",
    "yarn/voiceover/VoiceOver - zh_Hans.csv": "voiceover",
    "yarn/space-journey/SpaceJourney_FinalVersion.yarn": "space",
    "yarn/ghosty-lads/GhostyLads.yarn": "ghosty",
    "yarn/bevy-lines/lines_with_ids.yarn": "bevy",
    "yarn/bevy-lines/de-CH.strings.csv": "bevy",
    "yarn/compiler-tests/DuplicateLineTags.yarn": "duplicates",
    "yarn/compiler-tests/ShadowLines.yarn": "shadows",
    "renpy/brooklyn-kids/dialogue.tab": "brooklyn-tab",
    "renpy/brooklyn-kids/game/script.rpy": "brooklyn",
    "renpy/the_question/game/script.rpy": "question",
    "renpy/the_question/game/tl/french/script.rpy": "question",
    "renpy/tutorial/game/indepth_character.rpy": "tutorial",
    "renpy/tutorial/game/tl/spanish/indepth_character.rpy": "tutorial",
    "ink-dink/test1/*.ink": "ink",
    "ink-dink/test1/output/main-dink.json": "dink",
    "ink-dink/test1/output/main-origins.json": "dink",
    "ink-dink/test1/output/main-strings-en-GB.json": "dink",
    "ink-dink/test1/output/main-dink-structure.json": "dink",
    "ink-dink/test1/characters.json": "dink",
    "table/unreal-simpletest/Test1.yarn": "simpletest",
    "table/unreal-simpletest/lines_en.csv": "lines-en",
    "table/unreal-simpletest/lines_fr.csv": "lines-fr",
    "table/game-subtitles-sample.csv": "subtitles",
    "table/godot-dialogue-manager/dialogue.csv": "godot",
    "table/godot-csv-dialog-editor.csv": "godot-editor",
    "fountain/Brick And Steel.txt": "brick",
    "fountain/Dialogue.fountain": "dialogue",
    "fountain/DualDialogue.fountain": "dual",
    "fountain/screenplay-tools/Character.fountain": "st-character",
    "fountain/screenplay-tools/Dialogue.fountain": "st-dialogue",
    "fountain/screenplay-tools/Notes.fountain": "st-notes",
}
# Listings, goldens of the origin's own parser, projects, and what fullcast does not read.
NOT_COUNTED = re.compile(
    r"audio-files\.txt$|screenplay-tools/.*\.txt$|\.dialogue$|\.yarnproject$|\.dinkproj$|expression_lines"
)


def manifest() -> list[dict[str, str]]:
    if not (GAMES / "MANIFEST.tsv").exists():
        return []
    with (GAMES / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Checks a project of `PROJECTS` once, with edits to copies of its files if asked for."""
    folder = tmp_path_factory.mktemp("games")

    @cache
    def checked(name: str, edits: tuple[tuple[str, str, str], ...] = (), config: str = "") -> dict[str, Any]:
        origin, own = PROJECTS[name]
        here = folder / f"{name}-{len(list(folder.iterdir()))}"
        if not (GAMES / origin).exists():
            pytest.skip(f"the corpus has no {origin}")
        shutil.copytree(GAMES / origin, here)
        (here / "fullcast-game.toml").write_text(config or own, encoding="utf-8")
        if name == "bevy":
            (here / "ours.yarnproject").write_text(json.dumps(BEVY), encoding="utf-8")
        for file, before, after in edits:
            text = (here / file).read_text(encoding="utf-8")
            assert before in text
            (here / file).write_text(text.replace(before, after, 1), encoding="utf-8", newline="")
        report = here / "report.json"
        code = run(["game", "check", str(here), "-q", "--json", str(report)])
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        assert code == found["exit"]
        return found

    return checked


def places(report: dict[str, Any], code: str) -> list[int]:
    return [found["line"] for found in report["findings"] if found["code"] == code]


def is_there(file: str) -> bool:
    return any(GAMES.glob(file)) if "*" in file else (GAMES / file).exists()


def counted(report: dict[str, Any], file: str) -> dict[str, Any]:
    """What the report counts of a file; of all files that a pattern names together."""
    inside = report["counts"]["files"]
    if "*" not in file:
        names = [name for name in inside if file.endswith(name)]
        assert names, f"{file} was not read: {list(inside)}"
        return inside[max(names, key=len)]
    parts = [facts for name, facts in inside.items() if name.endswith(Path(file).suffix)]
    total: dict[str, Any] = {"lines": 0, "ids": 0, "narrator": 0, "characters": {}, "counts": {}}
    for part in parts:
        for key in ("lines", "ids", "narrator"):
            total[key] += part[key]
        for key in ("characters", "counts"):
            for name, number in part[key].items():
                total[key][name] = total[key].get(name, 0) + number
    return total


def test_every_row_of_the_manifest_is_read_by_a_project_or_known_to_be_no_script():
    rows = [row["file"] for row in manifest()]
    assert rows
    assert [file for file in rows if file not in READ_BY and not NOT_COUNTED.search(file)] == []


@pytest.mark.parametrize(
    "row", [row for row in manifest() if row["file"] in READ_BY], ids=lambda row: row["file"]
)
def test_lines_ids_and_characters_are_those_of_the_manifest(desk, row):
    if not is_there(row["file"]):
        pytest.skip("the corpus names its repository only")
    facts = counted(desk(READ_BY[row["file"]]), row["file"])
    if row["lines"]:
        assert facts["lines"] == int(row["lines"])
    if row["ids"] and not row["file"].startswith("fountain/"):
        assert facts["ids"] == int(row["ids"])
    wanted = re.findall(r"([^=]+?)=(\d+)(?:\s+|$)", row["characters"])
    found = {**facts["characters"], "(narrator)": facts["narrator"], "(none)": facts["narrator"]}
    assert {name: found.get(name) for name, _ in wanted} == {name: int(number) for name, number in wanted}


@pytest.mark.parametrize("locale", ["de", "es", "pt-BR", "zh-Hans"])
def test_voiceovers_locks_are_those_of_its_own_exporter(desk, locale):
    report = desk("voiceover")
    says = {"de": 17, "pt-BR": 17, "zh-Hans": 17, "es": 0}[locale]
    moved = {"de": 0, "pt-BR": 0, "zh-Hans": 17, "es": 17}[locale]
    file = f"VoiceOver - {locale.replace('-', '_')}.csv"
    facts = report["counts"]["files"][file]
    assert (facts["counts"]["locked"], facts["counts"]["moved"]) == (17, moved)
    assert facts["codes"].get("D012", 0) == says
    assert report["exit"] == 0 and report["counts"]["errors"] == 0
    locks = {line["id"]: line["lock"] for line in report["lines"] if line["locale"] == "en"}
    with (GAMES / "yarn/voiceover" / file).open(encoding="utf-8", newline="") as rows:
        assert {row["id"]: row["lock"] for row in csv.DictReader(rows)} == locks


def test_voiceover_has_its_options_directions_and_locales(desk):
    counts = desk("voiceover")["counts"]
    assert (counts["options"], counts["directions"]) == (2, 11)
    assert set(counts["locales"]) == {"en", "es", "zh-Hans", "pt-BR", "de"}
    assert {name: facts["voiced"] for name, facts in counts["locales"].items()} == dict.fromkeys(
        ("en", "es", "zh-Hans", "pt-BR", "de"), 15
    )


def test_one_changed_word_makes_four_translations_stale(desk):
    report = desk("voiceover", (("VoiceOver.yarn", "Tom: Is anyone there?", "Tom: Is somebody there?"),))
    stale = [(found["file"], found["id"]) for found in report["findings"] if found["code"] == "D011"]
    assert len(stale) == 4
    assert {line_id for _, line_id in stale} == {"line:tutorial-tom-02"}


def test_emotion_commands_set_a_face_that_the_map_may_not_know(desk):
    config = PROJECTS["voiceover"][1] + "yarn = { emotion_commands = { expression = [1, 2] } }\n"
    report = desk("voiceover", (), config)
    assert places(report, "D015")[0] == 29
    assert "`frowning`" in next(found["message"] for found in report["findings"] if found["code"] == "D015")


def test_a_character_without_voice_is_found_in_each_locale(desk):
    config = PROJECTS["voiceover"][1].replace('"*"', "Tom")
    report = desk("voiceover", (), config)
    assert report["exit"] == 3
    assert sorted(found["locale"] for found in report["findings"] if found["code"] == "D023") == sorted(
        ["en", "es", "zh-Hans", "pt-BR", "de"]
    )


def test_space_journey_has_no_ids_and_one_slip_of_a_name(desk):
    report = desk("space")
    assert len(places(report, "D001")) == 129 and places(report, "D001")[0] == 10
    assert places(report, "D003") == [79]
    slip = next(found for found in report["findings"] if found["code"] == "D003")
    assert slip["severity"] == "warning"
    assert slip["message"] == "unknown character `Crewemate`; did you mean `Crewmate` (8 lines)?"
    facts = report["counts"]["files"]["SpaceJourney_FinalVersion.yarn"]
    assert (facts["counts"]["nodes"], facts["counts"]["options"], facts["narrator"]) == (5, 28, 29)


def test_ghosty_lads_has_no_ids(desk):
    report = desk("ghosty")
    assert len(places(report, "D001")) == 40 and places(report, "D001")[0] == 9
    assert report["counts"]["files"]["GhostyLads.yarn"]["counts"] == {
        **report["counts"]["files"]["GhostyLads.yarn"]["counts"], "nodes": 6, "options": 21,
    }  # fmt: skip


def test_bevy_lines_have_an_implausible_speaker_a_long_line_and_contained_ids(desk):
    report = desk("bevy")
    assert places(report, "D004") == [3]
    long = next(found for found in report["findings"] if found["code"] == "D024" and found["locale"] == "en")
    assert (long["line"], "319" in long["message"]) == (3, True)
    contained = [found for found in report["findings"] if found["code"] == "D013"]
    # The engine drops `line:` before it looks: `2` stands in `12`, too.
    assert [(found["line"], found["severity"], found["id"]) for found in contained] == [
        (3, "error", "line:1"),
        (4, "error", "line:2"),
    ]
    assert "`line:10`, `line:11`, `line:12`" in contained[0]["message"]


def test_bevy_lines_lack_one_text_and_call_one_character_two_names(desk):
    report = desk("bevy")
    missing = [(found["file"], found["id"]) for found in report["findings"] if found["code"] == "D009"]
    assert missing == [("de-CH.strings.csv", "line:10")]
    named = [found for found in report["findings"] if found["code"] == "D025"]
    assert [found["id"] for found in named] == ["line:8"]
    assert "(`Hag`, `Hexe`)" in named[0]["message"]
    assert report["counts"]["files"]["de-CH.strings.csv"]["counts"]["locked"] == 11


def test_the_compilers_own_duplicate_is_found(desk):
    report = desk("duplicates")
    assert [(found["code"], found["line"], found["id"]) for found in report["findings"]] == [
        ("D002", 10, "line:line1")
    ]
    assert report["findings"][0]["message"].endswith("first at DuplicateLineTags.yarn:4")
    assert report["counts"]["ids"] == 2


def test_a_shadow_line_gets_no_file_and_must_repeat_its_source(desk):
    report = desk("shadows")
    assert report["counts"]["voiced"] == 1 and report["counts"]["unvoiced"] == {"shadow": 1}
    edited = desk("shadows", (("ShadowLines.yarn", "This is a line. #shadow:", "This was a line. #shadow:"),))
    assert [found["code"] for found in edited["findings"]] == ["D020"]


def test_simpletest_needs_values_and_has_implausible_speakers(desk):
    report = desk("simpletest")
    assert places(report, "D001") == [19, 44]
    assert places(report, "D004") == [22, 36, 64, 65]
    assert places(report, "D005") == [22, 23, 36, 54, 55, 64, 65, 66]
    assert len(places(report, "D009")) == 18
    values = next(found for found in report["findings"] if (found["code"], found["line"]) == ("D005", 55))
    assert "`{0}` = `$explainCount`" in values["message"]
    counts = report["counts"]["files"]["lines_en.csv"]["counts"]
    assert (counts["rows"], counts["blank"]) == (14, 5)


def test_tables_are_read_in_their_own_shapes(desk):
    assert places(desk("subtitles"), "D006") == [4]
    assert set(desk("godot")["counts"]["locales"]) == {"en", "de"}
    meow = [line["id"] for line in desk("godot")["lines"] if line["text"] == "Meow."]
    assert len(meow) == 2
    assert set(desk("godot-editor")["counts"]["locales"]) == {"en", "es"}
    with (GAMES / "table/godot-dialogue-manager/audio-files.txt").open(encoding="utf-8") as listing:
        keys = {Path(row.strip()).stem for row in listing}
    assert keys <= {line["id"] for line in desk("godot")["lines"]} and len(keys) == 7


def test_a_row_longer_than_its_header_and_bytes_that_are_no_text_are_found(desk, tmp_path):
    edit = ("game-subtitles-sample.csv", "2,Short.,keep", "2,Short.,keep,more")
    assert places(desk("subtitles", (edit,)), "D018") == [3]
    shutil.copytree(GAMES / "table", tmp_path / "table")
    (tmp_path / "table" / "fullcast-game.toml").write_text(PROJECTS["subtitles"][1], encoding="utf-8")
    bad = tmp_path / "table" / "game-subtitles-sample.csv"
    bad.write_bytes(bad.read_bytes().replace(b"Short", b"Sh\xffrt"))
    report = tmp_path / "report.json"
    assert run(["game", "check", str(tmp_path / "table"), "--json", str(report)]) == 3
    found = [each for each in json.loads(report.read_text())["findings"] if each["code"] == "D019"]
    assert [each["line"] for each in found] == [3]


@pytest.mark.parametrize(
    ("project", "file", "counts", "cues"),
    [
        ("brick", "Brick And Steel.txt", {"cues": 20, "parentheticals": 6, "dual": 1}, []),
        ("dialogue", "Dialogue.fountain", {"cues": 12, "parentheticals": 4, "dual": 1}, [36]),
        ("dual", "DualDialogue.fountain", {"dual": 1}, []),
        ("st-character", "Character.fountain", {"dual": 2}, [20, 32, 50]),
        ("st-dialogue", "Dialogue.fountain", {"cues": 4, "parentheticals": 2}, []),
        ("st-notes", "Notes.fountain", {"cues": 1, "parentheticals": 1}, []),
    ],
)
def test_screenplays_have_their_cues_parentheticals_and_false_cues(desk, project, file, counts, cues):
    report = desk(project)
    facts = report["counts"]["files"][file]
    assert {name: facts["counts"][name] for name in counts} == counts
    assert places(report, "D017") == cues
    assert len(places(report, "D014")) == facts["lines"]


def test_a_generated_id_is_told_at_its_cue(desk):
    assert places(desk("brick"), "D014")[0] == 19


def test_dinks_structure_has_its_actions_statuses_and_directions(desk):
    report = desk("dink")
    facts = counted(report, "ink-dink/test1/output/main-dink-structure.json")["counts"]
    assert (facts["actions"], facts["qualifiers"], facts["directions"]) == (10, 1, 6)
    statuses = {name: number for name, number in facts.items() if name.startswith("ws:")}
    assert statuses == {"ws:stub": 12, "ws:draft1": 14, "ws:draft2": 1, "ws:final": 7, "ws:": 42}
    assert report["counts"]["voiced"] == 7 and report["counts"]["unvoiced"] == {"not-ready": 69}
    origins = counted(report, "ink-dink/test1/output/main-origins.json")["counts"]
    assert origins == {"main.ink": 32, "branches.ink": 34, "scene1.ink": 20, "cycles.ink": 14}


def test_dinks_cast_is_enough_and_a_stranger_is_found(desk):
    assert places(desk("dink"), "D003") == []
    edit = ("characters.json", '"ID":"JIM"', '"ID":"JIMMY"')
    report = desk("dink", (edit,))
    assert {found["severity"] for found in report["findings"] if found["code"] == "D003"} == {"error"}


def test_dinks_statuses_can_be_set_aside(desk):
    config = PROJECTS["dink"][1] + "dink = { ignore_writing_status = true }\n"
    assert desk("dink", (), config)["counts"]["voiced"] == 76


def test_brooklyns_export_holds_an_emoji_that_nobody_says(desk):
    report = desk("brooklyn-tab")
    found = [each for each in report["findings"] if each["code"] == "D007"]
    assert [each["message"] for each in found] == ["`😕` is not spoken"]
    assert counted(report, "renpy/brooklyn-kids/dialogue.tab")["counts"]["nointeract"] == 2


def needs(*files: str) -> pytest.MarkDecorator:
    there = all(is_there(file) for file in files)
    return pytest.mark.skipif(not there, reason="the corpus names its repository only")


@needs("renpy/brooklyn-kids/game/script.rpy")
def test_brooklyns_script_and_export_agree_but_for_rows(desk):
    report = desk("brooklyn")
    counts = counted(report, "renpy/brooklyn-kids/dialogue.tab")["counts"]
    assert (counts["matched"], counts["moved"], counts["text differs"]) == (26, 26, 0)
    assert [(each["code"], each["file"], each["line"]) for each in report["findings"]] == [
        ("D007", "game/script.rpy", 60)
    ]


@needs("renpy/brooklyn-kids/game/script.rpy")
def test_an_export_older_than_the_script_is_found(desk):
    text = (GAMES / "renpy/brooklyn-kids/game/script.rpy").read_text(encoding="utf-8-sig")
    said = re.search(r'^ +(?:ollie|kit)[^"\n]*"([A-Za-z]+)', text, re.M)
    assert said
    report = desk("brooklyn", (("game/script.rpy", said[0], f"{said[0]}s"),))
    assert "D022" in {found["code"] for found in report["findings"]}
    assert report["exit"] == 3


@needs("renpy/the_question/game/script.rpy", "renpy/the_question/game/tl/french/script.rpy")
def test_the_questions_ids_are_those_of_its_translators(desk):
    report = desk("question")
    assert places(report, "D021") == [42]
    assert [found for found in report["findings"] if found["code"] in ("D009", "D010")] == []
    assert set(report["counts"]["locales"]) == {"en", "fr"}


@needs("renpy/the_question/game/script.rpy")
def test_a_deleted_line_leaves_a_translation_of_nothing(desk):
    text = (GAMES / "renpy/the_question/game/script.rpy").read_text(encoding="utf-8-sig")
    said = re.search(r'^    [ms] (?:\w+ )*"[^"\n]+"\n', text, re.M)
    assert said
    report = desk("question", (("game/script.rpy", said[0], ""),))
    assert len(places(report, "D010")) == 1


@needs("ink-dink/test1/main.ink")
def test_ink_is_read_as_dinks_compiler_reads_it(desk):
    report = desk("ink")
    total = counted(report, "ink-dink/test1/*.ink")["counts"]
    assert (total["actions"], total["not dink"], total["qualifiers"]) == (10, 14, 1)
    assert places(report, "D016") == [17]


@needs("ink-dink/expression_lines.ink")
def test_conditions_with_lines_on_one_row_are_not_dink(desk):
    assert places(desk("expressions"), "D016") == [15, 16]
