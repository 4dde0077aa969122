"""What the render path costs beside the bare engine: the same utterances, in the same order and batches.

One side calls the engine in a loop and throws the sound away. The other side is `Run` with its pool:
schedule, worker, join, FLAC, levels, digests, store with fsync, events. Both hold an engine of their own in
this process and take turns block by block, so that what else the machine does falls on both. Planning is
measured once for all lines. Stitching is no part of it (see stitch.py).
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bare import BareWorkers, batches, loaded_engine
from books import sentences, short_sentences, write_book
from measure import Cost, keep, machine, spent, summary, table
from steps import steps_of_a_line

from pipeline.cli.book import OpenBook, open_book
from pipeline.engines.base import Engine, Utterance
from pipeline.files import make_folder
from pipeline.registry.weights import WeightStore
from pipeline.render.actors import ClusterRequest, RayPool
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.local import LocalPool
from pipeline.render.pool import Pool
from pipeline.render.prepare import line_jobs, worker_setup
from pipeline.render.run import Run
from pipeline.render.schedule import Schedule
from pipeline.reports.reporters import JsonReporter

CASTS = {
    "kokoro": {"narrator": "kokoro/af_heart", "Ann": "kokoro/af_bella", "Bob": "kokoro/am_michael"},
    "espeak": {"narrator": "espeak/en-us", "Ann": "espeak/en-us+f3", "Bob": "espeak/en-us+m3"},
    "tone": {"narrator": "tone/low", "Ann": "tone/high", "Bob": "tone/mid"},
}
BLOCK_LINES = {"kokoro": 10, "espeak": 50, "tone": 50}
EVENTS = "events.jsonl"
MEMORY_BYTES = 4 << 30
LOAD_S = 3.0


@dataclass(frozen=True)
class Pair:
    """One block on both sides."""

    lines: int
    bare: Cost
    path: Cost


@dataclass(frozen=True)
class Ready:
    """A planned book: its jobs and how workers are set up; planning cost `planning`."""

    jobs: list[LineJob]
    setup: WorkerSetup
    planning: Cost


def main() -> None:
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=CASTS, nargs="+", default=["tone", "espeak", "kokoro"])
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ray", type=int, default=0, metavar="WORKERS", help="Ray workers, not this process")
    parser.add_argument("--short", action="store_true", help="lines of three words: the hardest case")
    parser.add_argument("--name", default="overhead", help="the results' file")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    before = machine()
    texts = (short_sentences if options.short else sentences)(options.lines)
    results: dict[str, Any] = {
        "short": options.short,
        "threads": options.threads,
        "workers": options.ray or "in process",
    }
    for engine in options.engine:
        with tempfile.TemporaryDirectory() as folder:
            ready = made_ready(engine, texts, options.threads, Path(folder))
            blocks = [*_blocks(ready.jobs, BLOCK_LINES[engine] * max(1, options.ray))]
            if options.ray:
                pairs = ray_pairs(ready, blocks, options.ray, options.threads, Path(folder))
            else:
                pairs = local_pairs(ready, blocks, Path(folder))
            results[engine] = judged(ready, pairs) | speech_of(ready.jobs, Path(folder) / EVENTS)
            results[engine]["steps"] = steps_of_a_line(ready.setup, ready.jobs, Path(folder) / "steps")
        show(engine, results[engine])
    keep(options.name, results, before)


def made_ready(engine: str, texts: Sequence[str], threads: int, folder: Path) -> Ready:
    """A book of these lines, planned, with the weights here."""
    chapters = max(1, len(texts) // 100)
    script = write_book(folder / "bench.md", CASTS[engine], texts, chapters)
    weights = WeightStore()
    with spent() as planning:
        book = open_book(script, folder / "store", weights=weights, ensure=_ensured)
        book.store.make_ready()
        jobs = line_jobs(book.plan, _states(book, weights))[: len(texts)]
    setup = worker_setup(
        book.plan, book.resolved, store=folder / "store", memory_bytes=MEMORY_BYTES, device="cpu",
        threads=threads, scratch=make_folder(weights.cache / "converted"),
    )  # fmt: skip
    return Ready(jobs, setup, planning)


def local_pairs(ready: Ready, blocks: Sequence[list[LineJob]], folder: Path) -> list[Pair]:
    """Each block on a bare engine and on a pool in this process; who goes first changes every time."""
    bare = loaded_engine(ready.setup)
    pool = LocalPool(ready.setup)
    pairs: list[Pair] = []
    with (folder / EVENTS).open("w", encoding="utf-8") as stream:
        reporter = JsonReporter(stream)
        # The first lines of either side load, convert and warm up.
        _speak(bare, _bare_batches(blocks[0][:1]))
        _run(pool, [_again(job) for job in blocks[0][:1]], reporter)
        for number, block in enumerate(blocks):
            if number % 2:
                path = _run(pool, block, reporter)
                pairs.append(Pair(len(block), _speak(bare, _bare_batches(block)), path))
            else:
                pairs.append(
                    Pair(len(block), _speak(bare, _bare_batches(block)), _run(pool, block, reporter))
                )
    pool.close()
    bare.unload()
    return pairs


def ray_pairs(
    ready: Ready, blocks: Sequence[list[LineJob]], workers: int, threads: int, folder: Path
) -> list[Pair]:
    """Each block on bare processes, which get lines one by one, and on as many Ray workers.

    CPU seconds are those of the workers' processes and of this one.
    """
    pool = RayPool(ready.setup, ClusterRequest(None, workers, 1.0, 0.0, threads))
    bare = BareWorkers(ready.setup, workers)
    pairs: list[Pair] = []
    try:
        pids = list(pool.processes().values())
        for number in pool.workers():  # every worker loads its model
            pool.submit(number, [_again(blocks[0][number], number)])
        for _ in pool.workers():
            pool.wait()
        bare.warm_up(blocks[0][:workers])
        with (folder / EVENTS).open("w", encoding="utf-8") as stream:
            reporter = JsonReporter(stream)
            for number, block in enumerate(blocks):
                alone = bare.speak(block) if number % 2 == 0 else None
                path = bare.costing(pids, partial(_run, pool, block, reporter))
                pairs.append(Pair(len(block), alone or bare.speak(block), path))
    finally:
        pool.close()
        bare.close()
    return pairs


def speech_of(jobs: Sequence[LineJob], events: Path) -> dict[str, Any]:
    """How many characters were spoken and how many seconds of sound that is, by the events."""
    characters = {job.key: sum(len(utterance.text) for utterance in job.utterances) for job in jobs}
    found = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    made = {event["key"]: event["audio_s"] for event in found if event["event"] == "LineRendered"}
    return {
        "audio_s": round(sum(made[key] for key in characters), 1),
        "characters": sum(characters.values()),
    }


def judged(ready: Ready, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Ratios over all blocks and their spread, and milliseconds a line."""
    lines = sum(pair.lines for pair in pairs)
    value: dict[str, Any] = {"lines": lines, "blocks": len(pairs)}
    for kind in ("cpu_s", "wall_s"):
        bare = sum(getattr(pair.bare, kind) for pair in pairs)
        path = sum(getattr(pair.path, kind) for pair in pairs)
        planning = getattr(ready.planning, kind)
        value[kind] = {
            "bare": round(bare, 3),
            "path": round(path, 3),
            "planning": round(planning, 3),
            "ratio": round((path + planning) / bare, 4),
            "ratio without planning": round(path / bare, 4),
            "ratio of blocks": asdict(
                summary([getattr(pair.path, kind) / getattr(pair.bare, kind) for pair in pairs])
            ),
            "extra ms a line": round((path - bare) / lines * 1000, 3),
            "planning ms a line": round(planning / lines * 1000, 3),
        }
    return value


def show(engine: str, value: dict[str, Any]) -> None:
    """Prints one engine's table."""
    names = ("bare", "path", "planning", "ratio", "ratio without planning", "extra ms a line")
    rows = [[kind, *(value[kind][name] for name in names)] for kind in ("cpu_s", "wall_s")]
    print(
        f"\n{engine}: {value['lines']} lines in {value['blocks']} blocks,"
        f" {value['audio_s']:.0f} s of audio, {value['characters']} characters"
    )
    print(table(["", *names], rows))
    steps = [
        [name, f"{step['cpu_ms']['median']:.3f}", f"{step['wall_ms']['median']:.3f}"]
        for name, step in value["steps"].items()
    ]
    print(table(["step of a line", "CPU ms", "wall ms"], steps), flush=True)


def _run(pool: Pool, jobs: list[LineJob], reporter: JsonReporter) -> Cost:
    models = {job.model for job in jobs}
    with spent() as cost:
        schedule = Schedule([job.job for job in jobs], dict.fromkeys(models, LOAD_S))
        outcome = Run(jobs, pool, schedule, reporter.on).go(lambda key: False)
    if len(outcome.made) != len({job.key for job in jobs}):
        raise RuntimeError(f"only {len(outcome.made)} of {len(jobs)} takes were made: {outcome.quarantined}")
    return cost


def _speak(engine: Engine, work: Sequence[Sequence[Utterance]]) -> Cost:
    with spent() as cost:
        for batch in work:
            engine.synthesize(batch)
    return cost


def _bare_batches(jobs: Sequence[LineJob]) -> list[list[Utterance]]:
    return [[utterance for job in batch for utterance in job.utterances] for batch in batches(jobs)]


def _again(job: LineJob, number: int = 0) -> LineJob:
    """The same line under a key that no line has: a take that the book does not find made already."""
    return replace(job, job=replace(job.job, key=f"{number:064x}"))


def _blocks(jobs: Sequence[LineJob], size: int) -> Iterator[list[LineJob]]:
    for start in range(0, len(jobs), size):
        yield list(jobs[start : start + size])


def _ensured(weights: WeightStore, model: Any) -> Any:
    return weights.present(model) or weights.ensure(model)


def _states(book: OpenBook, weights: WeightStore) -> dict[str, Path]:
    entries = {
        entry.id: entry
        for line in book.plan.to_render()
        for entry, _ in line.voice.parts
        if entry.file is not None
    }
    return dict(weights.ensure_voices(list(entries.values())))


if __name__ == "__main__":
    main()
