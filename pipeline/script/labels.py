"""Who speaks a paragraph of Markdown: `Name (sad, 0.7): text`, and names that nobody declared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from pipeline.script.schema import SpeechForm
from pipeline.script.source import Findings
from pipeline.script.speech import Roles, Speech, is_direction, named_character, parse_words, unknown_name

# How alike an undeclared word before a colon must be to a declared name to be taken for a slip.
NEAR = 0.75
_TEXT_STYLE = r"[*_]{0,3}"
_BRACKETED = r"(?:[ \t]*[(（](?P<direction>[^()（）]*)[)）])?"
_COLON = rf"[ \t]*{_TEXT_STYLE}[:：]{_TEXT_STYLE}"
_WORD = r"[^\W\d_][\w'’.-]*"


@cache
def _any_label() -> re.Pattern[str]:
    """One to three words and a colon."""
    return re.compile(
        rf"{_TEXT_STYLE}(?P<name>{_WORD}(?:[ \t]{_WORD}){{0,2}}){_TEXT_STYLE}{_BRACKETED}{_COLON}(?=\s|$)"
    )


@cache
def _east_asian_label() -> re.Pattern[str]:
    """A few characters and a colon, no space behind it."""
    return re.compile(r"(?P<name>[\u3400-\u9fff·]{1,6})(?:[(（](?P<direction>[^()（）]*)[)）])?[:：]")


# Capitalised words that often stand before a colon in prose, so that they are not names.
LEAD_INS = frozenset(
    (
        "and", "answer", "author's", "aside", "besides", "but", "caution", "conclusion", "contents",
        "dear", "example", "exactly", "first", "finally", "fourth", "fact", "hence", "here", "however",
        "i", "idea", "imagine", "important", "in", "listen", "look", "maybe", "meanwhile", "moral",
        "nb", "next", "no", "note", "notice", "now", "observe", "ok", "okay", "once", "only", "or",
        "p.s", "perhaps", "problem", "ps", "question", "quote", "reason", "remember", "result", "rule",
        "second", "see", "so", "solution", "still", "subject", "suddenly", "summary", "that", "the",
        "then", "there", "therefore", "these", "third", "this", "thus", "tip", "to", "topic",
        "translation", "truth", "warning", "well", "what", "why", "yes", "yet",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Label:
    """A paragraph's label: characters [0, end) of it are silent, and `speech` says the rest."""

    end: int
    speech: Speech


class Labels:
    """Finds labels by the names of one cast. `Label` for a declared name, problems for slips of the pen."""

    def __init__(self, roles: Roles, findings: Findings) -> None:
        self.roles = roles
        self.findings = findings
        # Longest first: `Mrs. Young` before `Mrs.`.
        names = "|".join(re.escape(name) for name in sorted(roles.names, key=len, reverse=True))
        self._declared = (
            re.compile(rf"{_TEXT_STYLE}(?P<name>{names}){_TEXT_STYLE}{_BRACKETED}{_COLON}") if names else None
        )

    def read(self, text: str, place: tuple[str, int]) -> Label | None:
        """The label at the start of a paragraph; None if it is narration, or wrong with a problem noted."""
        found = self._declared.match(text) if self._declared else None
        if found is None:
            self._check_undeclared(text, place)
            return None
        name = found["name"]
        form: SpeechForm | None = None
        if found["direction"] is not None:
            form = parse_words(found["direction"], place, self.findings, name)
        return Label(found.end(), self.roles.speech(name, form))

    def starts_row(self, text: str) -> str | None:
        """The declared name if a row within a paragraph looks like a label of its own."""
        found = self._declared.match(text) if self._declared else None
        return found["name"] if found else None

    def attribution(self, text: str, place: tuple[str, int], base: Speech) -> Speech | None:
        """The speech that `Della sad 0.7` or `character=Della id=x` asks for; None if it is wrong."""
        text = text.strip()
        name = named_character(text)
        if name is None:
            starts = (
                each for each in self.roles.names if re.match(rf"{re.escape(each)}(?=[\s,，、]|$)", text)
            )
            name = max(starts, key=len, default=None)
            text = text[len(name) :] if name else text
        if name is None and self._is_unknown(text):
            self.findings.error(*place, *unknown_name(re.split(r"[\s,，、]", text)[0], self.roles))
            return None
        if name is not None and name not in self.roles.by_name:
            self.findings.error(*place, *unknown_name(name, self.roles))
            return None
        if not text and name is None:
            self.findings.error(*place, "an empty attribute '{}'", "name a character or a direction in it")
            return None
        form = parse_words(text, place, self.findings, name or base.character, skip="character")
        if form is None:
            return None
        return self.roles.speech(name, form) if name else self.roles.speech(base.character, form, base)

    def _is_unknown(self, text: str) -> bool:
        """Whether an attribute starts with a word that is neither a name nor a direction."""
        first = re.split(r"[\s,，、]", text)[0]
        return bool(first) and "=" not in first and not first.startswith("#") and not is_direction(first)

    def _check_undeclared(self, text: str, place: tuple[str, int]) -> None:
        """Notes a label whose name nobody declared; prose with a colon in it is let through.

        A label it is: with a direction in brackets; or like a declared name; or, in a script that declares
        characters, if its one to three words all have capitals and none often leads prose in. A
        backslash before the colon makes it prose.
        """
        if ":" not in text and "：" not in text:
            return
        found = _any_label().match(text)
        if found is None and not text[:1].isascii():
            found = _east_asian_label().match(text)
        if found is None:
            return
        name = found["name"]
        words = name.split()
        direction = found["direction"]
        folded = {each.casefold(): each for each in self.roles.names}
        near = get_close_matches(name.casefold(), folded, n=1, cutoff=NEAR)
        is_lead_in = words[0].casefold().rstrip(".") in LEAD_INS
        is_label = direction is not None and is_direction(direction)
        is_label = is_label or (bool(near) and not is_lead_in)
        if not is_label and not is_lead_in and direction is None and self._has_characters:
            is_label = all(word[0].isupper() for word in words)
        if is_label:
            message, hint = unknown_name(name, self.roles)
            self.findings.error(*place, message, f"{hint}; or write '{name}\\:' if it is prose")

    @property
    def _has_characters(self) -> bool:
        return len(self.roles.cast) > 1
