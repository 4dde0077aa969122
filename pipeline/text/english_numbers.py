"""English numbers as words: cardinals, ordinals, years, decimals, digits."""

from __future__ import annotations

import re

# Beyond this a number is read digit by digit: no listener follows "quadrillions", and int() of a long
# digit string is quadratic (CPython refuses more than 4,300 digits).
MAX_CARDINAL_DIGITS = 15

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?: \d{3}){1,4}(?! ?\d)|\d+)(?:\.\d+)?"
RANGE = rf"{NUMBER}(?:\s?[-–]\s?{NUMBER})?"

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_IRREGULAR_PLURALS = {"six": "sixes"}


def say_digits(digits: str) -> str:
    """Each digit by itself: `007` -> `zero zero seven`; anything else in between is left out."""
    return " ".join(_DIGITS[int(digit)] for digit in digits if digit in "0123456789")


def cardinal(number: int, british: bool) -> str:
    """`101` -> `one hundred one`, British `one hundred and one`."""
    from num2words import num2words

    words = str(num2words(number, lang="en")).replace(",", "")
    return words if british else words.replace(" and ", " ")


def ordinal(number: int, british: bool) -> str:
    """`22` -> `twenty-second`."""
    from num2words import num2words

    words = str(num2words(number, to="ordinal", lang="en")).replace(",", "")
    return words if british else words.replace(" and ", " ")


def say_number(written: str, british: bool) -> str:
    """A number with or without separators, sign and decimals: `1,234.5`, `-3`, `.5`, `007`.

    Leading zeros and very long numbers are read digit by digit.
    """
    sign = "minus " if written[0] in "-−–" else ""
    whole, point, decimals = written.lstrip("+-−–").replace(",", "").replace(" ", "").partition(".")
    if not whole:
        words = _DIGITS[0] if not point else ""
    elif (whole[0] == "0" and len(whole) > 1) or len(whole) > MAX_CARDINAL_DIGITS:
        words = say_digits(whole)
    else:
        words = cardinal(int(whole), british)
    fraction = f" point {say_digits(decimals)}" if point and decimals else ""
    return f"{sign}{words}{fraction}".replace("  ", " ").strip()


def say_counted(amount: str, british: bool) -> str:
    """A number, or a range of two, as words: `5-10` -> `five to ten`."""
    first, _, last = re.sub(r"\s*[-–]\s*(?=\d)", "~", amount[1:]).partition("~")
    words = say_number(amount[0] + first, british)
    return f"{words} to {say_number(last, british)}" if last else words


def say_ordinal(digits: str, british: bool) -> str:
    """`1,000` (of `1,000th`) -> `one thousandth`; very long ones digit by digit."""
    plain = digits.replace(",", "")
    if len(plain) > MAX_CARDINAL_DIGITS:
        return say_digits(plain)
    return ordinal(int(plain), british)


def say_year(year: int, british: bool) -> str:
    """`1999` -> `nineteen ninety-nine`, `1905` -> `nineteen oh five`, `2005` -> `two thousand five`."""
    century, rest = divmod(year, 100)
    if year < 1000 or year > 9999 or year % 1000 < 10:
        return cardinal(year, british)
    if rest == 0:
        return f"{cardinal(century, british)} hundred"
    tail = f"oh {_DIGITS[rest]}" if rest < 10 else cardinal(rest, british)
    return f"{cardinal(century, british)} {tail}"


def say_short_year(two_digits: str, british: bool) -> str:
    """The last two digits of a year: `18` -> `eighteen`, `05` -> `oh five`."""
    if two_digits == "00":
        return "hundred"
    return f"oh {_DIGITS[int(two_digits)]}" if two_digits[0] == "0" else cardinal(int(two_digits), british)


def plural(words: str) -> str:
    """The plural of number words, by the last one: `ninety` -> `nineties`, `hundred` -> `hundreds`."""
    head, last = re.fullmatch(r"(.*?)([a-z]+)", words).groups()  # type: ignore[union-attr]
    if last in _IRREGULAR_PLURALS:
        return head + _IRREGULAR_PLURALS[last]
    return head + (last[:-1] + "ies" if last.endswith("y") else last + "s")


def say_fraction(numerator: int, denominator: int, british: bool) -> str:
    """`3/4` -> `three quarters`, `1/2` -> `one half`."""
    one = numerator == 1
    if denominator == 2:
        name = "half" if one else "halves"
    elif denominator == 4:
        name = "quarter" if one else "quarters"
    else:
        word = ordinal(denominator, british)
        name = word if one else f"{word}s"
    return f"{cardinal(numerator, british)} {name}"


def capitalized(words: str) -> str:
    """Number words as a title has them: `twenty-one` -> `Twenty-One`."""
    return re.sub(r"\b[a-z]", lambda match: match[0].upper(), words)
