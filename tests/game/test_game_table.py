"""A table as a source: lines, translations and findings."""

import json

import pytest

from pipeline.errors import UsageError
from pipeline.game.formats.base import Importer, SourceRequest
from pipeline.game.formats.registry import importer_of
from pipeline.game.formats.table import placeholders, read, unescape
from pipeline.game.line import Place


def table(folder, text: str, name="t.csv", base_locale=None, locales=None, **options):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(SourceRequest(folder, path, options, locales or {}, base_locale))


def told(imported) -> list[tuple[str, int, str | None]]:
    return [(found.code, found.place.row, found.id) for found in imported.findings]


def test_the_door_knows_the_importer():
    importer: Importer = importer_of("table")
    assert importer is read


def test_a_row_becomes_a_line_with_all_that_its_cells_say(tmp_path):
    imported = table(
        tmp_path,
        "id,speaker,text,direction,notes,emotion,audio file\n"
        'a1,Tom,"Hello, {player}!",slowly,cut in May,angry,a1.wav\n'
        "a2,,It rains.,,,,\n",
        base_locale="en",
    )
    first, second = imported.lines
    assert (first.id, first.kind, first.character) == ("a1", "line", "Tom")
    assert (first.text, first.values) == ("Hello, {player}!", {"{player}": "player"})
    assert (first.direction, first.notes, first.emotion) == ("slowly", ("cut in May",), "angry")
    assert (first.audio, first.place) == ("a1.wav", Place("t.csv", 2))
    assert (second.kind, second.character, second.direction, second.audio) == ("narration", None, None, None)
    assert (imported.base_locale, told(imported)) == ("en", [])


def test_separators_are_counted_and_everything_else_is_a_line(tmp_path):
    [facts] = table(tmp_path, "character,text,id\nA,Hi,1\n,,\n ,,\n\n,,2\nB,Yo,\n").files
    assert (facts.role, facts.lines, facts.ids, facts.characters) == ("table", 3, 2, {"A": 1, "B": 1})
    assert (facts.counts["rows"], facts.counts["blank"], facts.counts["narrator"]) == (6, 3, 1)


def test_missing_and_repeated_ids_are_told(tmp_path):
    imported = table(tmp_path, "id,text\n1,a\n,b\n1,c\n")
    assert told(imported) == [("D001", 3, None), ("D002", 4, "1")]
    assert imported.findings[1].message == "id `1` is used twice, first at t.csv:2"
    assert [line.id for line in imported.lines] == ["1", None, "1"]


def test_a_column_a_language_gives_lines_and_translations(tmp_path):
    imported = table(tmp_path, "keys,en,de,_note\na,Hi,Hallo,x\nb,Bye,,y\nc,,,z\nd,,Da,\n")
    assert [(line.id, line.text) for line in imported.lines] == [
        ("a", "Hi"),
        ("b", "Bye"),
        ("c", ""),
        ("d", ""),
    ]
    assert [(item.id, item.locale, item.text) for item in imported.translations] == [
        ("a", "de", "Hallo"),
        ("d", "de", "Da"),
    ]
    assert told(imported) == [("D009", 3, "b")]
    assert imported.findings[0].message == "de has no text for `b`"
    assert (imported.base_locale, imported.files[0].counts["locales"]) == ("en", 2)


@pytest.mark.parametrize(
    ("base", "option", "text"),
    [(None, None, "Hi"), ("de", None, "Hallo"), ("en", "de", "Hallo"), ("de-CH", None, "Hallo")],
)
def test_the_base_is_the_projects_language_else_the_first_column(tmp_path, base, option, text):
    options = {"locale": option} if option else {}
    [line] = table(tmp_path, "keys,en,de\na,Hi,Hallo\n", base_locale=base, **options).lines
    assert line.text == text


def test_a_table_in_another_language_holds_translations_only(tmp_path):
    text = "character,text,id\nA,Bonjour,1\n,,\n,,2\n"
    imported = table(tmp_path, text, base_locale="en", locale="french", locales={"french": "fr"})
    assert imported.lines == ()
    [item] = imported.translations
    assert (item.id, item.locale, item.text, item.speaker) == ("1", "fr", "Bonjour", "A")
    assert told(imported) == [("D009", 4, "2")]
    assert imported.base_locale is None
    only = table(tmp_path, "keys,de,fr\na,Hallo,Bonjour\n", base_locale="en")
    assert only.lines == ()
    assert [item.locale for item in only.translations] == ["de", "fr"]


def test_a_column_may_say_the_language_of_each_row(tmp_path):
    text = "id,lang,text\na,en,Hi\na,de,Hallo\nb,en,Bye\nb,de,\na,de,Servus\n"
    imported = table(tmp_path, text, base_locale="en", columns={"locale": "lang"})
    assert [line.id for line in imported.lines] == ["a", "b"]
    assert [(item.id, item.locale) for item in imported.translations] == [("a", "de"), ("a", "de")]
    assert told(imported) == [("D009", 5, "b"), ("D002", 6, "a")]


def test_json_lines_are_read_by_dotted_paths(tmp_path):
    rows = [{"key": 7, "line": {"en": "Hi %s", "de": "Hallo %s"}, "by": {"name": "Tom"}}]
    imported = table(
        tmp_path,
        "\n".join(map(json.dumps, rows)),
        name="t.jsonl",
        columns={"text": "line.en", "character": "by.name"},
    )
    [line] = imported.lines
    assert (line.id, line.character, line.text, line.values) == ("7", "Tom", "Hi %s", {"%s": "%s"})
    both = table(
        tmp_path,
        "\n".join(map(json.dumps, rows)),
        name="t.jsonl",
        columns={"text": ["line.en", "line.de"]},
        locales={"line.en": "en", "line.de": "de"},
    )
    assert [item.text for item in both.translations] == ["Hallo %s"]


def test_godots_cells_are_unescaped_and_plain_ones_are_not(tmp_path):
    godot = table(tmp_path, 'keys,en\na,"Two\\nrows, a \\""b\\"" and \\d"\n')
    assert godot.lines[0].text == 'Two\nrows, a "b" and \\d'
    assert table(tmp_path, "id,text\na,C:\\new\n").lines[0].text == "C:\\new"
    unreal = table(tmp_path, 'Key,SourceString\n"a","Two\\nrows"\n')
    assert unreal.lines[0].text == "Two\nrows"


def test_godots_plural_rows_and_rules_are_no_lines(tmp_path):
    imported = table(
        tmp_path,
        "en,?plural,fr,_c\n?pluralrule,,nplurals=2; plural=(n >= 2);,x\n"
        "There is %d apple,There are %d apples,Il y a %d pomme,\n,,Il y a %d pommes,\n",
    )
    [line] = imported.lines
    assert (line.id, line.text, line.generated) == ("There is %d apple", "There is %d apple", True)
    assert [item.text for item in imported.translations] == ["Il y a %d pomme"]
    assert told(imported) == []


def test_unreals_texts_and_dialogue_scripts_are_read(tmp_path):
    data = table(
        tmp_path,
        '---,Speaker,Text\nRow_1,Tom,"NSLOCTEXT(""ns"", ""key"", ""Say \\""hi\\"" now"")"\n'
        'Row_2,,"INVTEXT(""Oh"")"\n',
    )
    assert [(line.id, line.text) for line in data.lines] == [("Row_1", 'Say "hi" now'), ("Row_2", "Oh")]
    script = table(
        tmp_path,
        "SpeakingVoice,TargetVoices,SpokenDialogue,VoiceActorDirection,AudioFileName,IsRecorded\n"
        'Tom,"(""Anne"")",Hello,softly,D_01_Hello.wav,False\n',
    )
    [line] = script.lines
    assert (line.id, line.character, line.direction) == ("D_01_Hello", "Tom", "softly")
    assert line.audio == "D_01_Hello.wav"


def test_remarks_silence_lint_and_are_no_direction_then(tmp_path):
    imported = table(tmp_path, "id,text,note\n1,,softly # fullcast: ignore D006\n2,b,loud\n")
    assert imported.ignored == {("t.csv", 2): {"D006"}}
    assert [line.direction for line in imported.lines] == ["softly", "loud"]


def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path):
    text = 'keys;en\na;"Hi\nyou"\n'
    assert table(tmp_path, "\ufeff" + text.replace("\n", "\r\n")) == table(tmp_path, text)


def test_bytes_that_are_no_utf8_are_told(tmp_path):
    imported = table(tmp_path, b"id,text\n1,Caf\xe9\n2,Tea\n")
    assert [(found.code, found.message) for found in imported.findings] == [("D019", "not UTF-8 at byte 13")]
    assert len(imported.lines) == 2


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("id,character\n", {}, "t.csv:1: no column of text"),
        ("id,text,en\n", {}, "t.csv:1: a column of text and one of en"),
        ("keys,de,fr\n", {"locale": "it"}, "no column of the table's `locale` it; there are: de, fr"),
        ("id,text\n", {"format": "xlsx"}, "no table is written in 'xlsx'; there are: csv, tsv, jsonl"),
        ("id,text\n", {"columns": 3}, "'columns'"),
        ("", {}, "the table has no header"),
    ],
)
def test_a_table_that_is_not_clear_is_a_usage_error(tmp_path, text, options, message):
    with pytest.raises(UsageError) as error:
        table(tmp_path, text, base_locale="en", **options)
    assert message in str(error.value)


def test_a_missing_table_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="gone.csv: no such file"):
        read(SourceRequest(tmp_path, tmp_path / "gone.csv"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{a} {{b.c}} ${d} {0}", {"{a}": "a", "{{b.c}}": "b.c", "${d}": "d", "{0}": "0"}),
        ("%s %d %1$s %.2f %(x)s", {"%s": "%s", "%d": "%d", "%1$s": "%1$s", "%.2f": "%.2f", "%(x)s": "x"}),
        ("100% sure, 50%, 100%safe, %%d", {}),
        ("a { b", {}),
    ],
)
def test_placeholders_are_what_the_game_fills(text, found):
    assert placeholders(text) == found


def test_escapes_are_resolved_in_one_pass():
    assert unescape(r"a\nb\\nc\x") == "a\nb\\nc\\x"
