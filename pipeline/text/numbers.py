"""Plain numbers, ordinals and percentages in languages without rules of their own."""

from __future__ import annotations

import re
import unicodedata

from pipeline.text.english_numbers import MAX_CARDINAL_DIGITS
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

SUPERSCRIPTS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")

# Languages that write 1,234.5; the rest of those below write 1.234,5 or 1 234,5.
_POINT_LANGUAGES = frozenset(("en", "zh", "ja", "ko", "th", "he", "hi", "ar", "fa"))
_PERCENT = {
    "es": "por ciento", "fr": "pour cent", "it": "per cento", "pt": "por cento", "de": "Prozent",
    "nl": "procent", "sv": "procent", "da": "procent", "no": "prosent", "pl": "procent", "ru": "процентов",
    "tr": "yüzde", "ja": "パーセント", "ko": "퍼센트", "hi": "प्रतिशत",
}  # fmt: skip
_HINDI_DIGITS = ("शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ")
_CHINESE_DIGITS = "零一二三四五六七八九"
_REGIONAL = {"pt-br": "pt_BR", "fr-be": "fr_BE", "fr-ch": "fr_CH", "es-co": "es_CO", "es-ve": "es_VE"}


def say_digits_in(digits: str, base_language: str) -> str:
    """Each digit by itself in any language; as written where the language has no words here."""
    if base_language == "zh":
        return "".join(_CHINESE_DIGITS[int(digit)] for digit in digits)
    if base_language == "hi":
        return " ".join(_HINDI_DIGITS[int(digit)] for digit in digits)
    spoken = [_words(int(digit), base_language, "cardinal") or digit for digit in digits]
    return " ".join(spoken)


def _words(number: int, language: str, form: str) -> str | None:
    """num2words' reading, or None where it knows no such language or form."""
    from num2words import num2words

    try:
        return str(num2words(number, lang=_REGIONAL.get(language, language), to=form))
    except (NotImplementedError, OverflowError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        # num2words answers an unknown language, a gap in its tables or too big a number by any of these.
        return None


def _say_integer(digits: str, tongue: Tongue) -> str | None:
    if (digits[0] == "0" and len(digits) > 1) or len(digits) > MAX_CARDINAL_DIGITS or tongue.base == "hi":
        return say_digits_in(digits, tongue.base)
    return _words(int(digits), tongue.language, "cardinal") or _words(int(digits), tongue.base, "cardinal")


_POINT_WORDS = {
    "es": "coma", "fr": "virgule", "it": "virgola", "pt": "vírgula", "de": "Komma", "nl": "komma",
    "sv": "komma", "da": "komma", "no": "komma", "pl": "przecinek", "ru": "запятая", "tr": "virgül",
    "ja": "点", "ko": "점", "hi": "दशमलव",
}  # fmt: skip
_MINUS = {
    "es": "menos", "fr": "moins", "it": "meno", "pt": "menos", "de": "minus", "nl": "min", "sv": "minus",
    "da": "minus", "no": "minus", "pl": "minus", "ru": "минус", "tr": "eksi", "ja": "マイナス",
    "ko": "마이너스", "hi": "ऋण",
}  # fmt: skip


def _say_plain(match: re.Match[str], tongue: Tongue) -> str | None:
    written = match["number"]
    point = "." if tongue.base in _POINT_LANGUAGES else ","
    grouped = re.sub(rf"(?<=\d)[{'.' if point == ',' else ','}\s'’](?=\d{{3}}(?!\d))", "", written)
    whole, mark, decimals = grouped.partition(point)
    if not whole.isdecimal() or (mark and not decimals.isdecimal()):
        return None
    words = _say_integer(whole, tongue)
    if words is None or (mark and tongue.base not in _POINT_WORDS):
        return None
    if mark:
        words += f" {_POINT_WORDS[tongue.base]} {say_digits_in(decimals, tongue.base)}"
    sign = f"{_MINUS[tongue.base]} " if match["sign"] and tongue.base in _MINUS else ""
    percent = f" {_PERCENT[tongue.base]}" if match["percent"] and tongue.base in _PERCENT else ""
    return f"{sign}{words}{percent}"


def _say_time(match: re.Match[str], tongue: Tongue) -> str | None:
    hour, minute = _say_integer(match["hour"], tongue), _say_integer(str(int(match["minute"])), tongue)
    return f"{hour} {minute}" if hour and minute else None


def _say_ordinal(match: re.Match[str], tongue: Tongue) -> str | None:
    if tongue.base not in ("es", "pt", "it", "fr") or len(match["number"]) > MAX_CARDINAL_DIGITS:
        return None
    words = _words(int(match["number"]), tongue.base, "ordinal")
    if words is None:
        return None
    feminine = match["mark"] in ("ª", "re", "ère")
    if feminine and tongue.base == "fr":
        return words.replace("premier", "première")
    return re.sub(r"o(?= |$)", "a", words) if feminine else words


def _say_numeric(match: re.Match[str], tongue: Tongue) -> str | None:
    """Circled, super- and subscript digits, Roman numeral characters, fractions: by their value."""
    value = unicodedata.numeric(match[0], -1.0)
    if value < 0 or unicodedata.category(match[0]) not in ("No", "Nl"):
        return None
    if match[0] in SUPERSCRIPTS and not match.string[: match.start()][-1:].isdecimal():
        return None  # a footnote's mark
    if value == int(value):
        if tongue.base == "zh":
            from pipeline.text.chinese_numbers import say_integer

            return say_integer(str(int(value)))
        return _words(int(value), tongue.base, "cardinal")
    return None


PLAIN_RULES = (
    Rule(
        "time", re.compile(r"(?<![\w.,:])(?P<hour>[012]?\d):(?P<minute>[0-5]\d)(?![\w:]|[.,]\d)"), _say_time
    ),
    Rule(
        "ordinal",
        re.compile(r"(?<![\w.,])(?P<number>\d+)\.?(?P<mark>[ºª]|er|re|ère|ème|nde?|e)(?!\w)"),
        _say_ordinal,
    ),
    Rule(
        "number",
        re.compile(
            r"(?P<sign>(?<![\w)\].,-])[-−](?=\d))?(?P<number>(?<![\d.,:])"
            r"\d{1,3}(?:[., '’]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
            r"(?P<percent>\s?[%％])?"
        ),
        _say_plain,
    ),
    Rule("number", re.compile(r"(?P<number>\d+)(?P<sign>)(?P<percent>)"), _say_plain),
)
# Blocks without numeric characters are left out, so that common text is passed over quickly.
_MAY_BE_NUMERIC = re.compile(
    r"[²³¹¼-¾]|[^\x00-\u08ff\u2000-\u206f\u3008-\u3020\u3030-\u318f\u3400-\ua6df\ua840-\ud7ff\uf900-\uffff]"
)
NUMERIC_RULES = (Rule("number", _MAY_BE_NUMERIC, _say_numeric, False),)
