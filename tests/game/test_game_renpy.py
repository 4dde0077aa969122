"""A Ren'Py game as a whole: lines, translations, export, cast, findings."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.renpy import read
from pipeline.game.formats.renpy_ids import digest_of
from pipeline.game.line import GameLine, Imported, text_lock

DATA = Path(__file__).parent / "data" / "renpy_lantern"
SCRIPT = "game/script.rpy"
FRENCH = "game/tl/french/script.rpy"


@pytest.fixture
def lantern(tmp_path) -> Path:
    """A copy of the small game, to be changed."""
    return Path(shutil.copytree(DATA, tmp_path / "lantern"))


def imported(folder: Path, path: str = ".", **options) -> Imported:
    return read(SourceRequest(folder, folder / path, options, {"french": "fr"}))


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8", newline="")


def told(found: Imported) -> list[tuple[str, str, int]]:
    return [(each.code, each.place.file, each.place.row) for each in found.findings]


def line(found: Imported, text: str) -> GameLine:
    return next(each for each in found.lines if text in each.text)


def game(folder: Path, script: str, **files: str) -> Path:
    (folder / "game").mkdir()
    (folder / "game" / "script.rpy").write_text(script, encoding="utf-8")
    for name, text in files.items():
        (folder / "game" / f"{name}.rpy").write_text(text, encoding="utf-8")
    return folder


def test_a_game_has_its_lines_translations_and_export():
    found = imported(DATA)
    facts = {file.file: file for file in found.files}
    assert (facts[SCRIPT].lines, facts[SCRIPT].ids) == (9, 9)
    assert facts[SCRIPT].characters == {"(narrator)": 1, "m": 3, "k": 5}
    assert facts["dialogue.tab"].counts == {"nointeract": 1, "matched": 9, "moved": 0, "text differs": 0}
    assert told(found) == [("D021", SCRIPT, 21)]
    assert [each.id for each in found.translations] == [each.id for each in found.lines]
    assert {each.locale for each in found.translations} == {"fr"}
    assert found.cast == {"m": "Mira", "k": "Keeper"}
    assert found.settings == {
        "renpy.tlid": "say",
        "voice_pattern": "voice/{id}.ogg",
        "renpy.language.fr": "french",
    }


def test_lines_hold_speaker_attributes_label_and_comment():
    found = imported(DATA)
    lamp, here = found.lines[:2]
    assert (lamp.kind, lamp.character, lamp.place.row, lamp.place.node) == ("narration", None, 10, "start")
    assert (here.kind, here.character, here.notes, here.emotion) == ("line", "m", ("out of breath",), None)
    asks = line(found, "asking")
    assert (asks.emotion, asks.emotion_choices, asks.tags) == (
        "angry",
        ("angry", "tired"),
        ("tired", "@angry"),
    )
    assert asks.text == "Who's asking? {b}Mind{/b} the step, it is {{wet}."
    close = line(found, "close the hatch")
    assert (close.character, close.speaker_written) == ("k", "extend")
    assert line(found, "Well, then?").tags == ("nointeract",)
    given_up = line(found, "given up")
    assert (given_up.place.row, given_up.place.node) == (34, "light")


def test_what_a_translation_with_a_given_id_was_made_from_is_in_the_comment_above_it(lantern):
    same = {each.id: each.lock for each in imported(lantern).translations}
    assert same == {each.id: each.lock for each in imported(lantern).lines}
    edit(lantern / SCRIPT, 'm "There." id', 'm "There it is." id')
    changed = imported(lantern)
    assert {each.id: each.lock for each in changed.translations} == same
    assert same["lit_at_last"] == text_lock("There.")
    assert line(changed, "There it is.").lock != same["lit_at_last"]


def test_a_computed_id_says_what_the_base_text_was_whatever_the_comment_says(lantern):
    edit(lantern / FRENCH, '# m "Is anybody up here?"', '# m "Is anyone up here?"')
    here = next(each for each in imported(lantern).translations if each.id == "start_ab791919")
    assert here.lock == text_lock("Is anybody up here?")


def test_one_changed_word_makes_the_export_and_a_translation_wrong(lantern):
    edit(lantern / SCRIPT, "Is anybody up here?", "Is somebody up here?")
    found = imported(lantern)
    assert told(found) == [
        ("D021", SCRIPT, 21),
        ("D022", "dialogue.tab", 3),
        ("D010", FRENCH, 10),
        ("D009", SCRIPT, 11),
    ]
    assert found.findings[1].id == "start_ab791919"


def test_a_line_that_came_after_the_export_is_found_in_the_script(lantern):
    edit(lantern / SCRIPT, "    return\n\nlabel", '    return\n\nlabel extra:\n    m "More."\n\nlabel')
    found = [each for each in told(imported(lantern)) if each[0] == "D022"]
    assert found == [("D022", SCRIPT, 33)]


def test_an_export_that_only_moved_is_counted_and_not_a_fault(lantern):
    edit(lantern / SCRIPT, "label start:", "\nlabel start:")
    found = imported(lantern)
    assert next(file for file in found.files if file.role == "export").counts["moved"] == 9
    assert "D022" not in {each.code for each in found.findings}


def test_an_export_alone_has_its_lines(lantern):
    shutil.rmtree(lantern / "game")
    found = imported(lantern, "dialogue.tab")
    assert [each.id for each in found.lines] == [each.id for each in imported(DATA).lines]
    asks = line(found, "asking")
    assert (asks.character, asks.emotion_choices, asks.text) == (
        "k",
        ("angry", "tired"),
        "Who's asking? {b}Mind{/b} the step, it is {wet}.",
    )
    assert (asks.place.file, asks.place.row, asks.place.node) == ("dialogue.tab", 4, "start")
    assert asks.notes == ("game/script.rpy:14",)
    assert line(found, "close the hatch").character == "k"
    assert (found.cast, found.findings, found.translations) == (None, (), ())


def test_an_identifier_twice_in_an_export_is_found(lantern):
    shutil.rmtree(lantern / "game")
    edit(lantern / "dialogue.tab", "start_ab791919", "start_39f95ffb")
    found = imported(lantern, "dialogue.tab")
    assert [(each.code, each.place.row, each.id) for each in found.findings] == [
        ("D002", 3, "start_39f95ffb")
    ]
    assert found.findings[0].message.endswith("first at dialogue.tab:2")


def test_the_text_of_a_script_is_used_where_an_export_is_there_too():
    found = read(SourceRequest(DATA, DATA / "dialogue.tab"))
    assert line(found, "asking").text.endswith("{{wet}.")
    assert line(found, "asking").place.file == SCRIPT


def test_show_gives_attributes_only_if_the_game_is_said_to_use_them():
    assert line(imported(DATA), "Is anybody").emotion is None
    found = imported(DATA, show_attributes=True)
    assert line(found, "Is anybody").emotion_choices == ("worried",)
    assert line(found, "oil").emotion_choices == ("calm",)
    assert line(found, "asking").emotion_choices == ("angry", "tired")
    assert line(found, "close the hatch").emotion is None
    assert line(found, "There.").emotion is None  # another label: nobody knows what is shown


def test_images_of_characters_may_be_named_by_the_project(tmp_path):
    folder = game(tmp_path, 'label a:\n    show girl glad\n    m "Hm."\n    hide girl\n    m "So."\n')
    assert [each.emotion for each in imported(folder, show_attributes=True).lines] == [None, None]
    found = imported(folder, show_attributes=True, images={"m": "girl"})
    assert [each.emotion for each in found.lines] == ["glad", None]


def test_attributes_of_a_say_stay_and_the_newest_wins(tmp_path):
    rows = [
        "label a:",
        "show m glad",
        'm "One."',
        'm sad @ loud "Two."',
        'm "Three."',
        "show m calm",
        'm "Four."',
    ]
    folder = game(tmp_path, "\n    ".join(rows) + "\n")
    found = imported(folder, show_attributes=True)
    assert [each.emotion_choices for each in found.lines] == [
        ("glad",),
        ("loud", "sad", "glad"),
        ("sad",),
        ("calm",),
    ]


def test_an_id_given_twice_is_found_in_both_files(tmp_path):
    folder = game(
        tmp_path, 'label a:\n    "One." id x\n    "Two." id x\n', two='label b:\n    "Three." id x\n'
    )
    found = imported(folder)
    assert [(each.code, each.place.where, each.id) for each in found.findings] == [
        ("D002", "game/script.rpy:3", "x"),
        ("D002", "game/two.rpy:2", "x"),
    ]
    assert all(each.message.endswith("first at game/script.rpy:2") for each in found.findings)


def test_identifiers_are_hashed_as_the_export_has_them(tmp_path):
    folder = game(tmp_path, 'label a:\n    nvl clear\n    "One."\n')
    new = imported(folder)
    old = imported(folder, tlid="all")
    assert new.lines[0].id != old.lines[0].id
    tab = "Identifier\tCharacter\tDialogue\tFilename\tLine Number\tRen'Py Script\n"
    for wanted, mode in ((old, "all"), (new, "say")):
        row = f'{wanted.lines[0].id}\t\tOne.\tgame/script.rpy\t3\t"[what]"\n'
        (folder / "dialogue.tab").write_text(tab + row, encoding="utf-8")
        found = imported(folder)
        assert (found.settings["renpy.tlid"], found.lines, found.findings) == (mode, wanted.lines, ())
    (folder / "dialogue.tab").unlink()
    (folder / "game" / "options.rpy").write_text("define config.tlid_only_considers_say = False\n")
    assert imported(folder).settings["renpy.tlid"] == "all"


def test_a_translation_may_stand_under_the_second_name_of_a_line(tmp_path):
    folder = game(tmp_path, 'label a:\n    "One." id x\n')
    tl = folder / "game" / "tl" / "de"
    tl.mkdir(parents=True)
    (tl / "script.rpy").write_text('translate de a_01234567:\n    "Eins."\n', encoding="utf-8")
    assert [each.code for each in imported(folder).findings] == ["D010"]
    computed = "a_" + digest_of(['"One." id x'])
    (tl / "script.rpy").write_text(f'translate de {computed}:\n    "Eins."\n', encoding="utf-8")
    found = imported(folder)
    assert [(each.id, each.locale, each.text) for each in found.translations] == [("x", "de", "Eins.")]
    assert found.findings == ()


def test_an_empty_translation_is_a_missing_one(lantern):
    edit(lantern / FRENCH, "La lampe s'est éteinte.", "")
    found = [each for each in imported(lantern).findings if each.code == "D009"]
    assert [(each.place.where, each.locale) for each in found] == [("game/script.rpy:10", "fr")]
    assert "fr has no text for `start_39f95ffb`" in found[0].message


def test_a_language_without_dialogue_lacks_nothing(lantern):
    (lantern / "game/tl/german").mkdir()
    strings = 'translate german strings:\n    old "Light it."\n    new "Anzünden."\n'
    (lantern / "game/tl/german/script.rpy").write_text(strings, encoding="utf-8")
    assert told(imported(lantern)) == [("D021", SCRIPT, 21)]


def test_a_voice_statement_names_the_sound_of_the_next_line(tmp_path):
    folder = game(tmp_path, 'label a:\n    voice "a/one.ogg"\n    "One."\n    "Two."\n')
    assert [each.audio for each in imported(folder).lines] == ["a/one.ogg", None]


def test_one_script_of_a_game_is_read_with_its_own_translations(lantern):
    (lantern / "game" / "more.rpy").write_text('label more:\n    k "More."\n', encoding="utf-8")
    (lantern / "game/tl/french/more.rpy").write_text('translate french more_00000000:\n    k "Plus."\n')
    found = imported(lantern, SCRIPT)
    assert (len(found.lines), len(found.translations)) == (9, 9)
    assert told(found) == [("D021", SCRIPT, 21)]
    assert found.cast == {"m": "Mira", "k": "Keeper"}


def test_names_in_all_of_a_game_are_its_cast_but_a_part_of_it_knows_no_stranger(tmp_path):
    script = 'define m = Character("Mira")\nlabel a:\n    m "One."\n    x "Two."\n    "Old man" "Three."\n'
    folder = game(tmp_path, script, two="pass\n")
    assert imported(folder).cast == {"m": "Mira", "Old man": "Old man"}
    assert imported(folder, "game/script.rpy").cast is None
    (folder / "game" / "two.rpy").write_text("default x = Character(kind=m)\n", encoding="utf-8")
    assert imported(folder, "game/script.rpy").cast == {"m": "Mira", "x": "Mira", "Old man": "Old man"}


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ('define m = Character("Mira")', "Mira"),
        ('define m = Character(_("Mira"), color="#fff")', "Mira"),
        ("define m = Character(\n    'Mira',\n    color='#fff')", "Mira"),
        ('define -2 m = NVLCharacter("Mira")', "Mira"),
        ('default m = Character(name="Mira")', "Mira"),
        ('init python:\n    m = Character("Mira")', "Mira"),
        ('$ m = Character("Mira")', "Mira"),
        ('init 3 python in store:\n    m = Character("Mira")', "Mira"),
        ('init:\n    define m = Character("Mira")', "Mira"),
        ('init 1 define m = Character("Mira")', "Mira"),
        ('define m = Character("[who]")', "[who]"),
        ('define m = DynamicCharacter("who")', "m"),
        ("define m = Character(None)", "m"),
        ("define m = friends[0]", "m"),
    ],
)
def test_characters_are_found_however_they_are_defined(tmp_path, definition, name):
    script = f'define other = Character("Other")\n{definition}\nlabel a:\n    m "Hm."\n'
    found = imported(game(tmp_path, script))
    assert (found.cast or {})["m"] == name


def test_names_inside_functions_of_a_game_are_no_characters(tmp_path):
    rows = [
        "init python:",
        "    def f():",
        "        x = Character('No')",
        "    if True:",
        "        m = Character('Mira')",
    ]
    found = imported(game(tmp_path, "\n".join(rows) + "\n"))
    assert found.cast == {"m": "Mira"}


def test_narrator_is_the_narrator_and_a_name_in_quotes_a_name(tmp_path):
    found = imported(
        game(tmp_path, 'label a:\n    narrator "One."\n    \'Old man\' "Two."\n    extend " Three."\n')
    )
    assert [(each.kind, each.character, each.speaker_written) for each in found.lines] == [
        ("narration", None, "narrator"),
        ("line", "Old man", "'Old man'"),
        ("line", "Old man", "extend"),
    ]


def test_comments_silence_their_row_or_the_next(tmp_path):
    rows = [
        "label a:",
        '    m "One."  # fullcast: ignore D005, d007',
        "    # fullcast: ignore D006",
        "    # Another comment.",
        '    m "..."',
        '    m "# fullcast: no"  # plain',
    ]
    found = imported(game(tmp_path, "\n".join(rows) + "\n"))
    assert found.ignored == {
        ("game/script.rpy", 2): frozenset({"D005", "D007"}),
        ("game/script.rpy", 5): frozenset({"D006"}),
    }
    assert [each.notes for each in found.lines] == [(), (), ("plain",)]


def test_a_file_that_is_not_utf_8_is_told_and_still_read(tmp_path):
    folder = game(tmp_path, "")
    (folder / "game" / "script.rpy").write_bytes(b'\xef\xbb\xbflabel a:\r\n    "One."\r\n    "Tw\xff."\r\n')
    found = imported(folder)
    assert [(each.code, each.place.where, each.message) for each in found.findings] == [
        ("D019", "game/script.rpy:3", "not UTF-8 at byte 32")
    ]
    assert [each.text for each in found.lines] == ["One.", "Tw�."]


def test_files_are_read_in_the_order_in_which_the_engine_loads_them(tmp_path):
    folder = game(tmp_path, '"Hm."\n', a='"Hm."\n')
    (folder / "game" / "1st.rpy").write_text('"Hm."\n')
    (folder / "game" / "mods").mkdir()
    (folder / "game" / "mods" / "mods.txt").write_text("")
    (folder / "game" / "mods" / "0.rpy").write_text('"Hm."\n')
    found = imported(folder)
    assert [each.place.file for each in found.lines] == [
        "game/1st.rpy",
        "game/a.rpy",
        "game/script.rpy",
        "game/mods/0.rpy",
    ]
    repeats = Counter(str(each.id).partition("_")[2] for each in found.lines)
    assert repeats == {"": 1, "1": 1, "2": 1, "3": 1}


@pytest.mark.parametrize("path", ["nothing", "empty"])
def test_a_source_without_a_game_is_told(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as error:
        imported(tmp_path, path)
    assert error.value.where == path


def test_an_export_that_the_project_names_must_be_there(lantern):
    (lantern / "dialogue.tab").rename(lantern / "other.tab")
    assert next(file for file in imported(lantern, tab="other.tab").files if file.role == "export").lines == 9
    with pytest.raises(UsageError, match="no such export"):
        imported(lantern, tab="gone.tab")


def test_translate_none_puts_another_text_in_place_of_the_script_s(lantern):
    before = imported(lantern).lines
    last = before[-1]
    (lantern / "game/fixes.rpy").write_text(f'translate None {last.id}:\n\n    k "Another end."\n', "utf-8")
    found = imported(lantern)
    assert [each.id for each in found.lines] == [each.id for each in before]
    assert (found.lines[-1].text, found.lines[-1].place.where) == ("Another end.", "game/fixes.rpy:3")
    assert found.lines[:-1] == before[:-1]
    assert {row.locale for row in found.translations} == {"fr"}
    assert [row.lock for row in found.translations if row.id == last.id] == [None]
    assert "renpy.language.None" not in found.settings


def test_characters_may_be_defined_in_python_files(tmp_path):
    script = 'label start:\n    g "Hi."\n'
    game(tmp_path, script)
    (tmp_path / "game/cast_ren.py").write_text(
        'notes = "not read"\n"""renpy\ninit -5 python:\n"""\n'
        'g = Character("Guard", image="guard")\nif True:\n    config.auto_voice = "v/{id}.ogg"\n',
        encoding="utf-8",
    )
    found = imported(tmp_path)
    assert found.cast == {"g": "Guard"}
    assert found.settings["voice_pattern"] == "v/{id}.ogg"
    assert [file.file for file in found.files] == ["game/cast_ren.py", "game/script.rpy"]
