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


def test_the_readme_names_every_option_of_render():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = importlib.import_module("pipeline.cli.render").command
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    assert [option for option in options if option not in readme] == []


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
