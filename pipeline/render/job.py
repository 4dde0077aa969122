"""What goes to a worker and what comes back: plain data, small enough to send across processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.engines.base import LoadRequest, Utterance
from pipeline.engines.entries import Part
from pipeline.events import Event
from pipeline.render.blame import How
from pipeline.render.node_weights import NeededFiles
from pipeline.render.schedule import Job
from pipeline.takes.address import StoreAddress


@dataclass(frozen=True)
class LineJob:
    """One take to make, complete: the worker looks nothing up. `job` is what the schedule knows of it."""

    job: Job
    line_id: str
    character: str
    chapter: str
    where: str
    text: str
    spoken: str
    voice: str
    engine: str
    utterances: tuple[Utterance, ...]
    parts: Mapping[str, Any]
    asked: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The take's key."""
        return self.job.key

    @property
    def model(self) -> str:
        """The model that says it."""
        return self.job.model


@dataclass(frozen=True)
class WorkerSetup:
    """All that a worker needs to begin.

    Attributes:
        store: where takes are kept.
        memory_bytes: budget for models.
        models: how each model of the plan is loaded; `device` and `threads` are set in each request.
        engines: the engine's name by model.
        sizes: what each model promises to hold when loaded, in bytes; replaced by what is measured.
        digests: SHA-256 of each model's files by their names, checked before a load.
        parts: parts of each model that other models may have too; `sizes` leave them out.
        origins: where those files come from, in words, for the error that names a damaged one.
        verified: the JSON of fingerprints of files that were hashed before; None to hash always.
        needed: files that each machine must have of its own; None to take the paths in `models` as they are.
        run: a name of this run that no other has, for its claims in the store.
        claim_ttl_s: how long a claim lives that is not renewed; 0 for no claims.
    """

    store: StoreAddress
    memory_bytes: int
    models: Mapping[str, LoadRequest]
    engines: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    verified: Path | None = None
    needed: NeededFiles | None = None
    run: str = ""
    claim_ttl_s: float = 0.0

    @property
    def device(self) -> str:
        """Where its models run; `cpu` if it has none."""
        return next((request.device for request in self.models.values()), "cpu")


@dataclass(frozen=True)
class TakeMade:
    """A take is in the store."""

    key: str
    line_id: str
    audio_s: float
    render_s: float
    warnings: tuple[str, ...]
    # It was in the store when it was written: another worker made it meanwhile.
    again: bool = False


@dataclass(frozen=True)
class TakeFailed:
    """A line could not be spoken."""

    key: str
    line_id: str
    reason: str


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch.

    Attributes:
        cached: models that are in or coming, least recently used first.
        broken: models that can go on no more, with the reason.
        refused: why the worker takes no more work; all of the batch goes to others. None if it does.
        deferred: keys of lines that another run on the same store is speaking: to be asked for again.
    """

    made: tuple[TakeMade, ...] = ()
    failed: tuple[TakeFailed, ...] = ()
    events: tuple[Event, ...] = ()
    cached: tuple[str, ...] = ()
    broken: Mapping[str, str] | None = None
    refused: str | None = None
    deferred: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """A batch came back, or its worker was lost with it.

    `result` is None when the worker was lost; `lost` says why in words, `how` whether its process died, hung
    or went with its node. `untouched` marks a batch that the worker had not begun.
    """

    worker: int
    jobs: tuple[LineJob, ...]
    result: BatchResult | None
    lost: str | None = None
    untouched: bool = False
    how: How = "died"
