"""What each line of a book was in its last run, so that a plan can say what changed; and how fast it went.

One file a book, `runs/<slug>.json` in the store's folder. It is never needed to resume: lose it and the plan
says "new line" where it would have said "text changed".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.files import write_bytes
from pipeline.hashing import canonical_json
from pipeline.plan.plan import Plan
from pipeline.plan.why import Spoken

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class History:
    """The lines of the last run, and each model's speed in audio-seconds per second of one worker."""

    lines: tuple[Spoken, ...] = ()
    speeds: Mapping[str, float] | None = None


def read_history(root: Path, slug: str) -> History:
    """The last run of a book; an empty one if there is none or it cannot be read (with a warning)."""
    path = _path(root, slug)
    try:
        value = json.loads(path.read_bytes())
        return History(tuple(Spoken(**line) for line in value["lines"]), dict(value["speeds"]))
    except FileNotFoundError:
        return History()
    except (ValueError, KeyError, TypeError, OSError) as error:
        logger.warning("%s: the last run cannot be read (%s); reasons will say 'new line'", path, error)
        return History()


def write_history(root: Path, plan: Plan, speeds: Mapping[str, float]) -> None:
    """Keeps what every line of the plan is now, atomically.

    Raises:
        StoreError: it cannot be written.
    """
    lines = [asdict(line.as_spoken()) for line in plan.lines if line.status in ("reuse", "render")]
    write_bytes(_path(root, plan.script.slug), canonical_json({"lines": lines, "speeds": dict(speeds)}))


def _path(root: Path, slug: str) -> Path:
    return root / "runs" / f"{slug}.json"
