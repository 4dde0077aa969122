"""`fullcast master check FILE`: does a finished file meet a preset's rules?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

EXIT_FAILED_RULE = 1
PRESET_NAMES = ("audiobook", "acx", "podcast", "broadcast", "none")


@click.group("master")
def command() -> None:
    """Measure finished audio files against a preset's rules."""


@command.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--preset", type=click.Choice(PRESET_NAMES), default="audiobook", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def check(files: tuple[Path, ...], preset: str, as_json: bool) -> int:
    """Measure FILES as a listener gets them (decoded) and name each rule that one breaks; exits 1 then."""
    from pipeline.publish.store_rules import ACX_NOTICE, check_file, check_files
    from pipeline.stitch.presets import PRESETS

    rules_of = PRESETS[preset]
    together = preset == "acx"  # all its files have to have the same channels
    checked = (
        check_files(files, rules_of) if together else {path: check_file(path, rules_of) for path in files}
    )
    results = {str(path): rules for path, rules in checked.items()}
    if as_json:
        values = {path: [asdict(rule) for rule in rules] for path, rules in results.items()}
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
    else:
        for path, rules in results.items():
            click.echo(path)
            for rule in rules:
                click.echo(f"  {'ok  ' if rule.ok else 'FAIL'} {rule.rule:<18} {rule.value:<18} {rule.limit}")
        if preset == "acx":
            click.echo(ACX_NOTICE)
    return 0 if all(rule.ok for rules in results.values() for rule in rules) else EXIT_FAILED_RULE
