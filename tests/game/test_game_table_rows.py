"""Rows of tables: delimiters, quotes, JSON lines, and rows that do not fit their header."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.formats.table_rows import format_of, read_rows, sniff_delimiter

# `\r` never reaches a reader: files are read with every line end as `\n`.
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


def told(table) -> list[tuple[int, str]]:
    assert {found.code for found in table.findings} <= {"D018"}
    return [(found.place.row, found.message) for found in table.findings]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1), st.sampled_from(",;\t"))
def test_any_cells_written_as_csv_come_back_the_same(rows, delimiter):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [("id", "text"), *rows]
    )
    table = read_rows(out.getvalue(), "t.csv", "csv")
    assert (table.header, table.findings) == (["id", "text"], [])
    assert [tuple(row.cells) for row in table.rows] == rows


@given(st.lists(st.fixed_dictionaries({"id": CELLS, "text": CELLS}), min_size=1))
def test_any_objects_written_as_json_lines_come_back_the_same(objects):
    text = "\n".join(json.dumps(each) for each in objects)
    table = read_rows(text, "t.jsonl", "jsonl")
    assert [dict(zip(table.header, row.cells, strict=True)) for row in table.rows] == objects


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b;c,d", ","), ("a;b", ";"), ("a\tb,c\td", "\t"), ('"a;b;c",d', ","), ("text", ",")],
)
def test_the_delimiter_is_found_in_the_header(header, delimiter):
    assert sniff_delimiter(header, "t.csv") == delimiter


def test_a_header_that_two_delimiters_part_is_a_usage_error():
    with pytest.raises(UsageError, match="set `delimiter`"):
        sniff_delimiter("a,b;c", "t.csv")


def test_rows_keep_their_place_in_the_file():
    table = read_rows('\n\nid,text\n1,"a\nb"\n,\n\n2,c\n', "t.csv", "csv")
    assert [(row.row, row.is_empty) for row in table.rows] == [(4, False), (6, True), (7, True), (8, False)]
    assert told(table) == []


def test_rows_that_the_header_does_not_fit_are_told():
    table = read_rows("id;text\n1;a;b\n2,a\n3;x, y\n4\n;;;\n", "t.csv", "csv")
    assert told(table) == [(2, "row has 3 cells, header has 2"), (3, "row has 1 cells, header has 2")]


def test_a_quote_that_nothing_closes_loses_no_row_before_it():
    table = read_rows('id,text\n1,a\n2,"b\n3,c\n', "t.csv", "csv")
    assert [row.cells for row in table.rows] == [["1", "a"]]
    assert [row for row, _ in told(table)] == [3]
    long = read_rows('id,text\n1,a\n2,"' + "b" * 200_000 + "\n", "t.csv", "csv")
    assert [row for row, _ in told(long)] == [3]


def test_what_follows_a_closing_quote_belongs_to_the_cell():
    assert read_rows('id,text\n1,"a, b" c\n', "t.csv", "csv").rows[0].cells == ["1", "a, b c"]


def test_a_spreadsheet_may_name_its_delimiter_before_the_header():
    table = read_rows("sep=;\nid;a,b\n1;x\n", "t.csv", "csv")
    assert (table.header, table.rows[0].row, table.rows[0].cells) == (["id", "a,b"], 3, ["1", "x"])


def test_tsv_is_parted_by_tabs_only_and_a_given_delimiter_wins():
    assert read_rows("id\ttext, long\n", "t.tsv", "tsv").header == ["id", "text, long"]
    assert read_rows("id|text,x\n", "t.csv", "csv", "|").header == ["id", "text,x"]


def test_json_lines_may_be_nested_and_differ_in_keys():
    rows = [
        {"id": 1, "line": {"text": {"en": "Hi"}}, "tags": ["a", 2]},
        {"id": None, "who": "Tom", "ok": True},
    ]
    text = "\n".join(json.dumps(row) for row in rows) + "\n\n"
    table = read_rows(text, "t.jsonl", "jsonl")
    assert table.header == ["id", "line.text.en", "tags", "who", "ok"]
    assert [row.cells for row in table.rows] == [["1", "Hi", "a, 2", "", ""], ["", "", "", "Tom", "true"]]


def test_rows_that_are_no_json_objects_are_told_and_the_rest_is_read():
    table = read_rows('{"id": 1}\n{"id": \n[1]\n{"id": 2}\n', "t.jsonl", "jsonl")
    assert [row for row, _ in told(table)] == [2, 3]
    assert [row.row for row in table.rows] == [1, 4]


@pytest.mark.parametrize(("text", "form"), [("", "csv"), ("\n,,\n", "csv"), ("", "jsonl"), ("[]", "jsonl")])
def test_a_table_without_a_header_is_a_usage_error(text, form):
    with pytest.raises(UsageError, match="no header|no rows"):
        read_rows(text, "t", form)


@pytest.mark.parametrize(
    ("suffix", "form"),
    [(".csv", "csv"), (".TSV", "tsv"), (".ndjson", "jsonl"), (".jsonl", "jsonl"), ("", "csv")],
)
def test_the_files_name_says_what_it_is(suffix, form):
    assert format_of(suffix) == form
