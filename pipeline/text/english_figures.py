"""English money, measures, ranges, telephone numbers, ordinals, fractions and plain numbers."""

from __future__ import annotations

import re
import unicodedata

from pipeline.text.english_numbers import (
    capitalized,
    cardinal,
    say_digits,
    say_fraction,
    say_number,
    say_ordinal,
)
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?: \d{3}){1,4}(?! ?\d)|\d+)(?:\.\d+)?"
_STARTS = r"(?<![\w.,])"
_ENDS = r"(?![\d]|[.,]\d)"
_MAGNITUDES = {
    "k": "thousand", "K": "thousand", "thousand": "thousand", "m": "million", "M": "million",
    "mn": "million", "million": "million", "b": "billion", "bn": "billion", "B": "billion",
    "billion": "billion", "tn": "trillion", "trillion": "trillion",
}  # fmt: skip
# symbol: one, many, hundredth, hundredths
_MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"), "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"), "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"), "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₩": ("won", "won", "jeon", "jeon"), "₺": ("lira", "lira", "kurush", "kurush"),
    "¢": ("cent", "cents", "", ""),
}  # fmt: skip
_DOLLARS_OF = {
    "US": "U S ", "A": "Australian ", "AU": "Australian ", "C": "Canadian ", "CA": "Canadian ",
    "HK": "Hong Kong ", "NZ": "New Zealand ", "": "",
}  # fmt: skip
# unit: one, many; -er is respelled -re for British below
_UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"),
    "lb.": ("pound", "pounds"), "lbs.": ("pound", "pounds"), "oz": ("ounce", "ounces"),
    "oz.": ("ounce", "ounces"), "ft": ("foot", "feet"), "ft.": ("foot", "feet"), "yd": ("yard", "yards"),
    "yds": ("yard", "yards"), "mi": ("mile", "miles"), "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "m/s": ("meter per second", "meters per second"),
    "ml": ("milliliter", "milliliters"), "l": ("liter", "liters"), "L": ("liter", "liters"),
    "ha": ("hectare", "hectares"), "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"), "m³": ("cubic meter", "cubic meters"),
    "sq ft": ("square foot", "square feet"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"), "MW": ("megawatt", "megawatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"), "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "dB": ("decibel", "decibels"), "ms": ("millisecond", "milliseconds"), "min": ("minute", "minutes"),
    "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "sec": ("second", "seconds"),
    "secs": ("second", "seconds"), "°": ("degree", "degrees"), "º": ("degree", "degrees"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "℃": ("degree Celsius", "degrees Celsius"), "℉": ("degree Fahrenheit", "degrees Fahrenheit"),
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=lambda unit: (-len(unit), unit)))
_FRACTION_DENOMINATORS = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100))


def _counted(amount: str, british: bool) -> str:
    """A number, or a range of two, as words."""
    first, _, last = re.sub(r"\s*[-–]\s*(?=\d)", "~", amount[1:]).partition("~")
    words = say_number(amount[0] + first, british)
    return f"{words} to {say_number(last, british)}" if last else words


def _money_words(symbol: str, amount: str, magnitude: str, attributive: bool, british: bool) -> str:
    one, many, cent, cents = _MONEY[symbol]
    whole, _, hundredths = amount.partition(".")
    if not magnitude and len(hundredths) == 2 and cent and not re.search(r"[-–]", amount):
        parts = []
        if int(whole.replace(",", "")) or not int(hundredths):
            parts.append(f"{say_number(whole, british)} {one if whole == '1' else many}")
        if int(hundredths):
            parts.append(f"{cardinal(int(hundredths), british)} {cent if hundredths == '01' else cents}")
        return " and ".join(parts)
    scale = f" {_MAGNITUDES[magnitude]}" if magnitude else ""
    name = one if attributive or (amount == "1" and not scale) else many
    return f"{_counted(amount, british)}{scale} {name}"


def _say_money(match: re.Match[str], tongue: Tongue) -> str:
    groups = match.groupdict()
    after_article = re.search(r"\b[Aa]n?\s$", match.string[: match.start()]) is not None
    hyphenated = re.match(r"[-‑][A-Za-z]|\s[a-z]", match.string[match.end() :]) is not None
    attributive = (after_article and hyphenated) or match.string[match.end() : match.end() + 2] == "-a"
    if match.string[match.end() : match.end() + 3] == "-a-":
        attributive = False
    words = _money_words(
        groups["symbol"], groups["amount"], groups.get("magnitude") or "", attributive, tongue.british
    )
    sign = "minus " if groups.get("sign") or groups.get("minus") else ""
    name = _MONEY[groups["symbol"]][0]
    return sign + words.replace(f" {name}", f" {_DOLLARS_OF[groups.get('country') or '']}{name}", 1)


def _say_shillings(match: re.Match[str], tongue: Tongue) -> str:
    """British money before 1971: `10s. 6d.`."""
    ends = "" if match.string[match.end() :].strip("\"”’') ") else "."
    shillings = int(match["shillings"])
    words = f"{cardinal(shillings, tongue.british)} shilling{'' if shillings == 1 else 's'}"
    if match["pence"]:
        pence = int(match["pence"])
        words += f" and {cardinal(pence, tongue.british)} {'penny' if pence == 1 else 'pence'}"
    return words + ends


def _say_measure(match: re.Match[str], tongue: Tongue) -> str:
    one, many = _UNITS[match["unit"]]
    text, end = match.string, match.end()
    hyphenated = re.search(r"\d-[^\d]*$", match[0]) is not None and match["unit"].isalpha()
    attributive = hyphenated or re.match(r"-[A-Za-z]", text[end:]) is not None
    name = one if match["amount"] == "1" or attributive else many
    if tongue.british:
        name = re.sub(r"(met|lit)er", r"\1re", name)
    stop = "." if match["unit"].endswith(".") and not text[end:].strip("\"”’')") else ""
    return f"{'minus ' if match['sign'] else ''}{_counted(match['amount'], tongue.british)} {name}{stop}"


def _say_percent(match: re.Match[str], tongue: Tongue) -> str:
    name = "percent" if match["unit"] == "%" else "per mille"
    words = _counted(match["amount"].replace("%", ""), tongue.british)
    return f"{'minus ' if match['sign'] else ''}{words} {name}"


def _say_feet(match: re.Match[str], tongue: Tongue) -> str:
    feet = cardinal(int(match["feet"]), tongue.british)
    if match["inches"]:
        return f"{feet} foot {cardinal(int(match['inches']), tongue.british)}"
    return f"{feet} {'foot' if match['feet'] == '1' else 'feet'}"


def _say_phone(match: re.Match[str], tongue: Tongue) -> str | None:
    groups = re.findall(r"\d+", match[0])
    if sum(len(group) for group in groups) < 7 and not match[0].startswith("+"):
        return None
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(say_digits(group) for group in groups)


def _say_grouped_phone(match: re.Match[str], tongue: Tongue) -> str | None:
    return _say_phone(match, tongue) if _is_phone(match[0]) else None


def _is_phone(written: str) -> bool:
    """Whether groups of digits look like a telephone or card number and not like a range or a sum."""
    digits = sum(character.isdigit() for character in written)
    groups = re.findall(r"\d+", written)
    if written[0] in "+(":
        return digits >= 6
    if re.fullmatch(r"\d{1,3}(?: \d{3})+", written):  # thousands set off by spaces
        return False
    return 7 <= digits <= 19 and (len(groups) >= 3 or re.fullmatch(r"\d{3}-\d{4}", written) is not None)


def _say_dialed(match: re.Match[str], tongue: Tongue) -> str:
    return say_digits(match[0])


def _say_number_range(match: re.Match[str], tongue: Tongue) -> str | None:
    if max(len(match["first"]), len(match["last"])) > 6 and "," not in match[0]:
        return None  # a code
    return f"{say_number(match['first'], tongue.british)} to {say_number(match['last'], tongue.british)}"


def _say_slashed(match: re.Match[str], tongue: Tongue) -> str | None:
    numerator, denominator = int(match["over"]), int(match["under"])
    if numerator < denominator and denominator in _FRACTION_DENOMINATORS:
        words = say_fraction(numerator, denominator, tongue.british)
        if not match["whole"]:
            return words
        words = words.replace("one ", "a ", 1) if numerator == 1 and denominator in (2, 4) else words
        return f"{say_number(match['whole'], tongue.british)} and {words}"
    if match["whole"]:
        return None
    return f"{cardinal(numerator, tongue.british)} {cardinal(denominator, tongue.british)}"


def _say_vulgar(match: re.Match[str], tongue: Tongue) -> str | None:
    above, slash, below = unicodedata.normalize("NFKC", match["fraction"]).partition("\u2044")
    if not (slash and above.isdecimal() and below.isdecimal()):
        return None
    words = say_fraction(int(above), int(below), tongue.british)
    if not match["whole"]:
        return words
    words = words.replace("one ", "a ", 1) if above == "1" and below in ("2", "4") else words
    return f"{say_number(match['whole'], tongue.british)} and {words}"


def _say_ordinal(match: re.Match[str], tongue: Tongue) -> str:
    return say_ordinal(match["number"], tongue.british)


def _say_version(match: re.Match[str], tongue: Tongue) -> str:
    words = " point ".join(say_number(part, tongue.british) for part in match["parts"].split("."))
    return f"version {words}" if match["mark"] else words


def _say_power(match: re.Match[str], tongue: Tongue) -> str:
    return {"²": " squared", "³": " cubed"}[match[0]]


def _say_ratio(match: re.Match[str], tongue: Tongue) -> str:
    return f"{say_number(match['first'], tongue.british)} to {say_number(match['last'], tongue.british)}"


def _say_plain(match: re.Match[str], tongue: Tongue) -> str:
    words = say_number(match[0], tongue.british)
    return capitalized(words) if tongue.title else words


_RANGE = rf"{NUMBER}(?:\s?[-–]\s?{NUMBER})?"
_MAGNITUDE = r"(?:[\s-]?(?P<magnitude>thousand|million|billion|trillion|bn|mn|tn|[kKmMbB])\b)?"

OLD_MONEY_RULES = (
    Rule(
        "currency",
        re.compile(r"(?<![\w.,])(?P<shillings>\d{1,2})s\.\s?(?P<pence>\d{1,2})d\."),
        _say_shillings,
    ),
    Rule("currency", re.compile(r"(?<=£\d\s|\d\d\s)(?P<shillings>\d{1,2})s\.(?P<pence>)"), _say_shillings),
)

FIGURE_RULES = (
    Rule(
        "currency",
        re.compile(
            rf"(?<![\w.,])(?P<sign>[-−])?(?P<country>US|AU|CA|HK|NZ|A|C)?(?P<symbol>[$£€¥₹₽₩₺])"
            rf"(?:(?P<minus>[-−])|\s?)(?P<amount>{_RANGE}){_MAGNITUDE}"
        ),
        _say_money,
    ),
    Rule(
        "currency",
        re.compile(rf"{_STARTS}(?P<amount>{_RANGE})\s?(?P<symbol>[€¢£₽])"),
        _say_money,
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.])(?P<feet>\d{1,2})[′'’]\s?(?P<inches>\d{1,2})(?:[″\"”]|''|’’|′′)"),
        _say_feet,
    ),
    Rule("unit", re.compile(r"(?<![\w.])(?P<feet>\d{1,3})′(?P<inches>)"), _say_feet),
    Rule("unit", re.compile(r"(?<![\w.])(?P<feet>\d{1,2})\s?ft\.?\s(?P<inches>\d{1,2})\s?in\b"), _say_feet),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,])(?P<sign>[-−](?=\d))?(?P<amount>{_RANGE})[\s-]?(?P<unit>{_UNIT})(?![\w²³/])"
        ),
        _say_measure,
    ),
    Rule(
        "percent",
        re.compile(
            rf"{_STARTS}(?P<sign>[-−](?=\d))?(?P<amount>{NUMBER}(?:%?\s?[-–]\s?{NUMBER})?)\s?(?P<unit>[%‰])"
        ),
        _say_percent,
    ),
    Rule(
        "phone",
        re.compile(
            r"(?<![\w.,-])(?:\+\d{1,3}[\s-]?)?(?:\(\d{2,5}\)\s?)?\d{2,5}(?:[\s-]\d{2,5}){1,4}(?![\w-]|[.,]\d)"
        ),
        _say_grouped_phone,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\w.,-])\+\d{6,15}(?![\w-])"),
        _say_phone,
    ),
    Rule(
        "phone",
        re.compile(
            r"(?:(?<=\b[Cc]all\s)|(?<=\b[Dd]ial\s)|(?<=\b[Dd]ialed\s)|(?<=\b[Dd]ialled\s))"
            r"\d{3,15}(?![\w-]|[.,]\d)"
        ),
        _say_dialed,
    ),
    Rule(
        "range",
        re.compile(rf"(?<![\w.,/–-])(?P<first>{NUMBER})\s?[-–]\s?(?P<last>{NUMBER})(?![\w/–-]|[.,]\d)"),
        _say_number_range,
    ),
    Rule(
        "fraction",
        re.compile(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,6})[\s-])?(?P<over>\d{1,3})[/⁄](?P<under>\d{1,3})(?![\w/]|[.,]\d)"
        ),
        _say_slashed,
    ),
    Rule(
        "fraction",
        re.compile(r"(?:(?<![\w.,])(?P<whole>\d{1,9})\s?)?(?P<fraction>[¼½¾⅐-⅞↉])"),
        _say_vulgar,
        False,
    ),
    Rule(
        "ordinal",
        re.compile(r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH|ᵗʰ|ˢᵗ|ⁿᵈ|ʳᵈ)\b"),
        _say_ordinal,
    ),
    Rule(
        "version",
        re.compile(r"(?:\b(?P<mark>[vV])\.?\s?)?(?<![\d.])(?P<parts>\d+(?:\.\d+){2,})(?![\w]|\.\d)"),
        _say_version,
    ),
    Rule("version", re.compile(r"\b(?P<mark>v)(?P<parts>\d+(?:\.\d+)?)(?![\w]|\.\d)"), _say_version),
    Rule("ratio", re.compile(r"(?<![\w.,:/])(?P<first>\d{1,6}):(?P<last>\d{1,6})(?![\w:])"), _say_ratio),
    Rule("number", re.compile(rf"(?:(?<![\w)\].,-])[-−](?=\.?\d))?(?:{NUMBER}|(?<![\d.])\.\d+)"), _say_plain),
    Rule("power", re.compile(r"(?:(?<=\d)|(?<=\b[a-zA-Z]))[²³]"), _say_power, False),
)
