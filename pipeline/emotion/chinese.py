"""What Chinese narration tells of a speaker's feeling: 怒道, 哽咽着说, 老周红了眼圈.

Chinese leaves subjects out, so the last person named before a cue is taken for the one who feels; if that is
not the speaker, or cannot be told, the cue does not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pipeline.emotion.evidence import Cue, Tier
from pipeline.emotion.words import PatternGroup, WordGroup, by_word, chinese_narration, compiled

_SENTENCE = re.compile(r"[^。！？；!?;]+[。！？；!?;]*[”’」』]*")
_CLAUSE_MARKS = "，,：:、—…"
_PRONOUNS = re.compile(r"(?<![其吉])[他她](?!们)|(?<!自)我(?!们)")
# Right before or behind a speech these are the speaker's: 眼泪掉了下来.
_SPEAKERS_OWN = re.compile(r"\s*(?:眼泪|泪水|眼圈|眼眶|声音|嗓音|语气|脸|脸色|脸上|双手|拳头|说着|说完|话音)")
_LEADS_IN = re.compile(r"[：:]\s*$")
_PREPOSITIONS = "对向给跟和同把被替为朝冲与"
NARRATION_TRUST = 0.95
_Match = tuple[int, int, WordGroup | PatternGroup, str]
# In a sentence that is no tag a cue must be told of somebody, not named: 高兴地, 很高兴, but not 新婚的快乐.
_TOLD_BEFORE = re.compile(
    r"(?:很|十分|非常|非常的|特别|满脸|一脸|显得|感到|觉得|有点|有些|心里|地|得|又|都|正|也)$"
)
_TOLD_AFTER = re.compile(r"[地得了着起，。！？；：,!?;:…]|$")


@dataclass(frozen=True)
class People:
    """The speaker's names, and everybody else's."""

    own: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class _Lists:
    cues: dict[str, WordGroup]
    tags: dict[str, WordGroup]
    patterns: list[tuple[re.Pattern[str], PatternGroup]]
    cue: re.Pattern[str]
    tag: re.Pattern[str]
    loud: re.Pattern[str]
    other_senses: re.Pattern[str]
    speech: re.Pattern[str]
    people: re.Pattern[str]
    negations: tuple[str, ...]
    not_negations: re.Pattern[str]
    unreal: re.Pattern[str]
    past: re.Pattern[str]
    ironic: re.Pattern[str]
    slightly: re.Pattern[str]


@cache
def _lists() -> _Lists:
    words = chinese_narration()
    return _Lists(
        cues=by_word(words.cues),
        tags=by_word(words.tags),
        patterns=compiled(words.patterns),
        cue=any_of(" ".join(group.words for group in words.cues)),
        tag=any_of(" ".join(group.words for group in words.tags)),
        loud=any_of(words.loud),
        other_senses=any_of(words.other_senses),
        # 说尽, 说明 and 味道 are no speech: a verb of speech is followed by a stop, a particle or a person.
        speech=re.compile(
            rf"(?!(?<=[知味地街难])道|(?<=[听据])说)(?:{'|'.join(longest_first(words.speech))})(?=[：:，,。！？!?“道着了得他她起]|$)"
        ),
        people=any_of(words.people),
        negations=words.negations,
        not_negations=any_of(words.not_negations),
        unreal=any_of(words.unreal),
        past=any_of(words.past),
        ironic=any_of(words.ironic),
        slightly=any_of(words.slightly),
    )


def longest_first(words: str) -> list[str]:
    """The words, longest first and escaped, so that an expression of them takes the longest."""
    return [re.escape(word) for word in sorted(words.split(), key=lambda word: (-len(word), word))]


def any_of(words: str) -> re.Pattern[str]:
    """An expression that finds any of the words, the longest where several begin."""
    return re.compile("|".join(longest_first(words)))


@dataclass(frozen=True)
class _Sentence:
    """A sentence of narration; `is_tag`: it says who spoke, and it was the speaker."""

    text: str
    offset: int
    is_tag: bool
    trust: float


def narration_cues(text: str, people: People, *, after: bool) -> list[Cue]:
    """Cues about the speaker in the narration of a paragraph that stands right before or after a line."""
    found: list[Cue] = []
    text = _lists().other_senses.sub(lambda match: "·" * len(match[0]), text)
    pieces = list(_SENTENCE.finditer(text))
    for number, match in enumerate(pieces):
        distance = number if after else len(pieces) - 1 - number
        if distance or (after and _LEADS_IN.search(match[0])):
            continue  # 老周叹道： leads in what comes next
        is_tag = _is_tag(match[0], people)
        trust = 1.0 if is_tag else NARRATION_TRUST
        sentence = _Sentence(match[0], match.start(), is_tag, trust)
        found += _cues(sentence, people, silent=is_tag or _SPEAKERS_OWN.match(match[0]) is not None)
    return found


def is_loud(text: str, people: People, *, after: bool) -> tuple[int, int] | None:
    """Where the tag says that the line is shouted, if it does and says it of the speaker."""
    pieces = list(_SENTENCE.finditer(text))
    if not pieces:
        return None
    sentence = pieces[0 if after else -1]
    match = _lists().loud.search(sentence[0])
    if match is None or _whose(sentence[0], match.start(), people, silent=True) != "self":
        return None
    return sentence.start() + match.start(), sentence.start() + match.end()


def _is_tag(sentence: str, people: People) -> bool:
    """Whether the sentence says that the speaker speaks: by a verb, or by the colon that leads in."""
    match = _lists().speech.search(sentence) or _lists().tag.search(sentence) or _LEADS_IN.search(sentence)
    return match is not None and _whose(sentence, match.start(), people, silent=True) == "self"


def _cues(sentence: _Sentence, people: People, *, silent: bool) -> list[Cue]:
    lists = _lists()
    found: list[Cue] = []
    irony = lists.ironic.search(sentence.text)
    if irony is not None and sentence.is_tag:
        found.append(_cue("neutral", 1.0, sentence, irony.span(), "tag-irony", 1.0, blocks=True))
    for start, end, group, rule in _matches(sentence):
        if _whose(sentence.text, start, people, silent=silent) != "self" or _describes(sentence.text, end):
            continue
        if rule.endswith("narration-word") and not _is_told(sentence.text, start, end):
            continue
        if _is_denied(sentence.text, start):
            found.append(_cue("neutral", 1.0, sentence, (start, end), "denied", 1.0, blocks=True))
        elif not lists.past.search(sentence.text):
            weak = lists.slightly.search(sentence.text[max(0, start - 3) : start]) is not None
            intensity = group.intensity * (0.5 if weak else 1.0)
            found.append(_cue(group.label, group.confidence, sentence, (start, end), rule, intensity))
    return found


def _matches(sentence: _Sentence) -> list[_Match]:
    """Every cue of the sentence; one that lies within a longer one is left out."""
    lists = _lists()
    tier = "tag" if sentence.is_tag else "narration"
    found: list[_Match] = [
        (*match.span(), lists.cues[match[0]], f"{tier}-word") for match in lists.cue.finditer(sentence.text)
    ]
    if sentence.is_tag:
        verbs = lists.tag.finditer(sentence.text)
        found += [(*match.span(), lists.tags[match[0]], "tag-verb") for match in verbs]
    for pattern, group in lists.patterns:
        found += [(*match.span(), group, f"{tier}-phrase") for match in pattern.finditer(sentence.text)]
    return [
        each
        for each in found
        if not any(
            other[0] <= each[0] and each[1] <= other[1] and other[1] - other[0] > each[1] - each[0]
            for other in found
        )
    ]


def _whose(sentence: str, place: int, people: People, *, silent: bool) -> str:
    """`self` or `other`: the last one named before the cue, objects of a preposition left out.

    Args:
        silent: whether a sentence that names nobody tells of the speaker.
    """
    named: list[tuple[int, str]] = []
    before = sentence[:place]
    for name in people.own:
        named += [(match.start(), "self") for match in re.finditer(re.escape(name), before)]
    for name in people.others:
        named += [(match.start(), "other") for match in re.finditer(re.escape(name), before)]
    own_parts = "".join(people.own)
    named += [
        (match.start(), "other") for match in _lists().people.finditer(before) if match[0] not in own_parts
    ]
    pronouns = [match.start() for match in _PRONOUNS.finditer(before)]
    acting = sorted(each for each in named if not _is_object(before, each[0]))
    if silent and [each[0] for each in acting] == [0] and not before.startswith(people.others):
        return "self"  # 老人叹道: in a tag, whoever is described is the speaker
    pronouns = [each for each in pronouns if not _is_object(before, each)]
    if acting:
        return acting[-1][1]
    return "self" if pronouns or silent else "other"


def _is_object(text: str, place: int) -> bool:
    """Behind a preposition or a verb of looking: 对他, 看着她."""
    return place > 0 and (
        text[place - 1] in _PREPOSITIONS or text[max(0, place - 2) : place] in ("看着", "望着")
    )


def _describes(sentence: str, end: int) -> bool:
    """伤心的小梅: the word belongs to another one behind 的."""
    return sentence[end : end + 1] == "的" and sentence[end + 1 : end + 2] not in ("", "说", "道", "样")


def _is_told(sentence: str, start: int, end: int) -> bool:
    """Whether the word is said of somebody: 高兴地, 很高兴, 害怕了."""
    before = sentence[:start]
    if _TOLD_BEFORE.search(before) or sentence[end - 1] in "地得了着":
        return True
    return _TOLD_AFTER.match(sentence, end) is not None and not before.endswith("的")


def _is_denied(sentence: str, place: int) -> bool:
    """Whether the cue is denied or supposed in its own clause."""
    start = max((sentence.rfind(mark, 0, place) for mark in _CLAUSE_MARKS), default=-1) + 1
    clause = _lists().not_negations.sub(lambda match: "·" * len(match[0]), sentence)[start : place + 1]
    # One character further: 陪笑道 ends in the cue 笑道.
    return (
        any(word in clause[:-1] for word in _lists().negations) or _lists().unreal.search(clause) is not None
    )


def _cue(
    label: str, confidence: float, sentence: _Sentence, span: tuple[int, int], rule: str, intensity: float, *,
    blocks: bool = False,
) -> Cue:  # fmt: skip
    tier: Tier = "tag" if sentence.is_tag else "narration"
    start, end = sentence.offset + span[0], sentence.offset + span[1]
    return Cue(
        label, round(confidence * sentence.trust, 3), start, end, rule, tier, round(intensity, 3), blocks
    )
