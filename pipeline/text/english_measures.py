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
}  # fmt: skip
# `in` without its stop is the preposition: 5 in the morning.
_ONLY_STOPPED = {"in.": ("inch", "inches"), "yr.": ("year", "years"), "wt.": ("weight", "weight")}
_ALL_UNITS = _UNITS | _STOPPED | {f"{unit}.": names for unit, names in _STOPPED.items()} | _ONLY_STOPPED
_UNIT = "|".join(re.escape(unit) for unit in sorted(_ALL_UNITS, key=lambda unit: (-len(unit), unit)))
# Taller than this is no person, and is measured in feet and inches.
_TALLEST_FEET = 8


def _stop(match: re.Match[str]) -> str:
    return "." if match[0].endswith(".") and sentence_ends_after(match.string, match.end()) else ""


def _say_measure(match: re.Match[str], tongue: Tongue) -> str:
    one, many = _ALL_UNITS[match["unit"]]
    hyphenated = re.search(r"\d-[^\d]*$", match[0]) is not None and match["unit"].rstrip(".").isalpha()
    attributive = hyphenated or re.match(r"-[A-Za-z]", match.string[match.end() :]) is not None
    name = one if match["amount"] == "1" or attributive else many
    if tongue.british:
        name = re.sub(r"(met|lit)er", r"\1re", name)
    sign = "minus " if match["sign"] else ""
    return f"{sign}{say_counted(match['amount'], tongue.british)} {name}{_stop(match)}"


def _say_feet(match: re.Match[str], tongue: Tongue) -> str:
    feet = cardinal(int(match["feet"]), tongue.british)
    if not match["inches"]:
        return f"{feet} {'foot' if match['feet'] == '1' else 'feet'}"
    inches = cardinal(int(match["inches"]), tongue.british)
    if int(match["feet"]) <= _TALLEST_FEET:
        return f"{feet} foot {inches}{_stop(match)}"
    return f"{feet} feet {inches} {'inch' if match['inches'] == '1' else 'inches'}{_stop(match)}"


MEASURE_RULES = (
    Rule(
        "unit",
        re.compile(r"(?<![\w.])(?P<feet>\d{1,2})[′'’]\s?(?P<inches>\d{1,2})(?:[″\"”]|''|’’|′′)"),
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
        re.compile(rf"(?<![\w.,])(?P<sign>[-−](?=\d))?(?P<amount>{RANGE})[\s-]?(?P<unit>{_UNIT})(?![\w²³/])"),
        _say_measure,
    ),
)
