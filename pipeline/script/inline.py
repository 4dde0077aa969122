"""Inline Markdown of one paragraph: what is heard, what is silent and by which rule, who says which words."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.errors import did_you_mean
from pipeline.script.rows import MASK
from pipeline.script.source import Findings, Source
from pipeline.script.tags import UNHEARD, is_html, is_spacing, tag_pattern, unheard_pattern

# A character that a rule has taken or protected; later rules do not see it.
TAKEN = "\x01"

_OPENERS = {
    "”": "“„”",
    "“": "„",
    "»": "«",
    "«": "»",
    "›": "‹",
    "‹": "›",
    "」": "「",
    "』": "『",
    "’": "‘‚",
    '"': '"',
    "'": "'",
}
_ESCAPES_AND_CODE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~：（｛“”「」])|(?P<break>\\(?=\n))|(?<!`)(?P<marks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=marks)(?!`)",
    re.DOTALL,
)
_IMAGE = re.compile(r"!\[[^\]]*\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\]]*\])(?:\{[^{}]*\})?")
_AUTOLINK = re.compile(r"<(?=[a-z][a-z+.-]*:[^<>\s]+>)|(?<=[^\s<>])>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]")
_URL = r"(?:<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)"
_TARGET = re.compile(rf"\(\s*{_URL}(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
_REFERENCE = re.compile(r"\[([^\]]*)\]")
_ATTRIBUTE = re.compile(r"\{([^{}]*)\}")
_EMPHASIS = re.compile(r"\*+|_+|~~")

# Takes an attribute's text and its row; gives the number of the speech for it, or None if it is wrong.
Attribution = Callable[[str, int], int | None]


class Inline:
    """One paragraph's characters, changed in place by one pass after another.

    `out[i]` is what is heard of character i ("" if nothing), written at [starts[i], ends[i]) of the file;
    `speech[i]` numbers who says it, 0 being the paragraph's own speaker.
    """

    def __init__(
        self, pieces: list[tuple[int, int]], masked: str, source: Source, findings: Findings
    ) -> None:
        self.source = source
        self.findings = findings
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.out: list[str] = []
        for number, (start, end) in enumerate(pieces):
            if number:
                self._add_newline(pieces[number - 1][1], masked)
            text = masked[start:end]
            places = list(range(start, end))
            if MASK in text:
                places = [place for place in places if masked[place] != MASK]
            self.out += text.replace(MASK, "")
            self.starts += places
            self.ends += [place + 1 for place in places]
        self.scan = "".join(self.out).replace("\r", "\n")
        self.speech = [0] * len(self.out)

    def _add_newline(self, after: int, masked: str) -> None:
        """The newline behind a row, one character even as CR LF."""
        start = next(place for place in range(after, len(masked)) if masked[place] in "\r\n")
        end = start + (2 if masked.startswith("\r\n", start) else 1)
        self.out.append("\n")
        self.starts.append(start)
        self.ends.append(end)

    def row(self, index: int) -> int:
        """The file's row of character `index`."""
        return self.source.row(self.starts[index])

    def take(self, start: int, end: int, rule: str | None) -> None:
        """Makes characters [start, end) silent by `rule`; with None they are heard, but hold no marks."""
        self.scan = self.scan[:start] + TAKEN * (end - start) + self.scan[end:]
        if rule is None:
            return
        for index in range(start, end):
            if self.out[index]:
                self.out[index] = ""
                self.source.silence(self.starts[index], self.ends[index], rule)

    def read(self, attribution: Attribution, definitions: frozenset[str]) -> None:
        """Runs all passes, in the order in which the marks bind."""
        self._escapes_and_code()
        if "![" in self.scan:
            for found in list(_IMAGE.finditer(self.scan)):
                self.take(found.start(), found.end(), "image")
        self._tags()
        self._entities()
        if "[" in self.scan:
            for found in list(_FOOTNOTE.finditer(self.scan)):
                self.take(found.start(), found.end(), "footnote")
            self._brackets(attribution, definitions)
        if "{" in self.scan:
            self._quotations(attribution)
            self._stray_braces()
        self._emphasis()

    def _escapes_and_code(self) -> None:
        if "\\" not in self.scan and "`" not in self.scan:
            return
        for found in list(_ESCAPES_AND_CODE.finditer(self.scan)):
            start, end = found.span()
            if found["marks"] is None:
                self.take(start, start + 1, "markup")
                if found["escaped"]:
                    self.take(start + 1, end, None)
                continue
            width = len(found["marks"])
            self.take(start, start + width, "markup")
            self.take(start + width, end - width, None)
            self.take(end - width, end, "markup")

    def _tags(self) -> None:
        if "<" not in self.scan and ">" not in self.scan:
            return
        for found in list(unheard_pattern().finditer(self.scan)):
            message = f"'<{found['name']}>' and what stands in it is not spoken"
            self._warn(found.start(), message, "take it out of the script")
            self.take(found.start(), found.end(), "markup")
        for found in list(tag_pattern().finditer(self.scan)):
            self._tag(found)
        for found in list(_AUTOLINK.finditer(self.scan)):
            if found[0] == "<" or self._closes_link(found.start()):
                self.take(found.start(), found.end(), "markup")

    def _tag(self, found: re.Match[str]) -> None:
        """HTML's own tags are silent; of others the name is spoken, for it may be a word of the story."""
        start, end = found.span()
        name = found["name"]
        if name is None or is_html(name):
            if name is not None and name.lower() in UNHEARD:
                self._warn(
                    start, f"'{found[0]}' has no partner; what stands near it is spoken", "take it out"
                )
            if name is not None and is_spacing(name):
                self._space(start)
                start += 1
            self.take(start, end, "markup")
        elif found[0].startswith("</"):
            self._warn(
                start, f"'{found[0]}' is no tag of HTML; it is not spoken", "take it out, or write '\\<'"
            )
            self.take(start, end, "markup")
        else:
            message = f"'{found[0]}' is no tag of HTML; its words are spoken, the brackets are not"
            self._warn(start, message, "take it out, or write '\\<' if it is meant so")
            for mark, beside in ((start, self.scan[start - 1 : start]), (end - 1, self.scan[end : end + 1])):
                if beside.isalnum():
                    self._space(mark)
                else:
                    self.take(mark, mark + 1, "markup")

    def _space(self, index: int) -> None:
        """Makes a mark a space: what stands around it are two words."""
        self.take(index, index + 1, None)
        self.out[index] = " "

    def _warn(self, index: int, message: str, hint: str) -> None:
        self.findings.warn(self.source.name, self.row(index), message, hint)

    def _closes_link(self, index: int) -> bool:
        """Whether a '>' ends a link whose '<' is taken already."""
        opened = self.scan.rfind(TAKEN, 0, index)
        between = self.scan[opened + 1 : index]
        return opened >= 0 and ":" in between and not any(char.isspace() for char in between)

    def _entities(self) -> None:
        if "&" not in self.scan:
            return
        from html import unescape

        for found in list(_ENTITY.finditer(self.scan)):
            decoded = unescape(found[0])
            if decoded == found[0]:
                continue
            start, end = found.span()
            if not decoded:
                self.take(start, end, "markup")
                continue
            self.take(start, end, None)
            last = self.ends[end - 1]
            for index in range(start, end):
                offset = index - start
                self.out[index] = decoded[offset] if offset < len(decoded) else ""
                self.starts[index] = self.starts[start] if offset == 0 else last
                self.ends[index] = last

    def _brackets(self, attribution: Attribution, definitions: frozenset[str]) -> None:
        """Links keep their text; `[words]{...}` gives the words to a speech, inner ones first."""
        opened: list[int] = []
        index = 0
        while index < len(self.scan):
            char = self.scan[index]
            if char == "[":
                opened.append(index)
            elif char == "]" and opened:
                self._close_bracket(opened.pop(), index, attribution, definitions)
            index += 1

    def _close_bracket(
        self, start: int, end: int, attribution: Attribution, definitions: frozenset[str]
    ) -> None:
        target = _TARGET.match(self.scan, end + 1)
        reference = _REFERENCE.match(self.scan, end + 1)
        attribute = _ATTRIBUTE.match(self.scan, end + 1)
        if target:
            self.take(end + 1, target.end(), "link-target")
        elif reference and (reference[1] or self.scan[start + 1 : end]).casefold() in definitions:
            self.take(end + 1, reference.end(), "link-target")
        elif attribute:
            self._attribute(attribute, start + 1, end, attribution)
        elif self.scan[start + 1 : end].casefold() not in definitions:
            return
        self.take(start, start + 1, "markup")
        self.take(end, end + 1, "markup")

    def _quotations(self, attribution: Attribution) -> None:
        """`“words”{Name}`: the quotation that closes before the brace."""
        for found in list(_ATTRIBUTE.finditer(self.scan)):
            close = found.start() - 1
            closing = self.scan[close] if close >= 0 else ""
            if closing not in _OPENERS or not closing:
                continue
            start = self._opening(close, closing)
            if start is None:
                message = f"no quotation mark opens the words before '{found[0]}'"
                hint = "or write [words]{character=Name}"
                self.findings.error(self.source.name, self.row(close), message, hint)
                self.take(found.start(), found.end(), "attribute")
                continue
            self._attribute(found, start, close + 1, attribution)

    def _opening(self, close: int, closing: str) -> int | None:
        """Where the quotation that ends at `close` begins; pairs within it are skipped."""
        openers = _OPENERS[closing]
        depth = 0
        for index in range(close - 1, -1, -1):
            char = self.scan[index]
            if closing == "'" and char == "'" and index and self.scan[index - 1].isalnum():
                continue
            if char in openers:
                if depth == 0 or closing in openers:
                    return index
                depth -= 1
            elif char == closing and closing not in "’'":
                depth += 1
        return None

    def _attribute(self, found: re.Match[str], start: int, end: int, attribution: Attribution) -> None:
        number = attribution(found[1].replace("\n", " "), self.row(found.start()))
        self.take(found.start(), found.end(), "attribute")
        if number is None:
            return
        for index in range(start, end):
            if self.speech[index] == 0:
                self.speech[index] = number

    def _stray_braces(self) -> None:
        for found in re.finditer(r"\{(?P<text>[^{}\n]*)\}?", self.scan):
            row = self.row(found.start())
            word = found["text"].split(" ")[0].strip(":")
            if word in ("pause", "sound") or did_you_mean(word, ("pause", "sound")).startswith(
                "did you mean"
            ):
                message = f"the cue '{found[0]}' must be a row of its own, {{pause 1.2}} or {{sound FILE}}"
                self.findings.error(self.source.name, row, message)
                continue
            message = f"'{found[0]}' stands behind no closing quotation mark or bracket"
            hint = "put it right behind one, or write '\\{' if it is text"
            self.findings.error(self.source.name, row, message, hint)

    def _emphasis(self) -> None:
        """Pairs of `*`, `_` and `~~` around words; what has no partner is text.

        Source: CommonMark 0.31, section 6.2, without its rule of three.
        """
        if not any(mark in self.scan for mark in "*_~"):
            return
        opened: list[list[int]] = []  # [start, end) of marks that may open
        pairs: list[tuple[int, int]] = []
        for found in _EMPHASIS.finditer(self.scan):
            start, end = found.span()
            can_open, can_close = self._flanks(start, end, found[0][0])
            while can_close and start < end:
                partner = next((each for each in reversed(opened) if self._pairs(each, start)), None)
                if partner is None:
                    break
                width = min(partner[1] - partner[0], end - start)
                pairs += [(partner[1] - width, partner[1]), (start, start + width)]
                partner[1] -= width
                start += width
                # Marks between the two are text.
                opened = [each for each in opened[: opened.index(partner) + 1] if each[1] > each[0]]
            if can_open and start < end:
                opened.append([start, end])
        for start, end in pairs:
            self.take(start, end, "markup")

    def _pairs(self, opened: list[int], close: int) -> bool:
        return self.scan[opened[0]] == self.scan[close] and opened[1] < close

    def _flanks(self, start: int, end: int, mark: str) -> tuple[bool, bool]:
        """Whether marks may open and close: no space on the inner side; `_` only at a word's edge."""
        before = self.scan[start - 1] if start else " "
        after = self.scan[end] if end < len(self.scan) else " "
        can_open, can_close = not after.isspace(), not before.isspace()
        if mark == "_":
            return can_open and not before.isalnum(), can_close and not after.isalnum()
        return can_open, can_close
