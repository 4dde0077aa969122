"""The shelf of takes: content-addressed files, written atomically, checked when read.

A take lies at `takes/<first two digits>/<key>.flac` with its metadata beside it in `.json`. Metadata is
written first and audio last, so a take is there when its audio is. Resuming is a look at this shelf: no
journal can disagree with it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from pipeline.errors import StoreError
from pipeline.files import make_folder, store_error, write_bytes
from pipeline.hashing import canonical_json, digest_bytes, digest_file
from pipeline.takes.take import TAKE_SCHEMA, Take

logger = logging.getLogger(__name__)


class TakeStore:
    """Takes on disk, shared by all workers on this machine.

    Owns the files under `root`/takes. Knows nothing of books, lines or which take is chosen. Any number
    may be made for the same root, in any process.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: list[tuple[str, str]] = []

    def audio_path(self, key: str) -> Path:
        """Where the audio of `key` lies, or would lie."""
        return self.root / "takes" / key[:2] / f"{key}.flac"

    def metadata_path(self, key: str) -> Path:
        """Where the metadata of `key` lies, or would lie."""
        return self.audio_path(key).with_suffix(".json")

    def has(self, key: str) -> bool:
        """Whether a take of that key is there; a look, not a check."""
        return self.audio_path(key).exists()

    def get(self, key: str, check_audio: bool = True) -> Take | None:
        """The take of that key, its bytes checked; None if there is none.

        A damaged take is renamed to `.damaged`, noted in `damaged`, and is None too.

        Args:
            check_audio: False for a take that was checked, or written, in this run already.

        Raises:
            StoreError: the store cannot be read.
        """
        audio = self.audio_path(key)
        try:
            if not audio.exists():
                return None
            take = self._read_metadata(key)
            actual = digest_file(audio) if check_audio else take.audio_sha256
        except OSError as error:
            raise StoreError(f"cannot read take: {error.strerror}", where=str(audio)) from error
        except (ValueError, KeyError, TypeError) as error:
            self._set_aside(key, f"metadata unreadable ({type(error).__name__})")
            return None
        if actual != take.audio_sha256:
            self._set_aside(key, f"audio has SHA-256 {actual[:12]}, was written as {take.audio_sha256[:12]}")
            return None
        return take

    def put(self, take: Take, flac: bytes) -> Take:
        """Keeps a take: metadata, then audio, each atomically; returns it with its path.

        Raises:
            StoreError: the disk is full, the folder is not writable, ...
        """
        if digest_bytes(flac) != take.audio_sha256:
            raise StoreError(f"take {take.key[:12]} does not carry its own audio's SHA-256")
        audio = self.audio_path(take.key)
        metadata = take.as_json()
        sealed = canonical_json({"take": metadata, "seal": digest_bytes(canonical_json(metadata))})
        write_bytes(self.metadata_path(take.key), sealed)
        write_bytes(audio, flac)
        return Take(**{**take.__dict__, "path": audio})

    def all_keys(self) -> Iterator[str]:
        """The keys of all takes that have audio, in order."""
        folder = self.root / "takes"
        if not folder.is_dir():
            return
        for shard in sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()):
            names = sorted(entry.name for entry in os.scandir(folder / shard))
            yield from (name[:-5] for name in names if name.endswith(".flac") and not name.startswith("."))

    def drop(self, key: str) -> bool:
        """Removes a take; False if there was none. Audio goes first, so that half a drop is no take."""
        audio = self.audio_path(key)
        there = audio.exists()
        try:
            audio.unlink(missing_ok=True)
            self.metadata_path(key).unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, audio) from error
        return there

    def make_ready(self) -> None:
        """Makes the folder, so that an unwritable place is found before an hour of work.

        Raises:
            StoreError: it cannot be made or written to.
        """
        folder = make_folder(self.root / "takes")
        probe = folder / f".probe-{os.getpid()}"
        try:
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise store_error(error, folder) from error

    def _read_metadata(self, key: str) -> Take:
        # Interns keys and short words, which all takes of a book share.
        sealed = from_json(self.metadata_path(key).read_bytes())
        metadata = sealed["take"]
        if digest_bytes(canonical_json(metadata)) != sealed["seal"]:
            raise ValueError("the seal does not fit")
        if metadata["schema"] != TAKE_SCHEMA or metadata["key"] != key:
            raise ValueError("of another schema or key")
        return Take.from_json(metadata, self.audio_path(key))

    def _set_aside(self, key: str, reason: str) -> None:
        logger.warning("take %s set aside: %s", key[:12], reason)
        self.damaged.append((key, reason))
        for path in (self.audio_path(key), self.metadata_path(key)):
            if path.exists():
                path.replace(path.with_suffix(path.suffix + ".damaged"))
