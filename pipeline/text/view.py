"""The text that rules look at: cleaned of look-alike and invisible characters, each tied to its source."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

ZERO_WIDTH_JOINERS = "\u200c\u200d"
KEYCAP = "\u20e3"
CJK_LANGUAGES = ("zh", "ja", "ko", "yue")

# What most lines consist of alone; none of it is folded or hidden.
_COMMON = re.compile(r"[ -~“”‘’—–…À-ÖØ-öø-ÿ\u4e00-\u9fff。、《》「」『』]*")
_COMMON_CJK = re.compile(r"[ -~“”‘’—–…À-ÖØ-öø-ÿ\u4e00-\u9fff。、《》「」『』，！？；：]*")
_SPACES = str.maketrans("\t\n\r\u00a0", "    ")
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_OFFSET = 0xFEE0
# In CJK text full-width stops and brackets are the right ones; only these stand for their ASCII twins.
_FULL_WIDTH_FOR_CJK = frozenset("％＋－／．＄＆＠＝＃＊＿")


_EMOJI_BLOCKS = (
    (0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x2300, 0x23FF), (0x3030, 0x3030),
    (0x303D, 0x303D),
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """Cleaned text with the source of each character.

    Attributes:
        text: what the rules match.
        starts, ends: of each character of `text`, the span of written characters that it stands for;
            characters of one cluster (a letter and its accents, a ligature) share one span.
        hidden: (start, end, rule) of written characters that `text` leaves out.
    """

    text: str
    starts: list[int]
    ends: list[int]
    hidden: list[tuple[int, int, str]]

    def splits_cluster(self, position: int) -> bool:
        """Whether a cut before `text[position]` would part characters of one written cluster."""
        return 0 < position < len(self.text) and self.starts[position] == self.starts[position - 1]


def is_emoji(character: str) -> bool:
    """Whether it is a pictograph, dingbat or flag letter; none of them is read aloud."""
    code = ord(character)
    if not any(first <= code <= last for first, last in _EMOJI_BLOCKS):
        return False
    return unicodedata.category(character) in ("So", "Sk", "Sm", "Po", "Cn")


def clean_view(written: str, base_language: str) -> View:
    """The view of a written text; every written character is in it or in its `hidden`."""
    cjk = base_language in CJK_LANGUAGES
    spaced = written.translate(_SPACES)
    if (_COMMON_CJK if cjk else _COMMON).fullmatch(spaced):
        return View(spaced, list(range(len(written))), list(range(1, len(written) + 1)), [])
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    hidden: list[tuple[int, int, str]] = []
    position = 0
    while position < len(written):
        end = _cluster_end(written, position)
        rule = _hidden_rule(written, position)
        if rule is not None:
            hidden.append((position, end, rule))
        else:
            folded = _fold(written[position:end], cjk)
            characters.append(folded)
            starts.extend([position] * len(folded))
            ends.extend([end] * len(folded))
        position = end
    return View("".join(characters), starts, ends, hidden)


def _cluster_end(written: str, position: int) -> int:
    """Where the character at `position` ends, its combining marks included."""
    end = position + 1
    if written[position].isspace() or _hidden_rule(written, position):
        return end
    while end < len(written) and (unicodedata.category(written[end])[0] == "M" or _joins(written, end)):
        end += 1
    return end


def _joins(written: str, position: int) -> bool:
    """Whether it is a joiner that shapes a letter of a script that needs it (Devanagari, Persian, ...)."""
    if written[position] not in ZERO_WIDTH_JOINERS or position == 0:
        return False
    return unicodedata.category(written[position - 1]) in ("Lo", "Mn", "Mc")


def _hidden_rule(written: str, position: int) -> str | None:
    """The rule that silences an invisible character; None for a visible one."""
    character = written[position]
    if character.isspace():
        return None
    if character == "\u00ad":
        return "soft-hyphen"
    category = unicodedata.category(character)
    if category == "Co":
        return "private-use"
    if category in ("Cc", "Cf", "Cs", "Cn"):
        return "invisible"
    if category[0] == "M":  # a mark at the front of the text or behind white space has nothing to sit on
        return "stray-mark"
    return None


def _is_variation(character: str) -> bool:
    return (
        "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef" or character == KEYCAP
    )


def _fold(cluster: str, cjk: bool) -> str:
    if cluster.isspace():
        return " "
    composed = unicodedata.normalize("NFC", "".join(c for c in cluster if not _is_variation(c)))
    return "".join(_fold_character(character, cjk) for character in composed)


def _fold_character(character: str, cjk: bool) -> str:
    """The plain twin of a look-alike: ligatures, full-width forms, styled letters, other scripts' digits."""
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if ord(character) in _FULL_WIDTH:
        plain = chr(ord(character) - _FULL_WIDTH_OFFSET)
        return plain if plain.isalnum() or not cjk or character in _FULL_WIDTH_FOR_CJK else character
    if unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo") and character not in "ºª":
        plain = unicodedata.normalize("NFKC", character)
        return plain if plain.isalnum() else character
    return character
