"""What each line of a book was in its last run, so that a plan can say what changed; and how fast it went.

One file a book, `runs/<slug>.json` in the store's folder. It is never needed to resume: lose it and the plan
says "new line" where it would have said "text changed".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from pydantic_core import from_json

from pipeline.files import write_json
from pipeline.plan.plan import Plan
from pipeline.plan.why import Spoken
from pipeline.render.run import ModelTimes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class History:
    """What earlier runs of a book were.

    Attributes:
        lines: of the last run.
        speeds: audio-seconds per second of one worker, by model.
        loads: seconds that loading took, by model.
    """

    lines: tuple[Spoken, ...] = ()
    speeds: Mapping[str, float] = field(default_factory=dict)
    loads: Mapping[str, float] = field(default_factory=dict)

    def after(self, times: Mapping[str, ModelTimes]) -> History:
        """The same with what a run measured; a second of work is too little to tell a speed from."""
        speeds = {
            model: round(one.audio_s / one.render_s, 2) for model, one in times.items() if one.render_s > 1.0
        }
        loads = {model: one.load_s for model, one in times.items() if one.load_s}
        return replace(self, speeds={**self.speeds, **speeds}, loads={**self.loads, **loads})


def read_history(root: Path, slug: str) -> History:
    """The last run of a book; an empty one if there is none or it cannot be read (with a warning)."""
    path = _path(root, slug)
    try:
        value = from_json(path.read_bytes())
        lines = tuple(Spoken(**line) for line in value["lines"])
        return History(lines, dict(value["speeds"]), dict(value.get("loads", {})))
    except FileNotFoundError:
        return History()
    except (ValueError, KeyError, TypeError, OSError) as error:
        logger.warning("%s: the last run cannot be read (%s); reasons will say 'new line'", path, error)
        return History()


def write_history(root: Path, plan: Plan, history: History) -> None:
    """Keeps what every line of the plan is now, and the times of `history`, atomically.

    Raises:
        StoreError: it cannot be written.
    """
    lines = [asdict(line.as_spoken()) for line in plan.lines if line.status in ("reuse", "render")]
    value = {"lines": lines, "speeds": dict(history.speeds), "loads": dict(history.loads)}
    write_json(_path(root, plan.script.slug), value)


def _path(root: Path, slug: str) -> Path:
    return root / "runs" / f"{slug}.json"
