"""What of a game's text is spoken: section by section of the rules, format by format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.game.strip import SpokenPause, Stripped, strip


def spoken(text: str, format: str, **more: object) -> str:
    return strip(text, format, **more).spoken


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Tom: Uh.. hello?", "Uh.. hello?"),
        ("Old Man:What?", "What?"),
        (r"Tom\: and Ann: Hi", "Hi"),
        ("Mae: [wave]Hi[/wave] there", "Hi there"),
        ("Mae: a [x/] b", "a b"),
        ("Mae: a[x/] b", "a b"),
        ("Mae: a [b]b[c]c[/] d", "a bc d"),
        ('Mae: [a=1 b="x] y"]one[/a]', "one"),
        (r"Mae: \[sic\] 10\:30", "[sic] 10:30"),
        ("Mae: [nomarkup]a [b] [[]] .[/nomarkup]", "a [b] [[]] ."),
        ('[character name="Mae"]Mae: [/character]Hi: you', "Hi: you"),
        ('Mae: Ask [character name="Tom"]Tom[/character] first', "Ask first"),
        ("Mae: <b>loud</b> <color=#f00>red</color>", "loud red"),
        ("Mae: 3 < 4", "3 < 4"),
        ('Mae: <a href="x">see</a> <<not a tag>>', "see <<not a tag>>"),
    ],
)
def test_yarn_speaks_neither_speaker_nor_markup(text, says):
    assert spoken(text, "yarn", has_speaker=True) == says
    assert strip(text, "yarn", has_speaker=True).unclosed == ()


def test_a_narrators_colon_is_spoken():
    assert spoken("She spoke: yes", "yarn") == "She spoke: yes"


def test_yarns_pause_marker_keeps_its_length():
    found = strip("Mae: Well[pause=1500/] no [pause/] yes", "yarn", has_speaker=True)
    assert found == Stripped("Well no yes", (SpokenPause(5, 1.5), SpokenPause(8, 1.0)))


def test_select_says_the_declared_value_and_plural_needs_the_game():
    text = 'Mae: [select value={0} m="he" f="she"/] left'
    known = strip(text, "yarn", has_speaker=True, meanings={"{0}": "$sex"}, values={"$sex": "f"})
    assert (known.spoken, known.needs) == ("she left", ())
    unknown = strip(text, "yarn", has_speaker=True, meanings={"{0}": "$sex"})
    assert [meaning for _, meaning in unknown.needs] == ["$sex"]
    plural = strip(
        '[plural value={0} one="x" other="y"/]', "yarn", meanings={"{0}": "$n"}, values={"$n": "2"}
    )
    assert [meaning for _, meaning in plural.needs] == ["$n"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{b}Big{/b} {i}{color=#f00}red{/color}{/i}", "Big red"),
        ("{{curly}} [[square] 100%%", "{curly}} [square] 100%"),
        ("Hi{#second} there", "Hi there"),
        ("See {alt}the map{/alt}{noalt}-> X{/noalt}", "See the map"),
        ("{rb}東{/rb}{rt}tou{/rt}京", "東京"),
        ("{size=+10}Wow{/size}{fast}!", "Wow!"),
        ("{=name_style}Eileen{/=name_style}", "Eileen"),
        ("one{space=10}two", "one two"),
    ],
)
def test_renpy_speaks_no_tags_and_single_marks(text, says):
    assert spoken(text, "renpy") == says
    assert strip(text, "renpy").unclosed == ()


def test_renpys_waits_become_pauses_inside_and_vanish_at_the_ends():
    found = strip("{w}No.{w=1.5} Yes.{p}Maybe.{nw}", "renpy")
    assert found == Stripped("No. Yes. Maybe.", (SpokenPause(4, 1.5), SpokenPause(9, 0.75)))


@pytest.mark.parametrize(
    ("text", "format", "needs"),
    [
        ("You have {0} coins", "yarn", [("{0}", "$gold")]),
        ("Hi [name!q!t], [points:.2f] [d['k'][0]]", "renpy", ["name", "points", "d['k'][0]"]),
        ("Hi %(name)s", "renpy", ["name"]),
        ("It is {x} and {a|b}", "dink", ["x", "a|b"]),
        ("Go <> on -> there", "dink", ["<>", "->"]),
        ("%s gave %1$d to {name} and {{other}}", "table", ["%s", "%1$d", "name", "other"]),
        ("[[Hi|Hello]] you", "table", ["Hi|Hello"]),
    ],
)
def test_what_needs_a_value_is_named_by_what_it_stands_for(text, format, needs):
    found = strip(text, format, meanings={"{0}": "$gold"})
    wanted = [need[1] if isinstance(need, tuple) else need for need in needs]
    assert [meaning for _, meaning in found.needs] == wanted
    filled = strip(text, format, meanings={"{0}": "$gold"}, values=dict.fromkeys(wanted, "two"))
    assert filled.needs == () and "two" in filled.spoken


def test_escaped_braces_in_a_yarn_line_without_values_are_said_as_written():
    assert strip("Say {0} now", "yarn").needs == ()
    assert strip("Say {0} and {1}", "yarn", meanings={"{0}": "$a"}).needs == (("{0}", "$a"), ("{1}", "{1}"))


@pytest.mark.parametrize("text", ["100% sure", "50% of it", "5 %", "it is 50%discount"])
def test_a_percent_sign_is_no_placeholder(text):
    found = strip(text, "table")
    assert (found.spoken, found.needs) == (text, ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[b]Hi[/b] [wave amp=50]you[/wave]", "Hi you"),
        ("<b>Hi</b><br><color=#f00>you</color>", "Hi you"),
        ("[lb]x[rb]", "[x]"),
        ("[ghost]boo[/ghost]", "boo"),
        ("[img]", ""),
    ],
)
def test_tables_speak_no_rich_text(text, says):
    assert spoken(text, "table") == says


def test_a_wait_in_a_table_is_a_pause():
    assert strip("Well[wait=0.5]no", "table") == Stripped("Well no", (SpokenPause(5, 0.5),))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I *never* said **that** _once_", "I never said that once"),
        ("***all*** _*two*_", "all two"),
        (r"\*stars\* snake_case_name 2 * 3", "*stars* snake_case_name 2 * 3"),
    ],
)
def test_fountain_speaks_no_emphasis(text, says):
    assert spoken(text, "fountain") == says


@pytest.mark.parametrize(
    ("text", "format", "written"),
    [
        ("{b}x", "renpy", "{b}"),
        ("x{/b}", "renpy", "{/b}"),
        ("x {b", "renpy", "{b"),
        ("[wave]x", "yarn", "[wave]"),
        ("[nomarkup]x", "yarn", "[nomarkup]"),
        ("x [y", "yarn", "[y"),
        ("<b>x", "table", "<b>"),
        ("[b]x", "table", "[b]"),
        ("{x", "dink", "{x"),
    ],
)
def test_markup_that_nothing_closes_is_named(text, format, written):
    assert strip(text, format).unclosed == (written,)


@pytest.mark.parametrize(
    ("text", "says", "unspoken"),
    [
        ("Oh no 😕.", "Oh no.", ("😕",)),
        ("👩‍👩‍👧 and 👍🏽👍", "and", ("👩‍👩‍👧", "👍🏽", "👍")),
        ("♪ La la ♪", "La la", ("♪", "♪")),
        ("left→right", "left right", ("→",)),
        ("20 °C, No. 5", "20 °C, No. 5", ()),
        ("नमस्ते क्‍ष", "नमस्ते क्‍ष", ()),
        ("私は東京。", "私は東京。", ()),
    ],
)
def test_symbols_without_a_reading_are_cut_and_named(text, says, unspoken):
    found = strip(text, "table")
    assert (found.spoken, found.unspoken) == (says, unspoken)


@pytest.mark.parametrize("text", ["...", "—", "[b][/b]", "😕", "   ", "", "?!"])
def test_a_text_without_words_says_nothing(text):
    assert spoken(text, "table") == ""


FORMATS = ("yarn", "renpy", "dink", "table", "fountain")


@given(st.text(), st.sampled_from(FORMATS), st.booleans())
def test_any_text_is_stripped_to_single_blanks_with_pauses_inside(text, format, has_speaker):
    found = strip(text, format, has_speaker=has_speaker)
    assert found.spoken == " ".join(found.spoken.split())
    assert all(0 < pause.at < len(found.spoken) for pause in found.pauses)


@given(st.text(alphabet=st.characters(whitelist_categories=("Lu", "Ll", "Nd", "Lo")), min_size=1))
def test_words_alone_are_never_changed(text):
    assert {spoken(text, format) for format in FORMATS} == {text}
