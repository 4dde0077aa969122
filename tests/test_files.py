"""Files are written whole or not at all, and long JSON row by row."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.files import atomic_path, json_rows, write_json, write_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(VALUES)
def test_json_by_rows_means_what_was_written(value):
    assert json.loads("".join(json_rows(value))) == value


@given(VALUES)
def test_equal_values_give_equal_bytes_in_whatever_order_their_keys_came(value):
    again = json.loads(json.dumps(value))
    if isinstance(again, dict):
        again = dict(reversed(again.items()))
    assert list(json_rows(again)) == list(json_rows(value))


def test_a_book_of_many_lines_is_a_row_for_each_line():
    value = {"chapters": [{"lines": [{"id": str(n), "place": {"start": n}} for n in range(50)]}]}
    rows = "".join(json_rows(value)).splitlines()
    assert sum('"id"' in row for row in rows) == 50


def test_what_json_cannot_carry_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "facts.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_bytes()) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["facts.json"]


def test_a_file_of_the_same_bytes_is_left_untouched_on_request(tmp_path):
    path = tmp_path / "page.html"
    write_text(path, ["one", " two"])
    before = path.stat().st_ino
    write_text(path, "one two", keep_same=True)
    assert path.stat().st_ino == before
    write_text(path, "three", keep_same=True)
    assert path.read_text("utf-8") == "three"


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "take.bin"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["take.bin"]


def test_a_file_where_a_folder_is_needed_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="file stands where a folder is needed|cannot write"):
        write_text(tmp_path / "file" / "inside.txt", "x")
