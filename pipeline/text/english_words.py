"""English abbreviations, initials, dotted acronyms, Roman numerals and page references."""

from __future__ import annotations

import re

from pipeline.text.english_numbers import NUMBER, capitalized, cardinal, ordinal, say_number
from pipeline.text.english_stops import STARTERS, sentence_ends_after, stop_before_starter, time_goes_on
from pipeline.text.roman import NUMERAL_WORDS, roman_value
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

# Stand before a name: their stop never ends a sentence.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messieurs", "Mme": "Madame",
    "Mlle": "Mademoiselle", "Prof": "Professor", "Rev": "Reverend", "Hon": "Honorable", "Capt": "Captain",
    "Drs": "Doctors", "Lt": "Lieutenant", "Col": "Colonel", "Gen": "General", "Sgt": "Sergeant",
    "Cpl": "Corporal",
    "Pvt": "Private", "Maj": "Major", "Cmdr": "Commander", "Cdr": "Commander", "Adm": "Admiral",
    "Sen": "Senator", "Gov": "Governor", "Pres": "President", "Supt": "Superintendent", "Insp": "Inspector",
    "Fr": "Father", "Mt": "Mount", "Ft": "Fort",
}  # fmt: skip
# May end a sentence: the stop stays where one ends.
WORDS = {
    "Jr": "Junior", "Sr": "Senior", "Esq": "Esquire", "Inc": "Incorporated", "Ltd": "Limited",
    "Co": "Company", "Corp": "Corporation", "Bros": "Brothers", "Dept": "Department", "dept": "department",
    "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Hwy": "Highway", "Sq": "Square",
    "etc": "et cetera", "vs": "versus", "viz": "namely", "cf": "compare", "approx": "approximately",
    "Ca": "Circa", "ca": "circa",
    "misc": "miscellaneous", "govt": "government", "assoc": "associate", "al": "al",
    "ibid": "ibidem", "Univ": "University", "Mon": "Monday", "Tues": "Tuesday", "Wed": "Wednesday",
    "Thurs": "Thursday", "Thur": "Thursday", "Fri": "Friday", "Feb": "February", "Aug": "August",
    "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December", "temp": "temperature",
    "tsp": "teaspoon", "tbsp": "tablespoon", "ext": "extension", "Lv": "Level", "Lvl": "Level",
}  # fmt: skip
DOTTED = {"e.g.": "for example", "i.e.": "that is", "q.v.": "which see", "a.m.": "A M", "p.m.": "P M"}
_REFERENCES = {
    "p": "page", "pp": "pages", "No": "number", "no": "number", "Nos": "numbers", "nos": "numbers",
    "vol": "volume", "Vol": "Volume", "vols": "volumes", "ch": "chapter", "Ch": "Chapter",
    "chap": "chapter", "Chap": "Chapter", "fig": "figure", "Fig": "Figure", "Sec": "Section", "Pt": "Part",
    "pt": "part", "l": "line", "ll": "lines", "v": "verse", "vv": "verses", "op": "opus", "Op": "Opus",
    "Apt": "Apartment", "apt": "apartment", "Eq": "Equation", "eq": "equation", "Eqs": "Equations",
    "eqs": "equations", "figs": "figures", "Figs": "Figures", "ext": "extension", "Ext": "Extension",
    "Lv": "Level", "Lvl": "Level", "lvl": "level", "Rm": "Room", "Art": "Article",
    "Bk": "Book", "Rte": "Route", "rte": "route", "Sc": "Scene", "sc": "scene", "n": "note",
}  # fmt: skip
_HEADS = (
    "chapter|part|book|volume|act|scene|section|appendix|canto|stave|letter|episode|article|verse|tome|"
    "psalm|world war|sonnet|lesson|phase|stage|class|type|level|figure|plate|table|chap\\.|vol\\.|no\\."
)
_REGNAL = (
    "Henry|Edward|George|William|Charles|James|Richard|Louis|Elizabeth|Mary|Philip|Francis|Napoleon|Nicholas|"
    "Alexander|Peter|Catherine|Frederick|Pius|Leo|Paul|John|Benedict|Gregory|Innocent|Clement|Urban|Ivan|"
    "Gustav|Gustavus|Christian|Ferdinand|Otto|Rudolf|Rudolph|Leopold|Wilhelm|Harald|Olaf|Ramses|Ramesses|"
    "Ptolemy|Darius|Umberto|Emmanuel|Carlos|Felipe|Pedro|Alfonso|Robert|David|Stephen|Amenhotep|"
    "Thutmose|Cleopatra|Xerxes|Artaxerxes|Mehmed|Murad|Selim|Haakon|Casimir|Sigismund|"
    "Maximilian|Joseph|Boniface|"
    "Sixtus|Julius|Adrian|Margaret|Margrethe|Anne|Eric|Constantine|Justinian|Theodosius"
)
_RULERS = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Prince|Sultan|Pharaoh|Saint"
_LETTERS_BEFORE = r"(?<![\w.])"


def _stop(match: re.Match[str]) -> str:
    if re.match(r"\s[NSEW]\.", match.string[match.end() :]):  # Pennsylvania Ave. N.W.
        return ""
    return "." if match[0].endswith(".") and sentence_ends_after(match.string, match.end()) else ""


def _say_title(match: re.Match[str], tongue: Tongue) -> str:
    return TITLES[match["word"]]


def _say_word(match: re.Match[str], tongue: Tongue) -> str | None:
    word = match["word"]
    if word == "Co" and re.match(r"\s[A-Z]", match.string[match.end() :]):
        before = re.search(r"(\S+)\s$", match.string[: match.start()])
        if before is None or not (before[1][0].isupper() or before[1] in ("&", "and")):
            return "County"
    if word == "al" and not match.string[: match.start()].lower().endswith("et "):
        return None
    if word in ("Jr", "Sr", "Inc", "Ltd", "Co", "Corp", "Bros", "Esq"):  # part of a name that may go on
        following = match.string[match.end() :].strip().strip("\"”’')")
        return WORDS[word] + ("." if not following else stop_before_starter(match.string, match.end()))
    if word == "temp" and _stop(match):
        return None  # she was a temp.
    if word in ("vs", "viz", "cf", "approx", "ca", "Ca"):  # lead on to what follows
        return WORDS[word]
    return WORDS[word] + _stop(match)


def _say_dotted_word(match: re.Match[str], tongue: Tongue) -> str:
    word = DOTTED[match[0].lower().replace(" ", "")]
    if match[0][-2] in "mM":
        return word + ("" if time_goes_on(match.string, match.end()) else _stop(match))
    return word if match.string[match.end() : match.end() + 1] in (",", ":") else f"{word},"


def _say_doctor(match: re.Match[str], tongue: Tongue) -> str:
    if re.match(r"\s+[A-Z]", match.string[match.end() :]):
        return "Doctor"
    after_name = re.search(r"\b[A-Z][a-z]+\s$", match.string[: match.start()]) is not None
    return ("Drive" if after_name else "Doctor") + _stop(match)


def _say_saint(match: re.Match[str], tongue: Tongue) -> str:
    text = match.string
    before_name = re.match(r"\s+([A-Z]\w+)", text[match.end() :])
    after_name = re.search(r"(?:\b[A-Z][a-z]+|\d(?:st|nd|rd|th))\s$", text[: match.start()])
    if before_name and not (after_name and before_name[1] in STARTERS):
        return "Saint"
    return ("Street" if after_name else "Saint") + _stop(match)


def _say_reference(match: re.Match[str], tongue: Tongue) -> str | None:
    word, amount = _REFERENCES[match["word"]], match["amount"]
    if amount == "I" or (len(amount) == 1 and match["word"] in ("No", "no") and not amount.isdigit()):
        return None  # "no. I went"
    parts = [_figure_or_roman(part, tongue) for part in re.split(r"\s?[-–]\s?", amount)]
    if any(part is None for part in parts):
        return None
    return f"{word} {' to '.join(str(part) for part in parts)}"


def _figure_or_roman(written: str, tongue: Tongue) -> str | None:
    if written[0].isdigit():
        figure = written.rstrip("abcdefghABCDEFGH")
        letter = written[len(figure) :].upper()
        return f"{say_number(figure, tongue.british)} {letter}".rstrip()
    value = roman_value(written)
    return cardinal(value, tongue.british) if value else None


def _say_head(match: re.Match[str], tongue: Tongue) -> str | None:
    numeral, rest = match["numeral"], match.string[match.end() :]
    value = roman_value(numeral)
    if value is None or numeral in ("L", "C") or (numeral.islower() and numeral in ("i", "v", "x", "l", "c")):
        return None  # Appendix C is a letter
    may_be_pronoun = numeral == "I" and match["head"].lower() != "world war"
    in_prose = may_be_pronoun and not tongue.title and re.match(r"[’']|\s+[^\s—–-]", rest)
    if in_prose and not match["head"].isupper():
        return None
    words = cardinal(value, tongue.british)
    return f"{match['head']} {capitalized(words) if match['head'][0].isupper() else words}"


def _say_title_numeral(match: re.Match[str], tongue: Tongue) -> str | None:
    numeral = match["numeral"]
    value = roman_value(numeral)
    if not tongue.title or value is None or value > 399 or numeral in NUMERAL_WORDS | {"L", "C"}:
        return None
    rest = match.string[match.end() :].strip()
    if rest and not match["stop"] and rest[0] not in "—–-":
        return None  # `I Am Legend`
    return capitalized(cardinal(value, tongue.british)) + (match["stop"] if rest else "")


def _say_regnal(match: re.Match[str], tongue: Tongue) -> str | None:
    numeral, value = match["numeral"], roman_value(match["numeral"])
    if value is None or value > 40:
        return None
    if numeral == "I" and not match["ruler"]:
        rest = match.string[match.end() :]
        if not re.match(r"[,.;:)’'”]|\s+of\b|$", rest):
            return None
    return f"{match['ruler'] or ''}{match['name']} the {capitalized(ordinal(value, tongue.british))}"


def _say_after_name(match: re.Match[str], tongue: Tongue) -> str | None:
    value = roman_value(match["numeral"])
    after_name = re.search(r"\b[A-Z][\w’'-]*\s$", match.string[: match.start()])
    if value is None or after_name is None or match["numeral"] in NUMERAL_WORDS:
        return None
    return capitalized(cardinal(value, tongue.british))


def _say_century(match: re.Match[str], tongue: Tongue) -> str | None:
    value = roman_value(match["numeral"])
    return ordinal(value, tongue.british) if value else None


def _say_long_numeral(match: re.Match[str], tongue: Tongue) -> str | None:
    """Three letters or more are a number wherever they stand: nobody reads `XVIII` letter by letter."""
    value = roman_value(match["numeral"])
    return cardinal(value, tongue.british) if value and match["numeral"] not in NUMERAL_WORDS else None


def _say_bracketed(match: re.Match[str], tongue: Tongue) -> str | None:
    value = roman_value(match["numeral"])
    return cardinal(value, tongue.british) if value else None


def _say_acronym(match: re.Match[str], tongue: Tongue) -> str:
    letters = " ".join(character.upper() for character in match[0] if character.isalpha())
    if match[0] == match.string.strip():
        return letters
    rest = match.string[match.end() :].strip().strip("\"”’')")
    return letters + ("." if not rest else stop_before_starter(match.string, match.end()))


def _say_initials(match: re.Match[str], tongue: Tongue) -> str | None:
    following = re.match(r"\s+([A-Z]\w*)", match.string[match.end() :])
    letters = [character for character in match[0] if character.isalpha()]
    if not following or following[1] in STARTERS:
        return None
    before = re.search(r"(\w+)[.,]?[\s“‘\"'(]*$", match.string[: match.start()])
    if len(letters) == 1 and (letters[0] == "I" or (before and not before[1][0].isupper())):
        return None
    return " ".join(letters)


def _say_circa(match: re.Match[str], tongue: Tongue) -> str:
    return "circa "


def _say_established(match: re.Match[str], tongue: Tongue) -> str:
    """`est. 1850`, but `est. 5,000`."""
    is_year = re.match(r"(?:1\d{3}|20\d\d)(?![\d,.]\d)", match.string[match.end() :]) is not None
    word = "established" if is_year else "estimated"
    return f"{word.capitalize() if match[0][0] == 'E' else word} "


def _say_versus(match: re.Match[str], tongue: Tongue) -> str:
    return "versus"


def _words(table: dict[str, str]) -> str:
    return "|".join(sorted(table, key=lambda word: (-len(word), word)))


NAME_RULES = (
    Rule(
        "abbreviation",
        re.compile(rf"{_LETTERS_BEFORE}(?:e\.\s?g\.|i\.\s?e\.|q\.\s?v\.|[aApP]\.\s?[mM]\.)(?!\w)", re.I),
        _say_dotted_word,
        False,
    ),
    Rule(
        "roman",
        re.compile(r"^\s*(?P<numeral>[IVXLC]+)(?P<stop>[.:)]?)(?=\s|$|[—–-])"),
        _say_title_numeral,
        False,
    ),
    Rule(
        "roman",
        re.compile(rf"\b(?P<head>{_HEADS})\s(?P<numeral>[IVXLC]+|[ivxlc]+)\b(?![’'-]\w)", re.I),
        _say_head,
        False,
    ),
    Rule(
        "roman",
        re.compile(
            rf"\b(?P<ruler>(?:{_RULERS})\s(?:[A-Z]\w+\s)?)?\b(?P<name>{_REGNAL})"
            rf"\s(?P<numeral>[IVX]+)\b(?![’'](?!s\b)\w|-)"
        ),
        _say_regnal,
        False,
    ),
    Rule(
        "roman",
        re.compile(
            r"(?<=[a-z]\s)(?<!\w\.\s)(?P<numeral>(?:X{0,3})(?:IX|IV|V?I{2,3}|VI|X[IVX]+)(?![A-Za-z]))"
        ),
        _say_after_name,
        False,
    ),
    Rule(
        "roman",
        re.compile(r"\b(?P<numeral>[IVX]+)(?:th|st|nd|rd)?(?=\s[Cc]entur(?:y|ies)\b)"),
        _say_century,
        False,
    ),
    Rule(
        "roman",
        re.compile(r"(?<![\w.’'-])(?P<numeral>[IVX]{3,}|[IVXLCDM]{4,})(?![\w’'])"),
        _say_long_numeral,
        False,
    ),
    Rule("roman", re.compile(r"(?<=\()(?P<numeral>[ivxl]+)(?=\))"), _say_bracketed, False),
    Rule(
        "abbreviation",
        re.compile(
            rf"{_LETTERS_BEFORE}(?P<word>{_words(TITLES)})\.(?=\s?[A-Z“‘]|\s(?:and|or|&)\s(?:Mrs|Ms|Mr|Dr)\b)"
        ),
        _say_title,
        False,
    ),
    Rule(
        "abbreviation",
        re.compile(r"\b(?P<word>Mr|Mrs|Ms|Messrs|Mme|Mlle)\b(?!\.)(?=\s[A-Z])"),
        _say_title,
        False,
    ),
    Rule(
        "abbreviation",
        re.compile(r"\b(?P<word>Lt|Sgt|Capt|Col|Cpl|Pvt|Maj|Prof|Rev|Gov|Sen|Adm|Cmdr)\.(?=\s[a-z]|\s1st\b)"),
        _say_title,
        False,
    ),
    Rule("abbreviation", re.compile(rf"{_LETTERS_BEFORE}Dr\.?(?!\w)"), _say_doctor, False),
    Rule("abbreviation", re.compile(rf"{_LETTERS_BEFORE}St\.(?!\w)"), _say_saint, False),
    Rule(
        "abbreviation",
        re.compile(r"(?<![\w.])c\.\s?(?=\d{3})|(?<![\w.])c\.\s?(?=\d{1,3},\d{3})"),
        _say_circa,
        True,
    ),
    Rule("abbreviation", re.compile(r"\b[Ee]st\.\s?(?=[$£€]?\d)"), _say_established),
    Rule(
        "abbreviation", re.compile(rf"{_LETTERS_BEFORE}(?P<word>{_words(WORDS)})\.(?!\w)"), _say_word, False
    ),
    Rule("abbreviation", re.compile(r"\bvs\b"), _say_versus, False),
    Rule(
        "acronym",
        re.compile(r"(?<![\w.])(?:Ph\.\s?D\.|(?:[A-Z]\.){2,}|[a-z](?:\.[a-z]){2,}\.)(?![\w])"),
        _say_acronym,
        False,
    ),
    Rule("initials", re.compile(r"(?<![\w.])[A-Z]\.(?:\s?[A-Z]\.)*(?=\s+[A-Z])"), _say_initials, False),
)

REFERENCE_RULES = (
    Rule(
        "reference",
        re.compile(
            rf"(?<![\w.])(?P<word>{_words(_REFERENCES)})"
            rf"\.\s?(?P<amount>{NUMBER}[A-Ha-h]?(?:\s?[-–]\s?\d+[A-Ha-h]?)?|(?:[ivxl]+|[IVXL]+)(?:\s?[-–]\s?(?:[ivxl]+|[IVXL]+))?)(?!\w|[.,]\d)"
        ),
        _say_reference,
        needs_digit=False,
    ),
)
