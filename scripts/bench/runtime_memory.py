"""Memory of a cast of twelve models over time: loaded on demand, all preloaded, and under a budget for three.

Each run is a process of its own, which looks at its resident memory ten times a second. The models are copies
of Kokoro under names of their own; they are mapped from one file, so that distinct weights would hold more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from books import sentences
from measure import megabytes, spent, table
from overhead import made_ready
from runtime_picture import Curve, draw

from pipeline.events import Event, ModelEvicted, ModelLoadBegan, ModelLoaded, ModelLoadFailed
from pipeline.hashing import digest
from pipeline.render.job import BatchResult, LineJob, WorkerSetup
from pipeline.render.machine import resident_memory_bytes
from pipeline.render.schedule import Job
from pipeline.render.worker import Worker

MODELS, ROOM = 12, 3
# A budget that declared working memory does not reach: what is measured is what is there.
ROOMY_BYTES = 10**12
LOOK_EVERY_S = 0.1
TIMEOUT_S = 1_800
GOAL = 0.8
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "runtime-memory.svg"
RUNS = ("demand", "preload", "budget")
Points = list[tuple[float, int]]


def measured(engine: str) -> dict[str, Any]:
    """All three runs, each in a process of its own, and the picture of them."""
    found = {name: _apart(engine, name, ROOMY_BYTES) for name in ("demand", "preload")}
    size_bytes = max(size for _, size in found["demand"]["held"])
    budget = found["budget"] = _apart(engine, "budget", ROOM * size_bytes)
    curves = [Curve(f"resident, {name}", run["resident"]) for name, run in found.items()]
    draw(PICTURE, [*curves, Curve("held and reserved, budget", budget["held"])], budget["budget_bytes"])
    return found


def run(engine: str, name: str, budget_bytes: int) -> dict[str, Any]:
    """One run in this process; `name` is one of `RUNS`."""
    with tempfile.TemporaryDirectory() as folder:
        ready = made_ready(engine, sentences(1), 1, Path(folder))
        setup = copies(ready.setup, MODELS, {}, budget_bytes)
        models = tuple(setup.models)
        texts = ["Good morning."] if name == "budget" else [ready.jobs[0].text]
        jobs = [spoken_by(ready.jobs[0], model, texts, 1.0)[0] for model in models]
        with looking() as resident, spent() as cost:
            before = resident_memory_bytes()
            worker = Worker(0, setup)
            results = [worker.speak((), {"demand": models[:1], "preload": models}.get(name, ()))]
            ready_bytes, ready_s = resident_memory_bytes(), resident[-1][0]
            spoken = jobs if name == "budget" else jobs[:1]
            for job, following in zip(spoken, [*models[1:], None], strict=False):
                ahead = (following,) if name == "budget" and following else ()
                results.append(worker.speak([job], ahead))
            first_bytes = resident_memory_bytes()
            worker.close()
    events = [event for result in results for event in result.events]
    return _facts(results, before, ready_bytes, ready_s, first_bytes, resident) | {
        "cpu_s": round(cost.cpu_s, 2),
        "budget_bytes": budget_bytes,
        "held": held_over_time(events),
    }


def _facts(
    results: Sequence[BatchResult], before: int, ready: int, ready_s: float, last: int, seen: Points
) -> dict[str, Any]:
    events = [event for result in results for event in result.events]
    failed = [one for result in results for one in (*result.failed, *(result.broken or {}))]
    if failed:
        raise RuntimeError(f"not all was spoken: {failed[0]}")
    return {
        "models_loaded": sum(isinstance(event, ModelLoaded) for event in events),
        "evictions": sum(isinstance(event, ModelEvicted) for event in events),
        "takes": sum(len(result.made) for result in results),
        "resident_before_bytes": before,
        "resident_ready_bytes": ready,
        "until_ready_s": round(ready_s, 2),
        "resident_last_bytes": last,
        "resident_peak_bytes": max(size for _, size in seen),
        "resident": _thinned(seen),
    }


def held_over_time(events: Iterable[Event]) -> Points:
    """Bytes that the cache held and reserved after each of its events, in seconds from the first."""
    held: dict[str, int] = {}
    points: Points = []
    began_s: float | None = None
    for event in events:
        if isinstance(event, ModelLoadBegan | ModelLoaded):
            held[event.model] = event.bytes
        elif isinstance(event, ModelEvicted | ModelLoadFailed):
            held.pop(event.model, None)
        else:
            continue
        began_s = event.at_s if began_s is None else began_s
        points.append((round(event.at_s - began_s, 2), sum(held.values())))
    return points


@contextmanager
def looking() -> Iterator[Points]:
    """Seconds and resident bytes of this process, every tenth of a second while the block runs."""
    points: Points = [(0.0, resident_memory_bytes())]
    began, ended = time.perf_counter(), threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY_S):
            points.append((round(time.perf_counter() - began, 2), resident_memory_bytes()))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield points
    finally:
        ended.set()
        thread.join()


def copies(setup: WorkerSetup, count: int, parameters: dict[str, Any], memory_bytes: int) -> WorkerSetup:
    """A setup with that many models that are the first one under names of their own."""
    (model, request), *_ = setup.models.items()
    names = [f"{model}-copy-{number:02}" for number in range(count)]
    return replace(
        setup,
        memory_bytes=memory_bytes,
        models={
            name: replace(request, model=name, parameters={**request.parameters, **parameters})
            for name in names
        },
        engines=dict.fromkeys(names, setup.engines[model]),
        sizes=dict.fromkeys(names, setup.sizes[model]),
        digests=dict.fromkeys(names, setup.digests[model]),
    )


def spoken_by(job: LineJob, model: str, texts: Sequence[str], work_s: float) -> list[LineJob]:
    """Jobs like `job` with other texts, spoken by `model`; their keys are names only."""
    return [
        replace(
            job,
            job=Job(digest([model, text]), model, job.job.voice, work_s),
            line_id=f"{model}-{number}",
            text=text,
            spoken=text,
            utterances=(replace(job.utterances[0], text=text),),
        )
        for number, text in enumerate(texts)
    ]


def show(found: dict[str, Any]) -> None:
    """Prints memory at the beginning, at its highest, and whether the goals are met."""
    rows = [
        [
            name, run["models_loaded"], run["takes"], megabytes(run["resident_before_bytes"]),
            megabytes(run["resident_ready_bytes"]), megabytes(run["resident_last_bytes"]),
            megabytes(run["resident_peak_bytes"]), run["until_ready_s"],
        ]
        for name, run in found.items()
    ]  # fmt: skip
    head = ["12 models", "loads", "takes", "before", "ready", "after its lines", "peak", "s until ready"]
    print(table(head, rows))
    saved = lower_by(found)
    print(f"\nfirst memory {saved:.1%} lower (goal {GOAL:.0%}): {'met' if saved >= GOAL else 'MISSED'}")
    budget = found["budget"]
    peak = max(size for _, size in budget["held"])
    kept = "met" if peak <= budget["budget_bytes"] else "MISSED"
    print(
        f"held at most {megabytes(peak)} of {megabytes(budget['budget_bytes'])}: {kept}\npicture: {PICTURE}\n"
    )


def lower_by(found: dict[str, Any]) -> float:
    """By how much less memory a process has that is ready for its first line, 0 to 1."""
    demand, preload = (found[name]["resident_ready_bytes"] for name in ("demand", "preload"))
    return 1 - float(demand) / float(preload)


def _thinned(points: Points, most: int = 400) -> Points:
    """At most so many of the points, the highest of each stretch."""
    step = max(1, -(-len(points) // most))
    return [max(points[n : n + step], key=lambda point: point[1]) for n in range(0, len(points), step)]


def _apart(engine: str, name: str, budget_bytes: int) -> dict[str, Any]:
    """`run` in a process of its own."""
    script = str(Path(__file__).with_name("runtime.py"))
    args = [sys.executable, script, "--child", name, "--engine", engine, "--budget", str(budget_bytes)]
    done = subprocess.run(args, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts
