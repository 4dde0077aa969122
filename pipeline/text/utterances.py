"""A spoken text cut to what an engine takes in one call."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pipeline.errors import UsageError
from pipeline.text.cjk import is_cjk
from pipeline.text.normalize import is_silent
from pipeline.text.sentences import split_sentences
from pipeline.text.spoken import SpokenText

# How far from an even split a cut may lie, as a share of the text: a sentence end is worth a longer way, and
# any white space is better than a cut inside a word.
_REACH = (0.45, 0.4, 0.35, 0.35, 1.0)

_STRONG = re.compile(r"[;:—；：][\"”’')」』]*\s*")
_COMMA = re.compile(r"[,，、][\"”’')」』]*\s*")
_CONJUNCTION = re.compile(
    r"\s+(?=(?:and|but|or|nor|so|yet|because|although|though|while|when|where|which|who|that|if|unless|until|"
    r"before|after|since|as|than|with|without|for|from|into|et|mais|ou|que|qui|y|pero|porque|e|"
    r"ma|che|und|aber|"
    r"oder|weil|dass)\s)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")


def split_utterances(spoken: SpokenText, language: str, max_characters: int) -> list[str]:
    """The spoken text in order, as utterances of at most `max_characters`; [] if it is silent.

    Text that fits is one utterance. Otherwise it is cut as evenly as the places allow: at sentence ends,
    then at `;`, `:`, `—`, then commas, then before conjunctions, then at white space, and inside a word only
    if it is longer than an utterance by itself. Only white space is dropped, at the cuts.

    Raises:
        UsageError: `max_characters` is below 1.
    """
    if max_characters < 1:
        raise UsageError(f"an utterance cannot hold {max_characters} characters", hint="give 1 or more")
    if is_silent(spoken) is not None:
        return []
    return list(_cut(spoken.text, language, max_characters))


def _cut(text: str, language: str, limit: int) -> Iterator[str]:
    text = text.strip()
    if len(text) <= limit:
        if text:
            yield text
        return
    place = _best_place(text, language, limit)
    yield from _cut(text[:place], language, limit)
    yield from _cut(text[place:], language, limit)


def _best_place(text: str, language: str, limit: int) -> int:
    """The cut of the best kind that lies nearest to where even parts would be cut."""
    parts = -(-len(text) // limit)
    target = len(text) * (parts // 2) / parts
    for reach, places in zip(_REACH, _kinds_of_places(text, language), strict=True):
        near = [place for place in places if abs(place - target) <= reach * len(text)]
        # Nearest first: each look at what stands on both sides may read all of the text.
        for place in sorted(near, key=lambda place: (abs(place - target), place)):
            if _has_words(text[:place]) and _has_words(text[place:]):
                return place
    return _place_in_word(text, int(target), limit)


def _kinds_of_places(text: str, language: str) -> Iterator[list[int]]:
    yield [end for _, end in split_sentences(text, language)][:-1]
    yield [match.end() for match in _STRONG.finditer(text)]
    yield [match.end() for match in _COMMA.finditer(text)]
    yield [match.end() for match in _CONJUNCTION.finditer(text)]
    yield [match.end() for match in _SPACE.finditer(text)]


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _place_in_word(text: str, target: int, limit: int) -> int:
    """A cut between two characters nearest to `target`, never between a letter and its marks.

    Only where one character has more marks than an utterance may hold, they are parted.
    """
    places = [place for place in range(1, len(text)) if not _is_joined(text, place)]
    # Once for the word, not for each place: a line may be one word of a hundred thousand letters.
    mixed = any(map(is_cjk, text))
    if not places:
        return min(limit, len(text) - 1)
    return min(places, key=lambda place: (mixed and not is_cjk(text[place - 1]), abs(place - target), place))


def _is_joined(text: str, place: int) -> bool:
    character, before = text[place], text[place - 1]
    joins = unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
    return (
        joins
        or before == "\u200d"
        or (0xDC00 <= ord(character) <= 0xDFFF and 0xD800 <= ord(before) <= 0xDBFF)
    )
