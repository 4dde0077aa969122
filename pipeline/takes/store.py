"""The shelf of takes: content-addressed objects, written whole, checked when read.

A take lies at `takes/<first two digits>/<key>.flac` with its metadata beside it in `.json`, in a folder or a
bucket alike. Metadata is written first and audio last, so a take is there when its audio is. Resuming is a
look at this shelf: no journal can disagree with it. See docs/stores.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic_core import from_json

from pipeline.errors import StoreError
from pipeline.hashing import canonical_json, digest_bytes
from pipeline.takes.address import BucketAddress, StoreAddress, local_folder
from pipeline.takes.fetched import FetchedAudio
from pipeline.takes.shelf import FolderShelf, Shelf
from pipeline.takes.take import TAKE_SCHEMA, Take

logger = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")
SHARDS = tuple(f"{number:02x}" for number in range(256))
# Requests to a bucket that wait for the network at the same time.
AT_ONCE = 16


class TakeStore:
    """Takes in a folder or a bucket, shared by all workers.

    Owns the objects under `takes/`. Knows nothing of books, lines or which take is chosen. Any number may be
    made for the same address, in any process on any machine.

    Args:
        address: a folder, or a place in an object store.
        look_only: damaged takes are noted, but stay where they are.

    Attributes:
        root: the folder on this machine for what goes with the takes but is not shared through a bucket:
            the store's own folder, or one in the user's cache.
        shelf: where the bytes lie.
        remote: whether takes lie in a bucket, where every look is a request.
        damaged: keys and reasons of takes that this store found damaged, and set aside unless it only looks.
    """

    def __init__(self, address: StoreAddress, look_only: bool = False) -> None:
        self.address = address
        self.look_only = look_only
        self.root = local_folder(address)
        self.damaged: list[tuple[str, str]] = []
        self.shelf: Shelf
        self._fetched: FetchedAudio | None = None
        if isinstance(address, BucketAddress):
            from pipeline.takes.bucket import BucketShelf

            self.shelf = BucketShelf(address.url, address.endpoint)
            self._fetched = FetchedAudio(self.root / "fetched")
        else:
            self.shelf = FolderShelf(address)

    def __reduce__(self) -> tuple[type[TakeStore], tuple[StoreAddress]]:
        """Another process gets a store of its own for the same address: connections and locks stay here."""
        return TakeStore, (self.address,)

    @property
    def remote(self) -> bool:
        """Whether takes lie in a bucket, where every look is a request."""
        return self._fetched is not None

    def audio_path(self, key: str) -> Path:
        """Where the audio of `key` lies, or would lie, in a store that is a folder."""
        return self.root / _audio(key)

    def metadata_path(self, key: str) -> Path:
        """Where the metadata of `key` lies, or would lie, in a store that is a folder."""
        return self.root / _metadata(key)

    def has(self, key: str) -> bool:
        """Whether a take of that key is there; a look, not a check."""
        return self.shelf.has(_audio(key))

    def has_many(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that have a take; many requests at once to a bucket."""
        wanted = list(keys)
        return {key for key, there in zip(wanted, self._at_once(self.has, wanted), strict=True) if there}

    def size_bytes(self, key: str) -> int:
        """Size of a take's audio; 0 if there is none."""
        return self.shelf.size_bytes(_audio(key))

    def get(self, key: str, check_audio: bool = True) -> Take | None:
        """The take of that key, its bytes checked; None if there is none.

        A damaged take is renamed to `.damaged`, noted in `damaged`, and is None too. The audio is checked
        again by whoever reads it (`Take.flac`).

        Args:
            check_audio: False for a take that was checked, or written, in this run already.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self.remote and not self.has(key):  # metadata whose audio is missing is no damage
            return None
        take = self._read(key)
        if take is None or not check_audio:
            return take
        try:
            take.flac()
        except StoreError:
            if not self.has(key) or any(key == one for one, _ in self.damaged):
                return None
            raise
        return take

    def get_many(self, keys: Iterable[str], check_audio: bool = True) -> dict[str, Take]:
        """The takes of those keys that are there and whole, as `get`; many requests at once to a bucket."""
        look = partial(self.get, check_audio=check_audio)
        found = self._at_once(look, list(dict.fromkeys(keys)))
        return {take.key: take for take in found if take is not None}

    def put(self, take: Take, flac: bytes) -> Take:
        """Keeps a take: metadata, then audio, each whole or not at all; returns it as `get` would.

        Raises:
            StoreError: the disk is full, the folder is not writable, the bucket does not answer, ...
        """
        if digest_bytes(flac) != take.audio_sha256:
            raise StoreError(f"take {take.key[:12]} does not carry its own audio's SHA-256")
        metadata = take.as_json()
        sealed = canonical_json({"take": metadata, "seal": digest_bytes(canonical_json(metadata))})
        self.shelf.write(_metadata(take.key), sealed)
        self.shelf.write(_audio(take.key), flac)
        return self._placed(take)

    def put_many(self, takes: Iterable[tuple[Take, bytes]]) -> list[Take]:
        """Keeps takes, as `put`; many requests at once to a bucket. What was kept before an error stays."""
        return self._at_once(lambda one: self.put(*one), list(takes))

    def all_keys(self) -> Iterator[str]:
        """The keys of all takes that have audio, in order.

        A bucket of up to 500 takes tells them in one request; of more, its shards are listed side by side.
        Nothing is asked of each take.
        """
        if not self.remote:
            for shard in SHARDS:
                yield from self._keys_of(shard)
            return
        few = self.shelf.few_names("takes")
        if few is not None:
            yield from _keys_in(sorted(name.rpartition("/")[2] for name in few))
            return
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for keys in pool.map(self._keys_of, SHARDS):
                yield from keys

    def drop(self, key: str) -> bool:
        """Removes a take; False if there was none. Audio goes first, so that half a drop is no take."""
        there = self.shelf.remove(_audio(key))
        self.shelf.remove(_metadata(key))
        return there

    def set_aside(self, key: str, reason: str) -> None:
        """Notes a damaged take in `damaged` and renames its objects to `.damaged`, audio first.

        Whoever made the store tells a person what stands in `damaged`.
        """
        self.damaged.append((key, reason))
        if self.look_only:
            return
        logger.info("take %s set aside: %s", key[:12], reason)
        for name in (_audio(key), _metadata(key)):
            self.shelf.rename(name, f"{name}.damaged")

    def make_ready(self) -> None:
        """Makes the folder or looks for the bucket, so that a wrong place is found before an hour of work.

        Raises:
            StoreError: it cannot be made or written to.
        """
        self.shelf.demand_writable("takes")

    def _at_once(self, action: Callable[[T], U], items: Sequence[T]) -> list[U]:
        """What `action` gives for each item: one after another in a folder, side by side in a bucket."""
        if not self.remote or len(items) < 2:
            return [action(item) for item in items]
        with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
            return list(pool.map(action, items))

    def _keys_of(self, shard: str) -> list[str]:
        return _keys_in(self.shelf.names(f"takes/{shard}"))

    def _read(self, key: str) -> Take | None:
        """The take by its metadata; None if there are none, or they are damaged."""
        data = self.shelf.read(_metadata(key))
        if data is None:
            if self.has(key):
                self.set_aside(key, "audio without metadata")
            return None
        try:
            return self._placed(_unsealed(key, data))
        except (ValueError, KeyError, TypeError) as error:
            self.set_aside(key, f"metadata unreadable ({type(error).__name__})")
            return None

    def _placed(self, take: Take) -> Take:
        """The take with where its audio lies and how it is read."""
        path = None if self.remote else self.audio_path(take.key)
        return replace(take, path=path, read=partial(self._audio_of, take.key, take.audio_sha256))

    def _audio_of(self, key: str, sha256: str) -> bytes:
        """The FLAC's bytes, checked; fetched ones are kept on this machine for a while.

        Raises:
            StoreError: it is gone, or damaged and set aside now.
        """
        if self._fetched is not None:
            kept = self._fetched.get(key, sha256)
            if kept is not None:
                return kept
        flac = self.shelf.read(_audio(key))
        hint = "run the same command again: the line is rendered anew"
        if flac is None:
            raise StoreError(f"take {key[:12]} is no longer there", where=self.shelf.place, hint=hint)
        actual = digest_bytes(flac)
        if actual != sha256:
            reason = f"audio has SHA-256 {actual[:12]}, was written as {sha256[:12]}"
            self.set_aside(key, reason)
            raise StoreError(f"take {key[:12]} is damaged: {reason}", where=self.shelf.place, hint=hint)
        if self._fetched is not None:
            self._fetched.keep(key, flac)
        return flac


def _keys_in(names: Iterable[str]) -> list[str]:
    return [name[:-5] for name in names if name.endswith(".flac")]


def _audio(key: str) -> str:
    return f"takes/{key[:2]}/{key}.flac"


def _metadata(key: str) -> str:
    return f"takes/{key[:2]}/{key}.json"


def _unsealed(key: str, data: bytes) -> Take:
    """The take in sealed metadata.

    Raises:
        ValueError, KeyError, TypeError: damaged, or of another schema or key.
    """
    # Interns keys and short words, which all takes of a book share.
    sealed = from_json(data)
    metadata = sealed["take"]
    if digest_bytes(canonical_json(metadata)) != sealed["seal"]:
        raise ValueError("the seal does not fit")
    if metadata["schema"] != TAKE_SCHEMA or metadata["key"] != key:
        raise ValueError("of another schema or key")
    return Take.from_json(metadata)
