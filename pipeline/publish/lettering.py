"""Letters for a drawn cover: Pillow's built-in font with accents drawn onto it, or a font that has them all.

The built-in font knows English and little more; letters of Latin script with common marks are put together
here. A text in another script is set in a font of a package or of the system. Where there is none, Chinese
is written in pinyin, and everything else is reported as undrawable, never replaced by empty boxes.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.publish.typefaces import PROBE_PX, Typeface, has_glyph, typeface_for

if TYPE_CHECKING:
    from PIL import Image

ROW_HEIGHT = 1.18
# Room above and below a row, in parts of its size, for marks that rise above the capitals.
OVERHANG = 0.30
# Spellings that printers use where a letter is missing.
SPELLINGS = {
    "\u2010": "-",  # hyphen
    "\u2011": "-",  # hyphen that does not break
    "\u2013": "-",  # en dash
    "\u2014": "-",  # em dash
    "ß": "ss",
    "œ": "oe",
    "Œ": "Oe",
    "æ": "ae",
    "Æ": "Ae",
}
PUNCTUATION = {
    "。": ".",
    "、": ",",
    "《": '"',
    "》": '"',
    "「": '"',
    "」": '"',
    "·": " ",
    "—": "-",
    "…": "...",
}
# The first words of Unicode's names for letters of scripts that need a shaping engine.
SHAPED_SCRIPTS = frozenset(
    {
        "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "KANNADA", "KHMER", "LAO", "MALAYALAM",
        "MONGOLIAN", "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU", "THAI", "TIBETAN",
    }
)  # fmt: skip
GRAVE, ACUTE, CIRCUMFLEX, TILDE, MACRON = "\u0300", "\u0301", "\u0302", "\u0303", "\u0304"
DIAERESIS, RING, CARON, CEDILLA = "\u0308", "\u030a", "\u030c", "\u0327"
# Strokes of each mark as points in parts of the size; (0, 0) is its foot's middle, y grows upwards.
STROKES: dict[str, tuple[tuple[float, float], ...]] = {
    GRAVE: ((0.05, 0.02), (-0.07, 0.13)),
    ACUTE: ((-0.05, 0.02), (0.07, 0.13)),
    CIRCUMFLEX: ((-0.11, 0.02), (0.0, 0.12), (0.11, 0.02)),
    CARON: ((-0.11, 0.12), (0.0, 0.02), (0.11, 0.12)),
    MACRON: ((-0.12, 0.06), (0.12, 0.06)),
    TILDE: tuple((x / 40, 0.07 - 0.03 * math.sin(x * math.pi / 5)) for x in range(-5, 6)),
    CEDILLA: ((0.0, 0.0), (0.0, -0.06), (0.06, -0.10), (0.03, -0.16), (-0.06, -0.16)),
}
MARKS = frozenset({*STROKES, DIAERESIS, RING})
DOTTED = "ij"
STROKE_SHARE = 0.07


@dataclass(frozen=True)
class Lettering:
    """A text as it is shown, and what it is set in: `face`, or the built-in font without one.

    `romanized` says that the text was written in Latin letters, as no font has its own.
    """

    text: str
    face: Typeface | None = None
    romanized: bool = False

    def width_px(self, row: str, size_px: int) -> float:
        """How wide a row of the text becomes."""
        if self.face is not None:
            return float(self.face.at(size_px).getlength(row))
        return float(font(size_px).getlength(_bases(row)))

    def row_mask(self, row: str, size_px: int) -> Image.Image:
        """A row as a mask of 8 bits; `OVERHANG` x size of it lies above the row's own top."""
        from PIL import Image, ImageDraw

        overhang_px = round(OVERHANG * size_px)
        height_px = round(ROW_HEIGHT * size_px) + 2 * overhang_px
        mask = Image.new("L", (math.ceil(self.width_px(row, size_px)) + size_px, height_px), 0)
        draw = ImageDraw.Draw(mask)
        if self.face is None:
            _draw_composed(draw, row, overhang_px, size_px)
        else:
            baseline = overhang_px + font(size_px).getmetrics()[0]
            draw.text((size_px / 2, baseline), row, font=self.face.at(size_px), fill=255, anchor="ls")
        return mask


def choose_lettering(text: str, language: str, files: Sequence[Path]) -> Lettering | None:
    """What a text is set in: the built-in font, a face of `files`, or pinyin; None if nothing draws it.

    Scripts whose letters change with their neighbours or run from right to left are not set from `files`.
    """
    if not undrawable(text):
        return Lettering(text)
    if not any(_is_joined(letter) for letter in text):
        face = typeface_for(text, language, files)
        if face is not None:
            return Lettering(text, face)
    latin = pinyin(text)
    return Lettering(latin, romanized=True) if latin is not None and not undrawable(latin) else None


def pinyin(text: str) -> str | None:
    """A Chinese text in Latin letters with tone marks, `Tóng huà`; None if other letters are the trouble."""
    from pypinyin import Style, lazy_pinyin

    if not all(_is_han(letter) or not undrawable(_plain(letter)) for letter in text):
        return None
    parts = lazy_pinyin([_plain(letter) for letter in text], style=Style.TONE)
    spaced = "".join(
        f" {part} " if _is_han(letter) else part for part, letter in zip(parts, text, strict=True)
    )
    joined = re.sub(r"\s+([,.:;!?)])", r"\1", " ".join(spaced.split()))
    return joined[:1].upper() + joined[1:]


def undrawable(text: str) -> list[str]:
    """The letters of `text` that the built-in font lacks and that cannot be put together, each once."""
    letters = unicodedata.normalize("NFC", spelled(text))
    return [letter for letter in dict.fromkeys(letters) if not letter.isspace() and not _known(letter)]


def spelled(text: str) -> str:
    """The text with ligatures and dashes that the font lacks spelled otherwise."""
    return "".join(letter if _has_glyph(letter) else SPELLINGS.get(letter, letter) for letter in text)


@lru_cache(maxsize=32)
def font(size_px: int) -> Any:
    """Pillow's own font at a size in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size=size_px)


def _draw_composed(draw: Any, text: str, overhang_px: int, size_px: int) -> None:
    bases = _bases(text)
    draw.text((size_px / 2, overhang_px), bases, font=font(size_px), fill=255)
    # Every letter is composed here (NFC), so it stands at the same place as its base.
    for at, letter in enumerate(unicodedata.normalize("NFC", spelled(text))):
        if not letter.isspace() and not _has_glyph(letter):
            left = size_px / 2 + font(size_px).getlength(bases[:at])
            _draw_marks(draw, letter, left, overhang_px, size_px)


def _draw_marks(draw: Any, letter: str, left: float, top: int, size_px: int) -> None:
    base, *marks = list(unicodedata.normalize("NFD", letter))
    face = font(size_px)
    box = face.getbbox(base)
    head = top + box[1]
    if base in DOTTED:
        head = top + face.getbbox("x")[1]
        draw.rectangle((left + box[0], top, left + box[2], head - 1), fill=0)
    middle = left + (box[0] + box[2]) / 2
    stroke_px = max(1, round(STROKE_SHARE * size_px))
    for mark in marks:
        foot = top + box[3] if mark == CEDILLA else head - 0.06 * size_px
        if mark == DIAERESIS:
            for side in (-1, 1):
                _dot(draw, middle + side * 0.11 * size_px, foot - 0.05 * size_px, 0.055 * size_px)
        elif mark == RING:
            _dot(draw, middle, foot - 0.06 * size_px, 0.085 * size_px, ring_px=max(1, stroke_px * 2 // 3))
        else:
            points = [(middle + x * size_px, foot - y * size_px) for x, y in STROKES[mark]]
            draw.line(points, fill=255, width=stroke_px, joint="curve")
        if mark != CEDILLA:
            head -= 0.11 * size_px  # a second mark stands on the first


def _dot(draw: Any, x: float, y: float, radius: float, ring_px: int = 0) -> None:
    box = (x - radius, y - radius, x + radius, y + radius)
    if ring_px:
        draw.ellipse(box, outline=255, width=ring_px)
    else:
        draw.ellipse(box, fill=255)


def _bases(text: str) -> str:
    letters = unicodedata.normalize("NFC", spelled(text))
    return "".join(
        letter if _has_glyph(letter) else unicodedata.normalize("NFD", letter)[0] for letter in letters
    )


def _known(letter: str) -> bool:
    base, *marks = list(unicodedata.normalize("NFD", letter))
    return _has_glyph(letter) or (bool(marks) and _has_glyph(base) and MARKS.issuperset(marks))


@lru_cache(maxsize=1024)
def _has_glyph(letter: str) -> bool:
    if letter.isspace():
        return True
    return has_glyph(font(PROBE_PX), letter)


def _is_han(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("CJK UNIFIED IDEOGRAPH")


def _is_joined(letter: str) -> bool:
    """Whether drawing it takes more than its own picture: right-to-left scripts, Indic ones, Thai, Lao."""
    if unicodedata.bidirectional(letter) in ("R", "AL"):
        return True
    return unicodedata.name(letter, "").split(" ")[0] in SHAPED_SCRIPTS


def _plain(letter: str) -> str:
    """Chinese punctuation as Latin script has it."""
    return PUNCTUATION.get(letter, unicodedata.normalize("NFKC", letter))
