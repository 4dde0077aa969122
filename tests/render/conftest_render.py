"""Line jobs for the tone engine, a store to fill, and workers in this process or on Ray."""

import pytest

from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.plan.key import key_parts, take_key
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.schedule import Job
from pipeline.takes.store import TakeStore


def line_job(line_id: str, *texts: str, voice: str = "tone/mid") -> LineJob:
    """A job of one line; each text is an utterance."""
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
        model=resolved.model,
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
        job=Job(key, resolved.model, resolved.digest(), len(text) / 15),
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


@pytest.fixture
def store(tmp_path):
    return TakeStore(tmp_path / "store")


@pytest.fixture
def make_setup(store, tmp_path):
    def make(memory_bytes: int = 10_000_000) -> WorkerSetup:
        models = ("tone@1", "tone@2")
        requests = {
            name: LoadRequest(
                name, {}, "cpu", 1, tmp_path / "scratch", dict(load_catalogue().model(name).parameters)
            )
            for name in models
        }
        return WorkerSetup(store.root, memory_bytes, requests, dict.fromkeys(models, "tone"))

    return make
