"""A model's files on the machine of the worker that loads it: found in its own cache, or fetched there once.

The driver's paths mean nothing on another machine. What a worker is sent is what the files are, by SHA-256,
and where they come from; each machine has its own cache, and its lock lets one worker fetch while the others
wait and find.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import ModelEntry, WeightFile
from pipeline.errors import EngineError, MissingError
from pipeline.events import Event, WeightsFetched
from pipeline.registry.places import default_cache
from pipeline.registry.progress import NoProgress
from pipeline.registry.weights import ResolvedModel, WeightStore

logger = logging.getLogger(__name__)


class NodeWeightsError(EngineError):
    """This machine cannot get the files; another may have them."""


@dataclass(frozen=True)
class NeededFiles:
    """What a plan's models and voices need on disk, wherever a worker runs.

    Attributes:
        models: entries with the one form that the plan's keys were made with; only those that have files.
        voices: states of voices by their SHA-256.
        cache: the driver's cache if it is not the default one of its user; None for each machine's own.
    """

    models: Mapping[str, ModelEntry]
    voices: Mapping[str, WeightFile]
    cache: Path | None = None


def needed_files(resolved: Iterable[ResolvedModel], voices: Iterable[WeightFile], cache: Path) -> NeededFiles:
    """What workers anywhere need for these models and voice states; `cache` is the driver's."""
    models = {
        one.model.id: replace(
            one.model, forms=tuple(form for form in one.model.forms if form.name == one.form)
        )
        for one in resolved
        if one.files
    }
    own = None if cache == default_cache() else cache
    return NeededFiles(models, {file.sha256: file for file in voices}, own)


class _Fetched(NoProgress):
    """How many bytes came from sources."""

    def __init__(self) -> None:
        self.size_bytes = 0

    def advance(self, count: int) -> None:
        """Counts them."""
        self.size_bytes += count


class NodeWeights:
    """Files of models and voices in this machine's cache. May be used by two threads.

    Args:
        needed: what there may be to fetch; None to take all paths as they come.
        report: is told of what was fetched.
    """

    def __init__(self, needed: NeededFiles | None, report: Callable[[Event], None]) -> None:
        self._needed = needed
        self._report = report
        self._store = None if needed is None else WeightStore(needed.cache)
        self._states: dict[Path, Path] = {}

    @property
    def verified(self) -> Path | None:
        """Fingerprints of hashed files of this machine; None if paths are taken as they come."""
        return None if self._store is None else self._store.cache / "weights" / "verified.json"

    def localized(self, model: str, request: LoadRequest) -> LoadRequest:
        """The request with paths of this machine; a damaged file is set aside and fetched again.

        Raises:
            NodeWeightsError: a file is not here and no source gives it.
        """
        entry = None if self._needed is None else self._needed.models.get(model)
        if self._store is None or entry is None:
            return request
        found = self._store.present(entry)
        if found is None:
            fetched = _Fetched()
            try:
                found = self._store.ensure(entry, fetched)
            except MissingError as error:
                return self._as_sent(request, error)
            if fetched.size_bytes:  # else another worker of this machine did it meanwhile
                self._report(WeightsFetched(model, found.form, fetched.size_bytes))
        return replace(request, files=dict(found.files), scratch=self._store.cache / "converted")

    def utterances(self, said: Iterable[Utterance]) -> list[Utterance]:
        """The same utterances with the states of their voices on this machine.

        Raises:
            NodeWeightsError: a state is not here and no source gives it.
        """
        return [
            one
            if self._needed is None
            else replace(one, voice=tuple(self._localized_part(part) for part in one.voice))
            for one in said
        ]

    def _localized_part(self, part: VoicePart) -> VoicePart:
        if part.state is None:
            return part
        if part.state not in self._states:
            self._states[part.state] = self._state(part.state)
        return replace(part, state=self._states[part.state])

    def _state(self, sent: Path) -> Path:
        """Where a voice's state lies here; the cache names files by what is in them."""
        assert self._needed is not None and self._store is not None
        file = self._needed.voices.get(sent.name.partition("-")[0])
        if file is None:
            return sent
        found = self._store.find(file)
        if found is not None:
            return found
        try:
            return self._store.ensure_file(file)
        except MissingError as error:
            if sent.exists():
                return sent
            raise NodeWeightsError(f"this machine has no state of a voice: {error}") from error

    @staticmethod
    def _as_sent(request: LoadRequest, error: MissingError) -> LoadRequest:
        """The driver's paths, where a file system is shared; they are checked before they are loaded."""
        if all(path.exists() for path in request.files.values()):
            logger.info("%s: its files are read where the driver has them", request.model)
            return request
        raise NodeWeightsError(f"this machine has no weights: {error}") from error
