"""Workers as Ray actors. The only file that imports ray; Ray's errors end here.

Actors write their takes to the store themselves and return only metadata, so the driver's memory does not
grow with the book. Restarts are the driver's, not Ray's (`max_restarts=0`): a batch that kills its worker
must be halved, not repeated. See docs/scheduling.md.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

# Ray reads these when it is imported. No usage reports from a renderer, and no rebuilding of the
# environment by a package manager that happened to start us.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from pipeline.errors import FullcastError, MissingError
from pipeline.render.job import BatchResult, Finished, LineJob, WorkerSetup
from pipeline.render.worker import Worker

logger = logging.getLogger(__name__)

# Results are metadata; Ray's default would reserve a third of the memory for objects.
OBJECT_STORE_BYTES = 100 * 1024 * 1024
READY_TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 5.0
RESTART_TRIES = 3
RESTART_WAIT_S = 0.5
# The thread of an actor that works ahead while another speaks.
AHEAD = "ahead"


@dataclass(frozen=True)
class ClusterRequest:
    """Where the workers run and what each may use.

    Attributes:
        address: None for a local cluster of our own, `auto` or `HOST:PORT` to join one.
        workers: how many actors.
        cpus_each, gpus_each: Ray's resources of one actor; fractions share a device.
        threads_each: CPU threads in one actor.
    """

    address: str | None
    workers: int
    cpus_each: float
    gpus_each: float
    threads_each: int


class _SpeakerActor:
    """What runs in the actor's process: a Worker, and errors as values (they must survive pickling)."""

    def __init__(self, number: int, setup: WorkerSetup, threads: int) -> None:
        # Before torch is imported. Spinning barriers make a line five times slower on a busy machine.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._worker = Worker(number, setup)

    def ready(self) -> int:
        """The process's ID: the actor answers."""
        return os.getpid()

    @ray.method(concurrency_group=AHEAD)
    def prepare(self, jobs: Sequence[LineJob]) -> None:
        """Works ahead for a batch that is in the queue, in a thread of its own."""
        self._worker.prepare(jobs)

    def speak(self, jobs: Sequence[LineJob], upcoming: Sequence[str]) -> BatchResult | FullcastError:
        """The batch's result, or the error that stops the run."""
        try:
            return self._worker.speak(jobs, upcoming)
        except FullcastError as error:
            return error


class RayPool:
    """Ray actors as workers.

    Owns the connection to Ray and the actors. Knows nothing of the plan. Make one for each run and close
    it; `close` kills the actors, so that Ctrl-C ends in seconds.
    """

    depth = 2

    def __init__(self, setup: WorkerSetup, cluster: ClusterRequest) -> None:
        self._setup = setup
        self._cluster = cluster
        _connect(cluster)
        self._actors: dict[int, Any] = {}
        # Until a worker dies: what kills the next must be found in the batch that it speaks.
        self._works_ahead = True
        self._refs: dict[Any, tuple[int, tuple[LineJob, ...]]] = {}
        for number in range(cluster.workers):
            self._actors[number] = self._start(number)
        self._await_ready()

    def workers(self) -> tuple[int, ...]:
        """Numbers of the actors that are up."""
        return tuple(self._actors)

    def processes(self) -> Mapping[int, int]:
        """Process ID of each actor, for logs and for tests that kill one."""
        return {number: ray.get(actor.ready.remote()) for number, actor in self._actors.items()}

    def submit(self, worker: int, jobs: Sequence[LineJob], upcoming: Sequence[str] = ()) -> None:
        """Hands a batch to an actor; a dead one shows in `wait`."""
        if self._works_ahead and any(owner == worker for owner, _ in self._refs.values()):
            # It is busy with another batch: its front end may read this one meanwhile.
            self._actors[worker].prepare.remote(list(jobs))
        ref = self._actors[worker].speak.remote(list(jobs), tuple(upcoming))
        self._refs[ref] = (worker, tuple(jobs))

    def wait(self) -> list[Finished]:
        """Blocks until a batch is back, or an actor was lost with its batches."""
        done, _ = ray.wait(list(self._refs), num_returns=1)
        finished: list[Finished] = []
        for ref in done:
            if ref in self._refs:
                finished.extend(self._collect(ref))
        return finished

    def restart(self, worker: int) -> bool:
        """A new actor under the same number, after a growing wait; False if it does not come up."""
        for attempt in range(RESTART_TRIES):
            time.sleep(RESTART_WAIT_S * 2**attempt)
            actor = self._start(worker)
            try:
                ray.get(actor.ready.remote(), timeout=READY_TIMEOUT_S)
            except (RayError, GetTimeoutError) as error:
                logger.warning("worker %d did not come up: %s", worker, _first_line(error))
                continue
            self._actors[worker] = actor
            return True
        return False

    def close(self) -> None:
        """Kills the actors and leaves the cluster; one of our own is ended."""
        for actor in self._actors.values():
            ray.kill(actor)
        self._actors.clear()
        self._refs.clear()
        ray.shutdown()

    def _start(self, number: int) -> Any:
        made = ray.remote(concurrency_groups={AHEAD: 1})(_SpeakerActor)  # type: ignore[call-overload]
        remote = made.options(
            num_cpus=self._cluster.cpus_each,
            num_gpus=self._cluster.gpus_each,
            max_restarts=0,
            max_task_retries=0,
        )
        threads = self._cluster.threads_each
        models = {name: replace(request, threads=threads) for name, request in self._setup.models.items()}
        return remote.remote(number, replace(self._setup, models=models), threads)

    def _await_ready(self) -> None:
        try:
            ray.get([actor.ready.remote() for actor in self._actors.values()], timeout=READY_TIMEOUT_S)
        except GetTimeoutError as error:
            self.close()
            raise MissingError(
                f"Ray gave no room for {self._cluster.workers} workers in {READY_TIMEOUT_S:.0f} s",
                hint="ask for fewer with --workers",
            ) from error
        except RayError as error:
            self.close()
            raise MissingError(f"a worker did not start: {_first_line(error)}") from error

    def _collect(self, ref: Any) -> list[Finished]:
        worker, jobs = self._refs.pop(ref)
        try:
            result = ray.get(ref)
        except RayActorError as error:
            return self._lost(worker, jobs, _first_line(error))
        except RayTaskError as error:
            # Foreign exceptions are caught in the worker, so this is our own bug: show it whole.
            raise error.as_instanceof_cause() from error
        except RayError as error:  # killed for memory, node gone: the slot is dead whatever the class
            return self._lost(worker, jobs, _first_line(error))
        if isinstance(result, FullcastError):
            raise result
        return [Finished(worker, jobs, result)]

    def _lost(self, worker: int, jobs: tuple[LineJob, ...], reason: str) -> list[Finished]:
        """All batches of a dead actor: the first is the suspect, the others it had not begun."""
        self._works_ahead = False
        self._actors.pop(worker, None)
        finished = [Finished(worker, jobs, None, lost=reason)]
        for ref, (owner, later) in list(self._refs.items()):
            if owner == worker:
                del self._refs[ref]
                finished.append(Finished(worker, later, None, lost=reason, untouched=True))
        return finished


def _connect(cluster: ClusterRequest) -> None:
    """Connects to Ray: to a cluster of our own, or to the one at the address.

    Raises:
        MissingError: the cluster cannot be reached or refuses us.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    _log_raylet_messages()
    if cluster.address is None:
        cpus = max(1.0, cluster.workers * cluster.cpus_each)
        options |= {
            "address": "local",
            "num_cpus": round(cpus + 0.49),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    else:
        _knock(cluster.address)
        options["address"] = cluster.address
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, RayError, OSError) as error:
        raise _unreachable(cluster.address or "a local cluster", _first_line(error)) from error


def _unreachable(where: str, reason: str) -> MissingError:
    return MissingError(
        f"cannot reach Ray at {where}: {reason}",
        hint="start one with 'ray start --head', make RAY_AUTH_MODE agree, or leave --address out",
    )


def _knock(address: str) -> None:
    """Nothing, if someone listens at HOST:PORT; Ray itself would wait for minutes.

    Raises:
        MissingError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from error


def _log_raylet_messages() -> None:
    """Sends Ray's notices of dead workers to the log: Ray prints them to standard output, amid JSON lines."""
    from ray._private import worker as ray_worker

    def log(data: dict[str, Any], ignore_prefix: bool = False) -> None:
        logger.info("ray: %s", " ".join(str(line) for line in data.get("lines", ())))

    if hasattr(ray_worker, "print_to_stdstream"):
        ray_worker.print_to_stdstream = log


def _first_line(error: BaseException) -> str:
    """The first telling line of a Ray message, which may be a screenful."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
