"""What a recognizer hears in sounds, and how good DNSMOS finds them: runs in a Python of its own.

`python hearing_child.py MODEL` with a JSON list of `[path, language]` on its standard input; prints a JSON
object on its last row: `heard` (texts, or null) and `dnsmos` (overall marks, or null), in the same order, and
`missing`, what is not installed. Imports nothing of fullcast.
"""

from __future__ import annotations

import importlib.util
import json
import sys

LISTEN_HZ = 16_000


def hear(sounds: list[list[str]], model: str) -> list[str]:
    """The recognized text of each sound."""
    from faster_whisper import WhisperModel

    listener = WhisperModel(model, device="cpu", compute_type="int8")
    heard = []
    for path, language in sounds:
        segments, _ = listener.transcribe(
            path, language=language, beam_size=5, condition_on_previous_text=False
        )
        heard.append(" ".join(segment.text.strip() for segment in segments))
    return heard


def judge(sounds: list[list[str]]) -> list[float]:
    """The overall DNSMOS mark of each sound, 1 to 5."""
    import librosa
    from speechmos import dnsmos

    marks = [dnsmos.run(librosa.load(path, sr=LISTEN_HZ)[0], sr=LISTEN_HZ) for path, _ in sounds]
    return [round(float(mark["ovrl_mos"]), 3) for mark in marks]


def main() -> None:
    """Does what is asked with what is installed."""
    sounds = json.load(sys.stdin)
    missing = [name for name in ("faster_whisper", "speechmos") if importlib.util.find_spec(name) is None]
    answer = {
        "heard": None if "faster_whisper" in missing else hear(sounds, sys.argv[1]),
        "dnsmos": None if "speechmos" in missing else judge(sounds),
        "missing": missing,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
