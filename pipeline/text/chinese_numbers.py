"""Chinese numbers as characters. Own rules: a take's key must not move with another package's table."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
PHONE_DIGITS = "零幺二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "万亿")
MAX_DIGITS = 16


def say_digits(digits: str, phone: bool = False) -> str:
    """Each digit by itself: `1999` -> `一九九九`; 1 is 幺 in telephone numbers."""
    table = PHONE_DIGITS if phone else DIGITS
    return "".join(table[int(digit)] for digit in digits if digit.isdecimal())


def say_integer(digits: str) -> str:
    """`10005` -> `一万零五`, `15` -> `十五`, `20000` -> `两万`; leading zeros or over 16 digits: by digit."""
    if len(digits) > MAX_DIGITS or (digits[0] == "0" and len(digits) > 1):
        return say_digits(digits)
    if digits == "0":
        return DIGITS[0]
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]
    words = ""
    for rank in range(len(groups) - 1, -1, -1):
        words = _append_group(words, groups[rank], rank, any(int(group) for group in groups[:rank]))
    return re.sub(r"^一十", "十", words).replace("零零", "零")


def _append_group(words: str, group: str, rank: int, more: bool) -> str:
    """`words` with a group of four digits of rank 10000**rank behind it."""
    if not int(group):
        return words + ("零" if words and more and not words.endswith("零") else "")
    if words and len(group) == 4 and group[0] == "0" and not words.endswith("零"):
        words += "零"
    said = _group(group.lstrip("0"))
    if said == "二" and rank:
        said = "两"
    return words + said + _MYRIADS[rank]


def _group(digits: str) -> str:
    """Up to four digits without leading zeros."""
    words, zero = "", False
    for index, digit in enumerate(digits):
        place = len(digits) - 1 - index
        if digit == "0":
            zero = True
            continue
        if zero and words:
            words += "零"
        zero = False
        # 两千 but 二百: both are said, 二百 is what the schoolbook has
        words += ("两" if digit == "2" and place == 3 else DIGITS[int(digit)]) + _PLACES[place]
    return words


def say_number(written: str) -> str:
    """A number with separators, sign and decimals: `-1,234.5` -> `负一千二百三十四点五`."""
    sign = "负" if written[0] in "-−" else ""
    whole, point, decimals = written.lstrip("+-−").replace(",", "").replace("，", "").partition(".")
    fraction = f"点{say_digits(decimals)}" if point and decimals else ""
    return f"{sign}{say_integer(whole or '0')}{fraction}"
