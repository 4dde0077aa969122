"""A line's text in the characters that EmotiVoice's front end makes something of. Pure.

By experiment with the front end: Chinese takes a pause from full-width marks only, English from `, . - ? !`
only; all else is dropped without one. A hyphen inside a word would part it by a pause.
"""

from __future__ import annotations

import re
import unicodedata

# Chinese characters that the front end has readings for. Source: its own rule, by experiment.
CHINESE = re.compile("[\u4e00-\u9fa5]")
# Which of four pauses a mark is, in plain (NFKC) characters; the first of a run that ends a sentence counts.
KINDS = {
    **dict.fromkeys(",;:、—–―()[]{}-", ","),
    **dict.fromkeys(".。", "."),
    "!": "!",
    "?": "?",
}
FULL_WIDTH = {",": "，", ".": "。", "!": "！", "?": "？"}
_MARK = "[" + re.escape("".join(KINDS)) + "]"
_MARKS = re.compile(rf"\s*{_MARK}(?:\s*{_MARK})*\s*")
_HYPHEN = re.compile(r"(?<=[A-Za-z])[-‐‑](?=[A-Za-z])")
_APOSTROPHE = re.compile(r"(?<=[A-Za-z])['’](?=[A-Za-z])")
_QUOTES = re.compile("[\"“”„«»‹›「」『』《》〈〉‘’‚'`]")
_INSIDE_WORD = "\ue000"  # stands for an apostrophe inside a word while quotes are taken out


def readable(text: str) -> str:
    """The text as the front end reads it best: full-width letters plain, é as e, each pause in its script."""
    plain = "".join(_without_accent(each) for each in unicodedata.normalize("NFKC", text))
    plain = _APOSTROPHE.sub(_INSIDE_WORD, _HYPHEN.sub(" ", plain))
    plain = _QUOTES.sub("", plain).replace(_INSIDE_WORD, "'")
    return _MARKS.sub(_pause, plain).strip()


def is_chinese(text: str) -> bool:
    """Whether any of it is; text without is read as English."""
    return CHINESE.search(text) is not None


def unspeakable(text: str) -> list[str]:
    """Letters of a readable text that the front end leaves out without a word, each once."""
    letters = (each for each in text if each.isalpha() and not each.isascii() and not CHINESE.match(each))
    return list(dict.fromkeys(letters))


def _pause(marks: re.Match[str]) -> str:
    """One mark for a run of them: of the script that stands before it, or after it at the start."""
    text, run = marks.string, marks[0].strip()
    before, after = text[: marks.start()][-1:], text[marks.end() :][:1]
    if len(marks[0]) == 1 and before.isdigit() and after.isdigit():
        return run
    kinds = [KINDS[each] for each in run if each in KINDS]
    kind = next((each for each in kinds if each != ","), ",")
    return FULL_WIDTH[kind] if is_chinese(before or after) else f"{kind} "


def _without_accent(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    return parts[0] if len(parts) > 1 and parts[0].isascii() else character
