import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.emotivoice.wordpiece import END, START, UNKNOWN, WordPieces, words_of
from pipeline.errors import EngineError

PIECES = WordPieces(
    {
        name: number
        for number, name in enumerate([UNKNOWN, START, END, *"ab北京，.!", "##b", "##cd", "abc", "##de"])
    }
)
NAMES = {number: name for name, number in PIECES.vocabulary.items()}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("北京，b!", ["北", "京", "，", "b", "!"]),
        ("abcde ABCDE", ["abc", "##de", "abc", "##de"]),
        ("ab acd", ["a", "##b", "a", "##cd"]),
        ("áb", ["a", "##b"]),
        ("abq q", [UNKNOWN, UNKNOWN]),
        ("a" * 101, [UNKNOWN]),
    ],
)
def test_words_become_the_longest_pieces_from_their_start(text, pieces):
    assert [NAMES[each] for each in PIECES.ids(text)] == [START, *pieces, END]


def test_capitals_stay_where_the_vocabulary_knows_them():
    assert words_of("Éa 北B", lower=False) == ["Éa", "北", "B"]


@given(st.text())
def test_any_text_has_pieces_between_two_marks(text):
    ids = PIECES.ids(text)
    assert (NAMES[ids[0]], NAMES[ids[-1]]) == (START, END)
    assert all(NAMES[each] not in (START, END) for each in ids[1:-1])


def test_a_vocabulary_without_marks_is_refused(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("a\nb\n")
    with pytest.raises(EngineError, match=r"no '\[UNK\]'"):
        WordPieces.read(path)
