"""Rows of .ink files, as Dink's own parser reads them."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.game.formats.dink_ink import Beat, InkFacts, read_ink, with_inherited


def ink(text: str) -> InkFacts:
    return read_ink(textwrap.dedent(text).lstrip("\n"))


def dink(*rows: str) -> InkFacts:
    """A knot with `#dink`; the first row given is row 3."""
    return read_ink("\n".join(("=== Knot", "#dink", *rows)))


def one(row: str) -> Beat:
    (beat,) = dink(row).beats
    return beat


@pytest.mark.parametrize(
    ("row", "character", "qualifier", "direction", "text", "line_id", "tags"),
    [
        ("FRED: Hello. #id:a_1", "FRED", "", "", "Hello.", "a_1", ()),
        ("  FRED (O.S.): Hello. #id:a", "FRED", "O.S.", "", "Hello.", "a", ()),
        ("FRED:(softly)Hello. #id:a", "FRED", "", "softly", "Hello.", "a", ()),
        ("FRED ( V.O. ) : ( softly ) Hello. #id:a", "FRED", "V.O.", "softly", "Hello.", "a", ()),
        ("GUARD_2: Halt: you! #vo:loud #id:a #x", "GUARD_2", "", "", "Halt: you!", "a", ("vo:loud", "x")),
        ("- FRED: Hello. #id:a", "FRED", "", "", "Hello.", "a", ()),
        ("FRED: It is {x}. #id:a", "FRED", "", "", "It is {x}.", "a", ()),
        ("FRED: So -> what? #id:a", "FRED", "", "", "So -> what?", "a", ()),
        ("* FRED: Hello. #id:a", "FRED", "", "", "Hello.", "a", ()),
        ("+ [FRED: (softly) Hello. #id:a]", "FRED", "", "softly", "Hello.", "a", ()),
        ("FRED: Été. #id:a", "FRED", "", "", "Été.", "a", ()),
    ],
)
def test_a_line_is_taken_apart(row, character, qualifier, direction, text, line_id, tags):
    beat = one(row)
    assert (beat.character, beat.qualifier, beat.direction) == (character, qualifier, direction)
    assert (beat.text, beat.id, beat.tags, beat.row) == (text, line_id, tags, 3)


def test_other_text_with_a_tag_is_an_action():
    facts = dink("The door opens. #id:a", "(SFX) Bang! #id:b", "- It shuts. #id:c", "No tag.", "-> END #id:d")
    assert [(beat.text, beat.character, beat.id) for beat in facts.beats] == [
        ("The door opens.", None, "a"),
        ("(SFX) Bang!", None, "b"),
        ("It shuts.", None, "c"),
    ]
    assert facts.others == [("d", 7)]


@pytest.mark.parametrize("row", ["FRED: {x} is it?", 'FRED: "Hm."', "Fred: Hello.", "FRED (O.S.) Hello."])
def test_what_does_not_have_the_form_of_a_line_is_an_action_to_the_compiler(row):
    beat = one(f"{row} #id:a")
    assert (beat.character, beat.text) == (None, row)


def test_a_line_that_the_compiler_has_not_numbered_is_a_line_without_id():
    facts = dink("FRED: Hello.", "TODO: more", "FRED: Bye. #vo:loud", "* [FRED: Well?]")
    assert [(beat.text, beat.id) for beat in facts.beats] == [("Hello.", ""), ("Bye.", ""), ("Well?", "")]


def test_only_knots_with_the_tag_are_dink_and_stitches_inherit():
    facts = ink(
        """
        FRED: Before. #id:a
        === One
        #dink
        FRED: In. #id:b
        = Stitch
        FRED: Still in. #id:c
        === Two
        FRED: Out. #id:d
        = Third
        #dink
        FRED: In again. #id:e
        """
    )
    assert [(beat.id, beat.node) for beat in facts.beats] == [
        ("b", "One"),
        ("c", "One.Stitch"),
        ("e", "Two.Third"),
    ]
    assert [(beat.id, beat.row, beat.node) for beat in facts.outside] == [("a", 1, None), ("d", 8, "Two")]
    assert facts.others == [("a", 1), ("d", 8)]


def test_tags_come_from_stitch_knot_and_file_unless_the_line_has_its_own():
    facts = ink(
        """
        INCLUDE other.ink
        VAR x = 1
        #ws:stub #mood:grim #loud
        === One
        #dink #ws:draft
        FRED: A. #id:a
        = Stitch
        #ws:final #place:hall
        FRED: B. #id:b
        FRED: C. #id:c #ws:lost #loud
        #ws:late
        === Two
        #dink
        FRED: D. #id:d
        """
    )
    assert [beat.tags for beat in facts.beats] == [
        ("ws:draft", "mood:grim", "loud"),
        ("ws:final", "place:hall", "mood:grim", "loud"),
        ("ws:lost", "loud", "place:hall", "mood:grim", "loud"),
        ("ws:stub", "mood:grim", "loud"),
    ]
    assert facts.includes == [("other.ink", 1)]


@given(
    st.lists(st.from_regex(r"[a-c](:[x-z])?", fullmatch=True)),
    st.lists(st.from_regex(r"[a-c](:[x-z])?", fullmatch=True)),
)
def test_a_line_keeps_its_tags_and_takes_no_second_one_of_a_prefix(own, outer):
    tags = with_inherited(own, outer)
    assert list(tags[: len(own)]) == own
    prefixes = [tag.partition(":")[0] for tag in tags[len(own) :] if ":" in tag]
    assert len(prefixes) == len(set(prefixes))
    assert not {tag.partition(":")[0] for tag in own if ":" in tag} & set(prefixes)


def test_comments_above_and_at_the_end_belong_to_the_next_beat():
    facts = dink(
        "// VO: one",
        "//two",
        "FRED: A. #id:a // three",
        "FRED: B. #id:b",
        "/* not",
        "// this */ // four",
        "",
        "FRED: C. #id:c",
    )
    assert [beat.comments for beat in facts.beats] == [("VO: one", "two", "three"), (), ("four",)]
    assert facts.beats[2].row == 10


@pytest.mark.parametrize(
    "between", ["=== Other\n#dink", "= Stitch", "{shuffle:", "}", "-> Next", "* [Go #id:o]", "-"]
)
def test_a_comment_does_not_go_beyond_what_breaks_the_flow(between):
    facts = dink("// lost", between, "FRED: A. #id:a")
    assert [beat.comments for beat in facts.beats] == [()]


def test_the_end_comment_of_a_row_with_a_dash_is_kept():
    facts = dink("{shuffle:", "// above", "- FRED: A. #id:a // VO: soft", "}")
    assert [beat.comments for beat in facts.beats] == [("VO: soft",)]


def test_an_option_that_is_a_line_says_so_in_its_comments():
    beat = one("* [FRED: Hello. #id:a] // soft")
    assert beat.comments == ('OPTION "Hello."',)


def test_options_and_text_that_is_no_dink_have_ids_only():
    facts = ink("=== Plain\nText. #id:a\n* [Go on. #id:b]\n=== Knot\n#dink\n+ [Go. #id:c #x] -> END\n")
    assert facts.others == [("a", 2), ("b", 3), ("c", 6)]
    assert facts.beats == []


def test_a_condition_and_a_line_on_one_row_are_told():
    facts = dink(
        "- x > 2:", "- else:", "- x > 2: FRED: A.", "- (x): FRED (O.S.): A. #id:a", "- FRED: A. #id:b"
    )
    assert facts.one_row == [(5, "- x > 2: FRED: A."), (6, "- (x): FRED (O.S.): A. #id:a")]
    assert [beat.id for beat in facts.beats] == ["b"]
    assert ink("=== Plain\n- x > 2: text\n").one_row == []


def test_a_comment_in_a_block_keeps_the_rows_below_in_place():
    facts = ink("/* one\ntwo */\n=== Knot\n#dink\nFRED: A. /* x */ B. #id:a\n")
    assert [(beat.row, beat.text) for beat in facts.beats] == [(5, "A.  B.")]


def test_comments_silence_their_row_or_the_next_and_are_no_notes():
    facts = dink(
        "FRED: A. #id:a // fullcast: ignore D005",
        "// fullcast: ignore D006, D007",
        "// VO: x",
        "FRED: B. #id:b",
    )
    assert facts.ignored == {3: frozenset({"D005"}), 6: frozenset({"D006", "D007"})}
    assert [beat.comments for beat in facts.beats] == [(), ("VO: x",)]
