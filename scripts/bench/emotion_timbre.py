"""Finds the direction in Kokoro's timbres from soft to pressed, and writes pipeline/engines/kokoro/timbre.json.

    .venv/bin/python scripts/bench/emotion_timbre.py FOLDER --ear-python EAR/bin/python

All English voices say two sentences; their alpha ratio (dB of 1-5 kHz over 50 Hz-1 kHz in voiced speech) is
regressed on the timbre half of their styles, within each gender, so that the direction is one of effort and not
of who speaks. Its length is a fraction of how far voices lie apart, so that everyone stays themselves.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from emotion import ENGLISH, Clip, run_ear, speak_clips
from emotion_judge import NEUTRAL, Clips, read_clips

from pipeline.engines.base import VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.files import write_json
from pipeline.registry.weights import WeightStore

Array = npt.NDArray[np.float64]
TARGET = Path(__file__).parents[2] / "pipeline" / "engines" / "kokoro" / "timbre.json"
SENTENCES = (1, 2)
TIMBRE = 128
# Rows of a voice for lines of these lengths in tokens are averaged.
LENGTHS = range(20, 120, 10)
# Voices lie 1.5 from their gender's mean. Measured at 0.5: -5 and +4 dB of alpha ratio, F0 and durations unmoved.
LENGTH = 0.4
# Half of the mean squared distance: 28 voices are few for 128 dimensions.
RIDGE_SHARE = 0.5


def soft_to_pressed(styles: Array, alpha_db: Array, female: npt.NDArray[np.bool_]) -> Array:
    """The unit direction (128,) along which voices of one gender have more above 1 kHz.

    Args:
        styles: (voices, 128), the timbre half of each.
        alpha_db: (voices,), of each.
        female: (voices,), which are.
    Source: Hoerl & Kennard 1970, ridge regression, in its dual form.
    """
    x, y = styles.copy(), alpha_db.copy()
    for group in (female, ~female):
        x[group] -= x[group].mean(axis=0)
        y[group] -= y[group].mean()
    gram = x @ x.T
    ridge = RIDGE_SHARE * np.trace(gram) / len(gram)
    direction = x.T @ np.linalg.solve(gram + ridge * np.eye(len(gram)), y)
    return np.asarray(direction / np.linalg.norm(direction))


def timbres(voices: list[str]) -> Array:
    """The timbre half of each voice's style, a mean over lengths of lines: (voices, 128)."""
    from pipeline.engines.kokoro.voices import VoiceTables

    catalogue, store, tables = load_catalogue(), WeightStore(), VoiceTables()
    rows = []
    for voice in voices:
        part = VoicePart(voice, 1.0, store.ensure_voice(catalogue.voice(f"kokoro/{voice}")))
        rows.append(np.mean([tables.row((part,), tokens)[:TIMBRE].numpy() for tokens in LENGTHS], axis=0))
    return np.array(rows, dtype=np.float64)


def alpha_ratios(heard: Clips, voices: list[str]) -> Array:
    """The mean alpha ratio of each voice in dB: (voices,)."""
    return np.array(
        [np.mean([clip.measured["alpha_db"] for clip in heard if clip.voice == voice]) for voice in voices]
    )


def main() -> None:
    """Speaks, measures, regresses, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ear-python", required=True)
    parser.add_argument("--out", type=Path, default=TARGET)
    args = parser.parse_args()
    entries = load_catalogue().engine("kokoro").voices
    voices = sorted(entry.name for entry in entries if entry.language.startswith("en-"))
    # One accent for all: the same phonemes, so that nothing but the voice differs.
    wanted = [
        Clip(f"{NEUTRAL}/{voice}-{number:02d}.wav", NEUTRAL, voice, "en-us", number, ENGLISH[number])
        for voice in voices
        for number in SENTENCES
    ]
    speak_clips(args.folder, wanted)
    run_ear(args.ear_python, "voice", args.folder)
    female = np.array([voice[1] == "f" for voice in voices])
    direction = soft_to_pressed(timbres(voices), alpha_ratios(read_clips(args.folder), voices), female)
    source = f"scripts/bench/emotion_timbre.py: {len(voices)} English voices, {len(SENTENCES)} sentences each"
    write_json(args.out, {"source": source, "direction": [round(float(v), 5) for v in direction * LENGTH]})


if __name__ == "__main__":
    main()
