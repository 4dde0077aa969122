"""Quotation marks and apostrophes: straight ones curled, single quotations made double."""

from __future__ import annotations

from pipeline.text.cjk import is_cjk
from pipeline.text.rules import Claim

# Words that begin with an apostrophe; elsewhere a single mark before a letter opens a quotation.
_ELIDED = frozenset(
    str.split(
        "em tis twas twill twere twould twasn til cause bout round nough fraid ere neath gainst n tween "
        "cos scuse appen ello ow ave e ouse undred alf"
    )
)
_SINGLE = frozenset("'‘’‛`´")
_CJK_MARKS = frozenset("，。！？；：、（）《》…")
# Behind these no word goes on, so a single mark closes, wherever its quotation was opened.
_ENDS_BEFORE = frozenset(".,;:!?…)]}”»—–-，。！？；：、）…")
_OPENERS_BEFORE = frozenset("([{“‘\"'—–-/«¿¡")


def quote_claims(text: str) -> list[Claim]:
    """A claim for each quotation mark that changes: `"` curls, ‘single’ becomes “double”, ’ becomes '.

    An apostrophe becomes the straight one, which every engine's word list has. A single mark closes while a
    single quotation is open, and behind a stop even where it was opened in an earlier line or paragraph;
    behind a letter (`the end’`, `the boys’`) it is an apostrophe unless a quotation is open.
    """
    claims: list[Claim] = []
    single_open = double_open = False
    for place, mark in enumerate(text):
        if mark == '"':
            double_open = opens = _opens_double(text, place, double_open)
            claims.append(Claim(place, place + 1, "“" if opens else "”", "quote-mark"))
        elif mark in _SINGLE:
            spoken, single_open = _single_mark(text, place, single_open)
            if spoken != mark:
                rule = "apostrophe" if spoken == "'" else "quote-mark"
                claims.append(Claim(place, place + 1, spoken, rule))
    return claims


def _opens_double(text: str, place: int, is_open: bool) -> bool:
    """Whether a straight double mark opens; between CJK characters, which have no spaces, they alternate."""
    before = _before(text, place)
    if before and (is_cjk(before) or before in _CJK_MARKS):
        return not is_open
    after = text[place + 1 : place + 2]
    return _can_open(text, place) and bool(after.strip()) and not (is_open and before in "—–-…")


def _single_mark(text: str, place: int, is_open: bool) -> tuple[str, bool]:
    """What a single mark is (`'`, `“` or `”`) and whether a single quotation is open after it."""
    before, after = _before(text, place), text[place + 1 : place + 2]
    if before.isalnum() and after.isalnum():
        return "'", is_open
    if _can_open(text, place) and _is_elision(text, place):
        return "'", is_open
    if text[place] == "‘":
        return "“", True
    if _can_open(text, place) and after.strip() and text[place] != "’":
        return "“", True
    if is_open and not (before.isalpha() and _closes_later(text, place)):
        return "”", False
    if before in _ENDS_BEFORE and not after.isalnum():
        return "”", is_open
    return "'", is_open


def _closes_later(text: str, place: int) -> bool:
    """Whether this mark behind a letter is a plural's (`the boys' hats’`): a better close comes later."""
    if text[place - 1] not in "sS" or not text[place + 1 : place + 2].isspace():
        return False
    rest = text[place + 1 :]
    for offset, mark in enumerate(rest):
        if mark in "‘":
            return False
        if mark in "'’" and not rest[offset + 1 : offset + 2].isalnum():
            return True
    return False


def _is_elision(text: str, place: int) -> bool:
    end = place + 1
    while end < len(text) and text[end].isalpha():
        end += 1
    word = text[place + 1 : end].lower()
    return word in _ELIDED or (word == "" and text[place + 1 : place + 2].isdigit())


def _before(text: str, place: int) -> str:
    return text[place - 1 : place] if place else ""


def _can_open(text: str, place: int) -> bool:
    before = _before(text, place)
    return before == "" or before.isspace() or before in _OPENERS_BEFORE
