"""The book's cover: read and checked, or drawn where the book has none."""

from __future__ import annotations

import colorsys
import hashlib
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.publish.lettering import OVERHANG, ROW_HEIGHT, Lettering, choose_lettering
from pipeline.publish.typefaces import font_files
from pipeline.script.attached import MIMES, read_picture
from pipeline.script.model import Book

if TYPE_CHECKING:
    from PIL import Image

# What stores ask for: square, at least this wide, less than this heavy.
STORE_SIDE_PX = 2400
STORE_LIMIT_BYTES = 5_000_000

SIDE_PX = STORE_SIDE_PX
MARGIN_PX = 200
TEXT_PX = SIDE_PX - 2 * MARGIN_PX
TITLE_SIZES_PX = (300, 260, 220, 190, 160, 130, 100, 80)
# The upper part belongs to title and subtitle, so that no letter meets the shape below.
TITLE_FOOT_PX = 1000
SUBTITLE_PX = 200
AUTHOR_TOP_PX = 2110
AUTHOR_SIZES_PX = (110, 90, 70, 50)
SUBTITLE_SIZES_PX = (80, 64, 50, 40)
BARS = 35
JPEG_QUALITY = 90
Color = tuple[int, int, int]


@dataclass(frozen=True)
class Cover:
    """A cover picture as stored in files, and what stores would say against it."""

    data: bytes
    mime: str
    warnings: tuple[str, ...] = ()


def book_cover(book: Book, fonts: Sequence[Path] | None = None) -> Cover:
    """The cover that the book names, or one drawn from its title and author.

    Args:
        fonts: font files for other scripts than Latin; without them, those of packages and of the system.
    """
    if book.cover is not None:
        return read_cover(book.cover)
    files = font_files() if fonts is None else fonts
    warnings = tuple(warning for text in _texts(book) for warning in _shortfalls(text, book.language, files))
    return Cover(make_cover(book, files), MIMES["JPEG"], warnings)


def _texts(book: Book) -> list[str]:
    return [text for text in (book.title, book.subtitle, book.author) if text]


def _shortfalls(text: str, language: str, fonts: Sequence[Path]) -> Iterator[str]:
    own = "give the book a cover of its own"
    lettering = choose_lettering(text, language, fonts)
    if lettering is None:
        yield f"the drawn cover leaves out '{text}', whose letters cannot be drawn here; {own}"
    elif lettering.romanized:
        yield f"the drawn cover shows '{text}' as '{lettering.text}'; install a Chinese font, or {own}"


def read_cover(path: Path) -> Cover:
    """The picture in a file, unchanged, with a warning for each thing that stores refuse.

    Raises:
        UsageError: no such file, no JPEG or PNG, damaged, or too heavy to be stored in a FLAC file.
    """
    picture = read_picture(path)
    warnings = _complaints(path, picture.mode, picture.size_px, len(picture.data))
    return Cover(picture.data, MIMES[picture.kind], tuple(warnings))


def _complaints(path: Path, mode: str, size: tuple[int, int], size_bytes: int) -> list[str]:
    width, height = size
    complaints = []
    if width != height:
        complaints.append(f"{path}: cover is {width} x {height} pixels, stores want it square")
    if min(size) < STORE_SIDE_PX:
        complaints.append(
            f"{path}: cover is {width} x {height} pixels, stores want at least {STORE_SIDE_PX} a side"
        )
    if size_bytes >= STORE_LIMIT_BYTES:
        complaints.append(f"{path}: cover has {size_bytes / 1e6:.1f} MB, stores want less than 5 MB")
    if mode != "RGB":
        complaints.append(f"{path}: cover's colors are {mode}, stores want RGB")
    return complaints


def make_cover(book: Book, fonts: Sequence[Path] | None = None) -> bytes:
    """A plain cover, JPEG of 2400 x 2400 pixels: title, author, and a shape that the title decides.

    The same title, subtitle, author and fonts give the same bytes. Chinese is written in pinyin where no
    font has it, any other text that cannot be drawn is left out (`book_cover` warns of both).
    """
    from PIL import Image

    seed = hashlib.sha256(f"{book.title}\n{book.author or ''}".encode()).digest()
    ground, glow, ink = _palette(seed)
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), ground)
    _paint_motif(image, seed, ground, glow)
    files = font_files() if fonts is None else fonts
    title, subtitle, author = (
        choose_lettering(text, book.language, files) if text else None
        for text in (book.title, book.subtitle, book.author)
    )
    title_px = TITLE_FOOT_PX - MARGIN_PX - (SUBTITLE_PX if book.subtitle else 0)
    foot = _write(image, title, MARGIN_PX, TITLE_SIZES_PX, ink, title_px)
    _write(image, subtitle, foot + 40, SUBTITLE_SIZES_PX, glow, SUBTITLE_PX - 40)
    _write(image, author, AUTHOR_TOP_PX, AUTHOR_SIZES_PX, ink, SIDE_PX - AUTHOR_TOP_PX - 100)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _palette(seed: bytes) -> tuple[Color, Color, Color]:
    """A dark ground, a bright color across the wheel for the shape, and nearly white for the letters."""
    hue = seed[0] / 256
    across = (hue + 0.42 + 0.16 * seed[1] / 256) % 1
    ground = _rgb(hue, 0.17, 0.45)
    glow = _rgb(across, 0.62, 0.62)
    return ground, glow, _rgb(hue, 0.95, 0.30)


def _rgb(hue: float, lightness: float, saturation: float) -> Color:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(255 * red), round(255 * green), round(255 * blue)


def _paint_motif(image: Image.Image, seed: bytes, ground: Color, glow: Color) -> None:
    """A disc that is cut by bars like a recording's waveform; drawn twice as large for smooth edges."""
    from PIL import Image, ImageDraw

    scale = 2
    mask = Image.new("L", (SIDE_PX * scale, SIDE_PX * scale), 0)
    draw = ImageDraw.Draw(mask)
    middle_x, middle_y = SIDE_PX * scale // 2, int(SIDE_PX * scale * 0.655)
    radius = int(SIDE_PX * scale * (0.165 + 0.035 * seed[2] / 255))
    draw.ellipse(
        (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius), fill=70 + seed[3] // 4
    )
    step = (SIDE_PX - 2 * MARGIN_PX) * scale / BARS
    for bar in range(BARS):
        # Speech swells and fades: a bow over the whole width times a height of the title's own.
        bow = 1 - abs(2 * bar / (BARS - 1) - 1) ** 1.7
        half = step * 0.4 + radius * 0.95 * bow * (0.15 + 0.85 * seed[(bar * 7 + 5) % len(seed)] / 255)
        left = MARGIN_PX * scale + bar * step + step * 0.22
        box = (left, middle_y - half, left + step * 0.56, middle_y + half)
        draw.rounded_rectangle(box, radius=step * 0.28, fill=255)
    image.paste(Image.new("RGB", image.size, glow), mask=mask.reduce(scale))


def _write(
    image: Image.Image,
    text: Lettering | None,
    top: int,
    sizes_px: tuple[int, ...],
    color: Color,
    height_px: int,
) -> int:
    """Writes text centered, at the largest size that fits into `height_px`; returns its foot.

    What fits at no size ends in an ellipsis.
    """
    if text is None:
        return top
    size_px, rows = _set(text, sizes_px, height_px)
    row_px = round(size_px * ROW_HEIGHT)
    for number, row in enumerate(rows):
        mask = text.row_mask(row, size_px)
        x = (SIDE_PX - mask.width) // 2
        y = top + number * row_px - round(OVERHANG * size_px)
        image.paste(color, (x, y, x + mask.width, y + mask.height), mask)
    return top + row_px * len(rows)


def _set(text: Lettering, sizes_px: tuple[int, ...], height_px: int) -> tuple[int, list[str]]:
    for size_px in sizes_px:
        rows = _rows(text, size_px)
        fits = all(text.width_px(row, size_px) <= TEXT_PX for row in rows)
        if fits and len(rows) * round(size_px * ROW_HEIGHT) <= height_px:
            return size_px, rows
    most = max(1, height_px // round(size_px * ROW_HEIGHT))
    if len(rows) > most:
        rows = [*rows[: most - 1], f"{rows[most - 1]} ..."]
    return size_px, [_fitted(text, row, size_px) for row in rows]


def _rows(text: Lettering, size_px: int) -> list[str]:
    rows: list[str] = []
    for glue, piece in _pieces(text.text):
        if rows and text.width_px(f"{rows[-1]}{glue}{piece}", size_px) <= TEXT_PX:
            rows[-1] = f"{rows[-1]}{glue}{piece}"
        else:
            rows.append(piece)
    return rows


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What stays on one row, with the blank before it: words, and single characters of Chinese and Japanese.

    Closing marks stay with what is before them, opening ones with what comes after.
    """
    for word in text.split():
        glue = " "
        piece = ""
        for letter in word:
            if piece and _breaks(piece[-1], letter):
                yield glue, piece
                glue, piece = "", ""
            piece += letter
        yield glue, piece


def _breaks(before: str, after: str) -> bool:
    """Whether a row may end between two letters of one word."""
    wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in (before, after))
    opening = unicodedata.category(before) in ("Ps", "Pi")
    closing = unicodedata.category(after) in ("Pe", "Pf", "Po") or after in "ーっゃゅょッャュョ々"
    hangul = "HANGUL" in unicodedata.name(before, "") and "HANGUL" in unicodedata.name(after, "")
    return wide and not opening and not closing and not hangul


def _fitted(text: Lettering, row: str, size_px: int) -> str:
    if text.width_px(row, size_px) <= TEXT_PX:
        return row
    while row and text.width_px(row + "...", size_px) > TEXT_PX:
        row = row[:-1]
    return row.rstrip(" .") + "..."
