"""Lint over many lines, voices, variants, severities and what silences them."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from game_files import HEAD, codes, table_game, write_game, yarn_game
from hypothesis import given
from hypothesis import strategies as st

from pipeline.game.findings import CODES
from pipeline.game.line import GameLine, Place, Translation, text_lock
from pipeline.game.lint_ids import containments, prefixes
from pipeline.game.lint_speakers import lint_translated_speakers, near_twins
from pipeline.game.lint_translations import lint_missing, lint_stale, lint_unknown
from pipeline.game.project import load_project


def messages(game, code: str) -> list[str]:
    return [str(found) for found in game.findings if found.code == code]


def line(number: int, text: str = "Hi.", **more) -> GameLine:
    return GameLine(f"line:{number}", "line", "Tom", text, Place("a.yarn", number), "yarn", **more)


def row(number: int, text: str = "Hallo.", file: str = "de.csv", **more) -> Translation:
    return Translation(f"line:{number}", "de", text, Place(file, number + 1), **more)


def test_every_code_has_a_title_help_and_severity():
    assert list(CODES) == [f"D{number:03d}" for number in range(1, 26)]
    assert all(code.title and code.help.endswith((".", "`")) for code in CODES.values())


def test_a_line_without_id_names_the_formats_own_tool(tmp_path):
    game = yarn_game(tmp_path, "Tom: Hi.\nTom: You. #line:a")
    assert codes(game) == [("D001", 3)]
    assert "run `ysc tag" in messages(game, "D001")[0]
    assert [one.unvoiced for one in game.voiced] == ["no-id", None]


def test_an_id_used_twice_over_two_sources_names_the_first_place(tmp_path):
    write_game(
        tmp_path, HEAD + "[[tables]]\npath = '*.csv'\n", a_csv="id,text\nx,One.\n", b_csv="id,text\nx,Two.\n"
    )
    game = load_project(tmp_path)
    assert messages(game, "D002") == ["b.csv:2: D002: id `x` is used twice, first at a.csv:2 [x]"]
    assert [one.unvoiced for one in game.voiced] == [None, "duplicate-id"]


def test_an_unknown_character_is_an_error_with_a_cast_and_a_hint_without(tmp_path):
    rows = (
        "id,character,text\n" + "".join(f"k{n:02d},Crewmate,Hi.\n" for n in range(3)) + "k09,Crewemate,Hi.\n"
    )
    game = table_game(tmp_path, rows)
    assert [(found.code, found.severity, found.row) for found in game.findings] == [("D003", "warning", 5)]
    assert messages(game, "D003")[0].endswith(
        "unknown character `Crewemate`; did you mean `Crewmate` (3 lines)? [k09]"
    )
    game = table_game(tmp_path, rows + "k10,Zoe,Hi.\n", "cast = ['Crewmate']")
    assert [(found.row, found.severity) for found in game.findings] == [(5, "error"), (6, "error")]
    assert table_game(tmp_path, rows, "cast = ['Crewmate', 'Crewemate']").findings == ()


@pytest.mark.parametrize(
    ("counts", "slips"),
    [
        ({"Crewmate": 8, "Crewemate": 1}, [("Crewemate", "Crewmate")]),
        ({"Anne": 6, "Ane": 2}, [("Ane", "Anne")]),
        ({"Anne": 5, "Ane": 2}, []),
        ({"Guard 1": 9, "Guard 2": 1}, []),
        ({"A": 9, "B": 1}, []),
        ({"Tom": 9, "Tim": 1, "Ton": 1}, [("Tim", "Tom"), ("Ton", "Tom")]),
        ({"Anna": 9, "Nana": 1}, []),
    ],
)
def test_a_twin_is_one_edit_away_and_three_times_as_talkative(counts, slips):
    assert list(near_twins(counts)) == slips


names = st.lists(st.text("ab1", min_size=1, max_size=6), unique=True, max_size=12)


@given(names)
def test_containments_are_those_that_comparing_all_pairs_finds(ids):
    expected = {
        inner: found
        for inner in ids
        if (found := [outer for outer in ids if inner in outer and inner != outer])
    }
    assert containments(ids) == expected
    starts = {inner: [outer for outer in ids if outer.startswith(inner) and inner != outer] for inner in ids}
    assert dict(prefixes(ids)) == {inner: found for inner, found in starts.items() if found}


def test_looking_for_containment_asks_about_each_place_once_not_each_pair():
    rng = random.Random(1)
    ids = [f"scene_{rng.randrange(10**6):06d}_{number:05d}" for number in range(20_000)]
    asked = Counter()

    class Counting(str):
        def __getitem__(self, key):
            asked["pieces"] += 1
            return str.__getitem__(self, key)

    containments([Counting(name) for name in ids])
    characters = sum(map(len, ids))
    assert asked["pieces"] < 3 * characters


@pytest.mark.parametrize(
    ("engine", "severity"),
    [("unity", "error"), ("dink", "error"), ("renpy", "warning"), ("plain", "warning")],
)
def test_a_contained_id_is_an_error_where_the_engine_looks_for_parts_of_names(tmp_path, engine, severity):
    rows = "id,text\ntom_1,Hi.\ntom_10,You.\nTOM_1x,There.\n"
    game = table_game(tmp_path, rows, head=HEAD.replace("plain", engine))
    found = [each for each in game.findings if each.code == "D013"]
    assert [(each.row, each.severity) for each in found] == [(2, severity)]
    assert "id `tom_1` is contained in `tom_10`, `TOM_1x`" in found[0].message


def test_dink_minds_only_how_a_name_starts(tmp_path):
    rows = "id,text\nx1,Hi.\nax1,You.\n"
    assert codes(table_game(tmp_path, rows, head=HEAD.replace("plain", "dink"))) == []
    assert codes(table_game(tmp_path, rows, head=HEAD.replace("plain", "unity"))) == [("D013", 2)]


def test_two_ids_that_are_one_file_are_an_error_everywhere(tmp_path):
    game = table_game(tmp_path, "id,text\na b,Hi.\nA-B,You.\n")
    assert [(found.code, found.row, found.severity) for found in game.findings] == [("D013", 3, "error")]


def test_values_are_an_error_until_they_are_declared(tmp_path):
    rows = "id,text\npay,You have {gold} coins and {gold} more.\n"
    game = table_game(tmp_path, rows)
    assert messages(game, "D005") == [
        "lines.csv:2: D005: text needs a value at run time: `{gold}` = `gold` [pay]"
    ]
    assert [one.unvoiced for one in game.voiced] == ["value"]
    game = table_game(tmp_path, rows, "variants = { gold = ['one', 'two'] }")
    assert [(one.spoken, one.variant) for one in game.voiced] == [
        ("You have one coins and one more.", ("one",)),
        ("You have two coins and two more.", ("two",)),
    ]
    game = table_game(tmp_path, rows, "variants = { '{gold}' = { say = 'some' } }")
    assert [(one.spoken, one.variant) for one in game.voiced] == [("You have some coins and some more.", ())]
    game = table_game(tmp_path, rows, "variants = { gold = { skip = true } }")
    assert [(one.unvoiced, game.findings) for one in game.voiced] == [("skip", ())]


def test_a_locale_has_its_own_values(tmp_path):
    rows = "id,en,de\npay,Take {n}.,Nimm {n}.\n"
    game = table_game(tmp_path, rows, "variants = { n = ['one'], 'n@de' = ['eins', 'zwei'] }")
    assert [one.spoken for one in game.voiced] == ["Take one.", "Nimm eins.", "Nimm zwei."]


def test_more_than_24_variants_are_an_error_not_a_bill(tmp_path):
    values = ", ".join(f"'v{number}'" for number in range(5))
    rows = "id,text\npay,{a} {b}\n"
    game = table_game(tmp_path, rows, f"variants = {{ a = [{values}], b = [{values}] }}")
    assert "its values make 25 texts, over 24" in messages(game, "D005")[0]
    assert [one.unvoiced for one in game.voiced] == ["value"]


def test_speech_that_is_empty_long_or_full_of_pictures_is_told(tmp_path):
    rows = f"id,text\na,...\nb,{'long ' * 61}\nc,Hi 😕 ♪\nd,[b]Hi\n"
    game = table_game(tmp_path, rows)
    assert codes(game) == [("D006", 2), ("D024", 3), ("D007", 4), ("D008", 5)]
    assert [one.unvoiced for one in game.voiced] == ["silent", None, None, None]
    assert "`😕`, `♪` are not spoken" in messages(game, "D007")[0]
    assert "304 characters, over 300" in messages(game, "D024")[0]


def test_options_are_voiced_and_judged_only_when_the_project_asks(tmp_path):
    body = "-> ... #line:a\n-> Yes {$x} #line:b"
    assert yarn_game(tmp_path, body).findings == ()
    game = yarn_game(tmp_path, body, "render_options = true\n")
    assert codes(game) == [("D006", 3), ("D005", 4)]


def test_an_emotion_is_mapped_or_kept_as_direction(tmp_path):
    rows = "id,text,emotion,direction\na,Hi.,cross,quietly\nb,You.,Mad,\nc,No.,,whispering; mad\n"
    game = table_game(tmp_path, rows, "emotions = { mad = 'angry' }")
    assert codes(game) == [("D015", 2)]
    cross, mad, words = game.voiced
    assert (cross.direction_text, cross.direction.emotion.label) == ("cross; quietly", None)
    assert (mad.emotion, mad.direction.emotion.label, mad.direction_text) == ("Mad", "angry", None)
    assert (words.emotion, words.direction.emotion.label) == ("mad", "angry")
    assert words.direction.emotion.style == "whispering; mad"


def test_an_emotion_may_be_a_point_or_a_direction_of_its_own(tmp_path):
    rows = "id,text,emotion\na,Hi.,icy\nb,You.,wild\n"
    more = (
        "emotions = { icy = { valence = -0.4, arousal = -0.2 }, wild = { emotion = 'excited', rate = 1.2 } }"
    )
    icy, wild = table_game(tmp_path, rows, more).voiced
    assert (icy.direction.emotion.valence, icy.direction.emotion.label) == (-0.4, None)
    assert (wild.direction.emotion.label, wild.direction.rate) == ("excited", 1.2)


def test_voices_are_found_by_locale_then_language_then_name_then_anyone(tmp_path):
    head = """engine = "plain"
locales = ["en", "de-CH"]
[voices]
Tom = { voice = "tom", rate = 1.1 }
"Tom@de" = "tom-de"
"*@de-CH" = "swiss"
"*" = "any"
narrator = "teller"
"""
    rows = "id,character,en,de-CH\na,Tom,Hi.,Hoi.\nb,Ann,Hi.,Hoi.\nc,,Night.,Nacht.\n"
    game = table_game(tmp_path, rows, head=head)
    assert [(one.voice, one.voice_key) for one in game.voiced] == [
        ("tom", "Tom"), ("any", "*"), ("teller", "narrator"),
        ("tom-de", "Tom@de"), ("swiss", "*@de-CH"), ("teller", "narrator"),
    ]  # fmt: skip
    assert game.voiced[0].direction.rate == 1.1


def test_a_character_without_voice_is_told_once_for_each_locale(tmp_path):
    rows = "id,character,en,de\na,Ann,Hi.,Hallo.\nb,Ann,You.,Du.\nc,Tom,No.,Nein.\n"
    game = table_game(tmp_path, rows, head='engine = "plain"\nvoices = { Tom = "x" }\n')
    assert sorted(each.split("D023: ")[1] for each in messages(game, "D023")) == [
        "character `Ann` has no voice in [voices] for `de` (2 lines) [a]",
        "character `Ann` has no voice in [voices] for `en` (2 lines) [a]",
    ]
    assert Counter(one.unvoiced for one in game.voiced) == {"no-voice": 4, None: 2}


def test_barks_get_as_many_takes_as_a_rule_or_a_tag_asks_for(tmp_path):
    body = "Tom: A. #line:bark_1\nTom: B. #line:talk #takes:2\nTom: C. #line:other"
    game = yarn_game(tmp_path, body, '[[barks]]\nids = ["line:bark_*"]\ntakes = 3\n')
    assert [one.takes for one in game.voiced] == [3, 2, 1]
    assert {one.takes for one in yarn_game(tmp_path, body, "takes = 4\n").voiced} == {4, 2}


def test_a_missing_text_is_told_where_the_text_would_stand():
    lines = [line(1), line(2), line(3)]
    texts = {("line:1", "de"): row(1), ("line:3", "de"): row(3, "  ")}
    found = list(lint_missing(lines, ["de"], texts))
    assert [(each.id, each.place.where) for each in found] == [("line:2", "de.csv:2"), ("line:3", "de.csv:4")]


def test_a_locale_without_any_text_for_a_file_is_told_once():
    found = list(lint_missing([line(1), line(2)], ["de"], {}))
    assert [(each.id, each.message) for each in found] == [(None, "de has no text for any of 2 lines")]


def test_rows_of_unknown_lines_and_of_older_texts_are_told():
    assert [each.code for each in lint_unknown([row(1), row(2)], {"line:1"})] == ["D010"]
    base = line(1, "Tom: Hi.")
    fresh, old, unlocked = row(1, lock=text_lock("Tom: Hi.").upper()), row(1, lock="00000000"), row(1)
    assert [each.message for each in lint_stale([(base, fresh), (base, old), (base, unlocked)])] == [
        f"translation is older than the base text (lock 00000000, now {base.lock})"
    ]


def test_the_rarer_of_two_translated_speakers_is_told():
    pairs = [(line(n), row(n, speaker=who)) for n, who in enumerate(["Hexe", "Hexe", "Hag", "Hexe"], 1)]
    pairs.append((replace(line(9), character=None), row(9, speaker="Other")))
    found = list(lint_translated_speakers(pairs))
    assert [(each.id, each.code) for each in found] == [("line:3", "D025")]
    assert "(`Hag`, `Hexe`)" in found[0].message


def test_severity_is_the_projects_and_strict_makes_errors(tmp_path):
    rows = "id,text\na,Hi ♪\nb,...\n"
    game = table_game(tmp_path, rows, "lint = { D007 = 'error', D006 = 'off' }")
    assert [(found.code, found.severity) for found in game.findings] == [("D007", "error")]
    table_game(tmp_path, rows)
    strict = load_project(tmp_path, strict=True)
    assert {found.severity for found in strict.findings} == {"error"}


def test_a_comment_silences_its_line_in_all_locales(tmp_path):
    csv = "language,id,text,file,node,lineNumber,lock,comment\nde,line:a,Tom: Ach ♪,talk.yarn,Start,3,,\n"
    project = '{"projectFileVersion": 3, "sourceFiles": ["*.yarn"], "baseLanguage": "en", '
    project += '"localisation": {"de": {"strings": "de.csv"}}}'
    head = HEAD + 'sources = [{ format = "yarn", path = "p.yarnproject" }]\n'
    for comment, expected in (
        ("", [("de.csv", "D007"), ("talk.yarn", "D007")]),
        (" // fullcast: ignore D007", []),
    ):
        script = f"title: Start\n---\nTom: Oh ♪ #line:a{comment}\n===\n"
        write_game(tmp_path, head, talk_yarn=script, de_csv=csv, p_yarnproject=project)
        game = load_project(tmp_path)
        assert [(found.file, found.code) for found in game.findings] == expected


def test_findings_of_locales_that_are_not_voiced_are_left_out(tmp_path):
    rows = "id,en,de,fr\na,Hi.,Hallo.,\n"
    assert codes(table_game(tmp_path, rows)) == [("D009", 2)]
    game = table_game(tmp_path, rows, "locales = ['en', 'de']")
    assert codes(game) == []
    assert [one.locale for one in game.voiced] == ["en", "de"]


def test_shadow_lines_get_no_file_and_must_repeat_their_source(tmp_path):
    game = yarn_game(tmp_path, "Hi there. #line:a\nHi there. #shadow:a\nHi. #shadow:a\nNo. #shadow:b")
    assert codes(game) == [("D020", 5), ("D020", 6)]
    assert [one.unvoiced for one in game.voiced] == [None, "shadow", "shadow", "shadow"]


def test_tables_of_other_locales_are_translations_of_the_first(tmp_path):
    config = "[[tables]]\npath = 'en.csv'\nlocale = 'en'\n[[tables]]\npath = 'de.csv'\nlocale = 'de'\n"
    write_game(
        tmp_path, HEAD + config, en_csv="id,text\na,Hi.\nb,You.\n", de_csv="id,text\na,Hallo.\nx,Nein.\n"
    )
    game = load_project(tmp_path)
    assert [(one.locale, one.spoken) for one in game.voiced] == [
        ("en", "Hi."),
        ("en", "You."),
        ("de", "Hallo."),
    ]
    assert [(found.code, found.file, found.id) for found in game.findings] == [
        ("D009", "de.csv", "b"), ("D010", "de.csv", "x"),
    ]  # fmt: skip


def test_the_base_language_is_the_projects_word_then_the_sources_then_the_first_listed(tmp_path):
    rows = "id,text\na,Hi.\n"
    assert table_game(tmp_path, rows).base_locale == "en"
    assert table_game(tmp_path, rows, "locales = ['de_AT', 'en']").base_locale == "de-AT"
    assert table_game(tmp_path, rows, "base_locale = 'french'").base_locale == "fr"
    assert (
        table_game(tmp_path, rows, "base_locale = 'latinum'\nlocale_names = { latinum = 'la' }").base_locale
        == "la"
    )


def test_a_table_of_another_language_is_no_second_base_beside_sources_without_one(tmp_path):
    config = (
        'sources = [{ format = "yarn", path = "talk.yarn" }]\n[[tables]]\npath = "fr.csv"\nlocale = "fr"\n'
    )
    script = "title: Start\n---\nTom: Hi. #line:a\nTom: Well. #line:b\n===\n"
    write_game(tmp_path, HEAD + config, talk_yarn=script, fr_csv="id,text\nline:a,Salut.\nline:x,Non.\n")
    game = load_project(tmp_path)
    assert (game.base_locale, game.locales) == ("en", ("en", "fr"))
    assert [source.base_locale for source in game.sources] == ["en", "en"]
    assert [line.id for line in game.lines] == ["line:a", "line:b"]
    assert [(found.code, found.file, found.id) for found in game.findings] == [
        ("D009", "fr.csv", "line:b"), ("D010", "fr.csv", "line:x"),
    ]  # fmt: skip


def test_an_emotion_s_first_known_attribute_is_meant_and_an_unknown_one_told_where_it_was_set(tmp_path):
    script = 'define e = Character(\'Eileen\')\nlabel start:\n    e green @ smile "Hi."\n    e blue "You."\n'
    config = 'sources = [{ format = "renpy", path = "script.rpy" }]\n[emotions]\ngreen = "happy"\n'
    write_game(tmp_path, HEAD + config, script_rpy=script)
    game = load_project(tmp_path)
    assert [one.emotion for one in game.voiced] == ["green", "blue"]
    told = [(found.row, found.message) for found in game.findings if found.code == "D015"]
    assert told == [(4, "emotion `blue` is not in [emotions]")]


def test_an_emotion_that_a_command_set_is_told_at_the_command(tmp_path):
    body = "<<face Tom cross>>\nTom: Hi. #line:a\nTom: You. #line:b"
    game = yarn_game(tmp_path, body, "[yarn]\nemotion_commands = { face = [1, 2] }\n")
    assert codes(game) == [("D015", 3)]


def test_a_value_that_only_a_translation_asks_for_is_an_error(tmp_path):
    script = "title: A\n---\nTom: Say \\{0\\}. #line:a\nTom: Well. #line:b\n===\n"
    more = 'sources = [{ format = "yarn", path = "t.yarn", strings = { de = "de.csv" } }]\n'
    write_game(tmp_path, HEAD + more, t_yarn=script, de_csv="id,text\nline:a,Sag.\nline:b,Nun {0}.\n")
    game = load_project(tmp_path)
    assert [(found.code, found.file, found.id) for found in game.findings] == [("D005", "de.csv", "line:b")]
