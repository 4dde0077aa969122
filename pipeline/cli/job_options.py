"""What the commands that follow a job have in common: the cluster's address, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.render.jobs import JobFacts

EXIT_UNSOUND = 1
EXIT_INTERRUPTED = 130

address_option = click.option(
    "--address",
    required=True,
    envvar="RAY_API_SERVER_ADDRESS",
    help="The cluster's job server: HOST or HOST:PORT (8265). $RAY_API_SERVER_ADDRESS if left out.",
)


def end_with(facts: JobFacts) -> int:
    """The exit code of a command that waited for a job: the render's own where it has one."""
    if facts.status == "SUCCEEDED":
        return 0
    if facts.status == "STOPPED":
        return EXIT_INTERRUPTED
    click.echo(f"fullcast: job {facts.id} {facts.status.lower()}: {facts.message}", err=True)
    return facts.exit_code or EXIT_UNSOUND
