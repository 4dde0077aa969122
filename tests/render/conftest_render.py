"""Line jobs for the tone engine, a store to fill, and workers in this process or on Ray."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.events import Event
from pipeline.plan.key import key_parts, take_key
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.schedule import Job
from pipeline.takes.store import TakeStore

TONE_BYTES = 1_000_000


def line_job(line_id: str, *texts: str, voice: str = "tone/mid", model: str | None = None) -> LineJob:
    """A job of one line; each text is an utterance. `model` may be one that only the test's setup knows."""
    resolved = load_catalogue().resolve_voice(voice)
    capabilities = load_catalogue().engine("tone").capabilities
    parts = key_parts(
        utterances=texts,
        phonemes=(),
        language="en-us",
        voice=resolved.digest(),
        direction=Direction(),
        engine="tone",
        engine_version=capabilities.version,
        model=model or resolved.model,
        weights_sha256=None,
        sample_rate=capabilities.sample_rate,
    )
    key = take_key(parts)
    utterances = tuple(
        Utterance(text, "en-us", (VoicePart(resolved.parts[0][0].name),), Direction(), parts["seed"] + n)
        for n, text in enumerate(texts)
    )
    text = " ".join(texts)
    return LineJob(
        job=Job(key, model or resolved.model, resolved.digest(), len(text) / 15),
        line_id=line_id,
        character="narrator",
        chapter="One",
        where=f"book.md:{line_id}",
        text=text,
        spoken=text,
        voice=voice,
        engine="tone",
        utterances=utterances,
        parts=parts,
        asked={"emotion": "neutral", "point": [0, 0, 0]},
    )


def lines(
    model: str, count: int, text: str = "This is line number", voice: str = "tone/mid"
) -> list[LineJob]:
    """So many jobs of one model."""
    return [line_job(f"{model}-{n}", f"{text} {n}.", model=model, voice=voice) for n in range(count)]


def of(events: Iterable[Event], kind: type[Event]) -> list[Event]:
    """The events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def store(tmp_path):
    return TakeStore(tmp_path / "store")


@pytest.fixture
def make_setup(store, tmp_path):
    """A worker's setup with both models of the tone engine, and others by their parameters.

    What a model promises to hold is its `promise_bytes`, else its `memory_bytes`, else a tone model's.
    """

    def make(
        memory_bytes: int = 10_000_000, models: Mapping[str, Mapping[str, Any]] | None = None
    ) -> WorkerSetup:
        known = {name: dict(load_catalogue().model(name).parameters) for name in ("tone@1", "tone@2")}
        known |= {name: {"overtone_db": -20.0, **more} for name, more in (models or {}).items()}
        requests = {
            name: LoadRequest(name, {}, "cpu", 1, tmp_path / "scratch", parameters)
            for name, parameters in known.items()
        }
        sizes = {
            name: parameters.get("promise_bytes", parameters.get("memory_bytes", TONE_BYTES))
            for name, parameters in known.items()
        }
        return WorkerSetup(store.root, memory_bytes, requests, dict.fromkeys(known, "tone"), sizes)

    return make
