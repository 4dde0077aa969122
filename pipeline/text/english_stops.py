"""Whether the stop of an English abbreviation also ends its sentence."""

from __future__ import annotations

import re

# As few words as begin a sentence often and stand with a capital nowhere else.
STARTERS = frozenset(
    str.split(
        "The A An He She It We They I You This That These Those There Then In On At But And So For If "
        "When What Who Why How Where No Yes Not Now My His Her Our Your Their As After Before Is Was "
        "Are Were Do Did One All"
    )
)
_AFTER_A_TIME = frozenset(
    str.split(
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June "
        "July August September October November December Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun Jan "
        "Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Eastern Central Mountain Pacific Greenwich EST EDT "
        "CST CDT MST MDT PST PDT ET CT PT GMT UTC BST CET"
    )
)
_TIME_OPENS_SENTENCE = re.compile(
    r"(?:^|[.!?…][\"”’)]*\s+|\n|[“‘\"(])(?:At|By|Around|About|Until|Till|Before|After|Since|From)\s"
    r"(?:about\s|around\s)?[\w:.]{1,12}\s?[aApP]\.\s?[mM]\.?$"
)
_NEXT_WORD = re.compile(r"[\"”’')\]]*\s+[“‘\"'(]*(\w+)")


def sentence_ends_after(text: str, end: int) -> bool:
    """Whether a stop before `end` also closes a sentence: nothing follows, or a capital after space."""
    rest = text[end:].lstrip("\"”’')]")
    if not rest.strip():
        return True
    first = rest.lstrip().lstrip("“‘\"'(")[:1]
    return rest[0].isspace() and (first.isupper() and first != "")


def time_goes_on(text: str, end: int) -> bool:
    """Whether a sentence goes on after the `a.m.` before `end`, though a capital follows it.

    It does before a day, a month or a zone (`9 a.m. Tuesday`), and after a time that opens the sentence,
    unless what follows could not stand inside one (`At 9 a.m. John left`, `At 9 a.m. The usual place.`).
    """
    following = _NEXT_WORD.match(text, end)
    if following is None:
        return False
    if following[1] in _AFTER_A_TIME:
        return True
    opens = _TIME_OPENS_SENTENCE.search(text, max(0, end - 40), end) is not None
    return opens and (following[1] == "I" or following[1] not in STARTERS)


def stop_before_starter(text: str, end: int) -> str:
    """`.` if what follows `end` opens a sentence for certain, else nothing."""
    following = _NEXT_WORD.match(text, end)
    return "." if following and following[1] in STARTERS else ""
