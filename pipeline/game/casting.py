"""Who speaks with which voice and how: `[voices]`, `[emotions]` and a line's own words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pipeline.direction import Direction, Emotion
from pipeline.game.config import EmotionForm, PointForm, VoiceForm
from pipeline.game.line import GameLine
from pipeline.game.locales import canonical, wider
from pipeline.script.speech import complete

ANYONE = "*"
NARRATOR_NAMES = ("narrator", "(narrator)")
EmotionEntry = str | EmotionForm | PointForm
_PARTS = re.compile(r"[,;/]")


@dataclass(frozen=True)
class Casting:
    """The entry of `[voices]` that a character gets in a locale: its key as written, and what it says."""

    key: str
    voice: str
    direction: Direction


@dataclass(frozen=True)
class Delivery:
    """How one line is performed: complete direction, the words for it, and the emotion that was meant.

    `unknown` is the token of an emotion that `[emotions]` does not have (D015).
    """

    direction: Direction
    words: str | None
    emotion: str | None
    unknown: str | None


class Voices:
    """`[voices]` by character and locale; asks once for each pair.

    Args:
        names: what the game shows for a character, by its ID in the script; either may stand in `[voices]`.
    """

    def __init__(self, entries: Mapping[str, str | VoiceForm], names: Mapping[str, str]) -> None:
        self._entries: dict[tuple[str, str], str] = {}
        self._forms = entries
        self._names = names
        self._found: dict[tuple[str | None, str], Casting | None] = {}
        for key in entries:
            name, mark, locale = key.rpartition("@")
            if not mark:
                name, locale = key, ""
            self._entries.setdefault((name, canonical(locale) if locale else ""), key)
        folded = {(name.casefold(), locale): key for (name, locale), key in self._entries.items()}
        self._folded = folded

    def of(self, character: str | None, locale: str) -> Casting | None:
        """The voice of a character; None if neither it nor `*` has one.

        Looked for in this order: `Tom@de-CH`, `Tom@de`, `Tom`, `*@de-CH`, `*@de`, `*`; the narrator's name
        is `narrator`.
        """
        wanted = (character, locale)
        if wanted not in self._found:
            self._found[wanted] = self._look_up(character, locale)
        return self._found[wanted]

    def _look_up(self, character: str | None, locale: str) -> Casting | None:
        own = NARRATOR_NAMES if character is None else (character, self._names.get(character, character))
        for names in (own, (ANYONE,)):
            for each in (*wider(locale), ""):
                for name in names:
                    key = self._entries.get((name, each)) or self._folded.get((name.casefold(), each))
                    if key is not None:
                        return self._casting(key)
        return None

    def _casting(self, key: str) -> Casting:
        form = self._forms[key]
        if isinstance(form, str):
            return Casting(key, form, Direction())
        return Casting(key, form.voice, complete(form, Direction()))


class Deliveries:
    """A line's direction from its emotion and words, over its voice's own; made once for each combination."""

    def __init__(self, emotions: Mapping[str, EmotionEntry]) -> None:
        self._emotions = emotions
        self._tokens = {token.casefold(): token for token in emotions}
        self._made: dict[tuple[str | None, tuple[str, ...], str | None], Delivery] = {}

    def of(self, line: GameLine, casting: Casting | None) -> Delivery:
        """How the line is performed by this voice."""
        tokens = line.emotion_choices or ((line.emotion,) if line.emotion else ())
        key = (casting.key if casting else None, tokens, line.direction)
        if key not in self._made:
            self._made[key] = self._make(tokens, line.direction, casting)
        return self._made[key]

    def _make(self, tokens: tuple[str, ...], words: str | None, casting: Casting | None) -> Delivery:
        base = casting.direction if casting else Direction()
        meant = self._first_known(tokens)
        unknown = tokens[0] if tokens and meant is None else None
        if unknown is not None:
            words = f"{unknown}; {words}" if words else unknown
        elif meant is None and words:
            meant = self._first_known(part.strip() for part in (words, *_PARTS.split(words)))
        direction = base if meant is None else _with_emotion(self._emotions[self._tokens[meant]], base)
        if words:
            direction = complete(EmotionForm(style=words), direction)
        return Delivery(direction, words, tokens[0] if unknown else self._as_written(tokens, meant), unknown)

    def _first_known(self, tokens: Iterable[str]) -> str | None:
        return next((token.casefold() for token in tokens if token.casefold() in self._tokens), None)

    def _as_written(self, tokens: tuple[str, ...], meant: str | None) -> str | None:
        if meant is None:
            return None
        return next((token for token in tokens if token.casefold() == meant), self._tokens[meant])


def _with_emotion(entry: EmotionEntry, base: Direction) -> Direction:
    if isinstance(entry, PointForm):
        point = Emotion(entry.valence, entry.arousal, entry.dominance)
        return replace(base, emotion=point, intensity=1.0)
    return complete(EmotionForm(emotion=entry) if isinstance(entry, str) else entry, base)
