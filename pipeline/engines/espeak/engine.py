"""espeak-ng as an engine: formant synthesis, small and robotic, in over a hundred languages.

The library is GPL-3.0-or-later; it is no part of fullcast and is loaded when a line asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.audio import Audio
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance
from pipeline.engines.espeak.library import EspeakLibrary
from pipeline.engines.espeak.prosody import parameters_of, realisation_of
from pipeline.errors import EngineError, LineError

SAMPLE_RATE = 22_050
# Resident memory grew by 1 MB with one voice and by 2 MB with seven (measured); the rest is for the sound.
BYTES_HELD = 10_000_000
SILENCE_S = 0.2


def create() -> Engine:
    """An espeak engine, not loaded."""
    return EspeakEngine()


class EspeakEngine:
    """Speaks text with espeak-ng. Owns one copy of the library; knows nothing of IPA from a lexicon."""

    def __init__(self) -> None:
        self._library: EspeakLibrary | None = None

    def load(self, request: LoadRequest) -> None:
        """Starts the library; espeak runs on the CPU, whatever device is asked for."""
        self.unload()
        library = EspeakLibrary(request.scratch)
        if library.sample_rate != SAMPLE_RATE:
            library.close()
            raise EngineError(f"espeak-ng speaks at {library.sample_rate} Hz, must be {SAMPLE_RATE}")
        self._library = library

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speech for each utterance; a voice that espeak does not have is a LineError in its place."""
        if self._library is None:
            raise EngineError("the espeak engine is not loaded")
        return [_speak(self._library, utterance) for utterance in batch]

    def bytes_held(self) -> int:
        """About what the library and its language data take."""
        return 0 if self._library is None else BYTES_HELD

    def unload(self) -> None:
        """Gives the library back."""
        library, self._library = self._library, None
        if library is not None:
            library.close()


def _speak(library: EspeakLibrary, utterance: Utterance) -> Speech | LineError:
    if len(utterance.voice) > 1:
        return LineError("espeak cannot blend voices", hint="name one voice")
    voice = utterance.voice[0].name
    parameters = parameters_of(utterance.direction)
    warnings = list(parameters.warnings)
    warnings += [f"espeak follows no IPA: '{word}' is said its own way" for word, _ in utterance.phonemes]
    try:
        spoken, phonemes = library.speak(utterance.text, voice, parameters)
    except LineError as error:
        return error
    if not phonemes:
        # Punctuation alone makes a click or nothing at all; a listener should hear a short rest.
        warnings.append(f"there is nothing to say in '{utterance.text}'")
        spoken = np.zeros(round(SILENCE_S * SAMPLE_RATE), dtype=np.int16)
    samples = spoken.astype(np.float32) / 32768
    return Speech(
        audio=Audio.mono(samples, SAMPLE_RATE),
        phonemes=phonemes or None,
        realisation=realisation_of(utterance.direction),
        warnings=tuple(warnings),
    )
