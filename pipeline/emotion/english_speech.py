"""What a line's own English words tell: interjections, plain confessions, and the lexicon's score.

Only what is said here and now by the speaker of himself counts: no question, no condition, no report of
somebody's words, nothing denied, nothing meant the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pipeline.emotion.evidence import Cue, Tier
from pipeline.emotion.words import PatternGroup, WordGroup, by_word, compiled, english_words

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_SENTENCE = re.compile(r"[^.!?…]*(?:(?<=Mr)\.|(?<=Mrs)\.|(?<=Dr)\.)?[^.!?…]*[.!?…]*[\"'”’)\s]*")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_SHOUTED = re.compile(r"\b[A-Z]{2,}(?:['’][A-Z]+)?\b")
_DEGREES = (
    r"(?:(?:so|very|really|just|absolutely|quite|terribly|awfully|utterly|completely|too|that|all|still) )"
)
_OPENING = r"(?:^|[,;:!.—–-] ?|\b(?:and|but|because|oh|yes|no|god|well|look|honestly) )"
_BOTH_STOPS = re.compile(r"\?!|!\?|\?\?+!*")
_DISBELIEF = re.compile(r"^(?:what|who|where|you|he|she|how)\b", re.IGNORECASE)
WORDS_INTENSITY = 0.8
# Compound scores from which a shout takes its colour. Source: Hutto & Gilbert 2014 call +-0.05 the bounds of
# neutral; a feeling that is to be heard needs far more.
SHOUT_SCORE = 0.5
SHOUTED_WORD = 2.4
SCORED_WORD = 1.5
# In a long sentence glad words stand for many things besides the speaker's gladness.
GLAD_WORDS = 20


@dataclass(frozen=True)
class _Sentence:
    """One sentence of a line, bare of quotation marks, at `offset` of the line."""

    text: str
    offset: int

    @property
    def is_question(self) -> bool:
        """Whether it asks and does not exclaim."""
        return "?" in self.text

    @property
    def exclaims(self) -> bool:
        """Whether it has an exclamation mark."""
        return "!" in self.text


@dataclass(frozen=True)
class _Lists:
    reports: dict[str, WordGroup]
    report: re.Pattern[str]
    interjections: list[tuple[re.Pattern[str], PatternGroup]]
    phrases: list[tuple[re.Pattern[str], PatternGroup]]
    hostile: re.Pattern[str]
    ironic: re.Pattern[str]
    conditional: re.Pattern[str]
    reported: re.Pattern[str]
    negated: re.Pattern[str]
    glad: float
    empty: frozenset[str]


@cache
def _lists() -> _Lists:
    words = english_words()
    reports = by_word(words.reports)
    said = rf"I(?:['’]m| am| feel) (?P<degree>{_DEGREES}*)(?P<word>{'|'.join(reports)})"
    report = rf"{_OPENING}(?P<cue>{said})\b(?! (?:to|that|you|if)\b)"

    def either(patterns: tuple[str, ...]) -> re.Pattern[str]:
        return re.compile("|".join(patterns), re.IGNORECASE)

    return _Lists(
        reports=reports,
        report=re.compile(report, re.IGNORECASE),
        interjections=compiled(words.interjections, r"^(?:oh,? |oh no,? )?(?P<cue>{})(?= ?(?:[,.!?…—–-]|$))"),
        phrases=compiled(words.phrases, r"(?P<cue>{})(?!\w)"),
        hostile=either(words.hostile),
        ironic=either(words.ironic),
        conditional=re.compile(words.conditional, re.IGNORECASE),
        reported=re.compile(words.reported, re.IGNORECASE),
        negated=re.compile(words.negated, re.IGNORECASE),
        glad=words.glad,
        empty=frozenset(words.empty.split()),
    )


def own_cues(text: str) -> list[Cue]:
    """Cues in what the speaker says; those of irony block whatever is weaker."""
    found: list[Cue] = []
    for sentence in _sentences(text):
        irony = _lists().ironic.search(sentence.text)
        if irony is not None:
            found.append(_cue("neutral", 1.0, sentence, irony.span(), "irony", blocks=True))
            continue
        found += _interjections(sentence)
        found += _surprise(sentence)
        found += _reports(sentence)
        found += _phrases(sentence)
        found += _glad(sentence)
    return found


def shouted_cues(text: str, loud: bool) -> list[Cue]:
    """What a shout is: anger if it is turned against somebody, joy if its words are glad; else nothing.

    Args:
        loud: whether the tag says that it is shouted; without it two words in capitals are needed.
    """
    found: list[Cue] = []
    for sentence in _sentences(text):
        capitals = list(_SHOUTED.finditer(sentence.text))
        if not loud and (len(capitals) < 2 or not sentence.exclaims):
            continue
        hostile = _lists().hostile.search(sentence.text)
        if hostile is not None and not _is_unsure(sentence, hostile.start()):
            found.append(_cue("angry", 0.74, sentence, hostile.span(), "shout-hostile", tier="marks"))
        elif sentence.exclaims and not sentence.is_question and _score(sentence.text) >= SHOUT_SCORE:
            span = _strongest(sentence.text, SHOUTED_WORD)
            if span is not None and not _negated(sentence) and not _is_unsure(sentence, span[0]):
                found.append(_cue("excited", 0.66, sentence, span, "shout-glad", tier="marks"))
    return found


def _sentences(text: str) -> Iterator[_Sentence]:
    for match in _SENTENCE.finditer(text):
        raw = match[0]
        bare = raw.lstrip(" \"'“‘«([—–-").rstrip(" \"'”’»)]")
        if any(char.isalpha() for char in bare):
            yield _Sentence(bare, match.start() + raw.index(bare))


def _interjections(sentence: _Sentence) -> Iterator[Cue]:
    for pattern, group in _lists().interjections:
        match = pattern.search(sentence.text)
        if match is not None and (sentence.exclaims or not group.needs_mark):
            yield _of_group(group, sentence, match.span("cue"), "interjection", "marks")


def _surprise(sentence: _Sentence) -> Iterator[Cue]:
    stops = _BOTH_STOPS.search(sentence.text)
    if stops is not None and "!" in stops[0] and _DISBELIEF.match(sentence.text):
        yield _cue("surprised", 0.7, sentence, stops.span(), "question-exclaimed", tier="marks")


def _reports(sentence: _Sentence) -> Iterator[Cue]:
    """`I'm so scared`, `I am furious with him`."""
    lists = _lists()
    if sentence.is_question:
        return
    for match in lists.report.finditer(sentence.text):
        group = lists.reports[match["word"].lower()]
        word = match["word"].lower()
        # "I am afraid!" may go on: that it is late; "afraid of" may not.
        of_it = word == "afraid" and sentence.text[match.end() :].startswith(" of ")
        strong = bool(match["degree"]) or of_it or (sentence.exclaims and word != "afraid")
        if word == "ashamed" and sentence.text[match.end() :].startswith(" of you"):
            continue  # that is anger
        if (group.strengthened and not strong) or _is_unsure(sentence, match.start("cue")):
            continue
        yield _cue(group.label, group.confidence, sentence, match.span("cue"), "self-report")


def _phrases(sentence: _Sentence) -> Iterator[Cue]:
    for pattern, group in _lists().phrases:
        match = pattern.search(sentence.text)
        if match is None or (group.needs_mark and not sentence.exclaims):
            continue
        asks = sentence.is_question and group.label != "angry"
        if not asks and not _is_unsure(sentence, match.start("cue")):
            yield _of_group(group, sentence, match.span("cue"), "phrase", "words")


def _glad(sentence: _Sentence) -> Iterator[Cue]:
    """Joy by VADER's score: high, exclaimed, of two glad words at least and no other."""
    if not sentence.exclaims or sentence.is_question or _negated(sentence):
        return
    if (
        len(sentence.text.split()) > GLAD_WORDS
        or _score(sentence.text) < _lists().glad
        or _is_unsure(sentence, len(sentence.text))
    ):
        return
    scores = list(_scored(sentence.text))
    if any(score < 0 for score, _ in scores) or sum(score >= SCORED_WORD for score, _ in scores) < 2:
        return
    span = _strongest(sentence.text, SCORED_WORD)
    if span is not None:
        yield _cue("happy", 0.66, sentence, span, "lexicon")


def _negated(sentence: _Sentence) -> bool:
    return _lists().negated.search(sentence.text) is not None


def _is_unsure(sentence: _Sentence, place: int) -> bool:
    """Whether what stands before `place` denies, supposes or reports it."""
    lists, before = _lists(), sentence.text[:place]
    return any(
        pattern.search(before) is not None for pattern in (lists.conditional, lists.reported, lists.negated)
    ) or (lists.conditional.search(sentence.text[place:]) is not None and " if " in sentence.text[place:])


@cache
def _vader() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _score(text: str) -> float:
    return float(_vader().polarity_scores(text.replace("’", "'"))["compound"])


def _scored(text: str) -> Iterator[tuple[float, tuple[int, int]]]:
    """The words that VADER knows, with their scores in -4..4, mere manners left out."""
    lexicon = _vader().lexicon
    for match in _WORD.finditer(text):
        score = lexicon.get(match[0].lower())
        if score is not None and match[0].lower() not in _lists().empty:
            yield float(score), match.span()


def _strongest(text: str, least: float) -> tuple[int, int] | None:
    """Where the gladdest word stands, if it reaches `least`."""
    score, span = max(_scored(text), key=lambda each: (each[0], -each[1][0]), default=(0.0, None))
    return span if score >= least else None


def _of_group(group: PatternGroup, sentence: _Sentence, span: tuple[int, int], rule: str, tier: Tier) -> Cue:
    return _cue(group.label, group.confidence, sentence, span, rule, tier=tier)


def _cue(
    label: str, confidence: float, sentence: _Sentence, span: tuple[int, int], rule: str, *,
    tier: Tier = "words", blocks: bool = False,
) -> Cue:  # fmt: skip
    start, end = sentence.offset + span[0], sentence.offset + span[1]
    return Cue(label, confidence, start, end, rule, tier, WORDS_INTENSITY, blocks)
