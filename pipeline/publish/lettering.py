"""Letters for a drawn cover: Pillow's built-in font, and the accents that it lacks, drawn onto it.

The font knows English and little more. Letters of Latin script with common marks are put together here;
everything else (other scripts) is reported as undrawable, never replaced by empty boxes.
"""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

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


def undrawable(text: str) -> list[str]:
    """The letters of `text` that can be neither taken from the font nor put together, each once."""
    letters = unicodedata.normalize("NFC", spelled(text))
    return [letter for letter in dict.fromkeys(letters) if not letter.isspace() and not _known(letter)]


def spelled(text: str) -> str:
    """The text with ligatures and dashes that the font lacks spelled otherwise."""
    return "".join(letter if _has_glyph(letter) else SPELLINGS.get(letter, letter) for letter in text)


def width_px(text: str, size_px: int) -> float:
    """How wide a row of text becomes."""
    return float(font(size_px).getlength(_bases(text)))


def row_mask(text: str, size_px: int) -> Image.Image:
    """A row of drawable text as a mask of 8 bits; `OVERHANG` x size of it lies above the row's own top."""
    from PIL import Image, ImageDraw

    overhang_px = round(OVERHANG * size_px)
    height_px = round(ROW_HEIGHT * size_px) + 2 * overhang_px
    mask = Image.new("L", (math.ceil(width_px(text, size_px)) + size_px, height_px), 0)
    draw = ImageDraw.Draw(mask)
    bases = _bases(text)
    draw.text((size_px / 2, overhang_px), bases, font=font(size_px), fill=255)
    # Every letter is composed here (NFC), so it stands at the same place as its base.
    for at, letter in enumerate(unicodedata.normalize("NFC", spelled(text))):
        if not letter.isspace() and not _has_glyph(letter):
            left = size_px / 2 + font(size_px).getlength(bases[:at])
            _draw_marks(draw, letter, left, overhang_px, size_px)
    return mask


@lru_cache(maxsize=32)
def font(size_px: int) -> Any:
    """Pillow's own font at a size in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size=size_px)


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
    # U+FFFF is no character, so every font answers it with the picture for what it lacks.
    mask, lacking = font(40).getmask(letter), font(40).getmask("\uffff")
    return mask.size != lacking.size or bytes(mask) != bytes(lacking)
