"""From a game's text to what is spoken: speaker, markup, emphasis and symbols cut, pauses kept. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.game.formats.registry import FORMATS, Markup
from pipeline.game.markup_draft import PAUSE_MARK, Draft
from pipeline.game.markup_renpy import strip_renpy
from pipeline.game.markup_rich import strip_angle, strip_fountain, strip_ink, strip_table
from pipeline.game.markup_yarn import cut_speaker, strip_yarn
from pipeline.text.view import is_emoji


@dataclass(frozen=True, slots=True)
class SpokenPause:
    """Silence inside a spoken text: before character `at` of it, so long."""

    at: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class Stripped:
    """What is said of a text, and what is not.

    Attributes:
        spoken: the words, white space runs made one blank; empty if there is nothing to say.
        pauses: in order of their place in `spoken`; without those before the first and after the last word,
            because a sound's head and tail are trimmed.
        unspoken: emoji and symbols that were cut, as written.
        needs: (placeholder as written, what it stands for) without a value yet; they are left in `spoken`.
        unclosed: markup that is opened and never closed, as written.
    """

    spoken: str
    pauses: tuple[SpokenPause, ...] = ()
    unspoken: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    unclosed: tuple[str, ...] = ()


# What most lines consist of: no format's markup, no symbol, nothing to collapse.
_PLAIN = re.compile(r"(?:[^\W_]|[ .,;:!?'\"“”‘’…—()-])*")
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]")
_RULES: dict[Markup, Callable[[str, Draft], str]] = {
    "yarn": lambda text, draft: strip_angle(strip_yarn(text, draft), draft),
    "renpy": strip_renpy,
    "ink": strip_ink,
    "rich": strip_table,
    "fountain": strip_fountain,
    "plain": lambda text, draft: text,
}
_NONE: Mapping[str, str] = {}
# Blocks that hold pictographs and other symbols; which of them are silent, their category says.
_SYMBOLISH = re.compile(
    "[\u00a6\u00a9\u00ae\u2100-\u2bff\u3012\u3013\u3020\u3030\u303d\ue000-\uf8ff\ufe0e\ufe0f\ufffc\ufffd"
    "\U0001f000-\U0001fbff\U000e0020-\U000e007f]"
)
# They have a reading in one language or another, which the text's own rules find.
_READ = frozenset("°℃℉№")
_ARROWS = range(0x2190, 0x2200)
_STOPS = frozenset(".,;:!?…。，！？；：")
_JOINS = frozenset("\ufe0e\ufe0f\u200d\u20e3")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")


def strip(
    text: str,
    format: str,
    *,
    has_speaker: bool = False,
    meanings: Mapping[str, str] = _NONE,
    values: Mapping[str, str] = _NONE,
) -> Stripped:
    """The spoken text of a line.

    Args:
        text: as the origin's tool gives it.
        format: its name in the registry, which says whose markup holds.
        has_speaker: whether a prefix `Name: ` stands in the text and is to be cut (Yarn).
        meanings: what a placeholder stands for, where the text does not say it itself: `{0}` -> `$gold`.
        values: what to say for a placeholder, by what it stands for.
    """
    if has_speaker:
        text = cut_speaker(text)
    if _PLAIN.fullmatch(text) and "  " not in text:
        spoken = text.strip()
        return Stripped(spoken if _WORD.search(spoken) else "")
    draft = Draft(meanings, values)
    bare = text.replace(PAUSE_MARK, "") if PAUSE_MARK in text else text
    bare = _RULES[FORMATS[format].markup](bare, draft)
    spoken, pauses = _settle(_cut_symbols(bare, draft), draft.pauses_s)
    if not _WORD.search(spoken):
        spoken, pauses = "", ()
    return Stripped(spoken, pauses, tuple(draft.unspoken), tuple(draft.needs), tuple(draft.unclosed))


def _cut_symbols(text: str, draft: Draft) -> str:
    """Without emoji and symbols that have no reading; neighbours that make one picture are noted as one."""
    if text.isascii() or not _SYMBOLISH.search(text):
        return text
    kept: list[str] = []
    picture = ""
    for character in _KEYCAP.sub(lambda found: found[0][0] + "\u20e3", text):
        if character in _JOINS and (picture or character != "\u200d"):
            picture += character
            continue
        if character != PAUSE_MARK and _is_silent(character):
            if picture and picture[-1] != "\u200d" and unicodedata.category(character) != "Sk":
                _note(picture, draft)
                picture = ""
            picture += character
            continue
        if picture:
            _note(picture, draft)
            _close_gap(kept, character)
            picture = ""
        kept.append(character)
    if picture:
        _note(picture, draft)
    return "".join(kept)


def _note(picture: str, draft: Draft) -> None:
    if picture.strip("\ufe0e\ufe0f\u200d\u20e3"):
        draft.unspoken.append(picture)


def _close_gap(kept: list[str], following: str) -> None:
    """Where a picture was cut: words stay apart, a stop stands at its word."""
    if following not in _STOPS:
        kept.append(" ")
        return
    while kept and kept[-1] == " ":
        kept.pop()


def _is_silent(character: str) -> bool:
    if character in _READ or not _SYMBOLISH.match(character):
        return False
    code = ord(character)
    category = unicodedata.category(character)
    return category in ("So", "Sk", "Co") or is_emoji(character) or code in _ARROWS or code >= 0xE0020


def _settle(text: str, pauses_s: list[float]) -> tuple[str, tuple[SpokenPause, ...]]:
    """The text with single blanks, and each pause at the character that it stands before."""
    if not pauses_s:
        return _BLANKS.sub(" ", text).strip(), ()
    spoken = ""
    pauses: dict[int, float] = {}
    for number, piece in enumerate(text.split(PAUSE_MARK)):
        words = _BLANKS.sub(" ", piece).strip()
        if number and spoken:
            pauses[len(spoken) + 1] = pauses.get(len(spoken) + 1, 0.0) + pauses_s[number - 1]
        if words:
            spoken = f"{spoken} {words}" if spoken else words
    inside = (SpokenPause(at, duration_s) for at, duration_s in sorted(pauses.items()) if at < len(spoken))
    return spoken, tuple(inside)
