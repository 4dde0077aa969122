"""Pickled checkpoints: what went in comes out, what would run code does not, in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from pipeline.engines import unpickling
from pipeline.engines.unpickling import Other, read_pickled
from pipeline.errors import EngineError


class Trap:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_tensors_come_back_as_they_were_saved_and_other_things_by_their_kind(tmp_path):
    shared = torch.arange(6.0).reshape(2, 3)
    value = {
        "step": 7,
        "model": {
            "plain": shared,
            "again": shared,
            "turned": shared.T,
            "part": shared[0],
            "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
            "whole": torch.tensor([1, 2**40]),
            "none": torch.zeros(0, 3),
        },
        "states": [{"x": torch.ones(2)}, (torch.zeros(1), None)],
    }
    torch.save(value, tmp_path / "c.pt")
    scratch = tmp_path / "scratch"
    read = read_pickled(tmp_path / "c.pt", scratch)
    assert read["step"] == Other("int") and read["states"]["1"]["1"] == Other("NoneType")
    assert torch.equal(read["states"]["0"]["x"], torch.ones(2))
    assert read["model"].keys() == value["model"].keys()
    for name, tensor in value["model"].items():
        assert read["model"][name].dtype == tensor.dtype and torch.equal(read["model"][name], tensor), name
    read["model"]["plain"][0, 0] = 99.0  # of one's own, though it was saved under two names
    assert read["model"]["again"][0, 0] == 0
    assert list(scratch.iterdir()) == []
    assert read_pickled(tmp_path / "c.pt", scratch, ["states"]).keys() == {"states"}


@pytest.mark.parametrize(
    ("trap", "named"),
    [
        (lambda mark: Trap(os.system, f"touch '{mark}'"), "posix.system"),
        (lambda mark: Trap(subprocess.Popen, ["touch", str(mark)]), "Popen"),
        (lambda mark: Trap(eval, f"open({str(mark)!r}, 'w')"), "eval"),
    ],
)
def test_a_file_that_would_run_code_is_refused_by_name_and_runs_none(tmp_path, trap, named):
    path, mark = tmp_path / "evil.pt", tmp_path / "it-ran"
    torch.save({"model": {"weight": trap(mark)}}, path)
    with pytest.raises(EngineError, match=rf"evil\.pt: refused: loading it would run '[\w.]*{named}'"):
        read_pickled(path, tmp_path / "scratch")
    assert not mark.exists()
    torch.load(path, weights_only=False)
    for _ in range(100):
        if mark.exists():
            break
        os.sched_yield()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_were_torchs_reader_fooled_the_process_could_still_start_connect_and_write_nothing(tmp_path):
    target, other = tmp_path / "target", tmp_path / "other"
    code = f"""
        import importlib.util, json, os, pathlib, socket, subprocess
        spec = importlib.util.spec_from_file_location("child", {str(unpickling.CHILD)!r})
        child = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(child)
        source = pathlib.Path({str(tmp_path)!r}, "source")
        source.write_bytes(b"x")
        child._limit(source)
        child._watch(pathlib.Path({str(target)!r}))
        tries = dict(
            system=lambda: os.system("touch '{other}'"),
            popen=lambda: subprocess.run(["touch", {str(other)!r}]),
            fork=os.fork,
            exec=lambda: os.execv("/bin/true", ["true"]),
            connect=lambda: socket.create_connection(("127.0.0.1", 9)),
            write=lambda: open({str(other)!r}, "w"),
            raw=lambda: os.open({str(other)!r}, os.O_CREAT | os.O_WRONLY),
            remove=lambda: os.remove({str(tmp_path / "source")!r}),
        )
        refused = []
        for name, attempt in tries.items():
            try:
                attempt()
            except PermissionError:
                refused.append(name)
        open({str(target)!r}, "wb").write(b"tensors")
        try:
            held = bytearray(8 << 30)
        except MemoryError:
            refused.append("memory")
        print(json.dumps([refused, [*tries, "memory"]]))
    """
    done = subprocess.run([sys.executable, "-I", "-c", textwrap.dedent(code)], capture_output=True, text=True)
    refused, tried = json.loads(done.stdout.splitlines()[-1])
    assert refused == tried, done.stderr
    assert target.read_bytes() == b"tensors" and not other.exists() and (tmp_path / "source").exists()


def test_the_process_is_given_no_secrets_and_its_death_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    child = tmp_path / "child.py"
    monkeypatch.setattr(unpickling, "CHILD", child)
    child.write_text(
        "import os, json; told = 'HF_TOKEN' in os.environ; "
        "print(json.dumps({'fault': 'told' if told else 'isolated'}))"
    )
    with pytest.raises(EngineError, match="isolated"):
        read_pickled(tmp_path / "c.pt", tmp_path)
    child.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(EngineError, match=r"c\.pt: reading it failed: signal 9"):
        read_pickled(tmp_path / "c.pt", tmp_path)
    child.write_text("raise RuntimeError('no torch here')")
    with pytest.raises(EngineError, match="no torch here"):
        read_pickled(tmp_path / "c.pt", tmp_path)


MAPPED_BYTES = 16 << 20
READER = """
import re, sys
from pathlib import Path
from safetensors.torch import load_file

state = load_file(sys.argv[1])
total = float(sum(tensor.sum() for tensor in state.values()))  # every page is read
print("ready", flush=True)
sys.stdin.readline()
"""


def pages(pid: int | str, path: Path) -> dict[str, int]:
    """What a process holds of a mapped file, in bytes, as the kernel counts it."""
    held: dict[str, int] = {}
    is_ours = False
    for row in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, rest = row.partition(":")
        if " " in name or not rest.endswith(" kB"):
            is_ours = str(path) in row if "-" in row.split(" ")[0] else is_ours
        elif is_ours and name in ("Rss", "Shared_Clean", "Shared_Dirty", "Anonymous"):
            held[name] = held.get(name, 0) + int(rest.split()[0]) * 1024
    return held


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux counts pages")
def test_two_processes_that_load_the_same_weights_hold_them_once(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "weights.safetensors"
    save_file({f"w{n}": torch.randn(MAPPED_BYTES // 16) for n in range(4)}, path)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for reader in readers:
            assert reader.stdout.readline() == "ready\n"
        for reader in readers:
            held = pages(reader.pid, path)
            assert held["Rss"] >= 0.95 * MAPPED_BYTES
            # Dirty are pages that the disk has not got yet; a copy of one's own would be anonymous.
            assert held["Shared_Clean"] + held["Shared_Dirty"] >= 0.95 * MAPPED_BYTES
            assert held["Anonymous"] == 0
    finally:
        for reader in readers:
            reader.communicate("\n")
