"""Marks and symbols in any language: addresses, dashes, ellipses, brackets, `&` and its kind, emoji."""

from __future__ import annotations

import re

from pipeline.text.rules import Rule, Say
from pipeline.text.spoken import Tongue

_AND = {
    "en": "and", "es": "y", "fr": "et", "it": "e", "pt": "e", "de": "und", "nl": "en", "sv": "och",
    "da": "og", "no": "og", "pl": "i", "ru": "и", "tr": "ve", "zh": "和", "ja": "と", "ko": "와",
}  # fmt: skip
_ENGLISH = {
    "@": "at", "#": "hash", "+": "plus", "=": "equals", "×": "times", "÷": "divided by",
    "±": "plus or minus", "≈": "about", "≠": "is not", "<": "is less than", ">": "is greater than",
    "≤": "is at most", "≥": "is at least", "√": "the square root of", "∞": "infinity", "§": "section",
    "¶": "paragraph", "π": "pi", "%": "percent", "°": "degrees", "−": "minus", "$": "dollars",
    "£": "pounds", "€": "euros", "¥": "yen", "¢": "cents",
}  # fmt: skip
_CHINESE = {
    "+": "加", "=": "等于", "×": "乘以", "÷": "除以", "±": "正负", "≈": "约等于", "<": "小于", ">": "大于",
    "≤": "小于等于", "≥": "大于等于", "%": "百分号", "−": "减", "℃": "摄氏度", "°": "度", "√": "根号",
    "∞": "无穷大", "$": "美元", "£": "英镑", "€": "欧元", "¥": "元", "￥": "元",
}  # fmt: skip
_SYMBOLS = {"en": _ENGLISH, "zh": _CHINESE}
_TOP_DOMAINS = "com|org|net|edu|gov|io|info|co\\.uk|de|fr|eu|uk|biz|app|dev"
_ADDRESS_MARKS = {
    ".": "dot", "/": "slash", ":": "colon", "-": "dash", "_": "underscore", "@": "at", "?": "question mark",
    "=": "equals", "&": "and", "#": "hash", "%": "percent", "~": "tilde", "+": "plus",
}  # fmt: skip
_ADDRESS_MARKS_ZH = {".": "点", "/": "斜杠", ":": "冒号", "-": "杠", "_": "下划线", "@": "艾特"}


def _say_address(match: re.Match[str], tongue: Tongue) -> str:
    address = re.sub(r"^(?:https?|ftp)://(?:www\.)?|^www\.|^mailto:|/$", "", match[0])
    marks = _ADDRESS_MARKS_ZH if tongue.base == "zh" else _ADDRESS_MARKS
    words = re.findall(r"[^\W\d_]+|\d|[^\w\s]|_", address)
    return " ".join(_address_word(word, marks, tongue) for word in words)


def _address_word(word: str, marks: dict[str, str], tongue: Tongue) -> str:
    if word.isdecimal():
        from pipeline.text.numbers import say_digits_in

        return say_digits_in(word, tongue.base)
    return marks.get(word, "" if not word.isalnum() else word)


def _say_and(match: re.Match[str], tongue: Tongue) -> str:
    word = _AND.get(tongue.base)
    if word is None:
        return " "
    return word if tongue.base in ("zh", "ja", "ko") else f" {word} "


def _say_symbol(match: re.Match[str], tongue: Tongue) -> str | None:
    word = _SYMBOLS.get(tongue.base, {}).get(match[0])
    if word is None:
        return None
    if match[0] == "#" and tongue.base == "en" and re.search(r"\b[A-G]$", match.string[: match.start()]):
        return " sharp " if match.string[match.end() : match.end() + 1].isalnum() else " sharp"
    if match[0] in "+=<>#@" and not _has_sides(match):
        return None
    if match[0] in "<>" and not _compares(match):
        return None
    return word if tongue.base == "zh" else f" {word} "


def _has_sides(match: re.Match[str]) -> bool:
    """Whether something that can be read stands after the symbol, and before it but for `#` and `@`."""
    before = match.string[: match.start()].rstrip()[-1:]
    after = match.string[match.end() :].lstrip()[:1]
    reads_after = after.isalnum() or after in tuple("-−$£€(")
    return reads_after and (match[0] in "#@" or before.isalnum() or before in tuple(")%²³"))


def _compares(match: re.Match[str]) -> bool:
    """Whether an angle bracket compares (`a < b`, `x>3`) or is a tag's (`<b>bold</b>`)."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return (before.isspace() and after.isspace()) or before.isdigit() or after.isdigit()


def _say_about(match: re.Match[str], tongue: Tongue) -> str | None:
    """`~50` -> `about fifty`, but not where the text says it already."""
    if tongue.base == "zh":
        return (
            ""
            if re.search(r"[约大概近]$", match.string[max(0, match.start() - 40) : match.start()])
            else "大约"
        )
    if tongue.base != "en":
        return None
    said = re.search(
        r"\b(?:about|around|roughly|approximately|some|nearly|almost)\s$",
        match.string[max(0, match.start() - 40) : match.start()],
        re.I,
    )
    return "" if said else "about "


def _say_arrow(match: re.Match[str], tongue: Tongue) -> str | None:
    return {"en": " to ", "zh": "到"}.get(tongue.base)


def _say_plus(match: re.Match[str], tongue: Tongue) -> str | None:
    """The pluses of `C++`, `A+`, `18+` and `+5`, which stand between no two figures."""
    before_figure = match.string[match.end() : match.end() + 1].isdigit()
    if tongue.base == "zh" and before_figure:
        return "加"
    if tongue.base != "en":
        return None
    if before_figure:
        return "plus "
    return " plus plus" if len(match[0]) == 2 else " plus"


def _say_numbered(match: re.Match[str], tongue: Tongue) -> str:
    return "number " if tongue.base == "en" else ""


def _always(spoken: str) -> Say:
    """A reading that is the same for whatever matched."""

    def say(match: re.Match[str], tongue: Tongue) -> str:
        return spoken

    return say


ADDRESS_RULES = (
    Rule(
        "email",
        re.compile(r"(?<![\w.])[A-Za-z0-9][\w.+-]{0,63}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b", re.A),
        _say_address,
        False,
    ),
    Rule(
        "url",
        re.compile(r"(?<!\w)(?:(?:https?|ftp)://|www\.)[\w.~:/?#@!$&'()*+,;=%-]*[\w/]", re.A | re.I),
        _say_address,
        False,
    ),
    Rule(
        "url",
        re.compile(
            rf"(?<![\w.@])(?:[a-z][\w-]{1, 62}\.){1, 5}(?:{_TOP_DOMAINS})(?:/[\w./?=&%-]*\w)?(?![\w@-]|\.\w)",
            re.A,
        ),
        _say_address,
        False,
    ),
)

# Marks that every engine gets in one form.
MARK_RULES = (
    Rule("ellipsis", re.compile(r"\.(?:\s?\.){2,}"), _always("…"), False),
    Rule(
        "dash",
        re.compile(r"(?<!-)-{2,3}(?!-)|[―⸺⸻‒]+|(?<=\s)[-–](?=\s)|(?<=[^\W\d])\s?–(?=\s?[^\W\d])"),
        _always("—"),
        False,
    ),
    Rule(
        "dash",
        re.compile(r"^[-–](?=\s?[^\W\d])|(?<=[“\"])[-–](?=\w)|[-–]$"),
        _always("—"),
        False,
    ),
    Rule("dash", re.compile(r"[‐‑]"), _always("-"), False),
    Rule("bracket", re.compile(r"[\[{]"), _always("("), False),
    Rule("bracket", re.compile(r"[\]}]"), _always(")"), False),
    Rule("symbol", re.compile(r"#\s?(?=\d)"), _say_numbered, True),
    Rule("symbol", re.compile(r"</?(?=[A-Za-z][\w-]*\s?/?>)"), _always(" "), False),
    Rule("symbol", re.compile(r"(?<![0-9A-Za-z~])~\s?(?=[$£€¥￥]?\d)"), _say_about),
    Rule("symbol", re.compile(r"(?<=\d)\s?[→⇒➜]\s?(?=\d)"), _say_arrow),
    Rule(
        "symbol",
        re.compile(
            r"(?<=[A-Za-z])\+\+(?![\w+])|(?<=\b[A-F])\+(?![\w+])|(?<=\d)\+(?=\s[A-Za-z]|[.,;:!?\"”’)]|$)"
            r"|(?<![\w)+]\s)(?<![\w)+])\+(?=\d)"
        ),
        _say_plus,
        False,
    ),
    Rule("symbol", re.compile(r"[&＆]"), _say_and, False),
    Rule("symbol", re.compile(r"[-@#+=×÷±≈≠<>≤≥√∞§¶π%°℃−$£€¥￥¢]"), _say_symbol, False),
)
