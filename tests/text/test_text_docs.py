"""docs/text.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.text.normalize import rule_names, speak

PAGE = (Path(__file__).parents[2] / "docs" / "text.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([\w-]+) \| ([\w-]+) \| `(.+?)` \| `(.+?)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("rule", "language", "written", "said"), ROWS)
def test_each_example_in_the_docs_reads_as_the_docs_say(
    rule: str, language: str, written: str, said: str
) -> None:
    spoken = speak(written, language)
    assert spoken.text == said
    assert rule in {piece.rule for piece in spoken.pieces}


@pytest.mark.parametrize("language", ["en-us", "zh", "fr"])
def test_every_rule_of_the_code_is_in_the_docs(language: str) -> None:
    in_tables = {rule for rule, row_language, _, _ in ROWS}
    in_prose = set(re.findall(r"`([a-z-]+)`", PAGE))
    assert rule_names(language) <= in_tables | in_prose


def test_every_english_and_chinese_reading_rule_has_an_example() -> None:
    everywhere = {rule for rule, language, _, _ in ROWS if language == "en-us"}
    chinese = {rule for rule, language, _, _ in ROWS if language == "zh"}
    silent = {"white-space", "soft-hyphen", "invisible", "private-use", "stray-mark", "lexicon"}
    assert rule_names("en-us") - everywhere == silent
    assert rule_names("zh") - everywhere - chinese == silent
