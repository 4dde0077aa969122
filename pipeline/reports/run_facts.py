"""How one run went: time, speed, models loaded, workers lost. Only this may differ between two runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipeline.events import (
    Event,
    ModelEvicted,
    ModelLoaded,
    TakeDamaged,
    WeightsFetched,
    WorkerLost,
    WorkerStarted,
)
from pipeline.plan.plan import Plan
from pipeline.render.run import Outcome


def run_facts(outcome: Outcome, events: Sequence[Event], wall_s: float) -> dict[str, Any]:
    """Seconds and speed of this run.

    `times_real_time` is new audio over the whole run's wall time; `engine_times_real_time` over the seconds
    that engines worked, added up over workers. None if nothing was rendered. `models` is what the event log
    adds up to: loads against the fewest there could be, hits, stalls, evictions, memory at its highest.
    `takes_made_twice` is the most that faults may have cost (see `Outcome`).
    """
    speed = outcome.audio_s / wall_s if outcome.audio_s and wall_s > 0 else None
    engine_speed = outcome.audio_s / outcome.render_s if outcome.render_s > 0 else None
    return {
        "wall_s": round(wall_s, 2),
        "audio_rendered_s": round(outcome.audio_s, 2),
        "engine_s": round(outcome.render_s, 2),
        "load_s": round(sum(event.load_s for event in events if isinstance(event, ModelLoaded)), 2),
        "times_real_time": None if speed is None else round(speed, 2),
        "engine_times_real_time": None if engine_speed is None else round(engine_speed, 2),
        "takes_made_twice": outcome.takes_made_twice,
        "models": outcome.tally.summary().as_json(),
    }


def worker_facts(plan: Plan, events: Sequence[Event]) -> dict[str, Any]:
    """Workers and models of this run.

    `loads_needed` is the fewest loads that could have done it: each model that a missing take needed, once.
    """
    loads = Counter(event.model for event in events if isinstance(event, ModelLoaded))
    evictions = Counter(event.model for event in events if isinstance(event, ModelEvicted))
    needed = sorted({line.voice.model for line in plan.to_render()})
    return {
        "started": len({event.worker for event in events if isinstance(event, WorkerStarted)}),
        "models": [
            {"model": model, "loads": loads[model], "evictions": evictions[model], "needed": model in needed}
            for model in sorted({*needed, *loads, *evictions})
        ],
        "loads": sum(loads.values()),
        "loads_needed": len(needed),
        "loads_ratio": round(sum(loads.values()) / len(needed), 3) if needed and loads else None,
        "evictions": sum(evictions.values()),
        "lost": [
            {"worker": event.worker, "reason": event.reason, "lines_in_hand": event.lines_in_hand}
            for event in events
            if isinstance(event, WorkerLost)
        ],
        "damaged_takes": [
            {"take": event.key, "reason": event.reason} for event in events if isinstance(event, TakeDamaged)
        ],
        "weights_fetched": [
            {"model": event.model, "form": event.form, "bytes": event.bytes}
            for event in events
            if isinstance(event, WeightsFetched)
        ],
    }
