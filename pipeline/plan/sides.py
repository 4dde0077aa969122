"""The same lines by another voice or model: who says what on each side of a comparison. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import UsageError


@dataclass(frozen=True)
class Side:
    """A voice or a model, as it was asked for: `kokoro/af_heart` or `kokoro@1.0`."""

    written: str
    voice: ResolvedVoice | None
    model: str | None

    def voice_for(self, cast: ResolvedVoice, catalogue: Catalogue) -> ResolvedVoice:
        """Who says a line on this side for which the script casts `cast`.

        A voice says all lines. A model says each line in the voice that is cast, if its engine is the
        voice's; else in its first voice of the same language and, if there is one, gender.

        Raises:
            UsageError: the model has no voice of that language.
        """
        if self.voice is not None:
            return self.voice
        assert self.model is not None
        if catalogue.model(self.model).engine == cast.engine:
            return catalogue.with_model(cast, self.model)
        return _own_voice(self.model, cast, catalogue)


def read_side(written: str, catalogue: Catalogue) -> Side:
    """The voice or model that a person means.

    Raises:
        UsageError: there is none of this name.
    """
    if "/" in written:
        return Side(written, catalogue.resolve_voice(written), None)
    if "@" in written:
        return Side(written, None, catalogue.model(written).id)
    raise UsageError(f"'{written}' is no voice and no model", hint="write engine/voice or engine@version")


def first_voice(model: str, languages: Iterable[str], catalogue: Catalogue) -> ResolvedVoice:
    """The first voice that a model speaks in, in the first of `languages` in which it has one.

    Raises:
        UsageError: it has none.
    """
    engine = catalogue.model(model).engine
    names = [voice.id for voice in catalogue.engine(engine).voices if voice.model == model]
    # A new version has no voices of its own in a registry; it speaks with its engine's.
    names = names or [voice.id for voice in catalogue.engine(engine).voices]
    for language in languages:
        for name in names:
            found = catalogue.with_model(catalogue.resolve_voice(name), model)
            if found.language.startswith(language):
                return found
    raise UsageError(f"model '{model}' has no voice for {', '.join(languages)}")


def _own_voice(model: str, cast: ResolvedVoice, catalogue: Catalogue) -> ResolvedVoice:
    language, gender = cast.language, cast.parts[0][0].gender
    engine = catalogue.model(model).engine
    voices = [voice for voice in catalogue.engine(engine).voices if voice.language.startswith(language[:2])]
    fitting = [voice for voice in voices if voice.gender == gender] or voices
    if not fitting:
        raise UsageError(f"model '{model}' has no voice of the language {language}")
    best = sorted(fitting, key=lambda voice: (voice.model != model, voice.language != language))
    return catalogue.with_model(catalogue.resolve_voice(best[0].id), model)
