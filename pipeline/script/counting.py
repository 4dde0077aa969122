"""Numbers with their nouns, and words of a text, as people are told them."""

from __future__ import annotations

import re

# Chinese and Japanese do not part their words: each character counts, as their writers count.
_UNPARTED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNPARTED}]|[^\s{_UNPARTED}]*[^\W_{_UNPARTED}][^\s{_UNPARTED}]*")


def counted(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def count_words(text: str) -> int:
    """How many words a text has; of Chinese and Japanese, how many characters."""
    return sum(1 for _ in _WORD.finditer(text))
