"""Readings of figures in Chinese text: years, dates, times, money, measures, ranges, telephone numbers."""

from __future__ import annotations

import re
import unicodedata

from pipeline.text.chinese_numbers import say_digits, say_integer, say_number
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_FREE = r"(?<![\d.])"
_ENDS = r"(?!\d|\.\d)"
_DASH = r"\s?(?:[-–—~～]|至|到)\s?"
_SIGN = r"(?<![\w.)-])[-−](?=\d)"
# Behind a Chinese word a dash is a sign only where degrees follow: 气温-3℃, but 1月-5月.
_DEGREES_SIGN = rf"(?:{_SIGN}|(?<![0-9A-Za-z.)-])(?<!\d[\u4e00-\u9fff])[-−](?=\d[^，。；！？]{{0,12}}?[℃℉°]))"
_CURRENCIES = {
    "¥": "元", "￥": "元", "$": "美元", "£": "英镑", "€": "欧元", "₩": "韩元", "₽": "卢布", "HK$": "港元",
    "US$": "美元",
}  # fmt: skip
_UNITS = {
    "km/h": "公里每小时", "km²": "平方公里", "m²": "平方米", "m³": "立方米", "km": "公里", "cm": "厘米",
    "mm": "毫米", "m": "米", "kg": "公斤", "mg": "毫克", "g": "克", "ml": "毫升", "mL": "毫升", "L": "升",
    "l": "升", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "℉": "华氏度", "°": "度", "kW": "千瓦",
    "W": "瓦", "V": "伏", "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "GB": "吉字节",
    "MB": "兆字节", "dB": "分贝",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=lambda unit: (-len(unit), unit)))
# A bare 2 before one of these is 两: 2个 -> 两个, but 2月 -> 二月 and 2号 -> 二号.
_MEASURES = (
    "个只条张本位名件次天年周分秒点杯碗瓶包箱辆架艘间座栋层米里斤吨块家"
    "毛种句片颗棵口头匹匙岁倍套双对把枚封场顿千万亿"
)
_YEAR_AS_DURATION_BELOW = 30


def _say_date(match: re.Match[str], tongue: Tongue) -> str | None:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{say_digits(match['year'])}年{say_integer(str(month))}月{say_integer(str(day))}日"


def _say_year(match: re.Match[str], tongue: Tongue) -> str | None:
    year = match["year"]
    if len(year) == 2 and int(year) < _YEAR_AS_DURATION_BELOW and year[0] != "0":
        return None
    last = match["last"]
    return say_digits(year) + (f"到{say_digits(last)}" if last else "")


def _say_decade(match: re.Match[str], tongue: Tongue) -> str:
    decade = match["decade"]
    return say_digits(decade) if len(decade) == 4 else say_integer(decade)


def _say_time(match: re.Match[str], tongue: Tongue) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 24 or minute > 59:
        return None
    words = ("两" if hour == 2 else say_integer(str(hour))) + "点"
    if minute or match["second"]:
        words += ("零" if 0 < minute < 10 else "") + say_integer(str(minute)) + "分"
    if match["second"]:
        words += (
            ("零" if 0 < int(match["second"]) < 10 else "") + say_integer(str(int(match["second"]))) + "秒"
        )
    return words


def _say_percent(match: re.Match[str], tongue: Tongue) -> str:
    head = "千分之" if match[0].endswith("‰") else "百分之"
    first = head + say_number(match["first"])
    return f"{first}到{head}{say_number(match['last'])}" if match["last"] else first


def _amount(match: re.Match[str]) -> str:
    words = say_number(match["first"])
    if match["last"]:
        return f"{words}到{say_number(match['last'])}"
    return "两" if match["first"] == "2" else words


def _say_money(match: re.Match[str], tongue: Tongue) -> str:
    # ￥5元 names its currency twice.
    name = match["named"] if match["named"] not in (None, "元") else _CURRENCIES[match["symbol"]]
    return f"{_amount(match)}{match['scale'] or ''}{name}"


def _say_measure(match: re.Match[str], tongue: Tongue) -> str:
    unit = _UNITS[match["unit"]]
    words = _amount(match)
    if match["sign"]:
        return f"零下{words}{unit}" if unit.endswith("氏度") else f"负{words}{unit}"
    return words + unit


def _say_measures(match: re.Match[str], tongue: Tongue) -> str | None:
    """A range with a sign or a unit on either side: both are said in full."""
    unit = _UNITS[match["unit"]]
    if not (match["sign"] or match["inner"] or match["other_sign"]):
        return None
    first = _signed(match["sign"], match["first"], _UNITS.get(match["inner"] or "", unit))
    return f"{first}到{_signed(match['other_sign'], match['last'], unit)}"


def _signed(sign: str | None, amount: str, unit: str) -> str:
    words = ("两" if amount == "2" else say_number(amount)) + unit
    if not sign:
        return words
    return f"零下{words}" if unit.endswith("氏度") else f"负{words}"


def _say_score(match: re.Match[str], tongue: Tongue) -> str:
    return f"{match['head'] or ''}{_say_ratio(match, tongue)}"


def _say_power(match: re.Match[str], tongue: Tongue) -> str | None:
    """`10⁶` -> `十的六次方`; None for the mark of a footnote."""
    exponent = unicodedata.normalize("NFKC", match[0]).replace("−", "-")
    if exponent == "1":
        return None
    if exponent in ("2", "3"):
        return {"2": "的平方", "3": "的立方"}[exponent]
    return f"的{say_number(exponent.lstrip('+'))}次方"


def _say_to(match: re.Match[str], tongue: Tongue) -> str:
    return "到"


def _say_digits(match: re.Match[str], tongue: Tongue) -> str:
    return say_digits(match[0])


def _say_level(match: re.Match[str], tongue: Tongue) -> str:
    """`Lv.12` -> `十二级`."""
    return f"{say_integer(match['level'])}级"


def _say_each(match: re.Match[str], tongue: Tongue) -> str:
    """`3000元/月` -> `三千元每月`."""
    return "每"


def _say_nothing(match: re.Match[str], tongue: Tongue) -> str:
    return ""


def _say_phone(match: re.Match[str], tongue: Tongue) -> str:
    return ("加" if match[0][0] == "+" else "") + "，".join(
        say_digits(group, phone=True) for group in re.findall(r"\d+", match[0])
    )


def _say_fraction(match: re.Match[str], tongue: Tongue) -> str | None:
    if int(match["under"]) == 0:
        return None
    return f"{say_integer(match['under'])}分之{say_integer(match['over'])}"


def _say_vulgar(match: re.Match[str], tongue: Tongue) -> str | None:
    over, slash, under = unicodedata.normalize("NFKC", match["fraction"]).partition("\u2044")
    if not (slash and over.isdecimal() and under.isdecimal()):
        return None
    whole = f"{say_integer(match['whole'])}又" if match["whole"] else ""
    return f"{whole}{say_integer(under)}分之{say_integer(over)}"


def _say_ratio(match: re.Match[str], tongue: Tongue) -> str:
    return f"{say_integer(match['first'])}比{say_integer(match['last'])}"


def _say_range(match: re.Match[str], tongue: Tongue) -> str:
    return f"{say_number(match['first'])}到{say_number(match['last'])}"


def _say_version(match: re.Match[str], tongue: Tongue) -> str:
    return "点".join(say_integer(part) for part in match[0].split("."))


def _say_couple(match: re.Match[str], tongue: Tongue) -> str:
    return "两"


def _say_plain(match: re.Match[str], tongue: Tongue) -> str:
    return say_number(match[0])


_SPAN = rf"(?P<first>{_NUMBER})(?:{_DASH}(?P<last>{_NUMBER}))?"

CHINESE_RULES = (
    Rule(
        "date",
        re.compile(r"(?<!\d)(?P<year>[12]\d{3})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d/-]|\.\d)"),
        _say_date,
    ),
    Rule("decade", re.compile(r"(?<!\d)(?P<decade>\d{2}|\d{4})(?=\s?年代)"), _say_decade),
    Rule("year", re.compile(rf"(?<!\d)(?P<year>\d{{4}})年?{_DASH}(?P<last>\d{{4}})(?=\s?年)"), _say_year),
    Rule(
        "year",
        re.compile(r"(?<![\d.,])(?P<year>[12]\d{3}|\d{2})(?P<last>)(?=\s?年(?!级|前|后|来|间|以))"),
        _say_year,
    ),
    Rule(
        "time",
        re.compile(
            r"(?<![\d:：.])(?P<hour>[0-2]?\d)[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?(?![\d:：])"
        ),
        _say_time,
    ),
    Rule(
        "percent",
        re.compile(rf"{_FREE}(?P<first>{_NUMBER})[%％‰]?{_DASH}(?P<last>{_NUMBER})[%％‰]"),
        _say_percent,
    ),
    Rule("percent", re.compile(rf"{_FREE}(?P<first>(?:{_SIGN})?{_NUMBER})(?P<last>)[%％‰]"), _say_percent),
    Rule(
        "currency",
        re.compile(
            rf"(?P<symbol>HK\$|US\$|[¥￥$£€₩₽])\s?(?P<first>{_NUMBER})(?:{_DASH}(?P=symbol)?(?P<last>{_NUMBER}))?(?P<scale>[十百千万亿]*)"
            r"(?P<named>元(?![旦宝素首帅])|块钱|美元|美金|欧元|英镑|港元|日元|韩元|卢布)?"
        ),
        _say_money,
    ),
    Rule(
        "unit",
        re.compile(
            rf"{_FREE}(?P<sign>{_DEGREES_SIGN})?(?P<first>{_NUMBER})\s?(?P<inner>{_UNIT})?{_DASH}(?P<other_sign>[-−])?"
            rf"(?P<last>{_NUMBER})\s?(?P<unit>{_UNIT})(?![A-Za-z²³/])"
        ),
        _say_measures,
    ),
    Rule(
        "unit",
        re.compile(rf"{_FREE}(?P<sign>{_DEGREES_SIGN})?{_SPAN}\s?(?P<unit>{_UNIT})(?![A-Za-z²³/])"),
        _say_measure,
    ),
    Rule(
        "ratio",
        re.compile(
            r"(?P<head>比分[^\d，。！？；]{0,6})?(?P<first>\d{1,3})[-–—:：](?P<last>\d{1,3})(?![\d:：-])"
            r"(?(head)|(?=的?(?:比分|大比分|获胜|取胜|战胜|击败|领先|落后|落败|险胜|逆转|战平|大胜)))"
        ),
        _say_score,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\d.])(?:\+86[\s-]?)?1[3-9]\d(?:\d{8}|[\s-]\d{4}[\s-]\d{4})(?!\d|\.\d)"),
        _say_phone,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\d.])0\d{2,3}[\s-]?\d{7,8}(?!\d|\.\d)|(?<![\d.])400[\s-]\d{3}[\s-]\d{4}(?!\d)"),
        _say_phone,
    ),
    Rule(
        "phone",
        re.compile(r"(?:(?<=拨打)|(?<=电话)|(?<=拨)|(?<=打))\d{3,8}(?!\d|\.\d|[个次年天])"),
        _say_phone,
    ),
    Rule(
        "phone",
        re.compile(
            r"(?:(?<=号码)|(?<=证码)|(?<=密码)|(?<=号是)|(?<=码是)|(?<=号为)|(?<=码为)|(?<=[号码][:：]))\d{3,}(?![\d.,年月天个])"
        ),
        _say_digits,
    ),
    Rule("number", re.compile(r"(?<![\d.,第])\d{3,4}(?=室|号?房间?|教室|号?病房)"), _say_digits),
    Rule("number", re.compile(r"\b[Ll][Vv][Ll]?\.?\s?(?P<level>\d{1,4})(?!\d)", re.A), _say_level),
    Rule(
        "symbol",
        re.compile(r"(?<=[元块米克斤里])/(?=[月年天日时周季人次个斤米平分秒]|小时|公)"),
        _say_each,
        False,
    ),
    Rule("range", re.compile(r"(?<=\d[年月日号时点])[-–—~～](?=\d)"), _say_to),
    Rule("version", re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d])"), _say_version),
    Rule(
        "fraction",
        re.compile(r"(?<![\d/.])(?P<over>\d{1,4})[/⁄](?P<under>\d{1,4})(?![\d/]|\.\d)"),
        _say_fraction,
    ),
    Rule(
        "fraction",
        re.compile(r"(?:(?<![\d.])(?P<whole>\d{1,9})\s?)?(?P<fraction>[¼½¾⅐-⅞↉])"),
        _say_vulgar,
        False,
    ),
    Rule(
        "ratio", re.compile(r"(?<![\d:：.])(?P<first>\d{1,6})[:：](?P<last>\d{1,6})(?![\d:：])"), _say_ratio
    ),
    Rule("range", re.compile(rf"{_FREE}(?P<first>{_NUMBER}){_DASH}(?P<last>{_NUMBER}){_ENDS}"), _say_range),
    Rule("power", re.compile(r"(?<=[\dA-Za-z])[⁺⁻]?[⁰¹²³⁴-⁹]+"), _say_power, False),
    Rule("footnote-mark", re.compile(r"(?<=\w)[⁰¹²³⁴-⁹]+"), _say_nothing, False),
    Rule("number", re.compile(rf"(?<![\d.,第A-Za-z])2(?=[{_MEASURES}])(?!年级)"), _say_couple),
    Rule("number", re.compile(rf"(?:{_SIGN})?{_NUMBER}"), _say_plain),
)
