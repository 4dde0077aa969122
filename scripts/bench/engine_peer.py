"""One Kokoro peer behind a pipe: `kokoro` (the reference) or `kokoro-onnx`. Runs in the peers' own environment.

Reads one JSON object a row from stdin and answers with one: `{"lines": [{"phonemes", "voice"}], "wav": folder}`
gives seconds of sound, wall and processor time for each line. `export` makes the float32 ONNX file.
Nothing of fullcast is imported here.

    python -m venv PEERS && PEERS/bin/pip install torch==2.14.1 kokoro==0.9.4 kokoro-onnx==0.6.1 onnx
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

SAMPLE_RATE = 24_000
Speak = Callable[[str, str], Any]


def reference(folder: Path, threads: int) -> Speak:
    """`kokoro`: KPipeline.infer with a KModel, one line at a time, as its README does."""
    import torch
    from kokoro import KModel, KPipeline

    torch.set_num_threads(threads)
    model = KModel(config=str(folder / "config.json"), model=str(folder / "kokoro.pth")).eval()
    packs = {path.stem: torch.load(path, weights_only=True) for path in (folder / "voices").glob("*.pt")}

    def speak(phonemes: str, voice: str) -> Any:
        return KPipeline.infer(model, phonemes, packs[voice]).audio.numpy()

    return speak


def onnx(folder: Path, threads: int, weights: str) -> Speak:
    """`kokoro-onnx`: Kokoro.create on phonemes, untrimmed, so that what is spoken is as long as elsewhere."""
    import onnxruntime
    from kokoro_onnx import Kokoro

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder / weights), options, providers=["CPUExecutionProvider"])
    kokoro = Kokoro.from_session(session, str(folder / "voices.npz"))

    def speak(phonemes: str, voice: str) -> Any:
        return kokoro.create(phonemes, voice, is_phonemes=True, trim=False)[0]

    return speak


def export(folder: Path) -> None:
    """Writes `fp32.onnx`: the reference exported as its own exporter for ONNX is meant to be used."""
    import torch
    from kokoro import KModel
    from kokoro.model import KModelForONNX

    path = str(folder / "kokoro.pth")
    model = KModel(config=str(folder / "config.json"), model=path, disable_complex=True).eval()
    ids = torch.tensor([[0, *range(43, 93), 0]])
    style = torch.randn(1, 256, generator=torch.Generator().manual_seed(1)) * 0.1
    torch.onnx.export(
        KModelForONNX(model).eval(),
        (ids, style, torch.tensor([1.0])),
        str(folder / "fp32.onnx"),
        input_names=["input_ids", "style", "speed"],
        output_names=["waveform", "duration"],
        dynamic_axes={"input_ids": {1: "tokens"}, "waveform": {0: "samples"}, "duration": {0: "tokens"}},
        opset_version=17,
        dynamo=False,
    )


def serve(speak: Speak, answers: TextIO, load_s: float) -> None:
    """Answers requests until stdin ends."""
    print(json.dumps({"load_s": round(load_s, 3)}), file=answers, flush=True)
    for row in sys.stdin:
        request = json.loads(row)
        spoken = []
        for number, line in enumerate(request["lines"]):
            wall, cpu = time.perf_counter(), time.process_time()
            samples = speak(line["phonemes"], line["voice"])
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            spoken.append({"audio_s": len(samples) / SAMPLE_RATE, "wall_s": wall, "cpu_s": cpu})
            if request.get("wav"):
                _write(Path(request["wav"]) / f"{line.get('number', number):03d}.wav", samples)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"lines": spoken, "peak_bytes": peak}), file=answers, flush=True)


def _write(path: Path, samples: Any) -> None:
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("engine", choices=["kokoro", "onnx-int8", "onnx-fp32", "export"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    if given.engine == "export":
        export(given.folder)
        return
    # The packages print to stdout too: what they say goes to stderr, and the pipe stays ours.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    began = time.perf_counter()
    if given.engine == "kokoro":
        speak = reference(given.folder, given.threads)
    else:
        speak = onnx(given.folder, given.threads, f"{given.engine.removeprefix('onnx-')}.onnx")
    serve(speak, answers, time.perf_counter() - began)


if __name__ == "__main__":
    main()
