"""Fonts for letters that Pillow's own font lacks: one that a package brings, else what the system has."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Packages that hold a font file and nothing else; the same one everywhere gives the same cover everywhere.
PACKAGES = ("noto_cjk_sans_otc",)
# Files of systems, best first. Names alone: folders differ from one distribution to the next.
SYSTEM_FILES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
)
SYSTEM_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
SUFFIXES = (".ttf", ".ttc", ".otf")
# Faces of a collection that differ in how the same characters are drawn, by language.
REGIONS = {"zh-tw": "TC", "zh-hant": "TC", "zh-hk": "HK", "zh": "SC", "ja": "JP", "ko": "KR"}
MOST_FACES = 16
PROBE_PX = 40


@dataclass(frozen=True)
class Typeface:
    """One face of a font file."""

    path: Path
    index: int = 0

    def at(self, size_px: int) -> Any:
        """The face at a size in pixels."""
        return _loaded(self.path, self.index, size_px)

    def has(self, letter: str) -> bool:
        """Whether it draws the letter, and not the picture for what it lacks."""
        return letter.isspace() or has_glyph(self.at(PROBE_PX), letter)


def font_files() -> tuple[Path, ...]:
    """Font files that may know other scripts, best first: those of packages, then the system's."""
    return (*_packaged(), *_of_system())


def typeface_for(text: str, language: str, files: Sequence[Path]) -> Typeface | None:
    """The first face of `files` that has every letter of the text, as its language draws them."""
    for path in files:
        face = _regional(path, language)
        if face is not None and all(face.has(letter) for letter in dict.fromkeys(text)):
            return face
    return None


def has_glyph(face: Any, letter: str) -> bool:
    """Whether a loaded face has a picture of its own for the letter."""
    # U+FFFF is no character, so every font answers it with the picture for what it lacks.
    mask, lacking = face.getmask(letter), face.getmask("\uffff")
    return bool(mask.size != lacking.size or bytes(mask) != bytes(lacking))


def _regional(path: Path, language: str) -> Typeface | None:
    """The face of a collection made for the language's region, else its first; None if it is no font."""
    region = next((REGIONS[tag] for tag in REGIONS if language.startswith(tag)), None)
    first: Typeface | None = None
    for index in range(MOST_FACES if path.suffix.lower() == ".ttc" else 1):
        face = Typeface(path, index)
        try:
            family = str(face.at(PROBE_PX).getname()[0])
        except OSError:
            break
        first = first or face
        if region is None or family.endswith(f" {region}"):
            return face
    return first


@lru_cache(maxsize=64)
def _loaded(path: Path, index: int, size_px: int) -> Any:
    from PIL import ImageFont

    # The plain layout engine is everywhere; the other one, where it is installed, places letters elsewhere.
    return ImageFont.truetype(path, size_px, index=index, layout_engine=ImageFont.Layout.BASIC)


def _packaged() -> Iterator[Path]:
    for name in PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            yield from sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)


@lru_cache(maxsize=1)
def _of_system() -> tuple[Path, ...]:
    """The known files of the system, in the order of `SYSTEM_FILES`."""
    found: dict[str, Path] = {}
    for folder in SYSTEM_FOLDERS:
        for root, _, names in os.walk(Path(folder).expanduser()):
            for name in names:
                if name in SYSTEM_FILES:
                    found.setdefault(name, Path(root) / name)
    return tuple(found[name] for name in SYSTEM_FILES if name in found)
