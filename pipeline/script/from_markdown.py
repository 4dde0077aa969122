"""A script in Markdown: front matter, chapters at `#`, paragraphs of narration and speech."""

from __future__ import annotations

import re
from itertools import groupby

from pipeline.script.cues import sound_cue
from pipeline.script.glyphs import Glyphs, collapse
from pipeline.script.header import read_header
from pipeline.script.inline import Inline
from pipeline.script.labels import Labels
from pipeline.script.model import NARRATOR, Pause, SceneBreak
from pipeline.script.nodes import Node, YamlError, compose
from pipeline.script.prose import ChapterDraft, Run
from pipeline.script.reading import Reading
from pipeline.script.rows import Row, heading_text_end, mask_comments, read_rows
from pipeline.script.schema import PauseForm, SoundForm
from pipeline.script.source import Findings, Source
from pipeline.script.speech import TOKEN, Speech
from pipeline.script.validate import read_values, shorten

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*(?:\r\n|\r|\n)")
_FRONT_MATTER_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_BRACKET_CUE = re.compile(r"\[(?:pause|sound)\b[^\]]*\]$")
_FLAGS = ("under",)
_NARROW_CELLS = re.compile(r"[\s|:-]+$")


def read_markdown(source: Source, findings: Findings) -> Reading | None:
    """The book in a Markdown file; None if its front matter is no YAML. All problems are in `findings`."""
    opening = _FRONT_MATTER.match(source.text)
    if opening is None:
        hint = "start with '---', 'book: {title: ...}', 'cast: {narrator: engine/voice}', '---'"
        findings.error(source.name, 1, "the script has no front matter", hint)
        return None
    # Lone carriage returns would hide rows from `^`; offsets stay the same.
    rows = source.text.replace("\r", "\n")
    closing = _FRONT_MATTER_END.search(rows, opening.end())
    if closing is None:
        findings.error(
            source.name, 1, "the front matter has no end", "close it with '---' on a row of its own"
        )
        return None
    source.silence(0, closing.end(), "front-matter")
    try:
        root: Node | None = compose(source, findings, opening.end(), closing.start())
    except YamlError as error:
        findings.problems.append(error.problem)
        return None
    reading = Reading(read_header(root, source, findings), source, findings)
    _Reader(source, reading, None).read(closing.end())
    return reading


def read_markdown_chapters(source: Source, reading: Reading, draft: ChapterDraft | None = None) -> None:
    """Adds the chapters of an included file; text before its first heading goes to `draft`, if given."""
    if _FRONT_MATTER.match(source.text):
        message = "a chapter file has no front matter of its own"
        reading.findings.error(source.name, 1, message, "move it to the script that includes the file")
    _Reader(source, reading, draft).read(0)


class _Reader:
    """Reads one file, row by row, into chapters; paragraphs wait until a row ends them."""

    def __init__(self, source: Source, reading: Reading, draft: ChapterDraft | None) -> None:
        self.source = source
        self.reading = reading
        self.findings = reading.findings
        self.labels = Labels(reading.roles, reading.findings)
        self.draft = draft
        self.masked = ""
        self.waiting: list[tuple[int, int]] = []
        self.definitions: frozenset[str] = frozenset()
        self.fence = ""
        self.in_list = False
        self.in_footnote = False

    def read(self, start: int) -> None:
        """Reads everything from `start` on."""
        self.masked = mask_comments(self.source, start, self.findings)
        rows = list(read_rows(self.masked, start, self.source))
        self.definitions = frozenset(row.label.casefold() for row in rows if row.kind == "definition")
        for row in rows:
            self._row(row)
        self.flush()
        self.source.silence_rest()

    def _row(self, row: Row) -> None:
        if self.fence and row.kind != "blank":
            self._fenced(row)
        elif self.in_footnote and row.kind not in ("blank", "heading", "break"):
            self.source.silence(row.start, row.end, "footnote")
        elif row.kind == "blank":
            self.flush()
            self.in_footnote = False
        elif row.kind == "text" and _BRACKET_CUE.match(row.text):
            hint = f"write '{{{row.text[1:-1].replace(':', '')}}}'"
            self.findings.error(*self.place(row.start), f"a cue is written in braces, not '{row.text}'", hint)
        elif row.kind == "text" or (row.kind == "list" and row.label and self.waiting and not self.in_list):
            self.waiting.append((row.start, row.end))
        elif row.kind != "comment":
            self.flush(keeps_list=row.kind == "list")
            self._block(row)

    def _block(self, row: Row) -> None:
        """A row that is a block of its own, or starts one."""
        match row.kind:
            case "heading":
                self.heading(row)
            case "break":
                self.source.silence(row.start, row.end, "scene-break")
                self.chapter(row.start).cue(SceneBreak(self.source.span(row.start, row.end)))
            case "cue":
                self.cue(row)
            case "fence":
                self.fence = row.label
                self.source.silence(row.start, row.end, "markup")
                self.findings.warn(*self.place(row.start), "a code block is read aloud as text")
            case "footnote":
                self.in_footnote = True
                self.source.silence(row.start, row.end, "footnote")
                self.findings.warn(*self.place(row.start), f"footnote is not spoken: '{shorten(row.text)}'")
            case "definition":
                self.source.silence(row.start, row.end, "link-target")
            case "table":
                self.table(row)
            case "rule":
                self.source.silence(row.start, row.end, "markup")
                hint = "write '# Title' to start a chapter"
                self.findings.warn(*self.place(row.start), "a row of '=' means nothing here", hint)
            case "list":
                self.source.silence(row.start, row.start + row.mark, "list-mark")
                if row.label not in ("", "1") and not self.in_list:
                    message = f"'{row.text[: row.mark].strip()}' is a list's number and is not spoken"
                    hint = f"write '{row.label}\\{row.text[len(row.label)]}' if it is text"
                    self.findings.warn(*self.place(row.start), message, hint)
                self.waiting.append((row.start + row.mark, row.end))
                self.in_list = True

    def place(self, offset: int) -> tuple[str, int]:
        """File and row, as problems want them."""
        return self.source.name, self.source.row(offset)

    def chapter(self, offset: int) -> ChapterDraft:
        """The chapter that is being read; what stands before the first heading has the book's title."""
        if self.draft is None:
            self.draft = ChapterDraft(self.reading.header.book.title, self.source.span(offset, offset + 1))
            self.reading.chapters.append(self.draft)
        return self.draft

    def heading(self, row: Row) -> None:
        """`#` starts a chapter; a deeper heading is a spoken title within it, after a break."""
        self.source.silence(row.start, row.start + row.mark, "heading-mark")
        end = max(heading_text_end(row), row.start + row.mark)
        self.source.silence(end, row.end, "heading-mark")
        inline = Inline([(row.start + row.mark, end)], self.masked, self.source, self.findings)
        speech = self.reading.roles.speech(NARRATOR)
        glyphs, said_by = self._read_inline(inline, [speech])
        title = glyphs.text.strip()
        is_chapter = len(row.label) == 1
        if not title:
            self.findings.warn(*self.place(row.start), "a heading without words")
        if is_chapter:
            self.draft = ChapterDraft(title, self.source.span(row.start, row.end))
            self.reading.chapters.append(self.draft)
        elif self.chapter(row.start).has_lines:
            self.chapter(row.start).cue(SceneBreak(self.source.span(row.start, row.start + row.mark)))
        if is_chapter and not self.reading.header.book.announce_chapters:
            self._silence_rest(inline, "unspoken-title")
            return
        self.chapter(row.start).paragraph(self.source, _runs(glyphs, said_by, [speech]), title=True)
        self._silence_rest(inline, "whitespace")

    def cue(self, row: Row) -> None:
        """`{pause 1.2}` or `{sound sfx/door.wav gain=-6 under}`."""
        place = self.place(row.start)
        span = self.source.span(row.start, row.end)
        name, _, rest = row.text[1:-1].strip().partition(" ")
        rule = "pause-cue" if name.startswith("pause") else "sound-cue"
        self.source.silence(row.start, row.end, rule)
        tokens = list(TOKEN.finditer(rest))
        bare = [token["bare"] for token in tokens if token["bare"] and token["bare"] not in _FLAGS]
        values = {token["key"]: token["value"].strip("\"'“”") for token in tokens if token["key"]}
        flags = {token["bare"]: True for token in tokens if token["bare"] in _FLAGS}
        first = {"pause": "pause", "sound": "file"}.get(name)
        if first is None or len(bare) > 1:
            hint = "write '{pause 1.2}' or '{sound sfx/door.wav gain=-6 under}'"
            self.findings.error(*place, f"the cue '{row.text}' cannot be read", hint)
            return
        given = values | flags | ({first: bare[0]} if bare else {})
        if name == "pause":
            pause = read_values(PauseForm, given, place, self.findings, "a pause")
            if pause is not None:
                self.chapter(row.start).cue(Pause(pause.pause, span))
            return
        sound = read_values(SoundForm, given, place, self.findings, "a sound")
        if sound is not None:
            self.chapter(row.start).cue(sound_cue(sound, self.source, row.start, row.end))

    def table(self, row: Row) -> None:
        """A row of a table is read as text, one paragraph."""
        for offset in range(row.start, row.end):
            if self.masked[offset] == "|" or _NARROW_CELLS.match(row.text):
                self.source.silence(offset, offset + 1, "markup")
        if _NARROW_CELLS.match(row.text):
            self.findings.warn(*self.place(row.start), "a table is read aloud as text, row by row")
            return
        self.waiting.append((row.start, row.end))
        self.flush()

    def _fenced(self, row: Row) -> None:
        """Within a code block every row is text as it stands."""
        if row.kind == "fence" and row.label.startswith(self.fence):
            self.flush(literal=True)
            self.source.silence(row.start, row.end, "markup")
            self.fence = ""
        else:
            self.waiting.append((row.start, row.end))

    def flush(self, keeps_list: bool = False, literal: bool = False) -> None:
        """Ends the paragraph that waits, if any, and adds its lines."""
        self.in_list = self.in_list and keeps_list
        pieces, self.waiting = self.waiting, []
        if not pieces:
            return
        inline = Inline(pieces, self.masked, self.source, self.findings)
        if not inline.out:
            return
        speech = self.reading.roles.speech(NARRATOR)
        if not (literal or self.fence):
            speech = self._label(inline, pieces) or speech
        speeches = [speech]
        glyphs, said_by = self._read_inline(inline, speeches, literal or bool(self.fence))
        chapter = self.chapter(pieces[0][0])
        spoke = chapter.paragraph(self.source, _runs(glyphs, said_by, speeches))
        if not spoke and speech.character != NARRATOR:
            self.findings.error(
                *self.place(pieces[0][0]), f"{speech.character} says nothing", "write the text"
            )
        self._silence_rest(inline, "whitespace")

    def _label(self, inline: Inline, pieces: list[tuple[int, int]]) -> Speech | None:
        """Who says the paragraph, if it starts with a label; further labels within it are problems."""
        label = self.labels.read(inline.scan, self.place(pieces[0][0]))
        for start, end in pieces[1:]:
            name = self.labels.starts_row(self.masked[start:end])
            if name is not None:
                hint = f"put an empty row above it, or write '{name}\\:' if it is prose"
                self.findings.error(*self.place(start), f"'{name}:' stands within a paragraph", hint)
        if label is None:
            return None
        inline.take(0, label.end, "speaker-label")
        return label.speech

    def _read_inline(
        self, inline: Inline, speeches: list[Speech], literal: bool = False
    ) -> tuple[Glyphs, list[int]]:
        """The glyphs of a paragraph, and the number of each one's speech; new speeches go to `speeches`."""

        def attribution(text: str, row: int) -> int | None:
            speech = self.labels.attribution(text, (self.source.name, row), speeches[0])
            if speech is None:
                return None
            speeches.append(speech)
            return len(speeches) - 1

        if not literal:
            inline.read(attribution, self.definitions)
        return collapse(Glyphs(inline.out, inline.starts, inline.ends), inline.speech)

    def _silence_rest(self, inline: Inline, rule: str) -> None:
        """What no line took of a paragraph: white space at the edges of its lines, written as it may be."""
        if not inline.starts:
            return
        for offset in self.source.unowned(inline.starts[0], inline.ends[-1]):
            is_entity = rule == "whitespace" and not self.source.text[offset].isspace()
            self.source.silence(offset, offset + 1, "markup" if is_entity else rule)


def _runs(glyphs: Glyphs, said_by: list[int], speeches: list[Speech]) -> list[Run]:
    """The glyphs in runs of one speech."""
    runs: list[Run] = []
    start = 0
    for number, group in groupby(said_by):
        end = start + sum(1 for _ in group)
        runs.append(Run(glyphs.cut(start, end), speeches[number]))
        start = end
    return runs
