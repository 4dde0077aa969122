"""`fullcast schema`: what editors need to complete and check YAML scripts."""

from __future__ import annotations

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the YAML script, for editors."""
    from pipeline.script.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))
