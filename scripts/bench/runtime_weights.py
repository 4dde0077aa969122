"""Reading weights: memory-mapped safetensors beside `torch.load` of the same tensors, first and second process.

Files are copies of their own, put out of the page cache before each cold read; that it was one is seen from
the blocks that the process read. "Opened" is when all tensors are there, "read" when each byte was looked at:
a mapped file is opened without being read.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import megabytes, spent, table

KINDS = ("safetensors", "torch")
REPEATS = 3


def measured(converted: Path, repeats: int = REPEATS) -> dict[str, Any]:
    """Cold reads, warm reads and second readers of both kinds, interleaved.

    Args:
        converted: weights as safetensors, as an engine keeps them.
    """
    with tempfile.TemporaryDirectory(dir=converted.parent) as folder:
        files = _written(converted, Path(folder))
        found: dict[str, Any] = {"bytes": files["safetensors"].stat().st_size, "repeats": repeats}
        runs: dict[str, list[dict[str, Any]]] = {}
        for _ in range(repeats):
            for kind, path in files.items():
                put_out_of_cache(path)
                first = _Reader(kind, path)
                runs.setdefault(f"{kind}, cold", []).append(first.facts)
                second = _Reader(kind, path)
                runs.setdefault(f"{kind}, second process", []).append(second.facts | second.memory())
                second.end()
                first.end()
    found["reads"] = {name: _medians(each) for name, each in runs.items()}
    found["ratios"] = _ratios(found["reads"])
    return found


def _written(converted: Path, folder: Path) -> dict[str, Path]:
    """The same tensors in both forms."""
    import torch
    from safetensors.torch import load_file

    files = {"safetensors": folder / "weights.safetensors", "torch": folder / "weights.pth"}
    files["safetensors"].write_bytes(converted.read_bytes())
    torch.save({name: tensor.clone() for name, tensor in load_file(converted).items()}, files["torch"])
    return files


def put_out_of_cache(path: Path) -> None:
    """Makes the kernel forget the file's pages; nobody may have it mapped."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


class _Reader:
    """A process that read the file and holds it until it is ended."""

    def __init__(self, kind: str, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, kind, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.facts: dict[str, Any] = json.loads(self._process.stdout.readline())

    def memory(self) -> dict[str, int]:
        """What the process holds alone and in common with others, as the kernel counts it."""
        return {name: size - self.facts[name] for name, size in rolled_up(self._process.pid).items()}

    def end(self) -> None:
        """Lets the process go."""
        self._process.communicate("\n")


def rolled_up(pid: int | str) -> dict[str, int]:
    """Private and proportional bytes of a process.

    Source: Linux, Documentation/filesystems/proc.rst, smaps_rollup.
    """
    rows = [row.split() for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    sizes = {row[0]: int(row[1]) * 1024 for row in rows}
    private = sizes["Private_Clean:"] + sizes["Private_Dirty:"]
    return {"private_bytes": private, "proportional_bytes": sizes["Pss:"]}


def read(kind: str, path: Path) -> dict[str, Any]:
    """Seconds until the tensors are there and until all bytes were looked at, in this process."""
    import resource

    import torch
    from safetensors.torch import load_file

    before, blocks = rolled_up("self"), resource.getrusage(resource.RUSAGE_SELF).ru_inblock
    with spent() as opening:
        tensors = load_file(path) if kind == "safetensors" else torch.load(path, weights_only=True)
    with spent() as looking:
        total = sum(float(tensor.sum()) for tensor in tensors.values())
    _KEPT.append(tensors)
    blocks = resource.getrusage(resource.RUSAGE_SELF).ru_inblock - blocks
    return before | {
        "opened_s": round(opening.wall_s, 5),
        "read_s": round(opening.wall_s + looking.wall_s, 5),
        "opened_cpu_s": round(opening.cpu_s, 5),
        "read_cpu_s": round(opening.cpu_s + looking.cpu_s, 5),
        "from_disk_bytes": blocks * 512,
        "sum": total,
    }


# A process that holds its tensors until it ends.
_KEPT: list[Any] = []


def _medians(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {name: round(statistics.median(run[name] for run in runs), 5) for name in runs[0] if name != "sum"}


def _ratios(reads: dict[str, dict[str, float]]) -> dict[str, float]:
    mapped, loaded = reads["safetensors, cold"], reads["torch, cold"]
    again, loaded_again = reads["safetensors, second process"], reads["torch, second process"]
    return {
        "cold, opened": round(loaded["opened_s"] / mapped["opened_s"], 2),
        "cold, read": round(loaded["read_s"] / mapped["read_s"], 2),
        "second process, opened": round(loaded_again["opened_s"] / again["opened_s"], 2),
        "second process, read": round(loaded_again["read_s"] / again["read_s"], 2),
        "second process beside the first, read": round(mapped["read_s"] / again["read_s"], 2),
        "second process, private bytes": round(loaded_again["private_bytes"] / again["private_bytes"], 2),
    }


def show(found: dict[str, Any]) -> None:
    """Prints seconds and bytes of both kinds, and the ratios."""
    rows = [
        [
            name, f"{run['opened_s']:.3f}", f"{run['read_s']:.3f}", f"{run['read_cpu_s']:.3f}",
            megabytes(run["from_disk_bytes"]),
            megabytes(run["private_bytes"]) if "second" in name else "-",
        ]
        for name, run in found["reads"].items()
    ]  # fmt: skip
    print(table(["weights", "opened s", "read s", "read CPU s", "from disk", "private"], rows))
    print("\n" + "\n".join(f"{name}: {ratio} x" for name, ratio in found["ratios"].items()) + "\n")


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], Path(sys.argv[2]))), flush=True)
    sys.stdin.readline()
