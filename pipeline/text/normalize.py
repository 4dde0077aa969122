"""Written text to spoken text, piece by piece, with proof that no character is lost."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.text.lexicon import lexicon_claims
from pipeline.text.quotes import quote_claims
from pipeline.text.rules import Claim, Rule, claim_spans
from pipeline.text.spoken import AS_WRITTEN, Piece, SpokenText, Tongue
from pipeline.text.view import View, clean_view, is_emoji

if TYPE_CHECKING:
    from pipeline.script.model import LexiconEntry

__all__ = ["AS_WRITTEN", "Piece", "SpokenText", "is_silent", "rule_names", "speak"]

# Rules that hold in every language, beside the reading rules of each.
_PLAIN_RULES = frozenset(
    str.split(
        "as-written white-space lexicon quote-mark apostrophe look-alike emoji footnote-mark symbol "
        "soft-hyphen private-use invisible stray-mark"
    )
)

# What an engine would name or stumble over, and no reader says.
_UNREAD = frozenset("*_^|\\~`<>=+#@/•·†‡©®™¦¬¨¯¸◦‣⁃※")
_PLAIN_RUN = re.compile(r"[A-Za-z ,.!?;:()“”—…'-]+|[\u4e00-\u9fff，。！？；：、]+")


def speak(
    text: str, language: str, lexicon: Sequence[LexiconEntry] = (), *, title: bool = False
) -> SpokenText:
    """A written text as it will be said; its pieces cover every character once, in order.

    The lexicon wins over every rule, a rule of the language over the rules for marks. Never raises for any
    text, and the same arguments always give the same result.

    Args:
        text: as the author wrote it, markup removed.
        language: BCP 47, lower case: `en-us`, `en-gb`, `zh`, `fr`.
        lexicon: the book's entries; only those that occur in `text` have any effect.
        title: it is a chapter's title, where a lone `IV.` is a number.
    """
    tongue = Tongue(language.lower(), title)
    view = clean_view(text, tongue.base)
    from_lexicon, phonemes = lexicon_claims(view, lexicon, tongue.base)
    claims = claim_spans(view, from_lexicon, _rules(tongue.base), quote_claims(view.text), tongue)
    return SpokenText(text, tuple(_pieces(text, view, claims)), phonemes)


def is_silent(spoken: SpokenText) -> str | None:
    """The rule why nothing of a text would be heard (`…`, `* * *`, an emoji); None if there are words."""
    if any(character.isalnum() for character in spoken.text):
        return None
    if not spoken.written.strip():
        return "white-space"
    if spoken.text:
        return "punctuation"
    rules = (piece.rule for piece in spoken.pieces if piece.rule != "white-space")
    return next(rules, "white-space")


def rule_names(language: str) -> frozenset[str]:
    """Every name that a piece's `rule` can have in this language."""
    return _PLAIN_RULES | {rule.name for rule in _rules(Tongue(language.lower()).base)}


@lru_cache(maxsize=16)
def _rules(base_language: str) -> tuple[Rule, ...]:
    """The rules of a language, compiled when its first line is spoken: `fullcast check` waits for none."""
    from pipeline.text.numbers import NUMERIC_RULES, PLAIN_RULES
    from pipeline.text.symbols import ADDRESS_RULES, MARK_RULES

    if base_language == "en":
        from pipeline.text.english import ENGLISH_RULES

        return (*ADDRESS_RULES, *ENGLISH_RULES, *MARK_RULES, *NUMERIC_RULES)
    if base_language == "zh":
        from pipeline.text.chinese import CHINESE_RULES

        return (*ADDRESS_RULES, *CHINESE_RULES, *MARK_RULES, *NUMERIC_RULES)
    return (*ADDRESS_RULES, *PLAIN_RULES, *MARK_RULES, *NUMERIC_RULES)


def _pieces(written: str, view: View, claims: Sequence[Claim]) -> list[Piece]:
    """Pieces of the whole written text: claims, characters between them, and what the view hides."""
    pieces: list[Piece] = []
    position = 0
    for claim in claims:
        pieces.extend(_plain_pieces(written, view, position, claim.start))
        pieces.append(Piece(view.starts[claim.start], view.ends[claim.end - 1], claim.spoken, claim.rule))
        position = claim.end
    pieces.extend(_plain_pieces(written, view, position, len(view.text)))
    inside = _covered(pieces, len(written))
    pieces.extend(Piece(start, end, "", rule) for start, end, rule in view.hidden if not inside[start])
    return _merged(written, sorted(pieces, key=lambda piece: piece.start))


def _covered(pieces: Sequence[Piece], length: int) -> bytearray:
    inside = bytearray(length)
    for piece in pieces:
        inside[piece.start : piece.end] = b"\1" * (piece.end - piece.start)
    return inside


def _plain_pieces(written: str, view: View, position: int, end: int) -> list[Piece]:
    """A piece for each written character of the view's [position, end), which no rule has claimed."""
    pieces = []
    while position < end:
        run = _plain_run(written, view, position, end)
        if run:
            start, stop = view.starts[position], view.ends[position + run - 1]
            pieces.append(Piece(start, stop, written[start:stop], AS_WRITTEN))
            position += run
            continue
        following = position + 1
        while following < end and view.splits_cluster(following):
            following += 1
        start, stop = view.starts[position], view.ends[following - 1]
        spoken, rule = _plain_reading(written[start:stop], view.text, position, following)
        pieces.append(Piece(start, stop, spoken, rule))
        position = following
    return pieces


def _plain_run(written: str, view: View, position: int, end: int) -> int:
    """How many characters from `position` on are everyday ones that stand in the text as in the view."""
    start = view.starts[position]
    match = _PLAIN_RUN.match(written, start, view.ends[end - 1])
    if match is None:
        return 0
    # The last one may carry an accent that stands behind it.
    for run in (len(match[0]), len(match[0]) - 1):
        same = view.text[position : position + run] == written[start : start + run]
        if run and same and view.ends[position + run - 1] == start + run:
            return run
    return 0


def _plain_reading(source: str, text: str, position: int, end: int) -> tuple[str, str]:
    """What is said for a character that no rule claimed, and the name of why."""
    seen = text[position:end]
    first = seen[:1]
    if source == " ":
        return source, AS_WRITTEN
    if first == " ":
        return " ", "white-space"
    if is_emoji(first):
        return "", "emoji"
    if first in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return "", "footnote-mark"
    if first in _UNREAD or unicodedata.category(first) in ("So", "Sk"):
        between = text[position - 1 : position].isalnum() and text[end : end + 1].isalnum()
        return (" " if between else ""), "symbol"
    if seen == unicodedata.normalize("NFC", source):
        return source, AS_WRITTEN
    return seen, "look-alike"


def _merged(written: str, pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours that are both as written, or both silent by the same rule, as one piece."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        joins = last is not None and last.rule == piece.rule and (
            piece.rule == AS_WRITTEN or not (last.spoken or piece.spoken)
        )  # fmt: skip
        if joins and last is not None:
            merged[-1] = Piece(last.start, piece.end, last.spoken + piece.spoken, piece.rule)
        else:
            merged.append(piece)
    return merged
