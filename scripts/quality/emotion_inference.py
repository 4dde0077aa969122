"""Precision and recall of emotion inference on our own labelled lines, as a table and as JSON.

    python scripts/quality/emotion_inference.py [--json FILE] [--errors]

The lines lie in tests/emotion/data, in five parts for each language. `dev` and `held` were written before the
rules; `stress` holds hard cases written against them and `blind` the same feelings in other words, both
measured once and then developed on; `last` was written at the end. `held` and `last` are never tuned on.

A row is one line in a paragraph: narration before, the words,
narration after, and perhaps what the speaker said before. `expected` names the labels a director would take,
the first for the table's recall. `--errors` lists mistakes of the development part alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.emotion.evidence import Inference, SceneLine
from pipeline.emotion.infer import infer

DATA = Path(__file__).parents[2] / "tests" / "emotion" / "data"
LANGUAGES = {"english": "en-us", "chinese": "zh"}
PARTS = {
    "dev": "development",
    "held": "held out",
    "stress": "against the rules",
    "blind": "in other words",
    "last": "last, held out",
}
CASTS = {"english": ("Mara", "Jonas"), "chinese": ("小梅", "老周")}
QUOTES = {"english": "“{}”", "chinese": "“{}”"}


@dataclass(frozen=True)
class Case:
    """One labelled line: `kind` is p (a feeling), h (a hard negative) or n (plain)."""

    number: int
    language: str
    part: str
    kind: str
    expected: tuple[str, ...]
    speaker: str
    before: str
    text: str
    after: str
    earlier: str

    def lines(self) -> tuple[list[SceneLine], int]:
        """The scene, and which of its lines is asked about."""
        tag = LANGUAGES[self.language]
        other = next(name for name in CASTS[self.language] if name != self.speaker)
        scene = [SceneLine("…", other, paragraph=0, language=tag, wanted=False)]
        if self.earlier:
            label, _, said = self.earlier.partition(":")
            scene.append(
                SceneLine(said.strip(), self.speaker, paragraph=1, language=tag, wanted=False, directed=label)
            )
        if self.before:
            scene.append(SceneLine(self.before, "narrator", "narration", paragraph=2, language=tag))
        index = len(scene)
        quoted = QUOTES[self.language].format(self.text)
        scene.append(SceneLine(quoted, self.speaker, paragraph=2, language=tag))
        if self.after:
            scene.append(SceneLine(self.after, "narrator", "narration", paragraph=2, language=tag))
        return scene, index

    def verdict(self) -> Inference:
        """What is inferred for the line."""
        scene, index = self.lines()
        return infer(scene)[index]

    def is_right(self, verdict: Inference) -> bool:
        """Whether a director would take the verdict."""
        return verdict.label in self.expected


def cases(language: str, part: str) -> list[Case]:
    """The labelled lines of one part."""
    with (DATA / f"{language}_{part}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Case(
            number=number,
            language=language,
            part=part,
            kind=row["kind"],
            expected=tuple(row["expected"].split("/")),
            speaker=row["speaker"],
            before=row["before"],
            text=row["text"],
            after=row["after"],
            earlier=row["earlier"] or "",
        )
        for number, row in enumerate(rows, 2)
    ]


def score(chosen: Iterable[Case]) -> dict[str, Any]:
    """Counts, precision and recall over all labels and for each.

    A verdict other than neutral is right if its label is among those expected. Precision: right verdicts
    among those made; recall: lines with a feeling whose verdict is right. `by_label` counts precision under
    the label that was given and recall under the first that was expected.
    """
    tally = _Tally()
    for case in chosen:
        tally.add(case)
    labels = sorted(set(tally.given) | set(tally.wanted))
    return {
        "lines": tally.lines,
        "verdicts": sum(tally.given.values()),
        "right": sum(tally.right.values()),
        "precision": _ratio(sum(tally.right.values()), sum(tally.given.values())),
        "recall": _ratio(sum(tally.found.values()), sum(tally.wanted.values())),
        "hard_negatives": tally.hard,
        "hard_negatives_wrong": tally.hard_wrong,
        "by_label": {label: tally.row(label) for label in labels},
    }


@dataclass
class _Tally:
    """Counts while cases are gone through, by label."""

    given: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    hard: int = 0
    hard_wrong: int = 0

    def add(self, case: Case) -> None:
        """Counts one line in."""
        verdict = case.verdict()
        ok = case.is_right(verdict)
        self.lines += 1
        self.hard += case.kind == "h"
        self.hard_wrong += case.kind == "h" and not ok
        if not verdict.is_neutral:
            self.given[verdict.label] += 1
            self.right[verdict.label] += ok
        if case.kind == "p":
            self.wanted[case.expected[0]] += 1
            self.found[case.expected[0]] += ok

    def row(self, label: str) -> dict[str, Any]:
        """The figures of one label."""
        return {
            "given": self.given[label],
            "right": self.right[label],
            "precision": _ratio(self.right[label], self.given[label]),
            "expected": self.wanted[label],
            "found": self.found[label],
            "recall": _ratio(self.found[label], self.wanted[label]),
        }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _print(name: str, scored: dict[str, Any]) -> None:
    hard = f"{scored['hard_negatives'] - scored['hard_negatives_wrong']} of {scored['hard_negatives']}"
    print(
        f"\n{name}: {scored['lines']} lines; precision {scored['precision']} ({scored['right']} of "
        f"{scored['verdicts']}), recall {scored['recall']}; hard negatives left alone: {hard}"
    )
    print(f"  {'label':<12}{'given':>6}{'right':>6}{'prec.':>7}{'exp.':>6}{'found':>6}{'recall':>7}")
    for label, row in scored["by_label"].items():
        precision = "-" if row["precision"] is None else f"{row['precision']:.2f}"
        recall = "-" if row["recall"] is None else f"{row['recall']:.2f}"
        print(
            f"  {label:<12}{row['given']:>6}{row['right']:>6}{precision:>7}"
            f"{row['expected']:>6}{row['found']:>6}{recall:>7}"
        )


def _print_errors(chosen: Iterable[Case]) -> None:
    for case in chosen:
        verdict = case.verdict()
        if not case.is_right(verdict):
            wanted = "/".join(case.expected)
            context = f"[{case.before}] {case.text} [{case.after}]"
            print(
                f"  {case.language} row {case.number}: wanted {wanted}, got {verdict.describe()}: {context}"
            )


def main() -> int:
    """Prints the tables; 1 if a precision over all labels is below 0.9."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--errors", action="store_true", help="list mistakes of the development part")
    options = parser.parse_args()
    figures = {}
    for language in LANGUAGES:
        for part in PARTS:
            scored = score(cases(language, part))
            figures[f"{language}_{part}"] = scored
            _print(f"{language}, {PARTS[part]}", scored)
        if options.errors:
            _print_errors(cases(language, "dev") + cases(language, "stress"))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if all(scored["precision"] >= 0.9 for scored in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
