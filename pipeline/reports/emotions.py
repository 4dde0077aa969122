"""What was asked of feeling and at which level the engines made it: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.direction import LEVELS
from pipeline.reports.line_facts import LineFate, asks_emotion


def emotion_account(decided: Sequence[LineFate]) -> dict[str, Any]:
    """For each word of emotion how many lines asked for it and the level they got, and who got nothing.

    Words that were inferred (emotion `auto`) are counted apart from those that the author wrote.

    Only lines that have a take are counted. `not_realised` are the lines that asked for an emotion and got
    level `none`, with the engine's own words why.
    """
    asked = [fate for fate in decided if fate.take is not None and asks_emotion(fate.line)]
    labels: dict[str, dict[str, int]] = {}
    for fate in asked:
        counts = labels.setdefault(_asked(fate), dict.fromkeys(LEVELS, 0))
        counts[_level(fate)] += 1
    often_first = sorted(labels.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    rows = [{"asked": label, "lines": sum(counts.values()), **counts} for label, counts in often_first]
    lost = [fate for fate in asked if _level(fate) == "none"]
    return {
        "asked": len(asked),
        "realised": len(asked) - len(lost),
        "by_label": rows,
        "not_realised": [
            {
                "id": fate.line.id,
                "where": fate.where,
                "character": fate.line.character,
                "asked": _asked(fate),
                "note": fate.take.realisation.note if fate.take else None,
            }
            for fate in lost
        ],
    }


def _asked(fate: LineFate) -> str:
    label = fate.line.direction.emotion.describe()
    return f"{label} (inferred)" if fate.planned.inferred is not None else label


def _level(fate: LineFate) -> str:
    return "none" if fate.take is None else fate.take.realisation.level
