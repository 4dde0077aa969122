"""The table at the end of a render: chapters with their levels, what is missing, where the files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipeline.plan.plan import LinePlan, Plan
from pipeline.script.counting import counted

if TYPE_CHECKING:
    from pipeline.publish.book import Published
    from pipeline.render.job import LineJob
    from pipeline.render.run import Outcome
    from pipeline.stitch.book import StitchedChapter


def print_table(
    plan: Plan, outcome: Outcome, stitched: list[StitchedChapter], published: Published, preset: str
) -> None:
    """Prints each chapter with its levels, what is missing, and where the files are."""
    click.echo(f"\n{'chapter':<36} {'length':>8} {'LUFS':>6} {'peak':>6} {'new':>5} {'reused':>6}")
    told: set[str] = set()
    for one in stitched:
        lines = plan.chapter(one.number - 1)
        # A take is new once, however many lines share it: the sum is what was rendered.
        made = {line.key for line in lines if line.key in outcome.made} - told
        new, told = len(made), told | made
        reused = sum(line.status == "reuse" or line.key in outcome.made for line in lines) - new
        levels = one.master.levels
        seconds = round(one.master.timeline.length_samples / one.master.timeline.sample_rate)
        name = f"{one.number}. {one.chapter.title}"
        loudness = "-" if levels.integrated_lufs is None else f"{levels.integrated_lufs:.1f}"
        click.echo(
            f"{name:<36.36} {seconds // 60:>5}:{seconds % 60:02} {loudness:>6} "
            f"{levels.true_peak_dbtp:>6.1f} {new:>5} {reused:>6}"
        )
    from pipeline.publish.press import BOOK_FILE

    _print_notes(plan, outcome, stitched)
    if preset == "acx":
        from pipeline.publish.store_rules import ACX_NOTICE

        click.echo(ACX_NOTICE)
    click.echo(f"files: {published.folder}")
    if published.book:
        click.echo(f"book:  {published.book}")
    elif (published.folder / BOOK_FILE).is_file():
        click.echo(f"{BOOK_FILE} there is of an earlier run: it is made anew when all chapters are stitched")
    click.echo(f"look:  {published.folder / 'report.html'}")


def _print_notes(plan: Plan, outcome: Outcome, stitched: list[StitchedChapter]) -> None:
    left_out: list[LinePlan] = [line for line in plan.lines if line.status == "skipped"]
    if left_out:
        were = "was" if len(left_out) == 1 else "were"
        click.echo(
            f"{counted(len(left_out), 'line')} {were} left out this time; such chapters are not stitched"
        )
    if len(stitched) < len(plan.script.chapters) and not left_out:
        click.echo("some chapters have no take at all and were not stitched")
    if outcome.quarantined:
        click.echo(f"{counted(len(outcome.quarantined), 'line')} could not be spoken:")
        for row in _reasons(list(outcome.quarantined.values())):
            click.echo(f"  {row}")


def _reasons(lost: list[tuple[LineJob, str]]) -> list[str]:
    """A row for each line that has a reason of its own, and one for all that have the same."""
    by_reason: dict[str, list[LineJob]] = {}
    for job, reason in lost:
        by_reason.setdefault(reason, []).append(job)
    rows = []
    for reason, jobs in by_reason.items():
        if len(jobs) == 1:
            rows.append(f"{jobs[0].where}: {jobs[0].line_id}: {reason}")
        else:
            rows.append(f"{len(jobs)} lines ({jobs[0].where}: {jobs[0].line_id} the first): {reason}")
    return rows
