"""Casting resolves every role's voice, or tells all that cannot be cast."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cast.cast import cast_script
from pipeline.direction import Direction
from pipeline.engines.catalogue import load_catalogue
from pipeline.errors import ScriptError
from pipeline.script.check import read_script
from pipeline.script.model import Character, Script, Span

BOOK = """---
book: {title: T}
cast: {narrator: tone/low, Della: "tone/high:3+mid:1"}
---
Words.

Della: Yes.
"""


@pytest.fixture
def script(tmp_path: Path) -> Script:
    path = tmp_path / "book.md"
    path.write_text(BOOK, encoding="utf-8")
    return read_script(path)


def test_every_role_gets_its_voice_or_blend(script: Script) -> None:
    voices = cast_script(script, load_catalogue()).voices
    assert list(voices) == ["narrator", "Della"]
    assert [voice.id for voice, _ in voices["narrator"].parts] == ["tone/low"]
    assert [(voice.id, share) for voice, share in voices["Della"].parts] == [
        ("tone/high", 0.75),
        ("tone/mid", 0.25),
    ]


def test_voices_that_are_not_there_are_told_together_with_their_places(script: Script) -> None:
    wrong = {
        name: Character(name, voice, Direction(), Span("book.md", row, 0, 1))
        for row, (name, voice) in enumerate(
            {"narrator": "tone/lo", "Della": "nothing/at-all"}.items(), start=3
        )
    }
    with pytest.raises(ScriptError) as error:
        cast_script(replace(script, cast=wrong), load_catalogue())
    assert [problem.line for problem in error.value.problems] == [3, 4]
    assert "tone/lo" in error.value.problems[0].message


def test_a_line_of_an_uncast_role_is_told_once(script: Script) -> None:
    cast = {"Della": script.cast["Della"]}
    with pytest.raises(ScriptError, match="narrator has no voice") as error:
        cast_script(replace(script, cast=cast), load_catalogue())
    assert len(error.value.problems) == 1
