"""Game lines from Ren'Py says and from rows of its export. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.game.formats.renpy_cast import EXTEND, speaker_name
from pipeline.game.formats.renpy_ids import Identified
from pipeline.game.formats.renpy_say import Say
from pipeline.game.formats.renpy_script import Spoken, shown_by_say
from pipeline.game.formats.renpy_tab import TabRow, exported
from pipeline.game.line import Finding, GameLine, Place


@dataclass(frozen=True)
class Looks:
    """What `show` counts for: whether at all, and the image tag of each character's variable."""

    counted: bool = False
    tags: Mapping[str, str] | None = None

    def of(self, spoken: Spoken) -> tuple[str, ...]:
        """The attributes that hold for a speaker, the newest of what was shown and said."""
        who = spoken.say.who
        if not self.counted or who is None:
            return ()
        names = {shown_by_say(who), (self.tags or {}).get(who, who)}
        return next((given for name, given in reversed(list(spoken.shown.items())) if name in names), ())


def script_lines(identified: Iterable[Identified], file: str, looks: Looks) -> list[GameLine]:
    """The lines of one script in order; `extend` goes on for whoever spoke last."""
    lines = []
    before: str | None = None
    for item in identified:
        spoken = item.spoken
        if spoken is None:
            continue
        say = spoken.say
        before = before if say.who == EXTEND else say.who
        place = Place(file, spoken.row, spoken.label)
        notes = (spoken.comment,) if spoken.comment and "fullcast:" not in spoken.comment else ()
        lines.append(
            _line(item.identifier, say, before, say.what, place, looks.of(spoken), notes, spoken.audio)
        )
    return lines


def tab_lines(rows: Iterable[TabRow], file: str) -> list[GameLine]:
    """The lines of an export without its scripts; the notes say where the export saw each."""
    lines = []
    for row in rows:
        written, _, before = row.character.partition(" ")
        who = (before or None) if written == EXTEND else row.character or None
        say = row.say or Say(row.character or None, row.text)
        place = Place(file, row.row, row.label)
        lines.append(_line(row.identifier, say, who, row.text, place, (), (f"{row.file}:{row.line}",), None))
    return lines


def _line(
    identifier: str,
    say: Say,
    who: str | None,
    text: str,
    place: Place,
    shown: tuple[str, ...],
    notes: tuple[str, ...],
    audio: str | None,
) -> GameLine:
    character = speaker_name(who)
    choices = tuple(
        word
        for words in (say.temporary, say.attributes, shown)
        for word in words or ()
        if not word.startswith("-")
    )
    tags = (*(say.attributes or ()), *(f"@{word}" for word in say.temporary or ()))
    return GameLine(
        id=identifier,
        kind="narration" if character is None else "line",
        character=character,
        text=text,
        place=place,
        format="renpy",
        notes=notes,
        emotion=choices[0] if choices else None,
        emotion_choices=choices,
        tags=tags if say.interact else (*tags, "nointeract"),
        audio=audio,
        speaker_written=say.who if say.who != character else None,
    )


@dataclass(frozen=True)
class TabMatch:
    """How an export agrees with the scripts: rows, those that moved, those whose text differs, and D022."""

    matched: int
    moved: int
    text_differs: int
    findings: tuple[Finding, ...]


def match_tab(
    rows: Sequence[TabRow], file: str, lines: Iterable[GameLine], names: Mapping[str, str]
) -> TabMatch:
    """Compares an export with the lines of the scripts.

    Args:
        names: the export's name of a script -> the name its lines have.
    """
    by_id = {line.id: line for line in lines}
    seen: set[str] = set()
    findings: list[Finding] = []
    moved = differs = 0
    unmatched: dict[str, int] = {}
    for row in rows:
        if row.file not in names:
            continue
        line = by_id.get(row.identifier)
        if line is None:
            unmatched[names[row.file]] = unmatched.get(names[row.file], 0) + 1
            message = "identifier in dialogue.tab does not match the script: export again"
            findings.append(Finding("D022", Place(file, row.row), message, row.identifier))
            continue
        seen.add(row.identifier)
        moved += row.line != line.place.row
        differs += row.text not in {exported(line.text), exported(line.text, tags=False)}
    findings += _not_exported(by_id, seen, unmatched)
    return TabMatch(len(seen), moved, differs, tuple(findings))


def _not_exported(
    by_id: Mapping[str | None, GameLine], seen: set[str], unmatched: Mapping[str, int]
) -> list[Finding]:
    """D022 for lines that came after the export; one that only changed is told at its old row already."""
    left = dict(unmatched)
    findings = []
    for identifier, line in by_id.items():
        if identifier in seen:
            continue
        if left.get(line.place.file, 0):
            left[line.place.file] -= 1
            continue
        message = "identifier is not in dialogue.tab: export again"
        findings.append(Finding("D022", line.place, message, identifier))
    return findings
