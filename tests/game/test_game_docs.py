"""The pages on games say what is so: every key, every code, every format, every option."""

import importlib
from pathlib import Path

import pytest

from pipeline.game.config import GameConfig
from pipeline.game.findings import CODES
from pipeline.game.formats.registry import FORMATS, importer_of

DOCS = Path(__file__).parents[2] / "docs"
PROJECT = (DOCS / "game-project.md").read_text(encoding="utf-8")


def test_every_key_of_the_project_file_is_explained():
    assert [name for name in GameConfig.model_fields if f"`{name}`" not in PROJECT] == []


def test_every_key_of_every_section_is_explained():
    from pipeline.game.config_file import _models_in

    missing = [
        f"{section}.{key}"
        for section, field in GameConfig.model_fields.items()
        for model in _models_in(field.annotation)
        for key in model.model_fields
        if key not in PROJECT
    ]
    assert missing == []


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_in_the_table_with_its_help(code):
    row = next(row for row in PROJECT.splitlines() if row.startswith(f"| {code} |"))
    assert CODES[code].title in row and CODES[code].help in row


def test_every_format_is_described_and_can_be_read():
    page = (DOCS / "formats.md").read_text(encoding="utf-8")
    for name in FORMATS:
        assert f"| `{name}` |" in page
        assert callable(importer_of(name))


def test_every_option_of_check_is_explained():
    command = importlib.import_module("pipeline.cli.game_check").command
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
    assert [option for option in options if f"`{option}" not in PROJECT] == []
