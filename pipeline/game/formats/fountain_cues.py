"""Which rows of a Fountain text are cues, and the speeches under them. Pure.

Source: screenplay-tools:python/src/screenplay_tools/fountain/parser.py (_parse_character, _decode_character).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.game.formats.fountain_rows import TAG, Row, cut_tags

_CONTINUED = re.compile(r"\(\s*CONT['’]D\s*\)", re.IGNORECASE)
_CUE = re.compile(r"(?P<name>[^(^]+?)\s*(?:\((?P<qualifier>.*)\))?\s*(?P<dual>\^)?\s*")
_BRACKETS = re.compile(r"\([^)]*\)")
# A name in any case with what only a cue has in brackets.
_MIXED_CUE = re.compile(
    r"\w[\w'’.-]*(?:\s+[\w'’.-]+){0,2}\s*\(\s*(?:[VO]\.?\s*[OSC]\.?|CONT['’]D)\s*\)\s*\^?", re.IGNORECASE
)
_END_TAGS = re.compile(rf"(?:{TAG})+$")
_NO_CUE = frozenset("!.>~=#@[(")


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue: who speaks, from which row."""

    name: str
    qualifier: str | None
    dual: bool
    row: int
    tags: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class Run:
    """Speech between two parentheticals, or a run of lyrics."""

    row: int
    lyric: bool
    texts: list[str] = field(default_factory=list)
    directions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The rows, one under the other."""
        return "\n".join(self.texts).strip()


@dataclass
class Speech:
    """A cue with all that is said under it; without a cue, lyrics that nobody is named for.

    `scene` is the number of the scene it stands in (0 before the first) and `heading` the scene's name.
    """

    cue: Cue | None
    scene: int
    heading: str | None
    runs: list[Run] = field(default_factory=list)
    parentheticals: int = 0


@dataclass
class Screenplay:
    """All speeches, the rows that only look like cues, and notes outside speeches.

    `notes` stand alone on a row, `row_notes` on a row of something else.
    """

    speeches: list[Speech] = field(default_factory=list)
    near_cues: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    row_notes: list[tuple[int, str]] = field(default_factory=list)
    scenes: int = 0


def read_screenplay(rows: Sequence[Row]) -> Screenplay:
    """The speeches of a text."""
    play = Screenplay()
    shown, loose_notes = _without_gone(rows)
    heading: str | None = None
    after_empty = True
    at = 0
    while at < len(shown):
        row = shown[at]
        following = shown[at + 1] if at + 1 < len(shown) else None
        speaks = following is not None and not following.empty and not following.open
        cue = cue_of(row, after_empty=after_empty, speaks=speaks)
        if cue is not None:
            speech = Speech(cue, play.scenes, heading)
            at = _read_speech(shown, at + 1, speech)
            play.speeches.append(speech)
            after_empty = False
            continue
        if row.is_heading:
            play.scenes += 1
            heading = row.heading
        elif row.text.startswith("~"):
            at = _read_lyrics(shown, at, play, heading)
            after_empty = False
            continue
        elif after_empty and speaks and looks_like_cue(row):
            play.near_cues.append((row.number, row.text))
        loose_notes += [(row.number, note) for note in row.below]
        play.row_notes += [(row.number, note) for note in row.notes]
        after_empty = row.empty or row.open
        at += 1
    play.notes = sorted(loose_notes)
    return play


def _without_gone(rows: Sequence[Row]) -> tuple[list[Row], list[tuple[int, str]]]:
    """The rows that say something; a note on a row of its own goes to the row above, or stands alone."""
    shown: list[Row] = []
    loose: list[tuple[int, str]] = []
    for row in rows:
        if not row.gone:
            shown.append(row)
        elif shown and shown[-1].text:
            shown[-1] = shown[-1]._replace(below=(*shown[-1].below, *row.notes))
        else:
            loose += [(row.number, note) for note in row.notes]
    return shown, loose


def cue_of(row: Row, *, after_empty: bool, speaks: bool) -> Cue | None:
    """The cue that a row is, if it is one; `speaks` says whether something stands in the next row."""
    forced = row.text.startswith("@")
    if not forced and not (after_empty and speaks):
        return None
    text = _without_tags(row.text)
    if not forced and not text[:1].isupper():
        return None
    bare = (_CONTINUED.sub("", text) if "(" in text else text).removeprefix("@").strip()
    found = _CUE.fullmatch(bare)
    if found is None:
        return None
    if not forced and (row.is_heading or row.is_transition or not is_name(found["name"])):
        return None
    tags = tuple(row.text[len(text) :].replace("#", " ").split()) if len(text) < len(row.text) else ()
    return Cue(
        found["name"].strip(),
        _qualifier(found["qualifier"]),
        bool(found["dual"]),
        row.number,
        tags,
        row.all_notes,
    )


def is_name(text: str) -> bool:
    """Whether a regular cue may be called so: an upper case letter first, no lower case one."""
    return text[:1].isupper() and text.isupper()


def looks_like_cue(row: Row) -> bool:
    """Whether another parser, or the author, may take a row for a cue that is none here.

    Source: nyousefi/Fountain:Fountain/FastFountainParser.m takes any row without lower case letters.
    """
    text = _without_tags(row.text)
    if not text or text[0] in _NO_CUE or row.is_heading or row.is_transition:
        return False
    if _MIXED_CUE.fullmatch(text):
        return True
    bare = _BRACKETS.sub("", text).replace("^", "")
    return (
        any(letter.isalnum() for letter in bare)
        and bare.upper() == bare
        and (bare != bare.lower() or bare.strip().isdigit())
    )


def _without_tags(text: str) -> str:
    return _END_TAGS.sub("", text) if "#" in text else text


def _qualifier(written: str | None) -> str | None:
    parts = [part.strip() for part in re.split(r"\)\s*\(", written or "")]
    return ", ".join(part for part in parts if part) or None


def _read_speech(rows: Sequence[Row], at: int, speech: Speech) -> int:
    """Reads what stands under a cue, to the next empty row or forced element; where to go on."""
    waiting: list[str] = []
    run: Run | None = None
    while at < len(rows) and not rows[at].empty and not rows[at].is_forced:
        row = rows[at]
        at += 1
        if row.open:
            if run is not None:
                run.texts.append("")
            continue
        if is_parenthetical(row.text):
            speech.parentheticals += 1
            waiting.append(row.text[1:-1].strip())
            run = None
            continue
        lyric = row.text.startswith("~")
        if run is None or run.lyric != lyric:
            run = Run(row.number, lyric, directions=waiting)
            waiting = []
            speech.runs.append(run)
        _add(run, row)
    if waiting and speech.runs:
        speech.runs[-1].directions += waiting
    return at


def _read_lyrics(rows: Sequence[Row], at: int, play: Screenplay, heading: str | None) -> int:
    run = Run(rows[at].number, lyric=True)
    while at < len(rows) and rows[at].text.startswith("~"):
        _add(run, rows[at])
        at += 1
    play.speeches.append(Speech(None, play.scenes, heading, [run]))
    return at


def _add(run: Run, row: Row) -> None:
    text, tags = cut_tags(row.text.removeprefix("~").strip() if run.lyric else row.text)
    run.texts.append(text)
    run.tags += tags
    run.notes += row.all_notes


def is_parenthetical(text: str) -> bool:
    """Whether a row stands wholly in one pair of brackets."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at == len(text) - 1
    return False
