"""The lines that wait for one model, by rank and voice, the longest first. Pure."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field

# A worker holds the sound of a whole batch and loses it if it dies: however fast an engine is, no more lines.
BATCH_LINES = 64


@dataclass(frozen=True, slots=True)
class Job:
    """One take to make: its key, what must be loaded for it, and how many seconds of work it is.

    `rank` says how soon it is wanted: 0 first. Jobs of one book have one rank.
    """

    key: str
    model: str
    voice: str
    work_s: float
    rank: int = 0


@dataclass
class _Voice:
    """Lines of one voice, the longest at the end."""

    jobs: list[Job] = field(default_factory=list)
    left_s: float = 0.0

    def add(self, jobs: list[Job]) -> None:
        if len(jobs) > 8:
            self.jobs.extend(jobs)
            self.jobs.sort(key=_shortest_first)
        else:
            for job in jobs:
                insort(self.jobs, job, key=_shortest_first)
        self.left_s += sum(job.work_s for job in jobs)

    def take(self, index: int) -> Job:
        job = self.jobs.pop(index)
        self.left_s = self.left_s - job.work_s if self.jobs else 0.0
        return job


def _shortest_first(job: Job) -> tuple[float, str]:
    return (job.work_s, job.key)


@dataclass
class Queue:
    """Work left for one model: lowest rank first, in it voices with the most work, their longest line first.

    `voices` are by rank and voice.
    """

    voices: dict[tuple[int, str], _Voice] = field(default_factory=dict)
    current: tuple[int, str] | None = None
    left_s: float = 0.0

    def refill(self, jobs: Iterable[Job]) -> None:
        by_voice: dict[tuple[int, str], list[Job]] = {}
        for job in jobs:
            by_voice.setdefault((job.rank, job.voice), []).append(job)
        for place, more in by_voice.items():
            self.voices.setdefault(place, _Voice()).add(more)
            self.left_s += sum(job.work_s for job in more)
        if self.current is not None and any(rank < self.current[0] for rank, _ in by_voice):
            self.current = None

    def rank(self) -> int:
        """The lowest rank of any work here."""
        return self._place()[0]

    def take(self, budget_s: float) -> list[Job]:
        batch = [self._pop()]
        spent_s = batch[0].work_s
        while self.voices and len(batch) < BATCH_LINES and spent_s + self._peek().work_s <= budget_s:
            batch.append(self._pop())
            spent_s += batch[-1].work_s
        self.left_s = max(0.0, self.left_s - spent_s) if self.voices else 0.0
        return batch

    def take_short(self, limit_s: float) -> list[Job]:
        """The shortest line of the voice that is being spoken, alone; none if it is longer than that."""
        if self.voices[self._place()].jobs[0].work_s > limit_s:
            return []
        job = self._pop(0)
        self.left_s = max(0.0, self.left_s - job.work_s) if self.voices else 0.0
        return [job]

    def longest_s(self) -> float:
        """Of the voice that is being spoken."""
        return self._peek().work_s

    def _peek(self) -> Job:
        return self.voices[self._place()].jobs[-1]

    def _pop(self, index: int = -1) -> Job:
        place = self._place()
        voice = self.voices[place]
        job = voice.take(index)
        if not voice.jobs:
            del self.voices[place]
            self.current = None
        return job

    def _place(self) -> tuple[int, str]:
        """Rank and voice that are being spoken; when they are done, the next rank's voice with most work."""
        if self.current is None:
            self.current = min(
                self.voices, key=lambda place: (place[0], -self.voices[place].left_s, place[1])
            )
        return self.current
