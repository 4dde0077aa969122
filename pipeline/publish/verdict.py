"""What was found of a delivered file: each attempt at encoding it, its levels, the verdict of each rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pipeline.levels import SILENCE_LUFS
from pipeline.publish.correction import LEVEL_RULES, Correction, excess
from pipeline.publish.store_rules import ACCEPTED_CODECS, RuleResult, judge
from pipeline.stitch.loudness import FileLevels
from pipeline.stitch.presets import Preset

# What a gain or a ceiling cannot mend but every format of a preset has to meet.
EDGE_RULES = ("length", "head", "tail")
ADVICE = {
    "rms": "single loud places hold the rest down: give the loudest line or sound a lower gain",
    "loudness": "single loud places hold the rest down: give the loudest line or sound a lower gain",
    "peak": "give the line or sound with the highest peak a lower gain",
    "noise-floor": "something hums or hisses in the pauses: lower that sound's gain or leave it out",
    "head": "set head in the script's pacing, as in pacing: {head: 0.75}",
    "tail": "set tail in the script's pacing, as in pacing: {tail: 3}",
    "length": "make two chapters of it, or put scene breaks into it",
}
OTHER_ADVICE = "choose a format that the preset's taker accepts"


@dataclass(frozen=True)
class Attempt:
    """One encoding: with which correction (None: the master as it is), and what it broke, in words."""

    correction: Correction | None
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """All attempts at a file, and of the last one the levels and the rules."""

    attempts: tuple[Attempt, ...]
    levels: Mapping[str, float]
    rules: tuple[RuleResult, ...]

    @property
    def correction(self) -> Correction | None:
        """What the file that is there was made with."""
        return self.attempts[-1].correction

    @property
    def broken(self) -> tuple[RuleResult, ...]:
        """The rules that it still breaks."""
        return tuple(rule for rule in self.rules if not rule.ok)

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        return {
            "attempts": [
                {"broken": list(one.broken), **(asdict(one.correction) if one.correction else {})}
                for one in self.attempts
            ],
            "levels": dict(self.levels),
            "rules": [asdict(rule) for rule in self.rules],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Verdict:
        """The verdict that `as_json` gave.

        Raises:
            KeyError, TypeError: it is of another form or damaged.
        """
        attempts = tuple(
            Attempt(
                Correction(one["gain_db"], one["limit_dbtp"]) if "gain_db" in one else None,
                tuple(one["broken"]),
            )
            for one in value["attempts"]
        )
        names = {field.name for field in fields(RuleResult)}
        rules = tuple(RuleResult(**{name: rule[name] for name in names}) for rule in value["rules"])
        if not attempts:
            raise KeyError("attempts")
        return cls(attempts, dict(value["levels"]), rules)


def delivery_rules(levels: FileLevels, preset: Preset) -> list[RuleResult]:
    """The verdict of the rules that hold for a delivered file; none for the preset `none`.

    A file in a form that the preset's taker does not take (FLAC beside an ACX book) is there for other
    ears: it has to meet levels, head, tail and length, not codec and rate. A file in which nothing is loud
    enough to have a loudness is not refused for it.
    """
    if preset.measure is None:
        return []
    kind = "pcm" if levels.codec.startswith("pcm_") else levels.codec
    taken = kind in ACCEPTED_CODECS.get(preset.name, ())
    silent = levels.integrated_lufs <= SILENCE_LUFS
    return [
        rule
        for rule in judge(levels, preset)
        if (taken or rule.rule in LEVEL_RULES or rule.rule in EDGE_RULES)
        and not (silent and rule.rule in ("rms", "loudness"))
    ]


def section_rules(levels: FileLevels, preset: Preset) -> list[RuleResult]:
    """The verdict of the levels alone: for one chapter within the book's file."""
    return [rule for rule in delivery_rules(levels, preset) if rule.rule in LEVEL_RULES]


def in_words(rule: RuleResult, levels: FileLevels, preset: Preset) -> str:
    """`peak -0.80 dBTP, asked <= -1 dBTP (0.20 dB beyond)`."""
    over = excess(rule.rule, levels, preset)
    return f"{rule.rule} {rule.value}, asked {rule.limit}" + (f" ({over:.2f} dB beyond)" if over > 0 else "")


def shown_levels(levels: FileLevels) -> dict[str, float]:
    """The numbers that a verdict keeps."""
    names = ("integrated_lufs", "true_peak_dbtp", "sample_peak_dbfs", "rms_dbfs", "noise_floor_dbfs")
    kept: dict[str, float] = {name: getattr(levels, name) for name in names}
    for name in ("head_s", "tail_s", "duration_s"):
        kept[name] = round(getattr(levels, name), 3)
    return kept


def advice(rule: str) -> str:
    """What an author can do about a broken rule."""
    return ADVICE.get(rule, OTHER_ADVICE)
