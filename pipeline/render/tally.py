"""What the records of a run add up to: loads against the fewest there could be, stalls, shortages. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.render.event_record import Record


@dataclass(frozen=True)
class ModelSummary:
    """What became of one model: loads begun, those of them ahead of need, evictions, seconds."""

    model: str
    needed: bool
    loads: int
    loads_ahead: int
    evictions: int
    load_s: float
    stall_s: float
    speak_s: float


@dataclass(frozen=True)
class Summary:
    """A run in numbers.

    Attributes:
        loads: loads begun, in all workers; `loads_failed` of them did not succeed.
        loads_needed: the fewest that could have done it: each model of the plan once.
        loads_ratio: loads over loads needed, those that failed left out; None without a plan.
        swaps: loads in a worker that had loaded another model before; `swaps_needed` of them are the fewest
            that there could be: models of the plan less one for each of its workers.
        workers: of the plan, or those that were heard of.
        loads_ahead: loads begun before their model was needed.
        overlaps: loads during which another model of the same worker spoke, for `overlap_s` seconds in all.
        spans: of these, loads that began before and ended after a whole batch of another model.
        hits, misses: batches that found their model ready, and that did not.
        stalls, stall_s, longest_stall_s: batches that waited for a model, seconds in all, the longest.
        stall_share: of the seconds in which workers waited or spoke, how much was waiting; None if none did.
        pressures: what was done under pressure, in words, in order.
        budget_bytes: what the models of a worker may hold; None without a plan.
        peak_held_bytes: the most that the models of one worker held, those that were coming included.
        peak_resident_bytes: of the largest worker; None where memory was never looked at.
        lowest_available_bytes: what the machine had left at worst.
        peak_gpu_reserved_bytes: of the largest worker; None without a GPU.
    """

    loads: int
    loads_needed: int
    loads_ratio: float | None
    swaps: int
    swaps_needed: int
    workers: int
    loads_ahead: int
    loads_failed: int
    overlaps: int
    overlap_s: float
    spans: int
    hits: int
    misses: int
    evictions: int
    verified_bytes: int
    verify_s: float
    load_s: float
    stalls: int
    stall_s: float
    longest_stall_s: float
    stall_share: float | None
    speak_s: float
    out_of_memory: int
    pressures: tuple[str, ...]
    workers_lost: int
    budget_bytes: int | None
    peak_held_bytes: int
    peak_resident_bytes: int | None
    lowest_available_bytes: int | None
    peak_gpu_reserved_bytes: int | None
    models: tuple[ModelSummary, ...]

    def as_json(self) -> dict[str, Any]:
        """The numbers as plain JSON values."""
        value = asdict(self)
        value["pressures"] = list(self.pressures)
        value["models"] = [asdict(model) for model in self.models]
        return value


@dataclass
class _Load:
    """A load that runs, or ended during what is being spoken."""

    model: str | None
    begin_s: float
    end_s: float = math.inf
    overlaps: bool = False
    spans: bool = False


class Tally:
    """Adds records up as they come; owns sums only, so that a long run stays small. One for each run."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._by_model: dict[str, Counter[str]] = {}
        self._seconds: dict[str, Counter[str]] = {}
        self._needed: set[str] = set()
        self._loads: dict[int | None, list[_Load]] = {}
        self._overlap_s = 0.0
        self._verified_bytes = 0
        self._longest_stall_s = 0.0
        self._pressures: list[str] = []
        self._highest: dict[str, int] = {}
        self._lowest_available_bytes: int | None = None
        self._workers = 0
        self._budget_bytes: int | None = None
        # Bytes by model in each worker, and the most that one held.
        self._held: dict[int | None, dict[str, int]] = {}
        self._peak_held_bytes = 0
        self._loaded: set[int | None] = set()

    def add(self, record: Record) -> None:
        """One more record; those of one worker must come in order of time."""
        self._counts[record.event] += 1
        if record.model is not None:
            self._by_model.setdefault(record.model, Counter())[record.event] += 1
            seconds = self._seconds.setdefault(record.model, Counter())
            seconds[record.event] += (record.ms or 0.0) / 1000  # type: ignore[assignment]
        self._hold(record)
        match record.event:
            case "plan":
                self._needed.update(record.models or ())
                self._workers = max(self._workers, record.workers or 0)
                self._budget_bytes = record.bytes or self._budget_bytes
            case "load-begin":
                self._by_model[record.model or ""]["ahead"] += bool(record.ahead)
                self._counts["swap"] += record.actor in self._loaded
                self._loaded.add(record.actor)
                self._loads.setdefault(record.actor, []).append(_Load(record.model, record.end_s))
            case "load-end" | "load-fail":
                for load in self._loads.get(record.actor, ()):
                    if load.model == record.model:
                        load.end_s = min(load.end_s, record.end_s)
            case "speak":
                self._overlap(record)
            case "verify":
                self._verified_bytes += record.bytes or 0
            case "stall":
                self._longest_stall_s = max(self._longest_stall_s, (record.ms or 0.0) / 1000)
            case "pressure":
                self._pressures.append(f"worker {record.actor}: {record.note}")
            case "memory":
                self._look_at(record.memory or {})
            case _:
                pass

    def summary(self) -> Summary:
        """What it adds up to so far."""
        counts, needed = self._counts, len(self._needed)
        stall_s, speak_s = self._sum_s("stall"), self._sum_s("speak")
        busy_s, workers = stall_s + speak_s, max(self._workers, len(self._loaded))
        return Summary(
            loads=counts["load-begin"],
            loads_needed=needed,
            loads_ratio=round((counts["load-begin"] - counts["load-fail"]) / needed, 3) if needed else None,
            swaps=counts["swap"],
            swaps_needed=max(0, needed - max(workers, 1)),
            workers=workers,
            loads_ahead=sum(of["ahead"] for of in self._by_model.values()),
            loads_failed=counts["load-fail"],
            overlaps=counts["overlap"],
            overlap_s=round(self._overlap_s, 3),
            spans=counts["span"],
            hits=counts["hit"],
            misses=counts["miss"],
            evictions=counts["evict"],
            verified_bytes=self._verified_bytes,
            verify_s=self._sum_s("verify"),
            load_s=self._sum_s("load-end"),
            stalls=counts["stall"],
            stall_s=stall_s,
            longest_stall_s=round(self._longest_stall_s, 3),
            stall_share=round(stall_s / busy_s, 4) if busy_s else None,
            speak_s=speak_s,
            out_of_memory=counts["out-of-memory"],
            pressures=tuple(self._pressures),
            workers_lost=counts["lost"],
            budget_bytes=self._budget_bytes,
            peak_held_bytes=self._peak_held_bytes,
            peak_resident_bytes=self._highest.get("resident"),
            lowest_available_bytes=self._lowest_available_bytes,
            peak_gpu_reserved_bytes=self._highest.get("gpu_reserved"),
            models=tuple(self._model(name) for name in sorted(self._needed | set(self._by_model))),
        )

    def _model(self, name: str) -> ModelSummary:
        counts, seconds = self._by_model.get(name, Counter()), self._seconds.get(name, Counter())
        return ModelSummary(
            model=name,
            needed=name in self._needed,
            loads=counts["load-begin"],
            loads_ahead=counts["ahead"],
            evictions=counts["evict"],
            load_s=round(seconds["load-end"], 3),
            stall_s=round(seconds["stall"], 3),
            speak_s=round(seconds["speak"], 3),
        )

    def _overlap(self, spoken: Record) -> None:
        """Counts what was loaded while a batch was spoken; loads that ended before it ended are done with."""
        begin_s, end_s = spoken.begin_s, spoken.end_s
        loads = self._loads.get(spoken.actor, [])
        for load in loads:
            both_s = min(load.end_s, end_s) - max(load.begin_s, begin_s)
            if load.model == spoken.model or both_s <= 0:
                continue
            self._overlap_s += both_s
            self._counts["overlap"] += not load.overlaps
            load.overlaps = True
            if load.begin_s <= begin_s and end_s <= load.end_s:
                self._counts["span"] += not load.spans
                load.spans = True
        self._loads[spoken.actor] = [load for load in loads if load.end_s > end_s]

    def _hold(self, record: Record) -> None:
        """Keeps what each worker's models hold. A model may have grown since; that is seen when it goes."""
        held, model = self._held.setdefault(record.actor, {}), record.model or ""
        if record.event in ("load-begin", "load-end") or (record.event == "evict" and model in held):
            held[model] = record.bytes or 0
            self._peak_held_bytes = max(self._peak_held_bytes, sum(held.values()))
        if record.event in ("load-fail", "evict"):
            held.pop(model, None)
        elif record.event == "lost":
            held.clear()

    def _look_at(self, memory: dict[str, int]) -> None:
        for name, size_bytes in memory.items():
            self._highest[name] = max(size_bytes, self._highest.get(name, 0))
        if "available" in memory:
            lowest = self._lowest_available_bytes
            available = memory["available"]
            self._lowest_available_bytes = available if lowest is None else min(lowest, available)

    def _sum_s(self, event: str) -> float:
        return round(sum(seconds[event] for seconds in self._seconds.values()), 3)
