"""`fullcast game diff`: what changed in the lines since a pack was made, or since a git revision."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline.cli.game_options import (
    open_project,
    place_options,
    places,
    project_argument,
    project_report,
    run_verb,
    strict_option,
)
from pipeline.cli.game_reports import report_files, report_options
from pipeline.engines.catalogue import load_catalogue
from pipeline.errors import UsageError
from pipeline.game.agenda import takes_of
from pipeline.game.as_script import pack_lines
from pipeline.game.diff import Change, Said, compare, counts, said_in_pack, said_now
from pipeline.game.pack_index import read_index, read_pack
from pipeline.game.reports.report import Report
from pipeline.game.revision import check_out, is_revision
from pipeline.game.takes import read_lock
from pipeline.game.voiced import GameProject

EXIT_DRIFT = 6


@click.command("diff")
@project_argument
@place_options
@click.option(
    "--from", "since", metavar="PACK|GITREF", help="A pack's folder or a git revision; the pack if left out."
)
@click.option("--exit-code", is_flag=True, help="Exit with 6 when anything but a place differs.")
@strict_option
@report_options
def command(project: Path, strict: bool, since: str | None, exit_code: bool, **options: Any) -> int:
    """Show which lines of PROJECT are added, removed, reworded, recast, redirected, renamed or recorded."""
    files = report_files(options)
    game = open_project(project, strict)
    where = places(game, options)

    def body() -> Report:
        changes = changes_since(game, since, where.pack, where.lock)
        for change in changes:
            click.echo(change_row(change))
        told = ", ".join(f"{number} {kind}" for kind, number in counts(changes).items())
        click.echo(told)
        differs = any(change.kinds != ("moved",) for change in changes)
        rows = [change_value(change) for change in changes]
        base = project_report("diff", game, EXIT_DRIFT if exit_code and differs else 0, [told], rows)
        return replace(base, counts={**base.counts, "changes": counts(changes)})

    return run_verb("diff", game, files, body, lint_first=False)


def change_value(change: Change) -> dict[str, Any]:
    """One change for programs: `before_id` is the ID that the line had."""
    said = change.said
    file, _, number = said.source.rpartition(":")
    return {
        "id": said.id,
        "before_id": None if change.before is None else change.before.id,
        "locale": said.locale,
        "character": said.character,
        "file": file,
        "line": int(number),
        "changes": list(change.kinds),
        "words": change.words,
        "before": None if change.before is None else change.before.spoken,
        "spoken": "" if change.after is None else change.after.spoken,
    }


def changes_since(game: GameProject, since: str | None, pack: Path, lock: Path) -> list[Change]:
    """What is not as it was in a pack or at a git revision.

    Raises:
        UsageError: neither a pack nor a revision has that name.
    """
    catalogue = load_catalogue()
    lines = pack_lines(game, catalogue)
    in_labels = game.config.engine == "renpy" or any(source.format == "renpy" for source in game.sources)
    folder = pack if since is None else Path(since)
    if read_pack(folder) is not None:
        takes = takes_of(game, lines, read_lock(lock))
        return compare(said_of_pack(folder), said_now(lines, takes), in_labels)
    if since is None:
        raise UsageError("there is no pack yet", str(pack), "render one, or give --from a git revision")
    if not is_revision(game.root, since):
        raise UsageError(f"'{since}' is neither a pack's folder nor a git revision")
    with tempfile.TemporaryDirectory(prefix="fullcast-diff-") as place:
        old = open_project(check_out(game.root, since, Path(place)) / game.file, strict=False)
        before = said_now(pack_lines(old, catalogue))
    return compare(before, said_now(lines), in_labels)


def said_of_pack(folder: Path) -> list[Said]:
    """The sounds of a pack in all its locales."""
    form = read_pack(folder)
    locales = form.locales if form is not None else []
    return said_in_pack(row for locale in locales for row in read_index(folder, locale))


def change_row(change: Change) -> str:
    """One line for a person: kinds, locale, ID and what changed."""
    said = change.said
    return f"{'+'.join(change.kinds)} {said.locale} {said.id} ({said.source}): {change.words}"
