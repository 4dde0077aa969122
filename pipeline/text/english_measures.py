"""English measures: a figure and its unit, feet and inches."""

from __future__ import annotations

import re

from pipeline.text.english_numbers import RANGE, cardinal, say_counted
from pipeline.text.english_stops import sentence_ends_after
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

# unit: one, many; -er is respelled -re for British below
_UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"), "mph": ("mile per hour", "miles per hour"),
    "km/hr": ("kilometer per hour", "kilometers per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "m/s": ("meter per second", "meters per second"),
    "ml": ("milliliter", "milliliters"), "l": ("liter", "liters"), "L": ("liter", "liters"),
    "ha": ("hectare", "hectares"), "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"), "cm²": ("square centimeter", "square centimeters"),
    "m³": ("cubic meter", "cubic meters"), "cm³": ("cubic centimeter", "cubic centimeters"),
    "sq ft": ("square foot", "square feet"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"), "MW": ("megawatt", "megawatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"), "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "dB": ("decibel", "decibels"), "ms": ("millisecond", "milliseconds"), "°": ("degree", "degrees"),
    "º": ("degree", "degrees"), "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "℃": ("degree Celsius", "degrees Celsius"),
    "℉": ("degree Fahrenheit", "degrees Fahrenheit"),
}  # fmt: skip
# Written with a stop or without.
_STOPPED = {
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "ft": ("foot", "feet"),
    "yd": ("yard", "yards"), "yds": ("yard", "yards"), "mi": ("mile", "miles"), "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "sec": ("second", "seconds"), "secs": ("second", "seconds"), "tsp": ("teaspoon", "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"), "gal": ("gallon", "gallons"), "qt": ("quart", "quarts"),
    "sq. ft": ("square foot", "square feet"), "yrs": ("year", "years"),
    "wks": ("week", "weeks"), "mos": ("month", "months"),
    "kt": ("knot", "knots"), "kts": ("knot", "knots"),
}  # fmt: skip
# `in` without its stop is the preposition: 5 in the morning.
_ONLY_STOPPED = {
    "in.": ("inch", "inches"), "yr.": ("year", "years"), "c.": ("cup", "cups"), "pp.": ("page", "pages"),
}  # fmt: skip
# Behind a slash: $15/hr.
_PER = {
    "hr": "hour", "h": "hour", "hour": "hour", "yr": "year", "year": "year", "mo": "month", "month": "month",
    "wk": "week", "week": "week", "day": "day", "night": "night", "min": "minute",
    "sec": "second", "s": "second",
    "lb": "pound", "kg": "kilogram", "oz": "ounce", "mile": "mile", "person": "person",
}  # fmt: skip
_DIRECTIONS = {"N": " north", "S": " south", "E": " east", "W": " west", None: ""}
_SIXTIETHS = {"arc_minutes": "minute", "arc_seconds": "second"}
_METRIC = {unit: _UNITS[unit] for unit in ("km", "cm", "mm", "kg", "mg", "ml")}
_ALL_UNITS = (
    _UNITS | _STOPPED | {f"{unit}.": names for unit, names in (_STOPPED | _METRIC).items()} | _ONLY_STOPPED
)
_UNIT = "|".join(re.escape(unit) for unit in sorted(_ALL_UNITS, key=lambda unit: (-len(unit), unit)))
# Taller than this is no person, and is measured in feet and inches.
_TALLEST_FEET = 8


def _stop(match: re.Match[str]) -> str:
    return "." if match[0].endswith(".") and sentence_ends_after(match.string, match.end()) else ""


def _say_measure(match: re.Match[str], tongue: Tongue) -> str:
    one, many = _ALL_UNITS[match["unit"]]
    hyphenated = re.search(r"\d-[^\d]*$", match[0]) is not None and match["unit"].rstrip(".").isalpha()
    attributive = hyphenated or re.match(r"-[A-Za-z]", match.string[match.end() :]) is not None
    is_caliber = match[0] == "9mm"
    name = one if match["amount"] == "1" or attributive or is_caliber else many
    if tongue.british:
        name = re.sub(r"(met|lit)er", r"\1re", name)
    sign = "minus " if match["sign"] else ""
    joint = "-" if hyphenated and match.string[match.end() :].startswith("-") else " "  # 20-yr.-old
    return f"{sign}{say_counted(match['amount'], tongue.british)}{joint}{name}{_stop(match)}"


def _say_unit_of_fraction(match: re.Match[str], tongue: Tongue) -> str:
    """The unit behind `½`: `½ mi.` -> ` mile`, `2½ in.` -> ` inches`."""
    one, many = _ALL_UNITS[match["unit"]]
    has_whole = re.search(r"\d\s?\S$", match.string[max(0, match.start() - 40) : match.start()]) is not None
    name = many if has_whole and match.string[match.end() : match.end() + 1] != "-" else one
    if tongue.british:
        name = re.sub(r"(met|lit)er", r"\1re", name)
    return f" {name}{_stop(match)}"


def _say_per(match: re.Match[str], tongue: Tongue) -> str:
    return f" per {_PER[match['unit']]}{_stop(match)}"


def _say_hours(match: re.Match[str], tongue: Tongue) -> str:
    """`2h30m` -> `two hours thirty minutes`."""
    counts = (int(match["hours"]), "hour"), (int(match["minutes"]), "minute")
    return " ".join(f"{cardinal(count, tongue.british)} {name}{'s' * (count != 1)}" for count, name in counts)


def _say_stone(match: re.Match[str], tongue: Tongue) -> str:
    return f"{cardinal(int(match['amount']), tongue.british)} stone"


def _say_seconds(match: re.Match[str], tongue: Tongue) -> str:
    return " seconds"


def _say_position(match: re.Match[str], tongue: Tongue) -> str:
    """`45°30′N` -> `forty-five degrees thirty minutes north`."""
    degrees = int(match["degrees"])
    words = [f"{cardinal(degrees, tongue.british)} degree{'' if degrees == 1 else 's'}"]
    for group, name in _SIXTIETHS.items():
        if match[group]:
            count = int(match[group])
            words.append(f"{cardinal(count, tongue.british)} {name}{'' if count == 1 else 's'}")
    return " ".join(words) + _DIRECTIONS[match["direction"]]


def _say_feet(match: re.Match[str], tongue: Tongue) -> str:
    feet = cardinal(int(match["feet"]), tongue.british)
    if not match["inches"]:
        return f"{feet} {'foot' if match['feet'] == '1' else 'feet'}"
    inches = cardinal(int(match["inches"]), tongue.british)
    if match.groupdict().get("half"):
        inches += " and a half"
    if int(match["feet"]) <= _TALLEST_FEET:
        return f"{feet} foot {inches}{_stop(match)}"
    return f"{feet} feet {inches} {'inch' if match['inches'] == '1' else 'inches'}{_stop(match)}"


MEASURE_RULES = (
    Rule(
        "unit",
        re.compile(
            r"(?<![\w.])(?P<degrees>\d{1,3})°\s?(?P<arc_minutes>\d{1,2})[′'’]"
            r"(?:\s?(?P<arc_seconds>\d{1,2})[″\"”])?(?:\s?(?P<direction>[NSEW])\b)?"
        ),
        _say_position,
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.])(?P<feet>[3-8])\s?ft\.?,?\s(?P<inches>\d|1[01])(?=[,;!?]|\.(?!\d)|$)"),
        _say_feet,
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.])(?P<hours>\d{1,2})\s?h(?:rs?)?\s?(?P<minutes>\d{1,2})\s?m(?:ins?)?\b"),
        _say_hours,
    ),
    Rule("unit", re.compile(r"(?<![\w.])(?P<amount>\d{1,2})\s?st\.?(?=,?\s\d{1,2}\s?lbs?\b)"), _say_stone),
    Rule(
        "unit",
        re.compile(r"(?<![\w.])(?P<feet>\d{1,2})[′'’]\s?(?P<inches>\d{1,2})(?P<half>½)?(?:[″\"”]|''|’’|′′)"),
        _say_feet,
    ),
    Rule("unit", re.compile(r"(?<![\w.])(?P<feet>\d{1,3})′(?P<inches>)"), _say_feet),
    Rule(
        "unit",
        re.compile(r"(?<![\w.])(?P<feet>\d{1,2})\s?ft\.?,?\s(?P<inches>\d{1,2})\s?in(?:\.(?!\w)|\b)"),
        _say_feet,
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?:(?<![\w.,])|(?<=\dx))(?P<sign>[-−](?=\d))?(?P<amount>{RANGE})[\s-]?(?P<unit>{_UNIT})(?![\w²³/])"
        ),
        _say_measure,
    ),
    Rule("unit", re.compile(r"(?<=\d\.\d)s\b|(?<=\d\.\d\d)s\b"), _say_seconds),
    Rule(
        "unit",
        re.compile(rf"(?<=[¼½¾⅐-⅞])[\s-]?(?P<unit>{_UNIT})(?![\w²³/])"),
        _say_unit_of_fraction,
        False,
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<=[\da-z])\s?/\s?(?P<unit>{'|'.join(sorted(_PER, key=len, reverse=True))})(?:\.(?!\w)|\b)"
        ),
        _say_per,
    ),
)
