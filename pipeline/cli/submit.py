"""`fullcast submit FILE...`: a render sent to a Ray cluster as a job."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from pipeline.cli.job_options import address_option, end_with
from pipeline.errors import UsageError


@click.command("submit")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@address_option
@click.option(
    "--store", required=True, help="Takes: a folder that all nodes see, absolute, or s3://BUCKET/PREFIX."
)
@click.option("-o", "--output", required=True, help="Books: a folder that all nodes see, absolute.")
@click.option("--render", "render_options", default="", metavar="OPTIONS",
              help="More options of `fullcast render`, in quotes.")  # fmt: skip
@click.option("--in-place", is_flag=True, help="The nodes see FILE where it lies: send no files.")
@click.option("--follow", is_flag=True, help="Print what it says until it ends; exit code of the render.")
def command(
    files: tuple[Path, ...], address: str, store: str, output: str, render_options: str, in_place: bool,
    follow: bool,
) -> int:  # fmt: skip
    """Send a render of FILEs to a Ray cluster as a job; print the job's ID.

    The folder in which the FILEs lie is sent along (without stores and books). The job goes on when this
    command, or this machine, ends: `fullcast status`, `logs` and `cancel` follow it.
    """
    from pipeline.render.jobs import JobServer

    for name, place in (("--store", store), ("--output", output)):
        if "://" not in place and not Path(place).is_absolute():
            raise UsageError(
                f"{name} {place}: a job's own folder is gone when it ends",
                hint="give the full path of a folder that all nodes see"
                + (", or s3://" * (name == "--store")),
            )
    folder = None if in_place else common_folder(files)
    server = JobServer(address)
    names = [str(path.resolve() if folder is None else path.resolve().relative_to(folder)) for path in files]
    line = render_command(names, store, output, render_options)
    job = server.submit(line, folder, ", ".join(path.name for path in files))
    click.echo(job)
    if not follow:
        click.echo(f"follow it with: fullcast logs {job} --follow --address {address}", err=True)
        return 0
    server.follow(job, lambda text: click.echo(text, nl=False))
    return end_with(server.facts(job))


def common_folder(files: Sequence[Path]) -> Path:
    """The deepest folder in which all files lie."""
    return Path(os.path.commonpath([path.resolve().parent for path in files]))


def render_command(names: Sequence[str], store: str, output: str, more: str = "") -> str:
    """The command line that the cluster runs.

    Raises:
        UsageError: `more` is no list of options.
    """
    try:
        extra = shlex.split(more)
    except ValueError as error:
        raise UsageError(f"--render '{more}': {error}") from error
    words = ["render", *names, "--address", "auto", "--store", store, "--output", output, *extra]
    return shlex.join(["python", "-m", "pipeline.cli.main", *words])
