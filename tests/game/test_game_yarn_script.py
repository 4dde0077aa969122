"""A whole Yarn script: what is content in it, and what only looks so."""

import textwrap

import pytest

from pipeline.game.formats.yarn_script import parse_script


def rows_of(text: str, **options) -> list[tuple[int, str]]:
    return [(row.row, row.content.text) for row in parse_script(textwrap.dedent(text), **options).rows]


SCRIPT = """\
#file-tag
// Not a line: at all
title: Start // a comment
tags: one two
url: http://example.org
---
// Not a line either
/// Nor this
<<declare $gold = 1>>
First.
    Indented only.
<<if $gold > 1 and $name == ">>">>
\tInside.
<<else>>
Other.
<<endif>>
<<once>>
Once.
<<endonce>>
<<detour Shop>>
<<settings #not-a-tag // not a comment>>
-> Option A <<if $gold>> #line:a
    Below A.
    -> Nested
        Below nested.
->Option B
=> Group one <<once>>
=> Group two
===
title: Start
when: $gold > 2
---
Same name.
===
"""


def test_headers_commands_and_comments_are_no_content():
    assert [text for _, text in rows_of(SCRIPT)] == [
        "First.", "Indented only.", "Inside.", "Other.", "Once.", "Option A", "Below A.", "Nested",
        "Below nested.", "Option B", "Group one", "Group two", "Same name.",
    ]  # fmt: skip


def test_only_arrows_make_options_and_each_row_knows_its_node():
    script = parse_script(SCRIPT)
    assert [row.content.text for row in script.rows if row.is_option] == ["Option A", "Nested", "Option B"]
    assert script.nodes == 2
    assert {row.node for row in script.rows} == {"Start"}
    assert script.rows[-1].row == 33


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("title: A\n---\nx\n  ===\ntitle: B\n---\ny", [(3, "x"), (7, "y")]),
        ("title: A\n---\nx\n===title: B\n---\ny\n===", [(3, "x"), (6, "y")]),
        ("title: A\n--- x\n=====", [(2, "x")]),
        ("title: A\n---\n<<wait 1>> x #line:a\n===", [(3, "x")]),
        ("title: A\n---\n<<say {'>>'} it>> x\n===", [(3, "x")]),
        ("title: A\n---\n<<never closed\nx\n===", [(4, "x")]),
        ("title: A\n---\n<<stop>> #tag\nx\n===", [(4, "x")]),
        ("title: A\n---\na === b\n== c\n=d\n-e\n===", [(3, "a === b"), (4, "== c"), (5, "=d"), (6, "-e")]),
        ("title: A\n---\n->\n\nx\n===", [(5, "x")]),
        ("title: A\n---\nx\u2028y\x0bz\n===", [(3, "x\u2028y\x0bz")]),
        ("title: A\n---\n \u00a0\n->\t\u00a0 // x\n===", [(3, ""), (4, "")]),
        ("no header\n---\n", []),
        ("", []),
    ],
)
def test_rows_are_counted_and_parted_as_in_the_file(text, rows):
    assert rows_of(text) == rows


def test_an_arrow_alone_makes_the_next_text_an_option():
    script = parse_script("title: A\n---\n->\nfirst\nsecond\n===")
    assert [row.is_option for row in script.rows] == [True, False]


def test_an_emotion_holds_for_its_character_until_the_next_one_in_the_node():
    script = parse_script(
        textwrap.dedent("""\
        title: A
        ---
        <<face Tom angry 0.2>>
        <<face "Old Anne" glad>>
        Tom: One
        Old Anne: Two
        Bob: Three
        <<face Tom calm>>
        -> Tom: Four
        <<face Tom>>
        Tom: Five
        ===
        title: B
        ---
        Tom: Six
        ===
        """),
        {"face": [1, 2]},
    )
    faces = [(row.face.emotion, row.face.row) if row.face else None for row in script.rows]
    assert faces == [("angry", 3), ("glad", 4), None, ("calm", 8), ("calm", 8), None]


def test_commands_set_no_emotion_unless_the_project_says_so():
    assert parse_script("title: A\n---\n<<face Tom angry>>\nTom: One\n===").rows[0].face is None


def test_a_comment_silences_lint_on_its_row_or_on_the_row_below():
    script = parse_script(
        textwrap.dedent("""\
        title: A
        ---
        One // softly (fullcast: ignore D004, D024)
        // fullcast: ignore D001
        <<wait 1>>

        Two
        Three // # fullcast: ignore D003
        ===
        """)
    )
    assert script.ignored == {
        3: {"D004", "D024"},
        4: {"D001"},
        7: {"D001"},
        8: {"D003"},
    }
    assert [row.content.comment for row in script.rows] == ["softly", None, None]
