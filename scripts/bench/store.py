"""What a store of takes costs: listing a million of them, in a folder and in a bucket; two writers at once.

The folder has as many takes as `--takes` says, as empty files: a listing opens none. The bucket, on a server in
Python on this machine (nanio), has `--shards` of 256 shards as full as those of `--takes` are; its time for all
of them is extrapolated and told apart from what was measured. What this process itself does for a page (CPU) does
not depend on the server; what a real server takes for a page does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measure import keep, machine, spent, table

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Realisation
from pipeline.hashing import digest_bytes
from pipeline.levels import measure_take
from pipeline.takes.address import parse_store
from pipeline.takes.bucket import BucketShelf
from pipeline.takes.store import AT_ONCE, SHARDS, TakeStore
from pipeline.takes.take import Take

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "takes"))
from s3_server import BUCKET, ENVIRONMENT, server  # noqa: E402

LOOK_UPS = 10_000
PAGE_NAMES = 1000


def main() -> None:
    """Runs the bench, or one writer of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takes", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--writes", type=int, default=150, help="takes that each writer puts")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if left out")
    parser.add_argument("--writer", nargs=2, metavar=("STORE", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        write_takes(options.writer[0], int(options.writer[1]), options.writes)
        return
    before = machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(server(folder / "s3"))
        os.environ.update(ENVIRONMENT, FULLCAST_S3_ENDPOINT=f"http://127.0.0.1:{port}")
        results = {
            "folder": folder_listing(folder / "million", options.takes),
            "bucket": bucket_listing(folder / "s3" / BUCKET, options.takes, options.shards),
            "writers": {
                "folder": writers(str(folder / "written"), options.writes),
                "bucket": writers(f"s3://{BUCKET}/written", options.writes),
            },
        }
    print(table(["what", "value"], list(flat(results))))
    print(keep("store", results, before))


def fill(folder: Path, shards: list[str], each: int) -> None:
    """Empty takes: `each` pairs of files in each shard."""
    for shard in shards:
        place = folder / "takes" / shard
        place.mkdir(parents=True)
        handle = os.open(place, os.O_RDONLY)
        for number in range(each):
            key = shard + hashlib.sha256(f"{shard}{number}".encode()).hexdigest()[2:]
            for suffix in (".flac", ".json"):
                os.close(os.open(key + suffix, os.O_CREAT | os.O_WRONLY, dir_fd=handle))
        os.close(handle)


def folder_listing(folder: Path, takes: int) -> dict[str, Any]:
    """Listing a folder of so many takes, twice, and looking for 10,000 keys one by one."""
    fill(folder, list(SHARDS), -(-takes // len(SHARDS)))
    store = TakeStore(folder)
    found: dict[str, Any] = {}
    for name in ("first", "again"):
        with spent() as cost:
            keys = list(store.all_keys())
        found[name] = {"wall_s": round(cost.wall_s, 2), "cpu_s": round(cost.cpu_s, 2)}
    with spent() as cost:
        there = sum(store.has(key) for key in keys[:: max(1, len(keys) // LOOK_UPS)])
    return {"takes": len(keys), **found, "looked_up": there, "looked_up_s": round(cost.wall_s, 2)}


def bucket_listing(objects: Path, takes: int, shards: int) -> dict[str, Any]:
    """Listing some shards of a bucket that are as full as all 256 would be."""
    each = -(-takes // len(SHARDS))
    names = list(SHARDS[:shards])
    fill(objects / "million", names, each)
    address = parse_store(f"s3://{BUCKET}/million")
    shelf = BucketShelf(address.url, address.endpoint)
    with spent() as cost, ThreadPoolExecutor(AT_ONCE) as pool:
        found = sum(pool.map(lambda shard: sum(1 for _ in shelf.names(f"takes/{shard}")), names))
    pages = shards * -(-2 * each // PAGE_NAMES)
    whole = len(SHARDS) / shards
    return {
        "takes_listed": found // 2,
        "pages": pages,
        "wall_s": round(cost.wall_s, 2),
        "own_cpu_s": round(cost.cpu_s, 2),
        "own_cpu_ms_a_page": round(1000 * cost.cpu_s / pages, 2),
        "extrapolated_takes": takes,
        "extrapolated_wall_s": round(cost.wall_s * whole, 1),
        "extrapolated_own_cpu_s": round(cost.cpu_s * whole, 1),
    }


def writers(store: str, writes: int) -> dict[str, Any]:
    """Takes kept in a second by one process, and by two at once on the same store."""
    found = {}
    for count in (1, 2):
        command = [sys.executable, __file__, "--writes", str(writes), "--writer", store]
        began = [
            subprocess.Popen([*command, str(100 * count + number)], stdout=subprocess.PIPE, text=True)
            for number in range(count)
        ]
        spans = [tuple(map(float, one.communicate()[0].split())) for one in began]
        wall_s = max(end for _, end in spans) - min(begin for begin, _ in spans)
        found[f"{count}_takes_a_second"] = round(count * writes / wall_s, 1)
    return {**found, "takes_each": writes}


def write_takes(store: str, seed: int, writes: int) -> None:
    """One writer: puts takes of four seconds, and tells when it began and ended (on the machine's clock)."""
    noise = np.random.default_rng(seed)
    audio = Audio.mono(noise.normal(0, 0.05, 4 * 24_000), 24_000)
    flac, place = encode_flac(audio), TakeStore(parse_store(store))
    like = a_take(audio, flac)
    place.make_ready()
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    for number in range(writes):
        place.put(replace(like, key=hashlib.sha256(f"{seed}-{number}".encode()).hexdigest()), flac)
    print(began, time.clock_gettime(time.CLOCK_MONOTONIC))


def a_take(audio: Audio, flac: bytes) -> Take:
    """A take of that audio."""
    return Take(
        key="", key_parts={"seed": 1}, line_id="line", character="narrator", text="Noise.", spoken="Noise.",
        phonemes=None, voice="tone/mid", model="tone@1", engine="tone", asked={}, realisation=Realisation(),
        seed=1, sample_rate=audio.sample_rate, length_samples=audio.length_samples,
        levels=measure_take(audio), audio_sha256=digest_bytes(flac), render_s=0.1,
        rendered_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def flat(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Rows of nested results."""
    for name, one in value.items():
        where = f"{path} {name}".strip()
        if isinstance(one, dict):
            yield from flat(one, where)
        else:
            yield where, one


if __name__ == "__main__":
    main()
