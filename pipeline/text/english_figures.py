"""English money, measures, ranges, telephone numbers, ordinals, fractions and plain numbers."""

from __future__ import annotations

import re
import unicodedata

from pipeline.text.english_measures import MEASURE_RULES
from pipeline.text.english_numbers import (
    NUMBER,
    RANGE,
    capitalized,
    cardinal,
    plural,
    say_counted,
    say_digits,
    say_fraction,
    say_number,
    say_ordinal,
)
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

_STARTS = r"(?<![\w.,])"
_ENDS = r"(?![\d]|[.,]\d)"
# Blood pressure, 120/80.
_SYSTOLIC, _DIASTOLIC = range(80, 230), range(41, 131)
_RAISED = "[⁺⁻]?[⁰¹²³⁴-⁹]+"
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
_FRACTION_DENOMINATORS = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100))


def _money_words(symbol: str, amount: str, magnitude: str, attributive: bool, british: bool) -> str:
    one, many, cent, cents = _MONEY[symbol]
    whole, _, hundredths = amount.partition(".")
    if not magnitude and len(hundredths) == 2 and cent:
        parts = []
        if int(whole.replace(",", "")) or not int(hundredths):
            parts.append(f"{say_number(whole, british)} {one if whole == '1' else many}")
        if int(hundredths):
            parts.append(f"{cardinal(int(hundredths), british)} {cent if hundredths == '01' else cents}")
        return " and ".join(parts)
    scale = f" {_MAGNITUDES[magnitude]}" if magnitude else ""
    name = one if attributive or (amount == "1" and not scale) else many
    return f"{say_counted(amount, british)}{scale} {name}"


def _money_range(match: re.Match[str], symbol: str, attributive: bool, british: bool) -> str:
    """`$10–$20` or `$10-20` -> `ten to twenty dollars`; cents and unlike scales are said on both sides."""
    parts = re.fullmatch(r"([\d., ]*\d)([a-zA-Z]*)\s?[-–]\s?\D?([\d., ]+)", match["amount"])
    assert parts is not None  # the rule's own pattern
    first, inner, last = parts.groups()
    magnitude = match.groupdict().get("magnitude") or ""
    if not (inner or magnitude) and re.search(r"\.\d\d(?:\s|$)", f"{first} {last}"):
        return " to ".join(_money_words(symbol, side, "", attributive, british) for side in (first, last))
    head = say_number(first, british)
    if inner and _MAGNITUDES[inner] != _MAGNITUDES.get(magnitude):
        head += f" {_MAGNITUDES[inner]}"
    return f"{head} to {_money_words(symbol, last, magnitude, attributive, british)}"


def _say_money(match: re.Match[str], tongue: Tongue) -> str:
    groups = match.groupdict()
    rest = match.string[match.end() :]
    compound = re.match(r"-(?:an?|per)-", rest) is not None  # a $20-a-day habit
    after_article = (
        re.search(r"\b[Aa]n?\s$", match.string[max(0, match.start() - 40) : match.start()]) is not None
    )
    attributive = compound or (after_article and re.match(r"[-‑][A-Za-z]|\s[a-z]", rest) is not None)
    symbol, magnitude = groups["symbol"], groups.get("magnitude") or ""
    if re.search(r"[-–]", groups["amount"]):
        words = _money_range(match, symbol, attributive, tongue.british)
    else:
        words = _money_words(symbol, groups["amount"], magnitude, attributive, tongue.british)
    sign = "minus " if groups.get("sign") or groups.get("minus") else ""
    name = _MONEY[symbol][0]
    words = words.replace(f" {name}", f" {_DOLLARS_OF[groups.get('country') or '']}{name}", 1)
    return sign + (re.sub(r"\s(?=\S+$)", "-", words) if compound else words)


def _say_shillings(match: re.Match[str], tongue: Tongue) -> str:
    """British money before 1971: `10s. 6d.`."""
    ends = "" if match.string[match.end() :].strip("\"”’') ") else "."
    shillings = int(match["shillings"])
    words = f"{cardinal(shillings, tongue.british)} shilling{'' if shillings == 1 else 's'}"
    if match["pence"]:
        pence = int(match["pence"])
        words += f" and {cardinal(pence, tongue.british)} {'penny' if pence == 1 else 'pence'}"
    return words + ends


def _say_percent(match: re.Match[str], tongue: Tongue) -> str:
    name = "percent" if match["unit"] == "%" else "per mille"
    words = say_counted(match["amount"].replace("%", ""), tongue.british)
    return f"{'minus ' if match['sign'] else ''}{words} {name}"


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


def _say_toll_free(match: re.Match[str], tongue: Tongue) -> str:
    """`1-800-` before a word: `one eight hundred `."""
    digits = match[0][3:5]
    return f"one eight {'hundred' if digits == '00' else say_digits(digits)} "


def _say_dialed(match: re.Match[str], tongue: Tongue) -> str:
    return say_digits(match[0])


def _say_number_range(match: re.Match[str], tongue: Tongue) -> str | None:
    if max(len(match["first"]), len(match["last"])) > 6 and "," not in match[0]:
        return None  # a code
    if match["first"] == match["last"] == "50":
        return "fifty-fifty"
    return f"{say_number(match['first'], tongue.british)} to {say_number(match['last'], tongue.british)}"


def _is_score(match: re.Match[str], numerator: int, denominator: int) -> bool:
    """Whether it counts up to a whole (`HP: 45/100`, `Collect 3/10 pelts`, `a 7/10`) and is no fraction."""
    if match["whole"] or match["ending"] or denominator < 2:
        return False
    if re.search(
        r"(?:[A-Za-z]:|\b(?:HP|MP|XP|Health|Mana|Ammo|Stamina|Score|Progress))\s?$",
        match.string[max(0, match.start() - 40) : match.start()],
    ):
        return True
    is_part = re.match(
        r"[\s-](?:of|mile|inch|cup|second|scale|oz|lb|teaspoon|tablespoon)", match.string[match.end() :]
    )
    return denominator in (10, 100) and 1 < numerator <= denominator and not is_part


def _say_slashed(match: re.Match[str], tongue: Tongue) -> str | None:
    numerator, denominator = int(match["over"]), int(match["under"])
    if _is_score(match, numerator, denominator):
        return f"{cardinal(numerator, tongue.british)} out of {cardinal(denominator, tongue.british)}"
    named = bool(match["ending"]) and denominator > 1  # 2/3rds
    if named or (numerator < denominator and denominator in _FRACTION_DENOMINATORS):
        words = say_fraction(numerator, denominator, tongue.british)
        if not match["whole"]:
            return words
        words = words.replace("one ", "a ", 1) if numerator == 1 and denominator in (2, 4) else words
        return f"{say_number(match['whole'], tongue.british)} and {words}"
    if match["whole"]:
        return None
    over = " over" if numerator in _SYSTOLIC and denominator in _DIASTOLIC else ""
    return f"{cardinal(numerator, tongue.british)}{over} {cardinal(denominator, tongue.british)}"


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


def _say_power(match: re.Match[str], tongue: Tongue) -> str | None:
    """`mc²` -> `m c squared`, `10⁶` -> `ten to the sixth`; None for the mark of a footnote."""
    base, exponent = match["base"], unicodedata.normalize("NFKC", match["exponent"]).replace("−", "-")
    after_year = not base and re.search(
        r"(?<!\d)(?:1[1-9]|20)\d\d$", match.string[max(0, match.start() - 40) : match.start()]
    )
    if exponent == "1" or after_year or (len(base) > 1 and not _in_formula(match)):
        return None
    letters = " ".join("pi" if letter == "π" else letter for letter in base)
    number = exponent.lstrip("+-")
    if exponent in ("2", "3"):
        said = {"2": "squared", "3": "cubed"}[exponent]
    else:
        said = f"to the {'minus ' if exponent[0] == '-' else ''}{say_ordinal(number, tongue.british)}"
    return f"{letters} {said}"


def _say_nothing(match: re.Match[str], tongue: Tongue) -> str:
    return ""


def _in_formula(match: re.Match[str]) -> bool:
    """Whether a sign of arithmetic stands beside a raised figure: words have footnotes, variables powers."""
    before, after = (
        match.string[max(0, match.start() - 40) : match.start()].rstrip(),
        match.string[match.end() :].lstrip(),
    )
    return "π" in match["base"] or before[-1:] in tuple("=+−×*/(<>≤≥≈√") or after[:1] in tuple("=+−×*/<>≤≥≈")


def _say_ratio(match: re.Match[str], tongue: Tongue) -> str:
    return f"{say_number(match['first'], tongue.british)} to {say_number(match['last'], tongue.british)}"


def _say_plain(match: re.Match[str], tongue: Tongue) -> str:
    words = say_number(match[0], tongue.british)
    return capitalized(words) if tongue.title else words


_MAGNITUDE = r"(?:[\s-]?(?P<magnitude>thousand|million|billion|trillion|bn|mn|tn|[kKmMbB])\b)?"


def _say_old_coins(match: re.Match[str], tongue: Tongue) -> str | None:
    """`6d.` -> `six pence`, `5s. a week` -> `five shillings`; not `the 20s. he`."""
    if re.search(
        r"\b(?:the|his|her|their|my|your|our|early|late|mid)[\s-]$",
        match.string[max(0, match.start() - 40) : match.start()],
        re.I,
    ):
        return None
    count = int(match["count"])
    names = ("shilling", "shillings") if match["coin"] in ("s", "/-") else ("penny", "pence")
    ends = "." if match[0].endswith(".") and not match.string[match.end() :].strip("\"”’') ") else ""
    return f"{cardinal(count, tongue.british)} {names[count != 1]}{ends}"


def _say_plural(match: re.Match[str], tongue: Tongue) -> str:
    """`B-52s` -> `fifty-twos`."""
    return plural(cardinal(int(match["number"]), tongue.british))


def _say_by(match: re.Match[str], tongue: Tongue) -> str:
    """The x of `4x100`, of `2x` and of `x2`."""
    if not match.string[max(0, match.start() - 40) : match.start()][-1:].isdigit():
        return "times "
    return " by " if match.string[match.end() : match.end() + 1].isdigit() else " times"


def _say_caliber(match: re.Match[str], tongue: Tongue) -> str:
    """`a .45` -> `forty-five`, `.357` -> `three fifty-seven`."""
    digits = match["digits"]
    head = f"{say_digits(digits[0])} " if len(digits) == 3 else ""
    return head + cardinal(int(digits[-2:]), tongue.british)


OLD_MONEY_RULES = (
    Rule(
        "currency",
        re.compile(r"(?<![\w.,])(?P<shillings>\d{1,2})s\.\s?(?P<pence>\d{1,2})d\."),
        _say_shillings,
    ),
    Rule("currency", re.compile(r"(?<=£\d\s|\d\d\s)(?P<shillings>\d{1,2})s\.(?P<pence>)"), _say_shillings),
    Rule(
        "currency",
        re.compile(
            r"(?<![\w.,'’‘$£€])(?P<count>\d{1,2})(?P<coin>(?:[sd](?=\.)|/-(?!\w)))(?:\.(?=\s[a-z]|[,;])|(?<=/-))"
        ),
        _say_old_coins,
    ),
)

FIGURE_RULES = (
    Rule(
        "currency",
        re.compile(
            rf"(?<![\w.,])(?P<sign>[-−])?(?P<country>US|AU|CA|HK|NZ|A|C)?(?P<symbol>[$£€¥₹₽₩₺])"
            rf"(?:(?P<minus>[-−])|\s?)(?P<amount>{NUMBER}(?:(?:[kKmMbB]n?)?\s?[-–]\s?(?P=symbol)?{NUMBER})?)"
            rf"{_MAGNITUDE}"
        ),
        _say_money,
    ),
    Rule(
        "currency",
        re.compile(rf"{_STARTS}(?P<amount>{RANGE})\s?(?P<symbol>[€¢£₽])"),
        _say_money,
    ),
    *MEASURE_RULES,
    Rule(
        "percent",
        re.compile(
            rf"{_STARTS}(?P<sign>[-−](?=\d))?(?P<amount>{NUMBER}(?:%?\s?[-–]\s?{NUMBER})?)\s?(?P<unit>[%‰])"
        ),
        _say_percent,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\w.,-])(?:1[\s.-])?(?:\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[.-]\d{4}(?![\w-]|[.,]\d)"),
        _say_phone,
    ),
    Rule("phone", re.compile(r"(?<![\w.,-])1-8\d\d-(?=[A-Z]{3})"), _say_toll_free),
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
            r"(?:(?<=\bZIP\s)|(?<=\b[Zz]ip\scode\s)|(?<=,\s[A-Z]{2}\s)|(?<=D\.C\.\s)|(?<=\b[Cc]all\s)|(?<=\b[Dd]ial\s)|(?<=\b[Dd]ialed\s)|(?<=\b[Dd]ialled\s))"
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
            r"(?<![\w.,/])(?:(?P<whole>\d{1,6})[\s-])?(?P<over>\d{1,3})[/⁄](?P<under>\d{1,3})"
            r"(?P<ending>(?:rd|th|nd)s?\b)?(?![\w/]|[.,]\d)"
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
    Rule(
        "ratio",
        re.compile(r"(?<![\w.,:/])(?P<first>\d{1,6}):(?P<last>\d{1,3}(?:,\d{3})+|\d{1,6})(?![\w:])"),
        _say_ratio,
    ),
    Rule("number", re.compile(r"(?<=[A-Z]-)(?P<number>\d{1,2})s\b"), _say_plural),
    Rule(
        "number",
        re.compile(r"(?<=\d)\s?x(?=\d)(?<!\b0x)|(?<=\d)(?<!\b0)x\b|(?<=\w\s)x(?=[1-9]\d?\b)(?!32|64|86)"),
        _say_by,
    ),
    Rule(
        "number",
        re.compile(
            r"(?:(?<=\b[Aa]\s)|(?<=\bhis\s)|(?<=\bher\s)|(?<=\bmy\s)|(?<=\b[Tt]he\s))"
            r"\.(?P<digits>22|25|32|38|40|44|45|50|357)(?![\w%]|\.\d)"
        ),
        _say_caliber,
    ),
    Rule("number", re.compile(rf"(?:(?<![\w)\].,-])[-−](?=\.?\d))?(?:{NUMBER}|(?<![\d.])\.\d+)"), _say_plain),
    Rule(
        "power",
        re.compile(rf"(?P<base>(?<=\d)|(?<![^\W\d_])[A-Za-zα-ω]{{1,3}})(?P<exponent>{_RAISED})"),
        _say_power,
        False,
    ),
    Rule("footnote-mark", re.compile(rf"(?<=\w){_RAISED}"), _say_nothing, False),
)
