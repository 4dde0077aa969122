"""How files of all formats are read: bytes, line ends, JSON with comments, comments that silence lint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.formats.reading import ignored_codes, parse_jsonc, read_text, relative

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a/*,]}"\\\n ', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_json_is_the_same_with_comments_and_trailing_commas(value):
    rows = json.dumps(value, indent=1).split("\n")
    commented = "\n".join(
        f"{row} // a, b]" if number % 2 else f"/* x ] */ {row}" for number, row in enumerate(rows)
    )
    assert parse_jsonc(commented, "x.json") == value
    closed = commented.replace("\n", "\n\n")
    assert parse_jsonc(closed, "x.json") == value
    assert parse_jsonc(f"[{json.dumps(value)}, /* last */ ]", "x.json") == [value]


def test_what_is_no_json_is_told_with_its_row():
    with pytest.raises(UsageError) as error:
        parse_jsonc('{\n// one\n"a": 1,\n"b" 2\n}', "x.json")
    assert error.value.where == "x.json:4"


@pytest.mark.parametrize(
    ("data", "text", "byte", "row"),
    [
        (b"\xef\xbb\xbfa\r\nb\rc\n", "a\nb\nc\n", None, None),
        (b"a\nb\xffc", "a\nb\ufffdc", 3, 2),
        (b"\xef\xbb\xbfa\xffb", "a\ufffdb", 4, 1),
    ],
)
def test_text_has_one_line_end_and_no_mark_of_order(tmp_path, data, text, byte, row):
    (tmp_path / "x.txt").write_bytes(data)
    found, findings = read_text(tmp_path / "x.txt", tmp_path)
    assert found == text
    told = [(each.code, each.place.where, each.message) for each in findings]
    assert told == ([("D019", f"x.txt:{row}", f"not UTF-8 at byte {byte}")] if byte else [])


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path):
    with pytest.raises(UsageError) as error:
        read_text(tmp_path / "sub" / "x.txt", tmp_path)
    assert error.value.where == "sub/x.txt"


def test_names_are_relative_to_the_project_also_outside_of_it(tmp_path):
    assert relative(tmp_path / "a" / ".." / "b.txt", tmp_path) == "b.txt"
    assert relative(tmp_path / "b.txt", tmp_path / "game") == "../b.txt"


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# fullcast: ignore D003", {"D003"}),
        ("// Fullcast: Ignore d003, D005 and D007", {"D003", "D005", "D007"}),
        ("fullcast: ignore", set()),
        ("fullcast: ignored D003", set()),
        ("ignore D003", set()),
    ],
)
def test_a_comment_says_which_codes_it_silences(comment, codes):
    assert ignored_codes(comment) == codes
