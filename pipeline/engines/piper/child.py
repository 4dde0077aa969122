"""The other side of the pipe: speaks with piper-tts, in a process and under an interpreter of its own.

Run as a script by `process.py`, never imported by fullcast; it imports nothing of ours, so that any Python
from 3.9 that has piper-tts can run it. Standard input and output carry one JSON row for each message:

    -> {"model": path, "config": path, "threads": n}
    <- {"piper": version, "sample_rate": Hz}
    -> {"text": ..., "seed": n, "speaker": n or null, "scales": [noise, length, noise_w]}
    <- {"bytes": n, "phonemes": ...} and then n bytes, float32 little-endian, mono

or, where it cannot, {"error": what, "kind": "missing" | "load" | "line"}. It ends when its input ends.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any, BinaryIO

NOISE_PREFIX = "fullcast_noise_"


def main() -> None:
    """Answers until the input ends."""
    answers = _take_standard_output()
    requests = sys.stdin.buffer
    # A module of this folder must not stand before one of the same name elsewhere.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != os.path.dirname(__file__)]  # noqa: PTH100, PTH120
    voice: Any = None
    for row in requests:
        request = json.loads(row)
        try:
            if "model" in request:
                voice = _load(request)
                _send(answers, {"piper": _version(), "sample_rate": voice.config.sample_rate})
            else:
                samples, phonemes = _speak(voice, request)
                _send(answers, {"bytes": len(samples), "phonemes": phonemes}, samples)
        except ModuleNotFoundError as error:
            _send(answers, {"error": str(error), "kind": "missing"})
        except Exception as error:  # the border: whatever piper or its runtime raises is told, not traced
            kind = "load" if "model" in request else "line"
            _send(answers, {"error": f"{type(error).__name__}: {error}", "kind": kind})


def _take_standard_output() -> BinaryIO:
    """The pipe for answers; what libraries print goes to the error stream instead."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _send(answers: BinaryIO, message: dict[str, Any], data: bytes = b"") -> None:
    answers.write(json.dumps(message).encode() + b"\n" + data)
    answers.flush()


def _version() -> str:
    return str(importlib.import_module("importlib.metadata").version("piper-tts"))


def _load(request: dict[str, Any]) -> Any:
    runtime = importlib.import_module("onnxruntime")
    piper = importlib.import_module("piper")
    config = importlib.import_module("piper.config")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(
        request["model"], sess_options=options, providers=["CPUExecutionProvider"]
    )
    with open(request["config"], encoding="utf-8") as file:  # noqa: PTH123
        settings = config.PiperConfig.from_dict(json.load(file))
    return piper.PiperVoice(session=session, config=settings)


def _speak(voice: Any, request: dict[str, Any]) -> tuple[bytes, str]:
    """The samples of all sentences one after the other, and their phonemes."""
    pieces: list[bytes] = []
    said: list[str] = []
    for number, phonemes in enumerate(voice.phonemize(request["text"])):
        if not phonemes:
            continue
        pieces.append(_sentence(voice, voice.phonemes_to_ids(phonemes), request, number))
        said.append("".join(phonemes))
    return b"".join(pieces), " ".join(said)


def _sentence(voice: Any, ids: list[int], request: dict[str, Any], number: int) -> bytes:
    numpy = importlib.import_module("numpy")
    feed: dict[str, Any] = {
        "input": numpy.array([ids], dtype=numpy.int64),
        "input_lengths": numpy.array([len(ids)], dtype=numpy.int64),
        "scales": numpy.array(request["scales"], dtype=numpy.float32),
    }
    for index, given in enumerate(voice.session.get_inputs()):
        if given.name.startswith(NOISE_PREFIX):
            generator = numpy.random.Generator(numpy.random.PCG64([request["seed"], number, index]))
            feed[given.name] = generator.standard_normal(given.shape, dtype=numpy.float32)
        elif given.name == "sid":
            feed["sid"] = numpy.array([request["speaker"] or 0], dtype=numpy.int64)
    samples = voice.session.run(None, feed)[0].reshape(-1)
    return bytes(numpy.ascontiguousarray(samples, dtype="<f4").tobytes())


if __name__ == "__main__":
    main()
