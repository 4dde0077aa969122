"""`fullcast game`: voices for a game's dialogue; its verbs are imported when they are called."""

from __future__ import annotations

import gc
import importlib

import click

from pipeline.errors import did_you_mean

# Verb -> module of this folder and the line that `--help` shows.
VERBS = {
    "check": ("game_check", "Check the lines of a game and report every problem; nothing is rendered."),
    "plan": ("game_plan", "Show what would be rendered, for how many seconds and at what cost."),
    "render": ("game_render", "Render what is missing into the pack that the engine loads."),
    "diff": ("game_diff", "Show what changed against a pack or a git revision."),
    "verify": (
        "game_verify",
        "Check a pack against the script: checksums, formats, missing and stale files.",
    ),
}
QUICK = ("check",)


class Verbs(click.Group):
    """The verbs of `fullcast game`, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order in which a CI job runs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, imported now."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"pipeline.cli.{VERBS[cmd_name][0]}")
        if cmd_name not in QUICK:
            gc.enable()
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing a verb."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the first word names, or the error with the nearest one."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(f"no verb '{args[0]}' of 'game'; {did_you_mean(args[0], VERBS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group("game", cls=Verbs)
def command() -> None:
    """Check and render a game's dialogue into the files that its engine loads."""
