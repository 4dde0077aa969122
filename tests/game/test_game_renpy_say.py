"""Say statements of Ren'Py and the rows they stand in, as the engine reads and writes them."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.formats.renpy_rows import rows_of, with_private_names
from pipeline.game.formats.renpy_say import Say, decoded, encoded, parse_say


def one(text: str) -> Say:
    says = parse_say(text)
    assert says is not None and len(says) == 1
    return says[0]


@pytest.mark.parametrize(
    ("row", "say"),
    [
        ('"Rain."', Say(None, "Rain.")),
        ('e "Rain."', Say("e", "Rain.")),
        ('e"Rain."', Say("e", "Rain.")),
        ("e 'Rain.'", Say("e", "Rain.")),
        ("e `Rain.`", Say("e", "Rain.")),
        ('"Mira" "Rain."', Say('"Mira"', "Rain.")),
        ('e happy wet "Rain."', Say("e", "Rain.", ("happy", "wet"))),
        ('e happy -wet @ sad "Rain."', Say("e", "Rain.", ("happy", "-wet"), ("sad",))),
        ('e @ sad "Rain."', Say("e", "Rain.", None, ("sad",))),
        ('e "Rain." nointeract', Say("e", "Rain.", interact=False)),
        ('e "Rain." id wet_1', Say("e", "Rain.", given_id="wet_1")),
        ('e "Rain." with dissolve', Say("e", "Rain.", with_="dissolve")),
        ('e "Rain." with Dissolve(1.0) id a', Say("e", "Rain.", with_="Dissolve(1.0)", given_id="a")),
        (
            'e "Rain." (what_color="#f00",slow=True)',
            Say("e", "Rain.", arguments='(what_color="#f00", slow=True)'),
        ),
        ('e "Rain." (*a, **b)', Say("e", "Rain.", arguments="(*a, **b)")),
        ('cast["e"].calm "Rain."', Say('cast["e"].calm', "Rain.")),
        ('r"a \\ b"', Say(None, "a \\ b")),
        ('é "Rain."', Say("é", "Rain.")),
        ('e 2 "Rain."', Say("e", "Rain.", ("2",))),
    ],
)
def test_a_say_is_taken_apart_as_by_the_engine(row, say):
    assert one(row) == say


@pytest.mark.parametrize(
    "row",
    [
        "jump",
        "e",
        'if "a" == b:',
        'e "Rain." "more"',
        'with "x"',
        "$ x = 1",
        'e at "x"',
        "e happy",
        '"a" -> "b"',
    ],
)
def test_what_is_no_say_is_none(row):
    assert parse_say(row) is None


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"a\nb", "a\nb"),
        ("a   b\n   c", "a b c"),
        (r"a \ \ b", "a   b"),
        (r"\{b\} \[x] 5\%", "{{b} [[x] 5%%"),
        (r"\"so\" \'he\' said", "\"so\" 'he' said"),
        (r"caf\u00e9", "café"),
        ("a\\\n    b", "a b"),
    ],
)
def test_escapes_and_blanks_in_a_string_are_resolved(written, text):
    assert one(f'e "{written}"').what == text


@given(st.text())
def test_a_string_written_by_the_engine_is_read_back(text):
    assert decoded(encoded(text)[1:-1]) == text


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: (
        name not in {"as", "if", "in", "return", "with", "while", "at", "behind", "onlayer", "zorder"}
        and name not in {"transform", "or", "and", "not", "is", "r", "u", "ur", "nointeract", "id"}
    )
)
SAYS = st.builds(
    Say,
    who=st.none() | NAMES,
    what=st.text(),
    attributes=st.none(),
    temporary=st.none(),
    interact=st.booleans(),
    with_=st.none() | NAMES,
    given_id=st.none() | NAMES,
    arguments=st.none() | st.just('(a, b="c")'),
) | st.builds(
    Say,
    who=NAMES,
    what=st.text(),
    attributes=st.none() | st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    temporary=st.none() | st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    interact=st.just(True),
    arguments=st.none(),
    with_=st.none(),
    given_id=st.none(),
)


@given(SAYS)
def test_a_say_written_as_code_is_the_same_say(say):
    assert parse_say(say.code) == [say]


def test_a_monologue_is_a_say_for_each_paragraph():
    text = 'e """First\n    goes on.\n\n    Second.\n    """'
    assert [say.what for say in parse_say(text) or ()] == ["First goes on.", "Second."]
    assert [say.what for say in parse_say(text, "\n") or ()] == ["First", "goes on.", "Second."]
    assert [say.what for say in parse_say(text, "") or ()] == ["First\ngoes on.\n\nSecond."]


def rows(text: str) -> list[tuple[int, str]]:
    flat = []

    def walk(block, depth):
        for row in block:
            flat.append((row.number, "  " * depth + row.text))
            walk(row.block, depth + 1)

    walk(rows_of(textwrap.dedent(text), "a.rpy"), 0)
    return flat


def test_rows_nest_by_indent_and_go_on_in_brackets_and_strings():
    script = """
        label start:  # the first
            e "Two
               rows."
            $ x = f(1,   # one
                    2)

            # alone
            if x \\
                    and y:
                "In."
        e "Out: # no comment."
        """
    assert rows(script) == [
        (2, "label start:  "),
        (3, '  e "Two\n       rows."'),
        (5, "  $ x = f(1,   \n            2)"),
        (9, "  if x \\\n            and y:"),
        (11, '    "In."'),
        (12, 'e "Out: # no comment."'),
    ]


@pytest.mark.parametrize(
    ("script", "where"),
    [
        ('label a:\n    e "never\n', "a.rpy:2"),
        ("label a:\n    $ f(1\n", "a.rpy:2"),
        ("label a:\n        pass\n    pass\n", "a.rpy:3"),
    ],
)
def test_what_the_engine_cannot_read_is_told_with_its_row(script, where):
    with pytest.raises(UsageError) as error:
        rows_of(script, "a.rpy")
    assert error.value.where == where


def test_private_names_are_those_of_their_file():
    change = "_m1_day__"
    assert with_private_names('__e "Hi."', change) == '_m1_day__e "Hi."'
    assert with_private_names('e "So [__gold], [[__gold] and __gold."', change) == (
        'e "So [_m1_day__gold], [[__gold] and __gold."'
    )
    assert with_private_names("def __init__(self):", change) == "def __init__(self):"
    assert rows_of('__e "Hi."\n', "game/day.rpy")[0].text == '_m1_day__e "Hi."'
