"""The languages whose rules this room has, each behind the same four questions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pipeline.emotion import chinese, chinese_speech, english, english_speech
from pipeline.emotion.english_subjects import Cast
from pipeline.emotion.evidence import Cue


@dataclass(frozen=True)
class English:
    """English, for a speaker called one of `names` among `others`."""

    names: tuple[str, ...]
    others: tuple[str, ...]

    @cached_property
    def _cast(self) -> Cast:
        return Cast.of(self.names, self.others)

    def around(self, text: str, *, after: bool) -> list[Cue]:
        """Cues in the narration before or after the line."""
        return english.narration_cues(text, self._cast, after=after)

    def loud(self, text: str, *, after: bool) -> tuple[int, int] | None:
        """Where narration says that the line is shouted."""
        return english.is_loud(text, self._cast, after=after)

    def own(self, text: str) -> list[Cue]:
        """Cues in the speaker's words."""
        return english_speech.own_cues(text)

    def shouted(self, text: str, loud: bool) -> list[Cue]:
        """What a shout of these words is."""
        return english_speech.shouted_cues(text, loud)


@dataclass(frozen=True)
class Chinese:
    """Chinese, for a speaker called one of `names` among `others`."""

    names: tuple[str, ...]
    others: tuple[str, ...]

    def around(self, text: str, *, after: bool) -> list[Cue]:
        """Cues in the narration before or after the line."""
        return chinese.narration_cues(text, chinese.People(self.names, self.others), after=after)

    def loud(self, text: str, *, after: bool) -> tuple[int, int] | None:
        """Where narration says that the line is shouted."""
        return chinese.is_loud(text, chinese.People(self.names, self.others), after=after)

    def own(self, text: str) -> list[Cue]:
        """Cues in the speaker's words."""
        return chinese_speech.own_cues(text)

    def shouted(self, text: str, loud: bool) -> list[Cue]:
        """What a shout of these words is."""
        return chinese_speech.shouted_cues(text, loud)
