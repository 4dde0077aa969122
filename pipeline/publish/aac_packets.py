"""Packets of AAC: as bytes in a file, kept from one publication to the next, and joined part to part."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.files import write_bytes, write_json
from pipeline.publish.aac_plan import FRAME_SAMPLES, LEAD_PACKETS

logger = logging.getLogger(__name__)

# The form of a file of packets: these letters, SHA-256 of all that follows, then counts, sizes, packets.
MAGIC = b"FCAAC001"
COUNTS = struct.Struct("<III")
SHA_BYTES = 32


class SeamError(Exception):
    """Two parts have no place where one may follow the other; never seen outside publish/."""


@dataclass(frozen=True)
class Packets:
    """A part's packets; `leads` are its own versions of the last packets of the part before.

    `last_samples` is what the last packet lasts: 1024, or less at the end of a book.
    """

    leads: tuple[bytes, ...]
    kept: tuple[bytes, ...]
    last_samples: int


class PacketShelf:
    """Parts by the key of what their bytes depend on, checked when read.

    Owns the files under `folder`: `<key>.aac`, and for each book the keys that it used last.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Where the packets of `key` lie, or would lie."""
        return self._folder / key[:2] / f"{key}.aac"

    def get(self, key: str) -> Packets | None:
        """The packets of that key; None if there are none, or if the bytes are not what was written."""
        path = self.path(key)
        try:
            return packets_in(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            logger.warning("%s is encoded again: %s", path, error)
            return None
        except OSError as error:
            raise StoreError(f"cannot read: {error.strerror}", where=str(path)) from error

    def keep(self, key: str, packets: Packets) -> None:
        """Writes packets to their place."""
        write_bytes(self.path(key), bytes_of(packets))

    def remember(self, slug: str, keys: Sequence[str]) -> None:
        """Notes which parts a book used, so that others can be cleared."""
        write_json(self._folder / f"{slug}.json", {"parts": sorted(set(keys))})

    def in_use(self, slug: str) -> set[str]:
        """Keys of the parts that a book used when it was last published.

        Raises:
            StoreError: the note is damaged.
        """
        path = self._folder / f"{slug}.json"
        try:
            return set(json.loads(path.read_bytes())["parts"])
        except FileNotFoundError:
            return set()
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"damaged: {error}", where=str(path), hint="publish the book again") from error

    def unused(self, keep: set[str]) -> list[Path]:
        """Files whose key is not in `keep`."""
        return sorted(path for path in self._folder.glob("??/*.aac") if path.stem not in keep)


def bytes_of(packets: Packets) -> bytes:
    """The packets as one file, with a checksum."""
    every = (*packets.leads, *packets.kept)
    counts = COUNTS.pack(len(packets.leads), len(packets.kept), packets.last_samples)
    sizes = struct.pack(f"<{len(every)}I", *map(len, every))
    body = b"".join((counts, sizes, *every))
    return MAGIC + hashlib.sha256(body).digest() + body


def packets_in(data: bytes) -> Packets:
    """The packets of a file.

    Raises:
        ValueError: the bytes are not those that were written.
    """
    body = data[len(MAGIC) + SHA_BYTES :]
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("it is no file of packets")
    if hashlib.sha256(body).digest() != data[len(MAGIC) : len(MAGIC) + SHA_BYTES]:
        raise ValueError("its bytes have changed")
    leads, kept, last_samples = COUNTS.unpack_from(body)
    sizes = struct.unpack_from(f"<{leads + kept}I", body, COUNTS.size)
    starts = accumulate(sizes, initial=COUNTS.size + 4 * len(sizes))
    every = tuple(body[start:end] for start, end in pairwise(starts))
    return Packets(every[:leads], every[leads:], last_samples)


def joined(parts: Iterable[Packets], channels: int) -> Iterator[tuple[bytes, int]]:
    """Each packet of the book with the samples it lasts, in order.

    The seam lies at the part's start or up to three packets before: where both parts gave the packet before
    it the same windows, since only then the aliasing of its two halves cancels.

    Raises:
        SeamError: there is no such place.
    """
    held: list[tuple[bytes, int]] = []
    for number, part in enumerate(parts):
        early = _from_seam([packet for packet, _ in held], part.leads, channels) if number else ()
        del held[len(held) - len(early) :]
        run = [*early, *part.kept]
        held += [(packet, FRAME_SAMPLES) for packet in run[:-1]]
        held += [(packet, part.last_samples) for packet in run[-1:]]
        sure = max(0, len(held) - LEAD_PACKETS)
        yield from held[:sure]
        del held[:sure]
    yield from held


def _from_seam(before: Sequence[bytes], leads: Sequence[bytes], channels: int) -> tuple[bytes, ...]:
    """The leads that take the place of the last packets of the part before; most often none."""
    for back in range(1, min(len(leads), len(before)) + 1):
        windows = windows_of(before[-back], channels)
        if windows is not None and windows == windows_of(leads[-back], channels):
            return tuple(leads[len(leads) - back + 1 :])
    raise SeamError


def windows_of(packet: bytes, channels: int) -> int | None:
    """Sequence and shape of a packet's windows in three bits; None if its two channels differ.

    Source: ISO/IEC 14496-3, tables 4.4 (element), 4.5 (single_channel_element: instance tag, then global
    gain), 4.6 (channel_pair_element: instance tag, common_window) and 4.50 (ics_info).
    """
    bits = int.from_bytes(packet[:4].ljust(4, b"\0"), "big")
    if channels == 1:
        return bits >> (32 - 19) & 0b111
    has_common_window = bits >> (32 - 8) & 1
    return bits >> (32 - 12) & 0b111 if has_common_window else None
