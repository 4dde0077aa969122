"""Stitching, mastering and encoding against real time, and memory against the book's length.

The takes are made here, buzzing noise with the syllables and pauses of speech, and shared by all lines as the
store shares them. Each length runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from books import sentences, write_book
from measure import Cost, keep, machine, megabytes, run_command, spent, table

from pipeline.audio import Audio, Samples, encode_flac
from pipeline.direction import Realisation
from pipeline.hashing import digest, digest_bytes
from pipeline.levels import LoudnessMeter, measure_take
from pipeline.publish.aac_packets import PacketShelf
from pipeline.publish.aac_parts import PartCache
from pipeline.publish.chapters import ChapterMark, chapter_marks
from pipeline.publish.encode import FORMATS, Format, encode_chapter
from pipeline.publish.m4b import write_m4b
from pipeline.publish.tags import book_tags, chapter_tags
from pipeline.script.check import read_script
from pipeline.script.model import Line, Script
from pipeline.stitch.book import StitchedChapter, score_book, stitch_book
from pipeline.stitch.master import place_score, stitch_chapter
from pipeline.stitch.mix import mix_blocks
from pipeline.stitch.presets import PRESETS, Preset
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

SAMPLE_RATE = 24_000
TAKES = 60
CAST = {"narrator": "tone/low", "Ann": "tone/high", "Bob": "tone/mid"}
# A line of `sentences` with its pause, on average; the length is measured, this only sizes the book.
LINE_S = 6.4
CHAPTER_S = 900.0
SYLLABLES_HZ = 4.5
PITCH_HZ = 120.0
FORMAT: Format = "flac"
WHOLE = "all of it"
SPEEDS = ("x_real_time", "x_real_time_of_a_core")


def main() -> None:
    """Runs the bench, or one length of it in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="audiobook")
    parser.add_argument("--repeats", type=int, nargs="+", default=[3, 1], help="runs of each length")
    parser.add_argument("--here", type=Path, help="measure one length in this process, in this folder")
    parser.add_argument("--stages", action="store_true", help="with --here: each stage alone too")
    options = parser.parse_args()
    if options.here is not None:
        print(json.dumps(measured(options.here, options.hours[0], options.preset, options.stages)))
        return
    before = machine()
    found: list[dict[str, Any]] = []
    for hours, repeats in zip(options.hours, options.repeats, strict=True):
        # Stages cost as much in a long book as in a short one; whoever asks for one length gets them too.
        runs = [in_a_process(hours, options.preset, stages=not found) for _ in range(repeats)]
        found.append(middle(runs))
        show(found[-1:])
    ratio = found[-1]["peak_bytes"] / found[0]["peak_bytes"]
    print(
        f"\npeak of {found[-1]['audio_s'] / 3600:.1f} h over {found[0]['audio_s'] / 3600:.1f} h: {ratio:.2f}"
    )
    keep("stitch", {"preset": options.preset, "books": found, "peak_ratio": round(ratio, 3)}, before)


def in_a_process(hours: float, preset: str, stages: bool) -> dict[str, Any]:
    """The measurements of one length, with the peak memory of its process and the load while it ran."""
    with tempfile.TemporaryDirectory() as folder:
        args = [sys.executable, str(Path(__file__).resolve()), "--hours", str(hours), "--preset", preset]
        args += ["--here", folder, *(["--stages"] if stages else [])]
        run = run_command(args, Path(folder), Path(folder) / "log.txt")
    value: dict[str, Any] = json.loads(run.output[-1][1])
    load = [round(minutes, 2) for minutes in os.getloadavg()]
    return value | {"peak_bytes": run.peak_driver_bytes, "load_average_after": load}


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run with the median cost of the whole book, with the lowest and highest of all beside it."""
    ordered = sorted(runs, key=lambda run: float(run["book"][WHOLE]["x_real_time_of_a_core"]))
    ends = {name: [run["book"][WHOLE][name] for run in (ordered[0], ordered[-1])] for name in SPEEDS}
    return ordered[(len(ordered) - 1) // 2] | {"runs": len(runs), "lowest and highest": ends}


def measured(folder: Path, hours: float, preset_name: str, with_stages: bool) -> dict[str, Any]:
    """Seconds of the whole book, and of each stage alone on the first chapter.

    What `render` does beside it (captions, and decoding and measuring what was delivered) is not in it.
    """
    preset = PRESETS[preset_name]
    lines = round(hours * 3600 / LINE_S)
    chapters = max(2, round(hours * 3600 / CHAPTER_S))
    script = read_script(write_book(folder / "bench.md", CAST, sentences(lines), chapters))
    takes = speechlike_takes(folder / "store")
    numbers = {line.id: number for number, line in enumerate(script.lines())}

    def take_of(line: Line) -> Take:
        return takes[numbers[line.id] % TAKES]

    stages = stages_of_one(script, take_of, folder, preset_name) if with_stages else {}
    with spent() as stitching:
        stitched = stitch_book(
            script, take_of, range(len(script.chapters)), preset, folder / "store", lambda event: None
        )
    coding, copying = published(stitched, script, folder, preset)
    found = {"stitch": stitching, "book.m4b": coding, f"chapters as {FORMAT}": copying}
    whole = Cost(sum(cost.wall_s for cost in found.values()), sum(cost.cpu_s for cost in found.values()))
    audio_s = sum(one.master.timeline.duration_s for one in stitched)
    return {
        "audio_s": round(audio_s, 1),
        "lines": len(numbers),
        "chapters": len(stitched),
        "on_disk_bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "one chapter": stages,
        "book": {name: speed(audio_s, cost) for name, cost in (found | {WHOLE: whole}).items()},
    }


def published(
    stitched: Sequence[StitchedChapter], script: Script, folder: Path, preset: Preset
) -> tuple[Cost, Cost]:
    """What the .m4b cost, and the chapters' own files."""
    masters = [one.master.path for one in stitched]
    lengths = [one.master.timeline.length_samples for one in stitched]
    marks = chapter_marks([one.chapter.title for one in stitched], lengths)
    tags = book_tags(script.book, ["tone/low"])
    keys = tuple(one.master.key for one in stitched)
    cache = PartCache(PacketShelf(folder / "aac"), script.slug, keys)
    with spent() as coding:
        write_m4b(masters, marks, tags, folder / "book.m4b", preset, cache=cache)
    with spent() as copying:
        # One after the other over the same file: ten hours of masters are there once already.
        for number, master in enumerate(masters, start=1):
            own = chapter_tags(tags, f"Part {number}", number, len(masters))
            encode_chapter(master, folder / f"chapter.{FORMAT}", FORMAT, preset, own)
    return coding, copying


def stages_of_one(
    script: Script, take_of: Callable[[Line], Take], folder: Path, preset_name: str
) -> dict[str, Any]:
    """The speed of each stage on the first chapter: assembled, mastered, and each way of encoding it."""
    preset = PRESETS[preset_name]
    score = score_book(script, take_of, [0])[0]
    timeline = place_score(score)
    with spent() as assembling:
        meter = LoudnessMeter(timeline.sample_rate, 1)
        for block in mix_blocks(score, timeline):
            meter.push(block.reshape(-1, 1))
        meter.finish()
    with spent() as stitching:
        master = stitch_chapter(score, folder / "one.flac", preset)
    tags = book_tags(script.book, ["tone/low"])
    own_tags = chapter_tags(tags, "Part 1", 1, 1)
    found = {
        "assemble, measure": speed(timeline.duration_s, assembling),
        "assemble, master, FLAC": speed(timeline.duration_s, stitching),
    }
    for form in FORMATS:
        with spent() as encoding:
            encode_chapter(master.path, folder / f"one.{form}", form, preset, own_tags)
        found[f"publish {form}"] = speed(timeline.duration_s, encoding)
    one = StitchedChapter(1, script.chapters[0], master, False)
    marks = _marks(one)
    with spent() as encoding:
        write_m4b([master.path], marks, tags, folder / "one.m4b", preset)
    found["publish m4b"] = speed(timeline.duration_s, encoding)
    return found


def speed(audio_s: float, cost: Cost) -> dict[str, float]:
    """Seconds, and how many times faster than real time."""
    return {
        "wall_s": round(cost.wall_s, 3),
        "cpu_s": round(cost.cpu_s, 3),
        "x_real_time": round(audio_s / cost.wall_s, 1),
        "x_real_time_of_a_core": round(audio_s / cost.cpu_s, 1),
    }


def speechlike_takes(root: Path) -> list[Take]:
    """Takes of 2 to 9 s in a store, at 24 kHz: noise over a buzz, in the rhythm of syllables."""
    store = TakeStore(root)
    return [_kept(store, number) for number in range(TAKES)]


def show(found: Sequence[dict[str, Any]]) -> None:
    """Prints one table a length."""
    for one in found:
        hours = one["audio_s"] / 3600
        print(f"\n{hours:.2f} h, {one['chapters']} chapters, {one['lines']} lines,"
              f" peak {megabytes(one['peak_bytes'])}")  # fmt: skip
        rows = []
        for name, stages in (("one chapter", one["one chapter"]), ("book", one["book"])):
            for stage, value in stages.items():
                rows.append([name, stage, value["wall_s"], value["cpu_s"], *(value[key] for key in SPEEDS)])
        print(table(["of", "stage", "wall s", "CPU s", "x real time", "x of a core"], rows))
        print(f"load afterwards: {one['load_average_after']}")


def _kept(store: TakeStore, number: int) -> Take:
    audio = Audio.mono(_buzz(number), SAMPLE_RATE)
    flac = encode_flac(audio)
    parts = {"bench take": number}
    take = Take(
        key=digest(parts), key_parts=parts, line_id=f"bench-{number}", character="narrator",
        text="A bench.", spoken="A bench.", phonemes=None, voice="tone/low", model="tone@1", engine="tone",
        asked={}, realisation=Realisation(), seed=number, sample_rate=SAMPLE_RATE,
        length_samples=audio.length_samples, levels=measure_take(audio), audio_sha256=digest_bytes(flac),
        render_s=0.0, rendered_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    return store.put(take, flac)


def _buzz(number: int) -> Samples:
    chooser = np.random.Generator(np.random.PCG64(number))
    length = round(chooser.uniform(2.0, 9.0) * SAMPLE_RATE)
    at_s = np.arange(length) / SAMPLE_RATE
    voice = sum(
        np.sin(2 * np.pi * PITCH_HZ * harmonic * at_s + harmonic) / harmonic for harmonic in range(1, 25)
    )
    noise = chooser.standard_normal(length)
    rhythm = np.clip(np.sin(2 * np.pi * SYLLABLES_HZ * at_s) + 0.6, 0.02, None)
    sound = (0.2 * voice + 0.05 * noise) * rhythm
    edge = np.zeros(round(0.15 * SAMPLE_RATE))
    whole = np.concatenate([edge, 0.1 * sound, edge]) + 1e-4 * chooser.standard_normal(length + 2 * edge.size)
    return np.asarray(whole, dtype=np.float32)


def _marks(one: StitchedChapter) -> list[ChapterMark]:
    return list(chapter_marks([one.chapter.title], [one.master.timeline.length_samples]))


if __name__ == "__main__":
    main()
