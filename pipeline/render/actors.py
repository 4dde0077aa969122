"""Workers as Ray actors; Ray's errors end here.

Actors write their takes to the store themselves and return only metadata, so the driver's memory does not
grow with the book. Restarts are ours, not Ray's (`max_restarts=0`): a batch that kills its worker must be
halved, not repeated. See docs/scheduling.md and docs/faults.md.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.errors import FullcastError, MissingError
from pipeline.logs import LogPlace, log_as, place_for_worker
from pipeline.render.blame import How
from pipeline.render.cluster import HEAD_PATIENCE_S, HeadWatch, connect, first_line, leave, room_for
from pipeline.render.cluster import ClusterRequest as ClusterRequest
from pipeline.render.job import BatchResult, Finished, LineJob, WorkerSetup
from pipeline.render.worker import Worker

# After cluster.py, which sets what Ray reads when it is imported.
import ray  # isort: skip
from ray.exceptions import RayActorError, RayError, RayTaskError  # isort: skip

logger = logging.getLogger(__name__)

READY_TIMEOUT_S = 120.0
RESTART_TRIES = 3
RESTART_WAIT_S = 0.5
# The thread of an actor that works ahead while another speaks.
AHEAD = "ahead"
# How long `wait` sleeps at most before it looks at deadlines, restarts, the head and new nodes.
TICK_S = 1.0
ROOM_LOOK_S = 3.0
# How long the first worker waits for the others before it begins.
STRAGGLERS_S = 10.0


class _SpeakerActor:
    """What runs in the actor's process: a Worker, and errors as values (they must survive pickling)."""

    def __init__(self, number: int, setup: WorkerSetup, threads: int, log: LogPlace | None = None) -> None:
        # Before torch is imported. Spinning barriers make a line five times slower on a busy machine.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        if log is not None:
            log_as(log)
        self._worker = Worker(number, setup)

    def ready(self) -> int:
        """The process's ID: the actor answers."""
        return os.getpid()

    @ray.method(concurrency_group=AHEAD)
    def prepare(self, jobs: Sequence[LineJob]) -> None:
        """Works ahead for a batch that is in the queue, in a thread of its own."""
        self._worker.prepare(jobs)

    def place(self) -> str:
        """ID of the node that it runs on."""
        node: str = ray.get_runtime_context().get_node_id()
        return node

    def speak(self, jobs: Sequence[LineJob], upcoming: Sequence[str]) -> BatchResult | FullcastError:
        """The batch's result, or the error that stops the run."""
        try:
            return self._worker.speak(jobs, upcoming)
        except FullcastError as error:
            return error


@dataclass
class _Batch:
    """A batch in an actor's hands."""

    ref: Any
    jobs: tuple[LineJob, ...]
    deadline_s: float


@dataclass
class _Slot:
    """A worker's number and what stands behind it: nothing yet, an actor that starts, or one that works.

    Attributes:
        coming: answers when the actor is up; None once it did.
        not_before_s: when the next actor may be started here; monotonic seconds.
        batches: in the order in which the actor does them.
        head_since_s: when the actor began with the first of them.
    """

    actor: Any = None
    coming: Any = None
    not_before_s: float = 0.0
    failures: int = 0
    batches: deque[_Batch] = field(default_factory=deque)
    head_since_s: float = 0.0

    @property
    def is_up(self) -> bool:
        return self.actor is not None and self.coming is None

    def overdue_s(self, now_s: float) -> float:
        """Seconds by which its first batch is late; negative if it is not."""
        return now_s - self.head_since_s - self.batches[0].deadline_s if self.batches else -math.inf


class RayPool:
    """Ray actors as workers.

    Owns the connection to Ray and the actors: starts them, replaces lost ones, starts more where nodes were
    added, kills those that hang. Knows nothing of the plan. Make one for each run and close it; `close` kills
    the actors, so that Ctrl-C ends in seconds.
    """

    depth = 2

    def __init__(self, setup: WorkerSetup, cluster: ClusterRequest) -> None:
        self._setup = setup
        self._cluster = cluster
        self._slots: dict[int, _Slot] = {}
        # Until a worker dies: what kills the next must be found in the batch that it speaks.
        self._works_ahead = True
        connect(cluster)
        try:
            self._head = HeadWatch(HEAD_PATIENCE_S) if cluster.address is not None else None
            self._looked_for_room_s = -math.inf
            self._alone_since_s = time.monotonic()
            for number in range(cluster.workers):
                self._slots[number] = _Slot()
            self._tend()
            self._await_first()
        except BaseException:
            self.close()
            raise

    def workers(self) -> tuple[int, ...]:
        """Numbers of the actors that are up."""
        return tuple(number for number, slot in self._slots.items() if slot.is_up)

    def processes(self) -> Mapping[int, int]:
        """Process ID of each actor that is up, for logs and for tests that kill one."""
        return {number: ray.get(self._slots[number].actor.ready.remote()) for number in self.workers()}

    def submit(
        self,
        worker: int,
        jobs: Sequence[LineJob],
        upcoming: Sequence[str] = (),
        deadline_s: float = math.inf,
    ) -> None:
        """Hands a batch to an actor; a dead one shows in `wait`."""
        slot = self._slots[worker]
        if self._works_ahead and slot.batches:
            # It is busy with another batch: its front end may read this one meanwhile.
            slot.actor.prepare.remote(list(jobs))
        ref = slot.actor.speak.remote(list(jobs), tuple(upcoming))
        if not slot.batches:
            slot.head_since_s = time.monotonic()
        slot.batches.append(_Batch(ref, tuple(jobs), deadline_s))

    def wait(self) -> list[Finished]:
        """Blocks until a batch is back, an actor was lost with its batches, or one came up."""
        before = self.workers()
        while True:
            self._tend()
            finished = [*self._collect(), *self._give_up_hung()]
            if finished or self.workers() != before:
                return finished
            if not self.workers():
                self._mind_loneliness()

    def is_waiting(self) -> bool:
        """Whether an actor is to come up."""
        return any(not slot.is_up for slot in self._slots.values())

    def close(self) -> None:
        """Kills the actors and leaves the cluster; one of our own is ended."""
        for slot in self._slots.values():
            if slot.actor is not None:
                _kill(slot.actor)
        self._slots.clear()
        leave()

    def _tend(self) -> None:
        """Starts actors that are due, and looks at the head and for room for more."""
        if self._head is not None:
            self._head.look()
        now_s = time.monotonic()
        if self._cluster.most > len(self._slots) and now_s - self._looked_for_room_s > ROOM_LOOK_S:
            self._looked_for_room_s = now_s
            self._take_room()
        for number, slot in self._slots.items():
            if slot.actor is None and slot.not_before_s <= now_s:
                slot.actor = self._start(number)
                slot.coming = slot.actor.ready.remote()

    def _take_room(self) -> None:
        """Adds workers where the cluster has room; not while one waits for room already."""
        if self.is_waiting():
            return
        room = min(room_for(self._cluster.needs()), self._cluster.most - len(self._slots))
        # One is asked for in any case: what is asked for and not there makes clusters grow.
        for _ in range(max(room, 0 if self._slots else 1)):
            self._slots[max(self._slots, default=-1) + 1] = _Slot()

    def _await_first(self) -> None:
        """Waits until all actors are up, or some and the others take long: they may find no room for now.

        Raises:
            MissingError: none came up.
        """
        first_s = math.inf
        while self.is_waiting():
            coming = [slot.coming for slot in self._slots.values() if slot.coming is not None]
            if self.workers():
                first_s = min(first_s, time.monotonic())
            if time.monotonic() - first_s > STRAGGLERS_S:
                logger.warning("%d workers are not up yet, the others begin", len(coming))
                return
            if coming:
                _wait_for(coming, TICK_S)
            self._welcome()
            self._tend()
            if not self.workers():
                self._mind_loneliness()

    def _mind_loneliness(self) -> None:
        """Nothing while a worker is up or was until a moment ago.

        Raises:
            MissingError: no worker came up for a long time, or none can any more.
        """
        if self._slots and time.monotonic() - self._alone_since_s < READY_TIMEOUT_S:
            return
        if not self._slots:
            raise MissingError(
                "no worker starts any more", hint="see the workers' log; the takes made are kept"
            )
        raise MissingError(
            f"Ray gave no room for a worker in {READY_TIMEOUT_S:.0f} s: each needs "
            + ", ".join(f"{amount:g} {name}" for name, amount in self._cluster.needs().items()),
            hint="ask for fewer with --workers, or add nodes; the takes made are kept",
        )

    def _start(self, number: int) -> Any:
        made = ray.remote(concurrency_groups={AHEAD: 1})(_SpeakerActor)  # type: ignore[call-overload]
        remote = made.options(
            num_cpus=self._cluster.cpus_each,
            num_gpus=self._cluster.gpus_each,
            resources=dict(self._cluster.resources) or None,
            max_restarts=0,
            max_task_retries=0,
        )
        threads = self._cluster.threads_each
        models = {name: replace(request, threads=threads) for name, request in self._setup.models.items()}
        setup = replace(self._setup, models=models)
        return remote.remote(number, setup, threads, place_for_worker(number))

    def _collect(self) -> list[Finished]:
        """What came back within a tick; actors that came up are welcomed."""
        slots = self._slots.values()
        refs = [batch.ref for slot in slots for batch in slot.batches]
        refs += [slot.coming for slot in slots if slot.coming is not None]
        if not refs:
            time.sleep(TICK_S)
            return []
        _wait_for(refs, self._sleep_s())
        self._welcome()
        return [finished for number in list(self._slots) for finished in self._answers(number)]

    def _sleep_s(self) -> float:
        now_s = time.monotonic()
        dues_s = [-slot.overdue_s(now_s) for slot in self._slots.values() if slot.batches]
        dues_s += [slot.not_before_s - now_s for slot in self._slots.values() if slot.actor is None]
        return min(TICK_S, max(0.01, min(dues_s, default=TICK_S)))

    def _welcome(self) -> None:
        """Counts actors that came up as workers, and tries those again that did not."""
        for number, slot in list(self._slots.items()):
            if slot.coming is None or not _is_done(slot.coming):
                continue
            try:
                ray.get(slot.coming)
            except RayError as error:
                self._start_failed(number, slot, error)
            else:
                slot.coming, slot.failures = None, 0

    def _start_failed(self, number: int, slot: _Slot, error: RayError) -> None:
        logger.warning("worker %d did not come up: %s", number, first_line(error))
        _kill(slot.actor)
        slot.failures += 1
        if slot.failures >= RESTART_TRIES and _how(error) != "node":
            del self._slots[number]
            logger.error("worker %d does not come up any more", number)
            return
        slot.actor = slot.coming = None
        slot.not_before_s = time.monotonic() + RESTART_WAIT_S * 2**slot.failures

    def _answers(self, number: int) -> Iterator[Finished]:
        """The batches of an actor that are done, in order; all of them if it was lost."""
        slot = self._slots[number]
        while slot.is_up and slot.batches and _is_done(slot.batches[0].ref):
            batch = slot.batches[0]
            try:
                result = ray.get(batch.ref)
            except RayTaskError as error:
                # Foreign exceptions are caught in the worker, so this is our own bug: show it whole.
                raise error.as_instanceof_cause() from error
            except RayError as error:  # died, killed for memory, node gone: the actor is lost in any case
                yield from self._lost(number, first_line(error), _how(error))
                return
            slot.batches.popleft()
            slot.head_since_s = time.monotonic()
            if isinstance(result, FullcastError):
                raise result
            yield Finished(number, batch.jobs, result)

    def _give_up_hung(self) -> Iterator[Finished]:
        """Kills actors whose batch is overdue."""
        now_s = time.monotonic()
        for number, slot in list(self._slots.items()):
            if slot.is_up and slot.overdue_s(now_s) > 0 and not _is_done(slot.batches[0].ref):
                allowed_s = slot.batches[0].deadline_s
                yield from self._lost(number, f"no answer within {allowed_s:.0f} s", "hung")

    def _lost(self, number: int, reason: str, how: How) -> Iterator[Finished]:
        """All batches of a lost actor: the first is the suspect, the others it had not begun."""
        self._works_ahead = False
        slot = self._slots[number]
        _kill(slot.actor)  # it may live on where only the way to it is lost
        batches, self._slots[number] = slot.batches, _Slot(not_before_s=time.monotonic() + RESTART_WAIT_S)
        if not self.workers():
            self._alone_since_s = time.monotonic()
        for place, batch in enumerate(batches):
            yield Finished(number, batch.jobs, None, lost=reason, untouched=place > 0, how=how)


def _wait_for(refs: Sequence[Any], timeout_s: float) -> list[Any]:
    """Those that are done once one is, or after the timeout.

    Raises:
        KeyboardInterrupt: Ctrl-C, which Ray's compiled code may turn into an error of its own.
    """
    try:
        done, _ = ray.wait(list(refs), num_returns=1, timeout=timeout_s)
    except SystemError as error:
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    return list(done)


def _is_done(ref: Any) -> bool:
    return bool(_wait_for([ref], 0))


def _kill(actor: Any) -> None:
    try:
        ray.kill(actor)
    except (RayError, ValueError, RuntimeError) as error:
        logger.debug("an actor could not be killed: %s", error)


def _how(error: RayError) -> How:
    """How an actor was lost. Ray tells the death of a node in words only."""
    return "node" if isinstance(error, RayActorError) and "node has died" in str(error) else "died"
