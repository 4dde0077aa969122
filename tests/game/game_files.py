"""Small games for tests: a project file and its sources, written to a folder, checked by the command."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pipeline.cli.main import cli, run
from pipeline.game.project import load_project
from pipeline.game.voiced import GameProject

HEAD = 'engine = "plain"\nvoices = { "*" = "tone/sine" }\n'


def write_game(folder: Path, config: str, **files: str) -> Path:
    """Writes `fullcast-game.toml` and other files, whose names have `_` for the dot: `lines_csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fullcast-game.toml").write_text(config, encoding="utf-8")
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text, encoding="utf-8", newline="")
    return folder


def table_game(folder: Path, rows: str, more: str = "", head: str = HEAD) -> GameProject:
    """A loaded game of one table; `rows` has its header."""
    write_game(folder, f"{head}{more}\n[[tables]]\npath = 'lines.csv'\n", lines_csv=rows)
    return load_project(folder)


def yarn_game(folder: Path, body: str, more: str = "", head: str = HEAD, **files: str) -> GameProject:
    """A loaded game of one Yarn script, whose node's body is given; its first row is row 3."""
    source = 'sources = [{ format = "yarn", path = "talk.yarn" }]\n'
    script = f"title: Start\n---\n{body}\n===\n"
    write_game(folder, f"{head}{source}{more}", talk_yarn=script, **files)
    return load_project(folder)


def codes(game: GameProject) -> list[tuple[str, int]]:
    """Code and row of every finding."""
    return [(found.code, found.row) for found in game.findings]


def check(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON report of `fullcast game check`."""
    report = folder / "report.json"
    code = run(["game", "check", str(folder), "--json", str(report), *options])
    return code, json.loads(report.read_text(encoding="utf-8"))


def said(folder: Path, *options: str) -> str:
    """What `fullcast game check` prints."""
    return CliRunner().invoke(cli, ["game", "check", str(folder), *options]).stdout
