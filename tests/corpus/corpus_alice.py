"""The first chapter of a plain-text novel as a script: its rows, with a head, a heading and attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"^CHAPTER ([IVX]+)\. (.+)$", re.MULTILINE)
_ASTERISKS = re.compile(r"(?:^ *\*(?: +\*)+ *\n+)+", re.MULTILINE)
# A closing single mark has no letter behind it; an apostrophe within a word has.
_QUOTATION = re.compile(r"‘(?P<words>(?:[^‘’]|’(?=\w))+)’(?!\w)")
_WITHIN_REACH = 60


@dataclass(frozen=True)
class Voices:
    """Who is cast with which voice."""

    narrator: str
    alice: str
    rabbit: str

    def head(self, title: str) -> str:
        """The script's head."""
        return (
            f"---\nfullcast: 1\nbook: {{title: {title}, language: en-gb}}\ncast:\n"
            f"  narrator: {self.narrator}\n  Alice: {{voice: {self.alice}, rate: 1.05}}\n"
            f"  White Rabbit: {{voice: {self.rabbit}, emotion: anxious}}\n---\n\n"
        )


def chapter_one(book: str) -> tuple[str, str]:
    """Heading and text of the first chapter of a book whose headings are `CHAPTER I. Title`."""
    first, second = list(_HEADING.finditer(book))[:2]
    return first.group(), book[first.end() : second.start()].strip()


def as_markdown(book: str, voices: Voices) -> str:
    """The first chapter as a script: rows of asterisks are scene breaks, quotations have speakers."""
    heading, text = chapter_one(book)
    text = _ASTERISKS.sub("***\n\n", text)
    return f"{voices.head('The First Chapter')}# {heading}\n\n{_QUOTATION.sub(_with_speaker, text).strip()}\n"


def _with_speaker(quotation: re.Match[str]) -> str:
    speaker = _speaker(quotation)
    return quotation.group() + (f"{{{speaker}}}" if speaker else "")


def _speaker(quotation: re.Match[str]) -> str | None:
    words = quotation["words"].split()
    if len(words) <= 2 and (quotation["words"].isupper() or words[-1][-1] in ",e" or words[0].islower()):
        return None  # what stands on a label, not what somebody says
    before = quotation.string[max(0, quotation.start() - _WITHIN_REACH) : quotation.start()]
    if "Rabbit" in before or "it say" in before:
        return "White Rabbit"
    if words[-1].endswith("!"):
        return "Alice excited 0.5"
    return "Alice curious" if words[-1].endswith("?") else "Alice"
