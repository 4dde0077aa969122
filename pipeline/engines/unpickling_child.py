"""Reads one pickled checkpoint in a process of its own, writes its tensors as safetensors. Run, not imported.

`python -I unpickling_child.py SOURCE TARGET KEYS` prints one row of JSON: `{"others": {...}}` when TARGET is
written, `{"refused": name}` for a file that would run code, `{"fault": words}` for one that cannot be read.
KEYS is a JSON list of the top keys that are wanted, or null for all. It imports nothing of fullcast.

Code in a pickle is not run: torch's reader knows tensors and plain containers only. In case it is ever
fooled, the process may start no program, open no connection, write no file but TARGET, and not outgrow its
limits.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import resource
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# A pickle's call of a function: `GLOBAL posix.system`, `GLOBAL eval`, `Unsupported class os.system`.
FORBIDDEN = re.compile(r"(?:GLOBAL|Unsupported (?:class|operand)) ([A-Za-z_][\w.]*)")
CPU_S = 600
# Room beside the file itself: torch's working memory, the tensors in the making.
SPARE_BYTES = 2 << 30
DEEPEST = 8
_PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
)
_CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown", "shutil.")


def main(source: Path, target: Path, keys: list[str] | None) -> dict[str, Any]:
    """What is to be told of the file; TARGET is written if it is sound."""
    import torch
    from safetensors.torch import save_file

    fault = _damage(source)
    if fault is not None:
        return {"fault": fault}
    _limit(source)
    _watch(target)
    try:
        value = torch.load(source, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(source))
    except pickle.UnpicklingError as error:
        named = FORBIDDEN.search(str(error))
        return {"refused": named.group(1)} if named else {"fault": f"not a checkpoint: {_first_line(error)}"}
    except (RuntimeError, OSError, EOFError, KeyError, ValueError, AttributeError, IndexError) as error:
        return {"fault": f"not a checkpoint, or an incomplete download: {_first_line(error)}"}
    tensors: dict[str, Any] = {}
    others: dict[str, str] = {}
    if keys is not None and isinstance(value, Mapping):
        value = {key: value[key] for key in keys if key in value}
    _collect(value, [], tensors, others)
    save_file(_apart(tensors), target)
    return {"others": others}


def _collect(value: Any, place: list[str | int], tensors: dict[str, Any], others: dict[str, str]) -> None:
    """Tensors and the names of other things' types, each under the JSON of its place."""
    import torch

    items: list[tuple[str | int, Any]] = []
    if isinstance(value, torch.Tensor):
        tensors[json.dumps(place)] = value.detach()
        return
    if isinstance(value, Mapping):
        items = [(key if isinstance(key, int) else str(key), each) for key, each in value.items()]
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    if not items or len(place) >= DEEPEST:
        others[json.dumps(place)] = type(value).__name__
    for key, each in items:
        _collect(each, [*place, key], tensors, others)


def _apart(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors, each with memory of its own: a checkpoint may hold one under two names."""
    apart: dict[str, Any] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.to_dense() if tensor.is_sparse else tensor
        whole = plain.contiguous()
        storage = whole.untyped_storage()
        is_own = storage.nbytes() == whole.nbytes and storage.data_ptr() not in seen
        apart[name] = whole if is_own else whole.clone()
        seen.add(storage.data_ptr())
    return apart


def _damage(source: Path) -> str | None:
    """What is not as it was saved, by the sums that an archive holds; older forms have none."""
    if not zipfile.is_zipfile(source):
        return None
    try:
        with zipfile.ZipFile(source) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        return f"damaged: {_first_line(error)}"
    return None if damaged is None else f"damaged: '{damaged}' in it is not what was saved"


def _limit(source: Path) -> None:
    """No more memory, time and disk than an honest file of this size takes; the kernel sees to it."""
    size_bytes = source.stat().st_size
    limits = {
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 2 * size_bytes + (64 << 20),
    }
    mapped = Path("/proc/self/statm")  # Linux alone says how much room libraries have taken already
    if mapped.exists():
        held_bytes = int(mapped.read_text().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = held_bytes + 6 * size_bytes + SPARE_BYTES
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(kind, (most, most))


def _watch(target: Path) -> None:
    """From here on the process may start nothing, connect nowhere and write nothing but `target`."""
    allowed = os.fspath(target)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith((*_PROGRAMS, *_CHANGES, "socket.")):
            raise PermissionError(f"the file tried {event}")
        if event == "open" and _writes(arguments) and os.fspath(arguments[0]) != allowed:
            raise PermissionError(f"the file tried to write {arguments[0]}")

    sys.addaudithook(hook)


def _writes(arguments: tuple[Any, ...]) -> bool:
    if not isinstance(arguments[0], str | bytes | os.PathLike):
        return False
    mode, flags = arguments[1], arguments[2] if len(arguments) > 2 else 0
    return bool(set(mode or "") & set("wax+")) or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))))
