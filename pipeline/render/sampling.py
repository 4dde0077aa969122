"""A sentence in a voice, without a script or a store: for auditions and for what a voice sounds like."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from pipeline.audio import Audio
from pipeline.direction import Direction
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import Catalogue, ResolvedVoice, create_engine
from pipeline.errors import LineError, UsageError
from pipeline.registry.progress import NoProgress, Progress
from pipeline.registry.weights import WeightStore
from pipeline.render.join import join_utterances
from pipeline.render.machine import divide
from pipeline.text.normalize import is_silent, speak
from pipeline.text.utterances import split_utterances


class Sampler:
    """Speaks in this process, with one model in memory at a time; ask voice by voice, model by model.

    Owns the loaded engine and gives it back when its block ends. Weights that are not here are fetched.
    """

    def __init__(self, catalogue: Catalogue, weights: WeightStore, progress: Progress | None = None) -> None:
        # Before torch is imported: threads that spin while they wait are slow on a busy machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._catalogue = catalogue
        self._weights = weights
        self._progress = progress or NoProgress()
        self._model: str | None = None
        self._engine: Engine | None = None

    def __enter__(self) -> Sampler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def speak(
        self,
        text: str,
        voice: ResolvedVoice,
        language: str | None = None,
        direction: Direction | None = None,
    ) -> Audio:
        """The text in that voice, mono, at the engine's sample rate; the same again is the same sound.

        Args:
            language: of the text; the voice's own if None.
        Raises:
            UsageError: there is nothing to say in it.
            LineError: the engine cannot say it.
            MissingError, EngineError: no weights, no engine.
        """
        spoken_language = language or voice.language
        spoken = speak(text, spoken_language)
        if rule := is_silent(spoken):
            raise UsageError(f"'{text}' has nothing to say ({rule})")
        engine = self._loaded(voice)
        limit = self._catalogue.entry(voice.engine).capabilities.max_characters
        pieces = split_utterances(spoken, spoken_language, limit)
        parts = _parts(voice, self._weights.ensure_voices([one for one, _ in voice.parts], self._progress))
        batch = [
            Utterance(piece, spoken_language, parts, direction or Direction(), number, spoken.phonemes)
            for number, piece in enumerate(pieces)
        ]
        speeches: list[Speech] = []
        for answer in engine.synthesize(batch):
            if isinstance(answer, LineError):
                raise answer
            speeches.append(answer)
        return join_utterances(pieces, [speech.audio for speech in speeches])

    def _loaded(self, voice: ResolvedVoice) -> Engine:
        if self._engine is not None and self._model == voice.model:
            return self._engine
        self._give_back()
        found = self._weights.ensure(self._catalogue.model(voice.model), self._progress)
        division = divide(1, "auto", None)
        engine = create_engine(voice.engine)
        engine.load(
            LoadRequest(
                model=voice.model,
                files=found.files,
                device=division.device,
                threads=division.threads,
                scratch=self._weights.cache / "converted",
                parameters=found.model.parameters,
                digests=found.digests(),
            )
        )
        self._engine, self._model = engine, voice.model
        return engine

    def _give_back(self) -> None:
        if self._engine is not None:
            self._engine.unload()
        self._engine, self._model = None, None


def _parts(voice: ResolvedVoice, states: Mapping[str, Path]) -> tuple[VoicePart, ...]:
    return tuple(VoicePart(one.name, share, states.get(one.id)) for one, share in voice.parts)
