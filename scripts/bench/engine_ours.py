"""Our Kokoro behind a pipe, as `engine_peer.py` puts the others: phonemes in, seconds and sound out."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine_peer import Speak, serve


def ours(threads: int, precision: str) -> Speak:
    """The engine's own passes with its plain delivery; weights and voices are the verified ones."""
    import torch

    from pipeline.engines.base import LoadRequest, VoicePart
    from pipeline.engines.catalogue import load_catalogue
    from pipeline.engines.kokoro.engine import KokoroEngine, Piece
    from pipeline.engines.kokoro.passages import Passage
    from pipeline.engines.kokoro.prosody import PLAIN
    from pipeline.engines.kokoro.voices import VoiceTables
    from pipeline.registry.weights import WeightStore

    store, catalogue, tables = WeightStore(), load_catalogue(), VoiceTables()
    files = store.ensure(catalogue.model("kokoro@1.0")).files
    engine = KokoroEngine()
    scratch = Path(tempfile.gettempdir()) / "fullcast-bench"
    scratch.mkdir(exist_ok=True)
    engine.load(LoadRequest("kokoro@1.0", files, "cpu", threads, scratch, {"precision": precision}))
    torch.set_num_threads(threads)

    def speak(phonemes: str, voice: str) -> object:
        part = VoicePart(voice, 1.0, store.ensure_voice(catalogue.voice(f"kokoro/{voice}")))
        style = tables.row((part,), len(phonemes))
        return engine.spoken([Piece(Passage(phonemes), style, PLAIN, 7)])[0].sound

    return speak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="auto")
    given = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    began = time.perf_counter()
    serve(ours(given.threads, given.precision), answers, time.perf_counter() - began)


if __name__ == "__main__":
    main()
