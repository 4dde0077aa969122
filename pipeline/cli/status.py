"""`fullcast status`: how renders stand that were sent to a cluster."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from pipeline.cli.job_options import address_option

if TYPE_CHECKING:
    from pipeline.render.jobs import JobFacts


@click.command("status")
@click.argument("job", required=False)
@address_option
def command(job: str | None, address: str) -> int:
    """Say how JOB stands, or all renders that were sent to the cluster."""
    from pipeline.render.jobs import JobServer

    server = JobServer(address)
    if job is not None:
        facts = server.facts(job)
        click.echo(_row(facts))
        return 0
    for facts in server.all_facts():
        click.echo(_row(facts))
    return 0


def _row(facts: JobFacts) -> str:
    began = "" if facts.began_s is None else f"{datetime.fromtimestamp(facts.began_s):%Y-%m-%d %H:%M}"
    code = "" if facts.exit_code is None else f", exit code {facts.exit_code}"
    return f"{facts.id}  {facts.status.lower()}{code}  {began}  {facts.books}".rstrip()
