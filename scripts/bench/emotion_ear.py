"""What is heard in the clips of `emotion.py`: pitch, level and voice quality, words, or quality of sound.

Runs in environments of its own and imports nothing of fullcast (docs/kokoro-emotions.md says what to install):

    EAR/bin/python scripts/bench/emotion_ear.py voice FOLDER      Praat's pitch tracker; GPL, so never a dependency
    EAR/bin/python scripts/bench/emotion_ear.py quality FOLDER    DNSMOS P.835
    ASR/bin/python scripts/bench/emotion_ear.py words FOLDER --model WHISPER_FOLDER

Each appends a row for each clip of FOLDER/clips.json (words: for each three sentences of one voice and emotion, under
the first one's name) to FOLDER/<what>.jsonl and skips what is there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float64]
Clip = dict[str, Any]
WINDOW_S = 0.025
STEP_S = 0.010
# Speech is what lies within this of the loudest 25 ms.
SPEECH_DB = 35.0
# First look, then the speaker's own range: floor and ceiling from the quartiles of the first.
# Source: De Looze & Hirst 2008, "Detecting changes in key and range for the automatic modelling and coding of
# intonation"; a wider ceiling than theirs, since surprise goes beyond 1.5 times the upper quartile.
FIRST_HZ = (60.0, 700.0)
FLOOR_OF_LOWER_QUARTILE = 0.75
CEILING_OF_UPPER_QUARTILE = 2.2
ENDING_S = 0.10
REFERENCE_HZ = 100.0
MOS_HZ = 16_000
# A recognizer hears 30 s at a time: sentences of one voice and emotion go together, with a pause between.
SENTENCES_TOGETHER = 3
BETWEEN_S = 0.5
SPELLED = {"harbour": "harbor", "10": "ten", "3": "three", "7": "seven", "9": "nine"}
CHINESE_FIGURES = str.maketrans("0123456789", "零一二三四五六七八九")


def voice(wave: Wave, sample_rate: int) -> dict[str, float]:
    """The correlates of one clip: seconds, dB, semitones over 100 Hz."""
    import parselmouth
    from parselmouth.praat import call

    sound = parselmouth.Sound(wave, sample_rate)
    times, hertz = _pitch(sound)
    semitones = 12 * np.log2(hertz / REFERENCE_HZ)
    levels = _levels(wave, sample_rate)
    speech = np.flatnonzero(levels > levels.max() - SPEECH_DB)
    inside = levels[speech[0] : speech[-1] + 1]
    slope = np.polyfit(times, semitones, 1)[0] * (times[-1] - times[0])
    harmonicity = call(sound, "To Harmonicity (cc)", STEP_S, 75, 0.1, 1.0).values[0]
    return {
        "speech_s": float(len(inside) * STEP_S),
        "level_db": float(10 * np.log10(np.mean(10 ** (levels[speech] / 10)))),
        "f0": float(np.median(semitones)),
        "f0_range": float(np.percentile(semitones, 90) - np.percentile(semitones, 10)),
        "slope": float(slope),
        "ending": float(np.median(semitones[times > times[-1] - ENDING_S]) - np.median(semitones)),
        "alpha_db": _alpha_ratio(wave, sample_rate, times),
        "hnr_db": float(np.mean(harmonicity[harmonicity > -100])),
        "pause_share": float(np.mean(inside <= levels.max() - SPEECH_DB)),
    }


def _pitch(sound: Any) -> tuple[Wave, Wave]:
    """Times (s) and F0 (Hz) of the voiced steps, by Praat's autocorrelation method in two passes."""
    lowest, highest = FIRST_HZ
    for _ in range(2):
        pitch = sound.to_pitch_ac(time_step=STEP_S, pitch_floor=lowest, pitch_ceiling=highest)
        hertz = pitch.selected_array["frequency"]
        voiced = hertz > 0
        lower, upper = np.percentile(hertz[voiced], [25, 75])
        lowest = max(50.0, FLOOR_OF_LOWER_QUARTILE * lower)
        highest = min(800.0, CEILING_OF_UPPER_QUARTILE * upper)
    return pitch.xs()[voiced], hertz[voiced]


def _windows(wave: Wave, sample_rate: int) -> Wave:
    """The wave in steps of 10 ms, (steps, window samples)."""
    window, step = round(WINDOW_S * sample_rate), round(STEP_S * sample_rate)
    return np.lib.stride_tricks.sliding_window_view(wave, window)[::step]


def _levels(wave: Wave, sample_rate: int) -> Wave:
    """RMS of each step in dBFS."""
    return 20 * np.log10(np.sqrt(np.mean(_windows(wave, sample_rate) ** 2, axis=1)) + 1e-9)


def _alpha_ratio(wave: Wave, sample_rate: int, voiced_s: Wave) -> float:
    """dB by which 1-5 kHz lies over 50 Hz-1 kHz in voiced speech: pressed voices have more, soft ones less.

    Source: Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set", alpha ratio.
    """
    windows = _windows(wave, sample_rate)
    steps = np.clip(np.round((voiced_s - WINDOW_S / 2) / STEP_S).astype(int), 0, len(windows) - 1)
    chosen = windows[steps] * np.hanning(windows.shape[1])
    power = np.mean(np.abs(np.fft.rfft(chosen, 1024)) ** 2, axis=0)
    hertz = np.fft.rfftfreq(1024, 1 / sample_rate)
    high = power[(hertz >= 1000) & (hertz < 5000)].sum()
    low = power[(hertz >= 50) & (hertz < 1000)].sum()
    return float(10 * np.log10(high / low))


def quality(wave: Wave, sample_rate: int) -> dict[str, float]:
    """DNSMOS P.835 of one clip: overall and signal, 1 to 5. Source: Reddy, Gopal & Cutler 2022."""
    from librosa import resample
    from speechmos import dnsmos

    narrow = resample(wave, orig_sr=sample_rate, target_sr=MOS_HZ).astype(np.float32)
    found = dnsmos.run(narrow / max(1.0, float(np.abs(narrow).max())), MOS_HZ)
    return {"overall_mos": float(found["ovrl_mos"]), "signal_mos": float(found["sig_mos"])}


def words_of(text: str, language: str) -> list[str]:
    """Words without case and punctuation; for Chinese the syllables without tones, whatever the characters."""
    if language == "zh":
        from pypinyin import lazy_pinyin

        said = text.translate(CHINESE_FIGURES)
        return [syllable for syllable in lazy_pinyin(said) if syllable.isalpha()]
    kept = "".join(letter if letter.isalnum() or letter == "'" else " " for letter in text.lower())
    return [SPELLED.get(word, word) for word in kept.split()]


def word_errors(spoken: Sequence[str], heard: Sequence[str]) -> int:
    """Words replaced, missing or added, at least (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(spoken, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def listener(model: Path) -> Callable[[Sequence[Clip], Path], dict[str, Any]]:
    """A recognizer: what is heard of some sentences one after another, and how many words are wrong."""
    from faster_whisper import WhisperModel
    from faster_whisper.audio import decode_audio

    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)
    pause = np.zeros(round(BETWEEN_S * MOS_HZ), dtype=np.float32)

    def hear(clips: Sequence[Clip], folder: Path) -> tuple[str, int]:
        waves = [decode_audio(str(folder / clip["file"]), sampling_rate=MOS_HZ) for clip in clips]
        passage = np.concatenate([part for wave in waves for part in (wave, pause)])
        language = clips[0]["language"]
        segments, _ = whisper.transcribe(
            passage, language=language[:2], beam_size=5, condition_on_previous_text=False
        )
        heard = "".join(segment.text for segment in segments).strip()
        return heard, word_errors(_spoken(clips), words_of(heard, language))

    def listen(clips: Sequence[Clip], folder: Path) -> dict[str, Any]:
        heard, errors = hear(clips, folder)
        row = {"heard": heard, "words": len(_spoken(clips)), "errors": errors, "sentences": len(clips)}
        if errors and len(clips) > 1:
            # At a seam "mill. The" is heard as "mills": each by itself, and the better hearing counts.
            alone = [hear([clip], folder) for clip in clips]
            row["alone"] = " ".join(text for text, _ in alone)
            row["errors"] = min(errors, sum(wrong for _, wrong in alone))
        return row

    return listen


def _spoken(clips: Sequence[Clip]) -> list[str]:
    return words_of(" ".join(clip["text"] for clip in clips), clips[0]["language"])


def together(clips: Sequence[Clip]) -> list[list[Clip]]:
    """Sentences of one voice and emotion in groups of three."""
    groups: dict[tuple[str, str, int], list[Clip]] = {}
    for clip in clips:
        place = (clip["emotion"], clip["voice"], clip["sentence"] // SENTENCES_TOGETHER)
        groups.setdefault(place, []).append(clip)
    return list(groups.values())


def _measure(
    what: Callable[[Wave, int], dict[str, float]],
) -> Callable[[Sequence[Clip], Path], dict[str, Any]]:
    import soundfile

    def measured(clips: Sequence[Clip], folder: Path) -> dict[str, Any]:
        return what(*soundfile.read(folder / clips[0]["file"], dtype="float64"))

    return measured


def main() -> None:
    """Measures what is not measured yet; a group of sentences is heard when all of it is there."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["voice", "quality", "words"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, help="folder of a faster-whisper model, for words")
    parser.add_argument("--first", type=int, help="only the first so many sentences of each voice")
    args = parser.parse_args()
    if args.what == "words" and args.model is None:
        sys.exit("words: say --model FOLDER")
    ears = {"voice": lambda: _measure(voice), "quality": lambda: _measure(quality)}
    hear = listener(args.model) if args.what == "words" else ears[args.what]()
    clips = json.loads((args.folder / "clips.json").read_text(encoding="utf-8"))
    chosen = [clip for clip in clips if args.first is None or clip["sentence"] < args.first]
    groups = together(chosen) if args.what == "words" else [[clip] for clip in chosen]
    results = args.folder / f"{args.what}.jsonl"
    rows = results.read_text(encoding="utf-8").splitlines() if results.is_file() else []
    done = {json.loads(row)["file"] for row in rows}
    with results.open("a", encoding="utf-8") as file:
        for group in groups:
            there = all((args.folder / clip["file"]).is_file() for clip in group)
            if there and group[0]["file"] not in done:
                row = {"file": group[0]["file"], **hear(group, args.folder)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                file.flush()


if __name__ == "__main__":
    main()
