"""What the documents say is so: commands exist, options exist, links lead somewhere."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from pipeline.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_that_is_there(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"fullcast {name}" not in readme] == []


def _options(command, name):
    """Each command below a command, and each of its long options."""
    for parameter in command.params:
        yield from ((name, option) for option in parameter.opts if option.startswith("--"))
    for below, each in getattr(command, "commands", {}).items():
        yield from _options(each, f"{name} {below}")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "game"])  # it has docs/game.md
def test_the_readme_names_every_option_of_a_command(name):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"--[a-z][a-z-]*", readme))
    command = importlib.import_module(f"pipeline.cli.{COMMANDS[name][0]}").command
    assert [each for each in _options(command, name) if each[1] not in named] == []


def test_ci_runs_the_readmes_two_commands(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    sys.modules.pop("readme_commands", None)
    commands = importlib.import_module("readme_commands").commands
    assert commands((ROOT / "README.md").read_text(encoding="utf-8")) == [
        'python3 -m venv .venv && .venv/bin/pip install -e ".[test]"'
        " && .venv/bin/fullcast render manifests/lighthouse.md",
        ".venv/bin/pytest",
    ]


def test_the_readmes_example_is_a_sound_script(tmp_path):
    from pipeline.script.check import check_script

    example = (ROOT / "README.md").read_text(encoding="utf-8").split("```markdown\n", 1)[1].split("```", 1)[0]
    path = tmp_path / "kettle.md"
    path.write_text(example, encoding="utf-8")
    script, problems = check_script(path)
    assert problems == [] and script is not None
    assert len(list(script.lines())) == 3
