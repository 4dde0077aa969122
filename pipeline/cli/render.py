"""`fullcast render FILE`: the whole way from a script to a published book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.book import DEFAULT_OUTPUT, store_option, strict_option, warn
from pipeline.cli.render_table import print_table
from pipeline.errors import UsageError
from pipeline.takes.address import StoreAddress

if TYPE_CHECKING:
    from pipeline.journey.options import RunOptions

# Finished, but lines were set aside or a delivered file breaks a rule (docs/exit-codes.md).
EXIT_UNSOUND = 1
FORMATS = ("mp3", "flac", "opus", "wav")
PRESET_NAMES = ("audiobook", "acx", "podcast", "broadcast", "none")


@click.command("render")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--shelf",
    type=click.Path(path_type=Path),
    help="YAML list of books with priorities, presets and formats (docs/shelf.md).",
)
@store_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=DEFAULT_OUTPUT,
    show_default=True,
    help="Folder in which the book gets its own folder.",
)
@click.option(
    "--preset",
    type=click.Choice(PRESET_NAMES),
    default="audiobook",
    show_default=True,
    help="Loudness, peaks and format of the result.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=("flac",),
    show_default=True,
    help="Format of the chapter files; may be given more than once.",
)
@click.option(
    "--workers",
    type=int,
    help="How many workers. If left out, as many as this machine feeds, or the cluster has room for.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--address", help="Ray cluster to join: auto or HOST:PORT. A local one if left out.")
@click.option("--memory", help="Budget for models in each worker: 800M, 4G.")
@click.option(
    "--preload",
    type=click.Choice(["none", "auto"]),
    default="none",
    show_default=True,
    help="auto: workers load the models with most work before any line is handed out.",
)
@click.option("--limit", type=int, help="Render at most so many lines this time.")
@click.option("--chapter", help="Render only this chapter: its number or title.")
@click.option("--only", metavar="CHARACTER", help="Render only this character's lines.")
@click.option("--local", is_flag=True, help="Work in this process, without Ray.")
@click.option(
    "--budget", metavar="2h|3.5", help="Device-hours or money after which no line is begun; exit code 7."
)
@click.option("--price-per-hour", type=float, help="What a device-hour costs, for a budget in money.")
@strict_option
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
def command(
    files: tuple[Path, ...], shelf: Path | None, store_path: StoreAddress, output: Path, preset: str,
    formats: tuple[str, ...], as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Render FILE: takes that are missing, then chapters, the .m4b, captions and a report.

    Several FILEs, or those of --shelf, are rendered in one run; a book that fails does not stop the others.
    Interrupt it whenever you like: the same command goes on where it stopped.
    """
    from pipeline.journey.options import RunOptions
    from pipeline.publish.store_rules import demand_formats

    demand_formats(preset, formats)
    asked = RunOptions(**options)
    if shelf is not None or len(files) > 1:
        from pipeline.cli.render_shelf import render_shelf

        return render_shelf(files, shelf, store_path, output, asked, preset, formats, as_json)
    if not files:
        raise UsageError("no book to render", hint="give a FILE, or a list of books with --shelf")
    return _render_one(files[0], store_path, output, asked, preset, formats, as_json)


def _render_one(
    file: Path,
    store_path: StoreAddress,
    output: Path,
    options: RunOptions,
    preset: str,
    formats: tuple[str, ...],
    as_json: bool,
) -> int:
    from pipeline.journey.one_book import BookJourney
    from pipeline.reports.reporters import make_reporter

    reporter = make_reporter(as_json)
    try:
        journey = BookJourney(file, store_path, output, options, reporter.on, warn)
        outcome = journey.make_takes()
        journey.demand_spoken(outcome)
        finished = journey.make_book(outcome, preset, formats)
        if not as_json:
            print_table(journey.plan, outcome, finished.stitched, finished.published, preset)
        journey.demand_unspent(outcome)
        return EXIT_UNSOUND if outcome.quarantined or finished.published.findings else 0
    finally:
        reporter.close()
