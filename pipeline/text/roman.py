"""Roman numerals, told from words and from the pronoun I."""

from __future__ import annotations

import re

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_CANONICAL = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")

# Canonical numerals that are English words, names or everyday abbreviations.
NUMERAL_WORDS = frozenset(
    str.split("MIX DI MI LI LIV MD DC CD CC MM MC CV CL DIV XL XXL MCI DVI DIX MIL LIX CIV XXX XX")
)


def roman_value(numeral: str) -> int | None:
    """The value of a canonical numeral in either case, else None (`IIII`, `CIVIL`)."""
    upper = numeral.upper()
    if not upper or not _CANONICAL.fullmatch(upper):
        return None
    total = 0
    for symbol, following in zip(upper, [*upper[1:], ""], strict=True):
        value = _VALUES[symbol]
        total += -value if following and _VALUES[following] > value else value
    return total
