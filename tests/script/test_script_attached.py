"""Sounds and covers are looked at when a script is checked, not when its book is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from script_files import write_picture, write_sound

from pipeline.errors import UsageError
from pipeline.script.attached import read_picture


def problem(check: Any, *arguments: Any) -> tuple[int, str]:
    script, problems = check(*arguments)
    assert script is None
    (found,) = [each for each in problems if not each.warning]
    return found.line, f"{found.message}; {found.hint}"


@pytest.mark.parametrize("name", ["bad.wav", "bad.mp3", "bad.flac", "/etc/passwd"])
def test_a_sound_that_is_text_is_told_at_the_row_that_names_it(check: Any, tmp_path: Path, name: str) -> None:
    if not name.startswith("/"):
        (tmp_path / name).write_text("this is text, not a sound\n")
    row, told = problem(check, f"One.\n\n{{sound {name}}}\n\nTwo.\n")
    assert row == 10 and name in told and "sound" in told and "WAV" in told


def test_a_wav_that_holds_no_samples_is_no_sound(check: Any, tmp_path: Path) -> None:
    write_sound(tmp_path / "empty.wav", frames=0)
    row, told = problem(check, "One.\n\n{sound empty.wav}\n\nTwo.\n")
    assert row == 10 and "sound" in told


def test_a_sound_cut_off_in_its_header_is_told(check: Any, tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "whole.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:20])
    assert problem(check, "One.\n\n{sound cut.wav}\n\nTwo.\n")[0] == 10


def test_each_row_that_names_a_broken_sound_is_told(check: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("text")
    _, problems = check("One.\n\n{sound bad.wav}\n\nTwo.\n\n{sound bad.wav}\n\nThree.\n")
    assert [each.line for each in problems if "bad.wav" in each.message] == [10, 14]


@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3"])
def test_sounds_of_other_kinds_are_read_by_the_decoder_of_the_book(
    check: Any, tmp_path: Path, kind: str
) -> None:
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / f"tone.{kind}", np.zeros(8000, np.float32), 16_000)
    script, problems = check(f"One.\n\n{{sound tone.{kind}}}\n\nTwo.\n")
    assert script is not None, problems


@pytest.mark.parametrize("head", ["", ", auther: x"])
def test_a_cover_that_is_no_picture_is_told_whatever_else_is_wrong(
    check: Any, tmp_path: Path, head: str
) -> None:
    (tmp_path / "cover.jpg").write_text("not a picture")
    book = f"book: {{title: T{head}, cover: cover.jpg}}\ncast: {{narrator: tone/low}}\n"
    script, problems = check("One.\n", ".md", f"---\n{book}---\n")
    assert script is None
    told = [(each.line, each.message) for each in problems]
    assert any(line == 2 and "cover is no picture" in message for line, message in told)
    assert len(told) == 1 + bool(head)


def test_a_missing_cover_is_told_beside_an_unknown_key(check: Any) -> None:
    head = "---\nbook: {title: T, auther: x, cover: nope.jpg}\ncast: {narrator: tone/low}\n---\n"
    _, problems = check("One.\n", ".md", head)
    told = " | ".join(each.message for each in problems)
    assert "no key 'auther'" in told and "there is no cover file" in told


def test_a_cut_off_picture_and_a_gif_are_no_covers(tmp_path: Path) -> None:
    whole = write_picture(tmp_path / "whole.png", "PNG").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="cannot be read|no picture"):
        read_picture(tmp_path / "cut.png")
    with pytest.raises(UsageError, match="cover is GIF"):
        read_picture(write_picture(tmp_path / "cover.gif", "GIF"))


def test_every_key_that_is_given_twice_is_told_and_reading_goes_on(check: Any) -> None:
    head = "---\nbook: {title: T, title: U, language: en-us, language: zh, auther: x}\n"
    _, problems = check("One.\n", ".md", f"{head}cast: {{narrator: tone/low}}\n---\n")
    told = " | ".join(each.message for each in problems)
    assert "'title' is given twice" in told and "'language' is given twice" in told
    assert "no key 'auther'" in told


def test_a_value_of_the_wrong_kind_is_told_in_an_authors_words(check: Any) -> None:
    head = "---\nbook: {title: T, series: {name: x}, author: [a, b]}\ncast: {narrator: tone/low}\n---\n"
    _, problems = check("One.\n", ".md", head)
    told = [each.message for each in problems]
    assert "'series' of book must be text, not keys with values" in told
    assert "'author' of book must be text, not a list" in told
