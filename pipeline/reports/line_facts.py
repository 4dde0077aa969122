"""What became of each line, and what a listener can be told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.direction import AUTO
from pipeline.plan.plan import LinePlan, Plan
from pipeline.publish.provenance import without_folders
from pipeline.render.prepare import asked
from pipeline.render.run import Outcome
from pipeline.script.model import Line
from pipeline.takes.take import Take

# `missing`: a take was due and nobody said why there is none (the run ended early, the take was damaged).
Status = Literal["rendered", "reused", "silent", "skipped", "quarantined", "missing"]
STATUSES: tuple[Status, ...] = ("rendered", "reused", "silent", "skipped", "quarantined", "missing")

# A listener takes a longer gap inside a line for a fault. Source: docs/pacing.md.
LONG_SILENCE_S = 1.5


@dataclass(frozen=True)
class LineFate:
    """A line of the plan, what became of it, and why; `take` is there for `rendered` and `reused` alone."""

    planned: LinePlan
    status: Status
    reason: str
    take: Take | None

    @property
    def line(self) -> Line:
        """The line itself."""
        return self.planned.line

    @property
    def where(self) -> str:
        """`file:line` without the folders of the machine it was written on."""
        return without_folders(self.line.where)


def fates(plan: Plan, takes: Mapping[str, Take], outcome: Outcome) -> tuple[LineFate, ...]:
    """What became of every line of the plan, in reading order.

    Args:
        takes: the take of every line that has one, by line ID.
    """
    return tuple(_fate(planned, takes.get(planned.line.id), outcome) for planned in plan.lines)


def asks_emotion(line: Line) -> bool:
    """Whether the line's direction asks for any emotion; `auto` that nobody inferred is asking too."""
    emotion = line.direction.emotion
    return not line.direction.felt.is_neutral or emotion.label == AUTO


def line_facts(fate: LineFate) -> dict[str, Any]:
    """One line as plain JSON values; where it stands in the chapter is added by who knows the timeline."""
    planned, line, take = fate.planned, fate.line, fate.take
    facts: dict[str, Any] = {
        "id": line.id,
        "where": fate.where,
        "character": line.character,
        "title": line.title,
        "voice": planned.voice.written,
        "model": planned.voice.model,
        "text": line.text,
        "spoken": planned.spoken.text if take is None else take.spoken,
        "asked": asked(planned),
        "asks_emotion": asks_emotion(line),
        "inferred": None if planned.inferred is None else planned.inferred.as_json(),
        "status": fate.status,
        "reason": fate.reason,
        "approved": planned.locked,
    }
    return {**facts, **_take_facts(take)}


def _fate(planned: LinePlan, take: Take | None, outcome: Outcome) -> LineFate:
    if planned.status == "silent":
        return LineFate(planned, "silent", planned.reason, None)
    if take is not None:
        # A line that was left out may still share the take of one that was not.
        return LineFate(planned, "reused" if planned.status == "reuse" else "rendered", planned.reason, take)
    failed = outcome.quarantined.get(planned.key)
    if failed is not None:
        return LineFate(planned, "quarantined", failed[1], None)
    if planned.status == "skipped":
        return LineFate(planned, "skipped", planned.reason, None)
    why = "its take could not be read" if planned.status == "reuse" else "the run ended before its turn"
    return LineFate(planned, "missing", why, None)


def _take_facts(take: Take | None) -> dict[str, Any]:
    if take is None:
        names = ("realised", "take", "seed", "duration_s", "loudness_lufs", "longest_silence_s", "phonemes")
        return {**dict.fromkeys(names), "warnings": []}
    warnings = list(take.warnings)
    if take.levels.longest_silence_s > LONG_SILENCE_S:
        warnings.append(f"{take.levels.longest_silence_s:.1f} s of silence inside the line")
    return {
        "realised": {
            "level": take.realisation.level,
            "parameters": dict(take.realisation.parameters),
            "note": take.realisation.note,
        },
        "take": take.key,
        "seed": take.seed,
        "duration_s": round(take.duration_s, 4),
        "loudness_lufs": take.levels.loudness_lufs,
        "longest_silence_s": take.levels.longest_silence_s,
        "phonemes": take.phonemes,
        "warnings": warnings,
    }
