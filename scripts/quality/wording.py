"""Words and syllables to compare: what a book says and what a recognizer wrote, brought to one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_CJK = re.compile(r"[\u3400-\u9fff]")
# What a recognizer writes in figures: money, times, decimals, ordinals, plain numbers.
_FIGURE = re.compile(
    r"(?P<currency>[£$€])?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:(?P<mark>[.:])(?P<part>\d+))?"
    r"(?P<ordinal>st|nd|rd|th)?(?P<percent>%)?",
    re.IGNORECASE,
)
_MARKS = {"’": "'", "‘": "'", "“": '"', "”": '"', "—": " ", "–": " ", "-": " ", "&": " and "}
_SHORT = {
    "dr": "doctor", "mr": "mister", "mrs": "missus", "st": "saint", "ok": "okay", "vs": "versus",
    "tis": "it's", "gonna": "going to", "wanna": "want to", "o'clock": "oclock", "ma'am": "maam",
}  # fmt: skip
# A contraction and its long form sound alike in flowing speech; recognizers write either.
_CONTRACTIONS = (
    ("won't", "will not"), ("can't", "can not"), ("cannot", "can not"), ("n't", " not"), ("'ll", " will"),
    ("'ve", " have"), ("'re", " are"), ("i'm", "i am"),
)  # fmt: skip
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MONEY = {"£": ("pound", "pence"), "$": ("dollar", "cents"), "€": ("euro", "cents")}
_CHINESE_DIGITS = "零一二三四五六七八九"
# Written differently, said alike: no recording can tell one from the other.
_SAID_ALIKE = str.maketrans(
    {"她": "他", "它": "他", "牠": "他", "著": "着", "地": "的", "得": "的", "裡": "里", "裏": "里"}
)


def words(text: str) -> list[str]:
    """The words of a text in lower case; each Chinese character is one. Figures stay figures."""
    text = unicodedata.normalize("NFKC", text).casefold()
    for mark, plain in _MARKS.items():
        text = text.replace(mark, plain)
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    text = _CJK.sub(lambda found: f" {found.group()} ", text).translate(_SAID_ALIKE)
    found = [word for piece in _pieces(text) for word in piece]
    return [part for word in found for part in _SHORT.get(word, word).split()]


def _pieces(text: str) -> Iterator[list[str]]:
    """Words of the text; a figure is one word with its currency and marks, for `readings`."""
    place = 0
    for figure in _FIGURE.finditer(text):
        yield _WORD.findall(text[place : figure.start()])
        yield [figure.group()]
        place = figure.end()
    yield _WORD.findall(text[place:])


def is_figure(word: str) -> bool:
    """Whether a word of `words` holds digits and so has several readings."""
    return any(character.isdigit() for character in word)


def readings(figure: str, chinese: bool) -> list[list[str]]:
    """Every way that people say a figure, each as words; the first is the plainest."""
    found = _FIGURE.fullmatch(figure)
    if found is None:
        return [[figure]]
    whole = int(found["whole"].replace(",", ""))
    if chinese:
        return _chinese_readings(found["whole"], whole, found["part"])
    if found["currency"]:
        return _money_readings(whole, found["part"], found["currency"])
    if found["ordinal"]:
        return [[*_ordinal(said)] for said in _cardinals(whole)]
    after = ["percent"] if found["percent"] else []
    if found["mark"] == ":" or (found["mark"] == "." and found["part"] and len(found["part"]) == 2):
        clock = [[*hour, *minute] for hour in _cardinals(whole) for minute in _minutes(found["part"] or "00")]
        past = [["half", "past", *_cardinals(whole)[0]]] if found["part"] == "30" else []
        return [*past, *clock, *_decimals(whole, found["part"] or "")]
    if found["mark"] == ".":
        return [[*said, *after] for said in _decimals(whole, found["part"] or "")]
    plain = [[*said, *after] for said in _cardinals(whole)]
    return [*plain, *_years(whole), [_ONES[int(digit)] for digit in found["whole"] if digit.isdigit()],
            *[_ordinal(said) for said in _cardinals(whole)]]  # fmt: skip


def _cardinals(number: int) -> list[list[str]]:
    said = _cardinal(number)
    without = [word for word in said if word != "and"]
    return [said] if said == without else [said, without]


def _cardinal(number: int) -> list[str]:
    if number < 20:
        return [_ONES[number]]
    if number < 100:
        return [_TENS[number // 10], *([_ONES[number % 10]] if number % 10 else [])]
    if number < 1000:
        rest = ["and", *_cardinal(number % 100)] if number % 100 else []
        return [_ONES[number // 100], "hundred", *rest]
    for scale, name in _SCALES:
        if number >= scale:
            head, left = divmod(number, scale)
            joint = ["and"] if 0 < left < 100 else []
            return [*_cardinal(head), name, *joint, *(_cardinal(left) if left else [])]
    raise AssertionError("numbers from 1000 up have a scale")


def _ordinal(said: list[str]) -> list[str]:
    last = said[-1]
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return [*said[:-1], _ORDINALS.get(last, regular)]


def _years(number: int) -> list[list[str]]:
    if not 1000 <= number <= 2099:
        return []
    first, last = divmod(number, 100)
    rest = ["hundred"] if last == 0 else ["oh", _ONES[last]] if last < 10 else _cardinal(last)
    return [[*_cardinal(first), *rest]]


def _minutes(part: str) -> list[list[str]]:
    minute = int(part[:2])
    if minute == 0:
        return [[], ["oclock"]]
    return [["oh", _ONES[minute]], [_ONES[minute]]] if minute < 10 else [_cardinal(minute)]


def _decimals(whole: int, part: str) -> list[list[str]]:
    digits = [_ONES[int(digit)] for digit in part]
    return [[*said, "point", *digits] for said in _cardinals(whole)]


def _money_readings(whole: int, part: str | None, currency: str) -> list[list[str]]:
    unit, small = _MONEY[currency]
    unit = unit if whole == 1 else unit + "s"
    small_amount = _cardinal(int(part)) if part and int(part) else []
    found = []
    for said in _cardinals(whole):
        if not small_amount:
            found.append([*said, unit])
            continue
        found += [[*said, unit, "and", *small_amount, small], [*said, unit, *small_amount, small],
                  [*said, unit, *small_amount], [*said, *small_amount]]  # fmt: skip
    return found


def _chinese_readings(digits: str, number: int, part: str | None) -> list[list[str]]:
    one_by_one = [_CHINESE_DIGITS[int(digit)] for digit in digits if digit.isdigit()]
    after = ["点", *[_CHINESE_DIGITS[int(digit)] for digit in part]] if part else []
    counted = list(_chinese_cardinal(number))
    return [[*counted, *after], [*one_by_one, *after]]


def _chinese_cardinal(number: int) -> str:
    if number < 10:
        return _CHINESE_DIGITS[number]
    for scale, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= scale:
            head, rest = divmod(number, scale)
            said = "" if scale == 10 and head == 1 else _chinese_cardinal(head)
            gap = "零" if 0 < rest < scale // 10 else ""
            return said + name + (gap + _chinese_cardinal(rest) if rest else "")
    raise AssertionError("numbers from 10 up have a scale")


def simplified(text: str) -> str:
    """A Chinese text in simplified characters; recognizers write either.

    Raises:
        SystemExit: the converter is not installed.
    """
    try:
        from opencc import OpenCC  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise SystemExit("a Chinese book needs opencc-python-reimplemented, see docs/quality.md") from error
    return str(OpenCC("t2s").convert(text))


def syllables(said: Sequence[str]) -> list[str]:
    """Chinese characters as pinyin without tones: a recognizer chooses among characters that sound alike.

    Raises:
        SystemExit: `pypinyin` is not installed.
    """
    try:
        from pypinyin import lazy_pinyin  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise SystemExit("a Chinese book needs pypinyin, see docs/quality.md") from error
    together = list(lazy_pinyin("".join(said)))  # the neighbours decide how a character is read
    return together if len(together) == len(said) else [str(lazy_pinyin(word)[0]) for word in said]


def spelling(word: str) -> str:
    """A word so that British and American spellings of it, and a lost apostrophe, are equal."""
    word = word.replace("'", "")
    for british, american in (("our", "or"), ("ise", "ize"), ("isa", "iza"), ("ll", "l"), ("grey", "gray"),
                              ("ogue", "og"), ("centre", "center"), ("theatre", "theater"),
                              ("pyjama", "pajama"), ("defence", "defense")):  # fmt: skip
        word = word.replace(british, american)
    return word.removesuffix("e") if len(word) > 4 else word
