"""A book's AAC encoded part by part in several threads; parts whose masters are as before come from a shelf.

Every part is a function of its masters' samples and the settings, whichever thread makes it and whenever:
the packets are the same with one thread or many, from the shelf or not.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame

from pipeline.audio import Samples
from pipeline.errors import AudioError
from pipeline.hashing import digest
from pipeline.publish.aac_packets import Packets, PacketShelf
from pipeline.publish.aac_plan import FRAME_SAMPLES, Feed, Part, Ratio, feed_of, parts_of
from pipeline.publish.encode import Encoding, Shape, foreign_errors, set_up

# Raised when equal masters and settings would give other packets.
PARTS_VERSION = 1
# Sound that a thread holds at once: long enough that Python's own time does not count.
BLOCK_SAMPLES = 64 * FRAME_SAMPLES


@dataclass(frozen=True)
class PartCache:
    """Where the parts of book `slug` are kept; `keys` say what each master's bytes are, in their order."""

    shelf: PacketShelf
    slug: str
    keys: tuple[str, ...]


class BookCoder:
    """Makes the packets of one book.

    Knows masters, settings and the shelf; nothing of the file that the packets go to. Make one a book.
    """

    def __init__(
        self, masters: Sequence[Path], shape: Shape, encoding: Encoding, cache: PartCache | None = None
    ) -> None:
        self._masters = masters
        self._shape = shape
        self._encoding = encoding
        self._cache = cache
        self._lengths = [_length_samples(master) for master in masters]
        self._starts = [0, *accumulate(self._lengths)]
        self._ratio = Ratio.of(shape.sample_rate, encoding.sample_rate)
        self._used: list[str] = []

    @property
    def total_samples(self) -> int:
        """Samples of all masters together, at their own rate."""
        return self._starts[-1]

    def parts(self, threads: int | None = None) -> Iterator[Packets]:
        """All parts in order, made by so many threads (one a core without a number) just ahead of use."""
        threads = threads or cores()
        waiting: deque[Future[Packets]] = deque()
        with ThreadPoolExecutor(threads, thread_name_prefix="aac") as pool:
            try:
                for part in parts_of(self._lengths, self._ratio):
                    waiting.append(pool.submit(self._part, part))
                    # Two a thread are chapter and joint; more would hold the whole book in memory.
                    while len(waiting) > 2 * threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def remember(self) -> None:
        """Notes on the shelf which parts the book used, once all of them were asked for."""
        if self._cache is not None:
            self._cache.shelf.remember(self._cache.slug, self._used)

    def whole(self) -> Packets:
        """All packets from one encoder that hears the book from start to end."""
        return self._encode(Part(0, None, 0, None, None))

    def _part(self, part: Part) -> Packets:
        if self._cache is None or part.master is None:
            return self._encode(part)
        key = self._key(part, part.master, self._cache.keys[part.master])
        self._used.append(key)
        found = self._cache.shelf.get(key)
        if found is None:
            found = self._encode(part)
            self._cache.shelf.keep(key, found)
        return found

    def _key(self, part: Part, number: int, master_key: str) -> str:
        """What the part's bytes depend on: places are counted from the master's start, not the book's."""
        feed = feed_of(part, self._ratio)
        encoding = self._encoding
        end = None if feed.end is None else feed.end - self._starts[number]
        parts = {
            "version": PARTS_VERSION,
            "master": master_key,
            "feed": [feed.start - self._starts[number], end, feed.dropped],
            "packets": [part.first - part.fed_from, None if part.end is None else part.end - part.first],
            "leads": part.leads,
            "shape": asdict(self._shape),
            "encoding": [encoding.codec, encoding.sample_format, encoding.sample_rate, encoding.bit_rate],
            "options": dict(encoding.codec_options),
            "encoder": encoder_version(),
        }
        return digest(parts)

    def _encode(self, part: Part) -> Packets:
        context: Any = av.CodecContext.create(self._encoding.codec, "w")
        set_up(context, self._encoding, self._shape)
        context.sample_rate = self._encoding.sample_rate
        context.options = dict(self._encoding.codec_options)
        made: list[tuple[bytes, int]] = []
        with foreign_errors(self._masters[0]):
            for frame in self.heard(part):
                made += [(bytes(packet), packet.duration) for packet in context.encode(frame)]
            made += [(bytes(packet), packet.duration) for packet in context.encode(None)]
        first = part.first - part.fed_from
        end = len(made) if part.end is None else part.end - part.fed_from
        packets = [packet for packet, _ in made]
        leads = tuple(packets[first - part.leads : first])
        return Packets(leads, tuple(packets[first:end]), made[end - 1][1])

    def heard(self, part: Part) -> Iterator[AudioFrame]:
        """What the part's encoder hears: exactly its frames of the whole book at the rate of the AAC."""
        feed = feed_of(part, self._ratio)
        rate = self._encoding.sample_rate
        wanted = None if part.fed_to is None else (part.fed_to - part.fed_from) * FRAME_SAMPLES
        position = 0
        skip = feed.dropped
        for block in self._at_output_rate(feed):
            block = block[:, skip:] if skip < block.shape[1] else block[:, :0]
            skip = 0
            if wanted is not None:
                block = block[:, : wanted - position]
            if block.shape[1]:
                yield _frame(block, rate, position)
                position += block.shape[1]

    def _at_output_rate(self, feed: Feed) -> Iterator[Any]:
        """The feed's samples, float32 (channels, samples), at the sample rate of the AAC."""
        import numpy as np

        shape = self._shape
        blocks = (np.ascontiguousarray(block.T) for block in self._read(feed.start, feed.end))
        if self._ratio.same:
            yield from blocks
            return
        layout = _layout(shape.channels)
        resampler = av.AudioResampler("fltp", layout, self._encoding.sample_rate)
        for block in blocks:
            frame = _frame(block, shape.sample_rate, None)
            yield from (made.to_ndarray() for made in resampler.resample(frame))
        yield from (made.to_ndarray() for made in resampler.resample(None))

    def _read(self, start: int, end: int | None) -> Iterator[Samples]:
        """The masters' samples [start, end), float32 (samples, channels), counted through the book."""
        end = self.total_samples if end is None else min(end, self.total_samples)
        number = bisect_right(self._starts, start) - 1
        while start < end:
            stop = min(end, self._starts[number + 1])
            offset = self._starts[number]
            yield from _master_blocks(self._masters[number], start - offset, stop - offset)
            start = stop
            number += 1


def encoder_version() -> dict[str, Any]:
    """The versions on which an encoder's bytes depend."""
    return {"av": av.__version__, **{name: list(number) for name, number in av.library_versions.items()}}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"


def _frame(block: Any, sample_rate: int, position: int | None) -> AudioFrame:
    frame = AudioFrame.from_ndarray(block, "fltp", _layout(block.shape[0]))
    frame.sample_rate = sample_rate
    frame.time_base = Fraction(1, sample_rate)
    frame.pts = position
    return frame


def _length_samples(master: Path) -> int:
    import soundfile

    try:
        return int(soundfile.info(master).frames)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"master cannot be read: {error}", where=str(master)) from error


def _master_blocks(master: Path, start: int, stop: int) -> Iterator[Samples]:
    import soundfile

    try:
        with soundfile.SoundFile(master) as file:
            file.seek(start)
            while start < stop:
                block = file.read(min(BLOCK_SAMPLES, stop - start), dtype="float32", always_2d=True)
                if not len(block):
                    raise AudioError(f"master ends at sample {start}, {stop} were told", where=str(master))
                start += len(block)
                yield block
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"master cannot be decoded: {error}", where=str(master)) from error
