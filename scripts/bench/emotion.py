"""Is a feeling that was asked for heard? Neutral sentences in eight emotions, measured against neutral.

    .venv/bin/python scripts/bench/emotion.py CLIPS --ear-python EAR/bin/python \\
        --asr-python ASR/bin/python --asr-model WHISPER_FOLDER

CLIPS keeps the clips and what was measured, so that an interrupted run goes on; a folder made with other moves
is refused. Results: scripts/bench/results/emotion.json, docs/images/emotions.svg, and CLIPS/listen.html, a blind
listening test for people. Pitch, words and quality are measured in other environments (emotion_ear.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from emotion_judge import Clips, judge, read_clips
from emotion_page import chart, listening_page
from measure import keep, machine, table

from pipeline.direction import Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import load_catalogue
from pipeline.files import atomic_path, write_json, write_text
from pipeline.hashing import digest
from pipeline.registry.weights import WeightStore

EMOTIONS = ("neutral", "happy", "sad", "angry", "afraid", "disgusted", "surprised", "tender")
MODEL = "kokoro@1.0"
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george", "af_bella", "zf_xiaobei")
LANGUAGES = {"a": "en-us", "b": "en-gb", "z": "zh"}
SEED = 7
CHART = Path(__file__).parents[2] / "docs" / "images" / "emotions.svg"
EAR = Path(__file__).with_name("emotion_ear.py")

# Facts that ask for no feeling, 1.5 to 3 s long, so that only the voice can tell.
ENGLISH = (
    "The boat came back to the harbor before noon.",
    "She put the letter on the kitchen table.",
    "They are going to open the door now.",
    "There are seven people waiting in the hall.",
    "He walked along the river to the old mill.",
    "The train to the city leaves at nine.",
    "My brother has moved into the house next door.",
    "We found the keys under the blue chair.",
    "The window on the second floor is open.",
    "Her sister will be here in ten minutes.",
    "The paper was on the desk this morning.",
    "It has been raining since four o'clock.",
    "The men are carrying the boxes upstairs.",
    "You can see the road from the garden.",
    "The teacher wrote three words on the board.",
    "There is a bag of apples in the car.",
    "He told them about the bridge on Monday.",
    "The lamp in the corner has gone out.",
    "I have read the first page of the book.",
    "The doctor is coming down the stairs.",
)
CHINESE = (
    "船在中午以前回到了港口。",
    "她把信放在厨房的桌子上。",
    "他们现在要把门打开。",
    "大厅里有七个人在等。",
    "他沿着河走到了老磨坊。",
)


@dataclass(frozen=True)
class Clip:
    """One sentence by one voice in one emotion; `file` is relative to the folder of clips."""

    file: str
    emotion: str
    voice: str
    language: str
    sentence: int
    text: str


def clips(sentences: int, voices: int) -> Iterator[Clip]:
    """All clips, a sentence in all voices and emotions at a time: whatever is there at a stop is balanced."""
    for number in range(sentences):
        for voice in VOICES[-voices:] if voices < 0 else VOICES[:voices]:
            language = LANGUAGES[voice[0]]
            texts = CHINESE if language == "zh" else ENGLISH
            for emotion in EMOTIONS if number < len(texts) else ():
                file = f"{emotion}/{voice}-{number:02d}.wav"
                yield Clip(file, emotion, voice, language, number, texts[number])


def render(folder: Path, wanted: list[Clip]) -> dict[str, Any]:
    """Speaks the clips that are missing; gives what the engine says of each emotion.

    Raises:
        SystemExit: the folder holds clips made with other moves, or a clip cannot be spoken.
    """
    from pipeline.engines.kokoro.prosody import deliver

    realised = {}
    for emotion in EMOTIONS:
        _, realisation, _ = deliver(Direction(Emotion.from_label(emotion)))
        realised[emotion] = {"parameters": dict(realisation.parameters), "note": realisation.note}
    moves = folder / "moves.json"
    made_with = digest([row["parameters"] for row in realised.values()])
    if moves.is_file() and json.loads(moves.read_text(encoding="utf-8"))["digest"] != made_with:
        sys.exit(f"{folder} holds clips made with other moves; give another folder")
    write_json(moves, {"digest": made_with, "emotions": realised})
    speak_clips(folder, wanted)
    return realised


def speak_clips(folder: Path, wanted: list[Clip]) -> None:
    """Speaks the clips that are missing in the folder, and lists all of them in its `clips.json`."""
    from pipeline.engines.kokoro.engine import KokoroEngine

    write_json(folder / "clips.json", [asdict(clip) for clip in wanted])
    missing = [clip for clip in wanted if not (folder / clip.file).is_file()]
    if not missing:
        return
    catalogue, store = load_catalogue(), WeightStore()
    files = dict(store.ensure(catalogue.model(MODEL)).files)
    engine = KokoroEngine()
    engine.load(LoadRequest(MODEL, files, "cpu", 1, folder / "scratch"))
    for clip in missing:
        state = store.ensure_voice(catalogue.voice(f"kokoro/{clip.voice}"))
        direction = Direction(Emotion.from_label(clip.emotion))
        voice = (VoicePart(clip.voice, 1.0, state),)
        _say(engine, Utterance(clip.text, clip.language, voice, direction, SEED), folder / clip.file)


def _say(engine: Any, utterance: Utterance, path: Path) -> None:
    import soundfile

    speech = engine.synthesize([utterance])[0]
    if not isinstance(speech, Speech):
        sys.exit(f"{utterance.text}: {speech}")
    audio = speech.audio
    with atomic_path(path) as temporary:
        soundfile.write(temporary, np.ravel(audio.samples), audio.sample_rate, subtype="PCM_16")


def listen(args: argparse.Namespace) -> None:
    """Has the clips measured in the other environments."""
    run_ear(args.ear_python, "voice", args.folder)
    run_ear(args.ear_python, "quality", args.folder, "--first", str(args.mos))
    if args.asr_python:
        run_ear(args.asr_python, "words", args.folder, "--model", str(args.asr_model))


def run_ear(python: str, what: str, folder: Path, *options: str) -> None:
    """Runs `emotion_ear.py` in another environment.

    Raises:
        SystemExit: it failed there.
    """
    if subprocess.run([python, str(EAR), what, str(folder), *options], check=False).returncode:
        sys.exit(f"{EAR.name} {what} failed in {python}")


def show(verdict: dict[str, Any]) -> None:
    """Prints the tables of a verdict."""
    rows = verdict["effects"]
    names = list(next(iter(rows.values())))
    print(
        table(["against neutral", *names], [[e, *(_cell(row[n]) for n in names)] for e, row in rows.items()])
    )
    for name in ("learnt", "literature"):
        told = verdict[name]
        print(f"\n{name}: {told['accuracy']:.0%} right, chance {told['chance']:.0%}")
        labels = list(told["confusion"])
        lines = [[label, *told["confusion"][label].values()] for label in labels]
        print(table(["asked", *told["confusion"][labels[0]]], lines))


def _cell(effect: dict[str, Any]) -> str:
    return f"{effect['mean']:+.2f} {effect['verdict']}"


def main() -> None:
    """Renders, listens, judges, draws."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sentences", type=int, default=len(ENGLISH))
    parser.add_argument(
        "--voices", type=int, default=len(VOICES), help="the first so many; negative: the last"
    )
    parser.add_argument("--ear-python", help="with praat-parselmouth, speechmos, librosa and soundfile")
    parser.add_argument("--asr-python", help="with faster-whisper, for words; pypinyin for Chinese")
    parser.add_argument("--asr-model", type=Path)
    parser.add_argument("--as-is", action="store_true", help="judge the clips that are there, render no more")
    parser.add_argument("--mos", type=int, default=2, help="how many sentences of each voice DNSMOS hears")
    args = parser.parse_args()
    before = machine()
    wanted = list(clips(args.sentences, args.voices))
    if args.as_is:
        wanted = [clip for clip in wanted if (args.folder / clip.file).is_file()]
    realised = render(args.folder, wanted)
    if args.ear_python is None:
        sys.exit("rendered; say --ear-python to have it measured")
    listen(args)
    heard: Clips = read_clips(args.folder)
    verdict = judge(heard)
    show(verdict)
    voices = dict.fromkeys(clip.voice for clip in wanted)
    sentences = {voice: len({clip.sentence for clip in wanted if clip.voice == voice}) for voice in voices}
    keep("emotion", {"clips": len(heard), "sentences": sentences, "moves": realised, **verdict}, before)
    write_text(CHART, chart(verdict))
    write_text(args.folder / "listen.html", listening_page(args.folder, wanted))


if __name__ == "__main__":
    main()
