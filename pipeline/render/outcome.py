"""What became of a run: takes made, lines set aside, times, and how much was done twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.render.job import LineJob
from pipeline.render.tally import Tally


@dataclass
class ModelTimes:
    """What one model's work took: seconds of sound, seconds its engine worked for them, its longest load."""

    audio_s: float = 0.0
    render_s: float = 0.0
    load_s: float = 0.0


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        made: keys of the takes made.
        quarantined: line jobs that could not be spoken, with the reason, by key.
        times: by model.
        tally: loads, stalls and shortages, added up.
        takes_made_twice: takes whose work may have been done more than once in this run: lines that a lost
            worker had begun and another made, and takes that were in the store when they were written.
            An upper bound; never more than a batch for each worker lost, but for two runs on one store.
        broken: models that could go on no more, and why; one that never loaded is among them.
        unspent_jobs: lines that were not begun because the budget was spent.
    """

    made: set[str] = field(default_factory=set)
    quarantined: dict[str, tuple[LineJob, str]] = field(default_factory=dict)
    times: dict[str, ModelTimes] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    takes_made_twice: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    unspent_jobs: int = 0

    @property
    def audio_s(self) -> float:
        """Seconds of sound made."""
        return sum(times.audio_s for times in self.times.values())

    @property
    def render_s(self) -> float:
        """Seconds that engines worked, all workers together."""
        return sum(times.render_s for times in self.times.values())

    def of(self, model: str) -> ModelTimes:
        """The times of a model, to be added to."""
        return self.times.setdefault(model, ModelTimes())
