"""Covers that are read and checked, and covers that are drawn."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import UsageError
from pipeline.publish.cover import HARD_LIMIT_BYTES, book_cover, make_cover, read_cover
from pipeline.publish.lettering import undrawable
from pipeline.publish.tags import book_tags
from pipeline.script.model import Book


def cover_file(
    folder: Path, size: tuple[int, int] = (2400, 2400), kind: str = "JPEG", mode: str = "RGB"
) -> Path:
    path = folder / f"cover.{kind.lower()}"
    Image.new(mode, size, 90 if mode in ("L", "CMYK") else (10, 60, 90)).save(path, kind)
    return path


def test_a_square_cover_of_store_size_has_no_warning(tmp_path: Path) -> None:
    path = cover_file(tmp_path)
    cover = read_cover(path)
    assert (cover.data, cover.mime, cover.warnings) == (path.read_bytes(), "image/jpeg", ())


@pytest.mark.parametrize(
    ("size", "mode", "said"),
    [
        ((2400, 2401), "RGB", "square"),
        ((2399, 2399), "RGB", "at least 2400"),
        ((2400, 2400), "L", "want RGB"),
    ],
)
def test_what_stores_refuse_is_warned_of(tmp_path: Path, size: tuple[int, int], mode: str, said: str) -> None:
    (warning,) = read_cover(cover_file(tmp_path, size, mode=mode)).warnings
    assert said in warning


def test_a_cover_of_5_mb_is_warned_of(tmp_path: Path) -> None:
    path = cover_file(tmp_path)
    path.write_bytes(path.read_bytes() + bytes(5_000_000))
    (warning,) = read_cover(path).warnings
    assert "less than 5 MB" in warning


def test_a_cover_too_heavy_for_flac_is_refused(tmp_path: Path) -> None:
    path = cover_file(tmp_path, (10, 10))
    path.write_bytes(path.read_bytes() + bytes(HARD_LIMIT_BYTES))
    with pytest.raises(UsageError, match="bytes, 16776192 fit"):
        read_cover(path)


@pytest.mark.parametrize("content", [b"no picture", b""])
def test_a_cover_that_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cover.jpg"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cover is no picture"):
        read_cover(path)


def test_a_cut_off_or_missing_cover_is_refused(tmp_path: Path) -> None:
    path = cover_file(tmp_path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UsageError, match="cover cannot be read"):
        read_cover(path)
    with pytest.raises(UsageError, match="cover cannot be read"):
        read_cover(tmp_path / "none.jpg")


def test_a_gif_cover_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cover is GIF; JPEG and PNG are known"):
        read_cover(cover_file(tmp_path, (10, 10), "GIF"))


def test_a_drawn_cover_is_what_stores_want_and_the_same_each_time() -> None:
    book = Book(title="The Gift of the Magi", author="O. Henry")
    data = make_cover(book)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (2400, 2400))
        assert len(image.getcolors(2400 * 2400) or []) > 100, "there is a shape and there are letters"
    assert len(data) < 5_000_000
    assert make_cover(book) == data


def test_another_title_gets_another_cover() -> None:
    assert make_cover(Book(title="One")) != make_cover(Book(title="Two"))


def test_title_and_author_are_drawn_into_their_own_parts() -> None:
    """Letters are nearly white; ground and shape are not."""
    with Image.open(io.BytesIO(make_cover(Book(title="Émile", author="Zoë Brontë")))) as image:
        gray = np.asarray(image.convert("L"))
    assert gray[200:900].max() > 200
    assert gray[2110:2390].max() > 200
    assert gray[:100].max() < 120
    assert gray[1000:2050].max() < 200


def test_accents_are_put_together_and_other_scripts_named() -> None:
    assert undrawable("Ärger, Émile, Ñandú, çà, Åse, šíp, weiß, œuvre — “x”") == []
    assert undrawable("ЖЖ 童") == ["Ж", "童"]


def test_a_title_that_cannot_be_drawn_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    cover = book_cover(Book(title="童话", author="Ann"))
    assert "童 话" in cover.warnings[0]
    with caplog.at_level(logging.WARNING):
        book_tags(Book(title="童话"), [], cover)
    assert "童 话" in caplog.text
