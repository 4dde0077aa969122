"""Where a book's AAC may be cut, so that its parts are encoded apart and join without a seam. Pure.

A chapter's own packets depend on its master alone; the few around the border of two chapters make a short
joint, which depends on both. So a chapter that changes costs its own packets and two joints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

# Source: ISO/IEC 14496-3, 4.5.2.1.1: a frame of AAC-LC is 1024 samples; packet i spans frames i-1 and i.
FRAME_SAMPLES = 1024
# Packets that a part has in common with the part before, for a place where the windows of both agree.
LEAD_PACKETS = 4
# Frames that the encoder hears before its first packet that may be used: its window decision looks back
# three frames, its rate control comes to rest within about eight.
SETTLE_FRAMES = 8
# Frames after the last packet's own: the encoder decides on its window from the one that follows.
AHEAD_FRAMES = 2
# A chapter with fewer packets of its own (about a second) goes into the joint.
FEWEST_PACKETS = 43
# A longer chapter (ten minutes) is made in several pieces, for more threads and less memory.
LONGEST_PACKETS = 25_840
# More phases than this, and FFmpeg's resampler no longer keeps to the exact ratio.
MAX_PHASES = 1024
# Samples that the resampler's filter needs on each side, and some (its longest has 32 x the ratio).
FILTER_SAMPLES = 512


@dataclass(frozen=True)
class Part:
    """A run of packets that one encoder makes: [first, end); `end` None means to the end of the book.

    It is made from frames [fed_from, fed_to). `master` is the only one it depends on, None for a joint.
    """

    first: int
    end: int | None
    fed_from: int
    fed_to: int | None
    master: int | None

    @property
    def leads(self) -> int:
        """How many packets before `first` it makes for the seam."""
        return min(LEAD_PACKETS, self.first)


@dataclass(frozen=True)
class _Body:
    """Packets [first, end) that chapter `master` alone decides; the last one goes on to the end."""

    first: int
    end: int
    master: int
    is_last: bool


@dataclass(frozen=True)
class Ratio:
    """How many output samples (`up`) stand for how many of the masters' (`down`), in lowest terms."""

    up: int
    down: int

    @classmethod
    def of(cls, from_hz: int, to_hz: int) -> Ratio:
        """The ratio of two sample rates."""
        common = math.gcd(from_hz, to_hz)
        return cls(to_hz // common, from_hz // common)

    @property
    def same(self) -> bool:
        """Whether nothing is resampled."""
        return self.up == self.down


@dataclass(frozen=True)
class Feed:
    """Which samples of the masters a part hears: [start, end), None: all; `dropped` after resampling."""

    start: int
    end: int | None
    dropped: int


def parts_of(lengths_samples: Sequence[int], ratio: Ratio) -> list[Part]:
    """The book's parts, in order: they cover its packets without gap or overlap.

    Args:
        lengths_samples: of the masters, at their own sample rate.
        ratio: from there to the sample rate of the AAC.
    """
    bodies = _bodies(lengths_samples, ratio) if ratio.up <= MAX_PHASES else []
    parts: list[Part] = []
    ready: int | None = 0
    for body in bodies:
        assert ready is not None
        if body.first > ready:
            parts.append(_part(ready, body.first, None))
        parts += _pieces(body)
        ready = parts[-1].end
    if ready is not None:
        alone = 0 if len(lengths_samples) == 1 else None
        parts.append(_part(ready, None, alone))
    return parts


def feed_of(part: Part, ratio: Ratio) -> Feed:
    """The masters' samples that a part is made from, counted from the start of the book.

    A resampled part starts where its phase is that of the whole book's, and early enough for the filter.
    """
    start = part.fed_from * FRAME_SAMPLES
    end = None if part.fed_to is None else part.fed_to * FRAME_SAMPLES
    if ratio.same:
        return Feed(start, end, 0)
    cycles = max(0, start - FILTER_SAMPLES) // ratio.up
    if end is not None:
        end = -(-(end + FILTER_SAMPLES) * ratio.down // ratio.up)
    return Feed(cycles * ratio.down, end, start - cycles * ratio.up)


def _bodies(lengths_samples: Sequence[int], ratio: Ratio) -> list[_Body]:
    """For each chapter that is long enough, the packets that depend on it alone."""
    bodies = []
    edges = [0, *accumulate(lengths_samples)]
    margin = 0 if ratio.same else 2 * FILTER_SAMPLES + ratio.up
    for number, (start, end) in enumerate(pairwise(edges)):
        is_first, is_last = number == 0, number == len(lengths_samples) - 1
        own_from = -(-(start * ratio.up // ratio.down + margin) // FRAME_SAMPLES)
        own_to = (end * ratio.up // ratio.down - margin) // FRAME_SAMPLES
        first = 0 if is_first else own_from + SETTLE_FRAMES + LEAD_PACKETS
        body = _Body(first, own_to - AHEAD_FRAMES, number, is_last)
        if body.end - body.first >= FEWEST_PACKETS:
            bodies.append(body)
    return bodies


def _pieces(body: _Body) -> list[Part]:
    """A chapter's own packets in pieces for several threads; the last one is not left too short."""
    starts = range(body.first, max(body.first + 1, body.end - FEWEST_PACKETS), LONGEST_PACKETS)
    ends = [*starts[1:], None if body.is_last else body.end]
    return [_part(first, end, body.master) for first, end in zip(starts, ends, strict=True)]


def _part(first: int, end: int | None, master: int | None) -> Part:
    fed_from = max(0, first - LEAD_PACKETS - SETTLE_FRAMES)
    return Part(first, end, fed_from, None if end is None else end + AHEAD_FRAMES, master)
