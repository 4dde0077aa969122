"""Kokoro on a GPU: seconds of speech a second for batches of 1 to 256 lines, in each precision, with and
without recorded passes; the memory each takes beside what was predicted; a line in the batch beside itself
alone in decibels.

    .venv/bin/python scripts/bench/gpu.py                             # all of it, to results/gpu.json
    .venv/bin/python scripts/bench/gpu.py --device cpu --batches 1,2  # the same code without a GPU
    .venv/bin/python scripts/bench/gpu.py --prepare lines.pt          # here, and on a machine that has torch
    python scripts/bench/gpu.py --prepared lines.pt                   # and little else, with the weights
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import keep, machine, table

from pipeline.engines.base import LoadRequest, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.kokoro.engine import GPU_BYTES_PER_TOKEN, KokoroEngine, Piece
from pipeline.engines.kokoro.g2p import Phonemizer
from pipeline.engines.kokoro.passages import Passage
from pipeline.engines.kokoro.prosody import PLAIN
from pipeline.engines.kokoro.source import SAMPLE_RATE
from pipeline.engines.kokoro.voices import VoiceTables
from pipeline.errors import EngineError
from pipeline.registry.weights import WeightStore

LINES = Path(__file__).with_name("sixty_lines.txt")
BATCHES = "1,2,4,8,16,32,64,128,256"
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
# Measured often enough for a steady median, seldom enough for half an hour in all.
REPEATS = 3
ONE_PASS = 1 << 30
# Replayed from recordings or not, with compiled kernels or not; recordings pay where Python is the brake.
WAYS = ((False, False), (False, True), (True, True))


@dataclass(frozen=True)
class Setting:
    """One way to run the engine."""

    precision: str
    graphs: bool
    fused: bool

    @property
    def name(self) -> str:
        return f"{self.precision}{', fused' if self.fused else ''}{', recorded' if self.graphs else ''}"


def pieces(count: int) -> list[Piece]:
    """That many lines in four voices, of like length, as a full queue gives them to one pass."""
    phonemizer, tables, store, catalogue = Phonemizer(), VoiceTables(), WeightStore(), load_catalogue()
    parts = [VoicePart(name, 1.0, store.ensure_voice(catalogue.voice(f"kokoro/{name}"))) for name in VOICES]
    texts = [text for text in LINES.read_text(encoding="utf-8").splitlines() if 50 <= len(text) <= 90]
    spoken = [phonemizer.phonemize(text, "en-us", ()).phonemes for text in texts]
    chosen = [spoken[number % len(spoken)] for number in range(count)]
    return [
        Piece(Passage(said), tables.row((parts[number % 4],), len(said)), PLAIN, number)
        for number, said in enumerate(chosen)
    ]


def keep_pieces(path: Path, made: list[Piece]) -> None:
    """Writes phonemes and styles, for `kept_pieces` elsewhere."""
    styles = torch.stack([piece.style for piece in made])
    torch.save({"phonemes": [piece.passage.phonemes for piece in made], "styles": styles}, path)


def kept_pieces(path: Path) -> list[Piece]:
    """The lines that `keep_pieces` wrote."""
    kept = torch.load(path, weights_only=True)
    return [
        Piece(Passage(said), style, PLAIN, number)
        for number, (said, style) in enumerate(zip(kept["phonemes"], kept["styles"], strict=True))
    ]


def loaded(setting: Setting, device: str) -> KokoroEngine:
    """The engine in that setting, every batch one pass."""
    files = WeightStore().ensure(load_catalogue().model("kokoro@1.0")).files
    scratch = Path(tempfile.gettempdir()) / "fullcast-bench"
    scratch.mkdir(exist_ok=True)
    parameters = {**asdict(setting), "tokens_at_once": ONE_PASS}
    engine = KokoroEngine()
    engine.load(LoadRequest("kokoro@1.0", files, device, 1, scratch, parameters))
    return engine


def measured(engine: KokoroEngine, lines: list[Piece], cuda: bool) -> dict[str, Any]:
    """One batch: speed (the first, which records or plans, apart), memory, likeness to a line alone."""
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    walls = []
    for _ in range(1 + REPEATS):
        began = time.perf_counter()
        spoken = engine.spoken(lines)
        walls.append(time.perf_counter() - began)
    audio_s = sum(len(one.sound) for one in spoken) / SAMPLE_RATE
    alone = engine.spoken(lines[:1])[0]
    error = np.square(alone.sound - spoken[0].sound).sum() if alone.frames == spoken[0].frames else np.inf
    tokens = len(lines) * max(len(piece.passage.ids) for piece in lines)
    return {
        "audio_s": round(audio_s, 2),
        "x_real_time": round(audio_s / float(np.median(walls[1:])), 2),
        "first_s": round(walls[0], 3),
        "peak_bytes": torch.cuda.max_memory_allocated() if cuda else None,
        "predicted_bytes": tokens * GPU_BYTES_PER_TOKEN,
        "alone_db": round(float(10 * np.log10(np.square(alone.sound).sum() / max(error, 1e-20))), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batches", default=BATCHES)
    parser.add_argument(
        "--prepare", type=Path, help="write the lines' phonemes and styles to a file, and end"
    )
    parser.add_argument("--prepared", type=Path, help="take them from that file; no front end is needed")
    given = parser.parse_args()
    if given.prepare:
        keep_pieces(given.prepare, pieces(max(int(count) for count in given.batches.split(","))))
        return 0
    cuda = given.device.startswith("cuda")
    if cuda and not torch.cuda.is_available():
        print("no CUDA device here; --device cpu --batches 1,2 runs the same code", file=sys.stderr)
        return 4
    before = machine() | {"device": torch.cuda.get_device_name() if cuda else "cpu"}
    counts = [int(count) for count in given.batches.split(",")]
    lines = kept_pieces(given.prepared) if given.prepared else pieces(max(counts))
    settings = [
        Setting(precision, graphs, fused)
        for precision in (("float32", "tensorfloat32", "bfloat16") if cuda else ("float32",))
        for graphs, fused in (WAYS if cuda else ((False, False),))
    ]
    results: dict[str, dict[str, Any]] = {}
    for setting in settings:
        results[setting.name] = {}
        engine = loaded(setting, given.device)
        for count in counts:
            try:
                found = measured(engine, lines[:count], cuda)
            except (MemoryError, EngineError) as error:
                found = {"error": str(error)}
            results[setting.name][str(count)] = found
            print(f"{setting.name:24s} {count:4d} {found}", flush=True)
        engine.unload()
    rows = [
        [count, *(results[one.name][str(count)].get("x_real_time", "-") for one in settings)]
        for count in counts
    ]
    print(f"\nx real time\n{table(['lines at once', *(one.name for one in settings)], rows)}")
    if cuda:
        keep("gpu", results, before)
    return 0


if __name__ == "__main__":
    sys.exit(main())
