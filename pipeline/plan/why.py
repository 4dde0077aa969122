"""Why a line is rendered: two keys compared part by part, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

# In the order in which a person wants to hear them: the first that differs is the reason.
_REASONS = (
    ("text", "text changed"),
    ("voice", "voice changed"),
    ("language", "language changed"),
    ("direction", "direction changed"),
    ("phonemes", "lexicon changed"),
    ("seed", "retake asked"),
    ("model", "model changed"),
    ("weights", "weights changed"),
    ("engine", "engine changed"),
    ("engine_version", "engine newer"),
    ("sample_rate", "sample rate changed"),
    ("schema", "key format newer"),
)


@dataclass(frozen=True)
class Spoken:
    """What a line was in the last run: enough to say what changed since."""

    line_id: str
    character: str
    text: str
    voice: str
    key: str
    parts: Mapping[str, Any]


def changed_parts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names of the key's parts that differ, in the order a person wants to hear them.

    The seed follows text, language and voice, so it counts only where those are the same.
    """
    names = [name for name, _ in _REASONS if old.get(name) != new.get(name)]
    if {"text", "voice", "language"} & set(names):
        names = [name for name in names if name != "seed"]
    return names


def reason(old: Spoken | None, new: Spoken) -> str:
    """Why `new` needs a take, in words: "new line", "text changed", "voice was a, now b", "take missing"."""
    if old is None:
        return "new line"
    names = changed_parts(old.parts, new.parts)
    if not names:
        return "take missing"
    # A lexicon entry or a newer normaliser changes what is said though the author changed nothing.
    if names[0] == "text" and old.text == new.text:
        return "spoken text changed (lexicon or normalisation)"
    if names[0] == "voice" and old.voice != new.voice:
        return f"voice was {old.voice}, now {new.voice}"
    words = dict(_REASONS)
    if names[0] in ("model", "engine_version", "engine"):
        return f"{words[names[0]]} (was {old.parts.get(names[0])}, now {new.parts.get(names[0])})"
    return words[names[0]]


def align(old: Sequence[Spoken], new: Sequence[Spoken]) -> dict[str, Spoken]:
    """For each new line ID, the line of the last run that it was.

    Equal IDs belong together. IDs made from the text change with it, so what stands between the same
    neighbours and is spoken by the same character is taken for the same line, edited.
    """
    before = {line.line_id: line for line in old}
    found = {line.line_id: before[line.line_id] for line in new if line.line_id in before}
    matcher = SequenceMatcher(None, [o.line_id for o in old], [n.line_id for n in new], autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "replace":
            continue
        kept = {line.line_id for line in new}
        gone = [line for line in old[old_start:old_end] if line.line_id not in kept]
        for line in new[new_start:new_end]:
            if line.line_id in found:
                continue
            same = next((one for one in gone if one.character == line.character), None)
            if same is not None:
                gone.remove(same)
                found[line.line_id] = same
    return found
