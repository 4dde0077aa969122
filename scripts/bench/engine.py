"""Our Kokoro beside `kokoro` (the reference) and `kokoro-onnx`, block by block on the same cores.

Sixty lines of our own and the prose of a whole chapter, the same phonemes and voices for all. Each contender
has its own processes, loaded before and idle while another speaks; blocks of six lines go round, a new one
first each time. CPU seconds stand beside wall seconds, since a shared machine stretches the latter; on such a
machine compare one process with one thread (`--forms 1x1`), for threads that wait for each other spin.

    python -m venv PEERS && PEERS/bin/pip install torch==2.14.1 kokoro==0.9.4 kokoro-onnx==0.6.1 onnx
    python -m venv EARS && EARS/bin/pip install faster-whisper==1.2.1 speechmos==0.0.1.1 librosa
    .venv/bin/python scripts/bench/engine.py --peers PEERS --ears EARS --whisper FOLDER_OF_THE_MODEL
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine_files import official_form
from engine_picture import bars
from measure import keep, machine, summary, table

from pipeline.engines.kokoro.g2p import Phonemizer
from pipeline.text.sentences import split_sentences

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHAPTER = ROOT / "manifests" / "lighthouse.md"
PICTURE = ROOT / "docs" / "images" / "kokoro-speed.svg"
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
BLOCK = 6


@dataclass(frozen=True)
class Line:
    """One line as every contender gets it."""

    number: int
    text: str
    phonemes: str
    voice: str


@dataclass(frozen=True)
class Turn:
    """What one contender needed for one block; wall is that of its slowest process."""

    characters: int
    audio_s: float
    wall_s: float
    cpu_s: float


class Runner:
    """One process that speaks lines; owns it, `close` ends it."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._began = time.perf_counter()
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.load_s = float(self._answer()["load_s"])
        self.ready_s = time.perf_counter() - self._began
        self.peak_bytes = 0

    def ask(self, lines: Sequence[Line], wav: Path | None) -> None:
        """Sends lines to be spoken."""
        assert self._process.stdin is not None
        request = {"lines": [asdict(line) for line in lines], "wav": str(wav) if wav else None}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def told(self) -> list[dict[str, float]]:
        """What the lines asked for came to."""
        answer = self._answer()
        self.peak_bytes = int(answer["peak_bytes"])
        found: list[dict[str, float]] = answer["lines"]
        return found

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        row = self._process.stdout.readline()
        if not row:
            raise RuntimeError(f"a contender ended early; see {self._log.name}")
        answer: dict[str, Any] = json.loads(row)
        return answer


class Contender:
    """One way to run one engine: as many processes, each with as many threads."""

    def __init__(self, name: str, command: Sequence[str], processes: int, threads: int, log: Path) -> None:
        self.name = f"{name}, {processes}x{threads}"
        began = time.perf_counter()
        self.runners = [Runner([*command, "--threads", str(threads)], log) for _ in range(processes)]
        self.load_s = self.runners[0].load_s
        self.first_audio_s = self.runners[0].ready_s
        self.turns: list[Turn] = []
        print(f"{self.name}: ready after {time.perf_counter() - began:.1f} s", flush=True)

    def warm_up(self, line: Line) -> None:
        """Every process speaks a line; the first tells the time to first audio."""
        for number, runner in enumerate(self.runners):
            runner.ask([line], None)
            (told,) = runner.told()
            if number == 0:
                self.first_audio_s += told["wall_s"]

    def speak(self, lines: Sequence[Line], wav: Path | None) -> Turn:
        """Deals lines to the processes, longest first, each to the one with the least to say."""
        hands: list[list[Line]] = [[] for _ in self.runners]
        for line in sorted(lines, key=lambda line: -len(line.phonemes)):
            min(hands, key=lambda hand: sum(len(one.phonemes) for one in hand)).append(line)
        for runner, hand in zip(self.runners, hands, strict=True):
            runner.ask(hand, wav / self.name.replace(", ", "-") if wav else None)
        told = [runner.told() for runner in self.runners]
        turn = Turn(
            sum(len(line.text) for line in lines),
            sum(one["audio_s"] for hand in told for one in hand),
            max(sum(one["wall_s"] for one in hand) for hand in told),
            sum(one["cpu_s"] for hand in told for one in hand),
        )
        self.turns.append(turn)
        return turn

    def close(self) -> None:
        """Ends its processes."""
        for runner in self.runners:
            runner.close()

    def facts(self) -> dict[str, Any]:
        """Totals, and the range over blocks."""
        audio, wall, cpu = (sum(getattr(t, n) for t in self.turns) for n in ("audio_s", "wall_s", "cpu_s"))
        return {
            "audio_s": round(audio, 2),
            "x_real_time": round(audio / wall, 3),
            "x_real_time_per_cpu_s": round(audio / cpu, 3),
            "characters_per_s": round(sum(turn.characters for turn in self.turns) / wall, 1),
            "x_real_time_per_cpu_s_by_block": asdict(summary([t.audio_s / t.cpu_s for t in self.turns])),
            "x_real_time_by_block": asdict(summary([t.audio_s / t.wall_s for t in self.turns])),
            "load_s": round(self.load_s, 2),
            "first_audio_s": round(self.first_audio_s, 2),
            "peak_bytes": sum(runner.peak_bytes for runner in self.runners),
        }


def read_lines(texts: Sequence[str]) -> list[Line]:
    """The texts as lines, voices taken in turn."""
    phonemizer = Phonemizer()
    lines = []
    for number, text in enumerate(texts):
        phonemes = phonemizer.phonemize(text, "en-us", ()).phonemes
        lines.append(Line(number, text, phonemes, VOICES[number % len(VOICES)]))
    return lines


def chapter_texts() -> list[str]:
    """The sentences of the example chapter, its directions and headings left out."""
    body = CHAPTER.read_text(encoding="utf-8").split("---\n", 2)[2]
    plain = re.sub(r"\{[^}]*\}|\*|^#.*$|^\w[\w ]*\([^)]*\):", "", body, flags=re.MULTILINE)
    paragraphs = [" ".join(part.split()) for part in plain.split("\n\n")]
    return [
        part[start:end].strip() for part in paragraphs if part for start, end in split_sentences(part, "en")
    ]


def contenders(given: argparse.Namespace, files: Path) -> list[Contender]:
    """All of them in all forms, loaded."""
    peer = [str(given.peers / "bin" / "python"), str(HERE / "engine_peer.py")]
    commands = {
        "fullcast": [sys.executable, str(HERE / "engine_ours.py")],
        "kokoro": [*peer, "kokoro", str(files)],
        "kokoro-onnx int8": [*peer, "onnx-int8", str(files)],
        "kokoro-onnx fp32": [*peer, "onnx-fp32", str(files)],
    }
    forms = [tuple(int(number) for number in form.split("x")) for form in given.forms.split(",")]
    log = files / "log.txt"
    return [
        Contender(name, command, processes, threads, log)
        for name, command in commands.items()
        for processes, threads in forms
    ]


def race(rivals: Sequence[Contender], lines: Sequence[Line], wav: Path | None, minutes: float) -> int:
    """Every contender speaks every block; how many lines there was time for. Who begins changes."""
    end = time.monotonic() + 60 * minutes
    for start in range(0, len(lines), BLOCK):
        if time.monotonic() > end:
            return start
        block = lines[start : start + BLOCK]
        turn = start // BLOCK % len(rivals)
        for rival in [*rivals[turn:], *rivals[:turn]]:
            done = rival.speak(block, wav)
            print(f"{start:3d} {rival.name:24s} {done.audio_s / done.wall_s:.2f} x, "
                  f"{done.audio_s / done.cpu_s:.2f} x a CPU second", flush=True)  # fmt: skip
    return len(lines)


def heard(given: argparse.Namespace, folder: Path, lines: Sequence[Line]) -> dict[str, Any]:
    """Word error rate and DNSMOS of one contender's sounds."""
    command = [
        str(given.ears / "bin" / "python"),
        str(HERE / "engine_hear.py"),
        str(folder),
        str(given.whisper),
    ]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    errors = words = 0
    for line, text in zip(lines, found["heard"], strict=True):
        wanted = _words(line.text)
        words += len(wanted)
        errors += _distance(wanted, _words(text))
    return {"wer_percent": round(100 * errors / words, 2), "words": words, "dnsmos": found["dnsmos"]}


def _words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9']+", " ", text.lower().replace("’", "'")).split()


def _distance(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Words to put in, take out or change (Levenshtein)."""
    row = list(range(len(found) + 1))
    for i, word in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def report(facts: dict[str, dict[str, Any]], best: str) -> str:
    """The table of the contenders, beside the fastest peer."""
    base = facts[best]["x_real_time_per_cpu_s"]
    head = (
        "engine",
        "x real time",
        "x a CPU second",
        "beside the fastest peer",
        "characters/s",
        "first audio",
        "peak",
        "WER",
        "DNSMOS",
    )
    rows = []
    for name, one in facts.items():
        ears = one.get("heard") or {}
        mos = (ears.get("dnsmos") or {}).get("ovrl_mos", "")
        rows.append((name, one["x_real_time"], one["x_real_time_per_cpu_s"],
                     f"{one['x_real_time_per_cpu_s'] / base:.2f}", one["characters_per_s"],
                     f"{one['first_audio_s']} s", f"{one['peak_bytes'] / 1e9:.2f} GB",
                     f"{ears['wer_percent']} %" if ears else "", mos))  # fmt: skip
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="the peers' environment")
    parser.add_argument("--ears", type=Path, help="the recognizer's environment")
    parser.add_argument("--whisper", type=Path, help="folder of a faster-whisper model")
    parser.add_argument("--files", type=Path, default=Path(tempfile.gettempdir()) / "fullcast-peers")
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--no-chapter", action="store_true")
    parser.add_argument("--forms", default="1x2,2x1", help="processes x threads of each contender")
    parser.add_argument("--minutes", type=float, default=1e9, help="of each part; then what is done counts")
    given = parser.parse_args()
    before = machine()
    official_form(given.files, given.peers, VOICES)
    texts = (HERE / "sixty_lines.txt").read_text(encoding="utf-8").splitlines()[: given.lines]
    lines = read_lines(texts)
    rivals = contenders(given, given.files)
    for rival in rivals:
        rival.warm_up(lines[3])
    wav = given.files / "wav"
    lines = lines[: race(rivals, lines, wav, given.minutes)]
    results: dict[str, Any] = {"lines": {rival.name: rival.facts() for rival in rivals}}
    if not given.no_chapter:
        for rival in rivals:
            rival.turns.clear()
        race(rivals, read_lines(chapter_texts()), None, given.minutes)
        results["chapter"] = {rival.name: rival.facts() for rival in rivals}
    for rival in rivals:
        rival.close()
    if given.ears and given.whisper:
        for name, facts in results["lines"].items():
            facts["heard"] = heard(given, wav / name.replace(", ", "-"), lines)
    for part, facts in results.items():
        peers = [name for name in facts if not name.startswith("fullcast")]
        best = max(peers, key=lambda name: float(facts[name]["x_real_time_per_cpu_s"]))
        print(f"\n{part} (fastest peer: {best})\n{report(facts, best)}")
    keep("engine", results, before)
    bars(PICTURE, results["lines"])


if __name__ == "__main__":
    main()
