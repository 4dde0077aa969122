"""Text to the tokens of a BERT with Chinese vocabulary: words in pieces, each Chinese character its own."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from pipeline.errors import EngineError

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"
# A longer word is no word. Source: Devlin et al. 2019, the published tokenizer's `max_input_chars_per_word`.
LONGEST_WORD = 100
# Blocks of Chinese characters. Source: the Unicode Standard, chapter 18, "CJK Unified Ideographs" and
# extensions A to E, compatibility ideographs.
CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
# ASCII signs that Unicode counts as symbols; for BERT they are punctuation as well.
ASCII_SIGNS = frozenset("$+<=>^`|~")


class WordPieces:
    """A vocabulary and what it makes of texts. Read once, used for every prompt and line."""

    def __init__(self, vocabulary: dict[str, int], lower: bool = True) -> None:
        self.vocabulary = vocabulary
        self._lower = lower

    @classmethod
    def read(cls, path: Path, lower: bool = True) -> WordPieces:
        """The vocabulary in a file of one piece a row, numbered from 0.

        Raises:
            EngineError: it cannot be read, or the three marks are not in it.
        """
        try:
            rows = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise EngineError(f"cannot be read: {error}", where=str(path)) from error
        if rows and rows[-1] == "":
            rows.pop()
        vocabulary = {row.rstrip("\r"): number for number, row in enumerate(rows)}
        for mark in (UNKNOWN, START, END):
            if mark not in vocabulary:
                raise EngineError(f"no '{mark}' in the vocabulary of the style encoder", where=str(path))
        return cls(vocabulary, lower)

    def ids(self, text: str) -> list[int]:
        """The tokens of a text with a mark at either end; an empty text is the two marks."""
        pieces = [piece for word in words_of(text, self._lower) for piece in self._pieces(word)]
        return [self.vocabulary[piece] for piece in (START, *pieces, END)]

    def _pieces(self, word: str) -> list[str]:
        """The longest pieces that make up the word, from its start; one unknown if there are none."""
        if len(word) > LONGEST_WORD:
            return [UNKNOWN]
        found: list[str] = []
        start = 0
        while start < len(word):
            before = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if before + word[start:end] in self.vocabulary), None)
            if end is None:
                return [UNKNOWN]
            found.append(before + word[start:end])
            start = end
        return found


def words_of(text: str, lower: bool = True) -> list[str]:
    """The words of a text: parted at white space, Chinese characters and punctuation each a word.

    With `lower`, capitals and accents are gone.
    """
    spaced = "".join(_spaced(character) for character in text)
    words: list[str] = []
    for word in unicodedata.normalize("NFC", spaced).split():
        if lower:
            plain = unicodedata.normalize("NFD", word.lower())
            word = "".join(one for one in plain if unicodedata.category(one) != "Mn")
        words += "".join(f" {one} " if _is_punctuation(one) else one for one in word).split()
    return words


def _spaced(character: str) -> str:
    """The character, a space for white space, nothing for control characters, Chinese set apart."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in ("\0", "\ufffd") or unicodedata.category(character).startswith("C"):
        return ""
    point = ord(character)
    return f" {character} " if any(low <= point <= high for low, high in CHINESE) else character


def _is_punctuation(character: str) -> bool:
    return character in ASCII_SIGNS or unicodedata.category(character).startswith("P")
