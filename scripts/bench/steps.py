"""The steps that a line takes after the engine has spoken it, each timed by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bare import loaded_engine
from measure import spent, summary

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Realisation
from pipeline.engines.base import Engine, Speech
from pipeline.events import LineRendered
from pipeline.files import make_folder
from pipeline.hashing import digest_bytes
from pipeline.levels import TakeLevels, measure_take
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.join import join_utterances
from pipeline.render.schedule import Schedule
from pipeline.reports.reporters import JsonReporter
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

# Lines that are enough for medians.
LINES = 50


def steps_of_a_line(setup: WorkerSetup, jobs: Sequence[LineJob], root: Path) -> dict[str, Any]:
    """CPU and wall milliseconds of each step for a line, by the step's name; the store is under `root`."""
    engine = loaded_engine(setup)
    watch = _Watch()
    schedule = Schedule([job.job for job in jobs])
    store = TakeStore(make_folder(root))
    with (root / "events.jsonl").open("w", encoding="utf-8") as stream:
        reporter = JsonReporter(stream)
        for job in jobs[:LINES]:
            watch.timed("schedule", schedule.next_batch, 0)
            _keep(watch, store, job, engine)
            event = LineRendered(job.line_id, job.character, job.chapter, job.key, 1.0, 1.0, 0)
            watch.timed("event", reporter.on, event)
    engine.unload()
    return watch.medians()


class _Watch:
    """Milliseconds of each step, collected."""

    def __init__(self) -> None:
        self._walls: dict[str, list[float]] = {}
        self._cpus: dict[str, list[float]] = {}

    def timed(self, name: str, work: Callable[..., Any], *args: object) -> Any:
        with spent() as cost:
            value = work(*args)
        self._walls.setdefault(name, []).append(cost.wall_s * 1000)
        self._cpus.setdefault(name, []).append(cost.cpu_s * 1000)
        return value

    def medians(self) -> dict[str, Any]:
        return {
            name: {"cpu_ms": asdict(summary(self._cpus[name])), "wall_ms": asdict(summary(walls))}
            for name, walls in self._walls.items()
        }


def _keep(watch: _Watch, store: TakeStore, job: LineJob, engine: Engine) -> None:
    """Speaks a line and keeps its take, as a worker does."""
    speeches = [one for one in engine.synthesize(job.utterances) if isinstance(one, Speech)]
    texts = [utterance.text for utterance in job.utterances]
    audio = watch.timed("join", join_utterances, texts, [one.audio for one in speeches])
    flac = watch.timed("FLAC", encode_flac, audio)
    levels = watch.timed("levels", measure_take, audio)
    sha256 = watch.timed("SHA-256", digest_bytes, flac)
    watch.timed("metadata, two files, fsync", store.put, _take(job, audio, levels, sha256), flac)


def _take(job: LineJob, audio: Audio, levels: TakeLevels, sha256: str) -> Take:
    return Take(
        key=job.key,
        key_parts=dict(job.parts),
        line_id=job.line_id,
        character=job.character,
        text=job.text,
        spoken=job.spoken,
        phonemes=None,
        voice=job.voice,
        model=job.model,
        engine=job.engine,
        asked=dict(job.asked),
        realisation=Realisation(),
        seed=int(job.parts["seed"]),
        sample_rate=audio.sample_rate,
        length_samples=audio.length_samples,
        levels=levels,
        audio_sha256=sha256,
        render_s=0.0,
        rendered_at="2026-01-01T00:00:00+00:00",
    )
