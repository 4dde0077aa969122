"""Which line of a lost batch is to blame, and what to try next: halves, lines alone, a load alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.render.schedule import Job

# A line alone in its batch that loses its worker this often is poison. Once is bad luck; in a night in which
# something kills workers at random, twice may be too.
POISON_DEATHS = 3
# Each try with a line that hangs costs a whole deadline, and nothing hangs by chance.
POISON_HANGS = 2

How = Literal["died", "hung", "node"]


@dataclass(frozen=True)
class Verdict:
    """What becomes of a lost batch.

    Attributes:
        back: lines that go back to where they came from.
        apart: batches that must not be joined with others again.
        guilty: the line that is set aside, and why; None if none is.
        suspect: the model that must be loaded by itself before any of its lines are tried again.
    """

    back: tuple[Job, ...] = ()
    apart: tuple[tuple[Job, ...], ...] = ()
    guilty: tuple[Job, str] | None = None
    suspect: str | None = None


class Blame:
    """Remembers how often each line lost its worker alone. Owns these counts only; make one for each run."""

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()
        self._hangs: Counter[str] = Counter()

    def judge(self, left: Sequence[Job], how: How, reason: str, loading: str | None = None) -> Verdict:
        """What to do with the lines of a batch that were not in the store when its worker was lost.

        Args:
            how: the process died, it did not answer in time, or its whole node was lost, which is no line's
                fault.
            reason: in words.
            loading: the model that the worker may have been loading when it hung; None if it held it.
        """
        if how == "node" or not left:
            return Verdict(back=tuple(left))
        if how == "hung":
            return self._judge_hung(left, reason, loading)
        if len(left) > 1:
            half = (len(left) + 1) // 2
            return Verdict(apart=(tuple(left[:half]), tuple(left[half:])))
        return self._judge_alone(left[0], self._deaths, POISON_DEATHS, f"it kills its worker ({reason})")

    def _judge_hung(self, left: Sequence[Job], reason: str, loading: str | None) -> Verdict:
        if loading is not None:
            # The load may hang, or a line after it. The load is tried by itself first, to tell them apart.
            return Verdict(back=tuple(left), suspect=loading)
        if len(left) > 1:
            # Not halved: small batches cost little, another deadline a lot.
            return Verdict(apart=tuple((job,) for job in left))
        return self._judge_alone(left[0], self._hangs, POISON_HANGS, f"its engine hangs on it ({reason})")

    def _judge_alone(self, job: Job, counts: Counter[str], most: int, why: str) -> Verdict:
        counts[job.key] += 1
        if counts[job.key] >= most:
            return Verdict(guilty=(job, why))
        return Verdict(apart=((job,),))
