"""Word error rate of a published book: a recognizer listens, and its words are compared line by line.

    ASR_VENV/bin/python scripts/quality/transcribe.py output/BOOK/book.json --model WHISPER_FOLDER

It needs a virtual environment of its own, see docs/quality.md. Exit code 1: lines want a person's ear.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hearing import Listener, SpokenChapter, SpokenLine, Wave, load_wave, passages, read_book
from matching import Step, Verdict, judge, match, said_figures
from wording import syllables, words

_CAPITAL = re.compile(r"[^\W\d_][\w'’]*")
_ALWAYS_CAPITAL = {"I", "I'm", "I'll", "I've", "I'd"}


@dataclass(frozen=True)
class HeardLine:
    """A line, what was heard of it, and the verdict.

    `spelled` counts the words (characters in Chinese) that were written otherwise, however they sound.
    `alone` is what was heard of the line by itself, if its passage had `first_errors`; the better one counts.
    """

    line: SpokenLine
    heard: str
    verdict: Verdict
    spelled: int
    first_errors: int = 0
    alone: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        return {
            "id": self.line.id,
            "where": self.line.where,
            "character": self.line.character,
            "start_s": self.line.start_s,
            "spoken": self.line.spoken,
            "heard": self.heard,
            "heard_alone": self.alone,
            "words": self.verdict.words,
            "errors": self.verdict.errors,
            "first_errors": self.first_errors,
            "free": self.verdict.free,
            "faults": list(self.verdict.faults),
        }


@dataclass
class Ear:
    """Listens to chapters and compares; `free` words (of a lexicon) may be heard as any of like length."""

    listener: Listener
    chinese: bool
    free: frozenset[str]
    names_are_free: bool = True
    passages_heard: list[dict[str, Any]] = field(default_factory=list)

    def hear_chapter(self, chapter: SpokenChapter) -> list[HeardLine]:
        """All lines of a chapter. A line that is heard wrong in its passage is heard once more by itself."""
        wave = load_wave(chapter.file)
        found: list[HeardLine] = []
        for passage in passages(chapter.lines):
            text = self.listener.hear(wave, passage[0].cut_s[0], passage[-1].cut_s[1])
            self.passages_heard.append(
                {"chapter": chapter.number, "start_s": passage[0].start_s, "heard": text}
            )
            found += [self._once_more(each, wave) for each in self._by_line(passage, text)]
        return found

    def _by_line(self, passage: Sequence[SpokenLine], text: str) -> list[HeardLine]:
        reference = [(word, at) for at, line in enumerate(passage) for word in words(line.spoken)]
        free = [self._is_free(passage[at], word) for word, at in reference]
        plain = [word for word, _ in reference]
        heard = said_figures(plain, words(text), free.__getitem__, self.chinese)
        steps = match(self._sounds(plain), self._sounds(heard), free.__getitem__)
        owned: list[list[Step]] = [[] for _ in passage]
        owner = 0
        for step in steps:
            # What was heard beside the text belongs to the line before it.
            owner = reference[step.reference[0]][1] if step.reference[1] > step.reference[0] else owner
            owned[owner].append(step)
        return [self._heard(line, mine, heard) for line, mine in zip(passage, owned, strict=True)]

    def _heard(self, line: SpokenLine, steps: Sequence[Step], heard: Sequence[str]) -> HeardLine:
        said = [word for step in steps for word in heard[slice(*step.heard)]]
        reference = words(line.spoken)
        verdict = judge(self._sounds(reference), self._sounds(said), steps)
        characters = sum(step.errors for step in match(reference, said, lambda _: False))
        joint = "" if self.chinese else " "
        return HeardLine(line, joint.join(said), verdict, characters)

    def _sounds(self, said: Sequence[str]) -> list[str]:
        return syllables(said) if self.chinese else list(said)

    def _once_more(self, first: HeardLine, wave: Wave) -> HeardLine:
        if not first.verdict.errors:
            return first
        text = self.listener.hear(wave, *first.line.cut_s)
        (second,) = self._by_line([first.line], text)
        better = min(first, second, key=lambda each: each.verdict.errors)
        return replace(first, verdict=better.verdict, first_errors=first.verdict.errors, alone=text)

    def _is_free(self, line: SpokenLine, word: str) -> bool:
        return word in self.free or (self.names_are_free and word in _names(line.spoken))


def _names(spoken: str) -> set[str]:
    """Words with a capital within a sentence: names, which a recognizer cannot spell. CAPITALS are stress."""
    found = set()
    for capital in _CAPITAL.finditer(spoken):
        before = spoken[: capital.start()].rstrip(" “‘\"'([")
        begins = not before or before[-1] in ".!?:;—-…"
        word = capital.group()
        if (
            word[0].isupper()
            and not word.isupper()
            and not begins
            and word.replace("’", "'") not in _ALWAYS_CAPITAL
        ):
            found.update(words(word))
    return found


def summary(lines: Sequence[HeardLine], ear: Ear) -> dict[str, Any]:
    """Counts over the whole book: Chinese in syllables (pinyin without tones), else in words.

    `first_rate` counts the hearing in the passage alone, `strict_rate` forgives no name, `spelled_rate`
    counts words (in Chinese characters) as written, in the passage: the usual WER or CER.
    """
    count = sum(line.verdict.words for line in lines)

    def share(errors: int) -> float:
        return round(errors / max(1, count), 4)

    errors = sum(line.verdict.errors for line in lines)
    return {
        "unit": "syllables" if ear.chinese else "words",
        "count": count,
        "errors": errors,
        "rate": share(errors),
        "first_rate": share(sum(line.first_errors for line in lines)),
        "strict_rate": share(errors + sum(line.verdict.free for line in lines)),
        "spelled_rate": share(sum(line.spelled for line in lines)),
        "lines": len(lines),
        "lines_heard_right": sum(not line.verdict.errors for line in lines),
        "lines_with_faults": sum(bool(line.verdict.faults) for line in lines),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("book", type=Path, help="book.json of a published book")
    parser.add_argument("--model", type=Path, required=True, help="folder of a faster-whisper model")
    parser.add_argument("--free", default="", help="words of the lexicon as spoken, with commas between")
    parser.add_argument("--strict", action="store_true", help="names are not free")
    parser.add_argument("--limit", type=float, default=0.1, help="print lines worse than this (0.1)")
    parser.add_argument("--out", type=Path, help="write all of it as JSON")
    return parser.parse_args()


def _shown(each: HeardLine) -> str:
    line, faults = each.line, "; ".join(each.verdict.faults) or "-"
    alone = f"\n  alone: {each.alone}" if each.alone is not None else ""
    return (
        f"{line.where} {line.id} at {line.start_s:.1f} s: {each.verdict.rate:.2f} {faults}\n"
        f"  said:  {line.spoken}\n  heard: {each.heard}{alone}"
    )


def main() -> int:
    """The whole book heard; 1 when lines want a person's ear."""
    asked = _arguments()
    language, chapters = read_book(asked.book)
    free = frozenset(word for each in asked.free.split(",") for word in words(each))
    chinese = language.startswith("zh")
    ear = Ear(Listener(asked.model, language), chinese, free, not asked.strict)
    lines: list[HeardLine] = []
    for chapter in chapters:
        lines += ear.hear_chapter(chapter)
    totals = summary(lines, ear)
    for each in lines:
        if each.verdict.faults or each.verdict.rate > asked.limit:
            print(_shown(each))
    print(json.dumps(totals, ensure_ascii=False))
    if asked.out:
        whole = {"book": asked.book.parent.name, "totals": totals, "passages": ear.passages_heard,
                 "lines": [line.as_json() for line in lines]}  # fmt: skip
        asked.out.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if totals["lines_with_faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
