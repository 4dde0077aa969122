"""How voices of the catalogue sound: looked up, or spoken, listened to and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.audio import read_audio
from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import AudioError, EngineError, LineError, MissingError
from pipeline.identity.encoder import Embedding, SpeakerEncoder, mean_embedding
from pipeline.identity.prints import PrintShelf, print_key
from pipeline.identity.sentences import sentences_for
from pipeline.registry.progress import Progress
from pipeline.registry.speaker_encoder import open_encoder
from pipeline.registry.weights import WeightStore
from pipeline.render.sampling import Sampler


@dataclass(frozen=True)
class VoicePrints:
    """How voices sound, float32 (256,) by `print_key`; and why some, as written, could not be heard."""

    heard: dict[str, Embedding]
    unheard: dict[str, str]


class Listener:
    """Listens to voices and sounds. Owns the encoder, opened when it is first needed; make one a command."""

    def __init__(self, weights: WeightStore, progress: Progress | None = None) -> None:
        self._weights = weights
        self._progress = progress
        self._encoder: SpeakerEncoder | None = None
        self.shelf = PrintShelf(weights.cache)

    def encoder(self) -> SpeakerEncoder:
        """The speaker encoder; its weights are fetched if need be."""
        if self._encoder is None:
            self._encoder = open_encoder(self._weights, self._progress)
        return self._encoder

    def prints(
        self,
        voices: Iterable[ResolvedVoice],
        catalogue: Catalogue,
        about_to_hear: Callable[[ResolvedVoice, int, int], None] = lambda voice, number, total: None,
    ) -> VoicePrints:
        """How each voice sounds; those that nobody listened to yet speak two sentences now.

        A voice that was made from a recording sounds as the recording does.

        Args:
            about_to_hear: told of each voice that has to speak, with its number and how many there are.
        """
        wanted = {print_key(voice): voice for voice in voices}
        found = {key: self.shelf.get(voice) for key, voice in wanted.items()}
        heard: dict[str, Embedding] = {key: one for key, one in found.items() if one is not None}
        unheard: dict[str, str] = {}
        # One model after the other: only one is in memory at a time.
        missing = sorted(
            (voice for key, voice in wanted.items() if key not in heard), key=lambda voice: voice.model
        )
        with Sampler(catalogue, self._weights, self._progress) as sampler:
            for number, voice in enumerate(missing, 1):
                about_to_hear(voice, number, len(missing))
                try:
                    heard[print_key(voice)] = self._listen(voice, sampler)
                except (LineError, EngineError, MissingError, AudioError) as error:
                    unheard[voice.written] = error.message
        return VoicePrints(heard, unheard)

    def _listen(self, voice: ResolvedVoice, sampler: Sampler) -> Embedding:
        entry = voice.parts[0][0]
        if len(voice.parts) == 1 and entry.state == "reference":
            # It should sound like the person, not like itself. Of a person nothing is kept.
            return self.encoder().embed(read_audio(self._weights.ensure_voices([entry])[entry.id]))
        said = [sampler.speak(text, voice) for text in sentences_for(voice.language)]
        sounds: Embedding = mean_embedding(np.stack([self.encoder().embed(audio) for audio in said]))
        self.shelf.put(voice, sounds)
        return sounds
