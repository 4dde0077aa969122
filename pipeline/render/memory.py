"""How short a worker's memory is and what to do: smaller batches, then eviction, then no more work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.events import Event, MemoryPressed, MemorySampled
from pipeline.render.machine import free_memory_bytes, resident_memory_bytes

# What a worker's process takes beside its models: Python, torch and its libraries, sound in the making.
# Measured: a Kokoro worker holds 1.6 GB after a short line, of which its weights are 0.33 GB
# (scripts/bench/runtime.py); other engines bring other libraries.
MARGIN_BYTES = 2_000_000_000
# A CUDA context's host memory and pinned buffers come on top.
CUDA_MARGIN_BYTES = 4_000_000_000
# Below this the kernel begins to reclaim what running programs need.
LOW_SHARE = 0.02
LOW_BYTES = 256_000_000
# Pressure must last before the next step is taken: the last one needs time to show.
STEP_S = 2.0
# Memory must be this far inside the limit before a step is taken back, so that it does not swing.
EASE_SHARE = 0.9
# Records of memory that is as it was are kept this far apart.
SAMPLE_EVERY_S = 1.0

Action = Literal["none", "shrink", "evict", "stop"]
ACTIONS: tuple[Action, ...] = ("none", "shrink", "evict", "stop")


@dataclass(frozen=True)
class MemorySample:
    """One look at the memory of a worker and its machine, in bytes; GPU figures are None without a GPU."""

    at_s: float
    resident_bytes: int
    available_bytes: int
    gpu_allocated_bytes: int | None = None
    gpu_reserved_bytes: int | None = None
    gpu_free_bytes: int | None = None


@dataclass(frozen=True)
class MemoryLimits:
    """Where pressure begins.

    Attributes:
        resident_bytes: the most that a worker's process may hold.
        low_bytes: the least that must be left on the machine.
        gpu_low_bytes: the least that must be left on the GPU.
    """

    resident_bytes: int
    low_bytes: int
    gpu_low_bytes: int = LOW_BYTES


@dataclass(frozen=True)
class Pressure:
    """How far a worker has gone: its action, since when (monotonic seconds), and why."""

    action: Action = "none"
    since_s: float = float("-inf")
    reason: str = ""


def limits_for(budget_bytes: int, device: str, before_bytes: int, total_bytes: int) -> MemoryLimits:
    """The limits of a worker whose models may hold `budget_bytes` on `device`.

    Args:
        before_bytes: what its process held before it had any model; in one process that is the whole run.
        total_bytes: all memory of the machine.
    """
    low_bytes = max(LOW_BYTES, int(total_bytes * LOW_SHARE))
    if device.startswith("cuda"):
        # The budget is the GPU's; weights pass through the process on their way.
        return MemoryLimits(before_bytes + budget_bytes + CUDA_MARGIN_BYTES, low_bytes)
    return MemoryLimits(before_bytes + budget_bytes + MARGIN_BYTES, low_bytes)


def decide(before: Pressure, sample: MemorySample, limits: MemoryLimits) -> Pressure:
    """What to do now: one step further while memory is short, one step back when there is room again.

    A worker that stopped stays stopped. Pure; steps are at least `STEP_S` apart.
    """
    if before.action == "stop" or sample.at_s - before.since_s < STEP_S:
        return before
    step = ACTIONS.index(before.action)
    if reason := shortage(sample, limits):
        return Pressure(ACTIONS[step + 1], sample.at_s, reason)
    if step and not shortage(sample, _inside(limits)):
        return Pressure(ACTIONS[step - 1], sample.at_s, "there is room again")
    return before


def shortage(sample: MemorySample, limits: MemoryLimits) -> str:
    """What is short, in words; empty if nothing is."""
    if sample.resident_bytes > limits.resident_bytes:
        return f"the worker holds {_mb(sample.resident_bytes)}, more than {_mb(limits.resident_bytes)}"
    if sample.available_bytes < limits.low_bytes:
        return f"the machine has {_mb(sample.available_bytes)} left, less than {_mb(limits.low_bytes)}"
    if sample.gpu_free_bytes is not None and sample.gpu_free_bytes < limits.gpu_low_bytes:
        return f"the GPU has {_mb(sample.gpu_free_bytes)} left, less than {_mb(limits.gpu_low_bytes)}"
    return ""


class MemoryWatch:
    """Looks at memory when asked and remembers how far its worker has gone.

    Owns the state of the decision; acting is the worker's. One for each worker, asked by one thread.
    """

    def __init__(
        self,
        worker: int,
        limits: MemoryLimits,
        look: Callable[[], MemorySample],
        report: Callable[[Event], None],
    ) -> None:
        self._worker = worker
        self._limits = limits
        self._look = look
        self._report = report
        self._reported_s = float("-inf")
        self.pressure = Pressure()

    def check(self) -> bool:
        """Looks once and reports what it sees; whether a new action is to be taken, `pressure.action`."""
        sample = self._look()
        before, self.pressure = self.pressure, decide(self.pressure, sample, self._limits)
        changed = before.action != self.pressure.action
        if changed or sample.at_s - self._reported_s >= SAMPLE_EVERY_S:
            self._reported_s = sample.at_s
            self._report(_sampled(self._worker, sample))
        if changed:
            action, reason = self.pressure.action, self.pressure.reason
            self._report(MemoryPressed(self._worker, action, reason, time.time()))
        return changed


def look(device: str) -> MemorySample:
    """This process's and this machine's memory now; the GPU's once torch has been loaded for it."""
    sample = MemorySample(time.monotonic(), resident_memory_bytes(), free_memory_bytes())
    torch = sys.modules.get("torch")
    if not device.startswith("cuda") or torch is None or not torch.cuda.is_initialized():
        return sample
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return replace(
        sample,
        gpu_allocated_bytes=int(torch.cuda.memory_allocated(device)),
        gpu_reserved_bytes=int(torch.cuda.memory_reserved(device)),
        gpu_free_bytes=int(free_bytes),
    )


def give_back_cached_memory() -> None:
    """Returns to the GPU's driver what torch keeps for later; nothing where torch was never loaded."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an engine's exception says that something did not fit in memory.

    torch's class is known by its name, so that torch is not loaded for the question.
    """
    return isinstance(error, MemoryError) or any(
        kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__
    )


def _inside(limits: MemoryLimits) -> MemoryLimits:
    return MemoryLimits(
        int(limits.resident_bytes * EASE_SHARE),
        int(limits.low_bytes / EASE_SHARE),
        int(limits.gpu_low_bytes / EASE_SHARE),
    )


def _sampled(worker: int, sample: MemorySample) -> MemorySampled:
    return MemorySampled(
        worker,
        sample.resident_bytes,
        sample.available_bytes,
        time.time(),
        sample.gpu_allocated_bytes,
        sample.gpu_reserved_bytes,
        sample.gpu_free_bytes,
    )


def _mb(size_bytes: int) -> str:
    megabytes = size_bytes / 1e6
    return f"{megabytes:,.0f} MB" if megabytes >= 100 else f"{megabytes:,.1f} MB"
