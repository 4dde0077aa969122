"""One .ink file by the rules of Dink's own parser: lines, actions, comments, inherited tags. Pure.

Source: dink:csharp/Dink/DinkParser.cs (ParseInkLines and the expressions it uses).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.game.formats.reading import ignored_codes

_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TAG_ROW = re.compile(r"(?:#[^#]+)+")
_NO_CONTENT = re.compile(r"(?:INCLUDE|VAR)\b|~")
_INCLUDE = re.compile(r"INCLUDE\s+(.+)")
_SPEECH = (
    r"-?\s*(?P<character>[A-Z0-9_]+)\s*(?:\(\s*(?P<qualifier>.*?)\s*\))?\s*:"
    r"\s*(?:\(\s*(?P<direction>.*?)\s*\))?\s*(?P<text>\w.*?)"
)
_TAGS = r"(?P<tags>(?:\s+\#\S+)+)"
_LINE = re.compile(_SPEECH + _TAGS)
_LINE_WITHOUT_TAGS = re.compile(_SPEECH + r"\s*")
_ACTION = re.compile(r"(?!->)-?\s*(?P<text>[^*+].*?)" + _TAGS)
_OPTION = re.compile(r"[*+]\s*\[?\s*([^#\]]+?)\s*(?:#.*?)*\s*\]?\s*")
_FLOW_LINE = re.compile(r"-\s*[A-Z][A-Z0-9_]*.*:")
_CLAUSE = re.compile(r"-\s*(?P<expression>[^#]+?)\s*:\s*(?P<rest>.*)")
_CHARACTER = re.compile(r"[A-Z][A-Z0-9_]+")
_KNOT = re.compile(r"={2,}\s*(\w+)\b.*")
_STITCH = re.compile(r"=\s*(\w+)\b.*")
_GROUP = re.compile(r"\{\s*\w+\s*:\s*")
_ID = re.compile(r"#id:(\w+)")
_ID_TAG = "id:"
# Ink's own note to the author, which looks like a line.
_TODO = "TODO:"
DINK_TAG = "dink"


class Beat(NamedTuple):
    """A line or an action of a Dink knot; `id` is empty where DinkCompiler has not run yet.

    `tags` hold what stitch, knot and file add; `comments` are those above it and at its end.
    """

    id: str
    text: str
    row: int
    character: str | None = None
    qualifier: str = ""
    direction: str = ""
    tags: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    knot: str = ""
    stitch: str = ""

    @property
    def node(self) -> str | None:
        """`knot.stitch`."""
        return ".".join(name for name in (self.knot, self.stitch) if name) or None


@dataclass
class InkFacts:
    """All that one .ink file says.

    Attributes:
        beats: lines and actions in order.
        others: (ID, row) of text that is not Dink, options among them.
        one_row: rows with a condition and content, which Dink does not read; with their text.
        outside: beats that look like lines but stand outside Dink knots.
        includes: (file as written, row).
        ignored: codes that comments silence, by row.
    """

    beats: list[Beat] = field(default_factory=list)
    others: list[tuple[str, int]] = field(default_factory=list)
    one_row: list[tuple[int, str]] = field(default_factory=list)
    outside: list[Beat] = field(default_factory=list)
    includes: list[tuple[str, int]] = field(default_factory=list)
    ignored: dict[int, frozenset[str]] = field(default_factory=dict)


def read_ink(text: str) -> InkFacts:
    """What a file says; `text` has `\\n` for line ends and no BOM."""
    reader = _Reader()
    plain = _BLOCK_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text) if "/*" in text else text
    for number, row in enumerate(plain.split("\n"), start=1):
        reader.row(row.strip(), number)
    return reader.facts


def cut_id(tags: list[str]) -> str:
    """The ID among a line's tags, which it leaves; empty if there is none."""
    found = next((tag for tag in tags if tag.startswith(_ID_TAG) and len(tag) > len(_ID_TAG)), None)
    if found is None:
        return ""
    tags.remove(found)
    return found[len(_ID_TAG) :]


def with_inherited(own: list[str], *outer: list[str]) -> tuple[str, ...]:
    """A line's tags with those of stitch, knot and file, unless it has one with the same `prefix:`."""
    tags = list(own)
    for inherited in outer:
        for tag in inherited:
            prefix, colon, _ = tag.partition(":")
            if not (prefix and colon and any(other.startswith(prefix + colon) for other in tags)):
                tags.append(tag)
    return tuple(tags)


class _Reader:
    """The parser's state: where it stands, which tags hold, which comments wait for a beat."""

    def __init__(self) -> None:
        self.facts = InkFacts()
        self.comments: list[str] = []
        self.silenced: frozenset[str] = frozenset()
        self.end_comment: str | None = None
        self.in_dink = False
        self.in_options = False
        self.braces = 0
        self.group_braces = 0
        self.knot = self.stitch = ""
        self.file_tags: list[str] = []
        self.knot_tags: list[str] = []
        self.stitch_tags: list[str] = []
        self.file_content = self.knot_content = self.stitch_content = False

    def row(self, text: str, number: int) -> None:
        """Reads one row. The order of the questions is that of the origin."""
        self.end_comment = None
        at = text.rfind("//")
        if at > 0:
            self.end_comment = text[at + 2 :].strip()
            text = text[:at].rstrip()
            if not self._silence(self.end_comment, number):
                self.comments.append(self.end_comment)
        if not text or self._silence_next(text):
            return
        if text.startswith("#") and _TAG_ROW.fullmatch(text):
            self._tag_row(text)
            return
        if not text.startswith("//") and self.silenced:
            self._mark(number, self.silenced)
            self.silenced = frozenset()
        if _NO_CONTENT.match(text):
            included = _INCLUDE.match(text)
            if included:
                self.facts.includes.append((included[1].strip(), number))
            return
        self.file_content = self.knot_content = self.stitch_content = True
        if not self._flow(text, number):
            self._content(text, number)

    def _silence(self, comment: str, number: int) -> bool:
        codes = ignored_codes(comment) if "fullcast:" in comment else frozenset()
        if codes:
            self._mark(number, codes)
            self.end_comment = None
        return bool(codes)

    def _silence_next(self, text: str) -> bool:
        codes = ignored_codes(text) if text.startswith("//") and "fullcast:" in text else frozenset()
        self.silenced |= codes
        return bool(codes)

    def _mark(self, number: int, codes: frozenset[str]) -> None:
        self.facts.ignored[number] = self.facts.ignored.get(number, frozenset()) | codes

    def _tag_row(self, text: str) -> None:
        tags = [tag for tag in (piece.strip() for piece in text.split("#")) if tag]
        if DINK_TAG in tags:
            self.in_dink = True
            tags.remove(DINK_TAG)
        if not self.file_content:
            self.file_tags += tags
        elif not self.knot_content:
            self.knot_tags += tags
        elif not self.stitch_content:
            self.stitch_tags += tags

    def _flow(self, text: str, number: int) -> bool:
        """What braces, options, gathers and diverts do to waiting comments; whether the row is done with."""
        balance = text.count("{") - text.count("}")
        if balance > 0:
            self.braces += 1
            if self.group_braces == 0 and _GROUP.fullmatch(text):
                self.group_braces = self.braces
            self.comments.clear()
        elif balance < 0:
            self.braces = max(0, self.braces - 1)
            if self.braces < self.group_braces:
                self.group_braces = 0
                self.in_options = True
            self.comments.clear()
        elif text[0] in "*-+" or "->" in text or "<-" in text:
            self.comments.clear()
            if not (self.in_dink and _FLOW_LINE.match(text)):
                return self._option(text, number)
        return False

    def _option(self, text: str, number: int) -> bool:
        found = _OPTION.fullmatch(text)
        if found is None:
            self.in_options = self.in_options and text != "-"
            return False
        self.in_options = True
        speech = _LINE_WITHOUT_TAGS.fullmatch(found[1].strip()) if self.in_dink else None
        if speech is None:
            return False
        given = _ID.search(text)
        self.comments.append(f'OPTION "{speech["text"].strip()}"')
        self._add(speech, given[1] if given else "", [], number)
        return True

    def _content(self, text: str, number: int) -> None:
        clause = _CLAUSE.fullmatch(text) if text[0] == "-" else None
        if clause and not _CHARACTER.fullmatch(clause["expression"]):
            if not clause["rest"].strip():
                self.comments.clear()
                return
            if self.in_dink:
                self.facts.one_row.append((number, text))
        elif text[0] == "=":
            self._heading(text)
            return
        elif text.startswith("//"):
            self.comments.append(text[2:].strip())
            return
        elif self._line(text, number) or self._action(text, number):
            return
        self._other(text, number)
        self.comments.clear()

    def _heading(self, text: str) -> None:
        knot, stitch = _KNOT.fullmatch(text), _STITCH.fullmatch(text)
        self.comments.clear()
        if knot:
            self.in_dink = False
            self.knot, self.stitch = knot[1], ""
            self.knot_tags, self.stitch_tags = [], []
            self.knot_content = False
        elif stitch:
            self.stitch = stitch[1]
            self.stitch_tags = []
            self.stitch_content = False
        self.braces = self.group_braces = 0

    def _line(self, text: str, number: int) -> bool:
        speech = _LINE.fullmatch(text)
        tags = _split_tags(speech["tags"]) if speech else []
        if speech is None and self.in_dink and "#" not in text and not text.startswith(_TODO):
            speech = _LINE_WITHOUT_TAGS.fullmatch(text)
        if speech is None:
            return False
        if not self.in_dink:
            self.facts.outside.append(_beat(speech, cut_id(tags), number, self))
            return False
        if self.end_comment and self.end_comment not in self.comments:
            # Dink loses the end comment of a row that starts with `-`; it is direction all the same.
            self.comments.append(self.end_comment)
        self._add(speech, cut_id(tags), tags, number)
        return True

    def _add(self, speech: re.Match[str], given: str, own_tags: list[str], number: int) -> None:
        tags = with_inherited(own_tags, self.stitch_tags, self.knot_tags, self.file_tags)
        self.facts.beats.append(_beat(speech, given, number, self, tags, tuple(self.comments)))
        self.comments.clear()

    def _action(self, text: str, number: int) -> bool:
        found = _ACTION.fullmatch(text) if self.in_dink and "#" in text else None
        if found is None:
            return False
        own = _split_tags(found["tags"])
        given = cut_id(own)
        tags = with_inherited(own, self.stitch_tags, self.knot_tags, self.file_tags)
        beat = Beat(
            given,
            found["text"].strip(),
            number,
            None,
            "",
            "",
            tags,
            tuple(self.comments),
            self.knot,
            self.stitch,
        )
        self.facts.beats.append(beat)
        self.comments.clear()
        return True

    def _other(self, text: str, number: int) -> None:
        start = text.find("#")
        if start < 0:
            return
        end = text.find("]", start)
        tags = _split_tags(text[start : end if end >= 0 else len(text)])
        given = cut_id(tags)
        if given:
            self.facts.others.append((given, number))


def _split_tags(text: str) -> list[str]:
    return [tag for tag in (word.lstrip("#") for word in text.split() if word.startswith("#")) if tag]


def _beat(
    speech: re.Match[str],
    given: str,
    number: int,
    reader: _Reader,
    tags: tuple[str, ...] = (),
    comments: tuple[str, ...] = (),
) -> Beat:
    return Beat(
        given,
        speech["text"].strip(),
        number,
        speech["character"],
        speech["qualifier"] or "",
        speech["direction"] or "",
        tags,
        comments,
        reader.knot,
        reader.stitch,
    )
