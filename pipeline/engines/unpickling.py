"""Tensors out of a pickled checkpoint, read by a sandboxed process: nothing in the file is ever run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import EngineError
from pipeline.files import make_folder

CHILD = Path(__file__).with_name("unpickling_child.py")
# For a process that hangs: 335 MB were converted in 1.9 s (measured, the start of Python and torch included).
TIMEOUT_S = 1800.0
# What the child needs of the environment: where its libraries are. Tokens and keys are none of its business.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "HOME")


@dataclass(frozen=True)
class Other:
    """Something in a checkpoint that is no tensor, by the name of its type."""

    kind: str


def read_pickled(path: Path, scratch: Path, keys: Sequence[str] | None = None) -> Any:
    """What a pickled checkpoint holds: nested dicts by string keys, with tensors and `Other`s as leaves.

    It is read and rewritten as safetensors by a process of its own, with `weights_only=True`, without the
    environment's secrets and under limits of memory, time and disk. The tensors are mapped from a file in
    `scratch` that has no name any more, so that its room is free when the last of them is gone.

    Args:
        keys: the top keys that are wanted; all if None.
    Raises:
        EngineError: it would run code (named), is damaged, or is no checkpoint.
    """
    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory(prefix=".unpickling-", dir=make_folder(scratch)) as folder:
        target = Path(folder) / "tensors.safetensors"
        said = _ask(path, target, keys)
        if "refused" in said:
            raise EngineError(
                f"refused: loading it would run '{said['refused']}'",
                where=str(path),
                hint="a checkpoint holds tensors only; fetch it anew from where it was published",
            )
        if "fault" in said:
            raise EngineError(str(said["fault"]), where=str(path))
        tensors = load_file(target)
    leaves: dict[str, Any] = {place: Other(kind) for place, kind in said["others"].items()}
    return _nested({**leaves, **tensors})


def _ask(path: Path, target: Path, keys: Sequence[str] | None) -> dict[str, Any]:
    """What the child says of the file."""
    command = [sys.executable, "-I", "-B", str(CHILD), str(path.absolute()), str(target.absolute())]
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(
            [*command, json.dumps(None if keys is None else list(keys))],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
            cwd=target.parent,
            env={**environment, "OMP_NUM_THREADS": "1"},
        )
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"reading it took longer than {TIMEOUT_S:.0f} s", where=str(path)) from error
    except (OSError, ValueError, IndexError) as error:
        raise EngineError(
            f"reading it failed: {_why(error, locals().get('done'))}", where=str(path)
        ) from error
    return said


def _why(error: Exception, done: subprocess.CompletedProcess[str] | None) -> str:
    if done is None:
        return str(error)
    rows = [row for row in done.stderr.splitlines() if row.strip()]
    ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
    return f"{rows[-1]} ({ended})" if rows else ended


def _nested(leaves: Mapping[str, Any]) -> Any:
    """Nested dicts from leaves that are named by the JSON of their places."""
    if "[]" in leaves:
        return leaves["[]"]
    root: dict[str, Any] = {}
    for written, leaf in leaves.items():
        *path, last = (str(step) for step in json.loads(written))
        holder = root
        for step in path:
            holder = holder.setdefault(step, {})
        holder[last] = leaf
    return root
