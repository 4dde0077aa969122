"""The way to Ray and what a cluster has: connecting, whether its head still answers, room for workers."""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Ray reads these when it is imported. No usage reports from a renderer, and no rebuilding of the
# environment by a package manager that happened to start us.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import RayError

from pipeline.errors import MissingError

logger = logging.getLogger(__name__)

# Results are metadata; Ray's default would reserve a third of the memory for objects.
OBJECT_STORE_BYTES = 100 * 1024 * 1024
CONNECT_TIMEOUT_S = 5.0
# Ray ends the driver, with a screenful of C++, when the head was away for a minute. Before that
# we say so ourselves; a head that comes back within this time is forgiven.
HEAD_PATIENCE_S = 20.0
HEAD_LOOK_S = 2.0
# What leaving a dead cluster may take: Ray waits for answers that never come.
LEAVE_S = 15.0


@dataclass(frozen=True)
class ClusterRequest:
    """Where the workers run and what each may use.

    Attributes:
        address: None for a local cluster of our own, `auto` or `HOST:PORT` to join one.
        workers: how many actors; on a cluster the least that are asked for, if `most` is larger.
        cpus_each, gpus_each: Ray's resources of one actor; fractions share a device.
        threads_each: CPU threads in one actor.
        most: start more actors, up to so many, wherever the cluster has room, now or later; 0 for no more.
        resources: custom resources of one actor.
    """

    address: str | None
    workers: int
    cpus_each: float
    gpus_each: float
    threads_each: int
    most: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)

    def needs(self) -> dict[str, float]:
        """What one actor takes, by Ray's names of resources."""
        needs = {"CPU": self.cpus_each, "GPU": self.gpus_each, **self.resources}
        return {name: amount for name, amount in needs.items() if amount > 0}


def connect(cluster: ClusterRequest) -> None:
    """Connects to Ray: to a cluster of our own, or to the one at the address.

    Raises:
        MissingError: the cluster cannot be reached or refuses us.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    _log_raylet_messages()
    if cluster.address is None:
        cpus = max(1.0, max(cluster.workers, 1) * cluster.cpus_each)
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
        ray.shutdown()
        raise _unreachable(cluster.address or "a local cluster", first_line(error)) from error


def leave() -> None:
    """Leaves the cluster, waiting only so long: one whose head is gone does not say goodbye."""
    thread = threading.Thread(target=ray.shutdown, name="leave-ray", daemon=True)
    thread.start()
    thread.join(LEAVE_S)


def room_for(needs: Mapping[str, float]) -> int:
    """How many more actors with these needs the cluster has room for, by the sums over its nodes.

    An upper bound: what is free may lie in pieces on several nodes. An actor too many waits for a node.
    """
    free = ray.available_resources()
    return int(min((free.get(name, 0.0) / amount for name, amount in needs.items()), default=math.inf))


class HeadWatch:
    """Looks now and then whether the cluster's head still answers. Owns the time of its last answer."""

    def __init__(self, patience_s: float) -> None:
        self._address = ray.get_runtime_context().gcs_address
        self._patience_s = patience_s
        self._answered_s = self._looked_s = time.monotonic()

    def look(self) -> None:
        """Nothing, if the head answers, or has not for a short time only.

        Raises:
            MissingError: it is gone.
        """
        now_s = time.monotonic()
        if now_s - self._looked_s < HEAD_LOOK_S:
            return
        since_s, self._looked_s = self._looked_s, now_s
        if now_s - since_s > self._patience_s:
            # We were away ourselves (a stopped process, a sleeping laptop): the head has its time again.
            self._answered_s = now_s
        if listens(self._address):
            self._answered_s = time.monotonic()
        elif now_s - self._answered_s > self._patience_s:
            raise MissingError(
                f"the head of the Ray cluster at {self._address} is gone",
                hint="the takes made are kept; start it again ('ray start --head') or leave --address out, "
                "and run the same command to go on",
            )


def listens(address: str) -> bool:
    """Whether someone accepts connections at HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError):
        return False
    return True


def first_line(error: BaseException) -> str:
    """The first telling line of a Ray message, which may be a screenful."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("The actor") and "unexpectedly before" not in line]
    line = (telling or lines or [type(error).__name__])[0]
    # Ray goes on with all that may have been the cause.
    return line.partition(" Worker exit type: SYSTEM_ERROR")[0].partition(" Some common causes")[0][:200]


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
