"""Game lines from Dink's beats, whichever file they come from. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.game.formats.dink_forms import DinkProject, SceneForm
from pipeline.game.formats.dink_ink import Beat
from pipeline.game.formats.reading import ignored_codes
from pipeline.game.line import Finding, GameLine, Place

_PREFIXED = re.compile(r"([a-zA-Z0-9]+):\s*(.*)")
_NO_PREFIX, _ALL = "?", "*"
DIRECTION_PREFIXES = ("VO",)


@dataclass(frozen=True)
class PlacedBeat:
    """A beat with its file."""

    beat: Beat
    file: str

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.file, self.beat.row, self.beat.node)


@dataclass(frozen=True)
class Rules:
    """How a project reads lines: comments that are direction, statuses that are recorded."""

    direction_prefixes: tuple[str, ...] = DIRECTION_PREFIXES
    project: DinkProject | None = None
    ignore_status: bool = False

    def ready(self, tags: Iterable[str]) -> bool:
        """Whether a line with these tags is to be rendered."""
        if self.project is None or self.ignore_status:
            return True
        return self.project.records(writing_status(tags))

    def split_comments(self, comments: Iterable[str]) -> tuple[list[str], list[str]]:
        """(direction, notes). Source: dink:csharp/Dink/Dink.cs (GetEntriesWithPrefixes)."""
        direction: list[str] = []
        notes: list[str] = []
        for comment in comments:
            found = _PREFIXED.fullmatch(comment)
            if self._is_direction(found[1] if found else None):
                direction.append((found[2] if found else comment).strip())
            else:
                notes.append(comment.strip())
        return direction, notes

    def _is_direction(self, prefix: str | None) -> bool:
        if _ALL in self.direction_prefixes:
            return True
        if prefix is None:
            return _NO_PREFIX in self.direction_prefixes
        return any(prefix.casefold().startswith(wanted.casefold()) for wanted in self.direction_prefixes)


def writing_status(tags: Iterable[str]) -> str:
    """The value of the first `ws:` tag; empty if there is none."""
    return next((tag[3:].strip() for tag in tags if tag[:3].casefold() == "ws:"), "")


def game_line(placed: PlacedBeat, rules: Rules) -> GameLine:
    """The line of a beat that has a character."""
    beat = placed.beat
    spoken = [comment for comment in beat.comments if not ignored_codes(comment)]
    direction, notes = rules.split_comments(spoken)
    parts = [part for part in (beat.direction, *direction) if part]
    return GameLine(
        id=beat.id or None,
        kind="line",
        character=beat.character,
        text=beat.text,
        place=placed.place,
        format="dink",
        qualifier=beat.qualifier or None,
        direction="; ".join(parts) or None,
        notes=tuple(notes),
        tags=beat.tags,
        ready=rules.ready(beat.tags),
    )


def structure_beats(
    scenes: Sequence[SceneForm], folder: str, structure: str, rows: Mapping[str, int]
) -> list[PlacedBeat]:
    """The beats of a structure file in order.

    Args:
        folder: of the Dink project, relative to ours, with a `/` at its end or empty.
        structure: the structure file's name, the place of beats without an origin.
        rows: where in it each ID stands.
    """
    found = []
    for scene in scenes:
        for block in scene.Blocks:
            for form in (form for snippet in block.Snippets for form in snippet.Beats):
                origin = form.Origin.SourceFilePath.replace("\\", "/")
                row = form.Origin.LineNum if origin else rows.get(form.LineID, 1)
                beat = Beat(
                    form.LineID,
                    form.Text,
                    row,
                    form.CharacterID if form.Type == "Line" else None,
                    form.Qualifier or "",
                    form.Direction or "",
                    tuple(form.Tags),
                    tuple(form.Comments),
                    scene.SceneID,
                    block.BlockID,
                )
                found.append(PlacedBeat(beat, folder + origin if origin else structure))
    return found


def stale_structure(
    ours: Sequence[PlacedBeat], theirs: Sequence[PlacedBeat], structure: str, rows: Mapping[str, int]
) -> list[Finding]:
    """D022 where a structure file and the .ink files differ in IDs, speakers or texts.

    Rows before the first knot are not in any structure file, nor is a character whose name starts with `VAR`.
    """
    inks = {placed.beat.id.casefold(): placed for placed in ours if placed.beat.id}
    written = {placed.beat.id.casefold() for placed in theirs}
    findings = []
    for placed in theirs:
        there = inks.get(placed.beat.id.casefold())
        if there is None:
            place = Place(structure, rows.get(placed.beat.id, 1))
            findings.append(
                _stale(place, f"`{placed.beat.id}` of {structure} is not in the script", placed.beat.id)
            )
        elif (there.beat.text, there.beat.character) != (placed.beat.text, placed.beat.character):
            message = f"`{placed.beat.id}` has another text or speaker in {structure}"
            findings.append(_stale(there.place, message, placed.beat.id))
    for key, placed in inks.items():
        unread = not placed.beat.knot or (placed.beat.character or "").startswith("VAR")
        if key not in written and not unread:
            findings.append(_stale(placed.place, f"`{placed.beat.id}` is not in {structure}", placed.beat.id))
    return findings


def _stale(place: Place, message: str, line_id: str) -> Finding:
    return Finding("D022", place, f"{message}: run DinkCompiler again", line_id)


def without_id(beats: Iterable[PlacedBeat]) -> list[Finding]:
    """D001 for lines that DinkCompiler has not numbered yet."""
    message = "line has no id; run DinkCompiler"
    return [
        Finding("D001", placed.place, message)
        for placed in beats
        if placed.beat.character and not placed.beat.id
    ]


def used_twice(places: Iterable[tuple[str, Place]]) -> list[Finding]:
    """D002; IDs are the same whatever their case, because file names may be."""
    first: dict[str, Place] = {}
    findings = []
    for line_id, place in places:
        before = first.setdefault(line_id.casefold(), place)
        if before is not place:
            message = f"id `{line_id}` is used twice, first at {before.where}"
            findings.append(Finding("D002", place, message, line_id))
    return findings


def counts_of(beats: Iterable[PlacedBeat]) -> dict[str, int]:
    """What there is besides lines: actions, qualifiers, directions, lines by writing status."""
    counts: Counter[str] = Counter()
    for placed in beats:
        beat = placed.beat
        if beat.character is None:
            counts["actions"] += 1
            continue
        counts["qualifiers"] += bool(beat.qualifier)
        counts["directions"] += bool(beat.direction)
        counts[f"ws:{writing_status(beat.tags)}"] += 1
    return {name: count for name, count in counts.items() if count}
