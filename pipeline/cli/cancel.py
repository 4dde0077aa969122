"""`fullcast cancel`: a job stopped; its takes are kept."""

from __future__ import annotations

import click

from pipeline.cli.job_options import address_option
from pipeline.errors import UsageError


@click.command("cancel")
@click.argument("job")
@address_option
def command(job: str, address: str) -> int:
    """Stop JOB. Its takes are kept; the same `fullcast submit` goes on."""
    from pipeline.render.jobs import JobServer

    server = JobServer(address)
    if not server.cancel(job):
        raise UsageError(f"job {job} is not running ({server.facts(job).status})")
    click.echo(f"{job}: told to stop; its takes are kept")
    return 0
