"""A Dink project as a whole: script, structure file, strings, characters, statuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from game_files import HEAD, write_game

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.dink import read
from pipeline.game.line import Imported, text_lock
from pipeline.game.project import load_project

MAIN = """\
INCLUDE cellar.ink
=== Hall
#dink #ws:final
// VO: as if nothing had happened
// LOC: Mira is a name
MIRA: (softly) You are late. #id:hall_1 // why
The clock stops. #id:hall_2 #ws:draft
MIRA (O.S.): So am I. #id:hall_3 #ws:draft #vo:radio
* [Leave. #id:hall_4]
    -> Cellar
"""
CELLAR = """\
=== Cellar
#dink
TOM: It is dark. #id:cellar_1
"""
PROJECT = """\
{
    // the settings
    "Source": "main.ink",
    "destFolder": "out",
    "defaultLocaleCode": "en-US",
    "audioStatus": [{"status": "Final", "folder": "Audio/Final", "recorded": true}],
    "writingStatus": [
        {"status": "Final", "wstag": "final", "record": true},
        {"status": "Draft", "wstag": "draft"}
    ],
}
"""
STRINGS = {
    "hall_1": "You are late.",
    "hall_3": "So am I.",
    "hall_4": "Leave.",
    "cellar_1": "It is dark.",
}
GERMAN = {**STRINGS, "hall_1": "Du bist spät.", "hall_3": "Ich auch.", "cellar_1": "Es ist dunkel."}


def beat(kind: str, line_id: str, text: str, row: int, file: str = "main.ink", **more: Any) -> dict[str, Any]:
    origin = {"SourceFilePath": file, "LineNum": row}
    return {
        "Type": kind,
        "LineID": line_id,
        "Text": text,
        "Origin": origin,
        "Comments": [],
        "Tags": [],
        **more,
    }


def scene(name: str, *beats: dict[str, Any]) -> dict[str, Any]:
    return {
        "SceneID": name,
        "Blocks": [{"BlockID": "", "Snippets": [{"SnippetID": "x", "Beats": list(beats)}]}],
    }


STRUCTURE = [
    scene(
        "Hall",
        beat(
            "Line", "hall_1", "You are late.", 6, CharacterID="MIRA", Qualifier="", Direction="softly",
            Comments=["VO: as if nothing had happened", "LOC: Mira is a name", "why"], Tags=["ws:final"],
        ),
        beat("Action", "hall_2", "The clock stops.", 7, Tags=["ws:draft"]),
        beat(
            "Line", "hall_3", "So am I.", 8, CharacterID="MIRA", Qualifier="O.S.", Direction="",
            Tags=["ws:draft", "vo:radio"],
        ),
    ),
    scene("Cellar", beat("Line", "cellar_1", "It is dark.", 3, "cellar.ink", CharacterID="TOM")),
]  # fmt: skip


def dump(path: Path, data: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False), encoding="utf-8-sig", newline="\r\n")


@pytest.fixture
def house(tmp_path) -> Path:
    """A project as DinkCompiler leaves it: script, structure, strings of two locales, characters."""
    (tmp_path / "main.ink").write_text(MAIN, encoding="utf-8-sig")
    (tmp_path / "cellar.ink").write_text(CELLAR, encoding="utf-8")
    (tmp_path / "house.dinkproj").write_text(PROJECT, encoding="utf-8")
    dump(tmp_path / "out" / "main-dink-structure.json", STRUCTURE)
    dump(tmp_path / "out" / "main-strings-en-US.json", STRINGS)
    dump(tmp_path / "out" / "main-strings-de.json", GERMAN)
    dump(tmp_path / "characters.json", [{"ID": "Mira", "Actor": "A", "TTSVoice": "en-GB-A"}, {"ID": "TOM"}])
    return tmp_path


def imported(folder: Path, path: str = "house.dinkproj", **options) -> Imported:
    return read(SourceRequest(folder, folder / path, options))


def told(found: Imported) -> list[tuple[str, str, str | None]]:
    return [(each.code, each.place.where, each.id) for each in found.findings]


def without_script(house: Path) -> None:
    (house / "main.ink").unlink()
    (house / "cellar.ink").unlink()


@pytest.mark.parametrize("path", ["house.dinkproj", ".", "main.ink", "out/main-dink-structure.json"])
def test_a_project_is_found_by_any_of_its_files(house, path):
    found = imported(house, path)
    assert [(each.id, each.place.where) for each in found.lines] == [
        ("hall_1", "main.ink:6"),
        ("hall_3", "main.ink:8"),
        ("cellar_1", "cellar.ink:3"),
    ]
    assert found.findings == ()
    assert found.base_locale == "en-US"


def test_lines_hold_direction_notes_tags_and_status(house):
    first, second, third = imported(house).lines
    assert (first.character, first.direction) == ("MIRA", "softly; as if nothing had happened")
    assert (first.notes, first.tags, first.ready) == (("LOC: Mira is a name", "why"), ("ws:final",), True)
    assert (second.qualifier, second.tags, second.ready) == ("O.S.", ("ws:draft", "vo:radio"), False)
    assert (third.direction, third.place.node, third.ready) == (None, "Cellar", False)


def test_without_the_script_lines_come_from_the_structure(house):
    with_script = imported(house).lines
    without_script(house)
    found = imported(house)
    assert found.lines == with_script
    assert found.findings == ()


@pytest.mark.parametrize(
    ("prefixes", "direction", "notes"),
    [
        (["vo"], "softly; as if nothing had happened", ("LOC: Mira is a name", "why")),
        (["L"], "softly; Mira is a name", ("VO: as if nothing had happened", "why")),
        (["?"], "softly; why", ("VO: as if nothing had happened", "LOC: Mira is a name")),
        (["*"], "softly; as if nothing had happened; Mira is a name; why", ()),
        ([], "softly", ("VO: as if nothing had happened", "LOC: Mira is a name", "why")),
    ],
)
def test_which_comments_are_direction_the_project_says(house, prefixes, direction, notes):
    line = imported(house, direction_prefixes=prefixes).lines[0]
    assert (line.direction, line.notes) == (direction, notes)


@pytest.mark.parametrize(
    ("project", "options", "ready"),
    [
        (PROJECT, {}, [True, False, False]),
        (PROJECT, {"ignore_writing_status": True}, [True, True, True]),
        (PROJECT.replace("{\n", '{\n"IgnoreWritingStatus": true,\n', 1), {}, [True, True, True]),
        (PROJECT.replace("writingStatus", "other"), {}, [True, True, True]),
        (PROJECT.replace('"wstag": "draft"', '"wstag": "", "record": true'), {}, [True, False, True]),
    ],
)
def test_only_statuses_that_are_recorded_are_ready(house, project, options, ready):
    (house / "house.dinkproj").write_text(project, encoding="utf-8")
    assert [line.ready for line in imported(house, **options).lines] == ready


def test_characters_are_the_cast_in_upper_case_with_their_hints(house):
    found = imported(house)
    assert found.cast == {"MIRA": "MIRA", "TOM": "TOM"}
    assert found.settings == {"dink.tts_voice.MIRA": "en-GB-A", "dink.audio.Final": "Audio/Final"}
    (house / "characters.json").unlink()
    assert imported(house).cast is None


def test_files_are_counted(house):
    facts = {file.file: file for file in imported(house).files}
    assert (facts["main.ink"].lines, facts["main.ink"].ids) == (2, 4)
    assert facts["main.ink"].counts == {
        "actions": 1, "qualifiers": 1, "directions": 1, "ws:final": 1, "ws:draft": 1, "not dink": 1,
    }  # fmt: skip
    assert (facts["out/main-dink-structure.json"].lines, facts["out/main-dink-structure.json"].ids) == (3, 4)
    assert facts["out/main-strings-de.json"].ids == 4
    assert facts["characters.json"].counts == {"without actor": 1}
    assert facts["house.dinkproj"].counts == {"audio statuses": 1, "writing statuses": 2}


def test_translations_are_the_other_strings_files(house):
    found = imported(house)
    assert [(each.id, each.locale, each.text, each.place.where) for each in found.translations] == [
        ("hall_1", "de", "Du bist spät.", "out/main-strings-de.json:2"),
        ("hall_3", "de", "Ich auch.", "out/main-strings-de.json:3"),
        ("cellar_1", "de", "Es ist dunkel.", "out/main-strings-de.json:5"),
    ]


def test_missing_empty_and_unknown_translations_are_found(house):
    german = {
        "hall_3": " ",
        **{key: text for key, text in GERMAN.items() if key[:4] != "hall"},
        "attic_1": "Oben.",
    }
    dump(house / "out" / "main-strings-de.json", german)
    found = imported(house)
    assert told(found) == [
        ("D009", "out/main-strings-de.json:1", "hall_1"),
        ("D009", "out/main-strings-de.json:2", "hall_3"),
        ("D010", "out/main-strings-de.json:4", "attic_1"),
    ]
    assert {each.locale for each in found.findings} == {"de"}


def test_options_and_actions_may_be_translated(house):
    without_script(house)
    dump(house / "out" / "main-strings-de.json", {**GERMAN, "hall_2": "Die Uhr steht.", "hall_4": "Geh."})
    assert imported(house).findings == ()


@pytest.mark.parametrize(
    ("before", "after", "row", "line_id"),
    [("You are late.", "You are early.", 6, "hall_1"), ("MIRA (O.S.)", "TOM (O.S.)", 8, "hall_3")],
)
def test_a_structure_file_older_than_the_script_is_found(house, before, after, row, line_id):
    (house / "main.ink").write_text(MAIN.replace(before, after), encoding="utf-8")
    assert ("D022", f"main.ink:{row}", line_id) in told(imported(house))


def test_ids_that_only_one_of_script_and_structure_has_are_found(house):
    (house / "main.ink").write_text(MAIN.replace("hall_3", "hall_9"), encoding="utf-8")
    written = (house / "out" / "main-dink-structure.json").read_text(encoding="utf-8-sig").split("\n")
    row = next(number for number, text in enumerate(written, start=1) if '"hall_3"' in text)
    stale = [each for each in told(imported(house)) if each[0] == "D022" and "strings" not in each[1]]
    assert stale[:2] == [
        ("D022", f"out/main-dink-structure.json:{row}", "hall_3"),
        ("D022", "main.ink:8", "hall_9"),
    ]


def test_base_strings_older_than_the_script_are_found(house):
    dump(house / "out" / "main-strings-en-US.json", {**STRINGS, "hall_1": "You were late."})
    assert told(imported(house)) == [("D022", "out/main-strings-en-US.json:2", "hall_1")]
    dump(house / "out" / "main-strings-en-US.json", {"hall_1": "You are late.", "hall_3": "So am I."})
    assert told(imported(house)) == [("D022", "cellar.ink:3", "cellar_1")]


def test_a_line_without_an_id_needs_the_compiler(house):
    (house / "cellar.ink").write_text(CELLAR + "TOM: Who is there?\n", encoding="utf-8")
    found = imported(house)
    assert told(found) == [("D001", "cellar.ink:4", None)]
    assert found.lines[-1].id is None


def test_an_id_used_twice_is_found_whatever_its_case_and_its_file(house):
    (house / "cellar.ink").write_text(CELLAR + "* [Stay. #id:HALL_4]\n", encoding="utf-8")
    found = imported(house)
    assert told(found) == [("D002", "cellar.ink:4", "HALL_4")]
    assert found.findings[0].message.endswith("first at main.ink:9")


def test_lines_that_are_no_dink_are_found(house):
    (house / "cellar.ink").write_text(
        CELLAR + "- x > 2: TOM: No.\n=== Plain\nTOM: Not voiced. #id:p\n", encoding="utf-8"
    )
    found = imported(house)
    assert told(found) == [("D016", "cellar.ink:4", None), ("D016", "cellar.ink:6", "p")]
    assert "p" not in {line.id for line in found.lines}


def test_a_locale_may_have_the_projects_own_name(house):
    (house / "out" / "main-strings-de.json").rename(house / "out" / "main-strings-german.json")
    found = read(SourceRequest(house, house / "house.dinkproj", {}, {"german": "de"}))
    assert {each.locale for each in found.translations} == {"de"}


@pytest.mark.parametrize(
    ("base", "names", "translated"),
    [
        (None, ("en-GB", "de"), {"de"}),
        ("de", ("en-GB", "de"), {"en-GB"}),
        ("en", ("en-US", "de"), {"de"}),
        (None, ("fr",), set()),
    ],
)
def test_without_a_project_file_the_base_strings_are_found_by_locale(tmp_path, base, names, translated):
    dump(tmp_path / "main-dink-structure.json", STRUCTURE)
    for name in names:
        dump(tmp_path / f"main-strings-{name}.json", STRINGS)
    found = read(SourceRequest(tmp_path, tmp_path, {}, {}, base))
    assert {each.locale for each in found.translations} == translated
    assert found.findings == ()


def test_folders_without_a_project_are_read_from_their_main_files(tmp_path):
    (tmp_path / "main.ink").write_text(MAIN, encoding="utf-8")
    (tmp_path / "cellar.ink").write_text(CELLAR, encoding="utf-8")
    (tmp_path / "other.ink").write_text("=== Roof\n#dink\nTOM: High. #id:roof_1\n", encoding="utf-8")
    found = imported(tmp_path, ".")
    assert [line.id for line in found.lines] == ["hall_1", "hall_3", "cellar_1", "roof_1"]
    assert all(line.ready for line in found.lines)


def test_a_silenced_code_is_known_with_and_without_the_script(house):
    (house / "cellar.ink").write_text(CELLAR.strip() + " // fullcast: ignore D005\n", encoding="utf-8")
    found = imported(house)
    assert found.ignored == {("cellar.ink", 3): frozenset({"D005"})}
    assert found.lines[-1].notes == ()
    structure = json.loads(json.dumps(STRUCTURE))
    structure[1]["Blocks"][0]["Snippets"][0]["Beats"][0]["Comments"] = ["fullcast: ignore D005"]
    dump(house / "out" / "main-dink-structure.json", structure)
    without_script(house)
    assert imported(house).ignored == {("cellar.ink", 3): frozenset({"D005"})}
    assert imported(house).lines[-1].notes == ()


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("house.dinkproj", "{", "house.dinkproj:1"),
        ("house.dinkproj", '{"source": 3}', "house.dinkproj"),
        ("out/main-dink-structure.json", '[{"SceneID": 1}]', "out/main-dink-structure.json"),
        ("out/main-strings-de.json", '{"hall_1": 1}', "out/main-strings-de.json"),
        ("characters.json", '{"ID": "MIRA"}', "characters.json"),
        ("main.ink", "INCLUDE gone.ink\n", "main.ink:1"),
    ],
)
def test_a_file_of_another_form_is_told_with_its_name(house, file, text, where):
    (house / file).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        imported(house)
    assert error.value.where == where


@pytest.mark.parametrize("path", ["nothing", "out"])
def test_a_source_without_a_project_is_told(tmp_path, path):
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError) as error:
        imported(tmp_path, path)
    assert error.value.where == path


def test_two_projects_in_one_folder_must_be_named(house):
    (house / "second.dinkproj").write_text(PROJECT, encoding="utf-8")
    with pytest.raises(UsageError, match="more than one"):
        imported(house, ".")


def test_locks_are_those_of_the_text(house):
    assert [line.lock for line in imported(house).lines] == [
        text_lock(text) for text in ("You are late.", "So am I.", "It is dark.")
    ]


def test_wildcards_read_an_included_file_once(tmp_path):
    (tmp_path / "sub").mkdir()
    for name, text in {
        "main.ink": "INCLUDE sub/a.ink\nINCLUDE sub/b.ink\n=== M\n#dink\nTOM: One. #id:m1\n",
        "sub/a.ink": "INCLUDE sub/c.ink\n=== A\n#dink\nTOM: Two. #id:a1\n",
        "sub/b.ink": "=== B\n#dink\nTOM: Three. #id:b1\n",
        "sub/c.ink": "=== C\n#dink\nTOM: Four. #id:c1\n",
        "other.ink": "INCLUDE sub/b.ink\n=== O\n#dink\nTOM: Five. #id:o1\n",
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    write_game(tmp_path, f'{HEAD}sources = [{{ format = "dink", path = "**/*.ink" }}]\n')
    game = load_project(tmp_path)
    assert [line.id for line in game.lines] == ["m1", "a1", "c1", "b1", "o1"]
    assert [found.code for found in game.findings] == []
