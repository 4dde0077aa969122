"""Strings files: every header that tools write, and what is wrong with a row."""

import pytest

from pipeline.errors import UsageError
from pipeline.game.formats.yarn_strings import read_strings
from pipeline.game.line import GameLine, Place, text_lock


def line(id: str, text: str, row: int = 3) -> GameLine:
    speaker = text.partition(":")[0] if ":" in text else None
    return GameLine(id, "line", speaker, text, Place("a.yarn", row, "Start"), "yarn")


BASE = {"line:a": line("line:a", "Tom: Hello"), "line:b": line("line:b", "It rains.", 4)}
LOCK_A, LOCK_B = text_lock("Tom: Hello"), text_lock("It rains.")


def read(text: str, locale: str = "de", **options):
    return read_strings(text, "de.csv", locale, BASE, **options)


def codes(strings) -> list[str]:
    return [finding.code for finding in strings.findings]


UNITY = f"""\
language,id,text,file,node,lineNumber,lock,comment
de,line:a,"Tom: Hallo, \"\"du\"\"",/home/x/a.yarn,Start,3,{LOCK_A},nett
de,line:b,Es regnet.,/home/x/a.yarn,Start,9,{LOCK_B},
"""


@pytest.mark.parametrize(
    "text",
    [
        UNITY,
        UNITY.replace("lineNumber", "line_number"),
        UNITY.replace("language,id,text", "Language,ID,Text"),
        UNITY.rstrip("\n"),
    ],
)
def test_columns_are_found_by_name(text):
    strings = read(text)
    assert codes(strings) == []
    assert [(item.id, item.locale, item.text, item.speaker, item.lock) for item in strings.translations] == [
        ("line:a", "de", 'Hallo, "du"', "Tom", LOCK_A),
        ("line:b", "de", "Es regnet.", None, LOCK_B),
    ]
    assert strings.translations[0].notes == ("nett",)
    assert strings.facts.counts == {"rows": 2, "blank": 0, "locked": 2, "moved": 1, "unknown": 0}
    assert strings.facts.characters == {"Tom": 1}


def test_order_is_free_missing_columns_are_empty_and_unknown_ones_are_notes():
    strings = read("text,original,id\nEs regnet.,It rains.,line:b\nHallo,Hello,line:a\n")
    assert codes(strings) == []
    assert strings.translations[0].notes == ("original: It rains.",)
    assert strings.translations[0].lock is None


def test_the_short_form_has_the_speaker_in_its_own_column():
    strings = read("character,text,id\nTom,Hallo: du,line:a\n,,\n,Es regnet: sehr,line:b\n,,\n")
    assert [(item.text, item.speaker) for item in strings.translations] == [
        ("Hallo: du", "Tom"),
        ("Es regnet: sehr", None),
    ]
    assert strings.facts.counts["blank"] == 2
    assert (strings.facts.lines, strings.facts.ids) == (2, 2)


def test_cells_may_hold_row_ends_and_places_are_rows_of_the_file():
    strings = read('id,text\nline:a,"Tom: Hallo\n\nnochmal"\n\nline:b,Es regnet.\n')
    assert [(item.place.row, item.text) for item in strings.translations] == [
        (2, "Hallo\n\nnochmal"),
        (6, "Es regnet."),
    ]


def test_a_translated_speaker_is_cut_but_half_a_sentence_is_not():
    strings = read("id,text\nline:a,Thomas : Hallo\nline:b,Es regnet heute sehr stark: ja\n")
    assert [(item.text, item.speaker) for item in strings.translations] == [
        ("Hallo", "Thomas"),
        ("Es regnet heute sehr stark: ja", None),
    ]


def test_each_fault_of_a_row_has_its_code():
    strings = read(
        "language,id,text,lock\n"
        f"en,line:a,Tom: Hallo,{LOCK_B}\n"
        "de,line:x,Weg,\n"
        "de,line:a,Tom: Wieder,\n"
        "de,,Ohne,\n"
        "de,line:b, ,,zu,viel\n"
    )
    told = [(found.code, found.place.row, found.id) for found in strings.findings]
    assert told == [
        ("D012", 2, "line:a"),
        ("D011", 2, "line:a"),
        ("D010", 3, "line:x"),
        ("D002", 4, "line:a"),
        ("D010", 5, None),
        ("D018", 6, None),
        ("D009", 6, "line:b"),
    ]
    messages = {found.code: found.message for found in strings.findings}
    assert messages["D011"] == f"translation is older than the base text (lock {LOCK_B}, now {LOCK_A})"
    assert messages["D012"] == "language column says `en`, project says `de`"
    assert messages["D018"] == "row has 6 cells, header has 4"
    assert [item.id for item in strings.translations] == ["line:a"]


def test_a_line_without_a_row_is_missing_at_its_place_in_the_script():
    strings = read("id,text\nline:b,Es regnet.\n")
    [found] = strings.findings
    assert (found.code, found.place.where, found.locale) == ("D009", "a.yarn:3", "de")
    assert found.message == "de has no text for `line:a`"


def test_a_row_that_its_tool_marked_as_old_is_stale_and_the_mark_is_not_spoken():
    strings = read(f"id,text,lock\nline:b,(NEEDS UPDATE) Es regnet.,{LOCK_B}\nline:a,Tom: Hallo,\n")
    assert codes(strings) == ["D011"]
    assert strings.translations[0].text == "Es regnet."


def test_strings_of_the_base_language_are_checked_but_not_used():
    text = "language,id,text,lock\nen,line:a,Tom: Bye,00000000\nen,line:x,,\n"
    strings = read(text, "en", is_base=True)
    assert codes(strings) == ["D011", "D010"]
    assert strings.translations == []


def test_a_language_cell_may_be_written_another_way():
    assert "D012" not in codes(read("language,id,text\nPT_br,line:a,x\n", "pt-BR"))


def test_a_comment_silences_its_row():
    strings = read("id,text,comment\nline:a,x,fullcast: ignore D011\nline:b,y,\n")
    assert strings.ignored == {2: {"D011"}}


def test_a_quote_that_nothing_closes_is_told_at_its_row():
    strings = read('id,text\nline:b,Es regnet.\nline:a,"Tom: Hallo\nmehr\n')
    assert [(found.code, found.place.row) for found in strings.findings] == [("D018", 3), ("D009", 3)]
    assert strings.findings[1].place.file == "a.yarn"
    assert [item.id for item in strings.translations] == ["line:b"]


@pytest.mark.parametrize("text", ["", "name,text\n", "id,words\n"])
def test_a_file_without_id_or_text_is_a_usage_error(text):
    with pytest.raises(UsageError, match="no column"):
        read(text)
