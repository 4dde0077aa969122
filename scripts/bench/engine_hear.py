"""What an independent recognizer hears in a folder of sounds, and how good DNSMOS finds them.

Runs in an environment of its own (`faster-whisper==1.2.1`, `speechmos==0.0.1.1`, `librosa`); prints one JSON
object: `{"heard": [text of each .wav, in name order], "dnsmos": {"ovrl_mos": mean, ...} or null}`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

LISTEN_HZ = 16_000


def hear(sounds: list[Path], model: Path) -> list[str]:
    """The recognized text of each sound."""
    from faster_whisper import WhisperModel

    listener = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=2)
    heard = []
    for sound in sounds:
        segments, _ = listener.transcribe(
            str(sound), language="en", beam_size=5, condition_on_previous_text=False
        )
        heard.append(" ".join(segment.text for segment in segments))
    return heard


def judge(sounds: list[Path]) -> dict[str, Any] | None:
    """Mean DNSMOS of the sounds; None where the package is not installed."""
    if importlib.util.find_spec("speechmos") is None:
        return None
    import librosa
    from speechmos import dnsmos

    marks = [dnsmos.run(librosa.load(sound, sr=LISTEN_HZ)[0], sr=LISTEN_HZ) for sound in sounds]
    names = [name for name, value in marks[0].items() if name.endswith("_mos") and value is not None]
    return {name: round(sum(float(mark[name]) for mark in marks) / len(marks), 3) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    given = parser.parse_args()
    sounds = sorted(given.folder.glob("*.wav"))
    print(json.dumps({"heard": hear(sounds, given.model), "dnsmos": judge(sounds)}))


if __name__ == "__main__":
    main()
