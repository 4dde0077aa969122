"""What a worker does, whoever drives it: loads models under a budget, speaks lines, fills the store.

Free of Ray: `actors.py` wraps it in an actor, `local.py` calls it in this process.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.audio import encode_flac
from pipeline.engines.base import Engine, Speech, Utterance
from pipeline.engines.catalogue import create_engine
from pipeline.errors import EngineError, FullcastError, LineError, MissingError, StoreError
from pipeline.events import Event, ModelEvicted, ModelLoaded
from pipeline.hashing import digest_bytes
from pipeline.levels import measure_take
from pipeline.render.cache import CachePolicy
from pipeline.render.job import BatchResult, LineJob, TakeFailed, TakeMade, WorkerSetup
from pipeline.render.join import join_utterances
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

logger = logging.getLogger(__name__)


class Worker:
    """One speaker of lines with its own models.

    Owns its loaded engines and their budget. Does not know the plan, other workers or Ray. Make one for
    each process.
    """

    def __init__(
        self, number: int, setup: WorkerSetup, create: Callable[[str], Engine] = create_engine
    ) -> None:
        self.number = number
        self._setup = setup
        self._create = create
        self._store = TakeStore(setup.store)
        self._policy = CachePolicy(setup.memory_bytes)
        self._engines: dict[str, Engine] = {}
        self._events: list[Event] = []

    def speak(self, jobs: Sequence[LineJob]) -> BatchResult:
        """Makes the takes of `jobs` (of any models) and puts them in the store.

        Raises:
            StoreError: the store cannot be written; what was put there stays.
        """
        made: list[TakeMade] = []
        failed: list[TakeFailed] = []
        broken: dict[str, str] = {}
        for model in dict.fromkeys(job.model for job in jobs):
            mine = [job for job in jobs if job.model == model]
            try:
                with self._ready(model) as engine:
                    self._speak_with(engine, mine, made, failed)
            except (EngineError, MissingError) as error:
                broken[model] = str(error)
        events, self._events = tuple(self._events), []
        return BatchResult(tuple(made), tuple(failed), events, self._policy.models(), broken or None)

    def close(self) -> None:
        """Gives all models back."""
        for engine in self._engines.values():
            engine.unload()
        self._engines.clear()

    @contextmanager
    def _ready(self, model: str):  # type: ignore[no-untyped-def]
        engine = self._engines.get(model) or self._load(model)
        self._policy.pin(model)
        try:
            yield engine
        finally:
            self._policy.unpin(model)
            # Working memory and voice tables grow with use; the budget counts what is held now.
            self._make_room(model, engine.bytes_held())

    def _load(self, model: str) -> Engine:
        request = self._setup.models[model]
        known_bytes = sum(path.stat().st_size for path in request.files.values())
        self._evict(self._policy.room_for(model, known_bytes))
        engine = self._create(self._setup.engines[model])
        began = time.perf_counter()
        try:
            engine.load(request)
            self._make_room(model, engine.bytes_held())
        except BaseException:
            engine.unload()
            raise
        self._engines[model] = engine
        load_s = round(time.perf_counter() - began, 3)
        self._events.append(ModelLoaded(self.number, model, engine.bytes_held(), load_s))
        logger.info("worker %d loaded %s in %.2f s", self.number, model, load_s)
        return engine

    def _make_room(self, model: str, size_bytes: int) -> None:
        self._evict(self._policy.room_for(model, size_bytes))
        self._policy.admit(model, size_bytes)

    def _evict(self, models: Sequence[str]) -> None:
        for model in models:
            freed = self._policy.evict(model)
            self._engines.pop(model).unload()
            self._events.append(ModelEvicted(self.number, model, freed))

    def _speak_with(
        self, engine: Engine, jobs: list[LineJob], made: list[TakeMade], failed: list[TakeFailed]
    ) -> None:
        # Another driver on the same store may have made some of them meanwhile.
        missing = [job for job in jobs if not self._store.has(job.key)]
        made.extend(TakeMade(job.key, job.line_id, 0.0, 0.0, ()) for job in jobs if job not in missing)
        utterances = [utterance for job in missing for utterance in job.utterances]
        began = time.perf_counter()
        spoken = _synthesize(engine, utterances)
        render_s = time.perf_counter() - began
        total = sum(len(utterance.text) for utterance in utterances) or 1
        position = 0
        for job in missing:
            mine = spoken[position : position + len(job.utterances)]
            position += len(job.utterances)
            error = next((one for one in mine if isinstance(one, LineError)), None)
            if error is not None:
                failed.append(TakeFailed(job.key, job.line_id, str(error)))
                continue
            share = sum(len(utterance.text) for utterance in job.utterances) / total
            speeches = [one for one in mine if isinstance(one, Speech)]
            take = self._keep(job, speeches, render_s * share)
            made.append(TakeMade(job.key, job.line_id, take.duration_s, take.render_s, take.warnings))

    def _keep(self, job: LineJob, speeches: list[Speech], render_s: float) -> Take:
        texts = [utterance.text for utterance in job.utterances]
        audio = join_utterances(texts, [speech.audio for speech in speeches])
        flac = encode_flac(audio)
        warnings = dict.fromkeys(warning for speech in speeches for warning in speech.warnings)
        phonemes = [speech.phonemes for speech in speeches if speech.phonemes]
        take = Take(
            key=job.key,
            key_parts=dict(job.parts),
            line_id=job.line_id,
            character=job.character,
            text=job.text,
            spoken=job.spoken,
            phonemes=" ".join(phonemes) or None,
            voice=job.voice,
            model=job.model,
            engine=job.engine,
            asked=dict(job.asked),
            realisation=speeches[0].realisation,
            seed=int(job.parts["seed"]),
            sample_rate=audio.sample_rate,
            length_samples=audio.length_samples,
            levels=measure_take(audio),
            audio_sha256=digest_bytes(flac),
            render_s=round(render_s, 3),
            rendered_at=datetime.now(UTC).isoformat(timespec="seconds"),
            warnings=tuple(warnings),
        )
        return self._store.put(take, flac)


def _synthesize(engine: Engine, batch: Sequence[Utterance]) -> list[Speech | LineError]:
    """The engine's answer; a batch that is too big or that trips it is halved until the culprit is alone.

    Raises:
        EngineError, StoreError: not one line's fault.
    """
    if not batch:
        return []
    try:
        answers = engine.synthesize(batch)
        if len(answers) != len(batch):
            raise EngineError(f"engine gave {len(answers)} answers to {len(batch)} utterances")
        return [_checked(answer) for answer in answers]
    except (EngineError, MissingError, StoreError):
        raise
    except Exception as error:  # an engine is foreign code: one line must not end the book
        if len(batch) > 1:
            half = len(batch) // 2
            return [*_synthesize(engine, batch[:half]), *_synthesize(engine, batch[half:])]
        if isinstance(error, LineError):
            return [error]
        logger.warning("utterance %r failed", batch[0].text, exc_info=True)
        reason = str(error) if isinstance(error, FullcastError) else f"{type(error).__name__}: {error}"
        return [LineError(f"the engine failed on it: {reason}".splitlines()[0])]


def _checked(answer: Speech | LineError) -> Speech | LineError:
    """The answer, unless its sound is broken: empty or not finite numbers."""
    if isinstance(answer, LineError):
        return answer
    import numpy as np

    samples = answer.audio.samples
    if not samples.size:
        return LineError("the engine gave no sound")
    if not np.isfinite(samples).all():
        return LineError("the engine gave sound that is not finite (NaN or infinity)")
    return replace(answer, audio=answer.audio.to_mono())
