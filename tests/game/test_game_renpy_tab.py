"""`dialogue.tab`: what the engine's exporter writes is read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.formats.renpy_tab import doubles_collapsed, escaped, exported, read_tab, unescaped

HEADER = "Identifier\tCharacter\tDialogue\tFilename\tLine Number\tRen'Py Script\n"


@given(st.text(), st.booleans())
def test_a_cell_is_read_back_whichever_way_it_was_escaped(text, every):
    assert unescaped(escaped(text, every=every)) == text


@given(st.text())
def test_an_escaped_cell_never_breaks_the_table(text):
    cell = escaped(text)
    assert "\t" not in cell and "\n" not in cell


def test_rows_are_split_on_tabs_alone_and_quotes_are_text():
    text = HEADER + 'a_0123abcd\te\t"So," \\\\ he\\nsaid\tgame/a.rpy\t7\te happy @ sad "[what]" nointeract\n'
    (row,), _ = read_tab(text, "dialogue.tab")
    assert (row.identifier, row.character, row.text) == ("a_0123abcd", "e", '"So," \\ he\nsaid')
    assert (row.file, row.line, row.row, row.label) == ("game/a.rpy", 7, 2, "a")
    assert row.say is not None
    assert (row.say.attributes, row.say.temporary, row.say.interact) == (("happy",), ("sad",), False)


def test_captions_and_strings_are_no_dialogue():
    text = HEADER + "<menu caption>\t\tWhere?\tgame/a.rpy\t3\t[what]\n\t\tOptions\tgame/a.rpy\t4\n"
    assert read_tab(text, "dialogue.tab") == ([], [])


def test_an_older_export_lacks_the_script():
    header = HEADER.replace("\tRen'Py Script", "")
    (row,), _ = read_tab(header + "a_0123abcd_1\t\tHi.\tgame/a.rpy\t3\n", "dialogue.tab")
    assert (row.say, row.character, row.label) == (None, "", "a")


def test_a_script_over_several_rows_belongs_to_its_line():
    text = HEADER + 'a_0123abcd\te\tHi.\tgame/a.rpy\t3\te "[what]" (a,\n  b)\n'
    text += 'b_0123abcd\te\tHo.\tgame/a.rpy\t5\te "[what]"\n'
    (first, second), _ = read_tab(text, "dialogue.tab")
    assert first.say is not None and first.say.arguments == "(a, b)"
    assert (second.identifier, second.row) == ("b_0123abcd", 4)


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(UsageError) as error:
        read_tab("id\ttext\n", "t.tab")
    assert error.value.where == "t.tab:1"


@pytest.mark.parametrize(
    ("row", "code", "told"),
    [
        ("a\tb\tc\td\tx\te", "D022", "`x` in dialogue.tab is no line number"),
        ("a\tb\tc\td\t²\te", "D022", "`²` in dialogue.tab is no line number"),
        ("a\tb", "D018", "row has 2 cells, header has 6"),
        ("a\tb\tc\td\t3\te\tf", "D018", "row has 7 cells, header has 6"),
    ],
)
def test_a_damaged_row_is_told_and_the_others_are_read(row, code, told):
    rows, (found,) = read_tab(f'{HEADER}{row}\nb_0123abcd\te\tHo.\tgame/a.rpy\t5\te "[what]"\n', "t.tab")
    assert (found.code, found.place.where, found.id) == (code, "t.tab:2", "a")
    assert found.message.startswith(told)
    assert [one.identifier for one in rows] == ["b_0123abcd"]


def test_the_exporter_writes_doubled_marks_once():
    assert doubles_collapsed("{{b}} 5%% {{{{x") == "{b}} 5% {x"


def test_an_export_may_be_without_tags():
    text = "{b}So{/b} {{it} is [gold] {=big}parts{/=big}{w=1}, [[x]."
    assert exported(text) == "{b}So{/b} {it} is [gold] {=big}parts{/=big}{w=1}, [[x]."
    assert exported(text, tags=False) == "So {it} is [gold] parts, [[x]."
