"""The loaded models of one worker: under a budget, the next one read in a thread while others speak."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pipeline.engines.base import Engine
from pipeline.errors import EngineError, MissingError
from pipeline.events import (
    Event,
    MemoryRanOut,
    ModelEvicted,
    ModelHit,
    ModelLoadBegan,
    ModelLoaded,
    ModelLoadFailed,
    ModelMissed,
    WorkerStalled,
)
from pipeline.render.cache import CachePolicy
from pipeline.render.memory import give_back_cached_memory, ran_out_of_memory
from pipeline.render.parts import PartShelf

logger = logging.getLogger(__name__)

# A load cannot be interrupted; a worker that is closed waits so long for one that is under way.
CLOSE_WAIT_S = 10.0


class ModelShelf:
    """Gives out loaded models, one caller at a time; loads what is expected next in a thread of its own.

    Owns the engines, their budget and the loader thread. Does not know what is spoken. `load` makes a model
    ready, in either thread; `sizes` are the bytes that each model promises to hold, replaced by what is
    measured; `parts` are held beside them as long as there is room. One for each worker.
    """

    def __init__(
        self,
        worker: int,
        budget_bytes: int,
        sizes: Mapping[str, int],
        load: Callable[[str], Engine],
        report: Callable[[Event], None],
        parts: PartShelf | None = None,
    ) -> None:
        self._worker = worker
        self._parts = parts or PartShelf({})
        self._policy = CachePolicy(budget_bytes, self._parts.sizes())
        self._sizes = dict(sizes)
        self._load_model = load
        self._report = report
        self._engines: dict[str, Engine] = {}
        self._failed: dict[str, Exception] = {}
        self._unfit_ahead: set[str] = set()
        self._wanted: tuple[str, ...] = ()
        self._loader: threading.Thread | None = None
        self._closed = False
        self._changed = threading.Condition()

    def models(self) -> tuple[str, ...]:
        """Models that are in or coming."""
        with self._changed:
            return (*self._policy.models(), *self._policy.loading())

    def peek(self, model: str) -> Engine | None:
        """The model if it is ready, for what may be done while another thread uses it; it is not held."""
        with self._changed:
            return self._engines.get(model)

    @contextmanager
    def use(self, model: str) -> Iterator[Engine]:
        """The model, ready and safe from eviction until the block ends.

        Raises:
            EngineError: it cannot be loaded, or could not be when that was tried before.
            MissingError: it is larger than the budget, now or after it has grown.
        """
        began = time.perf_counter()
        with self._changed:
            is_ready = model in self._engines
        self._report((ModelHit if is_ready else ModelMissed)(self._worker, model, _now_s()))
        engine = self._acquire(model)
        if not is_ready:
            stall_s = round(time.perf_counter() - began, 6)
            self._report(WorkerStalled(self._worker, model, stall_s, _now_s()))
        refused: MissingError | None = None
        try:
            yield engine
        finally:
            refused = self._release(model, engine)
        if refused is not None:
            raise refused

    def expect(self, models: Sequence[str]) -> None:
        """These will be needed next, in this order: what is in stays in, the rest is loaded if there is room.

        Room is what is free and what idle models hold that are not expected themselves. A model that
        promises no size is not loaded ahead. Returns at once.
        """
        with self._changed:
            self._wanted = tuple(models)
            for model in reversed(models):
                if model in self._policy:
                    self._policy.touch(model)
            if self._loader is None and not self._closed and (first := self._reserve_wanted()):
                self._loader = threading.Thread(
                    target=self._load_wanted, args=(first,), name="model-loader", daemon=True
                )
                self._loader.start()

    def await_loads(self) -> None:
        """Blocks until nothing is being loaded ahead."""
        with self._changed:
            self._changed.wait_for(lambda: self._loader is None)

    def evict_idle(self, why: str) -> None:
        """Gives the memory of all models back that are not in use."""
        with self._changed:
            for model in self._policy.idle():
                self._drop(model, why)
            for part in self._policy.idle_parts():
                self._drop(part, why)
            self._changed.notify_all()

    def close(self) -> None:
        """Gives all models back; a load under way is waited for, at most some seconds."""
        with self._changed:
            self._closed, self._wanted = True, ()
            self._changed.wait_for(lambda: self._loader is None, timeout=CLOSE_WAIT_S)
            for engine in self._engines.values():
                engine.unload()
            self._engines.clear()
            self._parts.clear()

    def _acquire(self, model: str) -> Engine:
        """The engine, pinned; loaded in this thread unless the loader thread has it in hand."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: model not in self._policy.loading())
                if model in self._failed:
                    raise self._failed[model].with_traceback(None)
                if model in self._engines:
                    self._policy.pin(model)
                    return self._engines[model]
                evict = self._policy.room_for(model, self._sizes[model])
                if evict is None:
                    if not self._policy.loading():
                        raise MissingError(f"no room for model {model} beside those in use")
                    self._changed.wait()
                    continue
                self._reserve(model, evict)
            self._load(model, ahead=False)

    def _release(self, model: str, engine: Engine) -> MissingError | None:
        """Ends a use and counts what the model holds now; the error if it has outgrown the budget.

        Working memory and voice tables grow with use. Where what is being loaded leaves no room for that,
        the model itself goes.
        """
        with self._changed:
            self._policy.unpin(model)
            self._changed.notify_all()
            self._sizes[model] = size_bytes = engine.bytes_held()
            try:
                evict = self._policy.room_for(model, size_bytes)
            except MissingError as error:
                self._drop(model, "it has outgrown the budget")
                return error
            if evict is None:
                self._drop(model, "it has grown and there is no room for that")
                return None
            for other in evict:
                self._drop(other, f"room for {model}, which has grown")
            self._policy.resize(model, size_bytes)
            return None

    def _reserve(self, model: str, evict: Sequence[str]) -> None:
        for other in evict:
            self._drop(other, f"room for {model}")
        self._policy.begin(model, self._sizes[model])

    def _reserve_wanted(self) -> str | None:
        """The next expected model that can be loaded now, its room reserved; None if there is none."""
        for model in self._wanted:
            if model in self._policy or model in self._policy.loading():
                continue
            # Of unknown size it may turn out too large beside what is in use, and loaded for nothing.
            if model in self._failed or model in self._unfit_ahead or not self._sizes[model]:
                continue
            try:
                evict = self._policy.room_for(model, self._sizes[model])
            except MissingError as error:
                self._failed[model] = error
                continue
            if evict is not None and not set(evict) & set(self._wanted):
                self._reserve(model, evict)
                return model
        return None

    def _load_wanted(self, first: str) -> None:
        """The loader thread: loads what is expected until nothing is left that there is room for."""
        model: str | None = first
        while model is not None:
            self._load(model, ahead=True)
            with self._changed:
                model = None if self._closed else self._reserve_wanted()
                if model is None:
                    self._loader = None
                    self._changed.notify_all()

    def _load(self, model: str, ahead: bool) -> None:
        """Loads a model whose room is reserved; what it fails of is kept for whoever needs it later."""
        self._report(ModelLoadBegan(self._worker, model, self._sizes[model], ahead, _now_s()))
        began = time.perf_counter()
        try:
            engine = self._read(model)
            load_s = round(time.perf_counter() - began, 4)
            self._place(model, engine, load_s, ahead)
        except BaseException as error:
            with self._changed:
                self._forget(model)
                self._report(ModelLoadFailed(self._worker, model, str(error), _now_s()))
                if isinstance(error, _DoesNotFitError):
                    self._unfit_ahead.add(model)  # beside what is in use; alone it may
                elif isinstance(error, Exception):
                    self._failed[model] = error  # batches in flight need not try it again
                self._changed.notify_all()
            if not ahead:
                raise

    def _read(self, model: str) -> Engine:
        """The loaded engine; where memory runs out, once more after idle models have been given up."""
        try:
            return self._load_model(model)
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
        self._report(MemoryRanOut(self._worker, model, 0, _now_s()))
        self.evict_idle(f"{model} did not fit in memory")
        give_back_cached_memory()
        try:
            return self._load_model(model)
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
            raise _DoesNotFitError(
                f"model {model} does not fit in memory", hint="use fewer --workers, or a smaller --memory"
            ) from error

    def _place(self, model: str, engine: Engine, load_s: float, ahead: bool) -> None:
        """Puts a loaded model on the shelf at its measured size.

        One that is larger than it promised and has no room for that now is given back; its size is known
        for the next try.

        Raises:
            MissingError: it is larger than the budget.
        """
        with self._changed:
            self._sizes[model] = size_bytes = engine.bytes_held()
            try:
                evict = None if self._closed else self._policy.room_for(model, size_bytes)
            except MissingError:
                engine.unload()
                raise
            self._report(ModelLoaded(self._worker, model, size_bytes, load_s, ahead, _now_s()))
            logger.info("worker %d loaded %s in %.2f s", self._worker, model, load_s)
            if evict is None:
                engine.unload()
                self._forget(model)
                why = "it is larger than it promised and must wait"
                self._report(ModelEvicted(self._worker, model, size_bytes, why, _now_s()))
            else:
                for other in evict:
                    self._drop(other, f"room for {model}, which is larger than it promised")
                self._policy.finish(model, size_bytes)
                self._engines[model] = engine
            self._changed.notify_all()

    def _forget(self, model: str) -> None:
        """A load came to nothing: its room is free, and parts that were made for it alone are gone."""
        for part in self._policy.fail(model):
            self._parts.drop(part)

    def _drop(self, name: str, why: str) -> None:
        """Gives a model's memory back, or a part's that no model has any more."""
        size_bytes = self._policy.evict(name)
        if name in self._engines:
            self._engines.pop(name).unload()
        else:
            self._parts.drop(name)
        self._report(ModelEvicted(self._worker, name, size_bytes, why, _now_s()))


class _DoesNotFitError(EngineError):
    """Memory ran out while a model was loaded, twice."""


def _now_s() -> float:
    """Seconds since 1970, to the microsecond."""
    return round(time.time(), 6)
