"""Inspects a published book as a hostile listener would: the sound of every chapter against its timeline.

    .venv/bin/python scripts/quality/inspect_book.py output/BOOK/book.json [--transcript FILE] [--out FILE]

Exit code 1: something is wrong. What is checked and why: docs/quality.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from soundness import (
    DEAD_AIR_S,
    Fault,
    Stretch,
    clipping,
    dbfs,
    dead_air,
    dropouts,
    heard_edges,
    joins,
    silent_lines,
    speech_in_gaps,
)

from pipeline.audio import Audio, read_audio
from pipeline.levels import LoudnessMeter
from pipeline.stitch.presets import PRESETS, Preset

HEAD_S = (0.5, 1.0)
TAIL_S = (1.0, 5.0)
LENGTH_TOLERANCE_S = 0.060  # an mp3 decoder may leave its padding of at most two frames
VOICE_SPREAD_LU = 4.0
PACE_FACTORS = (0.5, 2.0)
# Shorter lines are mostly edges: "Eight," has no pace.
PACED_CHARACTERS = 15
PAUSE_SLACK_S = 0.25


def inspect_chapter(book: Path, chapter: dict[str, Any], preset: Preset) -> list[Fault]:
    """All that is wrong with one chapter's file."""
    file = chapter["file"]
    sound = read_audio(book.parent / file)
    wave, rate_hz = sound.to_mono().samples[:, 0], sound.sample_rate
    lines = [Stretch(line["id"], line["start_s"], line["end_s"]) for line in chapter["lines"]]
    sounds = [Stretch(one["file"], one["start_s"], one["end_s"]) for one in chapter["sounds"]]
    return [
        *_length(file, sound, chapter),
        *joins(file, wave, rate_hz, lines, sounds),
        *clipping(file, wave, rate_hz),
        *dropouts(file, wave, rate_hz),
        *dead_air(file, wave, rate_hz, _pauses(lines), DEAD_AIR_S),
        *speech_in_gaps(file, wave, rate_hz, lines, sounds),
        *silent_lines(file, wave, rate_hz, lines),
        *_order(file, lines),
        *_edges(file, sound),
        *_levels(file, sound, preset),
    ]


def _levels(file: str, sound: Audio, preset: Preset) -> Iterator[Fault]:
    loudness = measured_lufs(sound)
    if preset.measure == "lufs" and abs(loudness - preset.target) > preset.tolerance:
        allowed = f"{preset.target} +-{preset.tolerance}"
        yield Fault("loudness of the chapter", file, 0.0, round(loudness, 2), allowed)
    peak_dbfs = dbfs(float(np.max(np.abs(sound.samples), initial=0.0)))
    if preset.ceiling_db is not None and peak_dbfs > preset.ceiling_db:
        yield Fault("sample peak", file, 0.0, round(peak_dbfs, 2), preset.ceiling_db)


def measured_lufs(sound: Audio) -> float:
    """Integrated loudness of a sound; mono is measured as two equal channels."""
    meter = LoudnessMeter(sound.sample_rate, sound.channels)
    meter.push(sound.samples)
    return meter.finish().integrated_lufs


def _pauses(lines: Sequence[Stretch]) -> list[Stretch]:
    """Gaps that the timeline itself has longer than dead air: the author wrote a pause there."""
    return [
        Stretch("pause", one.end_s - PAUSE_SLACK_S, two.start_s)
        for one, two in pairwise(lines)
        if two.start_s - one.end_s > DEAD_AIR_S
    ]


def _length(file: str, sound: Audio, chapter: dict[str, Any]) -> Iterator[Fault]:
    difference_s = sound.duration_s - chapter["duration_s"]
    if abs(difference_s) > LENGTH_TOLERANCE_S:
        yield Fault("length differs from the timeline", file, 0.0, round(difference_s, 3), LENGTH_TOLERANCE_S)


def _order(file: str, lines: Sequence[Stretch]) -> Iterator[Fault]:
    for one, two in pairwise(lines):
        if two.start_s < one.end_s:
            yield Fault(
                f"{two.name} begins before {one.name} ends", file, two.start_s, two.start_s, one.end_s
            )
    ids = [line.name for line in lines]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield Fault("line stands twice", file, 0.0, name, "once")


def _edges(file: str, sound: Audio) -> Iterator[Fault]:
    start_s, end_s = heard_edges(sound.to_mono().samples[:, 0], sound.sample_rate)
    for name, value_s, (least, most) in (
        ("head", start_s, HEAD_S),
        ("tail", sound.duration_s - end_s, TAIL_S),
    ):
        if not least <= round(value_s, 2) <= most:
            yield Fault(name, file, 0.0 if name == "head" else end_s, round(value_s, 3), f"{least}..{most}")


def paces(book: dict[str, Any], spoken: dict[str, dict[str, Any]]) -> tuple[dict[str, float], list[Fault]]:
    """Seconds a character of every voice (the median), and lines that are far off it."""
    by_voice: dict[str, list[tuple[float, str, dict[str, Any]]]] = defaultdict(list)
    found = []
    for chapter in book["chapters"]:
        for line in chapter["lines"]:
            said = spoken[line["id"]]["spoken"]
            characters = sum(character.isalnum() for character in said)
            lasts_s = line["end_s"] - line["start_s"]
            cjk = any("\u3400" <= character <= "\u9fff" for character in said)
            longest_s = 1.5 + 0.75 * (characters if cjk else len(said.split()))
            if lasts_s > longest_s:
                name = f"{line['id']} is long"
                found.append(Fault(name, chapter["file"], line["start_s"], round(lasts_s, 2), longest_s))
            if characters >= (PACED_CHARACTERS // 3 if cjk else PACED_CHARACTERS):
                voice = spoken[line["id"]]["voice"]
                by_voice[voice].append((lasts_s / characters, chapter["file"], line))
    medians = {voice: statistics.median(pace for pace, _, _ in each) for voice, each in by_voice.items()}
    for voice, each in by_voice.items():
        low, high = (factor * medians[voice] for factor in PACE_FACTORS)
        found += [
            Fault(f"pace of {line['id']}", file, line["start_s"], round(pace, 4), f"{low:.4f}..{high:.4f}")
            for pace, file, line in each
            if not low <= pace <= high
        ]
    return {voice: round(median, 4) for voice, median in sorted(medians.items())}, found


def voice_loudness(
    book_file: Path, book: dict[str, Any], spoken: dict[str, dict[str, Any]]
) -> dict[str, float]:
    """Integrated loudness of all that a character says, one line behind the other, in LUFS."""
    parts: dict[str, list[Any]] = defaultdict(list)
    rate_hz = 0
    for chapter in book["chapters"]:
        sound = read_audio(book_file.parent / chapter["file"]).to_mono()
        rate_hz = sound.sample_rate
        for line in chapter["lines"]:
            span = slice(round(line["start_s"] * rate_hz), round(line["end_s"] * rate_hz))
            parts[line["character"]].append(sound.samples[span, 0])
    return {
        name: round(measured_lufs(Audio.mono(np.concatenate(each), rate_hz)), 2)
        for name, each in sorted(parts.items())
    }


def heard_order(transcript: dict[str, Any]) -> list[Fault]:
    """Lines of which the recognizer heard nothing, or something else, where the timeline has them."""
    return [
        Fault(f"{line['id']}: {', '.join(line['faults'])}", line["where"], line["start_s"], line["heard"],
              line["spoken"])
        for line in transcript["lines"]
        if line["faults"]
    ]  # fmt: skip


def inspect_m4b(book_file: Path, book: dict[str, Any]) -> list[Fault]:
    """Whether the .m4b has the book's chapters and is as long as they are."""
    import av

    path = book_file.parent / "book.m4b"
    if not path.exists():
        return [Fault("no book.m4b", "book.m4b", 0.0, "missing", "there")]
    with av.open(str(path)) as container:
        lasts_s = (container.duration or 0) / 1_000_000
        chapters = container.chapters()
    found = []
    if len(chapters) != len(book["chapters"]):
        found.append(Fault("chapters", path.name, 0.0, len(chapters), len(book["chapters"])))
    if abs(lasts_s - book["duration_s"]) > LENGTH_TOLERANCE_S:
        found.append(Fault("length", path.name, 0.0, round(lasts_s, 3), book["duration_s"]))
    for chapter, entry in zip(chapters, book["chapters"], strict=False):
        start_s = float(chapter["start"] * (chapter["time_base"] or Fraction(0)))
        expected_s = entry["book_start_samples"] / entry["sample_rate"]
        if abs(start_s - expected_s) > LENGTH_TOLERANCE_S:
            found.append(
                Fault(f"start of '{entry['title']}'", path.name, start_s, round(start_s, 3), expected_s)
            )
    return found


def inspect(book_file: Path, transcript: Path | None, preset: str) -> tuple[dict[str, Any], list[Fault]]:
    """What was measured in a book, and every fault that was found."""
    book = json.loads(book_file.read_text(encoding="utf-8"))
    report = json.loads((book_file.parent / "report.json").read_text(encoding="utf-8"))
    spoken = {line["id"]: line for chapter in report["chapters"] for line in chapter["lines"]}
    found = [
        fault for each in book["chapters"] for fault in inspect_chapter(book_file, each, PRESETS[preset])
    ]
    pace, slow = paces(book, spoken)
    loudness = voice_loudness(book_file, book, spoken)
    spread = max(loudness.values()) - min(loudness.values()) if loudness else 0.0
    if spread > VOICE_SPREAD_LU:
        found.append(Fault("spread between voices", "book", 0.0, round(spread, 2), VOICE_SPREAD_LU))
    found += [*slow, *inspect_m4b(book_file, book)]
    found += [Fault("missing line", "book", 0.0, line_id, "spoken") for line_id in book["missing"]]
    if transcript is not None:
        found += heard_order(json.loads(transcript.read_text(encoding="utf-8")))
    chapters = {
        each["file"]: round(measured_lufs(read_audio(book_file.parent / each["file"])), 2)
        for each in book["chapters"]
    }
    measured = {"chapters_lufs": chapters, "characters_lufs": loudness, "spread_lu": round(spread, 2),
                "seconds_a_character": pace}  # fmt: skip
    return measured, found


def main() -> int:
    """The inspection; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("book", type=Path, help="book.json of a published book")
    parser.add_argument("--transcript", type=Path, help="what transcribe.py wrote with --out")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="audiobook")
    parser.add_argument("--out", type=Path, help="write all of it as JSON")
    asked = parser.parse_args()
    measured, found = inspect(asked.book, asked.transcript, asked.preset)
    for fault in found:
        print(fault)
    print(json.dumps(measured, ensure_ascii=False))
    print(f"{asked.book}: {len(found)} faults")
    if asked.out:
        whole = {"measured": measured, "faults": [fault.as_json() for fault in found]}
        asked.out.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
