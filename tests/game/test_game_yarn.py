"""A Yarn source as a whole: lines, findings and translations of a project."""

import json
import textwrap

import pytest

from pipeline.game.formats.base import Importer, SourceRequest
from pipeline.game.formats.registry import importer_of
from pipeline.game.formats.yarn import read
from pipeline.game.line import Place

HARBOUR = """\
title: Harbour
---
<<face Mira worried>>
Mira: Is the boat in? #line:h1 #radio // out of breath
Tom: Not yet. #emotion:calm #line:h2 #direction:slow #tone:dry #lastline
-> Mira: I will wait. #line:h3
    The rain began. #line:h4 // never ends
-> Mira: I'm off.
Tom: Not yet. #shadow:h2
===
"""


def write(folder, **files) -> SourceRequest:
    for name, text in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    return SourceRequest(folder, folder / next(iter(files)).replace("_", "."))


def script(*rows: str) -> str:
    return "\n".join(("title: A", "---", *rows, "===", ""))


def told(imported) -> list[tuple[str, int]]:
    return [(found.code, found.place.row) for found in imported.findings]


def test_a_line_has_all_that_its_row_says(tmp_path):
    imported = read(write(tmp_path, a_yarn=HARBOUR))
    first, second, option, narrated, untagged, shadow = imported.lines
    assert (first.id, first.kind, first.character) == ("line:h1", "line", "Mira")
    assert (first.text, first.direction, first.tags) == ("Mira: Is the boat in?", "out of breath", ("radio",))
    assert first.place == Place("a.yarn", 4, "Harbour")
    assert (second.emotion, second.direction, second.tags) == ("calm", "slow", ("tone:dry",))
    assert (option.kind, option.character) == ("option", "Mira")
    assert (narrated.kind, narrated.character, narrated.direction) == ("narration", None, "never ends")
    assert untagged.id is None
    assert (shadow.id, shadow.shadow_of) == (None, "line:h2")
    assert told(imported) == [("D001", 8)]
    assert imported.findings[0].message == "line has no id; run `ysc tag a.yarn`"


def test_the_door_knows_the_importer():
    importer: Importer = importer_of("yarn")
    assert importer is read


def test_counts_of_a_script(tmp_path):
    [facts] = read(write(tmp_path, a_yarn=HARBOUR)).files
    assert (facts.role, facts.lines, facts.ids) == ("script", 6, 4)
    assert facts.characters == {"Mira": 3, "Tom": 2}
    assert facts.counts == {
        "nodes": 1, "options": 2, "narrator": 1, "directions": 3, "shadows": 1, "interpolated": 0,
    }  # fmt: skip


def test_a_label_before_values_is_no_character_in_the_counts(tmp_path):
    rows = ("Gold: {$gold} #line:1", "Tom: {$gold}? #line:2", "Tom: No. #line:3")
    imported = read(write(tmp_path, a_yarn=script(*rows)))
    assert imported.files[0].characters == {"Tom": 2}
    assert imported.lines[0].values == {"{0}": "$gold"}


def test_an_emotion_by_command_points_to_the_command_unless_the_line_has_its_own(tmp_path):
    request = write(tmp_path, a_yarn=HARBOUR)
    request = SourceRequest(tmp_path, request.path, {"emotion_commands": {"face": [1, 2]}})
    first, second, *_ = read(request).lines
    assert (first.emotion, first.emotion_place) == ("worried", Place("a.yarn", 3, "Harbour"))
    assert (second.emotion, second.emotion_place) == ("calm", None)
    assert read(write(tmp_path, a_yarn=HARBOUR)).lines[0].emotion is None


def test_an_id_used_twice_names_the_first_place_in_any_script(tmp_path):
    request = write(
        tmp_path,
        p_yarnproject=json.dumps({"projectFileVersion": 2, "baseLanguage": "en"}),
        a_yarn=script("One #line:1"),
        b_yarn=script("Two #line:2 #line:3", "Three #line:1", "Four #line:4 #shadow:1", "Five #line:"),
    )
    imported = read(request)
    assert [(found.code, found.place.where, found.message) for found in imported.findings] == [
        ("D002", "b.yarn:3", "line has two ids: `line:2` and `line:3`"),
        ("D002", "b.yarn:4", "id `line:1` is used twice, first at a.yarn:3"),
        ("D002", "b.yarn:5", "line has two ids: `line:4` and `shadow:1`"),
        ("D001", "b.yarn:6", "line has no id; run `ysc tag b.yarn`"),
    ]


def test_an_implausible_speaker_makes_the_line_the_narrators(tmp_path):
    rows = (
        "And then he said to her: no. #line:1",
        "{$who}: Hi #line:2",
        r"And then he said to her\: no. #line:3",
    )
    imported = read(write(tmp_path, a_yarn=script(*rows)))
    assert told(imported) == [("D004", 3), ("D004", 4)]
    assert "`And then he said to her`" in imported.findings[0].message
    assert "`{$who}`" in imported.findings[1].message
    assert {line.character for line in imported.lines} == {None}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Hello #shadow:gone", "shadow line without source: no line has the id `line:gone`"),
        ("Hello! #shadow:1", "text differs from that of `line:1` at a.yarn:4"),
        ("{$a} #shadow:2", "shadow line of `line:2` holds an expression"),
    ],
)
def test_a_shadow_line_must_repeat_a_line_that_exists(tmp_path, row, message):
    write(tmp_path, a_yarn=script(row, "Hello #line:1", "{$a} #line:2"))
    imported = read(SourceRequest(tmp_path, tmp_path))
    assert [(found.code, found.place.row, found.message) for found in imported.findings] == [
        ("D020", 3, message)
    ]


def test_a_script_alone_does_not_know_the_shadow_lines_sources_in_others(tmp_path):
    assert told(read(write(tmp_path, a_yarn=script("Hello #shadow:elsewhere")))) == []


def test_a_shadow_line_may_come_before_its_source_and_needs_no_id(tmp_path):
    assert told(read(write(tmp_path, a_yarn=script("Hello #shadow:1", "Hello #line:1")))) == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path, ends, mark):
    data = (mark + HARBOUR.replace("\n", ends)).encode()
    assert read(write(tmp_path, a_yarn=data)) == read(write(tmp_path, a_yarn=HARBOUR))


def test_bytes_that_are_no_utf8_are_told_with_their_place_and_the_rest_is_read(tmp_path):
    imported = read(
        write(tmp_path, a_yarn=script("One #line:1", "Caf? #line:2").encode().replace(b"?", b"\xe9"))
    )
    assert [(found.code, found.place.row, found.message) for found in imported.findings] == [
        ("D019", 4, "not UTF-8 at byte 28")
    ]
    assert len(imported.lines) == 2


def test_comments_that_silence_are_given_by_file_and_row(tmp_path):
    imported = read(write(tmp_path, a_yarn=script("One // fullcast: ignore D001")))
    assert imported.ignored == {("a.yarn", 3): {"D001"}}


def test_one_changed_word_makes_every_translation_of_that_line_stale(tmp_path):
    base = script("Tom: Hello #line:1", "Anne: Bye #line:2")
    lock = {line.id: line.lock for line in read(write(tmp_path, a_yarn=base)).lines}
    rows = "".join(f"{id},x,{value}\n" for id, value in lock.items())
    languages = {name: {"strings": f"{name}.csv"} for name in ("de", "fr", "es", "ja")}
    project = {"projectFileVersion": 3, "baseLanguage": "en", "localisation": languages}
    files = {f"{name}_csv": "id,text,lock\n" + rows for name in languages}
    request = write(tmp_path, p_yarnproject=json.dumps(project), a_yarn=base, **files)
    imported = read(request)
    assert told(imported) == []
    assert len(imported.translations) == 8
    assert imported.base_locale == "en"
    edited = read(write(tmp_path, p_yarnproject=json.dumps(project), a_yarn=base.replace("Hello", "Hi")))
    stale = [(found.code, found.id, found.locale) for found in edited.findings]
    assert stale == [("D011", "line:1", name) for name in languages]


def test_strings_beside_a_bare_script_are_named_in_its_options(tmp_path):
    request = write(tmp_path, a_yarn=script("Tom: Hello #line:1"), de_csv="id,text\nline:1,Tom: Hallo\n")
    options = {"strings": {"german": "de.csv"}, "locale": "en"}
    imported = read(SourceRequest(tmp_path, request.path, options, {"german": "de"}))
    assert [(item.locale, item.text) for item in imported.translations] == [("de", "Hallo")]
    assert imported.base_locale == "en"


def test_strings_named_after_a_language_belong_to_the_scripts_beside_them(tmp_path):
    scripts = {"a_yarn": script("Tom: Hello #line:1"), "b_yarn": script("Tom: Bye #line:2")}
    request = write(tmp_path, **scripts)
    (tmp_path / "dialogue").mkdir()
    strings = tmp_path / "dialogue" / "de-CH.strings.csv"
    strings.write_text(
        "id,text,file\nline:1,Tom: Hallo,C:\\game\\a.yarn\nline:2,Tom: Ade,/home/x/B\n"
        "line:3,Weg,A\nline:4,Weg,\n"
    )
    one = read(request)
    assert [(item.id, item.locale) for item in one.translations] == [("line:1", "de-CH")]
    assert [(found.code, found.id) for found in one.findings] == [("D010", "line:3"), ("D010", "line:4")]
    folder = read(SourceRequest(tmp_path, tmp_path, base_locale="en"))
    assert [item.id for item in folder.translations] == ["line:1", "line:2"]
