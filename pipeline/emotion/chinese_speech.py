"""What a line's own Chinese words tell of its speaker: 哈哈, 气死我了, 我好怕, and a score of its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pipeline.emotion.chinese import any_of, longest_first
from pipeline.emotion.evidence import Cue, Tier
from pipeline.emotion.words import PatternGroup, WordGroup, by_word, chinese_words, compiled

_SENTENCE = re.compile(r"[^。！？!?…]+[。！？!?…]*[”’」』]*")
_TITLE = re.compile(r"《[^》]*》")
_DEGREE = "(?:真的|真是|真|好|很|太|非常|特别|实在|心里|现在|一直|都|也|可|快|快要|有点|有些|十分)"
# 我累了他就来换我 and 我怕你冷 go on to something else; 我很担心他 does not.
_REPORT_ENDS = (
    r"(?:(?=(?:了|极了|死了|坏了|得很|啊|呀|得要命)?(?:[，,。！!…；]|$))|(?<=担心)|(?<=担忧)|(?<=着急)(?!的))"
)
_ASKS = re.compile(r"[？?]|[吗么][。，]?$|为什么|怎么|什么")
# 什么？！ is surprise; another question with both marks is more often anger (管别人的闲事干吗？！).
_WHAT = re.compile(r"^(?:什么|啊|真的|是你|怎么会|怎么可能|不会吧)[^，。]{0,4}(?:[？?]+[！!]|[！!]+[？?])")
WORDS_INTENSITY = 0.8
# A clause's score from which a shout takes its colour; a word counts 1 to 3, stressed by degree up to 1.6.
SHOUT_SCORE = 2.0


@dataclass(frozen=True)
class _Sentence:
    """One sentence of a line at `offset`, titles of works made blank."""

    text: str
    offset: int

    @property
    def exclaims(self) -> bool:
        """Whether it has an exclamation mark."""
        return "！" in self.text or "!" in self.text

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return _ASKS.search(self.text) is not None


@dataclass(frozen=True)
class _Lists:
    reports: dict[str, WordGroup]
    report: re.Pattern[str]
    interjections: list[tuple[re.Pattern[str], PatternGroup]]
    phrases: list[tuple[re.Pattern[str], PatternGroup]]
    hostile: re.Pattern[str]
    ironic: re.Pattern[str]
    unsure: re.Pattern[str]
    negations: tuple[str, ...]
    not_negations: re.Pattern[str]
    scores: dict[str, float]
    scored: re.Pattern[str]
    degrees: dict[str, float]
    glad: float


@cache
def _lists() -> _Lists:
    words = chinese_words()
    reports = by_word(words.reports)
    known = "|".join(longest_first(" ".join(reports)))
    scores = {word: float(value) for value, group in words.good.items() for word in group.split()}
    scores |= {word: -float(value) for value, group in words.bad.items() for word in group.split()}
    return _Lists(
        reports=reports,
        report=re.compile(rf"(?:^|[，,！!。])(?P<cue>我{_DEGREE}{{0,3}}(?P<word>{known})){_REPORT_ENDS}"),
        interjections=compiled(words.interjections, r"^(?P<cue>{})(?=[，,。！!？?…、了]|$|啊)"),
        phrases=compiled(words.phrases, r"(?P<cue>{})"),
        hostile=any_of(words.hostile),
        ironic=re.compile("|".join(words.ironic)),
        unsure=any_of(f"{words.conditional} {words.reported} {words.past}"),
        negations=words.negations,
        not_negations=any_of(words.not_negations),
        scores=scores,
        scored=any_of(" ".join(scores)),
        degrees=words.degrees,
        glad=words.glad,
    )


def own_cues(text: str) -> list[Cue]:
    """Cues in what the speaker says; those of irony block whatever is weaker."""
    found: list[Cue] = []
    for irony in _lists().ironic.finditer(text):
        whole = _Sentence(text, 0)
        found.append(_cue("neutral", 1.0, whole, irony.span(), "irony", "marks", blocks=True))
    for sentence in _sentences(text):
        found += _interjections(sentence)
        found += _reports(sentence)
        found += _phrases(sentence)
        found += _glad(sentence)
    return found


def shouted_cues(text: str, loud: bool) -> list[Cue]:
    """What a shout is: anger if it is turned against somebody, joy if its words are glad; else nothing."""
    found: list[Cue] = []
    for sentence in _sentences(text) if loud else ():
        hostile = _lists().hostile.search(sentence.text)
        if hostile is not None and not _is_unsure(sentence, hostile.start()):
            found.append(_cue("angry", 0.74, sentence, hostile.span(), "shout-hostile", "marks"))
            continue
        score, span = _score(sentence)
        if score >= SHOUT_SCORE and span is not None and not sentence.asks:
            found.append(_cue("excited", 0.66, sentence, span, "shout-glad", "marks"))
    return found


def _sentences(text: str) -> Iterator[_Sentence]:
    for match in _SENTENCE.finditer(text):
        bare = match[0].lstrip(' “‘「『"').rstrip(' ”’」』"')
        if bare:
            blanked = _TITLE.sub(lambda title: "　" * len(title[0]), bare)
            yield _Sentence(blanked, match.start() + match[0].index(bare))


def _interjections(sentence: _Sentence) -> Iterator[Cue]:
    for pattern, group in _lists().interjections:
        match = pattern.search(sentence.text)
        if match is not None and (sentence.exclaims or not group.needs_mark):
            yield _cue(group.label, group.confidence, sentence, match.span("cue"), "interjection", "marks")
    what = _WHAT.search(sentence.text)
    if what is not None:
        yield _cue("surprised", 0.68, sentence, what.span(), "question-exclaimed", "marks")


def _reports(sentence: _Sentence) -> Iterator[Cue]:
    """我好怕, 我真高兴."""
    if sentence.asks:
        return
    for match in _lists().report.finditer(sentence.text):
        group = _lists().reports[match["word"]]
        if not _is_unsure(sentence, match.start("cue")):
            yield _cue(group.label, group.confidence, sentence, match.span("cue"), "self-report", "words")


def _phrases(sentence: _Sentence) -> Iterator[Cue]:
    for pattern, group in _lists().phrases:
        match = pattern.search(sentence.text)
        if match is None or (group.needs_mark and not sentence.exclaims):
            continue
        # 凭什么？ and 你敢？ ask for no answer.
        asks = (sentence.asks and group.label != "angry") or sentence.text.rstrip("？?。”").endswith(
            ("吗", "么")
        )
        if not asks and not _is_unsure(sentence, match.start("cue")):
            yield _cue(group.label, group.confidence, sentence, match.span("cue"), "phrase", "words")


def _glad(sentence: _Sentence) -> Iterator[Cue]:
    """Joy by the score of our own list: high, exclaimed, and asked of nobody."""
    if not sentence.exclaims or sentence.asks or _is_unsure(sentence, len(sentence.text)):
        return
    score, span = _score(sentence)
    if score >= _lists().glad and span is not None:
        yield _cue("happy", 0.66, sentence, span, "lexicon", "words")


def _score(sentence: _Sentence) -> tuple[float, tuple[int, int] | None]:
    """Sum of the words' values, each stressed by a degree word and turned by a negation before it."""
    total, strongest, span = 0.0, 0.0, None
    for match in _lists().scored.finditer(sentence.text):
        before = sentence.text[max(0, match.start() - 2) : match.start()]
        value = _lists().scores[match[0]]
        value *= max((by for word, by in _lists().degrees.items() if word in before), default=1.0)
        if any(word in before for word in _lists().negations):
            value = min(0.0, -0.5 * value)  # 不死 is not yet glad
        total += value
        if value > strongest:
            strongest, span = value, match.span()
    return total, span


def _is_unsure(sentence: _Sentence, place: int) -> bool:
    """Whether the words are denied in their clause, supposed, told of the past or of somebody else."""
    lists = _lists()
    if lists.unsure.search(sentence.text) is not None:
        return True
    start = max(sentence.text.rfind(mark, 0, place) for mark in "，,、：:") + 1
    clause = lists.not_negations.sub(lambda match: "·" * len(match[0]), sentence.text)[start:place]
    return any(word in clause for word in lists.negations)


def _cue(
    label: str, confidence: float, sentence: _Sentence, span: tuple[int, int], rule: str, tier: Tier, *,
    blocks: bool = False,
) -> Cue:  # fmt: skip
    start, end = sentence.offset + span[0], sentence.offset + span[1]
    return Cue(label, confidence, start, end, rule, tier, WORDS_INTENSITY, blocks)
