"""Whom each word of an English sentence of narration is about: the speaker, somebody else, or nobody known.

No parser: subjects are looked for where English puts them, at the start of a clause, and a clause keeps its
subject to its end. What cannot be told is `other`: a feeling given to the wrong person is worse than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"(?:Mr|Mrs|Ms|Dr|St)\.|[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]")
_PRONOUNS = frozenset(str.split("he she i they"))
_OTHER_PRONOUNS = frozenset(
    str.split("we you it someone somebody everyone everybody nobody people others both")
)
_POSSESSIVES = {"his": "he", "her": "she", "my": "i", "their": "they"}
_DETERMINERS = frozenset(
    str.split("the a an another one some every each no this that those these all two three")
)
_JOINERS = frozenset(
    str.split(
        "and but then while as when because that until before after if though although where so whereupon for"
    )
)
_PREPOSITIONS = frozenset(
    str.split(
        "in on at by with from of to into onto behind beside near under over above below through "
        "across against without around beyond outside inside toward towards upon like"
    )
)
_BODY = frozenset(
    str.split(
        "voice eyes eye face lip lips hand hands cheek cheeks chin jaw fist fists tears tear brow heart "
        "mouth hair blood forehead teeth throat spine nostrils shoulders knees legs tone nose expression "
        "smile features gaze breath"
    )
)
_AUXILIARIES = frozenset(str.split("was were is are had has did does would could"))
_TITLES = frozenset(str.split("mr mrs ms dr st sir lady lord miss captain aunt uncle old young"))


@dataclass(frozen=True)
class Token:
    """A word or a mark at [start, end) of the sentence; `word` is small, without a possessive's ending."""

    text: str
    word: str
    start: int
    end: int

    @property
    def is_mark(self) -> bool:
        """Whether it is no word."""
        return not self.text[0].isalpha()


@dataclass(frozen=True)
class Cast:
    """The speaker's names and everybody else's, in small letters, word by word."""

    own: frozenset[str]
    others: frozenset[str]

    @classmethod
    def of(cls, own: tuple[str, ...], others: tuple[str, ...]) -> Cast:
        """From names and aliases; what both have (a family's name) tells nobody apart and is left out."""
        mine, theirs = _name_words(own), _name_words(others)
        return cls(mine - theirs, theirs - mine)


@dataclass
class Memory:
    """What the sentences so far have told: the speaker's pronoun, and whether somebody else came up."""

    pronoun: str | None = None
    other: bool = False


def tokens_of(sentence: str) -> list[Token]:
    """The words and marks of a sentence."""
    found = []
    for match in _TOKEN.finditer(sentence):
        word = re.sub(r"['’]s$", "", match[0].lower()).replace("’", "'")
        found.append(Token(match[0], word, match.start(), match.end()))
    return found


def owners(
    tokens: list[Token],
    cast: Cast,
    memory: Memory,
    *,
    lists_speech: frozenset[str],
    adjectives: frozenset[str],
    continues: bool,
) -> list[str]:
    """For each token `self` or `other`: whose doing or state it tells.

    Args:
        continues: the sentence goes on a quotation of the speaker: its first subject is the speaker's.
        lists_speech: verbs after which a subject may stand: "said Jim".
        adjectives: words that may open a sentence without being its subject.
    """
    state = "self" if continues else None
    states: list[str | None] = []
    for index in range(len(tokens)):
        found = _Place(tokens, index, state, lists_speech, adjectives, continues).subject(cast, memory)
        if found is not None:
            if found == "other" and continues and _is_inverted(tokens, index, lists_speech):
                states = ["other"] * len(states)  # said Della: the tag is Della's from its first word on
            state = found
            memory.other = memory.other or found == "other"
        states.append(state)
    named = any(token.text[0].isupper() and token.word in cast.own for token in tokens)
    # The hair rose on Mara's neck: nobody acts, and she is the only one named.
    first = next((each for each in states if each is not None), "self" if named else "other")
    return [each if each is not None else first for each in states]


@dataclass(frozen=True)
class _Place:
    """One token with what stands before it."""

    tokens: list[Token]
    index: int
    state: str | None
    speech: frozenset[str]
    adjectives: frozenset[str]
    continues: bool

    def subject(self, cast: Cast, memory: Memory) -> str | None:
        """`self` or `other` if a subject stands here, else None."""
        token = self.tokens[self.index]
        if token.is_mark:
            return None
        if token.word in _PRONOUNS and token.text != "i":
            return self._pronoun(token.word, memory)
        if token.word == "who":
            return self._whose_clause(cast)
        if token.text[0].isupper() and token.word in cast.others and self._acts():
            return "other"
        if not self._may_be_subject():
            return None
        if token.text[0].isupper() and (token.word in cast.own or token.word in cast.others):
            mine = token.word in cast.own
            memory.other = memory.other and not mine
            return "self" if mine else "other"
        if token.word in _POSSESSIVES:
            return self._possessive(token.word, memory)
        if token.word in _DETERMINERS:
            return self._described()
        if token.word in _OTHER_PRONOUNS:
            return "other"
        return self._unknown_name(token)

    def _before(self) -> Token | None:
        return self.tokens[self.index - 1] if self.index else None

    def _whose_clause(self, cast: Cast) -> str:
        """`said Alice, who felt glad`: told of the name right before it, and of nobody else."""
        before = [token.word for token in self.tokens[max(0, self.index - 2) : self.index]]
        return "self" if cast.own & set(before) else "other"

    def _acts(self) -> bool:
        """A name that is followed by was, had, did: it is a subject wherever it stands."""
        after = self.tokens[self.index + 1].word if self.index + 1 < len(self.tokens) else ""
        return after in _AUXILIARIES

    def _may_be_subject(self) -> bool:
        """At the start of a clause, behind a verb of speech that opens the tag, or nobody named yet."""
        before = self._before()
        if before is None or before.is_mark or before.word in _JOINERS:
            return True
        if _is_inverted(self.tokens, self.index, self.speech):
            return True
        return self.state is None and before.word not in _PREPOSITIONS

    def _pronoun(self, word: str, memory: Memory) -> str:
        if memory.other or memory.pronoun not in (None, word):
            return "other"
        memory.pronoun = word
        return "self"

    def _possessive(self, word: str, memory: Memory) -> str | None:
        before = self._before()
        if before is not None and before.word in _PREPOSITIONS:
            return None
        following = [token.word for token in self.tokens[self.index + 1 : self.index + 3]]
        if not _BODY & set(following):
            # "saw her mother": an object; at the start of a clause it is somebody else who acts.
            return "other" if before is None or before.word in _JOINERS else None
        if before is not None and before.is_mark and self.state is not None:
            return None  # "he said, his voice full of ..."
        fits = memory.pronoun in (None, _POSSESSIVES[word]) and not memory.other
        return "self" if fits else "other"

    def _described(self) -> str | None:
        """`the boys laughed`; but `said the farmer` and `the old man said` of a tag are the speaker."""
        before = self._before()
        if before is not None and before.word in _PREPOSITIONS:
            return None
        if _is_inverted(self.tokens, self.index, self.speech) or (self.continues and self.index == 0):
            return None
        following = [token.word for token in self.tokens[self.index + 1 : self.index + 3]]
        if _BODY & set(following):
            return None
        if before is not None and before.is_mark and before.text == "," and self._is_aside():
            return None
        return "other"

    def _is_aside(self) -> bool:
        """`he said, a little sadly`, `said Jim, the old fool`: no verb of its own is told by that."""
        following = [token.word for token in self.tokens[self.index + 1 : self.index + 3]]
        return bool(set(following) & {"little", "bit", "trifle", "touch", "moment"})

    def _unknown_name(self, token: Token) -> str | None:
        if not token.text[0].isupper() or token.text == "I":
            return None
        if self.index == 0 and (
            token.word in _BODY | _PREPOSITIONS | _JOINERS | self.adjectives
            or token.word.endswith(("ing", "ed", "ly"))
        ):
            return None
        return None if token.word.rstrip(".") in _TITLES else "other"


def _is_inverted(tokens: list[Token], index: int, speech: frozenset[str]) -> bool:
    """Whether the token stands right behind a verb of speech that opens the sentence."""
    if index == 0 or tokens[index - 1].word not in speech:
        return False
    return all(token.is_mark for token in tokens[: index - 1])


def _name_words(names: tuple[str, ...]) -> frozenset[str]:
    words = {token.word for name in names for token in tokens_of(name) if not token.is_mark}
    return frozenset(words - _TITLES - {"the", "of", "a", "and"})
