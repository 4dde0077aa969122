"""Another direction for one line, laid over what the script says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline.direction import LABEL_POINTS, PITCH_RANGE_SEMITONES, RATE_RANGE, Emotion
from pipeline.errors import UsageError, did_you_mean
from pipeline.script.model import Line


def check_overrides(overrides: Mapping[str, Any]) -> None:
    """Nothing, if the overrides can be laid over a line.

    Raises:
        UsageError: an unknown emotion, or a number out of range.
    """
    label = overrides.get("emotion")
    if label is not None and label not in LABEL_POINTS:
        raise UsageError(f"no emotion '{label}'", hint=did_you_mean(label, LABEL_POINTS))
    ranges = {"rate": RATE_RANGE, "pitch": PITCH_RANGE_SEMITONES, "intensity": (0.0, 1.0)}
    for name, (lowest, highest) in ranges.items():
        value = overrides.get(name)
        if value is not None and not lowest <= value <= highest:
            raise UsageError(f"{name} {value} is out of range", hint=f"use {lowest} to {highest}")


def redirected(line: Line, overrides: Mapping[str, Any]) -> Line:
    """The line with `emotion` (a label), `intensity`, `rate` and `pitch` replaced where given."""
    direction = line.direction
    if overrides.get("emotion") is not None:
        direction = replace(direction, emotion=Emotion.from_label(overrides["emotion"]), intensity=1.0)
    if overrides.get("intensity") is not None:
        direction = replace(direction, intensity=overrides["intensity"])
    if overrides.get("rate") is not None:
        direction = replace(direction, rate=overrides["rate"])
    if overrides.get("pitch") is not None:
        direction = replace(direction, pitch_semitones=overrides["pitch"])
    return replace(line, direction=direction)
