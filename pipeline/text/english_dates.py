"""English dates, years, decades and times of day."""

from __future__ import annotations

import re

from pipeline.text.english_numbers import capitalized, cardinal, ordinal, plural, say_short_year, say_year
from pipeline.text.english_stops import sentence_ends_after, stop_before_starter, time_goes_on
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

MONTHS = str.split("January February March April May June July August September October November December")
_SHORT_MONTHS = {name[:3]: name for name in MONTHS} | {"Sept": "September"}
_MONTH = r"(?P<month>" + "|".join(MONTHS) + r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?:\s?[-–]\s?(?P<last>[12]?\d|3[01])(?:st|nd|rd|th)?)?"
_YEAR = r"(?P<year>1\d{3}|20\d\d)"
_NOT_IN_NUMBER = r"(?<![\w.,/–-])"
_NUMBER_ENDS = r"(?![\w/]|[.,:–-]\d)"

# After these a bare four-digit number counts things, it is no year: `1500 men` is read either way in life,
# but `1200 miles` as "twelve hundred" only in speech of a certain kind, so a counted noun keeps the cardinal.
_COUNTED = (
    "men|women|people|children|soldiers|horses|ships|pages|words|miles|yards|feet|meters|metres|kilometers|"
    "kilometres|acres|years|days|hours|minutes|seconds|weeks|months|times|steps|votes|pounds|dollars|"
    "francs|marks|euros|guineas|shillings|pence|cents|tons|tonnes|degrees|percent|per\\s+cent|souls|copies|"
    "rubles|roubles|calories|watts|volts|troops|prisoners|inhabitants|houses|books"
)


def _month_name(written: str) -> str:
    plain = written.rstrip(".")
    return plain if plain in MONTHS else _SHORT_MONTHS[plain]


def _days(match: re.Match[str], tongue: Tongue) -> str:
    first = ordinal(int(match["day"]), tongue.british)
    return f"{first} to {ordinal(int(match['last']), tongue.british)}" if match["last"] else first


def _say_day_month(match: re.Match[str], tongue: Tongue) -> str:
    before = match.string[: match.start()].rstrip().rpartition(" ")[2].lower()
    article = "" if before.lstrip("“‘\"'(") in ("the", "this", "that") or match["of"] else "the "
    year = f", {say_year(int(match['year']), tongue.british)}" if match["year"] else ""
    ends = match[0].endswith(".") and sentence_ends_after(match.string, match.end())
    return f"{article}{_days(match, tongue)} of {_month_name(match['month'])}{year}{'.' if ends else ''}"


def _say_month_day(match: re.Match[str], tongue: Tongue) -> str:
    article = "the " if tongue.british else ""
    year = f", {say_year(int(match['year']), tongue.british)}" if match["year"] else ""
    return f"{_month_name(match['month'])} {article}{_days(match, tongue)}{year}"


def spoken_date(year: int, month: int, day: int, tongue: Tongue) -> str | None:
    """A calendar date in the order of the language; None if there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    the_day, the_year = ordinal(day, tongue.british), say_year(year, tongue.british)
    if tongue.british:
        return f"the {the_day} of {MONTHS[month - 1]}, {the_year}"
    return f"{MONTHS[month - 1]} {the_day}, {the_year}"


def _say_short_date(match: re.Match[str], tongue: Tongue) -> str | None:
    """`on 4/7`, a day and a month in the order of the country."""
    first, second = int(match["first"]), int(match["second"])
    day, month = (first, second) if tongue.british else (second, first)
    if not (1 <= month <= 12 and 1 <= day <= 31) or match[0] == "9/11":
        return None
    the_day = ordinal(day, tongue.british)
    return f"the {the_day} of {MONTHS[month - 1]}" if tongue.british else f"{MONTHS[month - 1]} {the_day}"


def _say_military_time(match: re.Match[str], tongue: Tongue) -> str:
    """`0600 hours` -> `oh six hundred`."""
    hour, minute = match["hour"], match["minute"]
    words = say_short_year(hour, tongue.british) if hour != "00" else "zero"
    return f"{words} {say_short_year(minute, tongue.british)}"


def _say_iso_date(match: re.Match[str], tongue: Tongue) -> str | None:
    return spoken_date(int(match["year"]), int(match["month"]), int(match["day"]), tongue)


def _say_figure_date(match: re.Match[str], tongue: Tongue) -> str | None:
    first, second = int(match["first"]), int(match["second"])
    day, month = (first, second) if tongue.british else (second, first)
    if month > 12:  # only the other order can be meant
        day, month = month, day
    return spoken_date(int(match["year"]), month, day, tongue)


def _say_time(match: re.Match[str], tongue: Tongue) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59:
        return None
    half = say_half_day(match["half"], match)
    words = cardinal(hour, tongue.british)
    if match["minute"] and minute:
        words += f" oh {cardinal(minute, False)}" if minute < 10 else f" {cardinal(minute, tongue.british)}"
    elif match["minute"] and not half:
        words += " hundred" if hour > 12 or match["hour"][0] == "0" else " o’clock"
    if match["second"]:
        words += f" and {cardinal(int(match['second']), tongue.british)} seconds"
    return words.replace("’", "'") + half


def say_half_day(half: str | None, match: re.Match[str]) -> str:
    """` A M` of `a.m.`, with its stop kept where the sentence ends there."""
    if not half:
        return ""
    letters = " A M" if half[0] in "aA" else " P M"
    ends = sentence_ends_after(match.string, match.end()) and not time_goes_on(match.string, match.end())
    return letters + ("." if half.endswith(".") and ends else "")


def _say_year_range(match: re.Match[str], tongue: Tongue) -> str | None:
    first, last = int(match["first"]), match["last"]
    if len(last) == 2:
        if last == "00" and first % 100 == 99:
            return f"{say_year(first, tongue.british)} to {say_year(first + 1, tongue.british)}"
        if int(last) <= first % 100:
            return None
        end = say_short_year(last, tongue.british)
    else:
        end = say_year(int(last), tongue.british)
    return f"{say_year(first, tongue.british)} to {end}"


def _say_decade(match: re.Match[str], tongue: Tongue) -> str:
    digits = match["digits"]
    digits = digits.replace(",", "")
    if digits in ("100", "1000"):
        return "hundreds" if len(digits) == 3 else "thousands"
    if len(digits) == 2:
        return plural(cardinal(int(digits), tongue.british))
    return plural(say_year(int(digits), tongue.british))


def _say_year(match: re.Match[str], tongue: Tongue) -> str:
    words = say_year(int(match["year"]), tongue.british)
    return capitalized(words) if tongue.title else words


def _say_era(match: re.Match[str], tongue: Tongue) -> str:
    letters = " ".join(letter for letter in match["era"] if letter.isalpha())
    year = say_year(int(match["year"]), tongue.british)
    if match.start("era") < match.start("year"):
        return f"{letters} {year}"
    ends = match["era"].endswith(".") and not match.string[match.end() :].strip("\"”’') ")
    stop = "." if ends else stop_before_starter(match.string, match.end())
    return f"{year} {letters}{stop if match['era'].endswith('.') else ''}"


def _say_cut_year(match: re.Match[str], tongue: Tongue) -> str:
    """`’08` -> `oh eight`."""
    return "two thousand" if match["year"] == "00" else say_short_year(match["year"], tongue.british)


# Stand before a year cut short; a lookbehind has one width, so there is one a word.
_BEFORE_CUT_YEAR = "|".join(
    rf"(?<=\b{word}\s)"
    for word in str.split(
        "in In of since Since by By from until till to before Before after After summer winter spring fall "
        "autumn class and"
    )
)
# A raised figure behind a year is a footnote's mark.
_WORD_OR_SLASH = "(?:/|[^\\W⁰¹²³⁴-⁹])"
_HALF = r"(?P<half>[aApP]\.\s?[mM]\.|[aApP][mM]\b)"

DATE_RULES = (
    Rule(
        "date",
        re.compile(rf"{_NOT_IN_NUMBER}{_DAY}\s(?P<of>of\s)?{_MONTH}(?!\w)(?:,?\s{_YEAR}\b(?!,\d))?"),
        _say_day_month,
    ),
    Rule(
        "date",
        re.compile(rf"\b{_MONTH}\s{_DAY}\b(?![:./]\d|,\d{{3}})(?:,?\s{_YEAR}\b(?!,\d))?"),
        _say_month_day,
    ),
    Rule(
        "date",
        re.compile(
            rf"{_NOT_IN_NUMBER}{_YEAR}[-/.](?P<month>0?[1-9]|1[0-2])[-/.](?P<day>[0-3]?\d){_NUMBER_ENDS}"
        ),
        _say_iso_date,
    ),
    Rule(
        "date",
        re.compile(
            rf"{_NOT_IN_NUMBER}(?P<first>[0-3]?\d)(?P<by>[-/.])(?P<second>[0-3]?\d)"
            rf"(?P=by){_YEAR}{_NUMBER_ENDS}"
        ),
        _say_figure_date,
    ),
    Rule(
        "date",
        re.compile(r"(?<=\b[Oo]n\s)(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\w/]|[.,]\d|\sof\b)"),
        _say_short_date,
    ),
    Rule(
        "time",
        re.compile(
            r"(?<![\w.,:/-])(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?=(?:\s|-)(?:hours|hrs|Zulu|GMT|UTC)\b)"
        ),
        _say_military_time,
    ),
    Rule(
        "time",
        re.compile(
            rf"(?<![\w.,:/])(?P<hour>[0-2]?\d)[:.](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?\s?{_HALF}"
        ),
        _say_time,
    ),
    Rule(
        "time",
        re.compile(
            r"(?<![\w.,:/])(?P<hour>[0-2]?\d):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)"
            r")?(?![\w:]|[.,]\d)(?P<half>)"
        ),
        _say_time,
    ),
    Rule(
        "time",
        re.compile(rf"(?<![\w.,:/])(?P<hour>0?[1-9]|1[0-2])(?P<minute>)(?P<second>)\s?{_HALF}"),
        _say_time,
    ),
    Rule(
        "year",
        re.compile(
            r"(?<![\w.,$£€-])(?P<first>1[1-9]\d\d|20\d\d)(?:\s?[-–]\s?|/)(?P<last>\d\d|1[1-9]\d\d|"
            r"20\d\d)(?![\w/–-]|[.,]\d)"
        ),
        _say_year_range,
    ),
    Rule("decade", re.compile(r"(?<![\w$£€.,])(?P<digits>1[1-9]\d0|20\d0)['’]?s\b"), _say_decade),
    Rule("decade", re.compile(r"(?<![\w$£€.,])['’‘]?(?P<digits>[1-9]0|1,000|1000?)['’]?s\b"), _say_decade),
    Rule(
        "year",
        # A straight or turned mark may open a quotation, so a word that years follow must stand before it.
        re.compile(
            rf"(?:(?<!\w)’|(?:{_BEFORE_CUT_YEAR})['‘]|(?<!\w)['‘](?=\d\d\s[A-Z][a-z]))(?P<year>\d\d)(?![\w%$]|[.,:]\d|['’″\"])"
        ),
        _say_cut_year,
    ),
    Rule(
        "year",
        re.compile(
            r"(?<![\w.,-])(?P<year>\d{1,4})\s?(?P<era>A\.D\.|AD|B\.C\.E\.|BCE|B\.C\.|BC|C\.E\.)(?!\w)"
        ),
        _say_era,
    ),
    Rule(
        "year",
        re.compile(r"(?<!\w)(?P<era>A\.?D\.?|BC)\s(?P<year>\d{1,4})(?![.,]\d|\w)"),
        _say_era,
    ),
    Rule(
        "year",
        re.compile(
            rf"(?<![\w.,$£€¥#/+−–-])(?<!\bNo\.\s)(?P<year>1[1-9]\d\d|20\d\d)(?!{_WORD_OR_SLASH}|[.,:–-]\d|"
            rf"\s?(?:{_COUNTED})\b)"
        ),
        _say_year,
    ),
    Rule(
        "year",
        re.compile(
            r"(?:(?<=\b[Ii]n\s)|(?<=\byear\s))(?P<year>1[01]\d\d|[4-9]\d\d)(?=[,.;:!?)]\s|"
            r"[,.;:!?)]?$|\s(?:he|she|they|the|it|a|an|and)\b)(?![.,:]\d)"
        ),
        _say_year,
    ),
)
