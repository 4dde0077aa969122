"""What this machine has, and how to divide it among workers."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import MissingError, UsageError

# Of what is free now: the rest is for Python, activations of a long line, and other programs.
MEMORY_SHARE = 0.6
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*$", re.IGNORECASE)
_UNIT_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Division:
    """How many workers, on which device, each with how many threads, CPUs, GPUs and bytes for models."""

    workers: int
    device: str
    threads: int
    cpus_each: float
    gpus_each: float
    memory_bytes: int


def divide(workers: int | None, device: str, memory: str | None, need_bytes: int = 0) -> Division:
    """The machine divided among workers.

    On a CPU one worker a core with one thread is fastest (docs/performance.md), as long as each has room
    for a model; on GPUs one worker a GPU, and more share it by fractions.

    Args:
        workers: how many were asked for; None leaves it to us.
        need_bytes: what the largest model takes in each worker.
        device: `auto`, `cpu` or `cuda`.
        memory: budget for models in each worker (`4G`, `800M`); None is a share of what is free.

    Raises:
        MissingError: `cuda` was asked for and there is none.
        UsageError: the memory is no size.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpus = 0 if device == "cpu" else count_gpus()
    if device == "cuda" and gpus == 0:
        raise MissingError("no CUDA device on this machine", hint="leave --device out, or use --device cpu")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: must be at least 1")
    given = None if memory is None else parse_memory(memory)
    free = _free_gpu_bytes() * gpus if gpus else free_memory_bytes()
    fitting = int(free * MEMORY_SHARE // need_bytes) if need_bytes else cores
    number = workers or gpus or max(1, min(cores, fitting))
    return Division(
        workers=number,
        device="cuda" if gpus else "cpu",
        threads=max(1, cores // number),
        cpus_each=min(1.0, cores / number),
        gpus_each=gpus / number if gpus else 0.0,
        memory_bytes=given if given is not None else int(free * MEMORY_SHARE / number),
    )


def parse_size(text: str) -> int:
    """Bytes of `800M`, `4G`, `1.5GiB`, `123456` (units are powers of 1024).

    Raises:
        UsageError: it is no size.
    """
    match = _SIZE.match(text)
    if match is None:
        raise UsageError(f"'{text}' is no size", hint="write 800M or 4G")
    return int(float(match[1]) * _UNIT_BYTES[match[2].lower()])


def parse_memory(text: str) -> int:
    """Bytes of a budget for models, as `parse_size`.

    Raises:
        UsageError: it is no size, or nothing.
    """
    size_bytes = parse_size(text)
    if size_bytes < 1:
        raise UsageError(f"--memory {text}: must be more than nothing", hint="write 800M or 4G")
    return size_bytes


def count_gpus() -> int:
    """How many CUDA devices torch sees; torch is imported only where a driver is there at all."""
    if not any(Path(name).exists() for name in ("/dev/nvidia0", "/dev/dxg", "/proc/driver/nvidia")):
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def free_memory_bytes() -> int:
    """Memory that is available now, in bytes, the control group's limit taken into account."""
    import psutil

    available: int = psutil.virtual_memory().available
    limit = Path("/sys/fs/cgroup/memory.max")
    used = Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and (text := limit.read_text().strip()).isdigit():
        return min(available, max(0, int(text) - int(used.read_text())))
    return available


def resident_memory_bytes() -> int:
    """Memory that this process holds now, in bytes, and the processes that its engines started.

    Ray's own, which are children of whoever started it, are not counted: each worker counts itself.
    """
    import psutil

    own = psutil.Process()
    held: int = own.memory_info().rss
    waiting = own.children()
    while waiting:
        child = waiting.pop()
        with suppress(psutil.Error):  # it may end meanwhile
            if not _is_of_ray(child.cmdline()):
                held += child.memory_info().rss
                waiting += child.children()
    return held


def _is_of_ray(command: list[str]) -> bool:
    """Whether a command line runs a program, script or worker of Ray's."""
    from importlib.util import find_spec

    found = find_spec("ray")  # Ray itself is not imported for it
    homes = [] if found is None else [f"{place}{os.sep}" for place in found.submodule_search_locations or ()]
    return any(each.startswith(("ray::", "ray-dashboard", *homes)) for each in command[:4])


def total_memory_bytes() -> int:
    """All memory of this machine, in bytes, or the control group's limit if that is less."""
    import psutil

    total: int = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        return min(total, int(text))
    return total


def _free_gpu_bytes() -> int:
    import torch

    free, _ = torch.cuda.mem_get_info(0)
    return int(free)
