"""A model made ready: its files checked against the registry's SHA-256, then read by its engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.engines.base import Engine, LoadRequest
from pipeline.errors import EngineError
from pipeline.events import Event, WeightsVerified
from pipeline.hashing import digest_file
from pipeline.registry.verified import VerifiedFiles, fingerprint
from pipeline.render.job import WorkerSetup
from pipeline.render.node_weights import NodeWeights
from pipeline.render.parts import PartShelf


class Loader:
    """Makes models ready as a worker's setup says. Owns nothing that lasts; may be used by two threads."""

    def __init__(
        self,
        worker: int,
        setup: WorkerSetup,
        create: Callable[[str], Engine],
        report: Callable[[Event], None],
        parts: PartShelf,
        node: NodeWeights,
    ) -> None:
        self._worker = worker
        self._setup = setup
        self._create = create
        self._report = report
        self._parts = parts
        self._node = node
        verified = node.verified or setup.verified
        self._verified = VerifiedFiles(verified) if verified else None

    def __call__(self, model: str) -> Engine:
        """The model, ready to speak; nothing of it stays in memory if it fails.

        Raises:
            NodeWeightsError: its files cannot be had on this machine.
            EngineError: a file is not what the registry says, or the engine cannot load it.
        """
        request = self._node.localized(model, self._setup.models[model])
        self._verify(model, request)
        engine = self._create(self._setup.engines[model])
        try:
            budget_bytes = self._setup.memory_bytes
            engine.load(replace(request, parts=self._parts.of(model), memory_bytes=budget_bytes))
        except BaseException:
            engine.unload()
            raise
        return engine

    def _verify(self, model: str, request: LoadRequest) -> None:
        digests = self._setup.digests.get(model, {})
        if not digests:
            return
        began = time.perf_counter()
        origins = self._setup.origins.get(model, {})
        hashed = [
            self._check(request.files[name], sha256, f"{model}, {origins.get(name, 'source unknown')}")
            for name, sha256 in sorted(digests.items())
        ]
        size_bytes = sum(request.files[name].stat().st_size for name in digests)
        verify_s = round(time.perf_counter() - began, 4)
        self._report(
            WeightsVerified(self._worker, model, size_bytes, verify_s, any(hashed), round(time.time(), 6))
        )

    def _check(self, path: Path, sha256: str, origin: str) -> bool:
        """Whether the file had to be hashed; it is right either way.

        Raises:
            EngineError: it is not there, or its bytes are others.
        """
        try:
            seen = fingerprint(path)
            if self._verified is not None and self._verified.knows(path, seen):
                return False
            found = digest_file(path)
        except OSError as error:
            raise EngineError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
        if found != sha256:
            raise EngineError(
                f"damaged: SHA-256 is {found}, must be {sha256} ({origin})",
                where=str(path),
                hint="run: fullcast models fetch",
            )
        return True
