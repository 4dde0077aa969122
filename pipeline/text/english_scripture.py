"""English chapter and verse: `1 Cor. 13:4–7`, `Gen. 1:1`."""

from __future__ import annotations

import re

from pipeline.text.english_numbers import cardinal
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

_SHORT = {
    "Gen": "Genesis", "Ex": "Exodus", "Exod": "Exodus", "Lev": "Leviticus", "Num": "Numbers",
    "Deut": "Deuteronomy", "Josh": "Joshua", "Judg": "Judges", "Sam": "Samuel", "Chron": "Chronicles",
    "Ps": "Psalm", "Prov": "Proverbs", "Eccl": "Ecclesiastes", "Isa": "Isaiah", "Jer": "Jeremiah",
    "Ezek": "Ezekiel", "Dan": "Daniel", "Hos": "Hosea", "Mic": "Micah", "Mal": "Malachi", "Matt": "Matthew",
    "Rom": "Romans", "Cor": "Corinthians", "Gal": "Galatians", "Eph": "Ephesians", "Phil": "Philippians",
    "Col": "Colossians", "Thess": "Thessalonians", "Tim": "Timothy", "Heb": "Hebrews", "Jas": "James",
    "Pet": "Peter", "Rev": "Revelation",
}  # fmt: skip
_WHOLE = (
    "Genesis|Exodus|Psalms?|Proverbs|Isaiah|Jeremiah|Matthew|Mark|Luke|John|Acts|Romans|Corinthians|"
    "Galatians|Ephesians|Hebrews|Peter|Revelation"
)
_WHICH = {"1": "First ", "2": "Second ", "3": "Third ", None: ""}


def _say_verse(match: re.Match[str], tongue: Tongue) -> str:
    book = _SHORT.get(match["book"], match["book"])
    place = [cardinal(int(match[part]), tongue.british) for part in ("chapter", "verse")]
    last = f" to {cardinal(int(match['last']), tongue.british)}" if match["last"] else ""
    return f"{_WHICH[match['which']]}{book} {' '.join(place)}{last}"


SCRIPTURE_RULES = (
    Rule(
        "reference",
        re.compile(
            rf"(?<![\w.])(?:(?P<which>[123])\s)?\b(?P<book>(?:{'|'.join(_SHORT)})(?=\.?\s)|{_WHOLE})\.?\s"
            r"(?P<chapter>\d{1,3}):(?P<verse>\d{1,3})(?:[-–](?P<last>\d{1,3}))?(?![\w:]|[.,]\d)"
        ),
        _say_verse,
    ),
)
