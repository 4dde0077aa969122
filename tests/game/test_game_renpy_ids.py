"""Identifiers of Ren'Py dialogue: label, hash of the block's code, a number where that is taken."""

import hashlib
import textwrap

import pytest

from pipeline.game.formats.renpy_ids import digest_of, identify
from pipeline.game.formats.renpy_rows import rows_of
from pipeline.game.formats.renpy_script import read_script, registered_statements


def md5(*codes: str) -> str:
    return hashlib.md5("".join(code + "\r\n" for code in codes).encode()).hexdigest()[:8]


def ids(script: str, mode="say", statements: str = "") -> list[tuple[str, str | None]]:
    rows = rows_of(textwrap.dedent(script), "a.rpy")
    known = registered_statements(rows_of(textwrap.dedent(statements), "b.rpy"))
    (found,) = identify([read_script(rows, known).blocks], mode)
    return [(item.identifier, item.alternate) for item in found if item.spoken]


def names(script: str, mode="say", statements: str = "") -> list[str]:
    return [name for name, _ in ids(script, mode, statements)]


def test_a_known_digest():
    assert digest_of(['e "Hello, world."']) == "558d6c23"


def test_an_identifier_is_label_and_hash_of_the_code():
    script = """
        "Before."
        label start:
            e happy  "Come   in."
        label next:
        e "Come in." with dissolve
        """
    assert names(script) == [
        md5('"Before."'),
        "start_" + md5('e happy "Come in."'),
        "next_" + md5('e "Come in." with dissolve'),
    ]


def test_the_same_code_under_one_label_is_numbered():
    script = 'label a:\n    e "Hm."\n    e "Hm."\n    e "Hm."\nlabel b:\n    e "Hm."\n'
    digest = md5('e "Hm."')
    assert names(script) == [f"a_{digest}", f"a_{digest}_1", f"a_{digest}_2", f"b_{digest}"]


def test_only_says_are_hashed_now_and_what_stands_before_them_was_once():
    script = 'label a:\n    nvl clear\n    voice "x.ogg"  \n    e "Hm."\n    $ x = 1\n    e "So."\n'
    assert names(script) == ["a_" + md5('e "Hm."'), "a_" + md5('e "So."')]
    old = "a_" + md5("nvl clear", 'voice "x.ogg"  ', 'e "Hm."')
    assert names(script, "all") == [old, "a_" + md5('e "So."')]


def test_a_statement_between_ends_a_block():
    script = 'label a:\n    nvl clear\n    scene black\n    e "Hm."\n'
    assert names(script, "all") == ["a_" + md5('e "Hm."')]


@pytest.mark.parametrize(
    ("before", "label"),
    [
        ("label a:", "a"),
        ("label a.b:", "a_b"),
        ("label a:\n    pass\nlabel .c:", "a_c"),
        ("label a(x, y=(1, 2)):", "a"),
        ("label a:\n    pass\nlabel hidden hide:", "a"),
        ("label a:\n    call elsewhere from back_here\nif True:", "back_here"),
        ("menu pick:\n    'Go.':\n        pass\nif True:", "pick"),
        ("init label early:", "early"),
    ],
)
def test_the_label_is_the_last_one_that_counts(before, label):
    digest = md5('e "Hm."')
    assert names(f'{before}\n    e "Hm."\n')[-1] == f"{label}_{digest}"


def test_a_label_with_an_underscore_gives_a_second_name():
    digest = md5('e "Hm."')
    assert ids('label a:\n    pass\nlabel _b:\n    e "Hm."\n') == [(f"a_{digest}", f"_b_{digest}")]


def test_a_given_id_wins_and_leaves_the_computed_one_as_second():
    digest = md5('e "Hm." id mine')
    assert ids('label a:\n    e "Hm." id mine\n') == [("mine", f"a_{digest}")]


def test_a_computed_name_steps_aside_for_a_given_one():
    digest = md5('e "Hm."')
    script = f'label a:\n    e "Hm."\n    e "Other." id a_{digest}\n'
    assert names(script) == [f"a_{digest}_1", f"a_{digest}"]


def test_files_share_their_names():
    rows = rows_of('"Hm."\n', "a.rpy")
    blocks = read_script(rows, {}).blocks
    first, second = identify([blocks, blocks], "say")
    assert [first[0].identifier, second[0].identifier] == [md5('"Hm."'), md5('"Hm."') + "_1"]


def test_says_are_found_where_script_stands_and_nowhere_else():
    script = """
        init python:
            x = 'e "No."'
        screen s():
            text "No."
        image a:
            "no.png"
        style b:
            e "No."
        layeredimage c:
            always "no"
        translate french start_01234567:
            e "Non."
        translate french strings:
            old "No."
            new "Non."
        testcase t:
            "No."
        label start:
            show a:
                "no.png"
            play music "no.ogg"
            python:
                e("No.")
            $ e("No.")
            if x:
                e "One."
            elif y:
                while z:
                    e "Two."
            else:
                e "Three."
            unknown statement:
                e "Four."
            menu:
                e "Five?"
                "No." if x:
                    e "Six."
        """
    texts = [spoken.say.what for spoken in read_script(rows_of(textwrap.dedent(script), "a.rpy"), {}).spoken]
    assert texts == ["One.", "Two.", "Three.", "Four.", "Five?", "Six."]


def test_statements_of_the_game_itself_are_known_by_their_registration():
    statements = """
        python early:
            renpy.register_statement("scrap", parse=f, block=True)
            renpy.register_statement("aside", parse=f,
                block="script")
            renpy.register_statement("mood", parse=f, translatable=True)
        """
    script = """
        label a:
            scrap:
                e "No."
            aside now:
                e "One."
            mood "dark"
            e "Two."
        """
    assert names(script, "all", statements) == ["a_" + md5('e "One."'), "a_" + md5('mood "dark"', 'e "Two."')]


def test_a_menus_caption_does_not_wait():
    script = 'label a:\n    menu:\n        e happy "Where?"\n        "Home.":\n            pass\n'
    assert names(script) == ["a_" + md5('e happy "Where?" nointeract')]


def test_a_monologue_has_an_identifier_for_each_say():
    script = 'label a:\n    e """\n    One.\n\n    {clear}\n\n    Two.\n    """\n'
    assert names(script, "all") == ["a_" + md5('e "One."'), "a_" + md5("nvl clear", 'e "Two."')]
    script = "rpy monologue single\nlabel a:\n    e '''One.\n    Two.'''\n"
    assert names(script) == ["a_" + md5('e "One."'), "a_" + md5('e "Two."')]


def test_the_place_to_come_back_to_from_a_call_is_no_label_of_the_author():
    script = 'label a:\n    call b from _call_b\n    e "Hm."\n'
    digest = md5('e "Hm."')
    assert ids(script) == [(f"a_{digest}", f"_call_b_{digest}")]
    (spoken,) = read_script(rows_of(script, "a.rpy"), {}).spoken
    assert spoken.label == "a"
