"""Another voice of a model that is loaded, beside loading a model: milliseconds of Kokoro in this process."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bare import loaded_engine
from books import sentences
from measure import table
from overhead import made_ready

from pipeline.engines.base import Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.registry.weights import WeightStore

SWITCHES = 5_000
FIRST_ROUNDS = 10
LOADS = 5
PAIRS = 10
TOKENS = 60
GOAL = 100


def measured() -> dict[str, Any]:
    """Switches alone (first and later of each voice), loads, and lines with and without a switch before them."""
    # Imports torch, which the other parts must not find there when they begin.
    import torch

    from pipeline.engines.kokoro.voices import VoiceTables

    torch.set_num_threads(1)  # as in a worker: threads that wait for each other are not a voice's doing
    voices = _voices()
    first = []
    for _ in range(FIRST_ROUNDS):
        tables = VoiceTables()
        first += [_timed(tables, voice) for voice in voices]
    later = [_timed(tables, voices[number % len(voices)]) for number in range(SWITCHES)]
    with tempfile.TemporaryDirectory() as folder:
        ready = made_ready("kokoro", sentences(1), 1, Path(folder))
        loads = []
        for _ in range(LOADS + 1):
            began = time.perf_counter()
            engine = loaded_engine(ready.setup)
            loads.append((time.perf_counter() - began) * 1000)
            engine.unload()
        engine = loaded_engine(ready.setup)
        line = replace(ready.jobs[0].utterances[0], text="Good morning to you all.")
        lines = _lines(engine, line, voices)
        engine.unload()
    # The first load also imports and warms up.
    found = {
        "voices": len(voices),
        "first_use_ms": _spread(first),
        "switch_ms": _spread(later),
        "load_ms": _spread(loads[1:]),
        "line_ms": {name: _spread(each) for name, each in lines.items()},
    }
    found["load_over_switch"] = round(found["load_ms"]["median"] / found["switch_ms"]["p99"])
    found["load_over_first_use"] = round(found["load_ms"]["median"] / found["first_use_ms"]["p99"])
    return found


def _voices() -> list[VoicePart]:
    """Every voice of Kokoro, its file in the cache."""
    catalogue = load_catalogue()
    listed = [voice for voice in catalogue.voices() if voice.engine == "kokoro"]
    files = WeightStore().ensure_voices(listed)
    return [VoicePart(voice.name, 1.0, files[voice.id]) for voice in listed]


def _timed(tables: Any, voice: VoicePart) -> float:
    """Milliseconds until the style of that voice is there."""
    began = time.perf_counter()
    tables.row([voice], TOKENS)
    return (time.perf_counter() - began) * 1000


def _lines(engine: Any, line: Utterance, voices: Sequence[VoicePart]) -> dict[str, list[float]]:
    """One line again and again, by the same voice and by another each time, in turns."""
    spoken: dict[str, list[float]] = {"same voice": [], "another voice": []}
    for number in range(PAIRS + 1):
        for name, voice in (("another voice", voices[number % 2]), ("same voice", voices[number % 2])):
            began = time.perf_counter()
            engine.synthesize([replace(line, voice=(voice,))])
            spoken[name].append((time.perf_counter() - began) * 1000)
    return {name: each[1:] for name, each in spoken.items()}


def _spread(values_ms: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values_ms)
    return {
        "median": round(statistics.median(ordered), 4),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 4),
        "highest": round(ordered[-1], 4),
        "count": len(ordered),
    }


def show(found: dict[str, Any]) -> None:
    """Prints milliseconds and whether the goal is met."""
    kinds = {"voice, first use": found["first_use_ms"], "voice, later": found["switch_ms"]}
    kinds |= {f"line, {name}": each for name, each in found["line_ms"].items()}
    kinds |= {"model loaded": found["load_ms"]}
    rows = [[name, each["median"], each["p99"], each["count"]] for name, each in kinds.items()]
    print(table(["what", "median ms", "p99 ms", "times"], rows))
    ratio = found["load_over_switch"]
    print(f"\na load is {ratio} switches (goal {GOAL}): {'met' if ratio >= GOAL else 'MISSED'}\n")
