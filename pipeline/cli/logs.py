"""`fullcast logs`: what a job said."""

from __future__ import annotations

import click

from pipeline.cli.job_options import address_option, end_with


@click.command("logs")
@click.argument("job")
@address_option
@click.option("--follow", is_flag=True, help="Go on until the job ends; exit code of the render.")
def command(job: str, address: str, follow: bool) -> int:
    """Print what JOB said."""
    from pipeline.render.jobs import JobServer

    server = JobServer(address)
    facts = server.facts(job)
    if not follow:
        click.echo(server.logs(job), nl=False)
        return 0
    if facts.has_ended:
        click.echo(server.logs(job), nl=False)
    else:
        server.follow(job, lambda text: click.echo(text, nl=False))
    return end_with(server.facts(job))
