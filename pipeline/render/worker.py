"""What a worker does, whoever drives it: loads models under a budget, speaks lines, fills the store.

Free of Ray: `actors.py` wraps it in an actor, `local.py` calls it in this process.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pipeline.audio import encode_flac
from pipeline.engines.base import Engine, Prepares, Speech
from pipeline.engines.catalogue import create_engine
from pipeline.errors import EngineError, LineError, MissingError
from pipeline.events import BatchSpoken, Event, MemoryRanOut
from pipeline.hashing import digest_bytes
from pipeline.levels import measure_take
from pipeline.logs import about
from pipeline.render.job import BatchResult, LineJob, TakeFailed, TakeMade, WorkerSetup
from pipeline.render.join import join_utterances
from pipeline.render.loading import Loader
from pipeline.render.machine import resident_memory_bytes, total_memory_bytes
from pipeline.render.memory import MemorySample, MemoryWatch, give_back_cached_memory, limits_for, look
from pipeline.render.node_weights import NodeWeights, NodeWeightsError
from pipeline.render.parts import PartShelf
from pipeline.render.shelf import ModelShelf
from pipeline.render.speaking import Answers, speak_all
from pipeline.render.timing import joined_timing
from pipeline.takes.claims import Claims
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

# A batch that another run is speaking goes back to the driver after so long, well before a deadline.
WAIT_FOR_OTHERS_S = 8.0
LOOK_AGAIN_S = 0.5


logger = logging.getLogger(__name__)


class Worker:
    """One speaker of lines with its own models.

    Owns its loaded models, the watch on its memory and what it has to report. Does not know the plan, other
    workers or Ray. Make one for each process.
    """

    def __init__(
        self,
        number: int,
        setup: WorkerSetup,
        create: Callable[[str], Engine] = create_engine,
        look_at_memory: Callable[[], MemorySample] | None = None,
    ) -> None:
        self.number = number
        self._store = TakeStore(setup.store)
        self._claims = Claims(self._store.shelf, setup.run, number, setup.claim_ttl_s)
        # Two threads add to it: this one and the shelf's loader.
        self._events: deque[Event] = deque()
        sizes = {model: setup.sizes.get(model, 0) for model in setup.models}
        parts = PartShelf(setup.parts)
        self._node = NodeWeights(setup.needed, self._events.append)
        loader = Loader(number, setup, create, self._events.append, parts, self._node)
        self._shelf = ModelShelf(number, setup.memory_bytes, sizes, loader, self._events.append, parts)
        limits = limits_for(setup.memory_bytes, setup.device, resident_memory_bytes(), total_memory_bytes())
        look_now = look_at_memory or (lambda: look(setup.device))
        self._memory = MemoryWatch(number, limits, look_now, self._events.append)
        self._at_once: dict[str, int] = {}

    def speak(self, jobs: Sequence[LineJob], upcoming: Sequence[str] = ()) -> BatchResult:
        """Makes the takes of `jobs` (of any models) and puts them in the store.

        Args:
            upcoming: models to load meanwhile. Without jobs it returns when they are loaded.

        Raises:
            StoreError: the store cannot be written; what was put there stays.
        """
        self._mind_memory()
        if jobs and self._memory.pressure.action == "stop":
            return self._result(refused=self._memory.pressure.reason)
        if not jobs:
            self._look_ahead(upcoming)
            self._shelf.await_loads()
            return self._result()
        made: list[TakeMade] = []
        failed: list[TakeFailed] = []
        broken: dict[str, str] = {}
        mine, made_before, deferred = self._share(jobs)
        made.extend(made_before)
        try:
            for model in dict.fromkeys(job.model for job in mine):
                batch = [job for job in mine if job.model == model]
                try:
                    with self._shelf.use(model) as engine:
                        self._look_ahead(upcoming)
                        self._speak_with(engine, batch, made, failed)
                        self._mind_memory()
                except NodeWeightsError as error:  # others may have them: this worker takes no more
                    return self._result(made, failed, broken, refused=str(error))
                except (EngineError, MissingError) as error:
                    broken[model] = str(error)
        finally:
            self._claims.release()
        return self._result(made, failed, broken, deferred=deferred)

    def prepare(self, jobs: Sequence[LineJob]) -> None:
        """Has the engines that can do so work ahead for a batch that comes next; from another thread.

        Nothing is loaded for it, and nothing that goes wrong is told: it will be when the batch is spoken.
        """
        for model in dict.fromkeys(job.model for job in jobs):
            engine = self._shelf.peek(model)
            if isinstance(engine, Prepares):
                engine.prepare([one for job in jobs if job.model == model for one in job.utterances])

    def close(self) -> None:
        """Gives all models back."""
        self._shelf.close()

    def _result(
        self,
        made: Sequence[TakeMade] = (),
        failed: Sequence[TakeFailed] = (),
        broken: dict[str, str] | None = None,
        refused: str | None = None,
        deferred: Sequence[str] = (),
    ) -> BatchResult:
        # What the loader adds from here on goes with the next batch.
        events = tuple(self._events.popleft() for _ in range(len(self._events)))
        models = self._shelf.models()
        return BatchResult(
            tuple(made), tuple(failed), events, models, broken or None, refused, tuple(deferred)
        )

    def _share(self, jobs: Sequence[LineJob]) -> tuple[list[LineJob], list[TakeMade], list[str]]:
        """What is left to this worker of a batch: its jobs, takes that others made, keys that others speak.

        If others speak all of it, this waits a while for them, so that nobody asks without pause.
        """
        made: list[TakeMade] = []
        left = list(jobs)
        began = time.monotonic()
        while True:
            there = self._store.has_many(job.key for job in left)
            made += [TakeMade(job.key, job.line_id, 0.0, 0.0, ()) for job in left if job.key in there]
            left = [job for job in left if job.key not in there]
            mine = self._claims.claim(job.key for job in left)
            if mine or not left or time.monotonic() - began > WAIT_FOR_OTHERS_S:
                others = [job.key for job in left if job.key not in mine]
                return [job for job in left if job.key in mine], made, others
            time.sleep(LOOK_AGAIN_S)

    def _look_ahead(self, upcoming: Sequence[str]) -> None:
        if self._memory.pressure.action not in ("evict", "stop"):
            self._shelf.expect(upcoming)

    def _mind_memory(self) -> None:
        """Looks at the memory and does what its shortage asks for."""
        if not self._memory.check():
            return
        if self._memory.pressure.action in ("evict", "stop"):
            self._shelf.expect(())
            self._shelf.evict_idle("memory is short")
        gc.collect()
        give_back_cached_memory()

    def _speak_with(
        self, engine: Engine, jobs: list[LineJob], made: list[TakeMade], failed: list[TakeFailed]
    ) -> None:
        kept: list[tuple[LineJob, Take, bytes]] = []
        spoken, render_s = self._spoken(engine, jobs)
        total = sum(len(utterance.text) for job in jobs for utterance in job.utterances) or 1
        position = 0
        for job in jobs:
            mine = spoken[position : position + len(job.utterances)]
            position += len(job.utterances)
            error = next((one for one in mine if isinstance(one, LineError)), None)
            if error is not None:
                with about(**_facts(job)):
                    logger.warning("cannot be spoken: %s", error)
                failed.append(TakeFailed(job.key, job.line_id, str(error)))
                continue
            share = sum(len(utterance.text) for utterance in job.utterances) / total
            speeches = [one for one in mine if isinstance(one, Speech)]
            kept.append((job, *self._made(job, speeches, render_s * share)))
        made.extend(self._keep(kept))

    def _keep(self, kept: Sequence[tuple[LineJob, Take, bytes]]) -> list[TakeMade]:
        """Puts a batch's takes in the store, all at once: a bucket is asked for many at the same time.

        Raises:
            StoreError: the store cannot be written.
        """
        there = self._store.has_many(take.key for _, take, _ in kept)
        self._store.put_many((take, flac) for _, take, flac in kept)
        made = []
        for job, take, _ in kept:
            again = take.key in there
            with about(**_facts(job)):
                logger.info("kept, made again" if again else "kept")
            made.append(TakeMade(job.key, job.line_id, take.duration_s, take.render_s, take.warnings, again))
        return made

    def _spoken(self, engine: Engine, jobs: list[LineJob]) -> tuple[Answers, float]:
        """The engine's answers to all utterances of `jobs`, and the seconds it took."""
        utterances = self._node.utterances(utterance for job in jobs for utterance in job.utterances)
        if not utterances:
            return [], 0.0
        model = jobs[0].model
        at_once = self._at_once.get(model, len(utterances))
        if self._memory.pressure.action != "none":
            at_once = min(at_once, (len(utterances) + 1) // 2)

        def ran_out(count: int) -> None:
            self._at_once[model] = max(1, count // 2)
            self._events.append(MemoryRanOut(self.number, model, count, _now_s()))
            if count == 1:
                self._shelf.evict_idle("an utterance did not fit in memory")

        began = time.perf_counter()
        with about(lines=[job.line_id for job in jobs], **(_facts(jobs[0]) if len(jobs) == 1 else {})):
            logger.info("begins with %d lines of %s", len(jobs), model)
            answers = speak_all(engine, utterances, at_once, ran_out)
        speak_s = time.perf_counter() - began
        audio_s = sum(one.audio.duration_s for one in answers if isinstance(one, Speech))
        self._events.append(
            BatchSpoken(self.number, model, len(jobs), round(speak_s, 6), _now_s(), round(audio_s, 3))
        )
        return answers, speak_s

    def _made(self, job: LineJob, speeches: list[Speech], render_s: float) -> tuple[Take, bytes]:
        """A line's take and its FLAC, in no store yet."""
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
            timing=joined_timing(texts, speeches),
        )
        return take, flac


def _facts(job: LineJob) -> dict[str, str]:
    """What a log record says of a line."""
    return {"book": job.where.rpartition(":")[0], "line": job.line_id, "key": job.key}


def _now_s() -> float:
    """Seconds since 1970, to the microsecond."""
    return round(time.time(), 6)
