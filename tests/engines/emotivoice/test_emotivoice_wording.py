import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.emotivoice.wording import is_chinese, readable, unspeakable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("他说：“你好。”然后，走了……好吗？！", "他说，你好。然后，走了。好吗？"),
        ("你好, 世界.", "你好，世界。"),
        ("He said: “the sea” — and (the lamp).", "He said, the sea, and, the lamp."),
        ("A well-known lamp; don't 'stop'...", "A well known lamp, don't stop."),
        ("dogs’ lamp, that’s", "dogs lamp, that's"),
        ("ｈｅｌｌｏ　café", "hello cafe"),
        ("《红楼梦》好看", "红楼梦好看"),
        ("at 3.5 of 1,000", "at 3.5 of 1,000"),
        ("他说 hello，你好", "他说 hello, 你好"),
        ("“Hello,” he said.", "Hello, he said."),
        ("What?! No...", "What? No."),
        ("……", "."),
    ],
)
def test_pauses_stand_in_the_script_of_what_they_follow(written, read):
    assert readable(written) == read


@given(st.text("ab 你好，。,.!?“”—-'3…", max_size=30))
def test_no_letter_is_lost_and_reading_twice_is_reading_once(text):
    once = readable(text)
    assert [each for each in once if each.isalnum()] == [each for each in text if each.isalnum()]
    assert readable(once) == once


def test_letters_that_the_front_end_would_drop_are_told():
    assert unspeakable(readable("你好カナ, 한국 ok カ")) == ["カ", "ナ", "한", "국"]
    assert unspeakable(readable("Éclair 你好")) == []
    assert is_chinese("ok 好") and not is_chinese("ok カ")
