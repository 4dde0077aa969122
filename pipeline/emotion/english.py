"""What English narration tells of a speaker's feeling: the tag of a line, and sentences about the speaker.

A cue counts only if the speaker is the subject of its clause, and if it is neither denied nor supposed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pipeline.emotion.english_subjects import Cast, Memory, Token, owners, tokens_of
from pipeline.emotion.evidence import Cue, Tier
from pipeline.emotion.words import PatternGroup, WordGroup, by_word, compiled, english_narration, verb_forms

_SENTENCE_END = re.compile(r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)[.!?…]+[\"'”’)]*(?=\s|$)|;")
_LINKS = frozenset(
    str.split("was were is are am looked looks felt feels sounded sounds grew became turned seeming")
)
_DEGREES = frozenset(
    str.split("so very quite utterly really too suddenly deeply rather visibly clearly still and")
)
_VOICES = frozenset(
    str.split("voice tone whisper smile laugh grin frown look sigh glance manner expression way eyes")
)
_PREPOSITIONS = frozenset(str.split("with in of from for out through by"))
_ARTICLES = frozenset(str.split("a an the his her their my some any all pure sheer"))
_PAST_TIMES = frozenset(
    str.split("morning yesterday night ago once before earlier years weeks days always often")
)
# A transitive use follows: she snapped the lid shut, he spat on the brush.
_OBJECTS = frozenset(
    str.split(
        "the a an his her its their my our your this that these those him them it on onto into at off over up"
    )
)
NEAR_SENTENCES = 2
SPEECH_REACH = 6
NARRATION_TRUST = 0.95
FAR_TRUST = 0.9


@dataclass(frozen=True)
class _Lists:
    verbs: dict[str, WordGroup]
    tag_verbs: dict[str, WordGroup]
    loud: frozenset[str]
    speech: frozenset[str]
    adverbs: dict[str, WordGroup]
    of_hands: frozenset[str]
    adjectives: dict[str, WordGroup]
    nouns: dict[str, WordGroup]
    phrases: list[tuple[re.Pattern[str], PatternGroup]]
    ironic: frozenset[str]
    denied: frozenset[str]
    unreal: frozenset[str]
    slightly: frozenset[str]


@cache
def _lists() -> _Lists:
    words = english_narration()
    verbs, tag_verbs = by_word(words.verbs, verbs=True), by_word(words.tag_verbs, verbs=True)
    loud = frozenset(form for verb in words.loud_verbs.split() for form in verb_forms(verb))
    plain = {form for verb in words.speech_verbs.split() for form in verb_forms(verb)}
    return _Lists(
        verbs=verbs,
        tag_verbs=tag_verbs,
        loud=loud,
        speech=frozenset(plain | set(words.speech_forms.split()) | set(verbs) | set(tag_verbs) | loud),
        adverbs=by_word(words.adverbs),
        of_hands=frozenset(words.of_hands.split()),
        adjectives=by_word(words.adjectives),
        nouns=by_word(words.nouns),
        phrases=compiled(words.phrases, r"(?:(?<=^)|(?<=[^\w]))(?:{})(?!\w)"),
        ironic=frozenset(words.ironic.split()),
        denied=frozenset(words.negations.split()),
        unreal=frozenset(words.unreal.split()),
        slightly=frozenset(words.slightly.split()),
    )


@dataclass(frozen=True)
class _Clause:
    """A sentence of narration with who each word is about."""

    text: str
    offset: int
    tokens: list[Token]
    owners: list[str]
    is_tag: bool
    trust: float


def narration_cues(text: str, cast: Cast, *, after: bool) -> list[Cue]:
    """Cues about the speaker in the narration of a paragraph that stands right before or after a line.

    Args:
        text: the narration, of one side of the line, without the line.
        after: whether the narration follows the line.
    """
    memory = Memory()
    clauses = []
    sentences = _sentences(text)
    for number, (start, end) in enumerate(sentences):
        distance = number if after else len(sentences) - 1 - number
        clause = _clause(
            text[start:end], start, cast, memory, follows=after and number == 0, near=distance == 0
        )
        if distance < NEAR_SENTENCES and not (after and _leads_on(text[start:end])):
            clauses.append(_trusted(clause, distance))
    return [cue for clause in clauses for cue in _cues(clause)]


def is_loud(text: str, cast: Cast, *, after: bool) -> tuple[int, int] | None:
    """Where the tag says that the line is shouted, if it does and says it of the speaker."""
    sentences = _sentences(text)
    if not sentences:
        return None
    start, end = sentences[0 if after else -1]
    clause = _clause(text[start:end], start, cast, Memory(), follows=after, near=True)
    for index, token in enumerate(clause.tokens):
        mine = clause.owners[index] == "self" and clause.is_tag
        if mine and token.word in _lists().loud and not _is_unreal(clause, index):
            return start + token.start, start + token.end
    return None


def speech_verbs() -> frozenset[str]:
    """Every form of a verb that makes a sentence a tag."""
    return _lists().speech


def _sentences(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for end in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        if text[start:end].strip():
            found.append((start, end))
        start = end
    return found


def _leads_on(sentence: str) -> bool:
    """`Alice went on eagerly:` leads in what comes next; `she sobbed:` behind a comma is of both."""
    return sentence.rstrip().endswith(":") and sentence.lstrip()[:1].isupper()


def _clause(text: str, offset: int, cast: Cast, memory: Memory, *, follows: bool, near: bool) -> _Clause:
    tokens = tokens_of(text)
    first = next((token for token in tokens if not token.is_mark), None)
    continues = follows and first is not None and first.text[:1].islower()
    about = owners(
        tokens,
        cast,
        memory,
        lists_speech=speech_verbs(),
        adjectives=frozenset(_lists().adjectives),
        continues=continues,
    )
    says = any(token.word in speech_verbs() and about[index] == "self" for index, token in enumerate(tokens))
    return _Clause(text, offset, tokens, about, near and says, 1.0)


def _trusted(clause: _Clause, distance: int) -> _Clause:
    trust = 1.0 if clause.is_tag else NARRATION_TRUST * FAR_TRUST**distance
    return _Clause(clause.text, clause.offset, clause.tokens, clause.owners, clause.is_tag, trust)


def _cues(clause: _Clause) -> list[Cue]:
    lists = _lists()
    found: list[Cue] = []
    for index, token in enumerate(clause.tokens):
        if clause.owners[index] != "self":
            continue
        if token.word in lists.ironic and clause.is_tag:
            found.append(_cue(clause, "neutral", 1.0, index, "tag-irony", blocks=True))
        for rule, group in _single(clause, index):
            if not _is_unreal(clause, index):
                found.append(_of_group(clause, group, index, rule))
            else:
                found.append(_cue(clause, "neutral", 1.0, index, "denied", blocks=True))
    return found + _phrase_cues(clause)


def _single(clause: _Clause, index: int) -> list[tuple[str, WordGroup]]:
    """The groups that one word is evidence for, as the word before and after allow it."""
    lists, word = _lists(), clause.tokens[index].word
    found: list[tuple[str, WordGroup]] = []
    if word in lists.verbs and _is_verb(clause, index):
        found.append(("verb", lists.verbs[word]))
    if word in lists.tag_verbs and clause.is_tag and not _has_object(clause, index):
        found.append(("verb", lists.tag_verbs[word]))
    if word in lists.adverbs and (word not in lists.of_hands or _is_of_speech(clause, index)):
        found.append(("adverb", lists.adverbs[word]))
    if word in lists.adjectives and _is_told_of(clause, index):
        found.append(("adjective", lists.adjectives[word]))
    if word in lists.nouns and _is_manner(clause, index):
        found.append(("noun", lists.nouns[word]))
    return found


def _phrase_cues(clause: _Clause) -> list[Cue]:
    found = []
    for pattern, group in _lists().phrases:
        for match in pattern.finditer(clause.text):
            index = next(i for i, token in enumerate(clause.tokens) if token.end > match.start())
            if clause.owners[index] != "self" or _is_unreal(clause, index):
                continue
            start, end = clause.offset + match.start(), clause.offset + match.end()
            confidence = round(group.confidence * clause.trust, 3)
            tier = _tier(clause)
            found.append(Cue(group.label, confidence, start, end, f"{tier}-phrase", tier, group.intensity))
    return found


def _is_verb(clause: _Clause, index: int) -> bool:
    """Not `saw him sobbing`, nor `had wept that morning`."""
    word = clause.tokens[index].word
    before = clause.tokens[index - 1] if index else None
    if word.endswith("ing"):
        return (
            before is None
            or before.is_mark
            or before.word in _LINKS
            or before.word == "and"
            or before.word in speech_verbs()
        )
    words = [token.word for token in clause.tokens]
    return not ("had" in words[max(0, index - 3) : index] and _PAST_TIMES & set(words))


def _has_object(clause: _Clause, index: int) -> bool:
    """`She snapped the box shut`; but not `snapped the girl`, where the verb comes first."""
    if all(token.is_mark for token in clause.tokens[:index]):
        return False
    after = clause.tokens[index + 1] if index + 1 < len(clause.tokens) else None
    return after is not None and after.word in _OBJECTS


def _is_of_speech(clause: _Clause, index: int) -> bool:
    """`said Jim gently`, `he gently remarked`; not `gently closing it`, `he knocked sharply and said`."""
    after = clause.tokens[index + 1].word if index + 1 < len(clause.tokens) else ""
    if after in speech_verbs():
        return True
    if after.endswith(("ing", "ed")):
        return False
    for token in reversed(clause.tokens[max(0, index - SPEECH_REACH) : index]):
        if token.word in speech_verbs():
            return True
        if token.word.endswith(("ing", "ed")) or (token.is_mark and token.text != ","):
            return False
    return False


def _is_told_of(clause: _Clause, index: int) -> bool:
    """`was furious`, `said, relieved`, `in an icy voice`; not `the sad little house`."""
    tokens = clause.tokens
    place = index - 1
    while place >= 0 and tokens[place].word in _DEGREES | set(_lists().adjectives) | _lists().slightly | {
        "a"
    }:
        place -= 1
    before = tokens[place] if place >= 0 else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if before is not None and before.word in _LINKS:
        earlier = {token.word for token in tokens[max(0, place - 2) : place]}
        return "had" not in earlier  # "had felt unhappy" was before this line
    if before is None or before.is_mark:
        return after is None or after.is_mark or after.word in ("of", "at", "with", "and", "by", "about")
    following = [token.word for token in tokens[index + 1 : index + 4]]
    article = next((i for i in range(index - 1, -1, -1) if tokens[i].word in _ARTICLES | {"an", "a"}), None)
    if article is None or article == 0 or not (_VOICES & set(following)):
        return False
    return tokens[article - 1].word in _PREPOSITIONS


def _is_manner(clause: _Clause, index: int) -> bool:
    """`with anger`, `a voice full of contempt`, `jumped for joy`."""
    before = [token.word for token in clause.tokens[max(0, index - 3) : index]]
    return any(word in _PREPOSITIONS | {"without"} for word in before)


def _is_unreal(clause: _Clause, index: int) -> bool:
    """Whether the word is denied or supposed in its own clause: not, as if, would have, mock."""
    lists = _lists()
    for token in reversed(clause.tokens[:index]):
        if token.is_mark or token.word == "but":
            return False
        if token.word in lists.denied or token.word in lists.unreal:
            return True
    return False


def _tier(clause: _Clause) -> Tier:
    return "tag" if clause.is_tag else "narration"


def _of_group(clause: _Clause, group: WordGroup, index: int, rule: str) -> Cue:
    weak = any(token.word in _lists().slightly for token in clause.tokens[max(0, index - 2) : index])
    intensity = group.intensity * (0.5 if weak else 1.0)
    return _cue(clause, group.label, group.confidence, index, f"{_tier(clause)}-{rule}", intensity=intensity)


def _cue(
    clause: _Clause, label: str, confidence: float, index: int, rule: str, *,
    intensity: float = 1.0, blocks: bool = False,
) -> Cue:  # fmt: skip
    token = clause.tokens[index]
    start, end = clause.offset + token.start, clause.offset + token.end
    return Cue(
        label,
        round(confidence * clause.trust, 3),
        start,
        end,
        rule,
        _tier(clause),
        round(intensity, 3),
        blocks,
    )
