"""Weights and voices brought here before a run, with their progress shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.events import Event, WeightsFetched
from pipeline.plan.plan import Plan
from pipeline.registry.progress import progress_for
from pipeline.registry.weights import ResolvedModel, WeightStore


def fetcher(report: Callable[[Event], None]) -> Callable[[WeightStore, Any], ResolvedModel]:
    """What brings a model's weights here, and reports those that were not here before."""

    def ensure(weights: WeightStore, model: Any) -> ResolvedModel:
        there = weights.present(model)
        if there is not None:
            return there
        found = weights.ensure(model, progress_for(sys.stderr))
        size = sum(path.stat().st_size for path in found.files.values())
        report(WeightsFetched(model.id, found.form, size))
        return found

    return ensure


def voice_states(plan: Plan, weights: WeightStore) -> dict[str, Path]:
    """The file of each voice's state that the lines to render need, by voice ID; fetched if need be."""
    entries = {
        entry.id: entry
        for line in plan.to_render()
        for entry, _ in line.voice.parts
        if entry.file is not None
    }
    return dict(weights.ensure_voices(list(entries.values()), progress_for(sys.stderr)))
