"""`fullcast game verify`: is the pack what was written, what its engine wants, what the script says today?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from pipeline.cli.game_options import (
    EXIT_LINT,
    open_agenda,
    open_project,
    place_options,
    places,
    print_errors,
    project_argument,
    strict_option,
)
from pipeline.game.agenda import Wish
from pipeline.game.verify import PACK_CODES, listed_files, verify_names, verify_pack

EXIT_DRIFT = 6


@click.command("verify")
@project_argument
@place_options
@click.option("--locale", "locales", multiple=True, help="Only this locale; may be given again.")
@click.option(
    "--names",
    type=click.Path(path_type=Path, exists=True),
    help="Only compare names: of a list of paths, one a row, or of the sounds under a folder.",
)
@strict_option
def command(project: Path, strict: bool, locales: tuple[str, ...], names: Path | None, **options: Any) -> int:
    """Check PROJECT's pack: checksums, formats, levels, missing, unknown and stale files."""
    game = open_project(project, strict)
    if names is None and print_errors(game):
        return EXIT_LINT
    agenda = open_agenda(game, places(game, options), Wish(locales=locales))
    found = verify_pack(agenda) if names is None else verify_names(agenda, listed_files(names))
    for one in found:
        click.echo(
            f"{one.severity}: {one.file}: {one.code}: {one.message}" + (f" [{one.id}]" if one.id else "")
        )
    counts = Counter(one.code for one in found)
    told = ", ".join(f"{counts[code]} {PACK_CODES[code].title}" for code in sorted(counts))
    click.echo(f"{len(agenda.wanted)} sounds in {len(agenda.locales)} locales: {told or 'all is well'}")
    return EXIT_DRIFT if any(one.severity == "error" for one in found) else 0
