"""What the work of a plan costs: device-hours by engine, loads, and how long it will take. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Work:
    """What one model has to speak, and how fast it is.

    Attributes:
        speed: audio-seconds per second of one worker.
        known: where that speed comes from, in words.
    """

    engine: str
    model: str
    lines: int
    audio_s: float
    speed: float
    load_s: float
    known: str

    @property
    def work_s(self) -> float:
        """Seconds of one worker."""
        return self.audio_s / self.speed


@dataclass(frozen=True)
class EngineCost:
    """What one engine's work costs; `load_s` are the loads of all workers that it takes."""

    engine: str
    lines: int
    audio_s: float
    work_s: float
    load_s: float
    known: tuple[str, ...]

    @property
    def device_s(self) -> float:
        """Seconds of a worker, loads included."""
        return self.work_s + self.load_s


@dataclass(frozen=True)
class Cost:
    """What a plan's work costs on so many workers.

    Attributes:
        wall_s: how long it takes at least; workers that wait at the end are not in it.
        device_s: seconds for which workers speak or load.
        price: of `device_s`; None without a price for an hour.
    """

    engines: tuple[EngineCost, ...]
    workers: int
    wall_s: float
    device_s: float
    price: float | None

    def as_json(self) -> dict[str, Any]:
        """The cost as plain JSON values."""
        value = asdict(self)
        for row, engine in zip(value["engines"], self.engines, strict=True):
            row["device_s"] = round(engine.device_s, 3)
            row["known"] = list(engine.known)
        return value


def cost_of(works: Sequence[Work], workers: int, price_per_hour: float | None = None) -> Cost:
    """The cost of work on workers like each other.

    A model is loaded by as many workers as its share of the work keeps busy, once at least: the scheduler
    comes close to that (docs/scheduling.md).
    """
    total_s = sum(work.work_s for work in works)
    each_s = total_s / workers if workers else 0.0
    loads: dict[str, float] = {}
    for work in works:
        count = min(workers, max(1, math.ceil(work.work_s / each_s - 1e-9))) if each_s else 0
        loads[work.model] = count * work.load_s
    engines = tuple(
        _engine(name, [work for work in works if work.engine == name], loads)
        for name in sorted({work.engine for work in works})
    )
    device_s = sum(engine.device_s for engine in engines)
    price = None if price_per_hour is None else device_s / 3600 * price_per_hour
    return Cost(engines, workers, device_s / workers, device_s, price)


def _engine(name: str, works: Sequence[Work], loads: Mapping[str, float]) -> EngineCost:
    return EngineCost(
        engine=name,
        lines=sum(work.lines for work in works),
        audio_s=sum(work.audio_s for work in works),
        work_s=sum(work.work_s for work in works),
        load_s=sum(loads[work.model] for work in works),
        known=tuple(dict.fromkeys(work.known for work in works)),
    )
