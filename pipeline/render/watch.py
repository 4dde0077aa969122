"""What the records of a run that goes on say of its workers now: models held, speed, faults. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pipeline.render.event_record import Record

FAULTS_KEPT = 6
# Speed is that of the last minute: long enough for a batch of each worker, short enough to show a change.
WINDOW_S = 60.0
FAULTS = ("lost", "load-fail", "out-of-memory", "pressure", "aside")


@dataclass
class WorkerView:
    """A worker as its events show it.

    Attributes:
        state: `waiting`, `loading MODEL`, `speaking MODEL` or `lost`.
        held: bytes by model.
        speed: audio-seconds per second that it spoke.
    """

    number: int
    state: str = "waiting"
    held: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    audio_s: float = 0.0
    speak_s: float = 0.0
    stall_s: float = 0.0
    loads: int = 0
    deaths: int = 0
    resident_bytes: int | None = None
    gpu_bytes: int | None = None

    @property
    def speed(self) -> float:
        """Audio-seconds per second of speaking; 0 before it spoke."""
        return self.audio_s / self.speak_s if self.speak_s else 0.0


class Watch:
    """A run as its log tells it. Owns sums only. Make one for each log and `add` its records in order."""

    def __init__(self) -> None:
        self.planned = 0
        self.lines = 0
        self.aside = 0
        self.audio_s = 0.0
        self.began_s: float | None = None
        self.last_s: float | None = None
        self.ended = False
        self.loads = 0
        self.workers: dict[int, WorkerView] = {}
        self.faults: deque[str] = deque(maxlen=FAULTS_KEPT)
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, record: Record) -> None:
        """One more record."""
        self.last_s = max(self.last_s or 0.0, record.end_s)
        if record.event == "plan":
            self._begin(record)
        elif record.event == "end":
            self.ended = True
        elif record.actor is not None:
            self._of_worker(self.workers.setdefault(record.actor, WorkerView(record.actor)), record)
        self.aside += record.event == "aside"
        if record.event in FAULTS:
            who = f"worker {record.actor}: " if record.actor is not None else ""
            told = f"{record.event} {record.model or ''} {record.note or ''}"
            self.faults.append(f"{record.time[11:19]} {who}{' '.join(told.split())}")

    def speed(self, now_s: float) -> float:
        """Audio-seconds per second of all workers together, over the last minute."""
        while self._recent and self._recent[0][0] < now_s - WINDOW_S:
            self._recent.popleft()
        since_s = min(WINDOW_S, max(1.0, now_s - (self.began_s or now_s)))
        return sum(audio_s for _, audio_s in self._recent) / since_s

    def left_s(self, now_s: float) -> float | None:
        """Seconds until all lines are spoken, at the mean speed so far; None while nothing was spoken."""
        if not self.lines or self.began_s is None:
            return None
        left = max(0, self.planned - self.lines - self.aside)
        return left * (max(self.last_s or now_s, self.began_s) - self.began_s) / self.lines

    def _begin(self, record: Record) -> None:
        self.planned += record.count or 0
        self.began_s = record.end_s
        for number in range(record.workers or 0):
            self.workers.setdefault(number, WorkerView(number))

    def _of_worker(self, worker: WorkerView, record: Record) -> None:
        model = record.model or ""
        match record.event:
            case "load-begin":
                worker.loads += 1
                self.loads += 1
                worker.state = worker.state if record.ahead else f"loading {model}"
            case "load-end":
                worker.held[model] = record.bytes or 0
            case "evict":
                worker.held.pop(model, None)
            case "stall":
                worker.stall_s += (record.ms or 0.0) / 1000
            case "hit":
                worker.state = f"speaking {model}"
            case "speak":
                self._spoke(worker, record)
            case "memory":
                memory = record.memory or {}
                worker.resident_bytes = memory.get("resident")
                worker.gpu_bytes = memory.get("gpu_reserved")
            case "lost":
                worker.deaths += 1
                worker.state = "lost"
                worker.held.clear()
            case _:
                pass

    def _spoke(self, worker: WorkerView, record: Record) -> None:
        worker.state = f"speaking {record.model}"
        worker.lines += record.count or 0
        worker.speak_s += (record.ms or 0.0) / 1000
        worker.audio_s += record.audio_s or 0.0
        self.lines += record.count or 0
        self.audio_s += record.audio_s or 0.0
        self._recent.append((record.end_s, record.audio_s or 0.0))
