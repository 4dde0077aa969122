"""Covers that are read and checked, and covers that are drawn."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import UsageError
from pipeline.publish.cover import book_cover, make_cover, read_cover
from pipeline.publish.lettering import choose_lettering, pinyin, undrawable
from pipeline.publish.tags import book_tags
from pipeline.publish.typefaces import font_files
from pipeline.script.attached import HARD_LIMIT_BYTES
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


def letters(book: Book, fonts: tuple[Path, ...] | None = None) -> np.ndarray:
    """The part of a drawn cover where its title stands, as gray values."""
    with Image.open(io.BytesIO(make_cover(book, fonts))) as image:
        return np.asarray(image.convert("L"))[150:1000]


CHINESE = Book(title="安徒生童话", author="Ann", language="zh")


def test_a_chinese_title_is_drawn_in_a_font_that_has_it() -> None:
    """The package with the font is installed with fullcast, so this does not depend on the system."""
    packaged = tuple(path for path in font_files() if "noto_cjk" in str(path))
    assert packaged
    assert book_cover(CHINESE, packaged).warnings == ()
    drawn = letters(CHINESE, packaged)
    assert (drawn > 200).sum() > 20_000, "five characters of 300 pixels"
    other = letters(replace(CHINESE, title="安徒生童謡"), packaged)
    assert not np.array_equal(drawn, other)


def test_the_same_characters_are_drawn_as_the_books_language_does() -> None:
    """`骨` leans the other way in Chinese than in Japanese."""
    assert not np.array_equal(
        letters(Book(title="骨", language="zh")), letters(Book(title="骨", language="ja"))
    )


def test_without_a_font_a_chinese_title_is_written_in_pinyin_and_said_so() -> None:
    (warning,) = book_cover(CHINESE, ()).warnings
    assert "shows '安徒生童话' as 'Ān tú shēng tóng huà'" in warning
    assert (letters(CHINESE, ()) > 200).sum() > 10_000


def test_other_scripts_are_drawn_where_a_font_has_them() -> None:
    assert book_cover(Book(title="Война и мир", author="Лев Толстой")).warnings == ()


@pytest.mark.parametrize("title", ["حكاية", "שלום", "कथा", "Война"])
def test_what_nothing_here_can_draw_is_left_out_and_said_so(title: str) -> None:
    fonts = () if title == "Война" else None
    (warning,) = book_cover(Book(title=title, author="Ann"), fonts).warnings
    assert f"leaves out '{title}'" in warning
    assert (letters(Book(title=title, author="Ann"), fonts) > 200).sum() == 0, "nor are there boxes"


def test_a_long_chinese_title_breaks_between_characters_and_keeps_its_marks() -> None:
    rows = rows_of("安徒生童话：丑小鸭、海的女儿和皇帝的新装", 220)
    assert len(rows) > 1
    assert "".join(rows) == "安徒生童话：丑小鸭、海的女儿和皇帝的新装"
    assert not any(row[0] in "：、。，" for row in rows)


def test_words_of_other_scripts_are_not_broken() -> None:
    assert rows_of("The Gift of the Magi and other stories", 220) == [
        "The Gift of the Magi",
        "and other stories",
    ]


def rows_of(title: str, size_px: int) -> list[str]:
    from pipeline.publish.cover import _rows

    lettering = choose_lettering(title, "zh", font_files())
    assert lettering is not None
    return _rows(lettering, size_px)


@given(st.text(alphabet="安徒生童话女皇绿，。：《》 abc", min_size=1, max_size=20))
def test_pinyin_has_only_letters_that_the_built_in_font_draws(title: str) -> None:
    written = pinyin(title)
    assert written is not None
    assert undrawable(written) == []


def test_a_title_that_is_shown_otherwise_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        book_tags(Book(title="童话"), [], book_cover(Book(title="童话"), ()))
    assert "Tóng huà" in caplog.text
