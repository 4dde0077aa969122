"""Where sentences end, character for character.

sentencex was weighed on the cases of tests/text/test_text_sentences.py. It is quick and loses nothing, but
splits `Dr. | Who` and `5 p.m. | He` alike, parts `1. First item` behind its number and 他说 from the
quotation it tells of, and does not split `Oh… No.`, `(Really.) Yes.` or `（是。）完`. Mending that from
outside would take all of the rules below; these look at one stop and its two neighbours, so an edit moves no
boundary that is further away.
"""

from __future__ import annotations

import re
from functools import cache

from pipeline.text.cjk import is_cjk
from pipeline.text.english_stops import STARTERS, time_goes_on

Span = tuple[int, int]

_CJK_WEIGHT = 2.5
_STOPS = ".!?…‽。！？｡।॥؟۔։።፧။"
_CJK_STOPS = "。！？｡"
_CLOSERS = "\"'”’»›)]}）】」』》〉］｝*_"
_OPENERS = "\"'“‘«‹([{（【「『《〈［｛¿¡—–-*_"
_BLANK = r"(?P<blank>\n[^\S\n]*\n\s*)"
_STOP_RUN = rf"(?P<stops>(?:[{_STOPS}]|(?<=\.)\s\.(?=\s?\.|\W|$))+)"
_CLOSER_RUN = rf"[{re.escape(_CLOSERS)}]*"
_CANDIDATE = rf"{_BLANK}|{_STOP_RUN}(?P<closers>{_CLOSER_RUN})(?P<space>\s*)"
# These languages set a space inside « »; German turns the marks round: »so«.
_CANDIDATE_SPACED = rf"{_BLANK}|{_STOP_RUN}(?P<closers>(?:\s?»)?{_CLOSER_RUN})(?P<space>\s*)"
_SPACED_QUOTES = ("fr", "ru", "it", "es", "pt")
# A number with a stop is an ordinal there: der 3. Mai.
_DOTTED_ORDINALS = (
    "de",
    "da",
    "no",
    "nb",
    "nn",
    "fi",
    "cs",
    "sk",
    "pl",
    "hu",
    "sl",
    "hr",
    "et",
    "lv",
    "is",
    "tr",
)
# Written with a capital before a name; small, they are words (`come here, hon. Then`).
_NAME_TITLES = frozenset(
    str.split(
        "mr mrs ms messrs dr drs prof rev hon capt lt col gen sgt cpl pvt maj cmdr cdr adm sen gov pres "
        "supt insp st mt ft fr mme mlle m"
    )
)
# Never end a sentence, in either case.
_NEVER_FINAL = frozenset(
    str.split(
        "no nos vol vols fig figs pp p ch chap sec op cf viz vs ca approx e.g i.e v vv c est apt eq eqs "
        "ext rm lv lvl rte cor thess deut sc n"
    )
)
# End a sentence only if what follows looks like a new one.
_MAYBE_FINAL = frozenset(
    str.split(
        "jr sr esq inc ltd co corp bros dept ave blvd rd etc al a.m p.m ed eds jan feb mar apr jun "
        "jul aug sept sep oct nov dec mon tue tues wed thu thur thurs fri sat sun hrs hr min sq ph.d "
        "m.d b.a m.a"
    )
)
_OTHER_TITLES = {
    "de": str.split("hr fr dr prof z.b d.h u.a bzw ca nr str usw evtl ggf s vgl inkl max st abs bd"),
    "fr": str.split("m mm mme mlle dr pr me st ste p.ex cf av bd env etc vol chap n"),
    "es": str.split("sr sra srta dr dra ud uds d dª prof lic ing gral p.ej pág págs etc núm ee.uu"),
    "it": str.split("sig sigg dott prof avv ing on pag es ecc cfr n vol cap s"),
    "pt": str.split("sr sra srta dr dra prof d pág págs ex etc núm av exmo"),
    "nl": str.split("dhr mevr dr prof bijv b.v o.a nr blz enz mr drs ir"),
}
_STARTERS = frozenset(word.lower() for word in STARTERS)
_NUMBER_FOLLOWS = frozenset(
    str.split(
        "no nos vol vols fig figs pp p ch chap sec op nr pág n núm bd v vv c est apt eq eqs ext rm lv lvl "
        "rte cor thess deut sc n"
    )
)
# Behind a number these end a sentence only before a capital: `6 ft. 2 in. tall`, `He was 6 ft. He ran`.
_UNITS = frozenset(
    str.split(
        "in ft yd yds mi lb lbs oz min mins hr hrs sec secs tsp tbsp gal qt st kts pp cm mm m km g kg mg ml "
        "l yr yrs"
    )
)
_WORD_BEFORE = re.compile(r"[^\W_](?:[\w’'-]|\.(?=\w))*$")
_NEXT_WORD = re.compile(rf"[{re.escape(_OPENERS)}\s]*(?P<word>[\w’'-]+)")
_SPEECH_TAG = re.compile(
    r"(?:I|(?!(?:He|She|They|We|You|It|The|A|An|This|That|There)\s)[A-Z][\w’'.-]*(?:\s[A-Z][\w’'.-]*){0,2})\s"
    r"(?:said|says|asked|asks|cried|replied|answered|whispered|shouted|called|exclaimed|murmured|"
    r"muttered|added|"
    r"began|went on|continued|repeated|returned|remarked|observed|thought|yelled|screamed|sighed|"
    r"laughed|growled|"
    r"gasped|snapped|demanded|inquired|interrupted|agreed|insisted|declared|roared|sobbed|wondered)\b"
)


@cache
def _speech_tag_zh() -> re.Pattern[str]:
    """他说: who spoke, behind a quotation."""
    return re.compile(r"[^，。！？；：“”「」\s]{0,8}?(?:说|道|问|喊|叫|答|嚷|吼|笑|叹|骂)")


@cache
def _candidates(spaced_quotes: bool) -> re.Pattern[str]:
    """Where a sentence may end; one language of two is compiled, as `fullcast check` waits for it."""
    return re.compile(_CANDIDATE_SPACED if spaced_quotes else _CANDIDATE)


def split_sentences(text: str, language: str) -> list[Span]:
    """Spans [start, end) of the sentences of `text`, consecutive, covering it exactly.

    White space behind a sentence belongs to it. A blank line always ends one; a stop does unless it
    belongs to an abbreviation, an initial, a number, or a quotation that its sentence goes on after.

    Args:
        text: any text.
        language: BCP 47; chooses the abbreviations.
    """
    base = language.lower().split("-")[0]
    pattern = _candidates(base in _SPACED_QUOTES)
    spans: list[Span] = []
    start = seen = 0
    has_words = False
    for match in pattern.finditer(text):
        end = match.end()
        if end >= len(text):
            break
        has_words = has_words or any(map(str.isalnum, text[seen : match.start()]))
        seen = end
        # A stop with nothing before it (`…`, `* * *`) opens what follows.
        if has_words and (match["blank"] is not None or _ends_sentence(text, match, base)):
            spans.append((start, end))
            start, has_words = end, False
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _ends_sentence(text: str, match: re.Match[str], base: str) -> bool:
    """Whether a run of stops, with what closes behind it, ends a sentence."""
    stops, closers, space = match["stops"], match["closers"], match["space"]
    end = match.end()
    if space.count("\n") > 1:
        return True
    if stops[-1] in _CJK_STOPS or (stops[-1] == "…" and is_cjk(text[end])):
        return not _goes_on_cjk(text, end, stops, closers)
    if not space:
        return False
    following = _NEXT_WORD.match(text, end)
    word = following["word"] if following else ""
    if word and word[0].islower():
        return False
    if closers.strip(")]}") and stops[-1] in "!?…" and base == "en" and _SPEECH_TAG.match(text, end):
        return False
    if stops == ".":
        return _stop_ends(text, match, word, base)
    return True


def _goes_on_cjk(text: str, end: int, stops: str, closers: str) -> bool:
    """Whether a Chinese sentence goes on after its quotation: “你好！”他说。"""
    if text[end] in "，、；：—…":
        return True
    if closers and _speech_tag_zh().match(text, end):
        return True
    return stops[-1] == "…" and not closers and not text[end - 1].isspace() and text[end] not in "“「『（"


def _stop_ends(text: str, match: re.Match[str], word: str, base: str) -> bool:
    """Whether a single full stop ends the sentence, by the word before and the word after it."""
    before = _WORD_BEFORE.search(text, max(0, match.start() - 24), match.start())
    last = before[0] if before else ""
    lower = last.lower()
    if match["closers"]:
        return True
    is_initial = len(last) == 1 and last.isupper()
    if base == "en" and lower in _UNITS and last != "St" and _behind_number(text, match.start() - len(last)):
        return not word or not word[0].isdigit()
    if lower in ("a.m", "p.m") and time_goes_on(text, match.end("stops")):
        return False
    if lower in _NUMBER_FOLLOWS and not is_initial and word and not (word[0].isdigit() or _is_roman(word)):
        return True
    if lower == "st" and word.lower() in _STARTERS:
        return True
    is_title = lower in _NEVER_FINAL or (lower in _NAME_TITLES and last[0].isupper())
    if (is_title and base == "en" and not (is_initial and lower != "m")) or lower in _OTHER_TITLES.get(
        base, ()
    ):
        return False
    is_acronym = re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", last) is not None
    if lower in _MAYBE_FINAL or is_acronym:
        usual = lower in ("etc", "a.m", "p.m") and word.lower() not in _NAME_TITLES
        return not word or word.lower() in _STARTERS or usual
    if is_initial:
        return _initial_ends(text, match, last, word)
    before_list = text[max(0, match.start() - 40) : match.start() - len(last)]
    if last.isdigit() and len(last) <= 3 and before_list.rstrip(" ")[-1:] in ("", "\n"):
        return False  # `1. First item`: the number of a list
    return not (last.isdigit() and len(last) <= 2 and base in _DOTTED_ORDINALS)


def _behind_number(text: str, end: int) -> bool:
    return text[max(0, end - 2) : end].rstrip(" -")[-1:].isdigit()


def _is_roman(word: str) -> bool:
    return re.fullmatch(r"[ivxlcIVXLC]+", word) is not None


def _initial_ends(text: str, match: re.Match[str], letter: str, word: str) -> bool:
    """Whether a stop behind a single capital ends the sentence: `It was I. Then`, not `J. R. R. Tolkien`."""
    if re.match(r"[A-Z]\.", word + text[match.end() + len(word) : match.end() + len(word) + 1]):
        return letter == "I" and word == "I"
    previous = re.search(r"([\w’']+)([.,;:]?)\s+$", text[max(0, match.start() - 25) : match.start() - 1])
    if word.lower() in _STARTERS:
        return True
    if previous is None or re.fullmatch(r"[A-Z]", previous[1]) is not None:
        return False
    return letter == "I" or previous[1][0].islower()


def join_short(spans: list[Span], text: str, min_characters: int = 24) -> list[Span]:
    """The same spans with short sentences joined to the next of their paragraph, or else to the one before.

    Very short utterances sound clipped. A sentence decides for itself by its own length, so an edit changes
    the grouping of its own group and the groups beside it, and of no other. A CJK character counts as 2.5.

    Args:
        spans: as `split_sentences` gives them.
        min_characters: shorter sentences are joined.
    """
    groups: list[Span] = []
    start: int | None = None
    for span_start, span_end in spans:
        start = span_start if start is None else start
        sentence = text[span_start:span_end]
        if _ends_paragraph(sentence) or _weight(sentence) >= min_characters:
            groups.append((start, span_end))
            start = None
    if start is not None:
        groups.append((start, spans[-1][1]))
    return _join_tails(groups, text, min_characters)


def _join_tails(groups: list[Span], text: str, min_characters: int) -> list[Span]:
    """Short groups that end a paragraph joined to the group before, where that is of the same paragraph."""
    joined: list[Span] = []
    for start, end in groups:
        tail = text[start:end]
        alone = not joined or _ends_paragraph(text[joined[-1][0] : joined[-1][1]])
        if not alone and _weight(tail) < min_characters:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _ends_paragraph(sentence: str) -> bool:
    return re.search(r"\n\s*\n\s*$", sentence) is not None


def _weight(sentence: str) -> float:
    if sentence.isascii():
        return float(len(sentence.strip()))
    return sum(_CJK_WEIGHT if is_cjk(character) else 1.0 for character in sentence.strip())
