"""Fountain screenplays: a line for each run of speech under a cue."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.fountain_cues import Cue, Run, Screenplay, Speech, read_screenplay
from pipeline.game.formats.fountain_rows import rows_of
from pipeline.game.formats.reading import ignored_codes, read_text, relative
from pipeline.game.line import FileFacts, Finding, GameLine, Imported, Place
from pipeline.game.strip import strip

_ENDING = ".fountain"
_ID = "id:"
_HASH_DIGITS = 8
_SCENE_DIGITS = 3
NARRATOR = "NARRATOR"
# Marks of emphasis around text, longest first; a backslash makes them text.
_EMPHASIS = (
    (re.compile(r"(?<![\\*])\*\*\*(?=\S)[^\n]+?(?<=\S)\*\*\*"), ("bold", "italic")),
    (re.compile(r"(?<![\\*])\*\*(?=[^\s*])[^\n]+?(?<=\S)\*\*(?!\*)"), ("bold",)),
    (re.compile(r"(?<![\\*])\*(?=[^\s*])[^\n*]+?(?<=\S)\*(?!\*)"), ("italic",)),
    (re.compile(r"(?<![\\\w])_(?=\S)[^\n]+?(?<=\S)_(?!\w)"), ("underline",)),
)


@dataclass(frozen=True)
class _Written:
    """A line with the row of its cue, where findings on its ID stand, and the notes around it."""

    line: GameLine
    id_place: Place
    notes: tuple[str, ...]


def read(request: SourceRequest) -> Imported:
    """All speech of a screenplay, or of all `.fountain` files of a folder.

    Raises:
        UsageError: no such file, or a folder without any.
    """
    lines: list[GameLine] = []
    findings: list[Finding] = []
    facts: list[FileFacts] = []
    ignored: dict[tuple[str, int], frozenset[str]] = {}
    names = _Names()
    for path in _files(request):
        text, faults = read_text(path, request.root)
        file = relative(path, request.root)
        play = read_screenplay(rows_of(text))
        written = list(_lines(play, file, path.stem, names))
        lines += [item.line for item in written]
        findings += [*faults, *_findings(play, file, written)]
        facts.append(_facts(play, file, written))
        ignored.update(_ignored(play, file, written))
    return Imported(
        lines=tuple(lines),
        findings=(*findings, *names.repeated),
        files=tuple(facts),
        base_locale=request.base_locale,
        ignored=ignored,
    )


def _files(request: SourceRequest) -> list[Path]:
    if request.path.is_dir():
        found = sorted(request.path.rglob(f"*{_ENDING}"))
        if not found:
            raise UsageError(
                f"no {_ENDING} files", relative(request.path, request.root), "name the file itself"
            )
        return found
    if not request.path.is_file():
        raise UsageError("no such file or folder", relative(request.path, request.root))
    return [request.path]


class _Names:
    """IDs given so far: makes generated ones unique, and finds written ones that are used twice."""

    def __init__(self) -> None:
        self.taken: dict[str, Place] = {}
        self.repeated: list[Finding] = []

    def written(self, name: str, place: Place) -> str:
        """An ID that the author gave."""
        before = self.taken.setdefault(name, place)
        if before is not place:
            message = f"id `{name}` is used twice, first at {before.where}"
            self.repeated.append(Finding("D002", place, message, name))
        return name

    def generated(self, base: str, place: Place) -> str:
        """The first free one of `base`, `base_1`, `base_2`."""
        name, repeat = base, 0
        while name in self.taken:
            repeat += 1
            name = f"{base}_{repeat}"
        self.taken[name] = place
        return name


def _lines(play: Screenplay, file: str, stem: str, names: _Names) -> Iterator[_Written]:
    for speech in play.speeches:
        cue_id = _given_id(speech.cue.tags, speech.cue.notes) if speech.cue else None
        for number, run in enumerate(run for run in speech.runs if run.text):
            place = Place(file, run.row, speech.heading)
            first = number == 0 and speech.cue is not None
            id_place = Place(file, speech.cue.row, speech.heading) if first and speech.cue else place
            given = _given_id(run.tags, run.notes)
            if given is None and cue_id is not None:
                # One ID on a cue with parentheticals is that of its first run; the others count on from it.
                given = cue_id if number == 0 else f"{cue_id}_{number}"
            yield _line(speech, run, place, id_place, names, given, stem)


def _line(
    speech: Speech, run: Run, place: Place, id_place: Place, names: _Names, given: str | None, stem: str
) -> _Written:
    cue = speech.cue
    if given is not None:
        line_id = names.written(given, id_place)
    else:
        line_id = names.generated(_generated_id(stem, speech, run), id_place)
    notes = (*(cue.notes if cue else ()), *run.notes)
    line = GameLine(
        id=line_id,
        kind="lyric" if run.lyric else "line",
        character=cue.name if cue else None,
        text=run.text,
        place=place,
        format="fountain",
        qualifier=cue.qualifier if cue else None,
        direction="; ".join(run.directions) or None,
        notes=tuple(note for note in notes if not note.startswith(_ID) and not ignored_codes(note)),
        tags=_tags(cue, run),
        generated=given is None,
    )
    return _Written(line, id_place, notes)


def _given_id(tags: Iterable[str], notes: Iterable[str]) -> str | None:
    return next((mark[len(_ID) :].strip() for mark in (*tags, *notes) if mark.startswith(_ID)), None) or None


def _generated_id(stem: str, speech: Speech, run: Run) -> str:
    """`<file>_<scene>_<CHARACTER>_<hash of what is spoken>`; it changes when the text changes."""
    spoken = strip(run.text, "fountain").spoken
    digest = hashlib.sha256(spoken.encode()).hexdigest()[:_HASH_DIGITS]
    name = speech.cue.name if speech.cue else NARRATOR
    return f"{stem}_{speech.scene:0{_SCENE_DIGITS}}_{name}_{digest}"


def _tags(cue: Cue | None, run: Run) -> tuple[str, ...]:
    tags = [tag for tag in (*(cue.tags if cue else ()), *run.tags) if not tag.startswith(_ID)]
    if cue and cue.dual:
        tags.append("dual")
    return (*tags, *_emphasis(run.text))


def _emphasis(text: str) -> tuple[str, ...]:
    """Which kinds of emphasis a text has."""
    if "*" not in text and "_" not in text:
        return ()
    found: dict[str, None] = {}
    for mark, kinds in _EMPHASIS:
        if mark.search(text):
            found.update(dict.fromkeys(kinds))
    return tuple(found)


def _findings(play: Screenplay, file: str, written: list[_Written]) -> list[Finding]:
    findings = [
        Finding("D017", Place(file, row), f"`{text}` looks like a cue but is action; force it with `@`")
        for row, text in play.near_cues
    ]
    message = "generated id changes when the text changes; add `#id:` to the cue"
    findings += [
        Finding("D014", item.id_place, message, item.line.id) for item in written if item.line.generated
    ]
    return sorted(findings, key=lambda finding: finding.place.row)


def _ignored(play: Screenplay, file: str, written: list[_Written]) -> dict[tuple[str, int], frozenset[str]]:
    """Codes that notes silence: of the line they stand in, or of the next row where a speech begins."""
    found: dict[tuple[str, int], frozenset[str]] = {}

    def add(row: int, codes: frozenset[str]) -> None:
        if codes:
            found[file, row] = found.get((file, row), frozenset()) | codes

    for item in written:
        codes = frozenset[str]().union(*(ignored_codes(note) for note in item.notes))
        add(item.id_place.row, codes)
        add(item.line.place.row, codes)
    for row, note in play.row_notes:
        add(row, ignored_codes(note))
    starts = sorted((item.id_place.row, item.line.place.row) for item in written)
    starts += [(row, row) for row, _ in play.near_cues]
    for row, note in play.notes:
        after = min((pair for pair in starts if pair[0] > row), default=())
        for at in (row, *after):
            add(at, ignored_codes(note))
    return found


def _facts(play: Screenplay, file: str, written: list[_Written]) -> FileFacts:
    """What a file holds; characters are counted by cues, as readers of screenplays do."""
    cues = [speech.cue for speech in play.speeches if speech.cue]
    counts = {
        "cues": len(cues),
        "parentheticals": sum(speech.parentheticals for speech in play.speeches),
        "dual": sum(cue.dual for cue in cues),
        "scenes": play.scenes,
    }
    ids = sum(not item.line.generated for item in written)
    return FileFacts(file, "script", len(written), ids, dict(Counter(cue.name for cue in cues)), counts)
