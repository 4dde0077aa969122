"""The YAML list of books, the inbox, and the pure parts of a shelf's crew."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreError, UsageError
from pipeline.journey.inbox import Inbox
from pipeline.journey.shelf_file import BookRequest, demand_different, read_shelf

GOOD = """fullcast-shelf: 1
preset: podcast
formats: [mp3, opus]
books:
  - harbor.md
  - {file: deep/island.md, priority: 5, preset: acx, formats: [mp3]}
"""


def test_a_shelf_says_what_holds_for_all_and_each_book_may_say_otherwise(tmp_path):
    path = tmp_path / "shelf.yaml"
    path.write_text(GOOD)
    assert read_shelf(path, "audiobook", ("flac",)) == [
        BookRequest(tmp_path / "harbor.md", 0, "podcast", ("mp3", "opus")),
        BookRequest(tmp_path / "deep/island.md", 5, "acx", ("mp3",)),
    ]
    path.write_text("fullcast-shelf: 1\nbooks: [one.md]\n")
    assert read_shelf(path, "audiobook", ("flac",))[0].formats == ("flac",)


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ("fullcast-shelf: 2\nbooks: [a.md]\n", 1, "1"),
        ("books: [a.md]\n", 1, "fullcast-shelf"),
        ("fullcast-shelf: 1\nbooks: []\n", 2, "books"),
        ("fullcast-shelf: 1\nbooks:\n  - a.md\n  - {file: b.md, prioritty: 3}\n", 4, "prioritty"),
        ("fullcast-shelf: 1\nbooks:\n  - {file: b.md, priority: high}\n", 3, "integer"),
        ("fullcast-shelf: 1\nbooks:\n  - {file: b.md, priority: 5000}\n", 3, "1000"),
        ("fullcast-shelf: 1\nbooks:\n  - {file: b.md,\n     preset: loud}\n", 4, "audiobook"),
        ("fullcast-shelf: 1\nbooks:\n  - {file: b.md, formats: []}\n", 3, "formats"),
        ("fullcast-shelf: 1\nbooks:\n  - a.md\n  - b: [\n", 5, ""),
        ("fullcast-shelf: 1\nbooks: [a.md]\nbooks: [b.md]\n", 3, "twice"),
        ("fullcast-shelf: 1\nbooks:\n  - a.md\n  - x/a.md\n", 4, "the same folder 'a'"),
        ("fullcast-shelf: 1\nbooks:\n  - a.md\n  - ./a.md\n", 4, "named twice"),
        ("- a.md\n", 1, ""),
        ("", None, ""),
    ],
)
def test_what_is_wrong_with_a_shelf_is_told_with_its_row(tmp_path, text, row, said):
    path = tmp_path / "shelf.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_shelf(path, "audiobook", ("flac",))
    assert str(path) in str(caught.value) and said in str(caught.value)
    if row is not None:
        assert caught.value.where == f"{path}:{row}"


def test_a_shelf_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_shelf(tmp_path / "none.yaml", "audiobook", ("flac",))


def test_two_files_that_would_have_one_folder_are_refused(tmp_path):
    books = [BookRequest(tmp_path / name, 0, "none", ()) for name in ("My Book.md", "my-book.yaml")]
    with pytest.raises(UsageError, match="the same folder 'my-book'"):
        demand_different(books, ["FILE", "FILE"])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_shelf_or_a_clear_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("shelf") / "shelf.yaml"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        read_shelf(path, "audiobook", ("flac",))


def test_an_inbox_keeps_books_in_the_order_in_which_they_came(tmp_path):
    inbox = Inbox(tmp_path)
    assert inbox.entries() == [] and inbox.state() is None
    for name in ("c.md", "a.md", "b.md"):
        inbox.add(tmp_path / name, priority=len(name))
    read = [Inbox(tmp_path).read(entry, "none", ("flac",)) for entry in Inbox(tmp_path).entries()]
    assert [book.file.name for book in read] == ["c.md", "a.md", "b.md"]
    assert {(book.preset, book.formats) for book in read} == {("none", ("flac",))}


def test_a_book_added_twice_is_there_once_with_what_was_said_last(tmp_path):
    inbox = Inbox(tmp_path)
    inbox.add(tmp_path / "a.md")
    inbox.add(tmp_path / "a.md", 7, "acx", ("mp3", "mp3"))
    (entry,) = inbox.entries()
    assert inbox.read(entry, "none", ()) == BookRequest(tmp_path / "a.md", 7, "acx", ("mp3",), entry)
    inbox.remove(entry)
    inbox.remove(entry)
    assert inbox.entries() == []


@pytest.mark.parametrize(
    "text", ["", "{}", '{"inbox": 1}', '{"inbox": 1, "file": "a", "priority": "x"}', "["]
)
def test_a_damaged_entry_is_a_clear_error(tmp_path, text):
    inbox = Inbox(tmp_path)
    entry = inbox.add(tmp_path / "a.md")
    entry.write_text(text)
    with pytest.raises(UsageError) as caught:
        inbox.read(entry, "none", ())
    assert caught.value.where == str(entry)


def test_a_damaged_state_is_a_clear_error(tmp_path):
    inbox = Inbox(tmp_path)
    inbox.write_state({"books": []})
    assert inbox.state() == {"books": []}
    (tmp_path / "shelf" / "state.json").write_text(json.dumps({"a": 1})[:-1])
    with pytest.raises(StoreError, match="cannot be read"):
        inbox.state()


def test_one_run_holds_the_inbox_at_a_time(tmp_path):
    inbox, other = Inbox(tmp_path), Inbox(tmp_path)
    with inbox.held() as ours, other.held() as theirs:
        assert (ours, theirs) == (True, False)
        assert other.is_held()
    assert not other.is_held()
