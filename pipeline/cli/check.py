"""`fullcast check FILE...`: every problem of every script, then the documented exit code."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipeline.errors import Problem
from pipeline.registry.opening import catalogue_for, notes_of
from pipeline.script.check import check_script
from pipeline.script.counting import count_words, counted

EXIT_SCRIPT = 3


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print problems as JSON.")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
def command(files: tuple[Path, ...], as_json: bool, strict: bool) -> int:
    """Check scripts (YAML or Markdown) and report every problem with file and line."""
    problems: list[Problem] = []
    notes: dict[str, None] = {}
    for path in files:
        script, found = check_script(path)
        problems.extend(found)
        if script is not None and not as_json:
            words = sum(count_words(line.text) for line in script.lines())
            count = sum(1 for _ in script.lines())
            speaking = len({line.character for line in script.lines()})
            chapters = len(script.chapters)
            facts = ((chapters, "chapter"), (count, "line"), (speaking, "character"), (words, "word"))
            click.echo(f"{path}: {', '.join(counted(*fact) for fact in facts)}")
            notes.update(dict.fromkeys(notes_of(catalogue_for(path.parent))))
    bad = [problem for problem in problems if strict or not problem.warning]
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    else:
        for note in notes:
            click.echo(note, err=True)
        for problem in problems:
            click.echo(str(problem), err=True)
        if bad:
            click.echo(f"{len(bad)} problem{'s' if len(bad) > 1 else ''}", err=True)
    return EXIT_SCRIPT if bad else 0
