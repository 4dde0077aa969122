"""What a catalogue asks of registry files, which lie in a room below: models and voices that they add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from pipeline.engines.entries import ModelEntry, VoiceEntry


class Additions(Protocol):
    """Models and voices beside those of the engines; they win over an engine's of the same ID."""

    def model(self, model_id: str) -> ModelEntry | None:
        """The model of this ID."""
        ...

    def models(self) -> Iterator[ModelEntry]:
        """All models, in the order of the files."""
        ...

    def voice(self, voice_id: str) -> VoiceEntry | None:
        """The voice of this ID; nothing else is made."""
        ...

    def voices(self) -> Iterator[VoiceEntry]:
        """All voices, one at a time, in the order of the files."""
        ...

    def names(self, namespace: str) -> Sequence[str]:
        """The names behind the slash of all voices that have this word before it."""
        ...

    def notes(self) -> Sequence[str]:
        """What they put in the place of something else, a line for each."""
        ...


class NoAdditions:
    """A catalogue of the engines alone."""

    def model(self, model_id: str) -> ModelEntry | None:
        """None."""
        return None

    def models(self) -> Iterator[ModelEntry]:
        """Nothing."""
        return iter(())

    def voice(self, voice_id: str) -> VoiceEntry | None:
        """None."""
        return None

    def voices(self) -> Iterator[VoiceEntry]:
        """Nothing."""
        return iter(())

    def names(self, namespace: str) -> Sequence[str]:
        """None."""
        return ()

    def notes(self) -> Sequence[str]:
        """None."""
        return ()
