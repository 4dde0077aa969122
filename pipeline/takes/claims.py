"""Who is speaking what: two runs on one store do not speak the same lines at the same time.

A worker keeps one small object, `claims/<run>-<worker>.json`, with the keys of the batch it is speaking and a
count that it raises while it lives. No clock of another machine is read: a claim is dead when its count has
stood still for the whole time to live on the reader's own monotonic clock, or at once when its process was on
this machine and is gone. Claims save work and guard nothing: without them, or when two are made in the same
moment, a take is made twice with the same bytes, and counted.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from pipeline.errors import StoreError, UsageError
from pipeline.takes.shelf import Shelf

logger = logging.getLogger(__name__)

FOLDER = "claims"
VARIABLE = "FULLCAST_CLAIM_TTL"
DEFAULT_TTL_S = 60.0
# Beats in a time to live: three may be lost to a slow store before a claim looks dead.
BEATS = 4


@dataclass(frozen=True)
class Claim:
    """What one worker says that it is speaking.

    Attributes:
        run, worker: who.
        keys: of the takes that it makes.
        held: False while it still looks whether others were first.
        beat: raised while it lives.
        machine, process: where it runs, for readers on the same machine.
    """

    run: str
    worker: int
    keys: tuple[str, ...]
    held: bool
    beat: int
    machine: str
    process: str

    @property
    def name(self) -> str:
        """The object's name below the folder of claims."""
        return f"{self.run}-{self.worker}.json"

    def as_bytes(self) -> bytes:
        """The claim as JSON."""
        return json.dumps(asdict(self), sort_keys=True).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes) -> Claim:
        """The claim that `as_bytes` gave.

        Raises:
            ValueError, TypeError: it is none.
        """
        value = json.loads(data)
        return cls(**{**value, "keys": tuple(value["keys"])})


class Claims:
    """The claims of one worker, and what it knows of others'. A thread renews them while there are any.

    Owns the worker's own object. A store that cannot be read or written for a while costs double work only.

    Args:
        shelf: the store's.
        run: a name of the run that no other run has; workers of the same run do not heed each other.
        ttl_s: how long a claim that is not renewed lives; 0 for no claims at all.
    """

    def __init__(
        self,
        shelf: Shelf,
        run: str,
        worker: int,
        ttl_s: float,
        clock: Callable[[], float] = time.monotonic,
        renew: bool = True,
    ) -> None:
        self._shelf = shelf
        self._ttl_s = ttl_s
        self._clock = clock
        self._mine = Claim(run, worker, (), False, 0, _machine(), _process(os.getpid()))
        self._lock = threading.Lock()
        # Of each other claim: its beat, and when it was first seen with it.
        self._seen: dict[str, tuple[int, float]] = {}
        self._renewing = renew and ttl_s > 0
        self._renewer: threading.Thread | None = None

    def claim(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that nobody else is speaking; they are this worker's until `release`."""
        wanted = tuple(keys)
        if self._ttl_s <= 0 or not wanted:
            return set(wanted)
        self._write(replace(self._mine, keys=wanted, held=False))
        taken = {key for other in self._others() for key in other.keys if self._yields_to(other)}
        granted = tuple(key for key in wanted if key not in taken)
        if granted:
            self._write(replace(self._mine, keys=granted, held=True))
            self._start_renewing()
        else:
            self.release()
        return set(granted)

    def release(self) -> None:
        """Gives all keys back."""
        with self._lock:
            if not self._mine.keys:
                return
            self._mine = replace(self._mine, keys=(), held=False)
            self._quietly(lambda: self._shelf.remove(f"{FOLDER}/{self._mine.name}"))

    def renew(self) -> None:
        """Raises the count of what is claimed; nothing if there is nothing."""
        with self._lock:
            if self._mine.keys:
                self._put(replace(self._mine, beat=self._mine.beat + 1))

    def _yields_to(self, other: Claim) -> bool:
        """Whoever holds is first; of two that ask at the same time, the one with the lesser name."""
        return other.held or other.name < self._mine.name

    def _others(self) -> list[Claim]:
        """Claims of other runs that are alive; dead ones are removed."""
        names = self._quietly(lambda: list(self._shelf.names(FOLDER))) or []
        foreign = [name for name in names if name.endswith(".json") and not self._is_ours(name)]
        self._seen = {name: seen for name, seen in self._seen.items() if name in foreign}
        found = [claim for name in foreign if (claim := self._look_at(name)) is not None]
        alive = [claim for claim in found if self._is_alive(claim)]
        for claim in found:
            if claim not in alive:
                logger.info("claim %s is dead: its run is gone", claim.name)
                name = f"{FOLDER}/{claim.name}"
                self._quietly(lambda name=name: self._shelf.remove(name))  # type: ignore[misc]
        return alive

    def _is_ours(self, name: str) -> bool:
        return name.rpartition("-")[0] == self._mine.run

    def _look_at(self, name: str) -> Claim | None:
        data = self._quietly(lambda: self._shelf.read(f"{FOLDER}/{name}"))
        try:
            return None if data is None else Claim.from_bytes(data)
        except (ValueError, TypeError, KeyError):
            return None

    def _is_alive(self, claim: Claim) -> bool:
        if claim.machine == self._mine.machine and not _is_running(claim.process):
            return False
        now_s = self._clock()
        beat, since_s = self._seen.get(claim.name, (None, now_s))
        if beat != claim.beat:
            since_s = now_s
        self._seen[claim.name] = (claim.beat, since_s)
        return now_s - since_s < self._ttl_s

    def _write(self, claim: Claim) -> None:
        with self._lock:
            self._put(replace(claim, beat=self._mine.beat + 1))

    def _put(self, claim: Claim) -> None:
        self._mine = claim
        self._quietly(lambda: self._shelf.write(f"{FOLDER}/{claim.name}", claim.as_bytes()))

    def _start_renewing(self) -> None:
        if self._renewing and self._renewer is None:
            self._renewer = threading.Thread(target=self._renew_always, name="claims", daemon=True)
            self._renewer.start()

    def _renew_always(self) -> None:
        while True:
            time.sleep(self._ttl_s / BEATS)
            self.renew()

    @staticmethod
    def _quietly(action: Callable[[], object]):  # type: ignore[no-untyped-def]
        try:
            return action()
        except StoreError as error:
            logger.info("a claim could not be read or written: %s", error)
            return None


def ttl_from_environment() -> float:
    """The time to live that $FULLCAST_CLAIM_TTL asks for, in seconds; 0 turns claims off.

    Raises:
        UsageError: it is no number of seconds.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        return DEFAULT_TTL_S
    try:
        ttl_s = float(given)
    except ValueError:
        ttl_s = -1.0
    if not 0.0 <= ttl_s < float("inf"):
        raise UsageError(f"{VARIABLE}={given}: must be a number of seconds, 0 for no claims")
    return ttl_s


@cache
def _machine() -> str:
    """Names this machine since it was started, and the container: process IDs mean something only here."""
    parts = [platform.node()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(str(Path(path).readlink()) if "ns" in path else Path(path).read_text().strip())
        except OSError:
            parts.append("")
    return "/".join(parts)


def _process(pid: int) -> str:
    """A process by its ID and when it began, as the kernel counts: IDs are used again."""
    import psutil

    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return f"{pid}@?"


def _is_running(process: str) -> bool:
    return _process(int(process.partition("@")[0])) == process
